"""How wide the sound is. Measured on both channels, so that sound out of phase counts."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from perform.core.types import Value
from perform.features.frame import Hop, Output
from perform.features.tables import Plan
from perform.features.units.loudness import ease

SMOOTH_S = 0.12
REST_S = 0.5
_EVERY = 2

OUTPUTS = {
    "audio/width": Output(0, 1, "", "share of the sides: 0 mono, 0.5 unrelated channels, 1 out of phase"),
    "audio/correlation": Output(-1, 1, "", "of left and right: 1 mono, 0 unrelated, -1 out of phase; 0 at rest"),
}


class Unit:
    """Smoothed powers of left, right and their product; slow means keep a constant offset out."""

    def __init__(self) -> None:
        self._powers = np.zeros((2, 2), np.float32)
        self._left = self._right = self._both = 0.0
        self._width = self._correlation = 0.0

    def retune(self, plan: Plan) -> None:
        self._ease = ease(SMOOTH_S, _EVERY * plan.dt_s)
        self._span = min(_EVERY * plan.hop, plan.window)
        self._fall = math.exp(-plan.dt_s / REST_S)

    def configure(self, values: Mapping[str, Value]) -> None:
        pass

    def step(self, hop: Hop, values: dict[str, float]) -> None:
        if hop.gate > 0.0:
            if hop.index % _EVERY:
                self._measure(hop.history[:, -self._span :])
        else:
            self._width = self._width * self._fall if self._width > 1e-3 else 0.0
            self._correlation = self._correlation * self._fall if abs(self._correlation) > 1e-3 else 0.0
        values["audio/width"] = self._width
        values["audio/correlation"] = self._correlation

    def _measure(self, samples: np.ndarray) -> None:
        np.matmul(samples, samples.T, out=self._powers)
        (left, both), (_, right) = self._powers.tolist()
        self._left += (left - self._left) * self._ease
        self._right += (right - self._right) * self._ease
        self._both += (both - self._both) * self._ease
        middle = math.sqrt(max(self._left + self._right + 2.0 * self._both, 0.0))
        side = math.sqrt(max(self._left + self._right - 2.0 * self._both, 0.0))
        loudest = max(self._left, self._right)
        if loudest <= 1e-12:
            return
        self._width = side / (middle + side)
        either = math.sqrt(max(self._left * self._right, (1e-6 * loudest) ** 2))
        self._correlation = min(max(self._both / either, -1.0), 1.0)
