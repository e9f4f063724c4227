"""A show in code: opened with what a command line would say, turned like a dictionary, stepped frame by frame."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from perform.api.frames import ShowFrame
from perform.api.opening import Workshop, options_of
from perform.api.units import Feature, Painting, ShaderText, Source, told
from perform.core.errors import ShaderError, UsageError
from perform.core.params import Param
from perform.core.preset import Preset, read_preset
from perform.core.routes import Route
from perform.core.types import ControlEvent, Features, Moment, Value
from perform.options import Options

OFFLINE_FPS = 30.0
NOTES_KEPT = 200
Say = Callable[[str], None]
Told = tuple[float, str, Value]
"""(seconds of the show, path of a parameter, value)."""


class _OwnSources:
    """perform.core.contracts.Sense over sources in code."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self.acts: dict[str, Callable[[Moment, Features | None], float]] = {}

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Ask each of them."""
        engine = self._show.engine
        features = None if engine.heard is None else engine.heard.features
        return {name: act(engine.moment, features) for name, act in self.acts.items()}


class Show:
    """A whole performance in this process. Open one with `Show.offline` or `Show.live`, and close it, best by `with`.

    `show[path]` reads and sets parameters; iterating an offline show gives its frames. Everything that can go wrong is
    a PerformError with one line. Thread: the one that opened it, which owns its OpenGL.
    """

    def __init__(self, rig: Any, options: Options, workshop: Workshop, notes: deque[str], live: bool) -> None:
        """Not meant to be called: see `offline` and `live`."""
        self._rig, self._options, self._workshop = rig, options, workshop
        self._thread = threading.get_ident()
        self._open, self._live = True, live
        self._number = 0
        self._to_come: deque[Told] = deque()
        self._sources = _OwnSources(self)
        self._failed: set[str] = set()
        self.notes = notes
        """What the show had to say, newest last: effects left out, routes that lead nowhere. At most 200 lines."""
        rig.engine.senses.append(self._sources)
        if not live:
            self._begin_offline()

    @classmethod
    def offline(
        cls, *, sound: Any = "synth", rate_hz: float = 48000.0, channels: str | None = None, start_s: float = 0.0,
        preset: Any = None, source: Any = None, size: Any = (640, 360), fps: float = OFFLINE_FPS,
        seconds: float | None = None, seed: int | None = None, device: str = "auto", film: str | Path | None = None,
        pngs: str | Path | None = None, say: Say | None = None,
    ) -> Show:  # fmt: skip
        """A show with no device: every frame is painted, however long it takes, the same every time.

        sound: `synth` (the built-in band, endless), `silence`, `metronome:BPM`, the path of a file, or samples [n] or
        [n, channels] at `rate_hz`. channels: "1,2" picks channels, from 1. start_s: begin this far into it. preset: a
        name, the path of a .toml, or what `parse_preset` made; source: what deck a plays (`shader:NAME`, `model:NAME`,
        `image:FILE`, `video:FILE`, `testcard`, or a unit that `generator` or `shader` made). With a source alone the
        look is bare: that source, no effect, no route. With neither, `first_light` plays. size: (width, height) px,
        16..8192. fps: 1..1000. seconds: how much of it; None: as long as the sound. seed: of the model or generator.
        device: `auto`, `cpu`, `cuda`, `mps`. film: .mp4, .mov or .mkv with picture and sound; pngs: a folder for every
        frame as a PNG. say: gets each line that the show has to say. Raises PerformError.
        """
        return _opened(cls, live=False, say=say, sound=sound, rate_hz=rate_hz, channels=channels, start_s=start_s,
                       preset=preset, source=source, size=size, fps=fps, seconds=seconds, seed=seed, device=device,
                       record=None if film is None else Path(film),
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

    # What it is made of.

    @property
    def engine(self) -> Any:
        """The engine underneath (perform.engine.engine.Engine), for what this class does not say."""
        return self._there().engine

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of its frames, px."""
        width, height = self._there().show.stage.size
        return int(width), int(height)

    @property
    def seconds(self) -> float:
        """Show time of the newest frame; 0 before the first."""
        return float(self.engine.moment.seconds)

    @property
    def params(self) -> dict[str, Param]:
        """Every parameter there is now, by path: kind, range, unit, default, what it does."""
        return {row.name: row for row in self.engine.table}

    @property
    def signals(self) -> dict[str, float]:
        """Every source that routes can begin at, with its value in the newest frame; 0 before there is one."""
        engine = self.engine
        names = self._there().show.sources(engine.free)
        return {name: float(engine.signals.get(name, 0.0)) for name in sorted(names)}

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes of the look, in the order of their numbers (from 1)."""
        return tuple(self.engine.bank.routes)

    def __getitem__(self, path: str) -> Value:
        """The value that a parameter is set to, in native units. Raises ParamError."""
        return self.engine.table.value(path)  # type: ignore[no-any-return]

    def shown(self, path: str) -> Value:
        """The value of a parameter in the newest frame, with its routes. Raises ParamError."""
        return self.engine.value(path)  # type: ignore[no-any-return]

    def __contains__(self, path: object) -> bool:
        """Whether there is such a parameter now."""
        return path in self.engine.table

    # What hands do.

    def __setitem__(self, path: str, value: Any) -> None:
        """Set a parameter; it acts from the next frame on. A number out of range is brought to its end; a trigger is
        pulled by True. Texts that ask for something (`deck/b/load`) are obeyed at once. Raises PerformError."""
        engine, show = self.engine, self._there().show
        value = tuple(value) if isinstance(value, list) else value
        if path in engine.table and engine.table[path].kind != "text":
            value = value.item() if hasattr(value, "item") else value
        engine.table[path].checked(value)
        if path == "preset/recall" and value:
            self.recall(str(value))
        elif not (show.routes.grant(path, value) or show.wishes.grant(path, value)):
            engine.take(ControlEvent(path, value, self.seconds, "python"))

    def update(self, values: Mapping[str, Any]) -> None:
        """Set several. Raises PerformError at the first that cannot be."""
        for path, value in values.items():
            self[path] = value

    def replay(self, told: Iterable[Told]) -> None:
        """Recorded control: (seconds of the show, path, value) each, set in the first frame at or after its time."""
        self._there()
        self._to_come = deque(sorted((*self._to_come, *told), key=lambda one: one[0]))

    def recall(self, preset: str | Path | Preset) -> None:
        """Bring in another look: a preset's name, the path of a .toml, or what `parse_preset` made. Raises
        PerformError, with the look as it was."""
        show = self._there().show
        if isinstance(preset, Preset):
            show.play(preset)
        elif isinstance(preset, Path) or preset.endswith(".toml"):
            show.play(read_preset(preset))
        else:
            show.recall(preset)

    def route(self, source: str, target: str, depth: float = 0.5, **more: Any) -> int:
        """Let a source move a parameter; the number of the new route.

        depth: -2..2 of the parameter's whole range. more: `curve`, `attack_s`, `release_s`, and `lo`, `hi`, the part of
        the source that is its 0..1. Raises UsageError for a source or parameter that is not there, PresetError for
        a value that makes no sense.
        """
        try:
            route = Route(source, target, depth, **more)
        except TypeError:
            raise UsageError(f"route: give curve, attack_s, release_s, lo or hi, not {', '.join(more)}") from None
        return int(self._there().show.routes.lay(route))

    def unroute(self, number: int) -> None:
        """Take a route away; those behind it move up by one. Raises UsageError."""
        self._there().show.routes.grant("route/remove", str(number))

    def load(self, deck: str, source: str | Painting | ShaderText) -> None:
        """Put a source on deck a, b, c or d: a text like `shader:silk`, or a unit that `generator` or `shader` made.
        Raises PerformError, with the old one playing."""
        show, text = self._there().show, getattr(source, "text", source)
        if not isinstance(source, str):
            show.decks.own[text] = lambda: self._workshop.plan(source)
        plan = show.decks.plan_own(text) or self._plan(text)
        self._workshop.plainly(lambda: show.decks.load(deck, plan))
        for below in ("source", "inputs"):
            self.engine.table.remove(f"deck/{deck}/{below}")
        show.mount()

    def effect(self, effect: str | ShaderText, where: str = "master", **params: Any) -> str:
        """Add an effect at the end of a chain; the prefix of its parameters, like `master/fx/bloom`.

        effect: a shader's name, or what `shader` made. where: `master` or `deck/a` … `deck/d`. params: its values.
        Raises PerformError.
        """
        decks, name = self._there().show.decks, effect.name if isinstance(effect, ShaderText) else str(effect)
        slots = list(decks.chains.get(where, ()))
        taken, slot, count = {n for n, _ in slots}, Path(name).stem, 2
        while slot in taken:
            slot, count = f"{Path(name).stem}_{count}", count + 1
        document = self._document(effect)
        problems: list[str] = []
        self._workshop.plainly(lambda: decks.set_chain(where, [*slots, (slot, document)], problems))
        self._there().show.mount()
        if problems:
            raise ShaderError(problems[0])
        self.update({f"{where}/fx/{slot}/{name}": value for name, value in params.items()})
        return f"{where}/fx/{slot}"

    def add(self, *units: Source | Feature) -> None:
        """Take in sources and features in code; from then on routes may begin at them. Raises UsageError."""
        for unit in units:
            if not isinstance(unit, Source | Feature):
                raise UsageError(f"add: {unit!r} is neither what `source` nor what `feature` made")
            if unit.name in self.signals:
                raise UsageError(f"add: there is a source {unit.name!r} already; give yours another name")
            if isinstance(unit, Source):
                self._sources.acts[unit.name] = unit.start(self._trouble)
            else:
                self._there().analyser.add(unit.start(self._trouble))
            self.engine.signals[unit.name] = 0.0

    # Time.

    def step(self, seconds: float | None = None) -> ShowFrame:
        """Make the next frame. Offline it lies 1/fps after the one before, or at `seconds`, which only grow; live it is
        that of now. Past the end of its sound a show goes on in silence. Raises PerformError."""
        rig, engine = self._there(), self.engine
        if self._live:
            at_s = rig.clock()
        elif seconds is None:
            # As `perform render` counts: a frame shows the sound up to its own end.
            at_s = (self._number + 1) / self._fps
        elif seconds > engine.moment.seconds:
            at_s = float(seconds)
        else:
            raise UsageError(f"step: {seconds:g} s is not after {engine.moment.seconds:g} s; a show only goes on")
        self._hand_on(at_s)
        engine.tick(at_s)
        rig.show.after_tick()
        if rig.panel is not None:
            rig.panel.after_tick()
        self._number += 1
        return self._frame(rig.show.stage.finish())

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

        on_frame: called with each frame; one that returns False ends the show. Live: until the window is closed, Ctrl-C,
        the end of the sound, or `seconds` of show time; a frame's picture is read only if it is asked for, within the
        call. Offline: up to the end, as fast as it can. Raises PerformError.
        """
        if self._live:
            return self._play_live(on_frame, seconds)
        total = self._frames_in_all()
        if total is None and seconds is None:
            raise UsageError(f"{self._rig.sound.name} never ends: say how much of it with seconds=")
        last = total if seconds is None else min(round(seconds * self._fps), total or 1 << 62)
        while self._number < last:  # type: ignore[operator]
            if on_frame is not None and on_frame(self.step()) is False:
                break
            if on_frame is None:
                self.step()
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

    def _there(self) -> Any:
        """The rig, for whoever may use it now."""
        if not self._open:
            raise UsageError("this show is closed; open another one")
        self._check_thread()
        return self._rig

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise UsageError("a show belongs to the thread that opened it; call it from there")

    def _begin_offline(self) -> None:
        from perform.render import add_sinks

        if self._options.record is not None or self._options.frames is not None:
            add_sinks(self._rig, self._options, self._fps, self.notes.append)

    def _frames_in_all(self) -> int | None:
        from perform.render import frames_in_all

        endless = getattr(self._there().sound, "duration_s", None) is None and self._options.seconds is None
        return None if endless else frames_in_all(self._rig, self._options, self._fps)

    def _frame(self, picture: Any) -> ShowFrame:
        engine = self._rig.engine
        return ShowFrame(self._number - 1, engine.moment, engine.signals, engine.params.values, picture)

    def _hand_on(self, seconds: float) -> None:
        """What was recorded for up to this moment."""
        while self._to_come and self._to_come[0][0] <= seconds + 1e-9:
            _, path, value = self._to_come.popleft()
            self[path] = value

    def _plan(self, text: str) -> Any:
        from perform.app import pick_device
        from perform.deck_source import plan_source

        return plan_source(text, pick_device(self._options.device), trusted=True, fast=self._live)

    def _document(self, effect: str | ShaderText) -> Any:
        from perform.content import find_shader
        from perform.trial.gate import admit

        if isinstance(effect, ShaderText):
            return self._workshop.document(effect)
        return admit(find_shader(effect, "effects", trusted=True))

    def _trouble(self, who: str, error: Exception) -> None:
        """Somebody's own code failed: offline that ends it, live it is said once, and the value rests at 0."""
        line = told(who, error)
        if not self._live:
            raise line from error
        self._rig.engine.health.failed("own code", line)
        if who not in self._failed:
            self._failed.add(who)
            self.notes.append(str(line))

    def _play_live(self, on_frame: Callable[[ShowFrame], Any] | None, seconds: float | None) -> dict[str, Any]:
        from dataclasses import replace

        from perform.play import run

        rig = self._there()

        def after() -> None:
            self._number += 1
            if on_frame is not None and on_frame(self._frame(self._reader())) is False:
                rig.show.running = False
            self._hand_on(rig.engine.moment.seconds)

        rig.after, rig.show.running = after, True
        try:
            return run(rig, replace(self._options, seconds=seconds), rig.say or self.notes.append)
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


def _opened(kind: type[Show], *, live: bool, say: Say | None, **wanted: Any) -> Show:
    from perform.app import open_live, open_offline

    notes: deque[str] = deque(maxlen=NOTES_KEPT)

    def tell(line: str) -> None:
        notes.append(line)
        if say is not None:
            say(line)

    workshop = Workshop()
    try:
        options = options_of(wanted, live=live, workshop=workshop)
        rig = workshop.plainly(lambda: (open_live if live else open_offline)(options, tell))
    except BaseException:
        workshop.close()
        raise
    try:
        return kind(rig, options, workshop, notes, live)
    except BaseException:
        rig.close()
        workshop.close()
        raise
