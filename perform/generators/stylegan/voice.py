"""One model in play: its latent space, its walk, and what is fetched for it while it plays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from perform.core.smoothing import share
from perform.core.types import Picture
from perform.generators.background import Background

from . import blend, centres, latents, rows
from .anchors import Anchors, Mixture
from .calibrate import measure_moves
from .compose import Parts, chroma, compose, noise_gains
from .even import Even, looker
from .grain import Grain
from .held import Find, Held, Shelf
from .paint import paint, plan
from .picture_noise import PictureNoise, styled
from .study import Study
from .travel import Place, Travel

PULL_SHARE = 1.0 / 3.0  # of glide_s: the time constant with which another centre comes in


class Voice:
    """A model ready to play. second: name of a model -> another network, loaded. psi: at which moves are measured."""

    def __init__(
        self,
        network: Any,
        background: Background,
        second: Callable[[str], Any] | None = None,
        find_latent: Find | None = None,
        psi: float = 1.0,
    ) -> None:
        self.network = network
        self.anchors = Anchors(network)
        self.tables = latents.compute(network)
        self.moves = measure_moves(network, self.tables, self.anchors, psi)
        self._background, self._second = background, second
        self._grain = PictureNoise(network, Grain(network))
        self._study = Study(network, self.anchors)
        shelf = Shelf(network, self.anchors, background, find_latent)
        self._held = Held(shelf)
        self.travel = Travel(self.anchors, Even(looker(network, self.anchors), self.anchors), shelf.deviations)
        self._blend: blend.Blend | None = None
        self._pull: np.ndarray | None = None

    def warm(self, seed: int) -> None:
        """Paint twice: the first run lays out memory and picks kernels."""
        self.anchors.gather(range(seed, seed + 4))
        ws = np.broadcast_to(self.anchors.centre + self.anchors(seed), (self.network.num_ws, self.network.w_dim))
        for _ in range(2):
            paint(self.network, ws, [1.0] * len(self.tables.noise_group))

    def tune(self, p: Mapping[str, Any]) -> None:
        """Take classes and the second model as the rows ask for them."""
        self._blend = self._blended(str(p["blend_model"]))
        other = float(p["blend_mapping"]) if self._blend is not None else 0.0
        self.anchors.choose(Mixture(int(p["class_1"]), int(p["class_2"]), float(p["class_mix"]), other))

    def paint(
        self, p: Mapping[str, Any], place: Place, dt_s: float, grain_angle: float, picture: Picture | None = None
    ) -> np.ndarray:
        """The picture [h, w, 3] uint8 of a place. grain_angle: radians. picture: one that is taken in."""
        p = styled(p, picture)
        glide_s = float(p["glide_s"])
        parts = Parts(
            place,
            self.anchors.centre,
            self._axes(str(p["directions"])),
            self._pulled(str(p["centre"]), place.first, dt_s, glide_s),
            self._held.step(str(p["latent"]), float(p["latent_at"]), dt_s, glide_s),
            chroma(self.anchors, p),
        )
        ws = compose(self.tables, self.moves, parts, p)
        gains = self._grain.play(grain_angle, noise_gains(self.tables, p), picture, float(p["noise_picture"]))
        inside = plan(p, self._study, self.tables.ws_group)
        return paint(self._painting(p), ws, gains, inside, self._study)

    def _axes(self, kind: str) -> np.ndarray:
        if kind != "pca":
            return self.tables.axes
        found = self._found("directions", latents.principal)
        return self.tables.axes if found is None else found

    def _found(self, what: str, learn: Callable[[Any], np.ndarray]) -> np.ndarray | None:
        """What is learnt of the model when somebody first asks for it; None until that is done."""
        found: np.ndarray | None = self._background.want(what, True, lambda: learn(self.network))[1]
        return found

    def _pulled(self, which: str, first: np.ndarray, dt_s: float, glide_s: float) -> np.ndarray | None:
        """What psi draws to in place of the mean, as a deviation; another one comes in within glide_s."""
        mean = which == rows.CENTRES[0]
        if mean and self._pull is None:
            return None
        kinds = None if mean else self._found("centres", latents.kinds)
        if kinds is None:
            wanted = np.zeros_like(self.anchors.centre)
        elif which == rows.CENTRES[1]:
            style = first.reshape(-1, len(self.anchors.centre)).mean(axis=0)
            wanted = centres.nearest(style, kinds)
        else:
            wanted = kinds[rows.CENTRES.index(which) - 2]
        before = wanted if self._pull is None else self._pull
        self._pull = before + (wanted - before) * share(dt_s, PULL_SHARE * glide_s)
        if mean and float(np.abs(self._pull).max()) < 1e-6:
            self._pull = None
        return self._pull

    def _blended(self, name: str) -> blend.Blend | None:
        if not name:
            if self._blend is not None:
                self._background.drop("second model")
                self.anchors.other(None)
            return None
        load = self._second

        def work() -> blend.Blend:
            if load is None:
                raise blend.no_second(name)
            return blend.Blend(self.network, load(name))

        found: blend.Blend | None = self._background.want("second model", name, work)[1]
        if found is not self._blend:
            self.anchors.other(None if found is None else found.second)
        return found

    def _painting(self, p: Mapping[str, Any]) -> Any:
        """The network to paint with: the model itself, or one between it and the second."""
        amounts = blend.amounts_of(p)
        return self.network if self._blend is None or not any(amounts) else self._blend.at(amounts)
