"""The one place below the engine that reads a clock: it paces sound that no device paces.

Stamps never come from here. A block's `start_s` is a count of samples; this only says how many are due by now.
"""

from __future__ import annotations

import time
from collections.abc import Callable

WAIT_S = 0.04
"""Longest that a paced read sleeps; the contract of AudioInput allows about 0.05."""


def monotonic_s() -> float:
    """Seconds on the machine's monotonic clock; the origin means nothing."""
    return time.monotonic()


class Pace:
    """Says how many samples a source of `rate_hz` owes by now, as a device would have delivered them.

    The count starts with the first question, so that slow start-up of other parts costs no sound. clock and sleep
    can be handed in, which makes the pace testable without waiting.
    """

    def __init__(
        self,
        rate_hz: float,
        clock: Callable[[], float] = monotonic_s,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate_hz = rate_hz
        self._clock = clock
        self._sleep = sleep
        self._origin_s: float | None = None

    def due(self, position: int, frames: int) -> int:
        """Samples beyond `position` that are due, waiting up to WAIT_S until there are `frames` of them."""
        now_s = self._clock()
        if self._origin_s is None:
            self._origin_s = now_s - position / self._rate_hz
        ready_s = self._origin_s + (position + frames) / self._rate_hz
        if now_s < ready_s:
            self._sleep(min(ready_s - now_s, WAIT_S))
            now_s = self._clock()
        # The small term forgives rounding: a sleep that ended on the dot has earned its last sample.
        return max(0, int((now_s - self._origin_s) * self._rate_hz + 1e-6) - position)
