"""What the control part of a tick costs: parameters and routes, from few to many, on one core.

Ours against the same routes worked out one by one in Python, the baseline. CPU time leaves out what other programs take
of the core; it is the mean of a block of ticks, and of the blocks the middle one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

import numpy as np

from perform.core import curves
from perform.core.params import Param, ParamTable
from perform.core.routes import Route, RouteBank, route_rows
from perform.core.smoothing import Envelope
from perform.core.types import Value

SIZES = ((100, 10), (500, 50), (500, 100), (500, 200), (500, 400), (2000, 800))
"""(parameters beside those of the routes, routes)."""
GOAL_MS, GOAL_AT = 0.3, (500, 200)
_DT_S = 1.0 / 60.0
_BLOCK, _BLOCKS = 100, 21
_SOURCES = 80


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row per size. ms_p50, ms_p99: by a clock on the wall; cpu_ms: processor time."""
    sizes = SIZES[:2] if quick else SIZES
    rows = [_row(params, routes, 2 if quick else _BLOCKS) for params, routes in sizes]
    if not quick:
        slope = (rows[-1]["cpu_ms"] - rows[1]["cpu_ms"]) / (SIZES[-1][1] - SIZES[1][1])
        rows.append({"what": "cost of one route more", "cpu_us": round(1000.0 * slope, 2)})
    return rows


def _row(params: int, count: int, blocks: int) -> dict[str, Any]:
    table, routes = make(params, count)
    bank, plain = RouteBank(routes), OneByOne(routes)
    rng = np.random.default_rng(1)
    names = [f"audio/s{n}" for n in range(_SOURCES)]
    ticks = list(islice(cycle([dict(zip(names, rng.random(_SOURCES).tolist(), strict=True)) for _ in range(16)]), 256))

    def held(n: int) -> None:
        bank.apply(table, ticks[n % 256], _DT_S)

    def turned(n: int) -> None:
        table.set("p0", (n % 100) / 100.0)
        table.set("route/1/depth", (n % 100) / 100.0)
        bank.apply(table, ticks[n % 256], _DT_S)

    still, hand = _timed(held, blocks), _timed(turned, blocks)
    base = _timed(lambda n: plain.apply(table, ticks[n % 256], _DT_S), max(2, blocks // 4))
    return {
        "what": f"{params} parameters, {count} routes", **still, "cpu_ms_while_turned": hand["cpu_ms"],
        "one_by_one_cpu_ms": base["cpu_ms"], "times_less_cpu": round(base["cpu_ms"] / still["cpu_ms"], 1),
        **({"goal_ms": GOAL_MS} if (params, count) == GOAL_AT else {}),
    }  # fmt: skip


def make(params: int, count: int) -> tuple[ParamTable, list[Route]]:
    """A table of so many parameters, and routes of every curve and smoothing over them."""
    kinds = (
        lambda n: Param(f"p{n}", default=0.3), lambda n: Param(f"p{n}", default=440.0, lo=20.0, hi=2e4, curve="log"),
        lambda n: Param(f"p{n}", "int", 5, 0, 64), lambda n: Param(f"p{n}", default=1.0, hi=9.0, curve="square"),
        lambda n: Param(f"p{n}", "bool", False), lambda n: Param(f"p{n}", "choice", "a", choices=("a", "b", "c")),
    )  # fmt: skip
    shares = (0, 0, 0, 1, 1, 2, 2, 3, 0, 4, 0, 5)
    table = ParamTable([kinds[shares[n % len(shares)]](n) for n in range(params)])
    routes = [
        Route(f"audio/s{n % _SOURCES}", f"p{(7 * n) % params}", 0.4, curves.NAMES[n % len(curves.NAMES)],
              0.01 * (n % 3), 0.1 * (n % 4))
        for n in range(count)
    ]  # fmt: skip
    table.add(route_rows(routes))
    return table, routes


def _timed(tick: Callable[[int], object], blocks: int) -> dict[str, float]:
    times, busy = [], []
    for n in range(_BLOCK):
        tick(n)
    for _ in range(blocks):
        cpu = time.thread_time_ns()
        for n in range(_BLOCK):
            start = time.perf_counter_ns()
            tick(n)
            times.append((time.perf_counter_ns() - start) / 1e6)
        busy.append((time.thread_time_ns() - cpu) / 1e6 / _BLOCK)
    p50, p99 = np.percentile(times, [50, 99])
    return {"ms_p50": round(float(p50), 4), "ms_p99": round(float(p99), 4), "cpu_ms": round(float(np.median(busy)), 4)}


class OneByOne:
    """The textbook's way: each route by itself. The tests hold ours against it too."""

    def __init__(self, routes: list[Route]) -> None:
        self.routes = routes
        self.smoothers = [Envelope() for _ in routes]

    def apply(self, table: ParamTable, signals: dict[str, float], dt_s: float) -> dict[str, Value]:
        """The values with all routes on top."""
        values = dict(table.base())
        lift: dict[str, float] = {}
        for number, (route, smoother) in enumerate(zip(self.routes, self.smoothers, strict=True), 1):
            knob = f"route/{number}/"
            if route.source not in signals or not values[knob + "on"]:
                continue
            x = (signals[route.source] - route.lo) / (route.hi - route.lo)
            smoother.attack_s, smoother.release_s = float(values[knob + "attack_s"]), float(values[knob + "release_s"])  # type: ignore[arg-type]
            held = smoother.step(min(max(x, 0.0), 1.0), dt_s)
            level = curves.shape(held, str(values[knob + "curve"]))
            lift[route.target] = lift.get(route.target, 0.0) + float(values[knob + "depth"]) * level  # type: ignore[arg-type]
        for path, amount in lift.items():
            place = table[path].to_norm(values[path])
            if place is not None:
                values[path] = table[path].from_norm(place + amount)
        return values
