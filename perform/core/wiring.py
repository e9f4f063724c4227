"""Routes at work, all at once: what the routes of a look and a table come to is worked out when rows come or go, so
that a tick is a few steps over arrays, however many routes there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from perform.core import curves
from perform.core.params import Param, ParamTable
from perform.core.types import Value

COUNTERS = ("count", "onsets", "clip", "drops", "breaks")
"""Last words of the names of sources that only grow."""
_FIRE_AT, _REARM_AT = 0.5, 0.3
_KNOBS = ("on", "depth", "attack_s", "release_s", "curve")


def is_endless(source: str) -> bool:
    """Whether a source grows for ever (a band's integrated time), so that routes wrap it round lo..hi."""
    return source.endswith("/time")


def is_counter(source: str) -> bool:
    """Whether a source only grows, so that routes look at its steps and not at its height."""
    return source.rsplit("/", 1)[-1] in COUNTERS


class Cable(Protocol):
    """What of a route is needed here; see `Route`."""

    source: str
    target: str
    lo: float
    hi: float


class Cables:
    """What outlives a change of the table: how far each route's smoother has come, and its level. Both [n] in 0..1."""

    def __init__(self, routes: Sequence[Cable]) -> None:
        self.held = np.zeros(len(routes))
        self.level = np.zeros(len(routes))


class Puller:
    """A route to a trigger: the counts it has seen. number: of its route, from 0."""

    __slots__ = ("_armed", "_seen", "_span", "fired", "number", "route")

    def __init__(self, number: int, route: Cable) -> None:
        self.number, self.route = number, route
        self._span = 1.0 / (route.hi - route.lo)
        self._seen: float | None = None
        self._armed = True
        self.fired = 0

    def go_on_from(self, before: Puller) -> None:
        """Take over what another has seen, so that nothing fires twice."""
        self._seen, self._armed = before._seen, before._armed

    def grew(self, source: float) -> bool:
        """Whether the trigger fires in this tick (a burst of onsets between ticks counts once)."""
        if is_counter(self.route.source):
            grew = self._seen is not None and source > self._seen
            self._seen = source
        else:
            x = (source - self.route.lo) * self._span
            grew = self._armed and x >= _FIRE_AT
            self._armed = x < _REARM_AT if not self._armed else not grew
        return grew


class _Targets:
    """The parameters that are lifted, each once, in the order of `rows`: numbers by groups of one curve, then the few
    that are switched. Their places in 0..1 are worked out anew only for those whose base has changed."""

    def __init__(self, rows: Sequence[Param]) -> None:
        self.rows, self.paths = rows, [row.name for row in rows]
        self.place: np.ndarray = np.zeros(len(rows))
        self._base: list[Value | None] = [None] * len(rows)
        numbers = [n for n, row in enumerate(rows) if row.kind in ("float", "int")]
        self._switches = [n for n, row in enumerate(rows) if row.kind not in ("float", "int")]
        self._whole = [n for n in numbers if rows[n].kind == "int"]
        named = {n: rows[n].curve if rows[n].curve != "log" or rows[n].lo > 0.0 else "linear" for n in numbers}
        self._groups = []
        for curve in dict.fromkeys(named.values()):
            mine = np.array([n for n in numbers if named[n] == curve])
            lo, hi = (np.array([getattr(rows[n], end) for n in mine], float) for end in ("lo", "hi"))
            self._groups.append((curve, mine, lo, hi))

    def look(self, base: Mapping[str, Value]) -> None:
        """Take over base values."""
        now: list[Value | None] = [base[path] for path in self.paths]
        if now == self._base:
            return
        for n, (new, old) in enumerate(zip(now, self._base, strict=True)):
            if new != old or old is None:
                self.place[n] = self.rows[n].to_norm(new)  # type: ignore[arg-type]
        self._base = now

    def lifted(self, lift: np.ndarray, touched: np.ndarray | None, values: dict[str, Value]) -> None:
        """Write the values at place + lift. touched: [n] bool, None for all."""
        x = np.minimum(np.maximum(self.place + lift, 0.0), 1.0)
        out = np.empty_like(x)
        for curve, mine, lo, hi in self._groups:
            out[mine] = curves.from_unit_many(x[mine], lo, hi, curve)
        native: list[Value] = out.tolist()
        for n in self._whole:
            native[n] = round(native[n])  # type: ignore[arg-type]
        for n in self._switches:
            native[n] = self.rows[n].from_norm(float(x[n]))
        if touched is None:
            values.update(zip(self.paths, native, strict=True))
        else:
            values.update((self.paths[n], native[n]) for n in np.flatnonzero(touched).tolist())


class Wiring:
    """Routes joined to the rows of a table, as long as its revision stays. lost: targets that are not there."""

    def __init__(self, routes: Sequence[Cable], table: ParamTable, at_work: Cables, pullers: Sequence[Puller]) -> None:
        self._table, self._work = table, at_work
        self.lost = {r.target for r in routes if r.target not in table}
        there = [n for n, r in enumerate(routes) if r.target in table]
        self._pullers = [pullers[n] for n in there if table[routes[n].target].kind == "trigger"]
        mine = [n for n in there if table[routes[n].target].kind != "trigger"]
        self._mine = np.array(mine, int)
        self._routes = [routes[n] for n in mine]
        self._sources = [r.source for r in self._routes]
        self._lo = np.array([r.lo for r in self._routes], float)
        self._span = 1.0 / (np.array([r.hi for r in self._routes], float) - self._lo)
        self._endless = np.array([n for n, r in enumerate(self._routes) if is_endless(r.source)], int)
        rows = {r.target: table[r.target] for r in self._routes}
        reached = {path: row for path, row in rows.items() if row.kind in ("float", "int", "bool", "choice")}
        place = {path: n for n, path in enumerate(reached)}
        self._targets = _Targets(list(reached.values()))
        self._none = len(place)  # one place more than there are: for what has no place in 0..1
        self._into = np.array([place.get(r.target, self._none) for r in self._routes], int)
        self._keys = [[f"route/{n + 1}/{knob}" for n in mine] for knob in _KNOBS]
        self._plain = [[getattr(r, knob, True) for r in self._routes] for knob in _KNOBS]
        self._knobs: list[list[Value]] = []
        self._turns = -1
        self._below: dict[str, list[int]] = {}

    def drive(
        self,
        signals: Mapping[str, float],
        later: Mapping[str, Mapping[str, float]],
        dt_s: float,
        values: dict[str, Value],
    ) -> set[str]:
        """Lift `values` (the base) in place; returns the sources that were not there."""
        self._look()
        missing: set[str] = set()
        for puller in self._pullers:
            self._pull(puller, signals, later, values, missing)
        if not self._routes:
            return missing
        get = signals.get
        source = [get(name) for name in self._sources]
        for prefix, known in later.items():
            for n in self._under(prefix):
                source[n] = known.get(self._sources[n], source[n])
        active: np.ndarray | None = None if self._all_on else self._on
        if None in source:
            missing.update(name for name, value in zip(self._sources, source, strict=True) if value is None)
            here = np.array([value is not None for value in source])
            active = here if active is None else here & active
            source = [0.0 if value is None else value for value in source]
        self._lift(np.array(source, float), active, dt_s, values)
        return missing

    def _lift(self, source: np.ndarray, active: np.ndarray | None, dt_s: float, values: dict[str, Value]) -> None:
        work, mine = self._work, self._mine
        x = (source - self._lo) * self._span
        if self._endless.size:
            x[self._endless] %= 1.0
        x = np.minimum(np.fmax(x, 0.0), 1.0)  # what is no number counts as nothing
        held = work.held[mine]
        tau_s = np.where(x > held, self._attack_s, self._release_s)
        at_once = tau_s <= 0.0
        tau_s[at_once] = 1.0
        share = -np.expm1(-dt_s / tau_s)
        share[at_once] = 1.0
        held = held + (x - held) * share
        level = held
        if self._shapes:
            level = np.minimum(np.maximum(held, 0.0), 1.0)
            for curve, bent in self._shapes:
                level[bent] = curves.shape_many(level[bent], curve)
        if active is None:
            work.held[mine], work.level[mine] = held, level
            lift = np.bincount(self._into, self._depth * level, self._none + 1)
            self._targets.lifted(lift[: self._none], None, values)
            return
        work.held[mine[active]], work.level[mine[active]] = held[active], level[active]
        into = self._into[active]
        lift = np.bincount(into, (self._depth * level)[active], self._none + 1)
        touched = np.bincount(into, minlength=self._none + 1)[: self._none] > 0
        self._targets.lifted(lift[: self._none], touched, values)

    def _look(self) -> None:
        """Take over what hands have turned since the last tick."""
        if self._turns == self._table.turns:
            return
        self._turns = self._table.turns
        base = self._table.base()
        self._targets.look(base)
        get = base.get
        knobs = [
            [get(key, plain) for key, plain in zip(keys, plains, strict=True)]
            for keys, plains in zip(self._keys, self._plain, strict=True)
        ]
        if knobs == self._knobs:
            return
        self._knobs = knobs
        self._on = np.array(knobs[0], bool)
        self._all_on = bool(self._on.all())
        self._depth, self._attack_s, self._release_s = (np.array(row, float) for row in knobs[1:4])
        bent = [str(curve) for curve in knobs[4]]
        self._shapes = [
            (curve, np.array([n for n, mine in enumerate(bent) if mine == curve]))
            for curve in dict.fromkeys(bent)
            if curve not in ("linear", "log")
        ]

    def _under(self, prefix: str) -> list[int]:
        """Which of the routes end below a prefix."""
        if prefix not in self._below:
            self._below[prefix] = [n for n, r in enumerate(self._routes) if r.target.startswith(prefix)]
        return self._below[prefix]

    def _pull(
        self,
        puller: Puller,
        signals: Mapping[str, float],
        later: Mapping[str, Mapping[str, float]],
        values: dict[str, Value],
        missing: set[str],
    ) -> None:
        route, knob = puller.route, f"route/{puller.number + 1}/"
        source = signals.get(route.source)
        for prefix, known in later.items():
            if route.target.startswith(prefix):
                source = known.get(route.source, source)
        if source is None:
            missing.add(route.source)
        elif values.get(knob + "on", True):
            grew, acts = puller.grew(source), values.get(knob + "depth", getattr(route, "depth", 0.0)) != 0.0
            puller.fired += grew and acts
        if puller.fired:  # also while it rests: the counts of triggers only grow
            values[route.target] = int(values[route.target]) + puller.fired  # type: ignore[arg-type]
