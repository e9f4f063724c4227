"""OSC from phones and sketches: numbers become sources and controls, ranges find themselves, and nothing grows without
bound."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.control.controls import check_control
from perform.control.hand_desk import HandDesk
from perform.control.hand_map import HandMap
from perform.control.learning import PARAMS, Learning
from perform.control.midi_map import Binding
from perform.control.sensors import (
    FADE_S,
    MOST_ADDRESSES,
    MOST_NUMBERS,
    REUSED_S,
    STALE_S,
    Range,
    Sensors,
    name_of,
    read_ranges,
)
from perform.core.params import Param, ParamTable
from perform.core.types import ControlEvent

ROWS = (Param("macro/1", "float", 0.0), Param("macro/2", "float", 0.0), Param("out/blackout", "bool", False))


class Rig:
    def __init__(self, *bindings: Binding, **ranges: tuple[float, float]) -> None:
        self.table = ParamTable(ROWS)
        self.table.add(PARAMS, "learn")
        self.now = 50.0

        def row(path: str) -> Param | None:
            return self.table[path] if path in self.table else None

        self.learning = Learning(row, lambda: self.now)
        self.desk = HandDesk(row, lambda path: self.table.base().get(path), self.learning, maps=(HandMap(bindings),))
        self.sensors = Sensors(self.desk, lambda: self.now, {f"/{name}": ends for name, ends in ranges.items()})
        self.desk.post = self.learning.post = self.take

    def take(self, event: ControlEvent) -> None:
        self.table.set(event.address, event.value)

    def say(self, address: str, *values: object, dt_s: float = 0.02) -> dict[str, float]:
        self.now += dt_s
        self.sensors.take(address, values)
        return dict(self.sensors.signals(self.now))


def test_numbers_become_sources() -> None:
    rig = Rig()
    found = rig.say("/accxyz", 0.25, -0.5, 1.0)
    assert found == {"osc/accxyz/0": 0.25, "osc/accxyz/1": 0.25, "osc/accxyz/2": 1.0}
    found = rig.say("/ZIGSIM/my phone/touch01", "name", 5, True, (0.5, 0.25), None, math.nan)
    assert {k.rsplit("/", 1)[1] for k in found if "touch01" in k} == {"1", "2", "3", "4"}
    assert found["osc/ZIGSIM/my_phone/touch01/3"] == 0.5
    for control in found:
        check_control(control)
    assert not rig.sensors.take("/perform/no/such", (1.0,)) and not rig.sensors.take("/words", ("hello",))
    assert not rig.sensors.take("/", (1.0,)) and not rig.sensors.take("/bang", ())


def test_a_range_finds_itself_and_forgets_a_hard_shake() -> None:
    rig = Rig()
    for n in range(200):
        found = rig.say("/light", 500.0 + 200.0 * math.sin(n / 10))
    assert rig.say("/light", 700.0)["osc/light/0"] == pytest.approx(1.0, abs=0.02)
    assert rig.say("/light", 300.0)["osc/light/0"] == pytest.approx(0.0, abs=0.02)
    assert rig.say("/light", 500.0)["osc/light/0"] == pytest.approx(0.5, abs=0.05)
    rig.say("/light", 5000.0)
    assert rig.say("/light", 700.0)["osc/light/0"] < 0.15
    for n in range(2000):
        rig.say("/light", 500.0 + 200.0 * math.sin(n / 10), dt_s=0.15)
    assert rig.say("/light", 700.0)["osc/light/0"] > 0.5
    still = [rig.say("/still", 1000.0 + 0.01 * (n % 2))["osc/still/0"] for n in range(100)]
    assert max(still[50:]) - min(still[50:]) < 0.01  # not blown up
    assert found


def test_a_range_that_is_known_stays() -> None:
    rig = Rig(heart=(40.0, 140.0))
    assert rig.say("/heart", 90)["osc/heart/0"] == 0.5
    assert rig.say("/heart", 1000)["osc/heart/0"] == 1.0 and rig.say("/heart", 40)["osc/heart/0"] == 0.0


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=60))
def test_every_place_is_within_its_range(values: list[float]) -> None:
    ends = Range()
    for n, value in enumerate(values):
        clipped = min(max(value, -1e9), 1e9)
        assert 0.0 <= ends.place(clipped, n * 0.1) <= 1.0
        assert ends.lo < ends.hi


def test_ranges_of_the_venue_file() -> None:
    body = {
        "/heart": [40, 140.5],
        "/a": [1],
        "/b": "loud",
        "/c": [True, 2],
        "/d": [1, 1],
        "/e": [0, math.inf],
        "/f": [9, 1],
    }
    found, problems = read_ranges(body)
    assert found == {"/heart": (40.0, 140.5), "/f": (9.0, 1.0)} and len(problems) == 5
    rig = Rig()
    rig.sensors = Sensors(rig.desk, lambda: rig.now, found)
    assert rig.say("/f", 9.0)["osc/f/0"] == 0.0 and rig.say("/f", 1.0)["osc/f/0"] == 1.0  # turned round


def test_a_sensor_that_is_silent_goes_to_rest() -> None:
    rig = Rig()
    rig.say("/fader", 0.8)
    rig.say("/tilt", -1.0)
    rig.now += STALE_S + FADE_S / 2
    found = rig.sensors.signals(rig.now)
    assert 0.3 < found["osc/fader/0"] < 0.5 and 0.2 < found["osc/tilt/0"] < 0.3
    rig.now += FADE_S
    found = rig.sensors.signals(rig.now)
    assert found["osc/fader/0"] == 0.0 and found["osc/tilt/0"] == 0.5
    assert rig.say("/fader", 0.8)["osc/fader/0"] == 0.8


def test_a_sensor_steers_what_a_map_says_and_is_learnt_by_moving_it() -> None:
    rig = Rig(Binding("osc/fader/0", "macro/1", takeover="jump", hi=0.5), Binding("osc/button/0", "out/blackout"))
    rig.say("/fader", 1.0)
    rig.say("/button", 1)
    assert rig.table.value("macro/1") == 0.5 and rig.table.value("out/blackout") is True
    rig.say("/button", 0)
    assert rig.table.value("out/blackout") is False
    rig.table.set("learn/target", "macro/2")
    for n in range(60):
        rig.say("/gyro", 0.01 * (n % 2), math.sin(n / 8))
        rig.say("/fader", 1.0)
        rig.learning.settle(rig.table.base())
        rig.learning.decide(rig.now)
    assert rig.table.value("learn/last") == "osc/gyro/1 steers macro/2"
    rig.say("/gyro", 0.0, 1.0)
    assert rig.table.value("macro/2") == 1.0


def test_nothing_grows_without_bound() -> None:
    rig = Rig(Binding("osc/a/0/0", "macro/1"))
    rig.say("/a/0", 1.0)
    for n in range(3 * MOST_ADDRESSES):
        rig.say(f"/a/{n}", *range(100), dt_s=0.001)
    assert len(rig.sensors.signals(rig.now)) <= MOST_ADDRESSES * MOST_NUMBERS
    assert "osc/late/0" not in rig.say("/late", 1.0)
    rig.now += REUSED_S
    found = rig.say("/late", 1.0)
    assert "osc/late/0" in found and "osc/a/0/0" in found and "osc/a/1/0" not in found
    for n in range(3 * MOST_ADDRESSES):  # many in one tick
        rig.sensors.take(f"/b/{n}", (1.0,))
    assert len(rig.sensors._inbox) <= MOST_ADDRESSES and rig.sensors.counts()["sensors left out"] > 0


@settings(max_examples=50)
@given(st.text(st.characters(max_codepoint=0x2FF), max_size=120))
def test_any_address_becomes_a_name_that_can_be_written(text: str) -> None:
    name = name_of("/" + text)
    if name:
        check_control(f"osc/{name}/0")
