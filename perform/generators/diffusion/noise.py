"""The noise that pictures grow from: seeded, the same on every device, moved on arcs so that it stays noise.

A picture's noise is a mix of independent draws whose squared weights sum to one: so its spread never changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from perform.core.types import Moment

DRAWS = 5  # the seed's own, two axes of its orbit, where a push throws it, the second seed's own
PUSH_ANGLE = math.pi / 3.0
QUARTER = math.pi / 2.0


def draw(seed: int, which: int, shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers [steps, c, h, w] float32 of (seed, which), drawn on the CPU."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + which * 7919 + 17) % (1 << 63))
    return torch.randn(shape, generator=generator)


def bank(seed: int, second: int, shape: tuple[int, ...]) -> Tensor:
    """All draws of two seeds, [DRAWS, *shape]."""
    return torch.stack([*(draw(seed, n, shape) for n in range(DRAWS - 1)), draw(second, 0, shape)])


class Orbit:
    """Where the noise is on its way. The same parameters and moments give the same weights at any frame rate."""

    def __init__(self) -> None:
        self._turns = 0.0

    def weights(self, p: Mapping[str, Any], moment: Moment, dt_s: float) -> tuple[float, ...]:
        """[DRAWS] weights of the draws; (1, 0, 0, 0, 0) at rest."""
        beats = int(p["orbit_beats"])
        if beats > 0:
            self._turns = moment.beats / beats % 1.0
        else:
            self._turns = (self._turns + float(p["orbit_hz"]) * dt_s) % 1.0
        angle, mix = 2.0 * math.pi * self._turns, QUARTER * float(p["seed_mix"])
        radius, push = QUARTER * float(p["orbit"]), PUSH_ANGLE * float(p["push"])
        seat = math.cos(push) * math.cos(radius)
        around = math.cos(push) * math.sin(radius)
        return (
            seat * math.cos(mix),
            around * math.cos(angle),
            around * math.sin(angle),
            math.sin(push),
            seat * math.sin(mix),
        )
