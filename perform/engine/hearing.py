"""The analysis side of the show: sound in, features and the beat out; in a thread live, by demand offline."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from perform.core.contracts import Analyser, AudioInput
from perform.core.errors import PerformError
from perform.core.routes import is_counter
from perform.core.stream_clock import StreamClock
from perform.core.types import AudioBlock, BeatClock, Features
from perform.engine.mailbox import Mailbox

READ_FRAMES = 256
SKIP_FRAMES = 2048
STALE_S = 0.3
"""After this long without sound a source counts as lost, and its values fall to rest."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest analysis. arrived_s: show time at which it was finished. age_s: how old it is by now.

    shift_s: what to add to stream time for the show time at which the listener hears that sound; None where only the
    age is known.
    """

    features: Features
    beat: BeatClock | None
    arrived_s: float
    age_s: float = 0.0
    shift_s: float | None = None

    def since_s(self, stream_s: float, seconds: float) -> float:
        """How long before show time `seconds` the listener heard the sound of stream time `stream_s`."""
        if self.shift_s is None:
            return self.features.time_s - stream_s + self.age_s
        return seconds - stream_s - self.shift_s


class Hearing(Protocol):
    """What the engine knows of sound."""

    def at(self, seconds: float) -> Heard | None:
        """What was heard up to show time `seconds`; None before the first hop."""

    def settle_with(self, settle: Callable[[], None]) -> None:
        """Who brings the settings of the analysis up to date, before each block."""

    def add_listener(self, listen: Listener) -> None:
        """One more that gets every block."""

    def counts(self) -> dict[str, int]:
        """Counters of the input, the analysis and the listeners."""

    @property
    def finished(self) -> bool:
        """True when no more sound will come."""

    def close(self) -> None:
        """Stop."""


Beats: TypeAlias = Callable[[AudioBlock], BeatClock | None]
"""Follows the sound and tells the beat, as a tracker or an input that knows it does. One that has `note(hops)` is told
the features of each block first."""


Listener: TypeAlias = Callable[[AudioBlock], Any]
"""Gets every block as well: the loudspeaker, a recording."""


class _Ear:
    """One block from the input through analysis and beat, with its listeners."""

    def __init__(
        self,
        sound: AudioInput,
        analyser: Analyser,
        beats: Beats | None,
        listeners: Sequence[Listener],
    ) -> None:
        self.sound = sound
        self.analyser = analyser
        self.beats = beats
        self.note: Callable[[list[Features]], None] | None = getattr(beats, "note", None)
        self.listeners = list(listeners)
        self.settle: Callable[[], None] = lambda: None
        self.newest: Heard | None = None
        self.errors = 0
        self.last_error = ""

    def wanted(self) -> int:
        """How many samples complete the next hop: to read more would keep a finished hop waiting."""
        return int(getattr(self.analyser, "frames_to_hop", READ_FRAMES))

    def take(self, block: AudioBlock, clock: Callable[[], float]) -> Heard | None:
        self.settle()
        hops = self.analyser.process(block)
        if self.note is not None:
            self.note(hops)
        beat = self.beats(block) if self.beats else None
        for listen in self.listeners:
            listen(block)
        if hops:
            self.newest = Heard(hops[-1], beat, clock())
        return self.newest if hops else None

    def counts(self) -> dict[str, int]:
        """Counters of input, analysis and tracker, by name."""
        counted = dict(self.sound.counts())
        for prefix, part in (("analysis", self.analyser), ("beats", self.beats)):
            more = getattr(part, "counts", None)
            if callable(more):
                counted |= {f"{prefix} {name}": value for name, value in more().items()}
        if self.errors:
            counted["hearing errors"] = self.errors
        return counted


class OfflineHearing:
    """Reads exactly the sound that belongs to a frame, so that a render is the same every time."""

    def __init__(
        self,
        sound: AudioInput,
        analyser: Analyser,
        beats: Beats | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._ear = _Ear(sound, analyser, beats, listeners)
        self._read, self._rate_hz = 0, sound.rate_hz
        self._ended = False

    def settle_with(self, settle: Callable[[], None]) -> None:
        """Called before each block: brings the settings of the analysis up to date."""
        self._ear.settle = settle

    def add_listener(self, listen: Listener) -> None:
        """One more that gets every block."""
        self._ear.listeners.append(listen)

    def at(self, seconds: float) -> Heard | None:
        """Read on up to `seconds` of sound."""
        sound = self._ear.sound
        if sound.rate_hz != self._rate_hz:  # samples read so far, as the new rate counts them
            self._read = round(self._read / self._rate_hz * sound.rate_hz)
            self._rate_hz = sound.rate_hz
        missing = round(seconds * sound.rate_hz) - self._read
        while missing > 0 and not self._ended:
            block = sound.read(missing)
            if block is None:
                self._ended = True
                break
            n = len(block.samples)
            self._read += n
            missing -= n
            self._ear.take(block, lambda: seconds)
        heard = self._ear.newest
        return None if heard is None else replace(heard, age_s=max(0.0, seconds - heard.features.time_s))

    def counts(self) -> dict[str, int]:
        """Counters of input and analysis."""
        return self._ear.counts()

    @property
    def finished(self) -> bool:
        """True when the sound is played out."""
        return self._ended

    def close(self) -> None:
        """Close the input."""
        self._ear.sound.close()


class LiveHearing:
    """Reads and analyses in a thread. Thread: `at`, `counts`, `close` from the engine; the rest inside.

    An error in a block is counted and the next block taken: the ear never goes deaf for good. skip: begin with the
    sound of now, for devices that were opened some time ago.
    """

    def __init__(
        self,
        sound: AudioInput,
        analyser: Analyser,
        clock: Callable[[], float],
        beats: Beats | None = None,
        listeners: Sequence[Listener] = (),
        skip: bool = False,
    ) -> None:
        self._ear = _Ear(sound, analyser, beats, listeners)
        self._clock = clock
        self._stream = StreamClock()
        self.path_s: Callable[[], float] = lambda: 0.0
        """From the listener's ear to where blocks can be read, in s: a device's latency; below 0 for sound that is
        read first and heard later, out of a loudspeaker."""
        self._box: Mailbox[Heard] = Mailbox()
        self._before: dict[str, int] = {}
        self._skip = skip
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)

    def settle_with(self, settle: Callable[[], None]) -> None:
        """Called before each block, in the thread of the analysis: brings its settings up to date."""
        self._ear.settle = settle

    def add_listener(self, listen: Listener) -> None:
        """One more that gets every block. Before `start`, or between two blocks."""
        self._ear.listeners = [*self._ear.listeners, listen]

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def at(self, seconds: float) -> Heard | None:
        """The newest analysis, with its age."""
        heard = self._box.peek()
        return None if heard is None else replace(heard, age_s=max(0.0, seconds - heard.arrived_s))

    def counts(self) -> dict[str, int]:
        """Counters of input and analysis since it began to listen."""
        return {name: value - self._before.get(name, 0) for name, value in self._ear.counts().items()}

    @property
    def last_error(self) -> str:
        """The newest failure, one line."""
        return self._ear.last_error

    @property
    def finished(self) -> bool:
        """True when the sound is played out."""
        return self._ear.sound.finished

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        self._ear.sound.close()

    def _skip_to_now(self) -> None:
        """Pass over what a device delivered while the show was being set up: it is old, and nobody waits for it."""
        try:
            block = self._ear.sound.read(SKIP_FRAMES)
            while block is not None and len(block.samples) == SKIP_FRAMES and not self._stop.is_set():
                block = self._ear.sound.read(SKIP_FRAMES)
        except (PerformError, OSError):
            return  # the loop meets it again, and counts it
        self._before = dict(self._ear.sound.counts())

    def _run(self) -> None:
        if self._skip:
            self._skip_to_now()
        while not self._stop.is_set() and not self._ear.sound.finished:
            try:
                block = self._ear.sound.read(self._ear.wanted())
                if block is None:
                    self._stop.wait(0.002)
                    continue
                self._stream.note(block.start_s + len(block.samples) / block.rate_hz, self._clock())
                heard = self._ear.take(block, self._clock)
                if heard is not None:
                    shift_s = self._stream.shift_s
                    assert shift_s is not None
                    self._box.put(replace(heard, shift_s=shift_s - self.path_s()))
            except (PerformError, ValueError, ArithmeticError, OSError, RuntimeError) as error:
                self._ear.errors += 1
                self._ear.last_error = f"{type(error).__name__}: {error}".splitlines()[0][:300]
                self._stop.wait(0.05)


def resting(features: Features, age_s: float) -> Features:
    """Features of a source that has gone quiet without a word: everything but counters and integrated time falls to
    rest within about a second, so nothing sticks at its peak."""
    if age_s <= STALE_S:
        return features
    left = math.exp(-(age_s - STALE_S) / 0.3)
    values = {
        name: value if is_counter(name) or name.endswith(("/time", "_db", "_hz")) else value * left
        for name, value in features.values.items()
    }
    for name in ("audio/silence", "section/silence"):
        if name in values:
            values[name] = 1.0 - left * (1.0 - features.values[name])
    return replace(features, values=values, spectrum=features.spectrum * left, waveform=features.waveform * left)
