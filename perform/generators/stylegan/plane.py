"""Square patterns made wider or higher, for pictures that are not square."""

from __future__ import annotations

import torch
from torch import Tensor

from .protocol import CELLS


def extended(pattern: Tensor, rows: int, columns: int) -> Tensor:
    """pattern [n, c, h, w], 4 by 4 cells of the picture, as rows by columns of them: the middle stays, and what is
    beyond its edges is mirrored, so that no seam shows."""
    high, wide = pattern.shape[2:]
    down = mirrored(high, high * rows // CELLS, pattern.device)
    along = mirrored(wide, wide * columns // CELLS, pattern.device)
    return pattern.index_select(2, down).index_select(3, along)


def mirrored(count: int, wanted: int, device: torch.device) -> Tensor:
    """Indices [wanted] into 0..count-1: forth and back over the edges, the middle on the middle."""
    at = torch.arange(wanted, device=device) - (wanted - count) // 2
    at = at % (2 * count)
    return torch.where(at < count, at, 2 * count - 1 - at)
