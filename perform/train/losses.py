"""What training compares pictures by."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
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


@lru_cache(maxsize=1)
def filters(count: int = 48, side: int = 5) -> Tensor:
    """Fixed random kernels [count, 3, side, side] that answer to change and not to level: each sums to zero."""
    drawn = np.random.RandomState(11).randn(count, 3, side, side)
    drawn -= drawn.mean((2, 3), keepdims=True)
    return torch.from_numpy(drawn / np.sqrt((drawn**2).sum((1, 2, 3), keepdims=True))).float()


def texture(made: Tensor, wanted: Tensor, window: int = 8) -> Tensor:
    """How far apart two batches are in what kind of detail lies where, to within `window` px.

    Rectified answers of random filters, averaged over the neighbourhood, describe texture well without any training
    (Ustyuzhaninov et al., arXiv 1606.00021). An edge a little out of place costs nothing here, a blurred one much.
    """
    total, kernel = made.new_zeros(()), filters()
    both = torch.cat([made, wanted])
    while both.shape[-1] >= 2 * window:
        answers = F.relu(F.conv2d(both.bfloat16(), kernel.bfloat16(), padding=2))
        mine, theirs = F.avg_pool2d(answers, window, window // 2).float().chunk(2)
        total = total + (mine - theirs).abs().mean()
        both = F.avg_pool2d(both, 2)
    return total


def crispness(made: Tensor, wanted: Tensor, window: int = 8) -> Tensor:
    """How far apart two batches are in the power of their two finest bands, place by place, as a ratio.

    The finest band is weak, and no absolute measure minds when it is lost; to a logarithm half is half anywhere.
    """
    total = made.new_zeros(())
    for mine, theirs in zip(pyramid(made)[:2], pyramid(wanted)[:2], strict=True):
        powers = (F.avg_pool2d(band.square().mean(1), window, window // 2) + 1e-4 for band in (mine, theirs))
        total = total + (next(powers).log() - next(powers).log()).abs().mean()
    return total
