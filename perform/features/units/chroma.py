"""Which of the twelve notes sound, 0 = C. A long window on decimated sound, so that low notes are told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from perform.core.types import Value
from perform.features.frame import Hop, Output
from perform.features.slow import SLOW_KEPT
from perform.features.tables import Plan, chroma_weights
from perform.features.units.loudness import ease

WINDOW = SLOW_KEPT
"""Samples after decimation to about 6 kHz: 0.34 s."""
EVERY = 8
SMOOTH_S = 0.12
REST_S = 0.25

_NAMES = ("C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B")
OUTPUTS = {
    f"audio/chroma/{i}": Output(0, 1, "", f"how much {n} sounds; the strongest is 1") for i, n in enumerate(_NAMES)
}


class Unit:
    """Transforms in every eighth hop, smooths in between."""

    def __init__(self) -> None:
        self._shown = np.zeros(12, np.float32)
        self._target = np.zeros(12, np.float32)
        self._gap = np.zeros(12, np.float32)
        self._keys = tuple(OUTPUTS)

    def retune(self, plan: Plan) -> None:
        window = np.hanning(WINDOW + 1)[:-1]
        self._window = (window / window.sum()).astype(np.float32)
        self._frame = np.zeros((2, WINDOW), np.float32)
        self._bins = np.zeros((2, WINDOW // 2 + 1), np.complex64)
        hz = np.arange(WINDOW // 2 + 1) * plan.slow_rate_hz / WINDOW
        self._weights = chroma_weights(hz)
        self._ease = np.array(ease(SMOOTH_S, plan.dt_s), np.float32)
        self._fall = np.array(math.exp(-plan.dt_s / REST_S), np.float32)

    def configure(self, values: Mapping[str, Value]) -> None:
        pass

    def step(self, hop: Hop, values: dict[str, float]) -> None:
        if hop.gate <= 0.0:
            self._target.fill(0.0)
            self._shown *= self._fall
            if self._shown.max() < 1e-3:
                self._shown.fill(0.0)
        else:
            if hop.index % EVERY == 3:
                self._look(hop)
            np.subtract(self._target, self._shown, self._gap)
            np.multiply(self._gap, self._ease, self._gap)
            np.add(self._shown, self._gap, self._shown)
        values.update(zip(self._keys, self._shown.tolist()))  # noqa: B905 - both are twelve; the check costs

    def _look(self, hop: Hop) -> None:
        """Sum of magnitudes per pitch class over the floor between them, the strongest made 1."""
        np.multiply(hop.slow[:, -WINDOW:], self._window, out=self._frame)
        np.fft.rfft(self._frame, axis=-1, out=self._bins)
        magnitude = np.abs(self._bins)
        classes = self._weights @ (magnitude[0] + magnitude[1])
        classes -= 0.8 * classes.min()
        top = float(classes.max())
        faint = 0.02 * math.sqrt(hop.scale)
        np.divide(classes, max(top, faint, 1e-9), out=self._target)
        np.multiply(self._target, self._target, out=self._target)
