from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.errors import PresetError
from perform.core.params import Param, ParamTable
from perform.core.routes import Route, RouteBank, route_rows
from perform.core.sources import LFO_SHAPES, Lfo, Random, beat_values, free_values, wander
from perform.core.types import Moment


def table_with(*routes: Route) -> ParamTable:
    table = ParamTable(
        [
            Param("x", default=0.2),
            Param("big", default=0.0, lo=-10, hi=10),
            Param("go", "trigger", False),
            Param("on", "bool", False),
            Param("way", "choice", "a", choices=("a", "b", "c", "d")),
        ]
    )
    table.add(route_rows(routes))
    return table


def test_routes_add_in_the_normalised_view_and_clamp() -> None:
    routes = [Route("s", "x", depth=0.5), Route("t", "x", depth=-0.1), Route("s", "big", depth=2.0)]
    frame = RouteBank(routes).apply(table_with(*routes), {"s": 1.0, "t": 1.0}, 0.02)
    assert frame.values["x"] == pytest.approx(0.6)
    assert frame.values["big"] == 10.0


def test_the_base_is_never_touched() -> None:
    route = Route("s", "x", depth=0.5)
    table, bank = table_with(route), RouteBank([route])
    for _ in range(5):
        bank.apply(table, {"s": 1.0}, 0.02)
    assert table.value("x") == 0.2


def test_a_window_of_the_source() -> None:
    route = Route("bpm", "x", depth=0.8, lo=100.0, hi=140.0)
    apply = RouteBank([route]).apply
    for bpm, want in ((90.0, 0.2), (120.0, 0.6), (200.0, 1.0)):
        assert apply(table_with(route), {"bpm": bpm}, 0.02).values["x"] == pytest.approx(want)


def test_depth_and_switch_can_be_turned_while_playing() -> None:
    route = Route("s", "x", depth=0.5)
    table, bank = table_with(route), RouteBank([route])
    table.set("route/1/depth", -0.2)
    assert bank.apply(table, {"s": 1.0}, 0.02).values["x"] == pytest.approx(0.0)
    table.set("route/1/on", False)
    assert bank.apply(table, {"s": 1.0}, 0.02).values["x"] == pytest.approx(0.2)


@given(steps=st.lists(st.sampled_from([0.01, 0.02, 0.04]), min_size=1, max_size=30))
def test_smoothing_does_not_depend_on_the_frame_rate(steps: list[float]) -> None:
    route = Route("s", "x", depth=0.8, attack_s=0.1, release_s=0.3)
    fine, coarse = RouteBank([route]), RouteBank([route])
    table = table_with(route)
    for dt in steps:
        last = fine.apply(table, {"s": 1.0}, dt)
    assert last.values["x"] == pytest.approx(coarse.apply(table, {"s": 1.0}, sum(steps)).values["x"])


def test_counters_fire_triggers_once_per_growth() -> None:
    route = Route("audio/bass/onsets", "go")
    table, bank = table_with(route), RouteBank([route])
    seen = [bank.apply(table, {"audio/bass/onsets": float(n)}, 0.02).values["go"] for n in (7, 7, 8, 8, 11, 11)]
    assert seen == [0, 0, 1, 1, 2, 2]


def test_levels_fire_triggers_on_the_rise_with_hysteresis() -> None:
    route = Route("s", "go")
    table, bank = table_with(route), RouteBank([route])
    levels = (0.0, 0.6, 0.9, 0.45, 0.6, 0.2, 0.7)
    assert [bank.apply(table, {"s": x}, 0.02).values["go"] for x in levels] == [0, 1, 1, 1, 1, 1, 2]


def test_bools_and_choices_are_reached() -> None:
    routes = [Route("s", "on", depth=1.0), Route("s", "way", depth=0.5)]
    table, bank = table_with(*routes), RouteBank(routes)
    assert bank.apply(table, {"s": 1.0}, 0.1).values["on"] is True
    assert bank.apply(table, {"s": 1.0}, 0.1).values["way"] == "c"


def test_what_is_missing_is_named_and_skipped() -> None:
    routes = [Route("nope", "x"), Route("s", "gone")]
    bank = RouteBank(routes)
    assert bank.apply(table_with(*routes), {"s": 1.0}, 0.02).values["x"] == 0.2
    assert bank.missing == {"nope", "gone"}


def test_suspended_routes_do_nothing() -> None:
    route = Route("s", "x", depth=0.5)
    bank = RouteBank([route])
    bank.suspended = True
    assert bank.apply(table_with(route), {"s": 1.0}, 0.02).values["x"] == 0.2


@pytest.mark.parametrize("bad", [{"curve": "wild"}, {"lo": 1.0, "hi": 1.0}, {"attack_s": -1.0}])
def test_routes_that_make_no_sense(bad: dict) -> None:
    with pytest.raises(PresetError):
        Route("a", "b", **bad)


@pytest.mark.parametrize("shape", sorted(LFO_SHAPES))
def test_lfos_stay_in_range_and_repeat(shape: str) -> None:
    lfo = Lfo("a", shape, beats=4.0)
    for n in range(64):
        here = lfo.at(Moment(0.0, 0.0, 0, beats=n / 16))
        assert 0.0 <= here <= 1.0
        assert here == pytest.approx(lfo.at(Moment(9.0, 0.0, 9, beats=n / 16 + 4)))


def test_lfos_that_make_no_sense() -> None:
    with pytest.raises(PresetError):
        Lfo("a", "zigzag")
    with pytest.raises(PresetError):
        Random("a", period_s=0.0)


def test_random_walks_are_smooth_seeded_and_spread() -> None:
    values = [wander(n / 50, seed=3) for n in range(20000)]
    assert max(abs(b - a) for a, b in pairwise(values)) < 0.04
    assert 0.0 <= min(values) < 0.05 and 0.95 < max(values) <= 1.0
    assert values[:50] != [wander(n / 50, seed=4) for n in range(50)]
    unit = Random("w", period_s=2.0, seed=3)
    assert free_values([unit], Moment(3.0, 0.0, 0)) == {"random/w": wander(1.5, 3)}


def test_the_beat_as_sources() -> None:
    values = beat_values(Moment(0.0, 0.0, 0, beats=9.0, bar_phase=0.25, tempo_bpm=100.0, confidence=0.5, bars=2.25))
    assert values["beat/pulse"] == 1.0 and values["beat/count"] == 9 and values["bar/count"] == 2
    assert values["bar/pulse"] == 0.0 and values["tempo/bpm"] == 100.0


def test_sources_that_grow_for_ever_wrap() -> None:
    route = Route("audio/bass/time", "x", depth=0.8, lo=0.0, hi=100.0)
    apply = RouteBank([route]).apply
    for time_s in (25.0, 125.0, 1e6 + 25.0):
        assert apply(table_with(route), {"audio/bass/time": time_s}, 0.02).values["x"] == pytest.approx(0.4)
