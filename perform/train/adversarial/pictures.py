"""A picture set in memory, as bytes, in an order that is new every round."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from perform.core.errors import UsageError
from perform.train.dataset.store import entries

MEMORY = 6 << 30
FEWEST = 2


def load(folder: Path, size: int, split: str = "train") -> Tensor:
    """All pictures of a split, [n, 3, size, size] uint8. Raises UsageError where there are none, or far too many."""
    paths = [path for path, _ in entries(folder, split)]
    if len(paths) < FEWEST and split == "train":
        raise UsageError(f"{folder}: {len(paths)} pictures to train on; a few hundred are a start, thousands better")
    if len(paths) * 3 * size * size > MEMORY:
        raise UsageError(
            f"{folder}: {len(paths)} pictures of {size} px take more than {MEMORY >> 30} GiB; make a smaller set"
        )
    return read_pictures(paths, size)


def read_pictures(paths: Sequence[Path], size: int) -> Tensor:
    """Pictures [n, 3, size, size] uint8. Raises UsageError for one that cannot be read."""
    out = torch.empty(len(paths), 3, size, size, dtype=torch.uint8)
    for index, path in enumerate(paths):
        try:
            with Image.open(path) as image:
                small = image.convert("RGB")
                if small.size != (size, size):
                    small = small.resize((size, size), Image.Resampling.LANCZOS)
                out[index] = torch.from_numpy(np.array(small)).permute(2, 0, 1)
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: cannot be read any more ({error}); make the set again") from None
    return out


class Deck:
    """Deals batches: every picture once a round."""

    def __init__(self, pictures: Tensor, flips: bool, seed: int) -> None:
        self._pictures, self._flips = pictures, flips
        self._chance = torch.Generator().manual_seed(seed)
        self._order = torch.empty(0, dtype=torch.long)

    def __len__(self) -> int:
        return len(self._pictures)

    def deal(self, count: int) -> Tensor:
        """[count, 3, s, s] of -1..1."""
        while len(self._order) < count:
            self._order = torch.cat([self._order, torch.randperm(len(self._pictures), generator=self._chance)])
        take, self._order = self._order[:count], self._order[count:]
        x = self._pictures[take].float() / 127.5 - 1
        if self._flips:
            turned = torch.rand(count, generator=self._chance) < 0.5
            x[turned] = x[turned].flip(3)
        return x
