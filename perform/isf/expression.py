"""Size expressions of ISF passes: `floor($WIDTH / 4)`, `max($WIDTH, $HEIGHT) * $quality`.

A recursive descent parser for numbers, variables, `+ - * / % ( )` and a few functions; nothing else exists in the
language, so a shader file cannot run code through it. Source: ISF v2 specification, PASSES, WIDTH and HEIGHT.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MAX_LENGTH = 512
MAX_DEPTH = 32
MIN_SIZE_PX, MAX_SIZE_PX = 1, 8192

_NUMBER = r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
_TOKEN = re.compile(rf"\s*(?:({_NUMBER})|\$([A-Za-z_]\w*)|([A-Za-z_]\w*)|(.))", re.S)

Evaluate = Callable[[Mapping[str, float]], float]


def _round(value: float) -> float:
    return math.floor(value + 0.5)


_FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "floor": (1, lambda x: float(math.floor(x))),
    "ceil": (1, lambda x: float(math.ceil(x))),
    "round": (1, _round),
    "trunc": (1, lambda x: float(math.trunc(x))),
    "abs": (1, abs),
    "sqrt": (1, math.sqrt),
    "exp": (1, math.exp),
    "ln": (1, math.log),
    "log": (1, math.log10),
    "log2": (1, math.log2),
    "sin": (1, math.sin),
    "cos": (1, math.cos),
    "tan": (1, math.tan),
    "min": (2, min),
    "max": (2, max),
    "pow": (2, math.pow),
    "mod": (2, math.fmod),
}


class ExpressionError(ValueError):
    """A size expression cannot be read; the message says at which character."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. text: as the author wrote it. variables: names without `$`."""

    text: str
    variables: frozenset[str]
    evaluate: Evaluate

    def value(self, variables: Mapping[str, float]) -> float:
        """The number, never NaN or infinite: 0 where the sum is not finite (division by zero gives 0)."""
        try:
            result = self.evaluate(variables)
        except (ArithmeticError, ValueError):
            return 0.0
        return result if math.isfinite(result) else 0.0

    def size_px(self, variables: Mapping[str, float]) -> int:
        """The value as a size of a buffer: rounded down, held within 1..8192 pixels."""
        return int(min(max(self.value(variables), MIN_SIZE_PX), MAX_SIZE_PX))


def constant(value: float) -> Expression:
    """An expression that is one number."""
    return Expression(f"{value:g}", frozenset(), lambda _: value)


def parse_expression(text: str) -> Expression:
    """Read an expression. Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"size expression is longer than {MAX_LENGTH} characters")
    parser = _Parser(text)
    evaluate = parser.sum(0)
    parser.expect_end()
    return Expression(text, frozenset(parser.variables), evaluate)


class _Parser:
    """sum = product (('+'|'-') product)*; product = signed (('*'|'/'|'%') signed)*; signed = ('+'|'-')* atom."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        for match in _TOKEN.finditer(text.rstrip()):
            kind = ("number", "variable", "name", "sign")[match.lastindex - 1]  # type: ignore[operator]
            self.tokens.append((kind, match.group(match.lastindex or 0), match.start(match.lastindex or 0) + 1))
        self.tokens.append(("end", "", len(text) + 1))
        self.at = 0
        self.variables: set[str] = set()

    def take(self, *signs: str) -> str | None:
        kind, text, _ = self.tokens[self.at]
        if kind == "sign" and text in signs:
            self.at += 1
            return text
        return None

    def fail(self, wanted: str) -> ExpressionError:
        kind, text, column = self.tokens[self.at]
        found = "the end" if kind == "end" else repr(text)
        return ExpressionError(f"size expression: {wanted} expected, {found} found at character {column}")

    def expect(self, sign: str) -> None:
        if self.take(sign) is None:
            raise self.fail(repr(sign))

    def expect_end(self) -> None:
        if self.tokens[self.at][0] != "end":
            raise self.fail("an operator")

    def sum(self, depth: int) -> Evaluate:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"size expression: nested deeper than {MAX_DEPTH}")
        left = self.product(depth)
        while sign := self.take("+", "-"):
            left = _joined(sign, left, self.product(depth))
        return left

    def product(self, depth: int) -> Evaluate:
        left = self.signed(depth)
        while sign := self.take("*", "/", "%"):
            left = _joined(sign, left, self.signed(depth))
        return left

    def signed(self, depth: int) -> Evaluate:
        negative = False
        while sign := self.take("+", "-"):
            negative ^= sign == "-"
        atom = self.atom(depth)
        return (lambda v: -atom(v)) if negative else atom

    def atom(self, depth: int) -> Evaluate:
        if self.take("("):
            inner = self.sum(depth + 1)
            self.expect(")")
            return inner
        kind, text, _ = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            number = float(text)
            return lambda _: number
        if kind == "variable":
            self.at += 1
            self.variables.add(text)
            return lambda v: float(v[text])
        if kind == "name" and text in _FUNCTIONS:
            self.at += 1
            return self.call(text, depth)
        raise self.fail("a number, a $variable or a function (" + ", ".join(_FUNCTIONS) + ")")

    def call(self, name: str, depth: int) -> Evaluate:
        count, function = _FUNCTIONS[name]
        self.expect("(")
        first = self.sum(depth + 1)
        if count == 1:
            self.expect(")")
            return lambda v: function(first(v))
        self.expect(",")
        second = self.sum(depth + 1)
        self.expect(")")
        return lambda v: function(first(v), second(v))


def _joined(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if sign == "+":
        return lambda v: left(v) + right(v)
    if sign == "-":
        return lambda v: left(v) - right(v)
    if sign == "*":
        return lambda v: left(v) * right(v)
    if sign == "%":
        return lambda v: math.fmod(left(v), right(v))
    return lambda v: left(v) / right(v)
