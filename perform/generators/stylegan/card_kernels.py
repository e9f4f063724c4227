"""Kernels for a CUDA card, in Triton: what of a synthesis is bound by memory, each in one pass. Pictures lie channels
last. Imported by `card` alone, where Triton is there.

All of these have a plain twin, and tests hold them against it: `fused.FusedConvolution` and
`alias_free.play.FilteredActivation`.
"""

# ruff: noqa: N803 - capitals are what a kernel is compiled for
from typing import Any  # no `annotations` from the future: Triton reads them, and knows `tl.constexpr` itself

import triton
import triton.language as tl


@triton.jit
def fir(
    x: "Any", taps: "Any", bias: "Any", out: "Any", length: "Any", made: "Any", inner: "Any", channels: "Any",
    first: "Any", slope: "Any", clamp: "Any", UP: tl.constexpr, DOWN: tl.constexpr, REACH: tl.constexpr,
    BIASED: tl.constexpr, BENT: tl.constexpr, CLAMPED: tl.constexpr, BM: tl.constexpr, BI: tl.constexpr,
) -> None:  # fmt: skip
    """One axis of a low-pass: x [outer, length, inner] -> out [outer, made, inner], taps [UP, REACH] float32.

    Sample m of out is the sum over j of taps[m % UP, j] * x[first + m // UP * DOWN + j], zero outside;
    where BIASED, x with bias [channels] on it.
    """
    blocks = tl.cdiv(inner, BI)
    m = (tl.program_id(0) // blocks) * BM + tl.arange(0, BM)
    i = (tl.program_id(0) % blocks) * BI + tl.arange(0, BI)
    row = tl.program_id(1)
    start = first + (m // UP) * DOWN
    total = tl.zeros((BM, BI), tl.float32)
    if BIASED:
        more = tl.load(bias + i % channels).to(tl.float32)[None, :]
    for j in tl.static_range(REACH):
        at = start + j
        tap = tl.load(taps + (m % UP) * REACH + j)
        there = ((at >= 0) & (at < length) & (m < made))[:, None] & (i < inner)[None, :]
        sample = tl.load(x + (row * length + at)[:, None] * inner + i[None, :], mask=there, other=0.0).to(tl.float32)
        if BIASED:
            sample = tl.where(there, sample + more, 0.0)
        total += sample * tap[:, None]
    if BENT:
        total = tl.where(total < 0, total * slope, total)
    if CLAMPED:
        total = tl.minimum(tl.maximum(total, -clamp), clamp)
    place = (row * made + m)[:, None] * inner + i[None, :]
    tl.store(out + place, total.to(out.dtype.element_ty), mask=(m < made)[:, None] & (i < inner)[None, :])


@triton.jit
def finish(
    y: "Any", scale: "Any", bias: "Any", noise: "Any", out: "Any", high: "Any", wide: "Any", channels: "Any",
    noise_step: "Any", slope: "Any", clamp: "Any", WAY: tl.constexpr, NOISY: tl.constexpr, CLAMPED: tl.constexpr,
    BP: tl.constexpr, BC: tl.constexpr,
) -> None:  # fmt: skip
    """Demodulation, bias, noise, leaky ReLU and clamp: -> out [n, high, wide, channels], scale [n, channels].

    WAY 0: y as out. 1: y [n, high + 1, wide + 1, channels] goes through the [1, 3, 3, 1] low-pass of gain 4 first.
    2: y [n, high / 2, wide / 2, 2, 2, channels], four sub-pixel pictures. 3: as 1, but in four such pictures, y
    [n, high / 2 + 1, wide / 2 + 1, 2, 2, channels]. noise [n or 1, high, wide].
    """
    picture = tl.program_id(1)
    blocks = tl.cdiv(channels, BC)
    p = (tl.program_id(0) // blocks) * BP + tl.arange(0, BP)
    c = (tl.program_id(0) % blocks) * BC + tl.arange(0, BC)
    row, column = p // wide, p % wide
    inside, known = p < high * wide, c < channels
    both = inside[:, None] & known[None, :]
    total = tl.zeros((BP, BC), tl.float32)
    if WAY == 0:
        where = picture * high * wide + p
        total += tl.load(y + where[:, None] * channels + c[None, :], mask=both, other=0.0).to(tl.float32)
    elif WAY == 2:
        where = ((picture * (high // 2) + row // 2) * (wide // 2) + column // 2) * 4 + (row % 2) * 2 + column % 2
        total += tl.load(y + where[:, None] * channels + c[None, :], mask=both, other=0.0).to(tl.float32)
    else:
        for a in tl.static_range(4):
            for b in tl.static_range(4):
                u, v = row + a - 1, column + b - 1
                there = inside & (u >= 0) & (v >= 0) & (u <= high) & (v <= wide)
                if WAY == 1:
                    where = (picture * (high + 1) + u) * (wide + 1) + v
                else:
                    where = ((picture * (high // 2 + 1) + u // 2) * (wide // 2 + 1) + v // 2) * 4 + (u % 2) * 2 + v % 2
                sample = tl.load(y + where[:, None] * channels + c[None, :], mask=there[:, None] & known[None, :],
                                 other=0.0)  # fmt: skip
                tap = (0.25 + 0.5 * ((a + 1) // 2 % 2)) * (0.25 + 0.5 * ((b + 1) // 2 % 2))
                total += sample.to(tl.float32) * tap
    total *= tl.load(scale + picture * channels + c, mask=known, other=0.0)[None, :]
    total += tl.load(bias + c, mask=known, other=0.0)[None, :]
    if NOISY:
        total += tl.load(noise + picture * noise_step + p, mask=inside, other=0.0).to(tl.float32)[:, None]
    total = tl.where(total < 0, total * slope, total)
    if CLAMPED:
        total = tl.minimum(tl.maximum(total, -clamp), clamp)
    place = picture * high * wide + p
    tl.store(out + place[:, None] * channels + c[None, :], total.to(out.dtype.element_ty), mask=both)


@triton.jit
def modulate(
    style: "Any", squares: "Any", level: "Any", small: "Any", demod: "Any", inputs: "Any", outputs: "Any", gain: "Any",
    eps: "Any", BI: tl.constexpr, BO: tl.constexpr,
) -> None:  # fmt: skip
    """style [n, inputs] -> small, style over its largest, [n, inputs]; and demod [n, outputs], what undoes it and
    demodulates: gain * largest / sqrt(squares @ style^2 + eps) / level. squares [outputs, inputs], BI >= inputs."""
    picture, o, i = tl.program_id(1), tl.program_id(0) * BO + tl.arange(0, BO), tl.arange(0, BI)
    s = tl.load(style + picture * inputs + i, mask=i < inputs, other=0.0)
    largest = tl.maximum(tl.max(tl.abs(s), axis=0), eps)
    part = tl.load(squares + o[:, None] * inputs + i[None, :], mask=(i < inputs)[None, :] & (o < outputs)[:, None],
                   other=0.0)  # fmt: skip
    total = tl.sum(part * (s * s)[None, :], axis=1) + eps
    by = tl.load(level + o, mask=o < outputs, other=1.0)
    tl.store(demod + picture * outputs + o, gain * largest / (tl.sqrt(total) * by), mask=o < outputs)
    if tl.program_id(0) == 0:
        tl.store(small + picture * inputs + i, (s / largest).to(small.dtype.element_ty), mask=i < inputs)


@triton.jit
def colour(
    x: "Any", weight: "Any", bias: "Any", before: "Any", out: "Any", high: "Any", wide: "Any", channels: "Any",
    clamp: "Any", GROWN: tl.constexpr, CLAMPED: tl.constexpr, BP: tl.constexpr, BC: tl.constexpr,
) -> None:  # fmt: skip
    """x [n, high, wide, channels], weight [n, 3, channels] -> out [n, 3, high, wide] float32; where GROWN, on top of
    the picture before [n, 3, high / 2, wide / 2], doubled through the [1, 3, 3, 1] low-pass."""
    picture, p = tl.program_id(1), tl.program_id(0) * BP + tl.arange(0, BP)
    inside = p < high * wide
    red, green, blue = tl.zeros((BP,), tl.float32), tl.zeros((BP,), tl.float32), tl.zeros((BP,), tl.float32)
    for start in range(0, channels, BC):
        c = start + tl.arange(0, BC)
        part = tl.load(x + (picture * high * wide + p)[:, None] * channels + c[None, :],
                       mask=inside[:, None] & (c < channels)[None, :], other=0.0).to(tl.float32)  # fmt: skip
        at = weight + picture * 3 * channels + c
        red += tl.sum(part * tl.load(at, mask=c < channels, other=0.0)[None, :], axis=1)
        green += tl.sum(part * tl.load(at + channels, mask=c < channels, other=0.0)[None, :], axis=1)
        blue += tl.sum(part * tl.load(at + 2 * channels, mask=c < channels, other=0.0)[None, :], axis=1)
    red, green, blue = red + tl.load(bias), green + tl.load(bias + 1), blue + tl.load(bias + 2)
    if CLAMPED:
        red = tl.minimum(tl.maximum(red, -clamp), clamp)
        green = tl.minimum(tl.maximum(green, -clamp), clamp)
        blue = tl.minimum(tl.maximum(blue, -clamp), clamp)
    plane = high * wide
    if GROWN:
        row, column, small = p // wide, p % wide, plane // 4
        for a in tl.static_range(2):
            for b in tl.static_range(2):
                u, v = (row + 1) // 2 - 1 + a, (column + 1) // 2 - 1 + b
                there = inside & (u >= 0) & (v >= 0) & (u < high // 2) & (v < wide // 2)
                down = tl.where(row % 2 == a, 0.25, 0.75)
                tap = down * tl.where(column % 2 == b, 0.25, 0.75)
                at = before + picture * 3 * small + u * (wide // 2) + v
                red += tap * tl.load(at, mask=there, other=0.0)
                green += tap * tl.load(at + small, mask=there, other=0.0)
                blue += tap * tl.load(at + 2 * small, mask=there, other=0.0)
    into = out + picture * 3 * plane + p
    tl.store(into, red, mask=inside)
    tl.store(into + plane, green, mask=inside)
    tl.store(into + 2 * plane, blue, mask=inside)
