"""`perform dataset from-rules`: the rules that the shipped painter was taught, as a picture set."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from perform.core.errors import UsageError
from perform.train import rules
from perform.train.dataset.look import colour_words
from perform.train.dataset.store import Writer

CHUNK = 16
WORTH_A_WORD = 0.35
"""Of a family's brightness, 0..0.83: below it the family is not named in the caption."""


@dataclass(frozen=True)
class Wish:
    """count: pictures in all. size: side in px. oversample: drawn larger by this, and averaged down. words: the
    captioned scenes that the micro diffusion model is taught, instead of the painter's rules. families: of the
    painter's, that take part."""

    count: int = 1000
    size: int = 256
    seed: int = 1
    oversample: int = 1
    held: float = 0.05
    words: bool = False
    families: Sequence[str] = rules.FAMILIES


def from_rules(out: Path, wish: Wish, progress: Callable[[int, int], None]) -> Writer:
    """Draw a set. The picture of a number is the same in every set of that seed. Raises UsageError, MediaError."""
    from PIL import Image

    writer = Writer(out, wish.held)
    for first in range(0, wish.count, CHUNK):
        numbers = range(first, min(first + CHUNK, wish.count))
        for number, (picture, text) in zip(numbers, drawn(numbers, wish), strict=True):
            writer.report.sizes[f"{wish.size}x{wish.size}"] += 1
            writer.add(Image.fromarray(picture), f"rules {wish.seed} {number}", text)
        progress(writer.report.kept, wish.count)
    if not writer.report.kept:
        raise UsageError("no picture was asked for")
    place = "perform/train/scenes" if wish.words else "perform/train/rules"
    writer.finish({
        "name": out.resolve().name, "made_by": "perform dataset from-rules", "size": wish.size, "seed": wish.seed,
        "licence": "Apache-2.0", "author": "the perform authors",
        "sources": [{"rules": place, "author": "the perform authors", "licence": "Apache-2.0"}],
    })  # fmt: skip
    return writer


def drawn(numbers: range, wish: Wish) -> Iterator[tuple[np.ndarray, str]]:
    """(picture [size, size, 3] uint8, caption) of each number."""
    return _scenes(numbers, wish) if wish.words else _painter(numbers, wish)


def _painter(numbers: range, wish: Wish) -> Iterator[tuple[np.ndarray, str]]:
    """The shipped painter's rules, with their colours and families as captions."""
    z = torch.stack([_latent(wish.seed, number) for number in numbers])
    for pixels, share in zip(_bytes(rules.draw(z, wish.size, wish.oversample, wish.families)),
                             rules.shares(rules.parameters(z), wish.families), strict=True):  # fmt: skip
        named = [name for name, part in zip(wish.families, share.tolist(), strict=True) if part > WORTH_A_WORD]
        yield pixels, " ".join([*colour_words(pixels), *named])


def _scenes(numbers: range, wish: Wish) -> Iterator[tuple[np.ndarray, str]]:
    """Captioned scenes; what has no word at all is drawn anew."""
    from perform.train.micro.pictures import scene_batch

    if wish.size % 8:
        raise UsageError(f"--size {wish.size}: with --words a multiple of 8")
    for number in numbers:
        chance = random.Random(f"{wish.seed} {number}")
        batch = scene_batch(1, wish.size, chance)
        while not batch.texts[0]:
            batch = scene_batch(1, wish.size, chance)
        yield _bytes(batch.image)[0], batch.texts[0]


def _bytes(pictures: torch.Tensor) -> list[np.ndarray]:
    whole = pictures.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1)
    return [np.ascontiguousarray(pixels.numpy()) for pixels in whole]


def _latent(seed: int, number: int) -> torch.Tensor:
    chance = torch.Generator().manual_seed((seed << 32) + number)
    return torch.randn(rules.PARAMS, generator=chance)
