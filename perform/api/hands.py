"""What hands do with a show in code: look at what there is, set it, join it, load it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from perform.api.opening import Workshop
from perform.api.units import Feature, Painting, ShaderText, Source, told
from perform.core.errors import PerformError, ShaderError, UsageError
from perform.core.params import Param, is_wish
from perform.core.preset import Preset, free_name, read_preset
from perform.core.routes import Route
from perform.core.types import ControlEvent, Features, Moment, Value
from perform.deck_wishes import PLACES
from perform.gl.rows import LETTERS, SLOT_ROWS, pick_rows
from perform.options import Options
from perform.trial.gate import OnTrialError

Told = tuple[float, str, Value]
"""(seconds of the show, path of a parameter, value)."""


class _OwnSources:
    """perform.core.contracts.Sense over sources in code."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self.acts: dict[str, Callable[[Moment, Features | None], float]] = {}

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Ask each of them."""
        engine = self._hands.engine
        features = None if engine.heard is None else engine.heard.features
        return {name: act(engine.moment, features) for name, act in self.acts.items()}


class Hands:
    """The half of `Show` that reads and turns it."""

    def __init__(self, rig: Any, options: Options, workshop: Workshop, notes: deque[str], live: bool) -> None:
        self._rig, self._options, self._workshop, self._live = rig, options, workshop, live
        self._thread = threading.get_ident()
        self._open = True
        self._to_come: deque[Told] = deque()
        self._sources = _OwnSources(self)
        self._failed: set[str] = set()
        self.notes = notes
        """What the show had to say, newest last: effects left out, routes that lead nowhere. At most 200 lines."""
        rig.engine.senses.append(self._sources)

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
        elif not (is_wish(engine.table[path]) and show.grant(path, value)):
            engine.take(ControlEvent(path, value, self.seconds, "python"))

    def update(self, values: Mapping[str, Any]) -> None:
        """Set several. Raises PerformError at the first that cannot be."""
        for path, value in values.items():
            self[path] = value

    def replay(self, told: Iterable[Told]) -> None:
        """Recorded control: (seconds of the show, path, value) each, set in the first frame at or after its time."""
        self._there()
        try:
            new = [(float(at), str(path), value) for at, path, value in told]
        except (TypeError, ValueError):
            raise UsageError("replay: give (seconds, path, value) each, as in (1.5, 'out/level', 0.5)") from None
        self._to_come = deque(sorted((*self._to_come, *new), key=lambda one: one[0]))

    def recall(self, preset: str | Path | Preset) -> None:
        """Bring in another look: a preset's name, the path of a .toml, or what `parse_preset` made. Raises
        PerformError, with the look as it was."""
        show = self._there().show
        if isinstance(preset, Preset):
            self._soon(lambda: show.play(preset))
        elif isinstance(preset, Path) or str(preset).endswith(".toml"):
            look = read_preset(preset)
            self._soon(lambda: show.play(look))
        elif isinstance(preset, str):
            show.recall(preset)
        else:
            raise UsageError(f"recall: {preset!r} is neither a name, nor a path, nor what `parse_preset` made")

    def route(self, source: str, target: str, depth: float = 0.5, **more: Any) -> int:
        """Let a source move a parameter; the number of the new route.

        depth: -2..2 of the parameter's whole range. more: `curve`, `attack_s`, `release_s`, and `lo`, `hi`, the part of
        the source that is its 0..1. Raises UsageError for a source or parameter that is not there, PresetError for
        a value that makes no sense.
        """
        try:
            route = Route(str(source), str(target), depth, **more)
        except TypeError:
            raise UsageError(f"route: give curve, attack_s, release_s, lo or hi, not {', '.join(more)}") from None
        return int(self._there().show.routes.lay(route))

    def unroute(self, number: int) -> None:
        """Take a route away; those behind it move up by one. Raises UsageError."""
        self._there().show.routes.grant("route/remove", str(number))

    def load(self, deck: str, source: str | Painting | ShaderText) -> None:
        """Put a source on deck a, b, c or d: a text like `shader:silk`, or a unit that `generator` or `shader` made.
        While a live show plays, a shader that is new here is tried beside it and comes a moment later. Raises
        PerformError, with the old one playing."""
        if not isinstance(source, str | Painting | ShaderText):
            raise UsageError(f"load: {source!r} is neither a text nor what `generator` or `shader` made")
        show, text = self._there().show, source if isinstance(source, str) else source.text
        if deck not in LETTERS:
            raise UsageError(f"load: no deck {deck!r}; there are {', '.join(LETTERS)}")
        if not isinstance(source, str):
            show.decks.own[text] = lambda: self._workshop.plan(source)

        def put() -> None:
            plan = show.decks.plan_own(text) or self._plan(text)
            self._workshop.plainly(lambda: show.wishes.put_on(deck, plan))
            show.mount()

        self._soon(put)

    def effect(self, effect: str | ShaderText, where: str = "master", **params: Any) -> str:
        """Add an effect at the end of a chain; the prefix of its parameters, like `master/fx/bloom`.

        effect: a shader's name, or what `shader` made. where: `master` or `deck/a` … `deck/d`. params: its values. As
        with `load`, one that is new here may come a moment later. Raises PerformError.
        """
        decks, name = self._there().show.decks, effect.name if isinstance(effect, ShaderText) else str(effect)
        if where not in PLACES:
            raise UsageError(f"effect: no chain {where!r}; there are {', '.join(PLACES)}")
        slot = free_name(Path(name).stem, {taken for taken, _ in decks.chains.get(where, ())})

        def put() -> None:
            document, problems = self._document(effect), list[str]()
            rows = {row.name for row in (*document.params(), *pick_rows(document.pictures()), *SLOT_ROWS)}
            if unknown := [name for name in params if name not in rows]:
                raise UsageError(f"effect {slot}: no parameter {unknown[0]!r}; there are {', '.join(sorted(rows))}")
            if isinstance(effect, ShaderText):
                decks.own_effects[effect.name] = document
            chain = [*decks.chains.get(where, ()), (slot, document)]
            self._workshop.plainly(lambda: decks.set_chain(where, chain, problems))
            self._there().show.mount()
            if problems:
                raise ShaderError(problems[0])
            self.update({f"{where}/fx/{slot}/{name}": value for name, value in params.items()})

        self._soon(put)
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

    # Inside.

    def _there(self) -> Any:
        """The rig, for whoever may use it now."""
        if not self._open:
            raise UsageError("this show is closed; open another one")
        self._check_thread()
        return self._rig

    def _soon(self, act: Callable[[], None]) -> None:
        """Do it, or when the shaders that it needs have been tried. Raises PerformError."""
        show = self._there().show
        try:
            act()
        except OnTrialError as coming:
            show.shaders.notice(str(coming))
            show.shaders.later(lambda: self._in_a_moment(act))

    def _in_a_moment(self, act: Callable[[], None]) -> None:
        """Nobody waits for it any more: what goes wrong is a line."""
        try:
            self._soon(act)
        except PerformError as error:
            self.engine.health.failed("deck", error)
            self._rig.say(str(error))

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise UsageError("a show belongs to the thread that opened it; call it from there")

    def _hand_on(self, seconds: float) -> None:
        """What was recorded for up to this moment."""
        while self._to_come and self._to_come[0][0] <= seconds + 1e-9:
            _, path, value = self._to_come.popleft()
            self[path] = value

    def _plan(self, text: str) -> Any:
        from perform.deck_source import pick_device, plan_source

        return plan_source(text, pick_device(self._options.device), trusted=True, fast=self._live)

    def _document(self, effect: str | ShaderText) -> Any:
        from perform.content import find_shader
        from perform.trial.gate import admit

        if isinstance(effect, ShaderText):
            return self._workshop.document(effect)
        return admit(find_shader(str(effect), "effects", trusted=True))

    def _trouble(self, who: str, error: Exception) -> None:
        """Somebody's own code failed: offline that ends it, live it is said once, and the value rests at 0."""
        line = told(who, error)
        if not self._live:
            raise line from error
        self._rig.engine.health.failed("own code", line)
        if who not in self._failed:
            self._failed.add(who)
            self._rig.say(str(line))
