"""What an OSC message says: which parameter, which part of it, in which units, when, and how it is to change.

After `/perform/` and a path may come `/r` `/g` `/b` `/a` (of a colour) or `/x` `/y` (of a point), then `/norm`, then
`/at/LENGTH`. Before the value may come `a` (absolute, as without), `+`, `-` or `*`, in Resolume's manner, as a text of
its own or with the number in one text (`+ 0.1`). The one argument `?` asks for the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from perform.control.osc_gate import Argument
from perform.core.changes import LARGEST
from perform.core.divisions import parse_division
from perform.core.errors import ParamError
from perform.core.params import PARTS, Param
from perform.core.quantise import NOW
from perform.core.types import ControlEvent, Value

PREFIX = "/perform/"
NORM = "/norm"
AT = "/at/"
ASKS = ("?",)
SIGNS = ("a", "+", "-", "*")
MOST_DIGITS = 32
Lookup = Callable[[str], Param | None]


class Target(NamedTuple):
    """What an address means. part: -1 for the whole parameter. when: as in a ControlEvent."""

    row: Param
    path: str
    part: int
    normalised: bool
    when: str


class Ending(NamedTuple):
    """What an address says besides the path, and the path."""

    path: str
    normalised: bool
    when: str


def target_of(address: str, lookup: Lookup) -> Target | None:
    """The parameter at an address; None where there is none. Raises PresetError for a time that is none."""
    if not address.startswith(PREFIX):
        return None
    path, when = _timed(address[len(PREFIX) :])
    found = row_at(path, lookup)
    normalised = found is None and path.endswith(NORM)
    if normalised:
        path = path[: -len(NORM)]
        found = row_at(path, lookup)
    if found is None:
        return None
    row, part = found
    return Target(row, path if part < 0 else path.rpartition("/")[0], part, normalised, when)


def row_at(path: str, lookup: Lookup) -> tuple[Param, int] | None:
    """(the parameter at a path, which part of it is meant)."""
    row = lookup(path) if path else None
    if row is not None:
        return row, -1
    before, _, name = path.rpartition("/")
    if len(name) == 1 and before and (row := lookup(before)) is not None:
        part = PARTS.get(row.kind, "").find(name)
        if part >= 0:
            return row, part
    return None


def ending_of(address: str) -> Ending | None:
    """An address or pattern below `/perform/` without its `/norm` and `/at/LENGTH`. Raises PresetError."""
    if not address.startswith(PREFIX):
        return None
    path, when = _timed(address[len(PREFIX) :])
    normalised = path.endswith(NORM)
    return Ending(path[: -len(NORM)] if normalised else path, normalised, when)


def _timed(path: str) -> tuple[str, str]:
    """(path without its ending `/at/LENGTH`, the length). Raises PresetError for a length that is none."""
    before, found, length = path.rpartition(AT)
    if not found:
        return path, ""
    length = length.replace("_", " ")
    if length != NOW:
        parse_division(length)
    return before, length


def events_for(target: Target, arguments: tuple[Argument, ...], time_s: float) -> list[ControlEvent]:
    """The checked events that a message asks for; none where there is nothing to do. Raises ParamError."""
    row = target.row
    if row.kind == "trigger":
        pulled = _pulled(row, arguments)
        return [_event(target, 1.0 if target.normalised else True, time_s)] if pulled else []
    sign, rest = _signed(row, arguments)
    if sign:
        return _changes(target, sign, rest, time_s)
    if target.part >= 0:
        return [_event(target, _number(row, rest), time_s)]
    return [_event(target, _unit_value(row, rest) if target.normalised else value_for(row, rest), time_s)]


def _event(
    target: Target, value: Value, time_s: float, part: int | None = None, relative: bool = False
) -> ControlEvent:
    part = target.part if part is None else part
    return ControlEvent(target.path, value, time_s, "osc", target.normalised, target.when, relative, part)


def _signed(row: Param, arguments: tuple[Argument, ...]) -> tuple[str, tuple[Argument, ...]]:
    """(`+`, `-`, `*`, or "" for a value that simply is to be; the arguments without it)."""
    first = arguments[0] if arguments else None
    if not isinstance(first, str):
        return "", arguments
    if len(arguments) > 1:
        return (first if first != "a" else "", arguments[1:]) if first in SIGNS else ("", arguments)
    if row.kind == "text" or first in row.choices or len(first) > MOST_DIGITS:
        return "", arguments
    sign, space, number = first.strip().partition(" ")
    if not space or sign not in SIGNS:
        return "", arguments
    try:
        return (sign if sign != "a" else "", (float(number),))
    except ValueError:
        raise ParamError(f"{row.name}: {first!r} should be {sign} and a number") from None


def _changes(target: Target, sign: str, rest: tuple[Argument, ...], time_s: float) -> list[ControlEvent]:
    row = target.row
    if row.kind == "text":
        raise ParamError(f"{row.name}: a text cannot be changed by an amount")
    parts = [target.part]
    if target.part < 0 and row.kind in PARTS:
        # One number for a colour leaves its alpha alone.
        count = len(rest) if len(rest) > 1 else 3 if row.kind == "colour" else 2
        most = len(PARTS[row.kind])
        if count > most:
            raise ParamError(f"{row.name}: has {most} parts, {count} came")
        parts, rest = list(range(count)), rest * count if len(rest) == 1 else rest
    if len(rest) != len(parts):
        raise ParamError(f"{row.name}: {sign} wants one number, {len(rest)} came")
    amounts = [_number(row, (amount,)) for amount in rest]
    return [
        _event(target, _scale_and_offset(sign, amount), time_s, part, relative=True)
        for part, amount in zip(parts, amounts, strict=True)
    ]


def _scale_and_offset(sign: str, amount: float) -> tuple[float, float]:
    amount = min(max(amount, -LARGEST), LARGEST)
    return (amount, 0.0) if sign == "*" else (1.0, amount if sign == "+" else -amount)


def _number(row: Param, arguments: tuple[Argument, ...]) -> float:
    value = arguments[0] if len(arguments) == 1 else None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ParamError(f"{row.name}: takes one finite number here, {arguments!r:.60} came")
    return float(value)


def value_for(param: Param, arguments: tuple[Argument, ...]) -> Value:
    """The native value that these arguments mean for a parameter, checked and clamped. Raises ParamError."""
    if param.kind == "trigger":
        return True
    if param.kind in PARTS:
        if len(arguments) == 1 and isinstance(arguments[0], tuple):
            return param.checked(arguments[0])
        return param.checked(arguments)
    if len(arguments) != 1:
        raise ParamError(f"{param.name}: takes one value, {len(arguments)} came")
    return param.checked(arguments[0])


def _unit_value(param: Param, arguments: tuple[Argument, ...]) -> float:
    """One number for `/norm`, clamped to 0..1. Raises ParamError where the kind has no such view."""
    value = arguments[0] if len(arguments) == 1 else None
    if not isinstance(value, int | float):
        raise ParamError(f"{param.name}{NORM}: takes one number between 0 and 1")
    param.from_norm(float(value))
    return min(max(float(value), 0.0), 1.0)


def _pulled(param: Param, arguments: tuple[Argument, ...]) -> bool:
    """Whether a trigger is pulled: no argument, nil, or anything true. A released button (0, false) is not."""
    value = arguments[0] if arguments else None
    if isinstance(value, float) and not math.isfinite(value):
        raise ParamError(f"{param.name}: {value} is not a finite number")
    return value is None or bool(value)


def told(target: Target, value: Value) -> Value | None:
    """A value as this address tells it; None where it has no such view."""
    row = target.row
    if target.part >= 0:
        number = float(value[target.part])  # type: ignore[index]
        return (number - row.lo) / (row.hi - row.lo) if target.normalised and row.kind == "point" else number
    return row.to_norm(value) if target.normalised else value


def address_of(target: Target) -> str:
    """The address that means a target now."""
    part = "" if target.part < 0 else "/" + PARTS[target.row.kind][target.part]
    return PREFIX + target.path + part + (NORM if target.normalised else "")
