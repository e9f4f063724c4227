"""Loops that can be seen to be absurd, before any driver is asked to run them: a graphics card that hangs takes the
screen along.

Only what has constant bounds is counted; everything else is left to the first, small and timed frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from perform.core.errors import ShaderError
from perform.isf.glsl import without_comments

MAX_ITERATIONS = 1 << 20
"""Nested iterations of constant loops in one pixel; real files stay far below."""

MAX_DEPTH = 64

_CONSTANT = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+\(?(-?[\d.]+(?:[eE][+-]?\d+)?)\)?[ \t]*$"
    r"|\bconst\s+(?:(?:lowp|mediump|highp)\s+)?(?:int|uint|float)\s+(\w+)\s*=\s*(-?[\d.]+(?:[eE][+-]?\d+)?)[uUfF]?\s*;",
    re.M,
)
_LOOP = re.compile(r"\b(for|while)\s*\(")
_DO = re.compile(r"\bdo\b\s*\{")
_DO_TAIL = re.compile(r"\s*while\s*\(\s*(?:true|1)\s*\)")
_START = re.compile(r"^\s*(?:(?:int|uint|float)\s+)?(\w+)\s*=\s*([-\w.+]+)\s*$")
_TEST = re.compile(r"^\s*(\w+)\s*(<=|>=|<|>|!=)\s*([-\w.+]+)\s*$")
_STEP = re.compile(r"^\s*(?:(?:\+\+|--)\s*(\w+)|(\w+)\s*(?:(\+\+|--)|([-+*/])=\s*([-\w.+]+)))\s*$")
_LEAVES = re.compile(r"\b(?:break|return|discard)\b")
_FOREVER = re.compile(r"^\s*(?:true|1|)\s*$")


def check_loops(text: str, path: str, first_line: int = 1) -> None:
    """Raise ShaderError at the line of a loop that can't end, or that runs more than MAX_ITERATIONS times a pixel."""
    code = without_comments(text)
    whole = _Text(code, path, first_line, _constants(code))
    for match in _DO.finditer(code):
        end = _closing(code, match.end() - 1, "{}")
        if end >= len(code):
            break
        tail = _DO_TAIL.match(code, end + 1)
        if tail and not _LEAVES.search(code[match.end() : end]):
            raise _endless(whole, match.start())
    _weigh(whole, 0, len(code), 1.0, 0)


def _endless(text: _Text, at: int) -> ShaderError:
    return ShaderError("this loop never ends: give it a bound that is a constant", text.path, text.line(at))


def _constants(code: str) -> dict[str, float]:
    """Names of whole numbers that a loop may use as a bound."""
    found: dict[str, float] = {}
    for define, number, const, value in _CONSTANT.findall(code):
        try:
            found[define or const] = float(number or value)
        except ValueError:
            continue
    return found


class _Text(NamedTuple):
    """What is being weighed, and where it comes from."""

    code: str
    path: str
    first_line: int
    constants: Mapping[str, float]

    def line(self, at: int) -> int:
        return self.first_line + self.code.count("\n", 0, at)


def _weigh(text: _Text, start: int, end: int, times: float, depth: int) -> None:
    code, at = text.code, start
    while (match := _LOOP.search(code, at, end)) is not None:
        if depth > MAX_DEPTH:
            raise ShaderError(f"loops nested deeper than {MAX_DEPTH}", text.path, text.line(match.start()))
        head_end = _closing(code, match.end() - 1, "()")
        body_start, body_end = _body(code, head_end + 1, end, depth)
        if head_end >= end or body_end >= len(code):
            return  # a bracket is never closed: the compiler says it better
        head, body = code[match.end() : head_end], code[body_start:body_end]
        # `while (true);` may be the end of a `do`, which was looked at before.
        alone = match.group(1) == "while" and body.strip() in ("", ";") and code[body_start - 1] != "{"
        if not alone and _is_endless(match.group(1), head, body):
            raise _endless(text, match.start())
        times_here = times * (_count(head, text.constants) if match.group(1) == "for" else 1.0)
        if times_here > MAX_ITERATIONS:
            what = f"this loop runs {times_here:.3g} times for each pixel, more than {MAX_ITERATIONS}"
            raise ShaderError(what, text.path, text.line(match.start()))
        _weigh(text, body_start, body_end, times_here, depth + 1)
        at = max(body_end, match.end())


def _is_endless(kind: str, head: str, body: str) -> bool:
    if _LEAVES.search(body):
        return False
    if kind == "while":
        return _FOREVER.match(head) is not None
    parts = head.split(";")
    return len(parts) == 3 and _FOREVER.match(parts[1]) is not None


def _count(head: str, constants: Mapping[str, float]) -> float:
    """Iterations of a `for` with constant bounds; 1 where they can't be told."""
    parts = head.split(";")
    if len(parts) != 3:
        return 1.0
    start, test, step = _START.match(parts[0]), _TEST.match(parts[1]), _STEP.match(parts[2])
    if not (start and test and step and start[1] == test[1] == (step[1] or step[2])):
        return 1.0
    first, bound = _value(start[2], constants), _value(test[3], constants)
    by = 1.0 if step[5] is None else _value(step[5], constants)
    if first is None or bound is None or by is None or (step[4] or "+") not in "+-":
        return 1.0
    return max(abs(bound - first) / abs(by), 1.0) if by else float("inf")


def _value(word: str, constants: Mapping[str, float]) -> float | None:
    if word in constants:
        return constants[word]
    try:
        return float(word.rstrip("uUfF"))
    except ValueError:
        return None


def _closing(code: str, at: int, pair: str) -> int:
    """Where the bracket that opens at `at` closes; the end of the text where it never does."""
    depth = 0
    for place in range(at, len(code)):
        if code[place] == pair[0]:
            depth += 1
        elif code[place] == pair[1]:
            depth -= 1
            if depth == 0:
                return place
    return len(code)


def _body(code: str, at: int, end: int, depth: int) -> tuple[int, int]:
    """The block or the one statement that a loop repeats."""
    while at < end and code[at].isspace():
        at += 1
    if at < end and code[at] == "{":
        return at + 1, min(_closing(code, at, "{}"), end)
    inner = re.compile(r"(?:for|while|if)\s*\(").match(code, at, end)
    if inner and depth <= MAX_DEPTH:
        return at, _body(code, _closing(code, inner.end() - 1, "()") + 1, end, depth + 1)[1]
    stop = code.find(";", at, end)
    return at, end if stop < 0 else stop + 1
