"""A metronome as a source of sound that knows its beat: for finding delays, by machine or by eye."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from perform.core.types import BeatClock
from perform.inputs.clock import Pace
from perform.inputs.level import Door
from perform.inputs.paced import PacedInput

BEATS_PER_BAR = 4
CLICK_S = 0.03


class Metronome(PacedInput):
    """A click on every beat from the first sample on, higher on the one. Endless; stereo."""

    def __init__(
        self,
        bpm: float = 60.0,
        *,
        live: bool,
        rate_hz: float = 48000.0,
        door: Door | None = None,
        pace: Callable[[float], Pace] = Pace,
    ) -> None:
        super().__init__(f"metronome {bpm:g} bpm", rate_hz, 2, live=live, door=door, pace=pace)
        self.bpm = bpm
        self._at = 0
        t = np.arange(round(CLICK_S * rate_hz)) / rate_hz
        rise = np.minimum(t / 0.0005, 1.0) * np.exp(-t / 0.005)
        self._clicks = [(0.6 * np.sin(2.0 * np.pi * hz * t) * rise).astype(np.float32) for hz in (1760.0, 1175.0)]

    def beat(self) -> BeatClock:
        """The beat at the sample that comes next."""
        time_s = self._position / self.rate_hz
        return BeatClock(time_s, time_s * self.bpm / 60.0, self.bpm, BEATS_PER_BAR, 1.0, "metronome")

    def _start(self) -> int:
        self._at = 0
        return 2

    def _take(self, frames: int) -> np.ndarray:
        mono = np.zeros(frames, np.float32)
        period = 60.0 / self.bpm * self.rate_hz
        length = len(self._clicks[0])
        first = max(0, int((self._at - length) // period))
        last = int((self._at + frames) // period)
        for number in range(first, last + 1):
            click = self._clicks[0 if number % BEATS_PER_BAR == 0 else 1]
            start = round(number * period) - self._at
            lo, hi = max(start, 0), min(start + length, frames)
            if lo < hi:
                mono[lo:hi] += click[lo - start : hi - start]
        self._at += frames
        return np.repeat(mono[:, None], 2, axis=1)

    def _skip(self, frames: int) -> None:
        self._at += frames
