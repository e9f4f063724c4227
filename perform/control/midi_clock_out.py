"""MIDI clock out: 24 ticks a beat from our own beat, from a thread that keeps time between two frames."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Callable, Mapping

from perform.control.midi_clock import CLOCK, CONTINUE, SONG_POSITION, START, STOP, TICKS
from perform.core.types import BeatClock

STALE_S = 1.0
"""Without a word from the engine for so long, the ticks stop: the show does."""

FAR_TICKS = 6.0
SWITCH_S = 0.0005
"""While a clock goes out, Python's threads change places this often (5 ms otherwise): a tick waits no longer for one
that computes."""

NEAREST = 0.5  # of a tick's length: two ticks never come closer than this


class MidiClockOut:
    """Sends clock, start at a bar line, and song position when the beat has gone to another place.

    send: hands a message to the cable; called in this thread. clock: show time. offset_s: how much earlier than the
    beat to send, for a slow cable or a slow receiver.
    """

    def __init__(self, send: Callable[[list[int]], object], clock: Callable[[], float], offset_s: float = 0.0) -> None:
        self._send = send
        self._clock = clock
        self._offset_s = offset_s
        self._word: BeatClock | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi clock out", daemon=True)
        self._next: int | None = None  # number of the next tick, counted in our beats
        self._zero = 0  # that of the tick which came with the start
        self._started = False
        self._sent_s = -1e9
        self._counts = {"ticks": 0, "late": 0, "relocated": 0}
        self.worst_late_s = 0.0
        self._interval_s = 0.0

    def start(self) -> None:
        """Begin; ticks come with the first word, the start at the next bar line."""
        self._interval_s = sys.getswitchinterval()
        sys.setswitchinterval(min(self._interval_s, SWITCH_S))
        self._thread.start()

    def tell(self, word: BeatClock) -> None:
        """The engine's beat: `beats` at show time `time_s`."""
        with self._changed:
            first, self._word = self._word is None, word
            if first:
                self._changed.notify()

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: ticks, those over 2 ms late, times that the place was told anew."""
        return dict(self._counts)

    def close(self) -> None:
        """Stop, with a stop. Safe to call twice."""
        self._stop.set()
        with self._changed:
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        if self._interval_s:
            sys.setswitchinterval(self._interval_s)
            self._interval_s = 0.0

    def _run(self) -> None:
        _before_others()
        while not self._stop.is_set():
            wait_s = self.step(self._clock())
            if wait_s > 0.0:
                with self._changed:
                    self._changed.wait(wait_s)
        if self._started:
            self._send([STOP])

    def step(self, now_s: float) -> float:
        """Send what is due at `now_s`; returns the seconds to sleep until the next look."""
        word = self._word
        if word is None:
            return 0.1
        if now_s - word.time_s > STALE_S:
            if self._started:
                self._send([STOP])
                self._started = False
            return 0.05
        tick_s = 60.0 / (TICKS * word.tempo_bpm)
        here = (word.beats + (now_s + self._offset_s - word.time_s) * word.tempo_bpm / 60.0) * TICKS
        if self._next is None:
            self._next = math.ceil(here)
        if abs(here - self._next) > FAR_TICKS:
            self._next = self._relocated(math.ceil(here))
        due_s = max((self._next - here) * tick_s, self._sent_s + NEAREST * tick_s - now_s)
        if due_s > 0.0004:
            return min(due_s - 0.0003 if due_s > 0.002 else due_s * 0.5, 0.05)
        self._emit(word, self._next, now_s, -due_s)
        return 0.0

    def _emit(self, word: BeatClock, number: int, now_s: float, late_s: float) -> None:
        if not self._started and self._begins_bar(word, number):
            self._send([START])
            self._started, self._zero = True, number
        self._send([CLOCK])
        self._next = number + 1
        self._sent_s = now_s
        self._counts["ticks"] += 1
        self._counts["late"] += late_s > 0.002
        self.worst_late_s = max(self.worst_late_s, late_s)

    def _begins_bar(self, word: BeatClock, number: int) -> bool:
        """Whether tick `number` is a bar's first."""
        length = max(1, word.beats_per_bar)
        begun = word.beats - max(0.0, word.bar_phase) * length
        place = (number / TICKS - begun) % length
        return min(place, length - place) < 0.5 / TICKS

    def _relocated(self, number: int) -> int:
        """The beat is somewhere else: go there, and tell the place to whoever counts along. The next tick's number."""
        if not self._started:
            return number
        self._counts["relocated"] += 1
        number += -(number - self._zero) % 6  # song position counts sixteenths; receivers go on from a whole one
        place = (number - self._zero) // 6 % 16384
        for message in ([STOP], [SONG_POSITION, place & 0x7F, place >> 7 & 0x7F], [CONTINUE]):
            self._send(message)
        return number


def _before_others() -> None:
    """This thread is woken before others, where the system lets us ask for it (Linux, with the right to)."""
    if hasattr(os, "sched_setscheduler"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))
