"""What plays faster on a CUDA card: the arithmetic of `fused` and `alias_free.play`, float16, with kernels of our own.

cuDNN's depthwise convolutions in float16 are slow where pictures lie channels last, each small operation costs a pass
over memory, and a number of channels that 8 does not divide leaves the tensor cores idle. Here convolutions stay
cuDNN's; all around them is one pass each (`card_kernels`). Without Triton all is played as elsewhere.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .layers import EPS, SLOPE

LAST = torch.channels_last
MOST = 2**31  # samples that an index of 32 bits reaches
ROWS = 1 << 16  # of programs, that a card numbers along a second axis
SHARED, PACKED, FOLDED = 1, 3, 2
"""How a picture is doubled: transposed convolution, then low-pass; the same as a convolution into four sub-pixel
pictures; or with the low-pass folded into that."""

_found: list[ModuleType | None] = []


def kernels(like: Tensor, dtype: torch.dtype) -> ModuleType | None:
    """The kernels, where they can run and were measured to win: float16 on a CUDA card, with Triton."""
    if dtype != torch.float16 or not (like.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"):
        return None
    if not _found:
        try:
            from . import card_kernels

            _tried(card_kernels, like)
            _found.append(card_kernels)
        except Exception:  # noqa: BLE001 - Triton comes with torch on Linux alone, and wants a compiler and a card it knows
            _found.append(None)
    return _found[0]


def _tried(found: ModuleType, like: Tensor) -> None:
    """Raises where the kernels cannot be compiled on this machine."""
    x = torch.zeros((1, 16, 4, 4), dtype=torch.float16, device=like.device).contiguous(memory_format=LAST)
    Fir(found, np.ones((1, 2)), 0, 1, like)(x, 2, 4)


def up_to(channels: int) -> int:
    """The channels that a layer is played with: a multiple of 16, which tensor cores and loads of whole
    vectors want."""
    return -(-channels // 16) * 16


def _power(number: int) -> int:
    return 1 << max(number - 1, 0).bit_length()


def fits(x: Tensor, grid: list[int]) -> bool:
    """Whether the kernels reach all of x [n, c, h, w], grown to that many rows and columns."""
    return len(x) * x.shape[1] * grid[0] * grid[1] < MOST and len(x) * max(*grid, x.shape[2]) < ROWS


class Fir:
    """A low-pass along rows or columns: taps [phases, length], as `card_kernels.fir` has them."""

    def __init__(self, found: ModuleType, taps: np.ndarray, first: int, down: int, like: Tensor) -> None:
        self.kernels, self.first, self.down = found, first, down
        self.up, self.reach = taps.shape
        self.taps = torch.from_numpy(np.ascontiguousarray(taps)).to(like.device, torch.float32)

    def __call__(
        self,
        x: Tensor,
        axis: int,
        made: int,
        slope: float = 1.0,
        clamp: float | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """x [n, c, h, w] channels last, with bias [c] -> `made` samples along axis 2 or 3, bent and clamped."""
        n, c, h, w = x.shape
        size = (n, c, made, w) if axis == 2 else (n, c, h, made)
        out = torch.empty(size, dtype=x.dtype, device=x.device, memory_format=LAST)
        outer, length, inner = (n, h, w * c) if axis == 2 else (n * h, w, c)
        bi = min(_power(inner), 1024 if axis == 2 else 64 if c % 64 == 0 or c > 128 else 32)
        bm = max(1024 // bi, 1)
        grid = (-(-made // bm) * -(-inner // bi), outer)
        self.kernels.fir[grid](x, self.taps, self.taps if bias is None else bias, out, length, made, inner, c,
                               self.first, slope, clamp or 0.0, UP=self.up, DOWN=self.down, REACH=self.reach,
                               BIASED=bias is not None, BENT=slope != 1.0, CLAMPED=clamp is not None, BM=bm,
                               BI=bi)  # fmt: skip
        return out


def _way(side: int) -> int:
    """Which way was the fastest for an output of that many pixels in side, on an H200."""
    return PACKED if side <= 32 else SHARED if side <= 256 else FOLDED


class CardConvolution:
    """A StyleGAN2 layer's modulated convolution on a card; made anew when its weights change."""

    def __init__(self, found: ModuleType, conv: Any, way: int | None = None) -> None:
        self.kernels, self.conv = found, conv
        weight = conv.plain * conv.level[:, None, None, None]
        self.way = 0 if not conv.up else _way(conv.side) if way is None else way
        self.squares = conv.squares.T.contiguous()
        self.shared = self._laid_out(weight).half().contiguous(memory_format=LAST)
        self.affine = conv.affine_weight, conv.affine_bias

    def _laid_out(self, weight: Tensor) -> Tensor:
        out, inputs = weight.shape[:2]
        if self.way == SHARED:
            return weight.transpose(0, 1)
        if self.way == PACKED:  # even samples see weights 2 and 0 of what lies before and here, odd ones weight 1 here
            wide = F.pad(weight, (0, 1, 0, 1))
            reads = torch.tensor([[2, 0], [3, 1]], device=weight.device)
        elif self.way == FOLDED:
            tap = torch.tensor((0.25, 0.75, 0.75, 0.25), device=weight.device)
            kernel = torch.outer(tap, tap)[None, None]
            wide = F.conv2d(weight.reshape(-1, 1, 3, 3), kernel, padding=3).view(out, inputs, 6, 6)
            reads = torch.tensor([[4, 2, 0], [5, 3, 1]], device=weight.device)
        else:
            return weight
        parts = [wide[:, :, y][:, :, :, x] for y in reads for x in reads]
        return torch.cat(parts)  # [4 * out, in, taps, taps], the sub-pixel picture first

    def __call__(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """As `FusedConvolution` has it, x channels last."""
        conv, n, inputs = self.conv, len(x), x.shape[1]
        outputs = len(conv.plain)
        style = F.linear(w, *self.affine)
        small = torch.empty(style.shape, dtype=x.dtype, device=x.device)
        demod = style.new_empty((n, outputs))
        self.kernels.modulate[(-(-outputs // 4), n)](style, self.squares, conv.level, small, demod, inputs, outputs,
                                                     conv.gain, EPS, BI=_power(inputs), BO=4)  # fmt: skip
        weight, turned = self.shared, small[:, :, None, None]
        if n == 1 and x.numel() > weight.numel():
            weight = weight * (turned.transpose(0, 1) if self.way == SHARED else turned)
        else:
            x = x * turned
        x = x.contiguous(memory_format=LAST)
        if self.way == SHARED:
            y = F.conv_transpose2d(x, weight, stride=2)
        else:
            y = F.conv2d(x, weight, padding=1)
        return self._finished(y.contiguous(memory_format=LAST), x, demod, noise)

    def _finished(self, y: Tensor, x: Tensor, demod: Tensor, noise: Tensor | None) -> Tensor:
        conv = self.conv
        high, wide = (side * 2 if conv.up else side for side in x.shape[2:])
        n, outputs = demod.shape
        out = y if self.way == 0 else torch.empty((n, outputs, high, wide), dtype=x.dtype, device=x.device,
                                                  memory_format=LAST)  # fmt: skip
        bc = min(_power(outputs), 64)
        bp = max(2048 // bc, 1)
        if noise is not None:
            noise = noise.contiguous()
        step = high * wide if noise is not None and len(noise) > 1 else 0
        grid = (-(-high * wide // bp) * -(-outputs // bc), n)
        self.kernels.finish[grid](y, demod, conv.bias, demod if noise is None else noise, out, high, wide, outputs,
                                  step, SLOPE, conv.clamp or 0.0, WAY=self.way, NOISY=noise is not None,
                                  CLAMPED=conv.clamp is not None, BP=bp, BC=bc)  # fmt: skip
        return out


def coloured(found: ModuleType, layer: Any, x: Tensor, w: Tensor, before: Tensor | None) -> Tensor:
    """`FusedToRGB` and the picture so far, doubled, in one pass: x [n, in, h, w] -> [n, 3, h, w] float32."""
    style = F.linear(w, layer.affine_weight, layer.affine_bias)
    weight = layer.weight * style[:, None, :]
    n, channels, high, wide = x.shape
    x = x.contiguous(memory_format=LAST)
    out = torch.empty((n, 3, high, wide), device=x.device)
    bc = min(_power(channels), 128)
    bp = max(2048 // bc, 1)
    found.colour[(-(-high * wide // bp), n)](x, weight, layer.bias, out if before is None else before.contiguous(), out,
                                             high, wide, channels, layer.clamp or 0.0, GROWN=before is not None,
                                             CLAMPED=layer.clamp is not None, BP=bp, BC=bc)  # fmt: skip
    return out
