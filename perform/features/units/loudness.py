"""How loud it is: for the picture (0..1, relative), and in the units that sound people use."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from perform.core.types import Value
from perform.features.frame import COUNT_MAX, Hop, Output
from perform.features.tables import Plan

MOMENTARY_S = 0.4
LOWEST_DB = -100.0
LOWEST_LUFS = -70.0
PEAK_RELEASE_S = 0.3

OUTPUTS = {
    "audio/level": Output(0, 1, "", "loudness relative to the last while, smoothed by attack_s and release_s"),
    "audio/rms_db": Output(LOWEST_DB, 20, "dB", "RMS of the newest 43 ms, mean of both channels; a full sine is -3"),
    "audio/peak": Output(0, 1, "", "highest sample, after gain, falling back in about a third of a second"),
    "audio/loudness": Output(LOWEST_LUFS, 20, "LUFS", "momentary loudness (400 ms), ITU-R BS.1770"),
    "audio/silence": Output(0, 1, "", "1 when the gate is shut, 0 while it is open"),
    "audio/clip": Output(0, COUNT_MAX, "", "hops so far that held a clipped sample"),
}


def ease(tau_s: float, dt_s: float) -> float:
    """Share of the way to go in one step of a one-pole smoother; 1 for tau_s = 0."""
    return -math.expm1(-dt_s / tau_s) if tau_s > 0.0 else 1.0


class Unit:
    """K-weighting is applied to the power spectrum; the 400 ms are a mean of hops."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque([0.0], maxlen=1)
        self._level = 0.0
        self._peak = 0.0
        self._clip = 0
        self._attack_s, self._release_s = 0.01, 0.25
        self._gain = 1.0

    def retune(self, plan: Plan) -> None:
        self._dt_s = plan.dt_s
        self._recent = deque(self._recent, maxlen=max(1, round(MOMENTARY_S / plan.dt_s)))
        self._peak_keep = math.exp(-plan.dt_s / PEAK_RELEASE_S)
        self._tune()

    def configure(self, values: Mapping[str, Value]) -> None:
        self._attack_s, self._release_s = float(values["attack_s"]), float(values["release_s"])  # type: ignore[arg-type]
        self._gain = 10.0 ** (0.05 * float(values["gain_db"]))  # type: ignore[arg-type]
        self._tune()

    def _tune(self) -> None:
        self._up, self._down = ease(self._attack_s, self._dt_s), ease(self._release_s, self._dt_s)

    def step(self, hop: Hop, values: dict[str, float]) -> None:
        self._clip += hop.clipped
        gap = hop.level - self._level
        self._level += gap * (self._up if gap > 0.0 else self._down)
        if self._level < 1e-4 and hop.level == 0.0:
            self._level = 0.0
        self._peak = max(min(hop.peak * self._gain, 1.0), self._peak * self._peak_keep)
        if self._peak < 1e-5:
            self._peak = 0.0
        self._recent.append(hop.weighted_power)
        mean = sum(self._recent) / len(self._recent) * min(hop.channels, 2)
        rms = hop.window_power
        values["audio/level"] = self._level
        values["audio/peak"] = self._peak
        values["audio/rms_db"] = max(10.0 * math.log10(rms), LOWEST_DB) if rms > 1e-10 else LOWEST_DB
        values["audio/loudness"] = max(10.0 * math.log10(mean) - 0.691, LOWEST_LUFS) if mean > 1e-8 else LOWEST_LUFS
        values["audio/silence"] = 1.0 - hop.gate
        values["audio/clip"] = float(self._clip)
