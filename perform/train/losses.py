"""What training compares pictures by."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from perform.generators.stylegan.layers import upsample


def pyramid(picture: Tensor, smallest: int = 4) -> list[Tensor]:
    """Laplacian pyramid of [n, 3, side, side]: what each halving loses, finest first, then the rest."""
    bands = []
    while picture.shape[-1] > smallest:
        half = F.avg_pool2d(picture, 2)
        bands.append(picture - upsample(half))
        picture = half
    return [*bands, picture]


def difference(made: Tensor, wanted: Tensor, fine: float = 1.0) -> Tensor:
    """Mean absolute difference summed over the bands of both pyramids; `fine` weighs the two finest.

    A band is weighed alike whatever its size, so an edge in the right place counts as much as a right colour.
    """
    bands = pyramid(made - wanted)
    total = made.new_zeros(())
    for index, band in enumerate(bands):
        weight = fine if index < 2 else 1.0
        total = total + weight * torch.sqrt(band.square() + 1e-5).mean()
    return total
