"""The noise of a network as an instrument: its patterns flow, and a model that was trained without noise gets some."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

SEED = 77
LENT = 0.35  # strength lent at gain 2 to a layer that has none of its own; activations have a deviation of about 1.4


@dataclass(slots=True)
class _Layer:
    """A fused layer, its stored pattern and a second one [1, 1, side, side], both with their strength."""

    layer: Any
    stored: torch.Tensor
    other: torch.Tensor
    lent: bool


class Grain:
    """Rewrites the noise of a network in place, as its fused layers hold it. At angle 0 it is the stored pattern.

    cos(a) * stored + sin(a) * other has the strength of either at every angle, and closes after a full turn.
    """

    def __init__(self, network: Any) -> None:
        self._layers: list[_Layer] = []
        self._state: tuple[float, tuple[float, ...]] | None = None
        draw = torch.Generator().manual_seed(SEED)
        for block in getattr(getattr(network, "_fused", None), "blocks", ()):
            for layer in block.convs:
                lent = bool(layer.silent)
                other = torch.randn(layer.const.shape, generator=draw).to(layer.const.device)
                stored = torch.randn(layer.const.shape, generator=draw).to(other) if lent else layer.const.clone()
                strength = LENT if lent else layer.strength
                stored = stored * LENT if lent else stored
                self._layers.append(_Layer(layer, stored.to(layer.const.dtype), (other * strength).to(stored), lent))

    def forget(self) -> None:
        """Lay the patterns out anew at the next `play`: somebody wrote into them."""
        self._state = None

    def play(self, angle: float, gains: Sequence[float]) -> list[float]:
        """Bring the patterns to an angle in radians; gains: one per layer, 1 as trained. Returns the gains that the
        network is to be called with. Lent noise begins above 1, so that 1 is the model as it is."""
        if not self._layers:
            return list(gains)
        if self._state != (angle, tuple(gains)):
            before, self._state = self._state, (angle, tuple(gains))
            along, across = math.cos(angle), math.sin(angle)
            for part, gain in zip(self._layers, gains, strict=True):
                if part.lent:
                    more = max(gain - 1.0, 0.0)
                    part.layer.silent = more == 0.0
                    if more > 0.0:
                        torch.mul(part.stored, along * more, out=part.layer.const)
                        part.layer.const.add_(part.other, alpha=across * more)
                elif before is None or before[0] != angle:
                    torch.mul(part.stored, along, out=part.layer.const).add_(part.other, alpha=across)
        return [1.0 if part.lent else gain for part, gain in zip(self._layers, gains, strict=True)]
