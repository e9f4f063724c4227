"""What plays when nobody turns a knob: the cues of a set, the autopilot, the room's schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from perform.autopilot import Autopilot
from perform.core.errors import PerformError
from perform.core.types import ControlEvent, Value
from perform.cue_desk import CueDesk

if TYPE_CHECKING:
    from perform.show import Show


class Programme:
    """A Sense too. Thread: the engine's; `step` once a tick."""

    def __init__(self, show: Show) -> None:
        self.autopilot = Autopilot(show)
        self.cues = CueDesk(show)
        self._show = show
        show.engine.senses.append(self)

    def begin(self, name: str, preset: str | None, usual: str) -> None:
        """Open a set: with its first cue at once, or, where a preset is named, with that one, waiting for GO.

        usual: the preset that plays where no cue can. Raises PresetError for a set that is none.
        """
        show = self._show
        self.cues.load(name)
        self.cues.at = -1
        place = self.cues.neighbour(1)
        if preset is not None or place < 0:
            show.recall(preset or usual)
            return
        self.cues.bring(place)
        if show.preset.name == "none":
            show.recall(usual)

    def grant(self, path: str, value: Value) -> bool:
        """Obey one wish. Returns whether it was one of these. Raises PerformError."""
        return self.cues.grant(path, value)

    def step(self) -> None:
        """Once a tick, after it was shown."""
        try:
            self.cues.step()
            self.autopilot.step()
        except PerformError as error:
            self._show.engine.health.failed("cue", error)
            self._show.say(str(error))

    def land(self) -> None:
        """In mid-tick: what has waited for the beat."""
        self.cues.land()

    def coming(self, event: ControlEvent) -> str:
        """The preset that an event will bring, "" where none is known."""
        return self.cues.coming(event.address, event.value)

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Where the set stands, as sources of modulation."""
        moment = self._show.engine.moment
        return {**self.cues.signals(moment), **self.autopilot.signals(moment)}
