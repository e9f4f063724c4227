"""What training compares pictures by."""

from __future__ import annotations

from collections.abc import Iterable
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
        total = total + (fine if index < 2 else 1.0) * torch.sqrt(band.square() + 1e-5).mean()
    return total


def pull(seen: Tensor, main: Tensor, others: Iterable[tuple[Tensor, float]]) -> Tensor:
    """Where losses pull a picture: the slope of `main`, and those of others, each made its given share as strong.

    So they keep a fixed proportion, whatever the scale of each. `seen` is detached from what painted it; learn by
    `(made * pull(...)).sum()`.
    """
    (slope,) = torch.autograd.grad(main, seen)
    whole, strength = slope, slope.norm()
    for loss, share in others:
        (way,) = torch.autograd.grad(loss, seen)
        whole = whole + way * (share * strength / way.norm().clamp_min(1e-12))
    return whole


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
    total = made.new_zeros(())
    while made.shape[-1] >= 2 * window:
        with torch.no_grad():
            theirs = _answers(wanted, window)
        total = total + (_answers(made, window) - theirs).abs().mean()
        made, wanted = F.avg_pool2d(made, 2), F.avg_pool2d(wanted, 2)
    return total


def _answers(pictures: Tensor, window: int) -> Tensor:
    """Rectified answers [n, filters, …], averaged over windows that overlap by half."""
    laid = pictures.bfloat16().contiguous(memory_format=torch.channels_last)
    rough = F.avg_pool2d(F.relu(F.conv2d(laid, filters().bfloat16(), padding=2)), window // 2)
    return F.avg_pool2d(rough.float(), 2, 1)  # the same as windows at once, and twice as fast


def crispness(made: Tensor, wanted: Tensor, window: int = 8) -> Tensor:
    """How far apart two batches are in the power of their two finest bands, place by place, as a ratio.

    The finest band is weak, and no absolute measure minds when it is lost; to a logarithm half is half anywhere.
    """
    total = made.new_zeros(())
    for mine, theirs in zip(pyramid(made)[:2], pyramid(wanted)[:2], strict=True):
        powers = (F.avg_pool2d(band.square().mean(1), window, window // 2) + 1e-4 for band in (mine, theirs))
        total = total + (next(powers).log() - next(powers).log()).abs().mean()
    return total
