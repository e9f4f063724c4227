"""The sound once more at about 6 kHz, both channels: what the low bass envelope and the notes are read from."""

from __future__ import annotations

import numpy as np

from perform.features.frame import Hop
from perform.features.tables import Plan, decimation_matrix

SLOW_KEPT = 2048
"""Samples of slow sound that are always there, 0.34 s."""
_WRAP_HOPS = 32


class Slow:
    """Low-passes and decimates each hop in one product, and keeps the newest SLOW_KEPT samples."""

    def __init__(self, plan: Plan) -> None:
        self.retune(plan)

    def retune(self, plan: Plan) -> None:
        """Start over with empty history at another rate."""
        matrix = decimation_matrix(plan)
        taps, self._hop = matrix.shape
        self._taps = min(taps, plan.window)
        self._matrix = np.ascontiguousarray(matrix[taps - self._taps :])
        self._ring = np.zeros((2, SLOW_KEPT + _WRAP_HOPS * self._hop), np.float32)
        self._write = SLOW_KEPT

    def step(self, hop: Hop) -> None:
        """Take in hop.history, set hop.slow."""
        ring = self._ring
        if self._write + self._hop > ring.shape[1]:
            ring[:, :SLOW_KEPT] = ring[:, self._write - SLOW_KEPT : self._write]
            self._write = SLOW_KEPT
        end = self._write + self._hop
        np.matmul(hop.history[:, -self._taps :], self._matrix, out=ring[:, self._write : end])
        self._write = end
        hop.slow = ring[:, end - SLOW_KEPT : end]
