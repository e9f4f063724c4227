"""What keeps a feedback loop alive: bounds on what a latent can become, colours held to a reference, meters, and less
feedback where the meters rise. All of it on the device, in place; the meters are read a picture later.

A loop that adds a little each time ends in one colour (Deforum matches histograms against that; here the mean and
spread of each channel, "AdaIN", Huang & Belongie, arXiv 1703.06868, eq. 8, in the model's own space).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MEAN_MOST = 1.5
SPREAD_LEAST, SPREAD_MOST = 0.55, 1.6
"""Bounds of a channel's mean and spread, where pictures have about 0 and 1; a model's own `usual` spread moves them."""
GAIN_MOST = 3.0
LEAST_USUAL = 0.1
WARNED, FULL = 0.6, 1.0
"""Of drift: from here on feedback is limited; here there is none left."""
METERS = ("drift", "flicker")


class Steady:
    """Of one loop. mean, spread [1, c, 1, 1]: the reference that `coherence` holds to. usual []: the spread of what the
    model paints from noise alone."""

    def __init__(self, channels: int, device: Any) -> None:
        self.mean = torch.zeros(1, channels, 1, 1, device=device)
        self.spread = torch.ones(1, channels, 1, 1, device=device)
        self.usual = torch.ones((), device=device)
        self._meters = torch.zeros(len(METERS) + 1, device=device)
        self._read = torch.zeros(len(METERS) + 1, pin_memory=torch.device(device).type == "cuda")

    def held(self, x: Tensor, coherence: Tensor) -> Tensor:
        """A latent [1, c, h, w] that goes round again: nearer to the reference by `coherence`, within bounds."""
        mean, spread = moments(x)
        to_mean = torch.lerp(mean, self.mean, coherence).clamp(-MEAN_MOST, MEAN_MOST)
        to_spread = torch.lerp(spread, self.spread, coherence)
        to_spread = to_spread.clamp(SPREAD_LEAST * self.usual, SPREAD_MOST * self.usual.sqrt())
        gain = (to_spread / spread.clamp_min(1e-4)).clamp_max(GAIN_MOST)
        return (x - mean) * gain + to_mean

    def bounded(self, x: Tensor) -> Tensor:
        """A latent of a picture from outside, which may be the own one after a way round: only excess goes."""
        mean, spread = moments(x)
        gain = (SPREAD_MOST / spread.clamp_min(1e-4)).clamp_max(1.0)
        return (x - mean) * gain + mean.clamp(-MEAN_MOST, MEAN_MOST)

    def note(self, new: Tensor, before: Tensor) -> None:
        """Measure a picture's latent against what it began with."""
        mean, spread = moments(new)
        level = spread.mean()
        off = torch.maximum(
            mean.abs().mean() / MEAN_MOST, ((level.clamp_min(1e-4) / self.usual).log() / SPREAD_LIMIT).abs()
        )
        self._meters[0].copy_(off)
        self._meters[1].copy_(((new - before).abs().mean() / (2.0 * level.clamp_min(0.05))).clamp_max(1.0))

    def settle(self, usual: float) -> None:
        """Take a spread as the usual one, and as the reference until another is taken."""
        self.usual.fill_(usual)
        self.spread.fill_(usual)

    def take(self, latent: Tensor) -> None:
        """Make a picture's latent the reference."""
        mean, spread = moments(latent)
        self.mean.copy_(mean)
        self.spread.copy_(spread)

    def send(self) -> None:
        """Start the meters on their way to the host; they are there when the picture is."""
        self._read.copy_(self._meters, non_blocking=True)

    def meters(self) -> dict[str, float]:
        """As last sent and arrived: 0 at rest, 1 at the bounds (drift); 1 when nothing is as it was (flicker)."""
        return dict(zip(METERS, (min(float(v), 2.0) for v in self._read[:-1]), strict=True))

    def count(self, x0: Tensor) -> None:
        """Note whether the last prediction of a picture held NaN or infinity."""
        self._meters[-1].copy_((~x0.isfinite()).any())

    @property
    def lost(self) -> bool:
        """Whether the picture that arrived last came of such numbers."""
        return bool(self._read[-1] > 0.0)


SPREAD_LIMIT = 0.598
"""-log(SPREAD_LEAST): a spread this far from 1 counts as much as a mean at its bound."""


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of each channel, [1, c, 1, 1] each."""
    mean = x.mean((2, 3), keepdim=True)
    return mean, (x - mean).square().mean((2, 3), keepdim=True).sqrt()


def allowed(feedback: float, drift: float) -> float:
    """The feedback that a drift leaves."""
    t = min(max((drift - WARNED) / (FULL - WARNED), 0.0), 1.0)
    return feedback * (1.0 - t * t * (3.0 - 2.0 * t))
