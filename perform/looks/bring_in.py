"""Brings a look in: looks up what its decks are to play, loads it, and puts the table and the routes in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from perform.core.cues import Fade
from perform.core.errors import ModelError, ParamError, PerformError, PresetError
from perform.core.preset import Preset
from perform.core.routes import RouteBank, route_rows
from perform.deck_source import SourcePlan, plan_source
from perform.decks import Decks, read_slots
from perform.gl.rows import LETTERS
from perform.mix import OVER, PLAIN, find_transition
from perform.room import sparing_the_room
from perform.shader_desk import LeftOut, lacking
from perform.trial.gate import OnTrialError, SetAsideError

if TYPE_CHECKING:
    from perform.show import Show

OUTSIDE = ("midi/", "link/", "mtc/", "pad/", "osc/", "dmx/", "camera/")
"""Sources of routes that are there once somebody outside has spoken."""
DECK = "a"
SAFE_SOURCE = "shader:marbling"
"""Plays where a model is not there, or a shader is asked for that hung an earlier show."""


def _left_out(preset: Preset, decks: Decks) -> list[LeftOut]:
    """Every effect that a preset names and that could not be had."""
    rows = [("master", preset.master), *((f"deck/{letter}", deck.fx) for letter, deck in preset.decks.items())]
    found = []
    for where, slots in rows:
        there = {name for name, _ in decks.chains.get(where, ())}
        before = [frozenset(slot.name for slot in slots[:index]) for index in range(len(slots))]
        found += [LeftOut(where, slot, b) for slot, b in zip(slots, before, strict=True) if slot.name not in there]
    return found


class Bringer:
    """Thread: the engine's. device, fast: for models. fixed_source: plays on deck a whatever a look asks for."""

    def __init__(
        self, show: Show, device: str, fixed_source: str | None, fast: bool, say: Callable[[str], None]
    ) -> None:
        self._show = show
        self._device, self._fixed_source, self._fast = device, fixed_source, fast
        self._transition = PLAIN
        self._say = say

    def play(self, preset: Preset, fade: Fade | None = None) -> Preset:
        """Bring in a look; returns it without what is the room's. An effect that cannot be had is said and left out.
        fade: how it comes in; None as the hand has set it.

        Raises PerformError, with everything as it was, when its source cannot play.
        """
        preset, problems = sparing_the_room(preset)
        plans = self._plans(preset, problems)
        own = self._show.decks.own_effects
        chains = {f"deck/{letter}": read_slots(preset.decks[letter].fx, problems, own) for letter in plans}
        chains["master"] = read_slots(preset.master, problems, own)
        playing = {letter: self._show.decks.source(letter) for letter in LETTERS}
        fades = self._show.look_fade.begin(plans, playing, fade)
        try:
            self._load(plans, problems)
        except PerformError:
            self._show.look_fade.abort()
            raise
        if fades:
            self._transition = PLAIN  # of the mixer that the new look has
        for where, slots in chains.items():
            if where == "master" or where.removeprefix("deck/") in plans:
                self._show.decks.set_chain(where, slots, problems)
        table = self._show.engine.table
        for prefix in ("route", "deck", "master"):
            table.remove(prefix)
        table.reset("audio")
        for n in range(1, 9):
            table.reset(f"macro/{n}/name")
        self._reset_mix(preset, problems)
        self._show.mount()
        table.add(route_rows(preset.routes))
        self._show.routes.mount()
        self._set_values(preset, problems)
        problems += self._loose_ends(preset)
        problems += lacking([*(p.document for p in plans.values()), *(d for row in chains.values() for _, d in row)])
        self._show.engine.set_routes(RouteBank(preset.routes), preset.free)
        self._show.shaders.left_out = _left_out(preset, self._show.decks)
        for line in problems:
            self._say(f"preset {preset.name}: {line}")
        return preset

    def plan(self, preset: Preset, letter: str) -> SourcePlan:
        """What a deck of a preset is to play, looked up. Raises PerformError."""
        given = self._fixed_source if letter == DECK else None
        text = given or preset.decks[letter].source
        own = self._show.decks.plan_own(text)
        return own or plan_source(text, self._device, trusted=given is not None, fast=self._fast)

    def _plans(self, preset: Preset, problems: list[str]) -> dict[str, SourcePlan]:
        """What each deck of a preset is to play. Without its model deck a plays SAFE_SOURCE, another deck is left out.
        Raises PerformError for all else that keeps deck a from playing."""
        if DECK not in preset.decks:
            raise PresetError(f"preset {preset.name}: no deck {DECK!r} in it")
        plans: dict[str, SourcePlan] = {}
        for letter in (DECK, *(letter for letter in preset.decks if letter != DECK)):
            try:
                if letter not in LETTERS:
                    raise PresetError(f"there are {', '.join(LETTERS)}")
                plans[letter] = self.plan(preset, letter)
            except PerformError as error:
                lacking = letter == DECK and isinstance(error, ModelError) and not self._fixed_source
                if isinstance(error, SetAsideError) or lacking:  # the rest of the look comes, and nothing stays black
                    plans[letter] = plan_source(SAFE_SOURCE, self._device)
                    problems.append(f"deck {letter} plays {SAFE_SOURCE} instead ({error})")
                elif letter == DECK or isinstance(error, OnTrialError):
                    raise
                else:
                    problems.append(f"deck {letter} is left out ({error})")
        return plans

    def _load(self, plans: dict[str, SourcePlan], problems: list[str]) -> None:
        """Bring the sources in, deck a first: when that fails, all is as it was. Decks without one are emptied."""
        for letter, plan in list(plans.items()):
            try:
                self._show.decks.load(letter, plan)
            except PerformError as error:
                if letter == DECK:
                    raise
                del plans[letter]
                problems.append(f"deck {letter} is left out ({error})")
        for letter in LETTERS:
            if letter not in plans:
                self._show.decks.unload(letter)

    def _reset_mix(self, preset: Preset, problems: list[str]) -> None:
        """The fader back to deck a. A look that mixes brings its transition; how long fades take is the hand's."""
        table = self._show.engine.table
        self._show.auto_fade.stop()
        mixes = len(preset.decks) > 1 or bool(preset.mix)
        for path in ("mix/fade", "mix/every_beats"):
            table.reset(path)
        if mixes:
            try:
                table.set("mix/transition", preset.mix.get("transition", PLAIN))
                self.follow_transition()
            except PerformError as error:
                problems.append(str(error))

    def follow_transition(self) -> None:
        """Let the mixer use the transition that the table names; one that cannot be had gives way to the last."""
        table = self._show.engine.table
        wanted = str(table.value("mix/transition"))
        if wanted == self._transition:
            return
        try:
            self._show.stage.set_transition(find_transition(wanted), over=wanted == OVER)
        except PerformError as error:
            table.set("mix/transition", self._transition)
            if isinstance(error, OnTrialError):
                self._show.shaders.later(lambda: self._wish_transition(wanted))
            raise
        self._transition = wanted
        table.remove("mix/with")
        self._show.mount()

    def _wish_transition(self, name: str) -> None:
        self._show.engine.table.set("mix/transition", name)

    def _foreign(self, preset: Preset) -> bool:
        """Whether deck a plays another source than the preset asks for."""
        return self._show.source != preset.decks[DECK].source

    def _set_values(self, preset: Preset, problems: list[str]) -> None:
        foreign = self._foreign(preset)
        for path, value in preset.values().items():
            try:
                self._show.engine.table.set(path, value)
            except ParamError as error:
                if not (foreign and path.startswith(f"deck/{DECK}/source/")):
                    problems.append(str(error))

    def _loose_ends(self, preset: Preset) -> list[str]:
        """Routes that begin or end nowhere. Those to the source's own rows may, when another source was asked for."""
        foreign = self._foreign(preset)
        known = self._show.sources(preset.free)
        table, lines = self._show.engine.table, []
        for number, route in enumerate(preset.routes, 1):
            if route.source not in known and not route.source.startswith(OUTSIDE):
                lines.append(f"route {number}: no source {route.source!r}; `perform list features` names them")
            if route.target not in table and not (foreign and route.target.startswith(f"deck/{DECK}/source/")):
                lines.append(f"route {number}: no parameter {route.target!r}; `perform list params` names them")
        return lines
