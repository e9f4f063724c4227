"""How far ahead of itself a tick must live: the time until its picture is seen, measured while it plays.

A picture that is made now is seen after the work on it, on a display that adds its own delay, and then stands for a
whole frame, so that its middle is half a frame later. A beat that is computed for that time falls on the sound.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from perform.core.smoothing import share

KEPT = 33
EASE_S = 0.6
"""Time constant with which the lead follows what is measured: slow enough not to be seen, quick after a change."""
MOST_S = 0.5


class Lead:
    """The parts of the lead. Off until `live` is set: offline a picture belongs to its own time exactly.

    display_s: of the projector or screen, by the venue; nobody but a person with eyes can measure it.
    """

    def __init__(self) -> None:
        self.live = False
        self.display_s = 0.0
        self.work_s = 0.0
        self.period_s = 0.0
        self._works: deque[float] = deque(maxlen=KEPT)
        self._periods: deque[float] = deque(maxlen=KEPT)

    def note(self, work_s: float, dt_s: float) -> None:
        """A tick is over. work_s: from its beginning to its picture on the screen. dt_s: since the tick before."""
        self._works.append(min(max(work_s, 0.0), MOST_S))
        if dt_s > 0.0:
            self._periods.append(min(dt_s, MOST_S))
        part = share(dt_s, EASE_S) if len(self._works) > KEPT // 2 else 1.0
        self.work_s += (median(self._works) - self.work_s) * part
        if self._periods:
            self.period_s += (median(self._periods) - self.period_s) * part

    @property
    def screen_s(self) -> float:
        """From the beginning of a tick to the middle of its picture's time on the screen; 0 while not live."""
        return self.work_s + 0.5 * self.period_s + self.display_s if self.live else 0.0


class PainterDelay:
    """How old a painter's pictures are when they are first shown: what it is told now is seen so much later."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._ages: deque[float] = deque(maxlen=KEPT)

    def note(self, age_s: float, dt_s: float) -> None:
        """A new picture is shown, `age_s` after the moment that it was painted for; `dt_s` since the picture before."""
        self._ages.append(min(max(age_s, 0.0), MOST_S))
        part = share(dt_s, EASE_S) if len(self._ages) > KEPT // 2 else 1.0
        self.seconds += (median(self._ages) - self.seconds) * part
