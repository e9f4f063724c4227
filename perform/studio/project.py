"""A picture into w+: the latent whose picture looks most like it, found by optimisation, with the way there kept.

First one w for all layers, kept near where the model's own pictures lie and shaken by noise that dies away (Karras et
al., arXiv 1912.04958, appendix D), then a w for each layer (w+; Abdal et al., arXiv 1904.03189), held near that w by a
penalty (the trade between likeness and editability of Tov et al., arXiv 2102.02766).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import ModelError
from perform.studio import likeness
from perform.studio.sheet import read_picture, shrunk, write_png
from perform.whole_file import make_folder

SAMPLES = 1000
SHARED = 0.55
"""Share of the steps with one w for all layers."""
RATE = 0.08
RAMP_UP, RAMP_DOWN = 0.05, 0.25
SHAKE = 0.05
"""Noise on w at the start, in deviations of w."""
HOLD = 0.002
KEPT = 48
"""Places on the way that are kept, for the film and for `latent_at`."""
LOOK = 256
"""Pictures are compared at no more than this many px a side."""
STATE = "state.safetensors"
EVERY = 25
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """ws: [k, num_ws, w_dim], the way there, its end last. distance: at its end. start: at its beginning."""

    ws: np.ndarray
    start: float
    distance: float
    measure: str


class Search:
    """The state of one search; `step` brings it one step on. Everything in it goes into a file and comes back."""

    def __init__(self, network: Any, target: np.ndarray, steps: int, distance: likeness.Distance) -> None:
        import torch
        import torch.nn.functional as F

        self.network, self.steps, self.distance = network, steps, distance
        wanted = torch.from_numpy(target.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        side = min(network.resolution, LOOK)
        self.wanted = F.interpolate(wanted, size=(side, side), mode="area") if wanted.shape[-1] != side else wanted
        chance = torch.from_numpy(np.random.RandomState(123).randn(SAMPLES, network.z_dim)).float()
        classes = None
        if network.c_dim:
            classes = torch.eye(network.c_dim)[torch.arange(SAMPLES) % network.c_dim]
        styles = network.mapping(chance, classes)[:, 0]
        self.deviation = float(styles.std(0).square().mean().sqrt()) or 1.0
        self.done = 0
        self.best = math.inf
        self.start = math.nan
        self.w = self._nearest(styles)[None, None].clone()
        self.first = torch.zeros(1, network.num_ws, network.w_dim)
        self.second = torch.zeros(1, network.num_ws, network.w_dim)
        self.way: list[np.ndarray] = []
        self.best_ws = self.w.expand(1, network.num_ws, -1).clone()

    def _nearest(self, styles: Any, tried: int = 24) -> Any:
        """Of the mean and some samples, the one whose picture is nearest: a better place to begin than the mean."""
        import torch

        candidates = torch.cat([self.network.w_avg[None], styles[:tried]])
        with torch.no_grad():
            apart = [float(self._apart(c.expand(1, self.network.num_ws, -1))) for c in candidates]
        return candidates[int(np.argmin(apart))]

    def _apart(self, ws: Any, trace: bool = False) -> Any:
        import torch.nn.functional as F

        picture = self.network.traced(ws) if trace else self.network.synthesis(ws)
        side = self.wanted.shape[-1]
        if picture.shape[-1] != side or picture.shape[-2] != side:
            picture = F.interpolate(picture, size=(side, side), mode="area")
        return self.distance(picture.clamp(-1.5, 1.5), self.wanted)

    def step(self) -> None:
        """One step of Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1), written out so that its state can be kept."""
        import torch

        part = self.done / self.steps
        shared = part < SHARED
        if not shared and self.w.shape[1] == 1:
            self.w = self.w.expand(1, self.network.num_ws, -1).clone()
        w = self.w.detach().requires_grad_(True)
        shake = SHAKE * self.deviation * max(0.0, 1.0 - part / 0.75) ** 2
        chance = torch.Generator().manual_seed(self.done)
        moved = w + shake * torch.randn(w.shape, generator=chance)
        ws = moved.expand(1, self.network.num_ws, -1)
        apart = self._apart(ws, trace=True)
        spread = (ws - ws.mean(1, keepdim=True)).square().mean() / self.deviation**2
        (slope,) = torch.autograd.grad(apart + HOLD * spread, w)
        if not bool(torch.isfinite(slope).all()):
            raise ModelError("the search ran into numbers that are not finite; try another picture or fewer steps")
        count = w.shape[1]
        self.first[:, :count] = 0.9 * self.first[:, :count] + 0.1 * slope
        self.second[:, :count] = 0.999 * self.second[:, :count] + 0.001 * slope.square()
        own = self.done + 1
        rate = RATE * self.deviation * min(1.0, part / RAMP_UP + 0.05) * min(1.0, (1.0 - part) / RAMP_DOWN + 0.02)
        mean, power = self.first[:, :count] / (1 - 0.9**own), self.second[:, :count] / (1 - 0.999**own)
        self.w = (w - rate * mean / (power.sqrt() + 1e-8)).detach()
        self.done += 1
        self._keep()

    def _keep(self) -> None:
        import torch

        every = max(1, self.steps // KEPT)
        if self.done % every and self.done != self.steps:
            return
        ws = self.w.expand(1, self.network.num_ws, -1)
        with torch.no_grad():
            apart = float(self._apart(ws))
        if math.isnan(self.start):
            self.start = apart
        if apart < self.best:
            self.best, self.best_ws = apart, ws.clone()
        self.way.append(self.best_ws[0].numpy().copy())

    def picture(self) -> np.ndarray:
        """The best so far, [h, w, 3] uint8."""
        import torch

        with torch.no_grad():
            made = self.network.synthesis(self.best_ws)[0].clamp(-1, 1)
        shown: np.ndarray = ((made + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        return shown

    def save(self, path: Path) -> None:
        """Write everything to a file, beside the old one first."""
        import torch
        from safetensors.torch import save_file

        tensors = {"w": self.w, "first": self.first, "second": self.second, "best_ws": self.best_ws}
        if self.way:
            tensors["way"] = torch.from_numpy(np.stack(self.way))
        words = {"done": str(self.done), "steps": str(self.steps), "best": repr(self.best), "start": repr(self.start)}
        half = path.with_suffix(".part")
        save_file({k: v.contiguous() for k, v in tensors.items()}, half, metadata=words)
        half.replace(path)

    def restore(self, path: Path) -> bool:
        """Go on from a file, if there is one of this very search."""
        from safetensors import safe_open

        if not path.is_file():
            return False
        try:
            with safe_open(path, "pt") as file:
                words = file.metadata() or {}
                if int(words["steps"]) != self.steps or file.get_tensor("first").shape != self.first.shape:
                    return False
                self.w, self.best_ws = file.get_tensor("w"), file.get_tensor("best_ws")
                self.first, self.second = file.get_tensor("first"), file.get_tensor("second")
                self.way = list(file.get_tensor("way").numpy()) if "way" in file.keys() else []
                self.done, self.best, self.start = int(words["done"]), float(words["best"]), float(words["start"])
        except Exception as error:  # noqa: BLE001 - the reader's own errors have no common base
            raise ModelError(f"{path}: cannot be gone on from ({error}); delete it to begin anew") from None
        return True


def project(network: Any, image: Path, folder: Path, steps: int, progress: Progress) -> Found:
    """Look for a picture in a model. `folder` keeps the state (so that the same call goes on after a kill) and
    preview.png, the picture beside what was found so far. Raises MediaError, ModelError."""
    distance, measure = likeness.chosen()
    target = read_picture(image, network.resolution)
    make_folder(folder)
    search = Search(network, target, steps, distance)
    search.restore(folder / STATE)
    progress(search.done, steps)
    while search.done < steps:
        search.step()
        if search.done % EVERY == 0 or search.done == steps:
            search.save(folder / STATE)
            both = np.concatenate([shrunk(target, LOOK), shrunk(search.picture(), LOOK)], axis=1)
            write_png(folder / "preview.png", both)
        progress(search.done, steps)
    way = [*search.way, search.best_ws[0].numpy()]
    return Found(np.stack(way).astype(np.float32), search.start, search.best, measure)


def film(network: Any, target: np.ndarray, ws: np.ndarray, path: Path, seconds: float = 6.0, fps: float = 30.0) -> Path:
    """A film of the way: the picture that was given on the left, the latent's on the right."""
    import torch

    from perform.core.types import Moment
    from perform.outputs.video import VideoFile

    side = target.shape[0] - target.shape[0] % 2
    left = target[:side, :side]
    video = VideoFile(path, (2 * side, side), fps, live=False)
    frames = round(seconds * fps)
    for number in range(frames):
        place = min(number / (0.8 * frames), 1.0) ** 0.5 * (len(ws) - 1)
        before = int(place)
        after = min(before + 1, len(ws) - 1)
        between = torch.from_numpy(ws[before] + (place - before) * (ws[after] - ws[before]))[None]
        with torch.no_grad():
            made = network.synthesis(between)[0].clamp(-1, 1)
        right = ((made + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()[:side, :side]
        moment = Moment(number / fps, 1.0 / fps, number)
        video.send(np.ascontiguousarray(np.concatenate([left, right], axis=1)), moment)
    video.close()
    return path
