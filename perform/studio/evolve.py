"""A latent bred towards a text: an evolution strategy in the model's own principal axes of w, judged by CLIP.

Separable CMA-ES (Ros and Hansen, PPSN 2008): a mean, a step size and one variance for each axis; it needs no
gradients, so any model and any judge will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import ModelError
from perform.studio.sheet import write_png, write_sheet
from perform.whole_file import make_folder

SAMPLES = 2000
AXES = 48
POPULATION = 16
REACH = 0.75
"""No further from the mean of w than this share of what samples reach: beyond it models paint mush."""
STATE = "state.safetensors"
Judge = Callable[[Any], np.ndarray]
Progress = Callable[[int, int], None]


class Breed:
    """The state of an evolution. `generation` brings it one on."""

    def __init__(self, network: Any, seed: int) -> None:
        import torch

        self.network, self.seed = network, seed
        chance = torch.from_numpy(np.random.RandomState(seed % (1 << 32)).randn(SAMPLES, network.z_dim)).float()
        classes = torch.eye(network.c_dim)[torch.arange(SAMPLES) % network.c_dim] if network.c_dim else None
        styles = network.mapping(chance, classes)[:, 0].numpy().astype(np.float64)
        self.centre = styles.mean(0)
        _, scale, axes = np.linalg.svd(styles - self.centre, full_matrices=False)
        count = min(AXES, int((scale > 1e-6 * scale[0]).sum()))
        self.axes = axes[:count] * (scale[:count, None] / math.sqrt(SAMPLES))
        self.mean, self.variance = np.zeros(count), np.ones(count)
        self.sigma = 0.6
        self.path_sigma, self.path_c = np.zeros(count), np.zeros(count)
        self.done = 0
        self.best, self.best_x = -math.inf, np.zeros(count)
        self.way: list[np.ndarray] = []
        self.shown: list[tuple[float, np.ndarray]] = []

    def style(self, x: np.ndarray) -> np.ndarray:
        """A place in the axes -> w [w_dim], kept where the model knows what to paint."""
        most = REACH * math.sqrt(len(x)) * 1.6
        length = float(np.linalg.norm(x))
        x = x * (most / length) if length > most else x
        return np.asarray(self.centre + x @ self.axes, np.float32)

    def pictures(self, places: list[np.ndarray]) -> Any:
        """[n, 3, h, w] of -1..1."""
        import torch

        ws = torch.from_numpy(np.stack([self.style(x) for x in places]))[:, None].expand(-1, self.network.num_ws, -1)
        with torch.no_grad():
            return torch.cat([self.network.synthesis(one[None]).clamp(-1, 1) for one in ws])

    def generation(self, judge: Judge) -> None:
        """Breed, judge, and learn from the better half."""
        chance = np.random.default_rng((self.seed, self.done))
        drawn = chance.standard_normal((POPULATION, len(self.mean)))
        places = [self.mean + self.sigma * np.sqrt(self.variance) * d for d in drawn]
        pictures = self.pictures(places)
        scores = np.asarray(judge(pictures), np.float64)
        if not np.isfinite(scores).all():
            raise ModelError("the judge gave numbers that are not finite; its weights are broken")
        order = np.argsort(-scores)
        if scores[order[0]] > self.best:
            self.best, self.best_x = float(scores[order[0]]), places[order[0]].copy()
        self.shown = [(float(scores[i]), _bytes(pictures[i])) for i in order]
        self._learn(drawn[order[: POPULATION // 2]])
        self.way.append(self.style(self.best_x))
        self.done += 1

    def _learn(self, better: np.ndarray) -> None:
        """Equations of Hansen's tutorial (arXiv 1604.00772), with the learning rates of the separable variant."""
        n, mu = len(self.mean), len(better)
        weights = np.log(mu + 0.5) - np.log(np.arange(1, mu + 1))
        weights /= weights.sum()
        effective = 1.0 / float((weights**2).sum())
        c_sigma = (effective + 2) / (n + effective + 5)
        damp = 1 + 2 * max(0.0, math.sqrt((effective - 1) / (n + 1)) - 1) + c_sigma
        c_c = (4 + effective / n) / (n + 4 + 2 * effective / n)
        wider = (n + 2) / 3
        c_1 = min(1.0, wider * 2 / ((n + 1.3) ** 2 + effective))
        c_mu = min(1 - c_1, wider * 2 * (effective - 2 + 1 / effective) / ((n + 2) ** 2 + effective))
        step = weights @ better
        self.mean = self.mean + self.sigma * np.sqrt(self.variance) * step
        self.path_sigma = (1 - c_sigma) * self.path_sigma + math.sqrt(c_sigma * (2 - c_sigma) * effective) * step
        self.path_c = (1 - c_c) * self.path_c + math.sqrt(c_c * (2 - c_c) * effective) * np.sqrt(self.variance) * step
        spread = weights @ (better**2 * self.variance)
        self.variance = (1 - c_1 - c_mu) * self.variance + c_1 * self.path_c**2 + c_mu * spread
        expected = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        self.sigma *= math.exp(min(1.0, (c_sigma / damp) * (float(np.linalg.norm(self.path_sigma)) / expected - 1)))
        self.sigma = min(max(self.sigma, 0.02), 2.0)

    def save(self, path: Path) -> None:
        """Everything that the next generation depends on."""
        from safetensors.numpy import save_file

        names = ("mean", "variance", "path_sigma", "path_c", "best_x")
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in names}
        tensors["way"] = np.stack(self.way) if self.way else np.zeros((0, len(self.centre)), np.float32)
        tensors["numbers"] = np.array([self.sigma, self.best, self.done, self.seed], np.float64)
        half = path.with_suffix(".part")
        save_file(tensors, half)
        half.replace(path)

    def restore(self, path: Path) -> bool:
        """Go on from a file of the same search."""
        from safetensors.numpy import load_file

        if not path.is_file():
            return False
        try:
            tensors = load_file(path)
            sigma, best, done, seed = (float(v) for v in tensors["numbers"])
            if tensors["mean"].shape != self.mean.shape or int(seed) != self.seed:
                return False
            for name in ("mean", "variance", "path_sigma", "path_c", "best_x"):
                setattr(self, name, tensors[name])
            self.sigma, self.best, self.done, self.way = sigma, best, int(done), list(tensors["way"])
        except Exception as error:  # noqa: BLE001 - the reader's own errors have no common base
            raise ModelError(f"{path}: cannot be gone on from ({error}); delete it to begin anew") from None
        return True


def evolve(
    network: Any, judge: Judge, folder: Path, generations: int, progress: Progress, seed: int = 1, title: str = ""
) -> Breed:
    """Breed for so many generations. `folder` keeps the state, preview.png (the best) and sheet.png (the newest
    generation, the best first). Raises ModelError, MediaError."""
    make_folder(folder)
    breed = Breed(network, seed)
    breed.restore(folder / STATE)
    progress(breed.done, generations)
    while breed.done < generations:
        breed.generation(judge)
        breed.save(folder / STATE)
        write_png(folder / "preview.png", _bytes(breed.pictures([breed.best_x])[0]))
        labels = [f"{score:.3f}" for score, _ in breed.shown]
        write_sheet(folder / "sheet.png", [p for _, p in breed.shown], labels, 4, title or "the newest generation")
        progress(breed.done, generations)
    return breed


def _bytes(picture: Any) -> np.ndarray:
    shown: np.ndarray = ((picture + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    return shown
