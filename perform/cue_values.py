"""What cues and the schedule set besides a look: values by address, and the dark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from perform.core.errors import ParamError
from perform.core.params import is_wish
from perform.core.types import ControlEvent, Value
from perform.room import room_paths

if TYPE_CHECKING:
    from perform.show import Show


class CueValues:
    """Thread: the engine's. darkened: whether one of these has taken the light, so that one of these gives it back."""

    def __init__(self, show: Show) -> None:
        self.darkened = False
        self._show, self._engine, self._rooms = show, show.engine, room_paths()

    def darken(self, dark: bool) -> None:
        """Blackout, or the light back where it was one of these that took it."""
        if dark or self.darkened:
            self.darkened = dark
            self._engine.table.set("out/blackout", dark)

    def set(self, who: str, values: Mapping[str, Value]) -> None:
        """Set values. One that makes no sense is said, as by `who`."""
        table = self._engine.table
        for path, value in values.items():
            try:
                if path in self._rooms or (path.startswith("cue/") and path != "cue/quantise"):
                    raise ParamError(f"{path} is not for cues to set")
                row = table[path]
                row.checked(value)
                if is_wish(row) or path.startswith("tempo/"):
                    self._engine.queue.post(ControlEvent(path, value, self._engine.moment.seconds, "cue", when="now"))
                else:
                    table.set(path, value)
            except ParamError as error:
                self._show.say(f"{who}: {error}")
