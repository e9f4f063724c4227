"""From a posterior that may change its mind to a beat counter that never jumps back."""

from __future__ import annotations

import math

SLOWEST_RATE = 0.4
FASTEST_RATE = 2.2
"""Limits of slewing, as ratios to the tempo."""


class Follower:
    """A continuous count of beats that is steered to cross whole numbers where the filter expects beats.

    It only ever moves forward. Small errors are spread over the beat at hand; when the filter has moved to
    another phase or tempo, the count runs slower or faster, within limits, to meet the new grid.
    """

    def __init__(self) -> None:
        self.beats = 0.0
        self.period_s = 0.5
        self.next_beat_s = math.inf
        """Where the count will cross the next whole number, stream time."""
        self.last_beat_s = -math.inf
        self._now_s: float | None = None

    def idle(self, now_s: float) -> None:
        """Go on at the last known tempo: nothing is known about the beat."""
        self._move(now_s, 1.0)

    def steer(self, now_s: float, target_s: float, period_s: float) -> None:
        """Advance to `now_s`. target_s: a time at which the filter expects a beat. period_s: beat length there."""
        self.period_s = period_s
        to_go = 1.0 - self.beats % 1.0
        wait_s = (target_s - now_s) % period_s
        best, rate = math.inf, 1.0
        for k in (-1, 0, 1):
            ahead_s = wait_s + k * period_s
            if ahead_s <= -0.3 * period_s:
                continue
            # Aim from where the count stood one hop ago, so that a crossing falls on its hop and not after it.
            candidate = to_go * period_s / max(ahead_s, 0.004)
            cost = abs(math.log(max(candidate, 1e-6)))
            if cost < best:
                best, rate = cost, candidate
        self._move(now_s, min(max(rate, SLOWEST_RATE), FASTEST_RATE))

    def _move(self, now_s: float, rate: float) -> None:
        before_s = self._now_s if self._now_s is not None else now_s
        dt_s = max(now_s - before_s, 0.0)
        self._now_s = now_s
        old = self.beats
        self.beats = old + min(rate * dt_s / self.period_s, 0.999)
        if math.floor(self.beats) > math.floor(old):
            part = (math.floor(self.beats) - old) / (self.beats - old)
            self.last_beat_s = before_s + part * dt_s
        to_go = 1.0 - self.beats % 1.0
        self.next_beat_s = now_s + to_go * self.period_s / rate
