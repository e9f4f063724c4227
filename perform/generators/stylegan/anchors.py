"""Seeds as places in w: of one class or between two, of one model or between two."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .walk import between

KEPT = 512  # seeds that are remembered, each with its model and class


@dataclass(frozen=True, slots=True)
class Mixture:
    """Which classes and models the places are of. first, second: classes; share: 0..1 from the first to the second.
    other_share: 0..1 from the model itself to a second model, where there is one."""

    first: int = 0
    second: int = 0
    share: float = 0.0
    other_share: float = 0.0


class Anchors:
    """Seed number -> deviation from `centre`, [w_dim] float64. The newest KEPT are kept.

    centre: where psi draws to, [w_dim]: the mean of w, of the class or between the classes that are mixed.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self._networks: tuple[Any, ...] = (network,)
        self._kept: OrderedDict[tuple[int, int, int], np.ndarray] = OrderedDict()
        self._classes = int(getattr(network, "c_dim", 0) or 0)
        self.centre = np.empty(0)
        self.mixture = Mixture()
        self._place_centre()

    def other(self, network: Any) -> None:
        """Take a second model to mix with, or none."""
        self._networks = (self.network,) if network is None else (self.network, network)
        for key in [key for key in self._kept if key[0] == 1]:
            del self._kept[key]
        self._place_centre()

    def choose(self, mixture: Mixture) -> None:
        """Take other classes or models from now on. A class that is not there is the last one."""
        if mixture != self.mixture:
            self.mixture = mixture
            self._place_centre()

    def _place_centre(self) -> None:
        total: np.ndarray | None = None
        for number, label, share in self._parts():
            centre = share * self._centre(number, label)
            total = centre if total is None else total + centre
        assert total is not None
        self.centre = total

    def __call__(self, seed: int) -> np.ndarray:
        return self._mixed({part: self._one(*part, seed) for part in self._pairs()})

    def z(self, seed: int) -> np.ndarray:
        """z of a seed, [z_dim] float64: for walks that are made in z."""
        return seed_z(seed, self.network.z_dim)[0].astype(np.float64)

    def from_z(self, z: np.ndarray) -> np.ndarray:
        """z [z_dim] -> deviation from the centre [w_dim]."""
        row = z[None].astype(np.float32)
        return self._mixed({part: self._map(*part, row)[0] for part in self._pairs()})

    def gather(self, seeds: Iterable[int]) -> None:
        """Map several seeds in one go."""
        wanted = list(dict.fromkeys(seeds))
        for number, label in self._pairs():
            missing = [s for s in wanted if (number, label, s) not in self._kept]
            if missing:
                self._keep(number, label, missing)

    def _pairs(self) -> list[tuple[int, int]]:
        return [(number, label) for number, label, _ in self._parts()]

    def _parts(self) -> list[tuple[int, int, float]]:
        """(model, class, share) of all that has a share, in a fixed order."""
        m, last = self.mixture, max(self._classes - 1, 0)
        first, second = min(m.first, last), min(m.second, last)
        share = m.share if second != first else 0.0
        other = m.other_share if len(self._networks) > 1 else 0.0
        return [
            (number, label, by_model * by_class)
            for number, by_model in ((0, 1.0 - other), (1, other))
            for label, by_class in ((first, 1.0 - share), (second, share))
            if by_model > 0.0 and by_class > 0.0
        ]

    def _mixed(self, rows: dict[tuple[int, int], np.ndarray]) -> np.ndarray:
        """The parts, along arcs: first between classes, then between models."""
        if len(rows) == 1:
            return next(iter(rows.values()))
        models: list[np.ndarray] = []
        for number in dict.fromkeys(n for n, _ in rows):
            own = [row for (n, _), row in rows.items() if n == number]
            models.append(own[0] if len(own) == 1 else between(own[0], own[1], self.mixture.share))
        return models[0] if len(models) == 1 else between(models[0], models[1], self.mixture.other_share)

    def _one(self, number: int, label: int, seed: int) -> np.ndarray:
        key = (number, label, seed)
        if key not in self._kept:
            self._keep(number, label, [seed])
            return self._kept[key]
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, number: int, label: int, seeds: list[int]) -> None:
        z = np.concatenate([seed_z(seed, self.network.z_dim) for seed in seeds])
        for seed, row in zip(seeds, self._map(number, label, z), strict=True):
            self._kept[number, label, seed] = row
        while len(self._kept) > max(KEPT, 2 * len(seeds)):
            self._kept.popitem(last=False)

    def _map(self, number: int, label: int, z: np.ndarray) -> np.ndarray:
        """z [n, z_dim] float32 -> deviations [n, w_dim] from the class's own centre."""
        w = self._networks[number].mapping(torch.from_numpy(z), one_hot(label, len(z), self._classes))
        return as_array(w[:, 0]) - self._centre(number, label)

    def _centre(self, number: int, label: int) -> np.ndarray:
        network = self._networks[number]
        centres = as_array(getattr(network, "w_centres", network.w_avg))
        return centres if centres.ndim == 1 else centres[min(label, len(centres) - 1)]


def one_hot(label: int, count: int, classes: int) -> torch.Tensor | None:
    """[count, classes] float32, or None for a model without classes."""
    if classes == 0:
        return None
    c = torch.zeros(count, classes)
    c[:, label] = 1.0
    return c


def seed_z(seed: int, z_dim: int) -> np.ndarray:
    """z [1, z_dim] float32 of a seed, drawn as all StyleGAN tools draw it, so that seed numbers agree with them."""
    return np.random.RandomState(seed % (1 << 32)).randn(1, z_dim).astype(np.float32)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """A tensor as float64 on the host."""
    return tensor.detach().to("cpu", torch.float64).numpy()
