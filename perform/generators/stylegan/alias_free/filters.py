"""Low-passes of StyleGAN3 ([K21] section 3 and appendix C), and how to apply them without ever writing the fine grid.

A layer's activation works on a grid `up` times finer than what comes in, and goes out on one `down` times coarser.
Both low-passes are taken apart by phase: the fine grid is `up` by `up` interleaved coarse ones (phases), each of them a
short convolution of what came in; the activation treats each alone; and what goes out is a sum of short convolutions
of them. So no zero is ever multiplied, and no sample computed that is then dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def kaiser_low_pass(taps: int, cutoff: float, width: float, rate: float, *, radial: bool = False) -> np.ndarray | None:
    """A low-pass of sum 1, [taps] or, radial, [taps, taps]; None for one tap, which passes all. cutoff, width (of the
    fall from pass to stop band) and rate in waves and samples per picture side.

    A sinc under Kaiser's window: its beta from the attenuation that `taps` reach over that width ([K21] appendix C.1;
    Kaiser's formulas as in Oppenheim and Schafer, section 7.5). Radial: the two-dimensional counterpart, a jinc.
    """
    if taps == 1:
        return None
    attenuation = 2.285 * (taps - 1) * np.pi * width / (rate / 2) + 7.95
    window = np.kaiser(taps, _beta(attenuation))
    at = (np.arange(taps) - (taps - 1) / 2) / rate
    if not radial:
        kernel = np.sinc(2 * cutoff * at) * window
        return kernel / kernel.sum()
    radius = np.hypot(*np.meshgrid(at, at))
    kernel = _jinc(2 * cutoff * radius) * np.outer(window, window)
    return kernel / kernel.sum()


def _beta(attenuation_db: float) -> float:
    if attenuation_db > 50.0:
        return 0.1102 * (attenuation_db - 8.7)
    if attenuation_db > 21.0:
        return 0.5842 * (attenuation_db - 21.0) ** 0.4 + 0.07886 * (attenuation_db - 21.0)
    return 0.0


def _jinc(x: np.ndarray) -> np.ndarray:
    """2 J1(pi x) / (pi x), J1 by its integral (Bessel): the mean of cos(t - y sin t), a sum that converges at once."""
    y = np.pi * x
    angles = (np.arange(256) + 0.5) * np.pi / 256
    bessel = np.cos(angles - y[..., None] * np.sin(angles)).mean(axis=-1)
    small = y < 1e-9
    return np.where(small, 1.0, 2.0 * bessel / np.where(small, 1.0, y))


@dataclass(frozen=True, slots=True)
class Phases:
    """One axis of a filter taken apart. taps [phases, length]: short kernels that all read the same samples. offset:
    where the first of these lies, in samples before (negative) or after the first."""

    taps: np.ndarray
    offset: int


def up_phases(kernel: np.ndarray, up: int, pad_before: int) -> Phases:
    """Zeros between samples, `pad_before` zeros before, `kernel` [taps] over it: phase r holds samples r, r + up, ...

    Fine sample n is the sum over k of g[k] * stuffed[n + k - pad_before], g being the kernel turned round; stuffed[m]
    is sample m / up where that is whole, else zero.
    """
    turned = kernel[::-1]
    where = [[(k, (r + k - pad_before) // up) for k in range(len(turned)) if (r + k - pad_before) % up == 0]
             for r in range(up)]  # fmt: skip
    first = min(i for row in where for _, i in row)
    last = max(i for row in where for _, i in row)
    taps = np.zeros((up, last - first + 1))
    for r, row in enumerate(where):
        for k, i in row:
            taps[r, i - first] = turned[k]
    return Phases(taps, first)


def down_reads(taps: int, up: int, down: int) -> tuple[np.ndarray, int]:
    """Which tap of the second kernel, turned round, joins which sample of which phase to each phase of the output.

    [up // down (output phase), up (phase), length] indices into 0..taps-1, `taps` for none; and the length. Output
    m = a * (up // down) + b reads fine samples m * down + k, which lie in phase (b * down + k) % up at
    a + (b * down + k) // up.
    """
    length = (up - down + taps - 1) // up + 1
    table = np.full((up // down, up, length), taps)
    for b in range(up // down):
        for k in range(taps):
            place, phase = divmod(b * down + k, up)
            table[b, phase, place] = k
    return table, length
