"""How much the low end rises, seen in its waveform: a kick is there within a hop or two, a drone never is.

The analysis window is too long for bass attacks: under a dense mix its low bins blur into each other. So the bass is
filtered out of the sound by a short bump, and the highest power of the newest 20 ms is held against the highest of
the 50 ms before. A maximum over more than half a period is constant for any steady tone, so neither drones nor slow
beats rise; noise seldom tops its own last 50 ms by much.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from perform.features.frame import Hop
from perform.features.tables import Plan

NEW_S = 0.0213
OLD_S = 0.0533
BUMP = 1.2
"""Length of the low-pass in periods of the edge to lowmid (8 ms at 150 Hz)."""
OFFSET_S = 0.043
"""The mean of this long is taken off, so that a constant offset is no bass."""
FLOOR_DB = -23.5
"""Bass this far under the loudness of the whole counts for little: the bass of hiss is no drum."""
RISE_MAX_DB = 12.0
TOP_S = 3.0
LOUD_S = 8.0
"""How long the loudest attack is remembered that others are measured by."""
FULL_DB = 8.0
"""A rise this steep makes a full hit."""
NEAR = 0.04
"""An attack reaches at least this share of the power of recent ones (-14 dB)."""
SPACING = 4
"""Slow samples from one look at the envelope to the next: 0.7 ms."""


def kick_matrix(plan: Plan, edge_hz: float) -> np.ndarray:
    """[rows, looks] float32: slow samples, newest last, to the low band at every SPACING-th sample of the hop."""
    new = plan.hop // plan.decimation
    bump_n = max(3, round(BUMP / edge_hz * plan.slow_rate_hz))
    mean_n = max(bump_n, round(OFFSET_S * plan.slow_rate_hz))
    kernel = np.full(mean_n, -1.0 / mean_n)
    bump = np.hanning(bump_n + 2)[1:-1]
    kernel[mean_n - bump_n :] += bump / bump.sum()
    looks = max(1, new // SPACING)
    out = np.zeros((mean_n + SPACING * (looks - 1), looks), np.float32)
    for look in range(looks):
        out[SPACING * look : SPACING * look + mean_n, look] = kernel
    return out


class LowRise:
    """Slow sound -> rise of the low end in decibels, 0..RISE_MAX_DB, and how strong it is among recent attacks."""

    def __init__(self) -> None:
        self.rise_db = 0.0
        self.loud = 0.0
        self._recent: deque[float] = deque([0.0], maxlen=1)
        self._top = self._loudest = 0.0
        self._plan: Plan | None = None
        self._edge_hz = 0.0

    def retune(self, plan: Plan, edge_hz: float) -> None:
        """Build what depends on the rate and on the edge between bass and lowmid."""
        if plan == self._plan and edge_hz == self._edge_hz:
            return
        self._plan, self._edge_hz = plan, edge_hz
        self._matrix = kick_matrix(plan, edge_hz)
        self._rows = self._matrix.shape[0]
        self._low = np.zeros((2, self._matrix.shape[1]), np.float32)
        self._old = max(1, round(OLD_S / plan.dt_s))
        length = self._old + max(1, round(NEW_S / plan.dt_s))
        self._recent = deque([0.0] * length + list(self._recent), maxlen=length)
        self._keep, self._keep_loud = math.exp(-plan.dt_s / TOP_S), math.exp(-plan.dt_s / LOUD_S)

    def step(self, hop: Hop) -> None:
        """Read hop.slow and hop.scale; write rise_db and loud (0..1, amplitude, less for a gentle rise)."""
        low = self._low
        np.matmul(hop.slow[:, -self._rows :], self._matrix, out=low)
        # Two rows of eight: plain floats are cheaper than calls into numpy.
        self._recent.append(max([left * left + right * right for left, right in zip(*low.tolist(), strict=True)]))
        recent = list(self._recent)
        new, old = max(recent[self._old :]), max(recent[: self._old])
        self._top = max(self._top * self._keep, new, 1e-12)
        self._loudest = max(self._loudest * self._keep_loud, new, 1e-12)
        floor = 2.0 * hop.scale * 10.0 ** (0.1 * FLOOR_DB)
        rises = new > old and new >= NEAR * self._top
        self.rise_db = min(10.0 * math.log10((new + floor) / (old + floor)), RISE_MAX_DB) if rises else 0.0
        self.loud = math.sqrt(new / self._loudest) * min(1.0, self.rise_db / FULL_DB)
