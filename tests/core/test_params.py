import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.errors import ParamError
from perform.core.params import Param, ParamTable

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def rows() -> list[Param]:
    return [
        Param("plain", default=0.25),
        Param("wide", default=10.0, lo=-20.0, hi=60.0),
        Param("pitch", default=440.0, lo=20.0, hi=20000.0, curve="log"),
        Param("bent", default=0.5, curve="square"),
        Param("count", "int", 3, 0, 12),
        Param("on", "bool", False),
        Param("way", "choice", "b", choices=("a", "b", "c")),
        Param("ink", "colour", (1.0, 0.0, 0.0, 1.0)),
        Param("place", "point", (0.5, 0.5)),
        Param("words", "text", "hello"),
        Param("go", "trigger", False),
    ]


@pytest.mark.parametrize(
    "row", [r for r in rows() if r.kind in ("float", "int", "bool", "choice")], ids=lambda r: r.name
)
@given(x=st.floats(0.0, 1.0))
def test_norm_and_back_is_stable(row: Param, x: float) -> None:
    native = row.from_norm(x)
    norm = row.to_norm(native)
    assert norm is not None and 0.0 <= norm <= 1.0
    again = row.from_norm(norm)
    assert again == pytest.approx(native, rel=1e-6, abs=1e-6) if row.kind == "float" else again == native


@given(value=FLOATS)
def test_floats_are_clamped_to_the_range(value: float) -> None:
    table = ParamTable(rows())
    assert -20.0 <= table.set("wide", value) <= 60.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, "loud", None, [1, 2]])
def test_numbers_that_are_none_are_refused(bad: object) -> None:
    table = ParamTable(rows())
    with pytest.raises(ParamError):
        table.set("plain", bad)
    assert table.value("plain") == 0.25


def test_choices_take_names_and_numbers() -> None:
    table = ParamTable(rows())
    assert table.set("way", "c") == "c"
    assert table.set("way", 0) == "a"
    assert table.set("way", 99) == "c"
    assert table.set("way", 0.5, normalised=True) == "b"
    with pytest.raises(ParamError, match="a, b, c"):
        table.set("way", "d")


def test_colours_and_points() -> None:
    table = ParamTable(rows())
    assert table.set("ink", [0.5, 2.0, -1.0]) == (0.5, 1.0, 0.0, 1.0)
    assert table.set("place", (0.1, 7)) == (0.1, 1.0)
    with pytest.raises(ParamError):
        table.set("ink", [1.0])


def test_text_has_a_limit() -> None:
    table = ParamTable(rows())
    with pytest.raises(ParamError):
        table.set("words", "x" * 2001)


def test_triggers_only_grow_even_when_their_row_goes_and_comes() -> None:
    table = ParamTable()
    table.add(rows(), "deck/a/source")
    path = "deck/a/source/go"
    assert [table.set(path, v) for v in (True, False, 1.0, 0)] == [1, 1, 2, 2]
    table.remove("deck")
    assert path not in table
    table.add(rows(), "deck/a/source")
    assert table.value(path) == 2


def test_a_row_that_comes_back_while_it_is_there_keeps_its_value() -> None:
    table = ParamTable(rows())
    table.set("wide", 33.0)
    revision = table.revision
    table.add([Param("wide", default=10.0, lo=-20.0, hi=30.0)])
    assert table.value("wide") == 30.0 and table.revision > revision


def test_reset_below_a_prefix() -> None:
    table = ParamTable()
    table.add(rows(), "x")
    table.add(rows(), "xy")
    table.set("x/plain", 1.0)
    table.set("xy/plain", 1.0)
    table.reset("x")
    assert (table.value("x/plain"), table.value("xy/plain")) == (0.25, 1.0)


def test_unknown_parameters_name_the_way_out() -> None:
    with pytest.raises(ParamError, match="perform list params"):
        ParamTable(rows()).set("nope", 1.0)


def test_rows_that_make_no_sense() -> None:
    for bad in ({"kind": "knob"}, {"lo": 1.0, "hi": 1.0}, {"kind": "choice"}):
        with pytest.raises(ParamError):
            Param("x", **bad)
