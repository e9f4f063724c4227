"""Cables laid and taken away while the show runs: `route/add` and `route/remove`, so that any hand can do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from perform.core.errors import UsageError
from perform.core.params import Param
from perform.core.routes import Route, RouteBank, route_rows
from perform.core.types import Value
from perform.engine.engine import Engine

ROWS: tuple[Param, ...] = (
    Param("route/add", "text", "", doc="lays a cable: a source, a parameter and, if wanted, a depth, as in "
          "`audio/bass/hit deck/a/source/glow 0.5`", live=False),
    Param("route/remove", "text", "", doc="takes a cable away: its number", live=False),
)  # fmt: skip
MOST_ROUTES = 512
DEPTH, RELEASE_S = 0.5, 0.2
KINDS = ("float", "int", "bool", "choice", "trigger")


class RouteDesk:
    """Thread: the engine's. known: whether there is such a source. rooms: parameters that no route may move."""

    def __init__(self, engine: Engine, known: Callable[[str], bool], rooms: frozenset[str]) -> None:
        self._engine, self._known, self._rooms = engine, known, rooms

    def mount(self) -> None:
        """Add the rows; the look's own are gone with it."""
        self._engine.table.add(ROWS)

    def grant(self, path: str, value: Value) -> bool:
        """Obey one wish. Returns whether it was one of these. Raises UsageError or PresetError."""
        act = {"route/add": self._add, "route/remove": self._remove}.get(path)
        if act is None:
            return False
        self._engine.table.set(path, "")
        if str(value).strip():
            act(str(value).split())
        return True

    def _add(self, words: list[str]) -> None:
        table = self._engine.table
        if len(words) not in (2, 3):
            raise UsageError("route/add: say a source and a parameter, like `audio/bass/hit deck/a/source/glow`")
        source, target = words[0][:200], words[1][:200]
        try:
            depth = float(words[2]) if len(words) == 3 else DEPTH
        except ValueError:
            raise UsageError(f"route/add: {words[2][:20]!r} is no depth; it is a number from -2 to 2") from None
        pulled = target in table and table[target].kind == "trigger"
        self.lay(Route(source, target, min(max(depth, -2.0), 2.0), release_s=0.0 if pulled else RELEASE_S))

    def lay(self, route: Route) -> int:
        """Lay one more cable; its number. Raises UsageError for a source or parameter that is not there."""
        table, source, target = self._engine.table, route.source, route.target
        if not self._known(source):
            raise UsageError(f"route/add: no source {source!r}; `perform list features` names them")
        if target not in table or not table[target].live or table[target].kind not in KINDS:
            raise UsageError(f"route/add: no parameter {target!r} that a route can move")
        if target in self._rooms:
            raise UsageError(f"route/add: {target} belongs to the room: no route moves it")
        kept = self.standing()
        if len(kept) >= MOST_ROUTES:
            raise UsageError(f"route/add: a look holds {MOST_ROUTES} routes at most")
        self.replace_all([*kept, (route, True)])
        return len(kept) + 1

    def _remove(self, words: list[str]) -> None:
        kept = self.standing()
        number = int(words[0]) if words[0].isdecimal() and len(words[0]) < 5 else 0
        if not 1 <= number <= len(kept):
            raise UsageError(f"route/remove: no route {words[0][:20]!r}; there are {len(kept)}")
        del kept[number - 1]
        self.replace_all(kept)

    def standing(self) -> list[tuple[Route, bool]]:
        """The cables as hands have left them, and whether each acts."""
        base, found = self._engine.table.base(), []
        for number, route in enumerate(self._engine.bank.routes, 1):
            now = {name: base.get(f"route/{number}/{name}", getattr(route, name))
                   for name in ("depth", "attack_s", "release_s", "curve")}  # fmt: skip
            found.append((replace(route, **now), bool(base.get(f"route/{number}/on", True))))  # type: ignore[arg-type]
        return found

    def replace_all(self, cables: list[tuple[Route, bool]]) -> None:
        """Put these cables in the place of those there are, each with whether it acts; what stays goes on unbroken."""
        engine, routes = self._engine, tuple(route for route, _ in cables)
        suspended = engine.bank.suspended
        engine.table.remove("route")
        engine.table.add(route_rows(routes))
        self.mount()
        for number, (_, on) in enumerate(cables, 1):
            engine.table.set(f"route/{number}/on", on)
        engine.set_routes(RouteBank(routes, engine.bank), engine.free)
        engine.bank.suspended = suspended
