"""What plays when nobody turns a knob: the cues of a set, the autopilot, the room's schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from perform.autopilot import Autopilot
from perform.core.errors import PerformError
from perform.core.schedule import Entry
from perform.core.types import ControlEvent, Value
from perform.cue_desk import CueDesk
from perform.schedule_desk import ScheduleDesk

if TYPE_CHECKING:
    from perform.show import Show


class Programme:
    """A Sense too. Thread: the engine's; `step` once a tick."""

    def __init__(self, show: Show) -> None:
        self.autopilot = Autopilot(show)
        self.cues = CueDesk(show)
        self.schedule = ScheduleDesk(show, self.cues, self._begin_set)
        self._show = show
        show.engine.senses.append(self)

    def begin(self, set_name: str | None, preset: str | None, usual: str, schedule: Sequence[Entry] = ()) -> None:
        """What a show begins with: what the schedule has now, else a set's first cue, else a preset; where a preset is
        named beside a set, the set waits for GO.

        usual: the preset where there is nothing else. Raises PresetError for a set or a preset that is none.
        """
        show = self._show
        if set_name:
            self.cues.load(set_name)
        if self.schedule.open(schedule):
            return
        if set_name and preset is None:
            self._first()
        if show.preset.name == "none" or preset is not None:
            show.recall(preset or usual)

    def _begin_set(self, name: str) -> None:
        self.cues.load(name)
        self._first()

    def _first(self) -> None:
        self.cues.at = -1
        place = self.cues.neighbour(1)
        if place >= 0:
            self.cues.bring(place)

    def standing(self) -> Mapping[str, str]:
        """Where the set stands, by name, so that a later show can stand there too."""
        count = {"looks": str(self.autopilot.count)} if self.autopilot.count else {}
        return {**self.cues.standing(), **count}

    def stand(self, kept: Mapping[str, str]) -> list[str]:
        """Stand where another show stood; its look is there already. Returns what could not be had."""
        count = kept.get("looks", "")
        self.autopilot.count = int(count) if count.isdecimal() and len(count) < 10 else 0
        if not kept.get("set"):
            return []
        try:
            self.cues.load(kept["set"])
        except PerformError as error:
            return [str(error)]
        self.cues.stand_at(kept)
        return []

    def grant(self, path: str, value: Value) -> bool:
        """Obey one wish. Returns whether it was one of these. Raises PerformError."""
        return self.cues.grant(path, value)

    def step(self) -> None:
        """Once a tick, after it was shown."""
        try:
            self.cues.step()
            self.autopilot.step()
            self.schedule.step()
        except PerformError as error:
            self._show.engine.health.failed("cue", error)
            self._show.say(str(error))

    def land(self) -> None:
        """In mid-tick: what has waited for the beat."""
        self.cues.land()

    def coming(self, event: ControlEvent) -> str:
        """The preset that an event will bring, "" where none is known."""
        return self.cues.coming(event.address, event.value)

    def told(self) -> list[str]:
        """Lines for the HUD."""
        moment, table = self._show.engine.moment, self._show.engine.table
        lines = [self.cues.told(moment)]
        if table.value("autopilot/on"):
            lines.append(f"autopilot: next {table.value('autopilot/coming') or '-'}")
        return [line for line in lines if line]

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Where the set stands, as sources of modulation."""
        moment = self._show.engine.moment
        return {**self.cues.signals(moment), **self.autopilot.signals(moment)}
