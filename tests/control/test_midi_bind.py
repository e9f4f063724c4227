"""What a move makes of its parameter: takeover, encoders, toggles, choices, presses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.control.midi_bind import NEAR, Bound
from perform.control.midi_decode import MidiDecoder
from perform.control.midi_map import Binding
from perform.core.params import Param, ParamTable
from perform.core.types import Value

ROWS = (Param("level", "float", 0.5), Param("count", "int", 5, 0, 10), Param("on", "bool", False),
        Param("go", "trigger", False), Param("look", "choice", "b", choices=("a", "b", "c", "d")),
        Param("place", "point", (0.0, 0.0), -1.0, 1.0), Param("ink", "colour", (1.0, 1.0, 1.0, 1.0)),
        Param("name", "text", ""))  # fmt: skip


class Bench:
    """A table with one binding; every move is applied at once, as the engine would, a little later."""

    def __init__(self, control: str, target: str, **more: object) -> None:
        self.table = ParamTable(ROWS)
        self.bound = Bound(Binding(control, target, **more), lambda path: self.table.base().get(path))  # type: ignore[arg-type]
        self.target, self.decoder, self.now, self.events = target, MidiDecoder(), 0.0, 0

    def send(self, *messages: list[int], gap_s: float = 0.5) -> Value:
        for message in messages:
            self.now += gap_s
            for move in self.decoder.moves(message):
                if move.control == self.bound.binding.control:
                    event = self.bound.move(move, self.table[self.target], self.now)
                    if event is not None:
                        assert event.origin == "midi" and not event.normalised
                        self.table.set(event.address, event.value)
                        self.events += 1
        return self.table.value(self.target)

    def turn(self, *values: int, number: int = 7, gap_s: float = 0.5) -> Value:
        return self.send(*([0xB0, number, value] for value in values), gap_s=gap_s)


def test_jump_takes_the_dial_at_its_word() -> None:
    bench = Bench("cc/1/7", "level", takeover="jump")
    assert bench.turn(127) == 1.0 and bench.turn(0) == 0.0


def test_pickup_waits_until_the_dial_meets_the_parameter() -> None:
    bench = Bench("cc/1/7", "level")
    assert bench.turn(0, 20, 40) == 0.5 and bench.events == 0
    assert bench.turn(60, 66) == pytest.approx(66 / 127)  # crossed
    bench.table.set("level", 0.9)  # somebody else
    assert bench.turn(70, 75) == 0.9
    assert bench.turn(120) == pytest.approx(120 / 127)


def test_pickup_of_a_fast_dial_that_jumps_over_the_parameter() -> None:
    assert Bench("cc/1/7", "level").turn(0, 127) == 1.0


@settings(max_examples=100, deadline=None)
@given(start=st.floats(0.0, 1.0), path=st.lists(st.integers(0, 127), min_size=2, max_size=40))
def test_scaling_never_jumps_and_ends_meet(start: float, path: list[int]) -> None:
    bench = Bench("cc/1/7", "level", takeover="scale")
    bench.table.set("level", start)
    before, dial = start, path[0]
    bench.turn(path[0])
    for value in path[1:]:
        after = float(bench.turn(value))  # type: ignore[arg-type]
        way = value - dial
        assert (after - before) * ((way > 0) - (way < 0)) >= -NEAR - 1e-9  # never against the hand
        before, dial = after, value
    assert bench.turn(127) == pytest.approx(1.0, abs=2 * NEAR) or path[-1] == 127
    assert bench.turn(0) == pytest.approx(0.0, abs=2 * NEAR)


def test_a_part_of_the_range_and_the_other_way_round() -> None:
    assert Bench("cc/1/7", "level", takeover="jump", lo=0.2, hi=0.6).turn(127) == pytest.approx(0.6)
    assert Bench("cc/1/7", "level", takeover="jump", lo=1.0, hi=0.0).turn(127) == 0.0


@pytest.mark.parametrize(("mode", "up", "down"), [("signed_bit", 1, 65), ("offset", 65, 63), ("twos", 1, 127)])
def test_encoders_go_on_from_where_the_parameter_is(mode: str, up: int, down: int) -> None:
    bench = Bench("cc/1/7", "level", mode=mode, step=0.05)
    assert bench.turn(up, up, gap_s=0.001) == pytest.approx(0.6)
    bench.table.set("level", 0.2)
    assert bench.turn(down) == pytest.approx(0.15)
    assert bench.turn(*[down] * 10) == 0.0
    assert Bench("cc/1/7", "look", mode=mode).turn(up) == "c"
    assert Bench("cc/1/7", "look", mode=mode).turn(down, down, down) == "a"
    assert Bench("cc/1/7", "on", mode=mode).turn(up) is True
    assert Bench("cc/1/7", "count", mode=mode, step=0.1).turn(up, up) == 7


def test_quick_turns_add_up_before_the_engine_has_taken_the_first() -> None:
    table = ParamTable(ROWS)
    bound = Bound(Binding("cc/1/7", "level", mode="twos", step=0.1), lambda path: table.base().get(path))
    decoder = MidiDecoder()
    last = None
    for n in range(3):
        last = bound.move(decoder.moves([0xB0, 7, 1])[0], table["level"], 0.001 * n)
    assert last is not None and last.value == pytest.approx(0.8)


def test_toggles_gates_and_switches_with_a_threshold() -> None:
    note = [0x90, 36, 100], [0x80, 36, 0]
    bench = Bench("note/1/36", "on")
    assert bench.send(*note) is True and bench.send(*note) is False
    bench = Bench("note/1/36", "on", mode="gate")
    assert bench.send(note[0]) is True and bench.send(note[1]) is False
    bench = Bench("cc/1/7", "on")
    assert bench.turn(10, 60) is False and bench.turn(64) is True and bench.turn(63) is True and bench.turn(40) is False
    bench = Bench("cc/1/7", "on", mode="toggle", threshold=0.2)
    assert bench.turn(127, 0) is True and bench.turn(30, 0) is False
    assert Bench("cc/1/7", "on", lo=1.0, hi=0.0).turn(127) is False


def test_triggers_fire_on_the_press_only() -> None:
    bench = Bench("note/1/36", "go")
    assert bench.send([0x90, 36, 100], [0x90, 36, 0], [0x90, 36, 1], [0x90, 36, 127]) == 2
    bench = Bench("note/1/36", "go", threshold=0.3)
    assert bench.send([0x90, 36, 20], [0x90, 36, 0]) == 0  # too soft a touch
    bench = Bench("cc/1/7", "go")
    assert bench.turn(0, 127, 126, 127, 0, 127) == 2


def test_choices_are_spread_over_the_dial() -> None:
    bench = Bench("cc/1/7", "look")
    assert [bench.turn(value) for value in (0, 31, 32, 64, 96, 127)] == ["a", "a", "b", "c", "d", "d"]


def test_a_note_on_a_slider_sets_the_most_and_the_least_and_a_value_sets_itself() -> None:
    bench = Bench("note/1/36", "level", hi=0.8, lo=0.1)
    assert bench.send([0x90, 36, 20]) == pytest.approx(0.8) and bench.send([0x80, 36, 0]) == pytest.approx(0.1)
    assert Bench("note/1/36", "level", mode="absolute", takeover="jump").send([0x90, 36, 64]) == pytest.approx(64 / 127)
    assert Bench("note/1/36", "name", value="night_drive").send([0x90, 36, 99]) == "night_drive"
    assert Bench("note/1/36", "look", value="d").send([0x90, 36, 99]) == "d"
    assert Bench("cc/1/7", "name").turn(127) == ""


def test_points_colours_and_fine_dials() -> None:
    assert Bench("cc/1/7", "place", part=1, takeover="jump").turn(127) == (0.0, 1.0)
    assert Bench("cc/1/7", "ink", part=2).turn(0) == (1.0, 1.0, 0.0, 1.0)
    bench = Bench("cc14/1/7", "level", takeover="jump")
    assert bench.send([0xB0, 7, 64], [0xB0, 39, 1]) == pytest.approx((64 * 128 + 1) / 16383)
    assert Bench("pitch/1", "level", takeover="jump").send([0xE0, 0, 64]) == pytest.approx(0.5, abs=1e-4)
    select = ([0xB0, 99, 2], [0xB0, 98, 44])
    assert Bench("nrpn/1/300", "level", takeover="jump").send(*select, [0xB0, 6, 127]) == 1.0
    assert Bench("nrpn/1/300", "level", step=0.1).send(*select, [0xB0, 96, 0]) == pytest.approx(0.6)
