"""The worker round a generator: parameters go in by mailbox, finished frames come out, the newest wins.

A generator may be slow, or fail, or hang: the engine only ever looks into the outgoing mailbox. After a failure the
generator is made anew with a growing pause; the last good frame stays.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from perform.core.contracts import Generator
from perform.core.errors import PerformError
from perform.core.types import Frame, Moment, ParamFrame, Picture
from perform.engine.health import Timing
from perform.engine.mailbox import Mailbox

_SEQUENCE = itertools.count(1)
"""Frames are numbered over all painters, so that a frame of a new painter is never taken for one of the old."""
MOST_NOTICE = 800
"""Letters of one line of what could not be had."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
NO_PICTURES: Mapping[str, Picture] = {}
Factory = Callable[[], Generator]
"""Makes a generator that is open and prepared. Called in the worker: it may take its time."""


def numbered(frame: Frame, before: Frame | None) -> Frame:
    """The frame with its number: that of the one before where its image is the very same, so that it is no new one."""
    same = before is not None and before.image is frame.image
    return replace(frame, sequence=before.sequence if same and before is not None else next(_SEQUENCE))


class Painter(Protocol):
    """What the engine sees of a deck's generator. used: what it plays besides its model (LoRAs, a ControlNet): name,
    licence, sha256."""

    name: str
    failures: int
    last_error: str
    used: tuple[Mapping[str, Any], ...]

    def submit(self, params: ParamFrame, moment: Moment, pictures: Mapping[str, Picture] = NO_PICTURES) -> None:
        """Ask for a picture of this moment. Never blocks in a live show."""

    def newest(self) -> Frame | None:
        """The newest finished frame; None before the first."""

    @property
    def fps(self) -> float:
        """Pictures a second, of late."""

    @property
    def frame_ms(self) -> float:
        """Median time of one picture."""

    @property
    def frame_p95_ms(self) -> float:
        """What nearly every picture is finished in: the 95th percentile of the last ones."""

    def wait_ready(self, seconds: float) -> bool:
        """Wait until it is loaded, or has failed to; False when the time was not enough."""

    def dismiss(self) -> None:
        """Stop without waiting for it; the generator is freed when its picture is done."""

    def close(self) -> None:
        """Stop, and free the generator."""


class InlinePainter:
    """Paints at once in the caller's thread: for offline rendering, where every frame counts and an error ends it."""

    def __init__(self, name: str, factory: Factory, clock: Callable[[], float]) -> None:
        self.name = name
        self.failures = 0
        self.last_error = ""
        self.used: tuple[Mapping[str, Any], ...] = ()
        self._clock = clock
        self._generator = factory()
        self._frame: Frame | None = None
        self._timing = Timing()

    def submit(self, params: ParamFrame, moment: Moment, pictures: Mapping[str, Picture] = NO_PICTURES) -> None:
        """Paint now."""
        began = self._clock()
        frame = self._generator.render(params, pictures, moment)
        self._frame = numbered(frame, self._frame)
        self.last_error = _notice(self._generator) or self.last_error
        self.used = getattr(self._generator, "used", ())
        self._timing.add((self._clock() - began) * 1000.0)

    def newest(self) -> Frame | None:
        """The frame just painted."""
        return self._frame

    @property
    def frame_ms(self) -> float:
        """Median time of one picture."""
        return self._timing.percentile(50)

    @property
    def frame_p95_ms(self) -> float:
        """The 95th percentile of that."""
        return self._timing.percentile(95)

    @property
    def fps(self) -> float:
        """Pictures a second that the generator alone could paint."""
        return 1000.0 / self.frame_ms if self.frame_ms > 0.0 else 0.0

    def wait_ready(self, seconds: float) -> bool:
        """It is."""
        return True

    def dismiss(self) -> None:
        """Free the generator."""
        self.close()

    def close(self) -> None:
        """Free the generator."""
        self._generator.close()


class ThreadPainter:
    """Paints in a thread of its own. Thread: `submit`, `newest` and `close` from the engine, the rest inside."""

    def __init__(
        self, name: str, factory: Factory, clock: Callable[[], float], sleep: Callable[[float], Any] | None = None
    ) -> None:
        self.name = name
        self.failures = 0
        self.last_error = ""
        self.used: tuple[Mapping[str, Any], ...] = ()
        self._factory = factory
        self._clock = clock
        self._inbox: Mailbox[tuple[ParamFrame, Mapping[str, Picture], Moment]] = Mailbox()
        self._outbox: Mailbox[Frame] = Mailbox()
        self._timing = Timing(128)
        self._finished: list[float] = []
        self._painted = 0
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._pause = sleep or self._stop.wait
        self._thread = threading.Thread(target=self._run, name=f"painter {name}", daemon=True)
        self._thread.start()

    def submit(self, params: ParamFrame, moment: Moment, pictures: Mapping[str, Picture] = NO_PICTURES) -> None:
        """Ask for a picture of this moment; an older wish that nobody began is forgotten."""
        self._inbox.put((params, pictures, moment))

    def newest(self) -> Frame | None:
        """The newest finished frame."""
        return self._outbox.peek()

    @property
    def frame_ms(self) -> float:
        """Median time of one picture."""
        return self._timing.percentile(50)

    @property
    def frame_p95_ms(self) -> float:
        """The 95th percentile of that."""
        return self._timing.percentile(95)

    @property
    def fps(self) -> float:
        """Pictures finished in the last second."""
        now_s = self._clock()
        return float(sum(1 for t in tuple(self._finished) if now_s - t <= 1.0))

    def wait_ready(self, seconds: float) -> bool:
        """Wait until it is loaded, or has failed to; False when the time was not enough."""
        return self._ready.wait(seconds)

    def dismiss(self) -> None:
        """Ask the thread to end, in the middle of a show."""
        self._stop.set()

    def close(self) -> None:
        """Ask the thread to end; a generator that hangs is left behind, as nothing can stop it safely."""
        self._stop.set()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            before = self._painted
            try:
                self._paint_until_stopped()
                return
            except PerformError as error:
                self._note(error, str(error))
            except Exception as error:  # noqa: BLE001 - a generator is foreign ground: any failure is counted and retried
                self._note(error, f"{type(error).__name__}: {error}")
            pause_s = FIRST_PAUSE_S if self._painted > before + 30 else min(pause_s * 2.0, LONGEST_PAUSE_S)
            self._pause(pause_s)

    def _note(self, error: BaseException, line: str) -> None:
        self.failures += 1
        self._ready.set()
        self.last_error = line.splitlines()[0][:300] if line else type(error).__name__

    def _paint_until_stopped(self) -> None:
        generator = self._factory()
        self._ready.set()
        try:
            while not self._stop.is_set():
                job = self._inbox.wait(0.1)
                if job is not None:
                    self._paint(generator, *job)
        finally:
            generator.close()

    def _paint(self, generator: Generator, params: ParamFrame, pictures: Mapping[str, Picture], moment: Moment) -> None:
        began = self._clock()
        frame = generator.render(params, pictures, moment)
        ended = self._clock()
        self._painted += 1
        self._outbox.put(numbered(frame, self._outbox.peek()))
        self.last_error = _notice(generator) or self.last_error
        self.used = getattr(generator, "used", ())
        self._timing.add((ended - began) * 1000.0)
        self._finished = [*self._finished[-240:], ended]


def _notice(generator: Generator) -> str:
    """What a generator could not have and plays on without, the newest first, in one line; empty when there is nothing
    new. It gives each out once, so none of several may be passed over."""
    lines = getattr(generator, "notices", ())
    return " · ".join(str(line) for line in reversed(lines))[:MOST_NOTICE]


def counts(painters: Mapping[str, Painter]) -> dict[str, int]:
    """Failures by deck, for the health report."""
    return {f"deck {letter} failures": p.failures for letter, p in painters.items() if p.failures}
