"""The colour of the sound: centroid, rolloff, flatness. Looked at every fourth hop, smoothed in every one."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from perform.core.types import Value
from perform.features.frame import Hop, Output
from perform.features.tables import Plan
from perform.features.units.loudness import ease

LO_HZ, HI_HZ = 150.0, 15000.0
"""0 and 1 of the normalised centroid and rolloff."""
AUDIBLE_HZ = 20000.0
"""Nothing above this counts, so that a rate of 96 kHz gives the same colours."""
FLAT_LO_HZ, FLAT_HI_HZ = 100.0, 10000.0
FLAT_RANGE_DB = 36.0
ROLL_SHARE = 0.85
SMOOTH_S = 0.05
REST_S = 0.8
_EVERY = 4

OUTPUTS = {
    "audio/centroid": Output(0, 1, "", "brightness: the centroid in octaves, 150 Hz = 0, 15 kHz = 1"),
    "audio/centroid_hz": Output(0, 400000, "Hz", "mean frequency, weighted by magnitude; 0 at rest"),
    "audio/rolloff": Output(0, 1, "", "the rolloff in octaves, 150 Hz = 0, 15 kHz = 1"),
    "audio/rolloff_hz": Output(0, 400000, "Hz", "85 % of the magnitude lies below; 0 at rest"),
    "audio/flatness": Output(0, 1, "", "0 a tone, 1 noise: geometric over mean power, 100 Hz to 10 kHz, -36 dB = 0"),
}


def octaves(hz: float) -> float:
    """LO_HZ..HI_HZ to 0..1, by octaves."""
    return min(max(math.log2(hz / LO_HZ) / math.log2(HI_HZ / LO_HZ), 0.0), 1.0) if hz > 0.0 else 0.0


class Unit:
    """Shares of magnitude (the root of power), so that bass does not outweigh all else."""

    def __init__(self) -> None:
        self._now = (0.0, 0.0, 0.0)
        self._centroid_hz = self._rolloff_hz = self._flatness = 0.0
        self._rest = 0.0

    def retune(self, plan: Plan) -> None:
        hz = plan.bin_hz()
        self._bin_hz = plan.rate_hz / plan.window
        self._bins = min(plan.bins, int(AUDIBLE_HZ / self._bin_hz) + 1)
        self._moments = np.stack([np.ones(self._bins), hz[: self._bins]]).astype(np.float32)
        self._magnitude = np.zeros(self._bins, np.float32)
        self._running = np.zeros(self._bins, np.float32)
        self._sums = np.zeros(2, np.float32)
        top = min(plan.bins, int(FLAT_HI_HZ / self._bin_hz))
        self._slice = slice(int(FLAT_LO_HZ / self._bin_hz), top)
        self._logs = np.zeros(top - self._slice.start, np.float32)
        self._ease = ease(SMOOTH_S, plan.dt_s)
        self._fall = math.exp(-plan.dt_s / REST_S)

    def configure(self, values: Mapping[str, Value]) -> None:
        pass

    def step(self, hop: Hop, values: dict[str, float]) -> None:
        if hop.gate < 1.0:
            self._rest = self._rest * self._fall if self._rest > 1e-3 else 0.0
        else:
            self._look(hop)
        values["audio/centroid_hz"] = self._centroid_hz * self._rest
        values["audio/rolloff_hz"] = self._rolloff_hz * self._rest
        values["audio/centroid"] = octaves(self._centroid_hz) * self._rest
        values["audio/rolloff"] = octaves(self._rolloff_hz) * self._rest
        values["audio/flatness"] = self._flatness * self._rest

    def _look(self, hop: Hop) -> None:
        """Measure when it is time, ease towards the last measure; start at once after a rest."""
        share = self._ease
        if self._rest < 1.0:
            self._now, self._rest, share = self._measure(hop.power), 1.0, max(share, 1.0 - self._rest)
        elif hop.index % _EVERY == 0:
            self._now = self._measure(hop.power)
        centroid_hz, rolloff_hz, flatness = self._now
        self._centroid_hz += (centroid_hz - self._centroid_hz) * share
        self._rolloff_hz += (rolloff_hz - self._rolloff_hz) * share
        self._flatness += (flatness - self._flatness) * share

    def _measure(self, power: np.ndarray) -> tuple[float, float, float]:
        np.sqrt(power[: self._bins], out=self._magnitude)
        np.dot(self._moments, self._magnitude, out=self._sums)
        total, weighted = self._sums.tolist()
        np.cumsum(self._magnitude, out=self._running)
        rolloff = int(self._running.searchsorted(np.float32(ROLL_SHARE) * self._running[-1]))
        part = power[self._slice]
        np.add(part, np.float32(1e-14), out=self._logs)
        mean_db = 10.0 * math.log10(float(self._logs.sum()) / self._logs.size)
        np.log10(self._logs, out=self._logs)
        flat_db = 10.0 * float(self._logs.sum()) / self._logs.size - mean_db
        flatness = min(max(1.0 + flat_db / FLAT_RANGE_DB, 0.0), 1.0)
        return weighted / max(total, 1e-12), rolloff * self._bin_hz, flatness
