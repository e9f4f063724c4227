"""Routes join sources to parameters; the bank of a preset's routes turns base values into a ParamFrame.

In the normalised view of the target: live = base + sum over routes of depth * shape(smooth((source - lo)/(hi - lo))),
clamped to 0..1. Routes add, so their order never matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perform.core import curves
from perform.core.errors import PresetError
from perform.core.params import Param, ParamTable
from perform.core.types import ParamFrame
from perform.core.wiring import COUNTERS, Cables, Puller, Wiring, is_counter, is_endless

__all__ = ["COUNTERS", "Route", "RouteBank", "is_counter", "is_endless", "route_rows"]
NONE_LATER: Mapping[str, Mapping[str, float]] = {}


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


def _ends(route: Route) -> tuple[Any, ...]:
    """What makes a cable the same cable; how far and how it moves may be turned."""
    return route.source, route.target, route.lo, route.hi


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


class RouteBank:
    """The routes of the playing preset. One owner: the engine's thread.

    before: the bank that it takes the place of, where the look goes on; the trigger counts are kept by the table.
    """

    def __init__(self, routes: Sequence[Route] = (), before: RouteBank | None = None) -> None:
        self.routes = tuple(routes)
        self.suspended = False
        self.missing: set[str] = set()
        self._at_work = Cables(self.routes)
        self._pullers = [Puller(n, r) for n, r in enumerate(self.routes)]
        self._wiring: Wiring | None = None
        self._table: ParamTable | None = None
        self._revision = -1
        if before is not None:
            self._go_on_from(before)

    def _go_on_from(self, before: RouteBank) -> None:
        """A cable that was there goes on where its smoother and its count stand."""
        old: dict[tuple[Any, ...], list[int]] = {}
        for number, route in enumerate(before.routes):
            old.setdefault(_ends(route), []).append(number)
        for number, route in enumerate(self.routes):
            same = old.get(_ends(route))
            if same:
                was = same.pop(0)
                self._at_work.held[number] = before._at_work.held[was]
                self._at_work.level[number] = before._at_work.level[was]
                self._pullers[number].go_on_from(before._pullers[was])

    def levels(self) -> tuple[float, ...]:
        """What each route's source comes to now, 0..1 after its smoothing and curve, in the order of their numbers."""
        return tuple(self._at_work.level.tolist())

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
        if self.suspended or not self.routes:
            return ParamFrame(values)
        wiring = self._wiring
        if wiring is None or table is not self._table or table.revision != self._revision:
            wiring = self._wiring = Wiring(self.routes, table, self._at_work, self._pullers)
            self._table, self._revision = table, table.revision
            self.missing |= wiring.lost
        self.missing |= wiring.drive(signals, later, dt_s, values)
        return ParamFrame(values)
