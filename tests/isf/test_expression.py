"""Size expressions against Python's own arithmetic, and what they refuse."""

from __future__ import annotations

import ast
import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.isf.expression import MAX_DEPTH, MAX_LENGTH, ExpressionError, constant, parse_expression

NUMBERS = st.floats(min_value=0.001, max_value=5000, allow_nan=False).map(lambda v: round(v, 3))
VARIABLES = {"WIDTH": 640.0, "HEIGHT": 360.0, "quality": 0.3}


def _joined(parts: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    """(ISF text, Python text) of larger expressions made of smaller ones."""
    binary = st.tuples(parts, st.sampled_from("+-*/"), parts).map(
        lambda t: (f"({t[0][0]} {t[1]} {t[2][0]})", f"({t[0][1]} {t[1]} {t[2][1]})")
    )
    bare = st.tuples(parts, st.sampled_from("+-*"), parts).map(
        lambda t: (f"{t[0][0]}{t[1]}{t[2][0]}", f"{t[0][1]}{t[1]}{t[2][1]}")
    )
    one = st.tuples(st.sampled_from(["floor", "ceil", "abs"]), parts).map(
        lambda t: (f"{t[0]}({t[1][0]})", f"{t[0]}({t[1][1]})")
    )
    two = st.tuples(st.sampled_from(["min", "max"]), parts, parts).map(
        lambda t: (f"{t[0]}({t[1][0]}, {t[2][0]})", f"{t[0]}({t[1][1]}, {t[2][1]})")
    )
    return binary | bare | one | two


LEAVES = NUMBERS.map(lambda v: (repr(v), repr(v))) | st.sampled_from(sorted(VARIABLES)).map(lambda n: (f"${n}", n))
EXPRESSIONS = st.recursive(LEAVES, _joined, max_leaves=8)


OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip


def _by_python(node: ast.expr, names: dict[str, object]) -> float:
    """Arithmetic by Python's own grammar and operators; anything else is a KeyError or an AttributeError."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Call):
        return names[node.func.id](*(_by_python(part, names) for part in node.args))
    if isinstance(node, ast.UnaryOp):
        return OPERATORS[type(node.op)](_by_python(node.operand, names))
    return OPERATORS[type(node.op)](_by_python(node.left, names), _by_python(node.right, names))


@given(EXPRESSIONS)
def test_agrees_with_python(pair: tuple[str, str]) -> None:
    text, python = pair
    if len(text) > MAX_LENGTH:
        return
    names = {"floor": math.floor, "ceil": math.ceil, "abs": abs, "min": min, "max": max, **VARIABLES}
    try:
        wanted = float(_by_python(ast.parse(python, mode="eval").body, names))
    except ArithmeticError:
        wanted = 0.0
    if not math.isfinite(wanted):
        wanted = 0.0
    assert parse_expression(text).value(VARIABLES) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("floor($WIDTH/3.0)", 213),
        ("max($WIDTH, $HEIGHT) * $quality", 192),
        ("round(2.5)", 3),
        ("1e2", 100),
        (".5*10", 5),
        ("--4", 4),
        ("2+3*4", 14),
        ("10-2-3", 5),
        ("100/10/2", 5),
        ("1/0", 1),
        ("-50", 1),
        ("99999", 8192),
    ],
)
def test_sizes(text: str, wanted: int) -> None:
    assert parse_expression(text).size_px(VARIABLES) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "(1",
        "1)",
        "floor 3",
        "min(1)",
        "max(1,2,3)",
        "__import__('os')",
        "WIDTH",
        "$",
        "1;2",
        "a.b",
        "2**3",
        "0x10",
        "(" * (MAX_DEPTH + 2) + "1" + ")" * (MAX_DEPTH + 2),
        "1" + "+1" * MAX_LENGTH,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="size expression"):
        parse_expression(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = parse_expression(text).value({})
    except (ExpressionError, KeyError):
        return
    assert math.isfinite(value)


def test_variables_are_listed() -> None:
    assert parse_expression("$a * ($b + $a)").variables == {"a", "b"}
    assert constant(32.0).size_px({}) == 32
