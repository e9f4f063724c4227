"""`perform dataset from-rules`: the rules that the shipped painter was taught, as a picture set."""

from __future__ import annotations

from collections.abc import Callable
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
    """count: pictures in all. size: side in px. oversample: drawn larger by this, and averaged down."""

    count: int = 1000
    size: int = 256
    seed: int = 1
    oversample: int = 1
    held: float = 0.05


def from_rules(out: Path, wish: Wish, progress: Callable[[int, int], None]) -> Writer:
    """Draw a set. The picture of a number is the same in every set of that seed. Raises UsageError, MediaError."""
    from PIL import Image

    writer = Writer(out, wish.held)
    for first in range(0, wish.count, CHUNK):
        numbers = range(first, min(first + CHUNK, wish.count))
        z = torch.stack([_latent(wish.seed, number) for number in numbers])
        pictures = rules.draw(z, wish.size, wish.oversample).add(1).mul(127.5).round().clamp(0, 255).byte()
        for number, pixels, share in zip(numbers, pictures, rules.shares(rules.parameters(z)), strict=True):
            picture = np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())
            named = [name for name, part in zip(rules.FAMILIES, share.tolist(), strict=True) if part > WORTH_A_WORD]
            words = " ".join([*colour_words(picture), *named])
            writer.report.sizes[f"{wish.size}x{wish.size}"] += 1
            writer.add(Image.fromarray(picture), f"rules {wish.seed} {number}", words)
        progress(writer.report.kept, wish.count)
    if not writer.report.kept:
        raise UsageError("no picture was asked for")
    writer.finish({
        "name": out.resolve().name, "made_by": "perform dataset from-rules", "size": wish.size, "seed": wish.seed,
        "licence": "Apache-2.0", "author": "the perform authors",
        "sources": [{"rules": "perform/train/rules", "author": "the perform authors", "licence": "Apache-2.0"}],
    })  # fmt: skip
    return writer


def _latent(seed: int, number: int) -> torch.Tensor:
    chance = torch.Generator().manual_seed((seed << 32) + number)
    return torch.randn(rules.PARAMS, generator=chance)
