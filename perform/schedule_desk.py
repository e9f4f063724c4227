"""The room's schedule in a running show: what is due comes in, and what applies at the start comes in at once.

The time is that of the Moment. One that leaps far (a clock that was set right, a machine that slept) brings what then
applies; the hour that a day has twice in autumn brings nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from perform.core.errors import PerformError
from perform.core.params import Param
from perform.core.schedule import Entry, Standing, between, standing, together, upcoming, wall_s
from perform.cue_desk import CueDesk

if TYPE_CHECKING:
    from perform.show import Show

LEAP_S, WEEK_S = 3 * 3600.0, 7 * 86400.0
Date = tuple[int, int, int, float]
ROWS = (
    Param("on", "bool", True, doc="the room's schedule acts; off: nothing comes by the clock", live=False),
    Param("next", "text", "", doc="what comes next by the clock, and when (read only)", live=False),
)  # fmt: skip


class ScheduleDesk:
    """Thread: the engine's; `step` once a tick. begin_set: plays a set from its first cue on."""

    def __init__(self, show: Show, cues: CueDesk, begin_set: Callable[[str], None]) -> None:
        self.entries: tuple[Entry, ...] = ()
        self._show, self._engine = show, show.engine
        self._cues, self._begin_set = cues, begin_set
        self._mark_s = self._next_s = 0.0  # on the wall: all up to here has happened; here comes the next

    def open(self, entries: Sequence[Entry], since: Date | None = None) -> bool:
        """Take up a schedule; what applies now comes in at once. Returns whether that was a look.

        since: on the wall, when a show that is gone on with here was last kept: of looks and values only what has
        fallen due after it comes in; whether it is dark now, the schedule alone says.
        """
        self.entries = tuple(entries)
        if not self.entries:
            return False
        self._engine.table.add(ROWS, "schedule")
        before = self._show.preset
        now_s = wall_s(self._engine.date())
        self._mark_s = now_s
        what = standing(self.entries, now_s)
        if since is not None:
            missed = together(entry for _, entry in between(self.entries, max(wall_s(since), now_s - WEEK_S), now_s))
            what = replace(missed, blackout=what.blackout)
        self._apply(what)
        self._look_ahead()
        return self._show.preset is not before

    def step(self) -> None:
        """Once a tick."""
        if not self.entries:
            return
        now_s = wall_s(self._engine.moment.date)
        if not self._engine.table.value("schedule/on"):
            self._mark_s, self._next_s = now_s, now_s  # switched on again, it goes on from there
            return
        if not -LEAP_S < now_s - self._mark_s < LEAP_S:
            self._catch_up(now_s)
        elif now_s >= self._next_s:  # between two entries, a tick costs this comparison
            due = between(self.entries, self._mark_s, now_s)
            self._mark_s = max(self._mark_s, now_s)
            if due:
                self._apply(together(entry for _, entry in due))
            self._look_ahead()
        self._mark_s = max(self._mark_s, now_s)

    def _catch_up(self, now_s: float) -> None:
        self._mark_s = now_s
        self._apply(standing(self.entries, now_s))
        self._look_ahead()

    def _look_ahead(self) -> None:
        coming = upcoming(self.entries, self._mark_s)
        self._next_s = self._mark_s + LEAP_S if coming is None else coming[0]
        self._engine.table.set("schedule/next", "" if coming is None else coming[1].told())

    def _apply(self, what: Standing) -> None:
        """What cannot be had is said, and the picture goes on."""
        show, look = self._show, what.look
        try:
            if look is not None:
                show.say(f"schedule: {look.told()}")
                if look.set:
                    self._begin_set(look.set)
                else:
                    self._cues.bring_loose(replace(look.cue, values={}))
        except PerformError as error:
            self._engine.health.failed("schedule", error)
            show.say(f"schedule: {error}")
        if what.blackout is not None:
            self._cues.values.darken(what.blackout)
        if what.values:
            self._cues.values.set("schedule", what.values)
