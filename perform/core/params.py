"""The parameter table: the spine of the instrument.

OSC addresses, presets, the HUD, the web panel and the docs are all views of it. ISF inputs and generators add rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from perform.core.curves import Curve, from_unit, to_unit
from perform.core.errors import ParamError
from perform.core.types import ParamFrame, Value

KINDS = ("float", "int", "bool", "choice", "colour", "point", "text", "trigger")
PARTS = {"colour": "rgba", "point": "xy"}
"""Kinds of more than one number, and what each is called: `…/tint/r`."""


@dataclass(frozen=True, slots=True)
class Param:
    """One knob.

    name: path (`psi`; in the table `deck/a/source/psi`). lo, hi: native range, for colour and point per component.
    unit: printed after the value. curve: how 0..1 maps to lo..hi. choices: for kind choice, the allowed words.
    live: False where a change needs slow work, so that routes do not reach it. quantised: True for what is a change
    and no movement (a seed, a preset, a cut), so that `tempo/quantise` lets it wait for the beat. arc: names of the two
    rows beside it that lead from its value to another: which other one, and how far, 0..1.
    """

    name: str
    kind: str = "float"
    default: Value = 0.0
    lo: float = 0.0
    hi: float = 1.0
    unit: str = ""
    curve: Curve = "linear"
    doc: str = ""
    choices: tuple[str, ...] = ()
    live: bool = True
    quantised: bool = False
    arc: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ParamError(f"parameter {self.name}: unknown kind {self.kind!r}, use one of {', '.join(KINDS)}")
        if self.kind == "choice" and not self.choices:
            raise ParamError(f"parameter {self.name}: a choice needs its choices")
        if self.kind in ("float", "int") and not self.lo < self.hi:
            raise ParamError(f"parameter {self.name}: the range {self.lo}..{self.hi} is empty")

    def checked(self, value: object) -> Value:
        """`value` as this kind, clamped to the range. Raises ParamError where the type makes no sense."""
        return _CHECKS[self.kind](self, value)

    def from_norm(self, unit_value: float) -> Value:
        """0..1 to native units. For choices and bools the range is split evenly."""
        if not math.isfinite(unit_value):
            raise ParamError(f"{self.name}: {unit_value} is not a number between 0 and 1")
        x = min(max(unit_value, 0.0), 1.0)
        if self.kind == "float":
            return from_unit(x, self.lo, self.hi, self.curve)
        if self.kind == "int":
            return round(from_unit(x, self.lo, self.hi, self.curve))
        if self.kind in ("bool", "trigger"):
            return x >= 0.5
        if self.kind == "choice":
            return self.choices[min(int(x * len(self.choices)), len(self.choices) - 1)]
        raise ParamError(f"{self.name}: a {self.kind} has no single 0..1 value, send it in native units")

    def to_norm(self, value: Value) -> float | None:
        """Native value to 0..1; None for kinds that have no such view (text, colour, point, trigger)."""
        if self.kind in ("float", "int"):
            return to_unit(float(value), self.lo, self.hi, self.curve)  # type: ignore[arg-type]
        if self.kind == "bool":
            return 1.0 if value else 0.0
        if self.kind == "choice":
            return (self.choices.index(str(value)) + 0.5) / len(self.choices)
        return None


READ_ONLY = "(read only)"
"""At the end of a row's doc: it tells hands something, and takes nothing from them."""


def is_read_only(row: Param) -> bool:
    """Whether a row only tells."""
    return row.doc.endswith(READ_ONLY)


def is_wish(row: Param) -> bool:
    """Whether each text sent here asks for something to be done, so that none may be lost for a later one."""
    return row.kind == "text" and not row.live


def _number(param: Param, value: object) -> float:
    if isinstance(value, bool) or isinstance(value, int | float):
        number = float(value)
        if math.isfinite(number):
            return number
    raise ParamError(f"{param.name}: {value!r} is not a finite number (range {param.lo:g}..{param.hi:g})")


def _check_float(param: Param, value: object) -> Value:
    return min(max(_number(param, value), param.lo), param.hi)


def _check_int(param: Param, value: object) -> Value:
    return round(min(max(_number(param, value), param.lo), param.hi))


def _check_bool(param: Param, value: object) -> Value:
    return _number(param, value) >= 0.5


def _check_choice(param: Param, value: object) -> Value:
    if isinstance(value, str):
        if value in param.choices:
            return value
        raise ParamError(f"{param.name}: {value!r} is not one of {', '.join(param.choices)}")
    index = int(_number(param, value))
    return param.choices[min(max(index, 0), len(param.choices) - 1)]


def _vector(param: Param, value: object, lengths: tuple[int, ...]) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or len(value) not in lengths:
        wanted = " or ".join(str(n) for n in lengths)
        raise ParamError(f"{param.name}: {value!r} should be {wanted} numbers")
    return tuple(_number(param, v) for v in value)


def _check_colour(param: Param, value: object) -> Value:
    rgba = _vector(param, value, (3, 4))
    return tuple(min(max(v, 0.0), 1.0) for v in (*rgba, 1.0)[:4])


def _check_point(param: Param, value: object) -> Value:
    return tuple(min(max(v, param.lo), param.hi) for v in _vector(param, value, (2,)))


def _check_text(param: Param, value: object) -> Value:
    if not isinstance(value, str):
        raise ParamError(f"{param.name}: {value!r} is not text")
    if len(value) > 2000 or "\0" in value:
        raise ParamError(f"{param.name}: text is over 2000 characters or holds a zero byte")
    return value


_CHECKS = {
    "float": _check_float,
    "int": _check_int,
    "bool": _check_bool,
    "trigger": _check_bool,
    "choice": _check_choice,
    "colour": _check_colour,
    "point": _check_point,
    "text": _check_text,
}


class ParamTable:
    """All knobs of the running show and their base values. One owner: the engine's thread.

    `revision` grows whenever rows come or go, `turns` whenever a value may have changed, so that views know when to
    look again.
    """

    def __init__(self, rows: Iterable[Param] = ()) -> None:
        self._rows: dict[str, Param] = {}
        self._base: dict[str, Value] = {}
        self._pulled: dict[str, int] = {}  # counts of triggers whose row is gone: it may come back
        self.revision = self.turns = 0
        self.add(rows)

    def add(self, rows: Iterable[Param], prefix: str = "") -> None:
        """Add rows below `prefix`; a row that is there already keeps its value if it still fits."""
        for row in rows:
            path = f"{prefix}/{row.name}" if prefix else row.name
            self._rows[path] = full = replace(row, name=path)
            if row.kind == "trigger":
                self._base[path] = self._pulled.get(path, 0) if path not in self._base else self._base[path]
            else:
                self._base[path] = _fitting(full, self._base.get(path))
        self.revision += 1
        self.turns += 1

    def remove(self, prefix: str) -> None:
        """Drop every row at or below `prefix`. The counts of its triggers go on if it comes back."""
        for path in [p for p in self._rows if p == prefix or p.startswith(prefix + "/")]:
            if self._rows.pop(path).kind == "trigger":
                self._pulled[path] = int(self._base[path])  # type: ignore[arg-type]
            del self._base[path]
        self.revision += 1
        self.turns += 1

    def set(self, path: str, value: object, *, normalised: bool = False) -> Value:
        """Set a base value; returns what it became. A trigger counts up by one for each true value."""
        row = self[path]
        new = row.from_norm(_number(row, value)) if normalised else row.checked(value)
        if row.kind == "trigger":
            new = int(self._base[path]) + (1 if new else 0)  # type: ignore[arg-type]
        self._base[path] = new
        self.turns += 1
        return new

    def reset(self, prefix: str = "") -> None:
        """Every value below `prefix` back to its default; triggers keep their counts."""
        for path, row in self._rows.items():
            if row.kind != "trigger" and (not prefix or path == prefix or path.startswith(prefix + "/")):
                self._base[path] = row.checked(row.default)
        self.turns += 1

    def keep_counts(self, frame: ParamFrame) -> None:
        """Take over the trigger counts of `frame`, so that they still only grow when the routes change."""
        for path, row in self._rows.items():
            shown = frame.values.get(path)
            if row.kind == "trigger" and isinstance(shown, int):
                self._base[path] = max(shown, int(self._base[path]))  # type: ignore[arg-type]
        self.turns += 1

    def value(self, path: str) -> Value:
        """The base value of a parameter, before routes."""
        self[path]
        return self._base[path]

    def frame(self) -> ParamFrame:
        """A copy of all base values."""
        return ParamFrame(dict(self._base))

    def base(self) -> Mapping[str, Value]:
        """The base values themselves, for reading in the engine's thread."""
        return self._base

    def __getitem__(self, path: str) -> Param:
        try:
            return self._rows[path]
        except KeyError:
            raise ParamError(f"no parameter {path!r}; `perform list params` shows all") from None

    def __contains__(self, path: object) -> bool:
        return path in self._rows

    def __iter__(self) -> Iterator[Param]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


def _fitting(row: Param, kept: Value | None) -> Value:
    if kept is not None:
        try:
            return row.checked(kept)
        except ParamError:
            pass
    return row.checked(row.default)
