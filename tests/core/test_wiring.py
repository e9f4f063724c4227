"""Routes all at once give what routes one by one give."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.bench.control import OneByOne, make
from perform.core.params import Param, ParamTable
from perform.core.routes import Route, RouteBank, route_rows

LEVELS = st.lists(st.floats(-0.5, 1.5), min_size=80, max_size=80)
KNOBS = ("on", "depth", "curve", "release_s")


@settings(max_examples=30, deadline=None)
@given(ticks=st.lists(st.tuples(LEVELS, st.sampled_from([0.0, 0.004, 0.05])), max_size=4),
       hands=st.lists(st.tuples(st.integers(1, 60), st.sampled_from(KNOBS), st.integers(0, 1)), max_size=6),
       gone=st.sets(st.integers(0, 79), max_size=5))  # fmt: skip
def test_all_at_once_is_one_by_one(ticks: list, hands: list, gone: set[int]) -> None:
    table, routes = make(40, 60)
    bank, plain = RouteBank(routes), OneByOne(routes)
    for number, (levels, dt_s) in enumerate(ticks):
        for route, knob, value in hands[number::2]:
            table.set(f"route/{route}/{knob}", value)
        signals = {f"audio/s{n}": level for n, level in enumerate(levels) if n not in gone}
        ours, theirs = bank.apply(table, signals, dt_s).values, plain.apply(table, signals, dt_s)
        assert ours.keys() == theirs.keys()
        for path, value in theirs.items():
            assert type(ours[path]) is type(value)
            assert (
                ours[path] == pytest.approx(value, rel=1e-9, abs=1e-12)
                if isinstance(value, float)
                else (ours[path] == value)
            )


def test_rows_that_come_later_are_reached_and_smoothing_goes_on() -> None:
    route = Route("s", "late", depth=0.8, attack_s=0.1)
    other = Route("s", "x", depth=0.8, attack_s=0.1)
    table = ParamTable([Param("x", default=0.0), *route_rows([route, other])])
    bank = RouteBank([route, other])
    bank.apply(table, {"s": 1.0}, 0.05)
    assert bank.missing == {"late"}
    table.add([Param("late", default=0.0)])
    after = bank.apply(table, {"s": 1.0}, 0.05).values
    assert after["x"] > after["late"] > 0.0  # one has gone two steps, the other one
    assert bank.levels()[1] == pytest.approx(after["x"] / 0.8)


def test_what_is_no_number_counts_as_nothing() -> None:
    route = Route("s", "x", depth=0.5)
    table = ParamTable([Param("x", default=0.2), *route_rows([route])])
    bank = RouteBank([route])
    assert bank.apply(table, {"s": float("nan")}, 0.02).values["x"] == pytest.approx(0.2)
    assert bank.apply(table, {"s": 1.0}, 0.02).values["x"] == pytest.approx(0.7)


def test_counts_of_triggers_only_grow_while_a_route_rests() -> None:
    route = Route("n/count", "go")
    table = ParamTable([Param("go", "trigger", False), *route_rows([route])])
    bank = RouteBank([route])
    for n in (1, 2, 3):
        bank.apply(table, {"n/count": n}, 0.02)
    table.set("route/1/on", False)
    assert bank.apply(table, {"n/count": 4}, 0.02).values["go"] == 2
    table.set("route/1/on", True)
    table.set("route/1/depth", 0.0)
    assert bank.apply(table, {"n/count": 5}, 0.02).values["go"] == 2
    assert bank.apply(table, {}, 0.02).values["go"] == 2


def test_a_painters_later_source_goes_before_the_one_of_now() -> None:
    routes = [Route("s", "deck/a/source/x"), Route("s", "y")]
    table = ParamTable([Param("deck/a/source/x"), Param("y"), *route_rows(routes)])
    values = RouteBank(routes).apply(table, {"s": 0.0}, 0.02, {"deck/a/source/": {"s": 1.0}}).values
    assert values["deck/a/source/x"] == pytest.approx(0.5) and values["y"] == 0.0
