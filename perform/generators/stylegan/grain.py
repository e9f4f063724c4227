"""Lets the stored noise patterns of a network flow: each turns on a circle between itself and a second pattern."""

from __future__ import annotations

import math
from typing import Any

import torch

SEED = 77


class Grain:
    """Rewrites the noise of a network in place, as its fused layers hold it. At angle 0 it is the stored pattern.

    cos(a) * stored + sin(a) * other has the strength of either at every angle, and closes after a full turn.
    """

    def __init__(self, network: Any) -> None:
        self._layers: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        self._angle = 0.0
        draw = torch.Generator().manual_seed(SEED)
        for convs, _ in getattr(getattr(network, "_fused", None), "blocks", ()):
            for layer in convs:
                if layer.silent:
                    continue
                stored = layer.const.clone()
                other = torch.randn(stored.shape, generator=draw).to(stored.device)
                other = (other * layer.strength).to(stored.dtype)
                self._layers.append((layer.const, stored, other))

    def turn(self, angle: float) -> None:
        """Bring the patterns to an angle in radians."""
        if angle == self._angle:
            return
        self._angle = angle
        along, across = math.cos(angle), math.sin(angle)
        for target, stored, other in self._layers:
            torch.mul(stored, along, out=target).add_(other, alpha=across)
