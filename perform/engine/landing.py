"""Lets changes land on the beat: which events wait, for what, and how much sooner a painter must hear of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perform.core.params import ParamTable, is_wish
from perform.core.quantise import OFF, Quantiser
from perform.core.types import ControlEvent, Moment
from perform.engine.lead import PainterDelay

_QUANTISE, _WAITING = "tempo/quantise", "tempo/waiting"


class Landing:
    """Stands between the events and the table. One owner: the engine's thread.

    delays: deck letter -> what its painter's way to the screen takes. prepare: told of each event that is kept back,
    so that slow work can be done before the boundary. length_of: what an address waits for; "": as
    `tempo/quantise` has it.
    """

    def __init__(self, table: ParamTable, delays: Mapping[str, PainterDelay]) -> None:
        self._table = table
        self._delays = delays
        self.quantiser = Quantiser(self._keeps_all)
        self.landed = 0
        self.length_of: Callable[[str], str] = lambda _: ""
        self.prepare: Callable[[ControlEvent], None] = lambda _: None

    def keeps(self, event: ControlEvent, moment: Moment) -> bool:
        """Whether an event is kept back for its boundary. Raises PresetError for a length that is none."""
        table = self._table
        if event.address not in table:
            return False
        if event.address == _WAITING:
            self.quantiser.clear()
            return False
        length = event.when
        if not length and table[event.address].quantised:
            length = self.length_of(event.address) or str(table.base().get(_QUANTISE, OFF))
        kept = self.quantiser.hold(event, length, moment, self._early_s(event.address))
        if kept:
            self.prepare(event)
        return kept

    def due(self, moment: Moment) -> list[ControlEvent]:
        """What is to happen in the frame of `moment`. Also tells the table how much still waits."""
        events = self.quantiser.due(moment)
        self.landed += len(events)
        waiting = len(self.quantiser)
        if self._table.base().get(_WAITING, waiting) != waiting:
            self._table.set(_WAITING, waiting)
        return events

    def _early_s(self, address: str) -> float:
        """A painter's parameters are seen when it has painted with them; all else in the frame at hand."""
        words = address.split("/", 3)
        if len(words) < 4 or words[0] != "deck" or words[2] != "source":
            return 0.0
        delay = self._delays.get(words[1])
        return 0.0 if delay is None else delay.seconds

    def _keeps_all(self, address: str) -> bool:
        row = self._table[address]
        return row.kind == "trigger" or is_wish(row)
