"""From ticks that come with jitter to an even pulse: the phase and period of MIDI clock, or of timecode.

An expanding-memory filter: while young it is the least-squares line through all ticks so far, later one that forgets
(N. Morrison, "Introduction to Sequential Smoothing and Prediction", 1969, ch. 12; E. Brookner, "Tracking and Kalman
Filtering Made Easy", 1998, ch. 1: gains of the g-h filter for n + 1 measurements). It grows young again when the ticks
drift off to one side, which is what a change of tempo looks like.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

MEMORY = 60
YOUNG = 10
"""Ticks over which the line is taken when the tempo has just changed."""

DECIDE = 6
"""So many ticks in a row must say the same before the count of ticks is mended or the tempo thrown over."""


class TickFilter:
    """shortest_s, longest_s: what a period may be; a gap longer than lost_s starts anew, the count going on."""

    def __init__(self, shortest_s: float, longest_s: float, lost_s: float = 1.0) -> None:
        self.shortest_s, self.longest_s, self.lost_s = shortest_s, longest_s, lost_s
        self.count = -1
        """Number of the newest tick, with those that must have been lost on the way."""
        self.time_s = 0.0
        """When the newest tick should have come."""
        self.period_s = 0.0
        self.jitter_s = 0.0
        """Typical distance of a tick from the even pulse (root of the mean square)."""
        self.missed = 0
        self._age = 0
        self._arrived_s = 0.0
        self._gaps: deque[float] = deque(maxlen=DECIDE)
        self._off: deque[float] = deque(maxlen=DECIDE)
        self._strange: list[float] = []
        self._square = 0.0

    @property
    def ready(self) -> bool:
        """Whether the pulse is known well enough to be used."""
        return self._age >= DECIDE

    def at(self, seconds: float) -> float:
        """Ticks as a continuous number at a time, as the pulse goes on."""
        return self.count + (seconds - self.time_s) / self.period_s if self.period_s else float(self.count)

    def tick(self, seconds: float) -> None:
        """One more tick, that came at `seconds`."""
        gap_s = seconds - self._arrived_s
        self._arrived_s = seconds
        if self.count < 0 or gap_s > self.lost_s or gap_s < 0.0:
            self._begin(seconds, gap_s)
            return
        self._gaps.append(gap_s)
        self.count += 1
        if self._age == 0:
            self.period_s = self._bounded(gap_s)
            self.time_s, self._age = seconds, 1
            return
        expected_s = self.time_s + self.period_s
        off_s = seconds - expected_s
        if self._age >= DECIDE and abs(off_s) > 0.5 * self.period_s:
            self.time_s = expected_s
            self._wonder(seconds, off_s)
            return
        self._strange.clear()
        self._correct(expected_s, off_s)

    def tick_anew(self, seconds: float) -> None:
        """A tick that begins a new row: the period is that of before, the phase is its own."""
        if not self.ready or not 0.0 <= seconds - self._arrived_s <= self.lost_s:
            self.tick(seconds)
            return
        self.count += 1
        self.time_s = self._arrived_s = seconds
        self._age = DECIDE
        self._gaps.clear()
        self._off.clear()
        self._strange.clear()

    def _begin(self, seconds: float, gap_s: float) -> None:
        """The first tick, or the first after silence: the count goes on as if they had come."""
        if self.count >= 0 and self.period_s and gap_s > 0.0:
            self.count += max(1, round(self.at(seconds) - self.count))
        else:
            self.count += 1
        self.time_s, self._age = seconds, 0
        self._gaps.clear()
        self._off.clear()
        self._strange.clear()

    def _correct(self, expected_s: float, off_s: float) -> None:
        self._off.append(off_s)
        self._square += (off_s * off_s - self._square) / min(self._age + 1, MEMORY)
        self.jitter_s = math.sqrt(self._square)
        self._age = min(self._age + 1, MEMORY)
        if self._age > YOUNG and self._drifts():
            self._age = YOUNG
        n = self._age
        bottom = (n + 1) * (n + 2)
        self.time_s = expected_s + 2.0 * (2 * n + 1) / bottom * off_s
        self.period_s = self._bounded(self.period_s + 6.0 / bottom * off_s)

    def _drifts(self) -> bool:
        """All of the last ticks on one side, further than chance would put them."""
        if len(self._off) < DECIDE or not (min(self._off) > 0.0 or max(self._off) < 0.0):
            return False
        return abs(sum(self._off)) / DECIDE > 0.0004 + 1.1 * self.jitter_s

    def _wonder(self, seconds: float, off_s: float) -> None:
        """Ticks far off: late ones that came in a bunch (wait), some were lost (count them), or another tempo."""
        self._strange.append(off_s)
        if len(self._strange) < DECIDE:
            return
        whole = round(median(self._strange) / self.period_s)
        close = all(abs(off / self.period_s - whole) < 0.35 for off in self._strange)
        if close and whole != 0:
            self.count += whole
            self.time_s += whole * self.period_s
            self.missed += max(whole, 0)
        elif abs(self._strange[-1]) > abs(self._strange[0]):
            self.period_s = self._bounded(median(self._gaps))
            self.time_s, self._age = seconds, 3
            self._off.clear()
        self._strange.clear()

    def _bounded(self, period_s: float) -> float:
        return min(max(period_s, self.shortest_s), self.longest_s)
