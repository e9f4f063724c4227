"""From one value to another: ends exact, the way as the kind of row has it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.blend import from_oklab, mix_colours, to_oklab
from perform.core.morph import Morph, between
from perform.core.params import Param, ParamTable

LOG = Param("hz", "float", 100.0, 10.0, 1000.0, curve="log")


def test_numbers_go_along_their_own_curve():
    assert between(LOG, 10.0, 1000.0, 0.5) == pytest.approx(100.0)
    assert between(Param("x"), 0.2, 0.6, 0.25) == pytest.approx(0.3)
    assert between(Param("n", "int", 0, 0, 100), 0, 10, 0.34) == 3


@pytest.mark.parametrize(
    ("row", "start", "aim"),
    [(Param("c", "choice", "a", choices=("a", "b")), "a", "b"), (Param("b", "bool", False), False, True),
     (Param("t", "text", ""), "moss", "ash"), (Param("s", "int", 1, 0, 99, quantised=True), 4, 90)],
)  # fmt: skip
def test_what_has_nothing_in_between_turns_at_its_point(row, start, aim):
    ways = [between(row, start, aim, share, 0.3) for share in (0.0, 0.29, 0.3, 1.0)]
    assert ways == [start, start, aim, aim]


@given(st.floats(0.001, 0.999), st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8))
def test_colours_stay_colours_and_are_no_darker_on_the_way(share, parts):
    a, b = tuple(parts[:4]), tuple(parts[4:])
    mixed = mix_colours(a, b, share)
    assert all(0.0 <= x <= 1.0 for x in mixed)
    light = [to_oklab(np.array(c[:3]))[0] for c in (a, b, mixed)]
    assert min(light[:2]) - 0.03 <= light[2] <= max(light[:2]) + 0.03


def test_oklab_is_what_its_author_says():
    assert to_oklab(np.array([1.0, 1.0, 1.0])) == pytest.approx([1.0, 0.0, 0.0], abs=1e-3)
    assert to_oklab(np.array([1.0, 0.0, 0.0])) == pytest.approx([0.6280, 0.2249, 0.1258], abs=1e-3)
    grid = np.random.default_rng(1).random((50, 3))
    assert from_oklab(to_oklab(grid)) == pytest.approx(grid, abs=1e-6)


def test_blue_to_yellow_passes_through_no_grey_mud():
    middle = mix_colours((0.0, 0.0, 1.0, 1.0), (1.0, 1.0, 0.0, 0.0), 0.5)
    assert middle[3] == 0.5 and to_oklab(np.array(middle[:3]))[0] > 0.65


def test_a_row_that_a_hand_takes_is_let_go():
    table = ParamTable([Param("x"), Param("y"), Param("gone")])
    way = Morph(table, {"x": 0.0, "y": 0.0, "gone": 0.0}, {"x": 1.0, "y": 1.0, "gone": 1.0, "none": 1.0}, 0.5)
    way.to(0.5)
    table.set("y", 0.1)
    table.remove("gone")
    way.to(1.0)
    assert (table.value("x"), table.value("y"), len(way)) == (1.0, 0.1, 1)
