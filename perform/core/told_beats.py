"""The beat as another program tells it, by OSC: numbers that come now and then, late by a little, made a clock of."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from perform.core.types import BeatClock

KEPT = 24
LOST_S = 1.5
FAR_BEATS = 0.5


class ToldBeats:
    """A straight line through the last words. Whoever tells must tell often: a few times a second, or every beat."""

    name = "osc"

    def __init__(self) -> None:
        self._said: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._tempo = 0.0
        self._line = (0.0, 0.0)  # a time, and the beats then
        self._words = self._leaps = 0

    def tell(self, beats: float, time_s: float) -> None:
        """`beats` was the place at show time `time_s`. A negative place is none: the teller has stopped."""
        if beats < 0.0:
            self._said.clear()
            return
        self._words += 1
        if self._said:
            before_s, before = self._said[-1]
            gone = time_s - before_s
            expected = self._at(time_s) if self._tempo else beats
            if gone <= 0.0 or beats <= before or gone > LOST_S * 2 or abs(beats - expected) > FAR_BEATS:
                self._leaps += 1
                self._said.clear()
                self._tempo = 0.0
        self._said.append((time_s, beats))
        self._fit()

    def _fit(self) -> None:
        n = len(self._said)
        newest_s = self._said[-1][0]
        if n < 3 or newest_s - self._said[0][0] < 0.2:
            return
        mean_t = sum(t for t, _ in self._said) / n
        mean_b = sum(b for _, b in self._said) / n
        spread = sum((t - mean_t) ** 2 for t, _ in self._said)
        slope = sum((t - mean_t) * (b - mean_b) for t, b in self._said) / spread
        if not 0.2 < slope < 8.0:
            return
        self._tempo = slope * 60.0
        self._line = (newest_s, mean_b + (newest_s - mean_t) * slope)

    def _at(self, seconds: float) -> float:
        return self._line[1] + (seconds - self._line[0]) * self._tempo / 60.0

    def beat(self, seconds: float) -> BeatClock | None:
        """The beat at show time `seconds`; None until three words came, and when no more do."""
        if not self._said or not self._tempo:
            return None
        recent = self._said[-1][0] - self._said[-2][0] if len(self._said) > 1 else 0.0
        if seconds - self._said[-1][0] > max(LOST_S, 2.5 * recent):
            return None
        return BeatClock(seconds, self._at(seconds), self._tempo, 0, 0.9, "osc")

    def alive(self, seconds: float) -> bool:
        """Whether somebody tells."""
        return bool(self._said) and seconds - self._said[-1][0] <= LOST_S

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: words, and those that were somewhere else."""
        return {"words": self._words, "leaps": self._leaps}
