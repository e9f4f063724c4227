"""How many messages a socket may still send: a bucket that fills with time."""

from __future__ import annotations

import time


class Pace:
    """burst: so many at once. per_s: so many a second for long. Thread: the web's."""

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst, self._per_s = burst, per_s
        self._left, self._since_s = burst, time.monotonic()

    def over(self) -> bool:
        """One more message: whether that is too many."""
        now_s = time.monotonic()
        self._left = min(self._burst, self._left + (now_s - self._since_s) * self._per_s) - 1.0
        self._since_s = now_s
        return self._left < 0.0
