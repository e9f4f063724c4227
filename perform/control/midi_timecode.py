"""MIDI timecode in: quarter frames and full frames, at all four rates, as a place in seconds on the show's clock.

Facts: MIDI Time Code (MMA/AMEI, 1987; in the MIDI 1.0 Detailed Specification). Eight quarter frames spell one time,
low digits first; it belongs to the first of them, and the last comes seven quarters of a frame later. Drop-frame skips
the frame numbers 0 and 1 of each minute but every tenth (SMPTE ST 12-1), so that 29.97 frames a second keep time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perform.core.tick_filter import TickFilter
from perform.core.types import BeatClock

QUARTER_FRAME = 0xF1
NOMINAL = (24, 25, 30, 30)
"""By rate code 0..3, what the frames field counts to: 24, 25, 30 drop (29.97), 30."""

DROP = 2
STILL_S = 0.2
"""Longer without a quarter frame, and the tape stands."""

WHOLE_DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Timecode:
    """hours:minutes:seconds:frames at a rate code."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    rate: int

    @property
    def fps(self) -> float:
        """Frames that really pass in a second."""
        return 30000.0 / 1001.0 if self.rate == DROP else float(NOMINAL[self.rate])

    @property
    def valid(self) -> bool:
        """Whether such a time exists."""
        fields = self.hours < 24 and self.minutes < 60 and self.seconds < 60 and self.frames < NOMINAL[self.rate]
        dropped = self.rate == DROP and self.frames < 2 and self.seconds == 0 and self.minutes % 10
        return fields and not dropped

    @property
    def number(self) -> int:
        """Frames since 0:00:00:00."""
        minutes = 60 * self.hours + self.minutes
        number = (minutes * 60 + self.seconds) * NOMINAL[self.rate] + self.frames
        return number - 2 * (minutes - minutes // 10) if self.rate == DROP else number

    @property
    def time_s(self) -> float:
        """Seconds since 0:00:00:00."""
        return self.number / self.fps


class MidiTimecode:
    """One stream of timecode. Thread: messages from that of the port, the rest from the engine's.

    bpm: tempo for whoever wants beats from it; timecode itself knows none.
    """

    name = "mtc"

    def __init__(self, bpm: Callable[[], float] = lambda: 120.0) -> None:
        self._bpm = bpm
        self._pieces = [0] * 8
        self._next = -1
        self._forward = True
        self._run = 0
        self._known = False
        self._pulse = TickFilter(0.25 / 120.0, 0.25 / 6.0, lost_s=STILL_S)
        self._place_s = 0.0  # of the tape at tick number _place_tick
        self._place_tick = 0
        self._quarter_s = 0.25 / 30.0
        self._newest_s = -1e9
        self._state: tuple[float, float, float] | None = None  # show time, place, speed
        self.received = 0
        self.refused = 0
        self.rate = 3

    def quarter(self, data: int, time_s: float) -> None:
        """The data byte of a quarter frame, that came at show time `time_s`."""
        piece, nibble = (data >> 4) & 7, data & 15
        if time_s - self._newest_s > STILL_S:  # it may have been wound: nothing is known until a whole time is read
            self._run, self._next, self._known = 0, -1, False
        if piece != self._next and not self._turned(piece):
            self._run = 0
            self._forward = piece != 7
        self._pieces[piece] = nibble
        self._run += 1
        self._next = (piece + (1 if self._forward else -1)) % 8
        self._pulse.tick(time_s)
        self._newest_s = time_s
        last = 7 if self._forward else 0
        if piece == last and self._run >= 8:
            self._spelled()
        self._publish()

    def _turned(self, piece: int) -> bool:
        """The tape goes the other way from here on."""
        before = (self._next - (1 if self._forward else -1)) % 8
        if self._next < 0 or piece != (before + (-1 if self._forward else 1)) % 8 or self._run < 2:
            return False
        self._forward, self._run = not self._forward, 1
        return True

    def _spelled(self) -> None:
        p = self._pieces
        code = Timecode(
            p[6] | (p[7] & 1) << 4, p[4] | (p[5] & 3) << 4, p[2] | (p[3] & 3) << 4, p[0] | (p[1] & 1) << 4,
            (p[7] >> 1) & 3,
        )  # fmt: skip
        if not code.valid:
            self.refused += 1
            return
        self.received += 1
        self.rate, self._quarter_s = code.rate, 0.25 / code.fps
        self._place_s = code.time_s + (7.0 if self._forward else -7.0) * self._quarter_s
        self._place_tick, self._known = self._pulse.count, True

    def full(self, body: bytes | list[int], time_s: float) -> bool:
        """A full frame message without F0 and F7: 7F device 01 01 hh mm ss ff. False where it is something else."""
        if len(body) != 8 or body[0] != 0x7F or body[2] != 1 or body[3] != 1:
            return False
        code = Timecode(body[4] & 31, body[5] & 63, body[6] & 63, body[7] & 31, (body[4] >> 5) & 3)
        if not code.valid:
            self.refused += 1
            return True
        self.received += 1
        self.rate, self._quarter_s = code.rate, 0.25 / code.fps
        self._run, self._next = 0, -1
        self._place_s, self._place_tick = code.time_s, self._pulse.count
        self._state = (time_s, code.time_s, 0.0)  # the tape was wound there, and stands
        return True

    def _publish(self) -> None:
        if not self._known:
            return
        pulse, way = self._pulse, 1.0 if self._forward else -1.0
        place_s = self._place_s + way * (pulse.count - self._place_tick) * self._quarter_s
        speed = way * self._quarter_s / pulse.period_s if pulse.ready else way
        self._state = (pulse.time_s, place_s, speed)

    def at(self, seconds: float) -> tuple[float, float] | None:
        """(place of the tape in seconds, its speed) at show time `seconds`; None before the first whole time."""
        state = self._state
        if state is None:
            return None
        time_s, place_s, speed = state
        if speed and seconds - self._newest_s > STILL_S:
            return (place_s % WHOLE_DAY_S, 0.0)
        return ((place_s + max(0.0, seconds - time_s) * speed) % WHOLE_DAY_S, speed)

    def beat(self, seconds: float) -> BeatClock | None:
        """Beats from the beginning of the tape at the tempo of the hand, while it runs."""
        found = self.at(seconds)
        if found is None or found[1] <= 0.0:
            return None
        tempo, speed = self._bpm(), found[1]
        if abs(speed - 1.0) < 0.02:
            speed = 1.0  # what is left is the jitter of the cable
        return BeatClock(seconds, found[0] * tempo / 60.0, tempo * speed, 0, 1.0, "mtc")

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Sources of modulation: the place in seconds, and 1 while it runs."""
        found = self.at(seconds)
        return {} if found is None else {"mtc/time": found[0], "mtc/running": float(found[1] != 0.0)}

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: whole times read, times that cannot be."""
        return {"times": self.received, "refused": self.refused}
