"""Surprises: within the ranges, past the locks, the same again for the same seed."""

import pytest

from perform.core.params import Param, ParamTable
from perform.surprise import ROWS, WHAT, Surprise

SOURCE = (
    Param("psi", "float", 0.8, -1.0, 1.5), Param("speed", "float", 1.0, 0.1, 8.0, curve="log"),
    Param("seed", "int", 1, 0, 9999), Param("mirror", "bool", False),
    Param("walk", "choice", "a", choices=("a", "b", "c")), Param("hue", "float", 0.1),
    Param("ink", "colour", (1.0, 0.5, 0.0, 0.5)), Param("at", "point", (0.5, 0.5), 0.0, 1.0),
    Param("prompt_1", "text", "moss"), Param("jump", "trigger", False),
    Param("model", "choice", "x", choices=("x", "y"), live=False),
)  # fmt: skip
SLOT = (Param("amount", "float", 0.5), Param("wet", "float", 1.0), Param("bypass", "bool", False))


@pytest.fixture
def table():
    made = ParamTable()
    made.add(SOURCE, "deck/a/source")
    made.add(SLOT, "deck/a/fx/bloom")
    made.add(SLOT, "deck/a/fx/strobe")
    made.add((Param("level", "float", 1.0),), "deck/a")
    made.add(SOURCE, "deck/b/source")
    made.add(ROWS, "surprise")
    return made


def thrown(table, letter="a", times=1):
    desk = Surprise(table)
    desk.step()
    before = dict(table.base())
    for _ in range(times):
        table.set(f"surprise/{letter}", True)
        desk.step()
    return {path: value for path, value in table.base().items() if value != before[path] and "surprise" not in path}


def test_within_the_ranges_and_only_what_may_be_thrown(table):
    changed = thrown(table, times=12)
    assert {
        "deck/a/source/psi",
        "deck/a/source/seed",
        "deck/a/source/ink",
        "deck/a/source/at",
        "deck/a/fx/bloom/amount",
    } <= changed.keys()
    assert not [path for path in changed if path.startswith(("deck/b", "deck/a/fx/strobe")) or path.endswith(
        ("/prompt_1", "/jump", "/model", "/wet", "/bypass", "/level"))]  # fmt: skip
    for path in changed:
        assert table[path].checked(table.value(path)) == table.value(path)
    assert table.value("deck/a/source/ink")[3] == 0.5


def test_locks_hold(table):
    table.set("surprise/locks", "deck/a/source/psi deck/a/source/ink")
    changed = thrown(table, times=5)
    assert changed and not {"deck/a/source/psi", "deck/a/source/ink"} & changed.keys()


def test_the_same_hands_get_the_same_again(table):
    first = thrown(table, times=3)
    table.reset()
    desk = Surprise(table)
    desk._counts["surprise/a"] = 0  # a new show
    for count in (1, 2, 3):
        desk.throw("a", count)
    assert {path: table.value(path) for path in first} == first
    table.reset()
    table.set("surprise/seed", 2)
    desk.throw("a", 3)
    assert {path: table.value(path) for path in first} != first


@pytest.mark.parametrize("what", WHAT)
def test_parts(table, what):
    table.set("surprise/what", what)
    changed = thrown(table, times=6)
    assert changed
    names = {path.rsplit("/", 1)[1] for path in changed}
    if what == "colour":
        assert names <= {"ink", "hue"}
    elif what == "seed":
        assert names == {"seed"}
    elif what == "form":
        assert not names & {"ink", "hue", "seed"}
    elif what in ("source", "effects"):
        assert all(("/fx/" in path) == (what == "effects") for path in changed)


def test_no_reach_no_change(table):
    table.set("surprise/reach", 0.0)
    assert not thrown(table, times=4)
