"""A morph at work: the look that plays becomes another, by the clock, by the beat, or as far as a hand has moved it.

Where both play the same sources through the same effects, every number, colour and cable goes its own way there. Where
they do not, the new look comes in by the mixer's transition over the same time, and what both have goes on from where
it stood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perform.core.cues import Fade
from perform.core.curves import shape
from perform.core.errors import ParamError
from perform.core.morph import Morph
from perform.core.params import Param, ParamTable
from perform.core.preset import Preset
from perform.core.routes import Route
from perform.core.sources import FreeSource
from perform.core.types import Moment, Value
from perform.gl.rows import LETTERS
from perform.looks.capture import OF_THE_HAND, OF_THE_LOOK, WISHES, shader_of

if TYPE_CHECKING:
    from perform.show import Show

KNOBS = ("depth", "attack_s", "release_s", "curve")


@dataclass(frozen=True, slots=True)
class Timing:
    """How a morph goes. length: of seconds, or of beats; 0 leaves it to the hand. curve: of `curves`. turn_at: share
    at which what has nothing in between changes."""

    length: float
    in_beats: bool = False
    curve: str = "smooth"
    turn_at: float = 0.5

    def share(self, began: Moment, now: Moment) -> float:
        """How much of the time is over, 0..1."""
        spent = now.beats - began.beats if self.in_beats else now.seconds - began.seconds
        return min(max(spent / self.length, 0.0), 1.0)


class Morphing:
    """One morph, from where the show stands now. Thread: the engine's. Raises PerformError, with the show as it was,
    for a look that cannot play. share: how far it has come, 0..1, before the curve."""

    def __init__(self, show: Show, look: Preset, timing: Timing) -> None:
        self._show, self.look, self._timing = show, look, timing
        self._began = show.engine.moment
        self._passing: list[tuple[str, str, float, float]] = []
        self._free: tuple[tuple[FreeSource, ...], ...] = ()
        self._arcs: dict[str, tuple[Value, str, Value]] = {}
        self.share, self.settled = 0.0, False
        ways = self._grow if alike(show, look) else self._fade_over
        start, aim = ways()
        self._way = Morph(show.engine.table, start, aim, timing.turn_at)

    def to(self, share: float) -> None:
        """Put the show so far on its way."""
        if self.settled:
            return
        self.share = min(max(share, 0.0), 1.0)
        bent = shape(self.share, self._timing.curve)
        self._way.to(bent)
        if self._free:
            self._show.engine.free = self._free[bent >= self._timing.turn_at]

    def by_the_clock(self, now: Moment) -> bool:
        """Go on to a moment; returns whether it has arrived."""
        self.to(self._timing.share(self._began, now))
        return self.share >= 1.0

    def settle(self) -> None:
        """It has arrived: what was there for the way alone is taken away."""
        if self.settled:
            return
        self.to(1.0)
        self.settled = True
        table = self._show.engine.table
        for path, (aim, to, before) in self._arcs.items():
            at = to_rows(table[path])[1]
            if table.value(at) == 1.0:  # else a hand has taken it
                table.set(path, aim)
                table.set(at, 0.0)
                table.set(to, before)
        if self._free:
            self._show.engine.free = tuple(self.look.free)
        kept = []
        for route, acts in self._show.routes.standing():
            if _ends(route) in self._passing and route.depth == 0.0:
                self._passing.remove(_ends(route))
            else:
                kept.append((route, acts))
        self._show.routes.replace_all(kept)

    def _grow(self) -> tuple[dict[str, Value], dict[str, Value]]:
        """Both looks have the same rows: all of them move, and the cables with them."""
        show, engine = self._show, self._show.engine
        aim = values_of(engine.table, self.look)
        start = {path: engine.table.value(path) for path in aim}
        now, want = show.routes.standing(), _cables(self.look)
        between, wanted = _joined(now, want)
        self._passing = [_ends(route) for route, _ in wanted[len(want) :]]
        show.routes.replace_all(between)
        for number, (route, acts) in enumerate(wanted, 1):
            where = f"route/{number}"
            for knob in KNOBS:
                start[f"{where}/{knob}"] = engine.table.value(f"{where}/{knob}")
                aim[f"{where}/{knob}"] = getattr(route, knob)
            start[f"{where}/on"], aim[f"{where}/on"] = engine.table.value(f"{where}/on"), acts
        self._free = _free(engine.free, self.look.free)
        engine.free = self._free[0]
        self._lead(start, aim, {route.target for route, _ in between})
        return start, aim

    def _lead(self, start: dict[str, Value], aim: dict[str, Value], moved: set[str]) -> None:
        """Seeds that are led along an arc, where the rows for that are free."""
        table = self._show.engine.table
        for path in [p for p in aim if p in table and table[p].arc and start.get(p) != aim[p]]:
            to, at = to_rows(table[path])
            if to not in table or at not in table or {path, to, at} & moved or start.get(at) or aim.get(at):
                continue
            self._arcs[path] = aim[path], to, aim[to]
            table.set(to, aim[path])
            start[at], aim[at] = 0.0, 1.0
            del start[path], start[to]

    def _fade_over(self) -> tuple[dict[str, Value], dict[str, Value]]:
        """The new look comes in over the old one; what both have goes on from where it stood."""
        show, table, timing = self._show, self._show.engine.table, self._timing
        before = {row.name: table.value(row.name) for row in table if goes_with_looks(row)}
        homes = _homes(show)
        show.bring(self.look, Fade("", timing.length, timing.in_beats))
        aim, now = values_of(table, self.look), _homes(show)
        start = {path: before[path] for path in aim if path in before and _home(path, homes) == _home(path, now)}
        for path, value in start.items():
            table.set(path, value)
        return start, aim


def to_rows(row: Param) -> tuple[str, str]:
    """The full paths of the two rows that lead a row along an arc."""
    assert row.arc is not None
    where = row.name.rpartition("/")[0]
    return f"{where}/{row.arc[0]}", f"{where}/{row.arc[1]}"


def alike(show: Show, look: Preset) -> bool:
    """Whether a look plays the sources that play now, through the same effects. Raises PerformError."""
    decks = show.decks
    wanted = {letter: show.plan(look, letter).text for letter in look.decks if letter in LETTERS}
    if wanted != {letter: decks.source(letter) for letter in LETTERS if decks.source(letter)}:
        return False
    chains = {"master": look.master, **{f"deck/{letter}": look.decks[letter].fx for letter in wanted}}
    now = {where: [(name, shader_of(d)) for name, d in chain] for where, chain in decks.chains.items()}
    return all(now.get(where, []) == [(slot.name, slot.shader) for slot in slots] for where, slots in chains.items())


def goes_with_looks(row: Param) -> bool:
    """Whether a row is the look's, and neither a wish nor a trigger."""
    parts = row.name.split("/")
    if row.kind == "trigger" or len(parts) < 2:
        return False
    if parts[0] in ("deck", "master"):
        return parts[2 if parts[0] == "deck" else 1] not in WISHES
    return parts[0] in OF_THE_LOOK or (parts[0] == "mix" and parts[1] not in OF_THE_HAND)


def values_of(table: ParamTable, look: Preset) -> dict[str, Value]:
    """What a look sets every row to that goes with looks: full path -> native value, the default where it says none."""
    said, found = look.values(), {}
    for row in table:
        if goes_with_looks(row):
            try:
                found[row.name] = row.checked(said.get(row.name, row.default))
            except ParamError:
                found[row.name] = row.checked(row.default)
    return found


def _homes(show: Show) -> dict[str, str]:
    """What lies where: source of a deck, shader of a slot. A value means the same only where these are the same."""
    of_decks = [(letter, group) for letter in LETTERS for group in ("source", "inputs")]
    found = {f"deck/{letter}/{group}": show.decks.source(letter) for letter, group in of_decks}
    for where, chain in show.decks.chains.items():
        found.update({f"{where}/fx/{name}": shader_of(document) for name, document in chain})
    return found


def _home(path: str, homes: Mapping[str, str]) -> str:
    where = path.rpartition("/")[0]
    return homes.get(where, "")


def _cables(look: Preset) -> list[tuple[Route, bool]]:
    return [(route, bool(look.params.get(f"route/{n}/on", True))) for n, route in enumerate(look.routes, 1)]


Cables = list[tuple[Route, bool]]


def _joined(now: Cables, want: Cables) -> tuple[Cables, Cables]:
    """All cables of both, those that are wanted first, in their order: as they begin, and as they end. One that only
    the other has begins, or ends, at depth 0."""
    left, begin, end = list(now), [], list(want)
    for route, acts in want:
        same = next((pair for pair in left if _ends(pair[0]) == _ends(route)), None)
        if same is None:
            begin.append((replace(route, depth=0.0), acts))
        else:
            left.remove(same)
            begin.append(same)
    for route, acts in left:
        begin.append((route, acts))
        end.append((replace(route, depth=0.0), acts))
    return begin, end


def _ends(route: Route) -> tuple[str, str, float, float]:
    return route.source, route.target, route.lo, route.hi


def _free(now: Sequence[FreeSource], want: Sequence[FreeSource]) -> tuple[tuple[FreeSource, ...], ...]:
    """The sources of both looks before the turn and after it; of two with one name first the old one, then the new."""
    old, new = {unit.source: unit for unit in now}, {unit.source: unit for unit in want}
    return tuple((new | old).values()), tuple((old | new).values())
