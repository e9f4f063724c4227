"""3x3 convolution with fewer multiplications, as plain matrix products (Winograd's minimal filtering).

Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, arXiv 1509.09308, section 4: a tile of m by m results
takes (m + 2)^2 products in place of 9 m^2: 4 times fewer at m = 4, 2.25 at m = 2. The tiles' transforms cost as much
for few channels as for many, so it pays for wide layers only. m = 4 loses a digit and a half, which float32 has to
spare (about 3e-6 of the result) and bfloat16 has not; that one goes by m = 2.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

BAND = {2: 32, 4: 8}  # rows of tiles at a time: what they need stays in the cache, and kernels are read seldom
INPUT = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: ((4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0), (0, -2, -1, 2, 1, 0), (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1)),
}  # fmt: skip
KERNEL = {
    2: ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    4: ((1 / 4, 0, 0), (-1 / 6, -1 / 6, -1 / 6), (-1 / 6, 1 / 6, -1 / 6), (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6), (0, 0, 1)),
}  # fmt: skip
RESULT = {
    2: ((1, 1, 1, 0), (0, 1, -1, -1)),
    4: ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
}


def pays(channels: int, side: int, dtype: torch.dtype, device: torch.device) -> int:
    """The tile's side m that was measured to win for so many channels in and out at that side in px; 0: none did.

    On one core of a Zen 4, direct over this: float32 512 channels 2.3 to 2.5, 256 1.8, 128 1.9 (up to 32 px); bfloat16
    512 channels 1.6 to 1.8, 256 0.9. A CPU with matrix tiles (AMX) convolves bfloat16 directly.
    """
    if device.type != "cpu" or side < 8:
        return 0
    if dtype == torch.float32:
        return 4 if channels >= 256 or (channels >= 128 and side <= 32) else 0
    tiles = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return 2 if dtype == torch.bfloat16 and channels >= 384 and not (tiles is not None and tiles()) else 0


class Winograd:
    """One 3x3 kernel, transformed once. It pads by one pixel of zeros, and works on whole tiles."""

    def __init__(self, weight: Tensor, m: int, dtype: torch.dtype) -> None:
        """weight [out, in, 3, 3] float32; m: 2 or 4."""
        kernel = torch.tensor(KERNEL[m], dtype=torch.float32)
        self.m, self.outputs = m, weight.shape[0]
        turned = torch.einsum("ia,ocab,jb->ijco", kernel, weight, kernel)
        self.weight = turned.reshape((m + 2) ** 2, weight.shape[1], weight.shape[0]).to(dtype).contiguous()
        self.before, self.after = (_both_ways(table[m], dtype) for table in (INPUT, RESULT))

    def fits(self, x: Tensor) -> bool:
        """Whether x [n, in, h, w] is whole tiles."""
        return x.shape[2] % self.m == 0 and x.shape[3] % self.m == 0

    def __call__(self, x: Tensor) -> Tensor:
        """x [n, in, h, w] -> [n, out, h, w], channels last."""
        count, channels, height, width = x.shape
        m, side, across = self.m, self.m + 2, width // self.m
        padded = F.pad(x, (1, 1, 1, 1)).contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
        out = x.new_empty((count, height, width, self.outputs))
        for one, made in zip(padded, out, strict=True):
            tiles = one.unfold(0, side, m).unfold(1, side, m).permute(3, 4, 0, 1, 2)  # [side, side, down, across, in]
            for top in range(0, height // m, BAND[m]):
                part = tiles[:, :, top : top + BAND[m]]
                rows = part.shape[2]
                turned = (self.before @ part.reshape(side * side, -1)).view(side * side, rows * across, channels)
                joined = torch.bmm(turned, self.weight).view(side * side, -1)
                back = (self.after @ joined).view(m, m, rows, across, self.outputs)
                made[top * m : (top + rows) * m].view(rows, m, across, m, self.outputs).copy_(
                    back.permute(2, 0, 3, 1, 4)
                )
        return out.permute(0, 3, 1, 2)


def _both_ways(rows: tuple[tuple[float, ...], ...], dtype: torch.dtype) -> Tensor:
    """A transform of rows and columns at once, as one matrix over the flattened tile."""
    one = torch.tensor(rows, dtype=torch.float32)
    return torch.kron(one, one).to(dtype)
