"""Routes join sources to parameters; the bank of a preset's routes turns base values into a ParamFrame.

In the normalised view of the target: live = base + sum over routes of depth * shape(smooth((source - lo)/(hi - lo))),
clamped to 0..1. Routes add, so their order never matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perform.core import curves
from perform.core.errors import PresetError
from perform.core.params import Param, ParamTable
from perform.core.smoothing import Envelope
from perform.core.types import ParamFrame, Value

NONE_LATER: Mapping[str, Mapping[str, float]] = {}
COUNTERS = ("count", "onsets", "clip", "drops", "breaks")
"""Last words of the names of sources that only grow."""
_FIRE_AT, _REARM_AT = 0.5, 0.3


def is_endless(source: str) -> bool:
    """Whether a source grows for ever (a band's integrated time), so that routes wrap it round lo..hi."""
    return source.endswith("/time")


def is_counter(source: str) -> bool:
    """Whether a source only grows, so that routes look at its steps and not at its height."""
    return source.rsplit("/", 1)[-1] in COUNTERS


@dataclass(frozen=True, slots=True)
class Route:
    """One cable. depth: -2..2 of the target's whole range. lo, hi: the part of the source that maps to 0..1; a source
    that grows for ever (`…/time`) wraps round it.

    attack_s, release_s: time constants of smoothing, 0 for none. A trigger fires each time the source's count grows,
    or, for sources that are no counters, when it rises over the middle of lo..hi.
    """

    source: str
    target: str
    depth: float = 0.5
    curve: str = "linear"
    attack_s: float = 0.0
    release_s: float = 0.0
    lo: float = 0.0
    hi: float = 1.0

    def __post_init__(self) -> None:
        where = f"route {self.source} -> {self.target}"
        for name in ("depth", "attack_s", "release_s", "lo", "hi"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise PresetError(f"{where}: {name} is {value!r}, which is no number")
        if self.curve not in curves.NAMES:
            raise PresetError(f"{where}: no curve {self.curve!r}, use one of {', '.join(curves.NAMES)}")
        if self.lo == self.hi:
            raise PresetError(f"{where}: lo and hi are the same")
        if min(self.attack_s, self.release_s) < 0.0:
            raise PresetError(f"{where}: attack_s and release_s are seconds and cannot be negative")


def route_rows(routes: Sequence[Route]) -> list[Param]:
    """The rows `route/N/...` (N from 1) through which hands reach the routes of a preset."""
    rows: list[Param] = []
    for number, route in enumerate(routes, 1):
        doc = f"{route.source} -> {route.target}"
        rows += [
            Param(f"route/{number}/depth", "float", route.depth, -2.0, 2.0, doc=f"how far {doc} reaches"),
            Param(f"route/{number}/attack_s", "float", route.attack_s, 0.0, 10.0, "s", "square", f"rise of {doc}"),
            Param(f"route/{number}/release_s", "float", route.release_s, 0.0, 10.0, "s", "square", f"fall of {doc}"),
            Param(f"route/{number}/curve", "choice", route.curve, choices=curves.NAMES, doc=f"bends {doc}"),
            Param(f"route/{number}/on", "bool", True, doc=f"{doc} acts"),
        ]
    return rows


class _Cable:
    """A route at work: its smoother and the counts it has seen."""

    __slots__ = ("_endless", "_span", "armed", "envelope", "fired", "number", "route", "seen", "value")

    def __init__(self, number: int, route: Route) -> None:
        self.number = number
        self.route = route
        self.envelope = Envelope()
        self._endless = is_endless(route.source)
        self._span = 1.0 / (route.hi - route.lo)
        self.seen: float | None = None
        self.fired = 0
        self.armed = True
        self.value = 0.0

    def level(self, source: float, attack_s: float, release_s: float, dt_s: float, curve: str) -> float:
        x = (source - self.route.lo) * self._span
        x = x % 1.0 if self._endless else 0.0 if x < 0.0 else 1.0 if x > 1.0 else x
        self.envelope.attack_s, self.envelope.release_s = attack_s, release_s
        self.value = curves.shape(self.envelope.step(x, dt_s), curve)
        return self.value

    def fires(self, source: float) -> int:
        """How many times a trigger target fires in this tick (a burst of onsets between ticks counts once)."""
        if is_counter(self.route.source):
            grew = self.seen is not None and source > self.seen
            self.seen = source
        else:
            x = (source - self.route.lo) * self._span
            grew = self.armed and x >= _FIRE_AT
            self.armed = x < _REARM_AT if not self.armed else not grew
        if grew:
            self.fired += 1
        return self.fired


class RouteBank:
    """The routes of the playing preset. One owner: the engine's thread."""

    def __init__(self, routes: Sequence[Route] = ()) -> None:
        self.routes = tuple(routes)
        self._cables = [_Cable(n, r) for n, r in enumerate(self.routes, 1)]
        self.suspended = False
        self.missing: set[str] = set()

    def levels(self) -> tuple[float, ...]:
        """What each route's source comes to now, 0..1 after its smoothing and curve, in the order of their numbers."""
        return tuple(cable.value for cable in self._cables)

    def apply(
        self,
        table: ParamTable,
        signals: Mapping[str, float],
        dt_s: float,
        later: Mapping[str, Mapping[str, float]] = NONE_LATER,
    ) -> ParamFrame:
        """Base values of the table with all routes on top. Sources or targets that are not there are skipped and
        named in `missing`.

        later: by prefix of targets, the sources that are known ahead as they will be when such a target is seen: a
        painter takes its time.
        """
        values = dict(table.base())
        if self.suspended:
            return ParamFrame(values)
        lift: dict[str, float] = {}
        for cable in self._cables:
            source = signals.get(cable.route.source)
            for prefix, known in later.items():
                if cable.route.target.startswith(prefix):
                    source = known.get(cable.route.source, source)
            self._drive(cable, table, source, dt_s, values, lift)
        for path, amount in lift.items():
            row = table[path]
            norm = row.to_norm(values[path])
            if norm is not None:
                values[path] = row.from_norm(norm + amount)
        return ParamFrame(values)

    def _drive(
        self,
        cable: _Cable,
        table: ParamTable,
        source: float | None,
        dt_s: float,
        values: dict[str, Value],
        lift: dict[str, float],
    ) -> None:
        route = cable.route
        if source is None or route.target not in table:
            self.missing.add(route.source if source is None else route.target)
            return
        knob = f"route/{cable.number}/"
        if not values.get(knob + "on", True):
            return
        depth = float(values.get(knob + "depth", route.depth))  # type: ignore[arg-type]
        if table[route.target].kind == "trigger":
            before = cable.fired
            fired = cable.fires(source)
            if depth != 0.0:
                values[route.target] = int(values[route.target]) + fired  # type: ignore[arg-type]
            else:
                cable.fired = before
            return
        attack_s = float(values.get(knob + "attack_s", route.attack_s))  # type: ignore[arg-type]
        release_s = float(values.get(knob + "release_s", route.release_s))  # type: ignore[arg-type]
        level = cable.level(source, attack_s, release_s, dt_s, str(values.get(knob + "curve", route.curve)))
        lift[route.target] = lift.get(route.target, 0.0) + depth * level
