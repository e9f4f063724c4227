"""MIDI: every device in one place. Clock and timecode go to the engine's musical time, the rest to the map."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perform.control.midi_clock import REAL_TIME, MidiClocks
from perform.control.midi_clock_out import MidiClockOut
from perform.control.midi_ports import MidiPorts
from perform.control.midi_timecode import QUARTER_FRAME, MidiTimecode
from perform.core.contracts import BeatSource
from perform.core.errors import DeviceError
from perform.core.types import BeatClock, ControlEvent


class MidiControl:
    """wanted: `auto`, or a part of the names of the devices to open. clock: show time.

    clock_out: where our own clock goes: "" nowhere, `virtual` a port of our own, else a part of an output's name.
    bpm: tempo for beats from timecode. Thread: `open`, `close` from one, the rest from the engine's.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        wanted: str = "auto",
        *,
        clock_out: str = "",
        clock_offset_s: float = 0.0,
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
        self.post: Callable[[ControlEvent], None] = lambda event: None

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """Open the ports. Raises DeviceError where there is no MIDI, or no such output for the clock."""
        self.post = post
        self.ports.open()
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

    def tell(self, word: BeatClock) -> None:
        """The engine's own beat, for the clock that goes out."""
        if self.clock_out is not None:
            self.clock_out.tell(word)

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Sources of modulation."""
        return {**self.timecode.signals(seconds), "midi/playing": float(self.clocks.playing())}

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        out = {} if self.clock_out is None else {f"clock out {k}": v for k, v in self.clock_out.counts().items()}
        return {**self.ports.counted, **out}

    def close(self) -> None:
        """Stop the clock and free the ports. Safe to call twice."""
        if self.clock_out is not None:
            self.clock_out.close()
        self.ports.close()
