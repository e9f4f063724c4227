"""What a model is worth beside a picture set: figures, and pictures for the eye.

Distances are taken in the fixed random features of `measure`, which rank models of one set against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from perform.train.dataset.look import NEAR, fingerprint
from perform.train.distances import compare
from perform.train.measure import features, fine_power, unevenness
from perform.train.shown import Shown

FIRST = 100
"""Seeds from here on are measured."""
PATHS = 3
HASHED = 64
"""px that the hash wants."""


def figures(model: Shown, held: Tensor, taught: Tensor, painted: Tensor) -> dict[str, float]:
    """Distances to held-out pictures, detail, smoothness, and whether any picture is one of the training's.

    held, taught, painted: [n, 3, s, s] of -1..1. Beside `compare`'s: `fine_power_ratio` and
    `largest_over_median_step` as the card has them; `nearest_ratio`: distance to the nearest training picture, median,
    in that of held-out pictures (about 1: as far from them as new pictures are); `nearer_than_any_held`: how many are
    nearer to one than every held-out picture is; `same_by_hash`: how many have a training picture's perceptual hash.
    """
    found = compare(held, painted)
    found["fine_power_ratio"] = round(fine_power(painted) / max(fine_power(held), 1e-12), 3)
    found["largest_over_median_step"] = round(max(jump(model.path(2 * i, 2 * i + 1)) for i in range(PATHS)), 2)
    cloud = seen(taught)
    own, others = (torch.cdist(seen(x), cloud).min(1).values for x in (painted, held))
    found["nearest_ratio"] = round(float(own.median() / others.median().clamp_min(1e-12)), 3)
    found["nearer_than_any_held"] = int((own < others.min()).sum())
    found["same_by_hash"] = same_by_hash(painted, taught)
    return found


def seen(pictures: Tensor) -> Tensor:
    """Features [n, d], a few pictures at a time."""
    return torch.cat([features(part) for part in pictures.split(16)]).double()


def jump(path: Tensor) -> float:
    """Largest step over median step of pictures along a path, in features."""
    return unevenness(seen(path))


def same_by_hash(painted: Tensor, taught: Tensor) -> int:
    """How many painted pictures `perform dataset` would leave out as near-duplicates of a training picture."""
    if painted.shape[-1] < HASHED:
        painted, taught = (F.interpolate(x, size=(HASHED, HASHED), mode="bilinear") for x in (painted, taught))
    own, theirs = ([fingerprint(pixels(p)) for p in x] for x in (painted, taught))
    return sum(any((a ^ b).bit_count() <= NEAR for b in theirs) for a in own)


def pixels(picture: Tensor) -> np.ndarray:
    """[3, h, w] of -1..1 to [h, w, 3] uint8."""
    return np.ascontiguousarray(picture.add(1).mul(127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy())


def grid(pictures: Tensor, path: Path, across: int = 8, side: int = 128, quality: int = 86) -> None:
    """Pictures as one JPEG, each at most `side` px."""
    own = min(side, pictures.shape[-1])
    small = pictures if own == pictures.shape[-1] else F.interpolate(pictures, size=(own, own), mode="area")
    page = Image.new("RGB", (across * own, -(-len(small) // across) * own))
    for index, picture in enumerate(small):
        page.paste(Image.fromarray(pixels(picture)), (index % across * own, index // across * own))
    page.save(path, quality=quality)


def neighbours(painted: Tensor, taught: Tensor, path: Path, rows: int = 8, side: int = 96) -> None:
    """The painted pictures that come nearest to a training picture, each with its three nearest to the right."""
    far = torch.cdist(seen(painted), seen(taught))
    gap, wide = 14, 4 * side + 14
    page = Image.new("RGB", (2 * wide + gap, -(-rows // 2) * side), (16, 17, 22))
    for place, index in enumerate(far.min(1).values.argsort()[:rows].tolist()):
        left, top = place % 2 * (wide + gap), place // 2 * side
        row: Sequence[Tensor] = [painted[index], *taught[far[index].topk(3, largest=False).indices]]
        for column, picture in enumerate(row):
            small = F.interpolate(picture[None], size=(side, side), mode="area")[0]
            page.paste(Image.fromarray(pixels(small)), (left + column * side + (gap if column else 0), top))
    page.save(path, quality=86)


def moving(frames: Tensor, path: Path, fps: float, side: int, quality: int) -> None:
    """Frames as a WebP that moves, without end."""
    own = min(side, frames.shape[-1])
    small = frames if own == frames.shape[-1] else F.interpolate(frames, size=(own, own), mode="area")
    first, *more = (Image.fromarray(pixels(frame)) for frame in small)
    first.save(path, save_all=True, append_images=more, duration=round(1000 / fps), loop=0, quality=quality, method=4)
