"""Relative changes and changes of one part: none is lost on the way to the table."""

import itertools

import pytest

from perform.core.changes import MOST_KEPT, add_up, made_whole
from perform.core.errors import ParamError
from perform.core.params import Param
from perform.core.types import ControlEvent

FADER = Param("fader", lo=0.0, hi=10.0)
TINT = Param("tint", "colour", (0.0, 0.0, 0.0, 1.0))
SPOT = Param("spot", "point", (0.0, 0.0), -1.0, 3.0)
WALK = Param("walk", "choice", "b", choices=("a", "b", "c"))


def change(scale, offset, row=FADER, **more):
    return ControlEvent(row.name, (scale, offset), 0.0, "osc", relative=True, **more)


def say(value, row=FADER, **more):
    return ControlEvent(row.name, value, 0.0, "osc", **more)


def kept(*events):
    out = []
    assert all([add_up(out, event) for event in events])
    return out


def settle(row, value, events):
    for event in events:
        whole = made_whole(event, row, value)
        value = row.from_norm(whole.value) if whole.normalised else row.checked(whole.value)
    return value


def test_changes_add_up_in_their_order():
    events = [change(1.0, 1.0), change(2.0, 0.0), change(1.0, -0.5), *[change(1.0, 0.01)] * 100]
    joined = kept(*events)
    assert len(joined) == 1
    assert settle(FADER, 1.0, joined) == pytest.approx(4.5) == settle(FADER, 1.0, events)


def test_a_plain_value_forgets_what_came_before_and_takes_what_comes_after():
    joined = kept(change(1.0, 5.0), say(2.0), change(1.0, 0.5), change(1.0, 0.25))
    assert settle(FADER, 9.0, joined) == 2.75
    assert len(joined) == 2


def test_units_do_not_mix_and_room_is_bounded():
    steps = [change(1.0, 0.1, normalised=bool(n % 2)) for n in range(6)]
    assert settle(FADER, 1.0, kept(*steps)) == pytest.approx(1.0 + 3 * 0.1 + 3 * 1.0)
    out = []
    took = [add_up(out, step) for step in itertools.islice(itertools.cycle(steps), 200)]
    assert len(out) == MOST_KEPT and not all(took)


def test_parts_of_a_colour_by_turns_stay_few():
    events = [change(1.0, 0.01, TINT, part=n % 3) for n in range(60)]
    joined = kept(*events, say(0.5, TINT, part=1))
    assert len(joined) == 3
    assert settle(TINT, TINT.default, joined) == pytest.approx((0.2, 0.5, 0.2, 1.0))
    assert settle(TINT, TINT.default, kept(*events, say((1.0, 1.0, 1.0, 1.0), TINT))) == (1.0,) * 4


def test_every_kind_has_its_own_number():
    assert settle(WALK, "b", [change(1.0, 1.0, WALK)]) == "c" == settle(WALK, "c", [change(1.0, 5.0, WALK)])
    assert settle(WALK, "b", [change(1.0, 1 / 3, WALK, normalised=True)]) == "c"
    assert settle(Param("on", "bool", False), False, [change(1.0, 1.0)]) is True
    assert settle(Param("n", "int", 0, 0, 9), 2, [change(3.0, 0.0)]) == 6
    assert settle(SPOT, (0.0, 0.0), [say(0.5, SPOT, part=1, normalised=True)]) == (0.0, 1.0)
    assert settle(SPOT, (0.0, 0.0), [change(1.0, 0.25, SPOT, part=0, normalised=True)]) == (1.0, 0.0)
    assert settle(Param("f", lo=1.0, hi=100.0, curve="log"), 1.0, [change(1.0, 0.5, normalised=True)]) == pytest.approx(
        10
    )


@pytest.mark.parametrize(
    ("row", "value"), [(Param("t", "text", ""), "x"), (Param("t", "trigger", False), 3), (TINT, (0.0,) * 4)]
)
def test_kinds_that_cannot_be_changed_by_an_amount(row, value):
    with pytest.raises(ParamError):
        made_whole(change(1.0, 1.0, row), row, value)


def test_absurd_amounts_stay_numbers():
    huge = [change(1e30, 1e30)] * 50
    assert settle(FADER, 1.0, kept(*huge)) == 10.0
    assert settle(FADER, 0.0, kept(*huge, change(0.0, 3.0))) == 3.0
