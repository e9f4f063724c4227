"""One hop's spectrum, and everything that is a weighted sum over it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from perform.features.frame import Hop
from perform.features.tables import MELS, Plan, band_weights, k_weighting, mel_weights, power_window

_PIECES = (0, 44, MELS)
"""Mel bands of similar reach, multiplied together: two narrow products take a third of the time of a wide one."""
_REST_BINS = 64
"""A constant offset leaks no further than this many bins (-90 dB)."""


def _pieces(weights: np.ndarray) -> list[tuple[slice, slice, np.ndarray]]:
    """Weights [MELS, bins] as (rows, bins, the part that is not zero) for each of _PIECES."""
    out = []
    for first, last in pairwise(_PIECES):
        used = np.flatnonzero(weights[first:last].any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 1)
        out.append((slice(first, last), bins, np.ascontiguousarray(weights[first:last, bins])))
    return out


class Spectra:
    """Window, transform, power, and one product with all weights: mel, bands, K-weighting, the whole.

    The power of both channels is summed, never their samples, so that sound out of phase is not lost.
    """

    def __init__(self, plan: Plan, edges_hz: tuple[float, float, float]) -> None:
        self.plan = plan
        bins, hz = plan.bins, plan.bin_hz()
        self._window = power_window(plan)
        self._frame = np.zeros((2, plan.window), np.float32)
        self._bins = np.zeros((2, bins), np.complex64)
        self._parts = self._bins.view(np.float32)
        self._squares = np.zeros((2, 2 * bins), np.float32)
        self._sum = np.zeros(2 * bins, np.float32)
        self._power = np.zeros(bins, np.float32)
        self._rows = np.zeros(MELS, np.float32)
        self._sums = np.zeros(6, np.float32)
        self._mels = _pieces(mel_weights(plan))
        self._weights = np.zeros((6, bins), np.float32)
        audible = hz >= 20.0
        self._weights[4] = k_weighting(hz) * audible
        self._weights[5] = audible
        self.set_edges(edges_hz)
        rest = np.fft.rfft(self._window.astype(np.float64))
        self._rest = (rest[:_REST_BINS] / rest[0]).astype(np.complex64)
        # Views that the hop would otherwise make anew each time.
        self._offset, self._low = self._bins[:, :1], self._bins[:, :_REST_BINS]
        self._leak = np.zeros((2, _REST_BINS), np.complex64)
        self._left, self._right = self._squares
        self._even, self._odd = self._sum[0::2], self._sum[1::2]
        self._products = [(weights, self._power[bins], self._rows[rows]) for rows, bins, weights in self._mels]

    def set_edges(self, edges_hz: tuple[float, float, float]) -> None:
        """Move the three edges between the bands."""
        self._weights[:4] = band_weights(self.plan.bin_hz(), edges_hz)

    def measure(self, history: np.ndarray, hop: Hop) -> None:
        """history [2, window] -> the powers of `hop`. A constant offset is projected out of the lowest bins."""
        np.multiply(history, self._window, self._frame)
        np.fft.rfft(self._frame, axis=-1, out=self._bins)
        np.multiply(self._offset, self._rest, self._leak)
        np.subtract(self._low, self._leak, self._low)
        np.multiply(self._parts, self._parts, self._squares)
        np.add(self._left, self._right, self._sum)
        np.add(self._even, self._odd, self._power)
        self._publish(hop)

    def rest(self, hop: Hop) -> None:
        """The powers of a window that holds nothing but zeros."""
        self._power.fill(0.0)
        self._publish(hop)

    def _publish(self, hop: Hop) -> None:
        for weights, power, rows in self._products:
            np.dot(weights, power, rows)
        np.dot(self._weights, self._power, self._sums)
        *hop.band_power, hop.weighted_power, hop.window_power = self._sums.tolist()
        hop.power = self._power
        hop.mel_power = self._rows
