"""Square patterns made wider or higher, for pictures that are not square."""

from __future__ import annotations

import torch
from torch import Tensor


def extended(pattern: Tensor, high: int, wide: int) -> Tensor:
    """pattern [n, c, h, w] -> [n, c, high, wide]: the middle stays, and what is beyond its edges is mirrored, so that
    no seam shows."""
    down = mirrored(pattern.shape[2], high, pattern.device)
    along = mirrored(pattern.shape[3], wide, pattern.device)
    return pattern.index_select(2, down).index_select(3, along)


def mirrored(count: int, wanted: int, device: torch.device) -> Tensor:
    """Indices [wanted] into 0..count-1: forth and back over the edges, the middle on the middle."""
    at = torch.arange(wanted, device=device) - (wanted - count) // 2
    at = at % (2 * count)
    return torch.where(at < count, at, 2 * count - 1 - at)
