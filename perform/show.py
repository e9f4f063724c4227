"""A show: the engine with its presets. Recalls looks, swaps sources, and obeys commands that are no parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from perform import look_fade
from perform.ahead import Ahead
from perform.control.keyboard import translate
from perform.core import clock as tempo_clock
from perform.core import quantise
from perform.core.errors import ParamError, PerformError, PresetError
from perform.core.params import Param
from perform.core.preset import Preset, read_preset
from perform.core.routes import RouteBank, route_rows
from perform.core.sources import FreeSource
from perform.core.types import ControlEvent
from perform.deck_source import SourcePlan, plan_source
from perform.deck_wishes import DeckWishes, plan_from_afar
from perform.decks import Decks, MakePainter, read_slots
from perform.engine.engine import Engine
from perform.gl.rows import LETTERS
from perform.look_fade import LookFade
from perform.mix import OVER, PLAIN, AutoFade, find_transition, mix_rows
from perform.room import Room, room_paths, sparing_the_room
from perform.route_desk import RouteDesk
from perform.shader_desk import MESSAGE_ROW, LeftOut, ShaderDesk, lacking
from perform.surprise import ROWS as SURPRISE_ROWS
from perform.surprise import Surprise
from perform.trial.gate import OnTrialError, SetAsideError

OUTSIDE = ("midi/", "link/", "mtc/")
"""Sources of routes that are there once somebody outside has spoken."""
DECK = "a"
SAFE_SOURCE = "shader:marbling"
"""Plays where a shader is asked for that hung an earlier show."""
ROWS: tuple[Param, ...] = (
    *(Param(f"macro/{n}", "float", 0.0, 0.0, 1.0, doc=f"macro {n}: a knob of your own, as a source of routes")
      for n in range(1, 9)),
    Param("out/panic", "trigger", False, doc="a safe picture at once, routes off; again: routes back"),
    Param("out/screenshot", "trigger", False, doc="keep this picture as a PNG in the folder you stand in"),
    Param("preset/recall", "text", "", doc="name of a preset to recall", live=False, quantised=True),
    Param("preset/next", "trigger", False, doc="the next preset", live=False, quantised=True),
    Param("preset/previous", "trigger", False, doc="the preset before", live=False, quantised=True),
)  # fmt: skip


def _left_out(preset: Preset, decks: Decks) -> list[LeftOut]:
    """Every effect that a preset names and that could not be had."""
    rows = [("master", preset.master), *((f"deck/{letter}", deck.fx) for letter, deck in preset.decks.items())]
    found = []
    for where, slots in rows:
        there = {name for name, _ in decks.chains.get(where, ())}
        before = [frozenset(slot.name for slot in slots[:index]) for index in range(len(slots))]
        found += [LeftOut(where, slot, b) for slot, b in zip(slots, before, strict=True) if slot.name not in there]
    return found


def known_sources() -> set[str]:
    """Every source of routes that does not come from the preset itself."""
    from perform.core.sources import BEAT_SOURCES
    from perform.features import OUTPUTS

    return {*OUTPUTS, *BEAT_SOURCES, *(f"macro/{n}" for n in range(1, 9))}


class Show:
    """Everything a running performance is. Thread: that of the engine."""

    def __init__(
        self,
        engine: Engine,
        stage: Any,
        make_painter: MakePainter,
        say: Callable[[str], None],
        device: str = "cpu",
        fixed_source: str | None = None,
        fast: bool = False,
    ) -> None:
        self.engine = engine
        self.stage = stage
        self.preset = Preset("none")
        self.running = True
        self.decks = Decks(engine, stage, make_painter)
        self.wishes = DeckWishes(engine, self.decks, lambda text: plan_from_afar(text, device, fast))
        self.auto_fade = AutoFade(engine.table, engine.value)
        self.look_fade = LookFade(engine, stage)
        self._transition = PLAIN
        self._say = say
        self._device = device
        self._fixed_source = fixed_source
        self._fast = fast
        self._broken: set[str] = set()
        self._triggers: dict[str, int] = {}
        self.shaders = ShaderDesk(engine, self.decks, stage, self._mount, self._mount_mix, say)
        engine.table.add((*ROWS, *look_fade.ROWS))
        engine.table.add((MESSAGE_ROW,))
        engine.table.add(SURPRISE_ROWS, "surprise")
        self.surprise = Surprise(engine.table)
        self.routes = RouteDesk(engine, self._is_source, room_paths())
        self.routes.mount()
        engine.table.add(tempo_clock.PARAMS, "tempo")
        engine.table.add(quantise.PARAMS, "tempo")
        engine.on_landing(self._land)
        self.ahead = Ahead(self)
        engine.landing.prepare = self.ahead.hear
        self._mount_mix()
        self._mount()

    @property
    def source(self) -> str:
        """What plays on deck a."""
        return self.decks.source(DECK)

    def furnish(self, room: Room) -> None:
        """Take over what the venue says of its screens."""
        for path, value in room.values:
            self.engine.table.set(path, value)
        self.stage.set_slices(room.slices)

    def recall(self, name: str) -> None:
        """Bring in a preset by name; see `play`. One with shaders that are new here comes when they have been tried."""
        from perform.content import find_preset

        preset = self.ahead.take(name) or read_preset(find_preset(name))
        try:
            self.expect(preset)
        except OnTrialError as coming:
            self.shaders.notice(f"preset {name}: {coming}")
            self.shaders.later(lambda: self._asked(lambda: self.recall(name)))
            return
        self.play(preset)

    def _asked(self, action: Callable[[], None]) -> None:
        """What somebody asked for: when it fails, the show stays as it is, and one line says why."""
        try:
            action()
        except PerformError as error:
            self.engine.health.failed("preset", error)
            self._say(str(error))

    def play(self, preset: Preset) -> None:
        """Bring in a preset that is at hand. An effect that cannot be had is said and left out.

        Raises PerformError, with everything as it was, when its source cannot play.
        """
        preset, problems = sparing_the_room(preset)
        plans = self._plans(preset, problems)
        chains = {f"deck/{letter}": read_slots(preset.decks[letter].fx, problems) for letter in plans}
        chains["master"] = read_slots(preset.master, problems)
        fades = self.look_fade.begin(plans, {letter: self.decks.source(letter) for letter in LETTERS})
        try:
            self._load(plans, problems)
        except PerformError:
            self.look_fade.abort()
            raise
        if fades:
            self._transition = PLAIN  # of the mixer that the new look has
        for where, slots in chains.items():
            if where == "master" or where.removeprefix("deck/") in plans:
                self.decks.set_chain(where, slots, problems)
        table = self.engine.table
        for prefix in ("route", "deck", "master"):
            table.remove(prefix)
        table.reset("audio")
        self._reset_mix(preset, problems)
        self._mount()
        table.add(route_rows(preset.routes))
        self.routes.mount()
        self._set_values(preset, problems)
        problems += self._loose_ends(preset)
        problems += lacking([*(p.document for p in plans.values()), *(d for row in chains.values() for _, d in row)])
        self.engine.set_routes(RouteBank(preset.routes), preset.free)
        self.preset = preset
        self.shaders.left_out = _left_out(preset, self.decks)
        for line in problems:
            self._say(f"preset {preset.name}: {line}")

    def plan(self, preset: Preset, letter: str) -> SourcePlan:
        """What a deck of a preset is to play, looked up. Raises PerformError."""
        given = self._fixed_source if letter == DECK else None
        text = given or preset.decks[letter].source
        return plan_source(text, self._device, trusted=given is not None, fast=self._fast)

    def expect(self, preset: Preset) -> None:
        """Raises OnTrialError while shaders of a preset that are new here are being tried; that begins with it."""
        self.shaders.expect(preset, self._fixed_source)

    def _plans(self, preset: Preset, problems: list[str]) -> dict[str, SourcePlan]:
        """What each deck of a preset is to play. Raises PerformError for deck a; another deck is left out."""
        if DECK not in preset.decks:
            raise PresetError(f"preset {preset.name}: no deck {DECK!r} in it")
        plans: dict[str, SourcePlan] = {}
        for letter in (DECK, *(letter for letter in preset.decks if letter != DECK)):
            try:
                if letter not in LETTERS:
                    raise PresetError(f"there are {', '.join(LETTERS)}")
                plans[letter] = self.plan(preset, letter)
            except SetAsideError as error:  # a box that starts by itself must not stay black for it
                plans[letter] = plan_source(SAFE_SOURCE, self._device)
                problems.append(f"deck {letter} plays {SAFE_SOURCE} instead ({error})")
            except PerformError as error:
                if letter == DECK or isinstance(error, OnTrialError):
                    raise
                problems.append(f"deck {letter} is left out ({error})")
        return plans

    def _load(self, plans: dict[str, SourcePlan], problems: list[str]) -> None:
        """Bring the sources in, deck a first: when that fails, all is as it was. Decks without one are emptied."""
        for letter, plan in list(plans.items()):
            try:
                self.decks.load(letter, plan)
            except PerformError as error:
                if letter == DECK:
                    raise
                del plans[letter]
                problems.append(f"deck {letter} is left out ({error})")
        for letter in LETTERS:
            if letter not in plans:
                self.decks.unload(letter)

    def _reset_mix(self, preset: Preset, problems: list[str]) -> None:
        """The fader back to deck a. A look that mixes brings its transition; how long fades take is the hand's."""
        table = self.engine.table
        self.auto_fade.stop()
        mixes = len(preset.decks) > 1 or bool(preset.mix)
        for path in ("mix/fade", "mix/every_beats"):
            table.reset(path)
        if mixes:
            try:
                table.set("mix/transition", preset.mix.get("transition", PLAIN))
                self._follow_transition()
            except PerformError as error:
                problems.append(str(error))

    def _follow_transition(self) -> None:
        """Let the mixer use the transition that the table names; one that cannot be had gives way to the last."""
        table = self.engine.table
        wanted = str(table.value("mix/transition"))
        if wanted == self._transition:
            return
        try:
            self.stage.set_transition(find_transition(wanted), over=wanted == OVER)
        except PerformError as error:
            table.set("mix/transition", self._transition)
            if isinstance(error, OnTrialError):
                self.shaders.later(lambda: self._wish_transition(wanted))
            raise
        self._transition = wanted
        table.remove("mix/with")
        self._mount()

    def _wish_transition(self, name: str) -> None:
        self.engine.table.set("mix/transition", name)

    def _foreign(self, preset: Preset) -> bool:
        """Whether deck a plays another source than the preset asks for."""
        return self.source != preset.decks[DECK].source

    def _set_values(self, preset: Preset, problems: list[str]) -> None:
        foreign = self._foreign(preset)
        for path, value in preset.values().items():
            try:
                self.engine.table.set(path, value)
            except ParamError as error:
                if not (foreign and path.startswith(f"deck/{DECK}/source/")):
                    problems.append(str(error))

    def _loose_ends(self, preset: Preset) -> list[str]:
        """Routes that begin or end nowhere. Those to the source's own rows may, when another source was asked for."""
        foreign = self._foreign(preset)
        known = self._sources(preset.free)
        table, lines = self.engine.table, []
        for number, route in enumerate(preset.routes, 1):
            if route.source not in known and not route.source.startswith(OUTSIDE):
                lines.append(f"route {number}: no source {route.source!r}; `perform list features` names them")
            if route.target not in table and not (foreign and route.target.startswith(f"deck/{DECK}/source/")):
                lines.append(f"route {number}: no parameter {route.target!r}; `perform list params` names them")
        return lines

    def _is_source(self, name: str) -> bool:
        return name in self._sources(self.engine.free) or name.startswith(OUTSIDE)

    def _sources(self, free: Iterable[FreeSource]) -> set[str]:
        """Every source that a route can begin at now, when a look brings these."""
        own = {unit.source for unit in free}
        return known_sources() | own | set(self.engine.signals) | self.decks.signals()

    def _mount(self) -> None:
        """Add the rows of all that plays, and of what can be asked of it, to the table."""
        self.decks.mount()
        self.wishes.mount()

    def _mount_mix(self) -> None:
        """The mixer's rows, with the transitions that there are now."""
        self.engine.table.add(mix_rows(), "mix")

    def command(self, event: ControlEvent) -> bool:
        """Events whose address is no parameter. Returns whether it was one of ours."""
        if event.address == "quit":
            self.running = False
            return True
        if not event.address.startswith("key/"):
            return False
        meant = translate(event)
        if meant is not None:
            self._press(*meant)
        return True

    def _press(self, address: str, value: Any) -> None:
        table = self.engine.table
        if address == "quit":
            self.running = False
        elif address == "out/fullscreen":
            self.stage.toggle_fullscreen()
        elif address in table:
            new = not table.value(address) if value == "toggle" else value
            event = ControlEvent(address, new, self.engine.moment.seconds, "keyboard")
            self.engine.queue.post(event)

    def after_tick(self) -> None:
        """Once a tick: fades go on, and slow wishes are obeyed."""
        self.shaders.step()
        self.look_fade.step()
        self._land()
        self.ahead.step()

    def _land(self) -> None:
        """Slow wishes: preset changes and screenshots. A wish that fails leaves the show as it is. Also called in
        mid-tick, for what has waited for the beat."""
        self.auto_fade.step(self.engine.moment)
        self.surprise.step()
        table = self.engine.table
        self._grant_wishes()
        try:
            self._follow_transition()
            wanted = str(table.value("preset/recall"))
            if wanted:
                table.set("preset/recall", "")
                self.recall(wanted)
            for path, step in (("preset/next", 1), ("preset/previous", -1)):
                if self._pulled(path):
                    self._step_preset(step)
            if self._pulled("out/screenshot"):
                self._screenshot()
        except PerformError as error:
            self.engine.health.failed("preset", error)
            self._say(str(error))

    def _grant_wishes(self) -> None:
        wishes, self.engine.wishes = self.engine.wishes, []
        for path, value in wishes:
            try:
                if not self.routes.grant(path, value):
                    self.wishes.grant(path, value)
            except OnTrialError as coming:
                self.shaders.notice(str(coming))
                self.shaders.later(lambda path=path, value=value: self.engine.wishes.append((path, value)))  # type: ignore[misc]
            except PerformError as error:
                self.engine.health.failed("deck", error)
                self._say(str(error))

    def _pulled(self, path: str) -> bool:
        count = int(self.engine.table.value(path))  # type: ignore[arg-type]
        pulled = count > self._triggers.get(path, 0)
        self._triggers[path] = count
        return pulled

    def neighbours(self, step: int) -> list[str]:
        """The names of the other presets, in the order in which they come after this one, or before it (step -1)."""
        from perform.content import list_presets

        names = [p.stem for p in list_presets()]
        here = names.index(self.preset.name) if self.preset.name in names else -step
        return [names[(here + far * step) % len(names)] for far in range(1, len(names))]

    def _step_preset(self, step: int) -> None:
        for name in self.neighbours(step):
            try:
                self.recall(name)
                return
            except PerformError as error:
                if name not in self._broken:
                    self._broken.add(name)
                    self.engine.health.failed("preset", error)
                    self._say(str(error))

    def _screenshot(self) -> None:
        from perform.outputs.image import save_png

        path = Path(f"perform_{self.engine.moment.frame:07d}.png")
        save_png(path, self.stage.finish())
        self._say(f"kept {path}")
