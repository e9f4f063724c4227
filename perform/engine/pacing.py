"""When the next frame is due: absolute deadlines, so that small delays do not add up, and no burst after a stall."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

ROOM_FRAMES, MARGIN_S, MOST_SHARE, LATER = 60, 0.0025, 0.8, 0.1
"""LateStart: frames whose least wait counts, what is left of it, the most of a frame, how fast it grows."""
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


class LateStart:
    """Where the display makes each frame wait, the wait is better spent before the frame than after it: a tick that
    begins late hears later sound, and its picture is on the screen at the same refresh.

    It keeps MARGIN_S of what the least wait of the last second leaves, and gives half of it back after a missed one.
    """

    def __init__(self) -> None:
        self.delay_s = 0.0
        self._room: deque[float] = deque(maxlen=ROOM_FRAMES)

    def note(self, waited_s: float, dt_s: float, period_s: float) -> None:
        """A frame is over: it waited so long for the display, and came `dt_s` after the one before."""
        if dt_s > 1.5 * period_s:
            self.delay_s *= 0.5
            self._room.clear()
            return
        self._room.append(waited_s + self.delay_s)
        if len(self._room) == ROOM_FRAMES:
            aim_s = min(max(min(self._room) - MARGIN_S, 0.0), MOST_SHARE * period_s)
            self.delay_s = min(aim_s, self.delay_s + LATER * (aim_s - self.delay_s))


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
