"""Small contracts between the parts. A unit that needs more shows that the contract is wrong: mend it here first.

Every contract has a fake that ships with the package: `synth` audio, the `testcard` generator, the offscreen
surface, the `memory` sink.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from perform.core.params import Param
from perform.core.types import AudioBlock, BeatClock, ControlEvent, Features, Frame, Moment, ParamFrame, Picture


@runtime_checkable
class AudioInput(Protocol):
    """A source of sound. `read` never blocks longer than about 50 ms.

    A pull input (`live` False: file or synth under an offline clock) delivers exactly the samples asked for.
    """

    name: str
    rate_hz: float
    channels: int
    live: bool

    def open(self) -> None:
        """Start. Raises DeviceError or MediaError."""

    def read(self, frames: int) -> AudioBlock | None:
        """At most `frames` of the samples that are there; None when nothing came in time or all is played."""

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: overflows, dropped, reopened, errors, clipped."""

    def beat(self) -> BeatClock | None:
        """The exact beat, where the source itself knows it (the synth band); else None."""

    @property
    def finished(self) -> bool:
        """True when no more sound will ever come."""

    def close(self) -> None:
        """Stop and free. Safe to call twice."""


@runtime_checkable
class Analyser(Protocol):
    """Sound to features, streaming, the same whatever the block size."""

    def process(self, block: AudioBlock) -> list[Features]:
        """Feed a block; one Features for each hop that it completed (maybe none)."""


@runtime_checkable
class Generator(Protocol):
    """A painter. PARAMS: its rows for the table (paths without prefix). Lives in a worker."""

    PARAMS: Sequence[Param]
    PICTURES_IN: Sequence[str]
    PICTURES_OUT: Sequence[str]

    def open(self, card: Any, device: str) -> None:
        """Take a card (or None) and a device name; allocate nothing heavy yet."""

    def prepare(self, request: Mapping[str, Any]) -> None:
        """Slow work, done in the background while the old one plays: load, warm, capture."""

    def render(self, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> Frame:
        """Paint. `params` holds this generator's own rows, without prefix."""

    def close(self) -> None:
        """Free everything."""


@runtime_checkable
class Stage(Protocol):
    """Everything OpenGL, seen from the engine: it takes pictures and parameters, and shows them."""

    size: tuple[int, int]

    def show(self, frames: Mapping[str, Frame], params: ParamFrame, features: Features, moment: Moment) -> None:
        """Draw one frame from the newest pictures by deck (`{"a": frame}`) and present it."""

    def read_back(self) -> np.ndarray | None:
        """The previous shown frame, [h, w, 3] uint8 top row first; None before the second frame."""

    def finish(self) -> np.ndarray:
        """The frame shown last, waiting for it: for offline rendering and screenshots."""

    def poll(self) -> list[ControlEvent]:
        """Window events since the last call, as control events; `quit` asks to end."""

    def close(self) -> None:
        """Free all GL objects and the window."""


@runtime_checkable
class Sink(Protocol):
    """Where finished frames go besides the screen: recordings, streams, memory."""

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Hand over one picture [h, w, 3] uint8. Never blocks a live show; drops are counted."""

    def send_audio(self, block: AudioBlock) -> None:
        """Hand over sound that belongs to the pictures."""

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: written, dropped, errors."""

    def close(self) -> None:
        """Finish the file."""


@runtime_checkable
class Control(Protocol):
    """A listener (OSC, MIDI, web). Runs its own thread and posts events: `post` takes one, or several that belong
    together and are to land in the same tick."""

    def open(self, post: Callable[..., None]) -> None:
        """Start listening. Raises DeviceError, naming the port."""

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: received, refused, coalesced, errors."""

    def close(self) -> None:
        """Stop and free the port."""


@runtime_checkable
class BeatSource(Protocol):
    """Somebody outside who knows the beat: Link, MIDI clock, timecode. `name` is its place in the order of sources."""

    name: str

    def beat(self, seconds: float) -> BeatClock | None:
        """Its newest word, stamped on the show's clock; None while it says nothing. Thread: that of the engine."""

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""


@runtime_checkable
class Sense(Protocol):
    """Anything that gives sources of modulation beside the sound: MIDI, timecode, sensors."""

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Source name -> value now. Thread: that of the engine, once a tick."""
