"""OSC patterns: what they name, and what they may cost."""

import pytest

from perform.control.osc_gate import OscError
from perform.control.osc_pattern import MOST_MATCHES, Pattern, Patterns, Tree, is_pattern
from perform.core.params import Param, ParamTable


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/a/b", ["/a/b"], ["/a", "/a/", "/a/bc", "/a/c"]),
        ("/a/?", ["/a/b", "/a/?"], ["/a/", "/a//", "/a/bc"]),
        ("/a/*", ["/a/b", "/a/", "/a/bcd"], ["/a", "/a/b/c"]),
        ("/*/x", ["/a/x", "//x", "/long/x"], ["/a/b/x", "/a/y"]),
        ("/a*c*e", ["/ace", "/abcde", "/accce"], ["/ac", "/aec", "/a/c/e"]),
        ("/[a-c]", ["/a", "/c"], ["/d", "/-", "/"]),
        ("/[!a-c]", ["/d", "/!"], ["/a", "//"]),
        ("/[abx-]", ["/a", "/x", "/-"], ["/c", "/y"]),
        ("/{foo,bar}/x", ["/foo/x", "/bar/x"], ["/fo/x", "/foobar/x", "/foo"]),
        ("/{,a}b{c,cd}", ["/b" + "c", "/abc", "/bcd"], ["/b", "/ab", "/abcdd"]),
        ("/f{oo,o}*", ["/foo", "/fo", "/fooo"], ["/f", "/fa"]),
        ("//psi", ["/psi", "/a/psi", "/a/b/c/psi"], ["/psi/a", "/apsi", "/a/xpsi"]),
        ("/a//b/c", ["/a/b/c", "/a/x/b/c", "/a/x/y/b/c"], ["/a/c", "/b/c", "/a/xb/c"]),
        ("//b//d", ["/b/d", "/a/b/c/d"], ["/d/b", "/bd"]),
    ],
)  # fmt: skip
def test_patterns_name_what_the_specification_says(pattern, yes, no):
    assert is_pattern(pattern) == (pattern != "/a/b")
    assert [a for a in yes if not Pattern(pattern).matches(a)] == []
    assert [a for a in no if Pattern(pattern).matches(a)] == []


@pytest.mark.parametrize("pattern", ["/[a", "/{a,b", "/a]", "/}", "/{a*}", "/{a,{b}}", "/{a/b}"])
def test_patterns_that_are_none_are_refused(pattern):
    with pytest.raises(OscError):
        Pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["/" + "*a" * 100 + "b", "/" + "{a,aa}" * 40 + "b", "//a" * 60 + "//b", "/" + "[!b]*" * 60]
)
def test_cost_grows_with_the_address_and_never_faster(pattern):
    """The steps of hostile patterns over addresses of 100, 200 and 400 characters."""
    costs = []
    for length in (100, 200, 400):
        matcher = Pattern(pattern)
        matcher.matches("/" + "a" * length + "c")
        costs.append(matcher.steps)
        assert matcher.steps <= (length + 2) * (len(pattern) + 1)
    assert costs[2] - costs[1] <= 2 * (costs[1] - costs[0])


ROWS = [
    *(Param(f"deck/{deck}/source/psi") for deck in "ab"),
    Param("deck/a/fx/bloom/tint", "colour", (0.0,) * 4),
    Param("deck/a/fx/bloom/amount"),
    Param("deck/a/level"), Param("deck/b/level"), Param("out/blackout", "bool", False),
]  # fmt: skip


def test_a_tree_finds_rows_in_their_order_and_parts_of_colours():
    tree = Tree(ROWS)
    assert tree.matching("deck/*/level") == ["deck/a/level", "deck/b/level"]
    assert tree.matching("/psi") == ["deck/a/source/psi", "deck/b/source/psi"]
    assert tree.matching("deck/a/fx/bloom/tint/[rb]") == ["deck/a/fx/bloom/tint/r", "deck/a/fx/bloom/tint/b"]
    assert set(tree.matching("/*")) == {row.name for row in ROWS}, "the whole colour is named, so its parts are not"
    assert tree.matching("deck/c*/level") == []


def test_too_much_is_refused():
    rows = [Param(f"deck/a/fx/f{n}/amount") for n in range(MOST_MATCHES + 1)]
    with pytest.raises(OscError, match="513"):
        Tree(rows).matching("/*")
    with pytest.raises(OscError, match="costs too much"):
        Tree([Param("x" * 9 + f"/{n}") for n in range(5000)]).matching("*" * 250 + "/*")


def test_what_a_pattern_names_is_kept_until_rows_change():
    table, looks, now = ParamTable(ROWS), [], [0.0]

    def rows():
        looks.append(1)
        return table.revision, list(table)

    patterns = Patterns(rows, lambda: now[0])
    for _ in range(3):
        assert len(patterns.paths("deck/?/level")) == 2
    first = patterns._tree
    table.add([Param("deck/c/level")])
    assert len(patterns.paths("deck/?/level")) == 3
    assert patterns._tree is not first
    for n in range(100_000):  # new ones without end
        try:
            patterns.paths("deck/?/level")
            patterns.paths(f"/{n}")
        except OscError:
            break
    assert n < 10_000
    assert len(patterns.paths("deck/?/level")) == 3, "known ones go on"
    now[0] += 1.0
    assert patterns.paths("deck/?/[l]evel")
