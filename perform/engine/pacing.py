"""When the next frame is due: absolute deadlines, so that small delays do not add up, and no burst after a stall."""

from __future__ import annotations

from collections.abc import Callable

MOST_DT_S = 0.25
"""A tick never moves time on by more than this, so a stall does not make anything explode."""


def next_deadline(deadline_s: float, now_s: float, period_s: float) -> tuple[float, int]:
    """The deadline after `deadline_s`, and how many were missed: one for a frame that is late, all that passed when the
    grid starts anew, more than three periods late."""
    upcoming = deadline_s + period_s
    late = now_s - upcoming
    if late <= 0.0:
        return upcoming, 0
    if late > 3.0 * period_s:
        return now_s, int(late / period_s)
    return upcoming, 1


class Pacer:
    """Holds a loop to `fps`. Where the window's swap already waits for the display, it finds nothing to wait for."""

    def __init__(self, fps: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._period_s = 1.0 / fps
        self._clock = clock
        self._sleep = sleep
        self._deadline_s: float | None = None
        self.missed = 0

    def wait(self) -> None:
        """Sleep until the next frame is due."""
        now_s = self._clock()
        if self._deadline_s is None:
            self._deadline_s = now_s
        self._deadline_s, missed = next_deadline(self._deadline_s, now_s, self._period_s)
        self.missed += missed
        if self._deadline_s > now_s:
            self._sleep(self._deadline_s - now_s)
