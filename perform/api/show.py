"""A show in code: opened with what a command line would say, turned like a dictionary, stepped frame by frame."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from perform.api.frames import ShowFrame
from perform.api.hands import Hands
from perform.api.opening import Workshop, options_of
from perform.core.contracts import Sink
from perform.core.errors import UsageError
from perform.options import Options

OFFLINE_FPS = 30.0
NOTES_KEPT = 200
Say = Callable[[str], None]


class Show(Hands):
    """A whole performance in this process. Open one with `Show.offline` or `Show.live`, and close it, best by `with`.

    `show[path]` reads and sets parameters; iterating an offline show gives its frames. Everything that can go wrong is
    a PerformError with one line. Thread: the one that opened it, which owns its OpenGL.
    """

    def __init__(self, rig: Any, options: Options, workshop: Workshop, notes: deque[str], live: bool) -> None:
        """Not meant to be called: see `offline` and `live`."""
        super().__init__(rig, options, workshop, notes, live)
        self._number = 0
        self._by_hand = False
        self._newest: ShowFrame | None = None
        if not live:
            self._begin_offline()
        self._forgotten = weakref.finalize(self, _finish, rig.engine.sinks)

    @classmethod
    def offline(
        cls, *, sound: Any = "synth", rate_hz: float = 48000.0, channels: str | None = None, start_s: float = 0.0,
        preset: Any = None, source: Any = None, cues: str | None = None, size: Any = (640, 360),
        fps: float = OFFLINE_FPS, seconds: float | None = None, seed: int | None = None, device: str = "auto",
        film: str | Path | None = None, pngs: str | Path | None = None, say: Say | None = None,
    ) -> Show:  # fmt: skip
        """A show with no device: every frame is painted, however long it takes, the same every time.

        sound: `synth` (the built-in band, endless), `silence`, `metronome:BPM`, the path of a file, or samples [n] or
        [n, channels] at `rate_hz` (1000..768000). channels: "1,2" picks channels, from 1. start_s: begin so far in.
        preset: a name, the path of a .toml, or what `parse_preset` made. source: what deck a plays (`shader:NAME`,
        `model:NAME`, `image:FILE`, `video:FILE`, `testcard`, or what `generator` or `shader` made). A source alone is a
        bare look, with no effect and no route; with neither, `first_light` plays. cues: name of a set, which begins
        with its first cue; beside a preset or source it waits for GO. size: (width, height) px, 16..8192. fps: 1..1000.
        seconds: how much of it; None: as long as the sound. seed: of the model or generator. device: `auto`, `cpu`,
        `cuda`, `mps`. film: .mp4, .mov or .mkv with picture and sound. pngs: a folder, every frame as a PNG. say: gets
        each line that the show has to say. Raises PerformError.
        """
        return _opened(cls, live=False, say=say, sound=sound, rate_hz=rate_hz, channels=channels, start_s=start_s,
                       preset=preset, source=source, set_name=cues, size=size, fps=fps, seconds=seconds, seed=seed,
                       device=device, record=None if film is None else Path(film),
                       frames=None if pngs is None else Path(pngs))  # fmt: skip

    @classmethod
    def live(
        cls, *, sound: Any = "synth", rate_hz: float = 48000.0, preset: Any = None, source: Any = None,
        size: Any = None, fps: float | None = None, display: str = "auto", osc_port: int = -1, web: int = -1,
        film: str | Path | None = None, say: Say | None = None, **more: Any,
    ) -> Show:  # fmt: skip
        """A show in real time, in a window or offscreen. Then `play` it, or `step` it from a loop of your own.

        sound: also `mic` or `device:PART-OF-NAME`. display: `auto`, `window`, `offscreen`. osc_port, web: ports to
        listen on, on this machine; -1: not at all. film: a recording. more: any other option of `perform play` by the
        name of its field in perform.options.Options (`monitor`, `fullscreen`, `midi`, `seed`, `device`, …). The rest is
        as in `offline`. Raises PerformError.
        """
        more.setdefault("midi", "none")
        return _opened(cls, live=True, say=say, sound=sound, rate_hz=rate_hz, preset=preset, source=source, size=size,
                       fps=fps, display=display, osc_port=osc_port, web=web,
                       record=None if film is None else Path(film), **more)  # fmt: skip

    # Time.

    @property
    def running(self) -> bool:
        """Whether it goes on: for a loop of your own, `while show.running: show.step()`. Live, until the window is
        closed, `quit` is sent or the sound ends; offline, as long as there are frames left."""
        if not self._open:
            return False
        if self._live:
            return bool(self._rig.show.running) and not self.engine.hearing.finished
        total = self._frames_in_all()
        return total is None or self._number < total

    @property
    def frame(self) -> ShowFrame:
        """The newest frame. Raises UsageError before the first."""
        if self._newest is None:
            raise UsageError("there is no frame yet: step() makes one")
        return self._newest

    def step(self, seconds: float | None = None) -> ShowFrame:
        """Make the next frame. Offline it lies 1/fps after the one before, or at `seconds`, which only grow; live it is
        that of now. Past the end of its sound a show goes on in silence. Raises PerformError."""
        from perform.play import tell_troubles

        rig, engine = self._there(), self.engine
        if self._live:
            at_s = rig.clock()
        elif seconds is None and not self._by_hand:
            # As `perform render` counts: a frame shows the sound up to its own end.
            at_s = (self._number + 1) / self._fps
        elif seconds is None:
            at_s = engine.moment.seconds + 1.0 / self._fps
        elif seconds > engine.moment.seconds:
            at_s, self._by_hand = float(seconds), True
        else:
            raise UsageError(f"step: {seconds:g} s is not after {engine.moment.seconds:g} s; a show only goes on")
        self._hand_on(at_s)
        engine.tick(at_s)
        rig.show.after_tick()
        if rig.panel is not None:
            rig.panel.after_tick()
        tell_troubles(rig, rig.say)
        self._number += 1
        self._newest = self._frame(rig.show.stage.finish())
        return self._newest

    def __iter__(self) -> Iterator[ShowFrame]:
        """Every frame that is left, up to `seconds` or the end of the sound; without end where neither is known."""
        if self._live:
            raise UsageError("a live show is no list of frames: use play(on_frame), or step() in a loop of your own")
        total = self._frames_in_all()
        while total is None or self._number < total:
            yield self.step()

    def play(
        self, on_frame: Callable[[ShowFrame], Any] | None = None, *, seconds: float | None = None
    ) -> dict[str, Any]:
        """Play on to the end, and wait for it; returns how it went.

        on_frame: called with each frame; one that returns False ends the show. Live: until the window is closed,
        Ctrl-C, the end of the sound, or `seconds` of show time; a frame's picture is read only if it is asked for,
        within the call. Offline: up to the end, as fast as it can. Raises PerformError.
        """
        if self._live:
            return self._play_live(on_frame, seconds)
        total = self._frames_in_all()
        if total is None and seconds is None:
            raise UsageError(f"{self._rig.sound.name} never ends: say how much of it with seconds=")
        last = total if seconds is None else min(round(seconds * self._fps), total or 1 << 62)
        while self._number < last:  # type: ignore[operator]
            frame = self.step()
            if on_frame is not None and on_frame(frame) is False:
                break
        return {"frames": self._number, "seconds": round(self._number / self._fps, 3), **self.engine.report()}

    # Its end.

    @property
    def closed(self) -> bool:
        """Whether it is."""
        return not self._open

    def close(self) -> None:
        """Finish films, stop everything, free the graphics card. Safe to call twice. Raises MediaError where a film
        could not be finished."""
        if not self._open:
            return
        self._check_thread()
        self._open = False
        self._forgotten.detach()
        try:
            self._rig.close()
        finally:
            self._workshop.close()
        error = getattr(self._rig.recorder, "error", None)
        if error and not self._live:
            raise UsageError(f"{self._options.record}: {error}")

    def __enter__(self) -> Show:
        self._there()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self._open:
            return "<Show, closed>"
        show = self._rig.show
        how = "live" if self._live else "offline"
        return f"<Show {how}: {show.preset.name}, {show.source}, {self.size[0]}x{self.size[1]}, {self._number} frames>"

    # Inside.

    @property
    def _fps(self) -> float:
        return float(self._options.fps or OFFLINE_FPS)

    def _begin_offline(self) -> None:
        from perform.render import add_sinks

        if self._options.record is not None or self._options.frames is not None:
            add_sinks(self._rig, self._options, self._fps, self._rig.say)

    def _frames_in_all(self) -> int | None:
        from perform.render import frames_in_all

        endless = getattr(self._there().sound, "duration_s", None) is None and self._options.seconds is None
        return None if endless else frames_in_all(self._rig, self._options, self._fps)

    def _frame(self, picture: Any) -> ShowFrame:
        engine = self._rig.engine
        return ShowFrame(self._number - 1, engine.moment, engine.signals, engine.params.values, picture)

    def _play_live(self, on_frame: Callable[[ShowFrame], Any] | None, seconds: float | None) -> dict[str, Any]:
        from dataclasses import replace

        from perform.play import run

        rig = self._there()

        def after() -> None:
            self._number += 1
            self._newest = self._frame(self._reader())
            if on_frame is not None and on_frame(self._newest) is False:
                rig.show.running = False
            self._hand_on(rig.engine.moment.seconds)

        rig.after, rig.show.running = after, True
        try:
            options = self._options if seconds is None else replace(self._options, seconds=seconds)
            return run(rig, options, rig.say, time.monotonic())
        finally:
            rig.after = lambda: None

    def _reader(self) -> Callable[[], Any]:
        """Reads the picture of the frame shown last, as long as it is that."""
        number = self._number

        def read() -> Any:
            rig = self._there()
            if self._number != number:
                raise UsageError("this frame is gone: read frame.picture before the show goes on")
            return rig.show.stage.finish()

        return read


def _finish(sinks: list[Sink]) -> None:
    """A show that was never closed: its films shall play all the same."""
    for sink in sinks:
        sink.close()


def _opened(kind: type[Show], *, live: bool, say: Say | None, **wanted: Any) -> Show:
    from perform.app import check_film, open_live, open_offline

    notes: deque[str] = deque(maxlen=NOTES_KEPT)

    def tell(line: str) -> None:
        notes.append(line)
        if say is not None:
            say(line)

    workshop = Workshop()
    try:
        options = options_of(wanted, live=live, workshop=workshop)
        if options.record is not None:
            check_film(options.record)
        rig = workshop.plainly(lambda: (open_live if live else open_offline)(options, tell))
    except BaseException:
        workshop.close()
        raise
    rig.say = rig.say or tell
    try:
        return kind(rig, options, workshop, notes, live)
    except BaseException:
        rig.close()
        workshop.close()
        raise
