"""What is learnt of a layer when somebody first reaches in: what its maps look like, and which of them go together.

A few fixed seeds are painted up to the layer, once, so that what is found depends on the model alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .anchors import Anchors
from .centres import clusters, distances

SEEDS = (11, 12, 13, 14)
CLUSTERS = 5  # of channels
GRID = 8  # maps are compared at this side
CHOSEN_SEED = 55


@dataclass(frozen=True, slots=True)
class Known:
    """One layer. mean [c], basis [c, 3]: where its maps lie and the three ways in which they differ most, each
    scaled to deviation 1. clusters: numbers of the channels [k] that draw alike, CLUSTERS times."""

    mean: Tensor
    basis: Tensor
    clusters: tuple[Tensor, ...]


class Study:
    """Looks into layers, each once. features: the layers that give features, in order."""

    def __init__(self, network: Any, anchors: Anchors) -> None:
        self.network, self._anchors = network, anchors
        self.features = [layer for layer in getattr(network, "layers", ()) if layer.kind == "conv"]
        self._known: dict[int, Known] = {}
        self._parts: dict[tuple[int, float, int], Tensor] = {}

    def feature(self, number: int) -> Any:
        """The layer of that number; past the end the last one, None where the network shows none."""
        return self.features[min(number, len(self.features) - 1)] if self.features else None

    def known(self, layer: Any) -> Known:
        """What is known of a layer; the first time it is painted up to there."""
        found = self._known.get(layer.index)
        if found is None:
            self._known[layer.index] = found = self._look(layer)
        return found

    def part(self, channels: int, share: float, pick: int, device: torch.device) -> Tensor:
        """A random share (0..1) of so many channels, [k] int64; `pick` is the seed of the chance."""
        key = (channels, round(share, 2), pick)
        if key not in self._parts:
            if len(self._parts) > 256:
                self._parts.clear()
            order = np.random.default_rng((CHOSEN_SEED, pick)).permutation(channels)
            chosen = np.sort(order[: round(key[1] * channels)])
            self._parts[key] = torch.from_numpy(chosen).to(device)
        return self._parts[key]

    def _look(self, layer: Any) -> Known:
        network = self.network
        styles = np.stack([self._anchors.centre + self._anchors(seed) for seed in SEEDS]).astype(np.float32)
        maps = []
        for style in torch.from_numpy(styles):
            ws = style.expand(1, network.num_ws, -1)
            maps.append(network.synthesis(ws, noise="none", stop=layer.index)[0].float())
        seen = torch.stack(maps, dim=1)  # [c, seeds, h, w]
        flat = seen.flatten(1)
        mean = flat.mean(dim=1)
        centred = flat - mean[:, None]
        power, vectors = torch.linalg.eigh(centred @ centred.T / flat.shape[1])
        basis = vectors[:, -3:].flip(1)
        basis = basis * torch.where(basis.sum(dim=0) < 0.0, -1.0, 1.0)
        basis = basis / power[-3:].flip(0).clamp(min=1e-12).sqrt()
        return Known(mean, basis, self._alike(seen))

    @staticmethod
    def _alike(seen: Tensor) -> tuple[Tensor, ...]:
        """Channels whose maps [c, seeds, h, w] look alike: k-means over small maps of length 1."""
        side = min(GRID, *seen.shape[2:])
        small = F.adaptive_avg_pool2d(seen, side).flatten(1)
        small = small - small.mean(dim=1, keepdim=True)
        small = (small / small.norm(dim=1, keepdim=True).clamp(min=1e-9)).cpu().numpy().astype(np.float64)
        centres = clusters(small, min(CLUSTERS, len(small)))
        label = distances(small, centres).argmin(axis=1)
        return tuple(torch.from_numpy(np.flatnonzero(label == k)).to(seen.device) for k in range(CLUSTERS))
