"""Latents in play: found by name, loaded beside the painting, and faded into one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.blend import smoothstep
from perform.core.errors import ModelError
from perform.generators.background import Background

from .anchors import Anchors
from .saved import Latent, fitting, read_latent

Find = Callable[[str], Path]
"""Name of something on disk -> its folder. Raises a PerformError where there is none."""


@dataclass(frozen=True, slots=True)
class Holding:
    """before, now: [num_ws, w_dim] of latents, None where that is the walk. share: 0..1 on the way between them."""

    before: np.ndarray | None
    now: np.ndarray | None
    share: float


class Shelf:
    """Latents by name, for one model."""

    def __init__(self, network: Any, anchors: Anchors, background: Background, find: Find | None) -> None:
        self._shape = (int(network.num_ws), int(network.w_dim))
        self._anchors, self._background, self._find = anchors, background, find

    def __call__(self, name: str) -> Latent | None:
        """A latent; None until it is loaded, or where it cannot be had (which is said once)."""
        found: Latent | None = self._background.want(f"latent {name}", name, lambda: self._load(name))[1]
        return found

    def deviations(self, name: str) -> np.ndarray | None:
        """[num_ws * w_dim] deviations from the centre, for keyframes."""
        latent = self(name)
        return None if latent is None else (latent.at(1.0) - self._anchors.centre).ravel()

    def _load(self, name: str) -> Latent:
        if self._find is None:
            raise ModelError(f"latent {name}: this instrument was given no folder to look in")
        return fitting(read_latent(self._find(name)), *self._shape)


class Held:
    """The latent that stands in for the walk, and the fade from one to the next."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._now: Latent | None = None
        self._before: Latent | None = None
        self._age_s = 0.0

    def step(self, name: str, part: float, dt_s: float, glide_s: float) -> Holding | None:
        """What is held, `dt_s` after the last step; None when it is nothing. part: 0..1 of the way to the latent."""
        wanted = self._shelf(name) if name else None
        if name and wanted is None:  # still loading: what was held is held on
            wanted = self._now
        self._age_s += dt_s
        if wanted is not self._now:
            self._before, self._now, self._age_s = self._now, wanted, 0.0
        if self._now is None and self._before is None:
            return None
        share = smoothstep(self._age_s / glide_s) if glide_s > 0.0 else 1.0
        if share >= 1.0:
            self._before = None
            if self._now is None:
                return None
        now = None if self._now is None else self._now.at(part)
        before = None if self._before is None else self._before.at(part)
        return Holding(before, now, share)
