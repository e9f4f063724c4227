"""MIDI clock in: 24 ticks a quarter note, start, stop, continue and song position, as a beat on the show's clock.

Facts: MIDI 1.0 Detailed Specification, "System Real Time Messages" and "Song Position Pointer". A start or continue
takes effect with the clock that follows it; song position counts sixteenths, of six clocks each.
"""

from __future__ import annotations

from collections.abc import Mapping

from perform.core.tick_filter import TickFilter
from perform.core.types import BeatClock

CLOCK, START, CONTINUE, STOP, SONG_POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
REAL_TIME = frozenset({CLOCK, START, CONTINUE, STOP, SONG_POSITION})
TICKS = 24
LOST_S = 0.5
"""After this long without a tick a clock is gone (at 30 beats a minute they come every 0.08 s)."""

STOPPED = 0.3
"""Confidence in the beat of a clock that ticks and was not started: it knows the tempo and not the place."""


class MidiClockIn:
    """The clock of one port. Thread: `message` from that of the port, `beat` from the engine's."""

    def __init__(self) -> None:
        self._filter = TickFilter(2.5 / 400.0, 2.5 / 15.0)
        self._begins_at: float | None = 0.0  # sixteenths at the next tick, after a start or a continue
        self._position = 0.0  # sixteenths, where a continue will go on from
        self._origin = 0.0  # beats at tick 0
        self.playing = False
        self._newest_s = -1e9
        self._state: tuple[float, float, float, float, bool] | None = None
        self.starts = 0

    def message(self, data: bytes | list[int], time_s: float) -> None:
        """One message of REAL_TIME, that came at show time `time_s`."""
        status = data[0]
        if status == CLOCK:
            self._tick(time_s)
        elif status == START:
            self._begin(0.0)
        elif status == CONTINUE:
            self._begin(self._position)
        elif status == STOP:
            self.playing = False
            self._position = max(0.0, 4.0 * self._beats_at(self._filter.count))
            self._publish()
        elif status == SONG_POSITION and len(data) == 3:
            self._position = float((data[1] & 0x7F) | (data[2] & 0x7F) << 7)
            if self.playing:
                self._begins_at = self._position

    def _begin(self, sixteenths: float) -> None:
        self.playing = True
        self.starts += 1
        self._begins_at = sixteenths

    def _tick(self, time_s: float) -> None:
        pulse = self._filter
        if self._begins_at is None:
            pulse.tick(time_s)
        else:
            pulse.tick_anew(time_s)
            self._origin = self._begins_at / 4.0 - pulse.count / TICKS
            self._begins_at = None
        self._newest_s = time_s
        self._publish()

    def _beats_at(self, tick: float) -> float:
        return self._origin + tick / TICKS

    def _publish(self) -> None:
        """What the engine may read: one value, handed over whole."""
        pulse = self._filter
        if pulse.ready:
            sure = 1.0 - min(0.5, pulse.jitter_s / pulse.period_s)
            beats = self._beats_at(pulse.count)
            self._state = (pulse.time_s, beats, pulse.period_s, sure if self.playing else STOPPED, self.playing)

    def beat(self, seconds: float) -> BeatClock | None:
        """The beat at show time `seconds`; None before six ticks have come, and when no more do."""
        state = self._state
        if state is None or seconds - self._newest_s > LOST_S:
            return None
        time_s, beats, period_s, confidence, _ = state
        tempo = 60.0 / (TICKS * period_s)
        # A word never lies in the future: what is shown between two ticks is what the pulse says.
        return BeatClock(seconds, beats + (seconds - time_s) * tempo / 60.0, tempo, 0, confidence, "midi")

    def alive(self, seconds: float) -> bool:
        """Whether ticks are coming."""
        return seconds - self._newest_s <= LOST_S

    @property
    def missed(self) -> int:
        """Ticks that were lost on the way and counted all the same."""
        return self._filter.missed

    @property
    def jitter_s(self) -> float:
        """How uneven the ticks come."""
        return self._filter.jitter_s


class MidiClocks:
    """The clocks of all ports: the one that was started last leads; else the first that ticks."""

    name = "midi"

    def __init__(self) -> None:
        self._clocks: dict[str, MidiClockIn] = {}
        self._leader = ""

    def message(self, port: str, data: bytes | list[int], time_s: float) -> None:
        """One message of REAL_TIME from a port."""
        clock = self._clocks.get(port)
        if clock is None:
            clock = self._clocks[port] = MidiClockIn()
        clock.message(data, time_s)
        if data[0] in (START, CONTINUE):
            self._leader = port

    def beat(self, seconds: float) -> BeatClock | None:
        """The leading clock's beat."""
        clocks = self._clocks
        leader = clocks.get(self._leader)
        if leader is None or not leader.alive(seconds):
            there = [name for name, clock in list(clocks.items()) if clock.alive(seconds)]
            there.sort(key=lambda name: not clocks[name].playing)
            if not there:
                return None
            self._leader = there[0]
        return clocks[self._leader].beat(seconds)

    def playing(self) -> bool:
        """Whether the leading clock was started."""
        leader = self._clocks.get(self._leader)
        return leader is not None and leader.playing

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: ticks that were lost, starts."""
        clocks = list(self._clocks.values())
        return {"missed ticks": sum(c.missed for c in clocks), "starts": sum(c.starts for c in clocks)}
