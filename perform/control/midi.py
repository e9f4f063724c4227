"""MIDI: every device in one place. Clock and timecode go to the engine's musical time, the rest to the map."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from perform.control.midi_clock import REAL_TIME, MidiClocks
from perform.control.midi_clock_out import MidiClockOut
from perform.control.midi_desk import MidiDesk
from perform.control.midi_ports import MidiPorts
from perform.control.midi_timecode import QUARTER_FRAME, MidiTimecode
from perform.core.contracts import BeatSource
from perform.core.errors import DeviceError
from perform.core.types import BeatClock, ControlEvent, Value

FLUSH_S = 0.1
"""So long the last messages (a stop, the lights' good night) get to leave before the ports close."""


class MidiControl:
    """wanted: `auto`, or a part of the names of the devices to open. clock: show time.

    desk: the controllers and their maps. clock_out: where our own clock goes: "" nowhere, `virtual` a port of our own,
    else a part of an output's name. bpm: tempo for beats from timecode. Thread: `open`, `close` from one, the rest
    from the engine's.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        wanted: str = "auto",
        *,
        clock_out: str = "",
        clock_offset_s: float = 0.0,
        desk: Callable[[Callable[[str, list[int]], bool]], MidiDesk] | None = None,
        bpm: Callable[[], float] = lambda: 120.0,
    ) -> None:
        self._clock = clock
        self._clock_out_to = clock_out
        self._clock_offset_s = clock_offset_s
        self.ports = MidiPorts(self._receive, clock, wanted)
        self.clocks = MidiClocks()
        self.timecode = MidiTimecode(bpm)
        self.sources: list[BeatSource] = [self.clocks, self.timecode]
        self.clock_out: MidiClockOut | None = None
        self.desk = None if desk is None else desk(self._to_device)
        self._values: Callable[[], Mapping[str, Value]] = dict

    def read_values(self, values: Callable[[], Mapping[str, Value]]) -> None:
        """Where the engine's base values are, for the rows of learning."""
        self._values = values

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """Open the ports. Raises DeviceError where there is no MIDI, or no such output for the clock."""
        if self.desk is not None:
            self.desk.post = self.desk.learning.post = post
            self.ports.changed = self.desk.plugged
        self.ports.open()
        if self.desk is not None:
            self.desk.feedback.start()
        if self._clock_out_to:
            name = "" if self._clock_out_to == "virtual" else self.ports.output_like(self._clock_out_to)
            if not name and self._clock_out_to != "virtual":
                there = ", ".join(self.ports.output_names()) or "none"
                self.ports.close()
                raise DeviceError(f"MIDI clock out: no output like {self._clock_out_to!r}; there are: {there}")
            self.clock_out = MidiClockOut(
                lambda message: self.ports.send(name, message), self._clock, self._clock_offset_s
            )
            self.clock_out.start()

    def _receive(self, port: str, message: list[int], time_s: float) -> None:
        """One message, in its port's thread."""
        status = message[0]
        if status in REAL_TIME:
            self.clocks.message(port, message, time_s)
        elif status == QUARTER_FRAME and len(message) == 2:
            self.timecode.quarter(message[1], time_s)
        elif status == 0xF0:
            self.timecode.full(message[1:-1], time_s)
        elif self.desk is not None:
            self.desk.message(port, message, time_s)

    def _to_device(self, device: str, message: list[int]) -> bool:
        """To the output that belongs to an input's name."""
        return self.ports.send(self.ports.partner(device), message)

    def tell(self, word: BeatClock) -> None:
        """The engine's own beat, for the clock that goes out."""
        if self.clock_out is not None:
            self.clock_out.tell(word)

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Sources of modulation."""
        found = {**self.timecode.signals(seconds), "midi/playing": float(self.clocks.playing())}
        if self.desk is not None:
            self.desk.learning.settle(self._values())
            found.update(self.desk.signals())
        return found

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        out = {} if self.clock_out is None else {f"clock out {k}": v for k, v in self.clock_out.counts().items()}
        desk = {} if self.desk is None else {**self.desk.counted, "feedback": self.desk.feedback.sent}
        return {**self.ports.counted, **desk, **out}

    def close(self) -> None:
        """Stop the clock and free the ports. Safe to call twice."""
        if self.clock_out is not None:
            self.clock_out.close()
        if self.desk is not None:
            self.desk.close()
        if self.ports.counted["sent"]:
            time.sleep(FLUSH_S)
        self.ports.close()
