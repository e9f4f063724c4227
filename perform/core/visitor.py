"""What a room lets its visitors do: `[visitor]` in the venue file. A few controls, each within limits, and a few looks.

A visitor never names an address, and never a value: only the number of a control on this list, and how far it is turned
between its limits. What lies outside them cannot be said.
"""

from __future__ import annotations

import colorsys
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perform.core.errors import ParamError
from perform.core.params import Param, is_wish
from perform.core.reading import Reader
from perform.core.types import Value

MOST_CONTROLS, MOST_LOOKS = 24, 24
KINDS = ("float", "int", "bool", "choice", "colour", "point", "trigger")
CODE = re.compile(r"[A-Za-z0-9_\-]{8,64}")
LEAST_S: Mapping[str, float] = {"bool": 0.35, "choice": 0.35, "trigger": 1.0}
"""Between two changes of one control of a kind that leaps: nobody makes a strobe of it."""
LOOK_LEAST_S = 3.0
_KEYS = {"title", "hint", "rest_s", "picture", "looks", "code", "control"}
_CONTROL = {"path", "label", "lo", "hi", "choices"}


@dataclass(frozen=True, slots=True)
class VisitorControl:
    """path: of a parameter. lo, hi: in its native units, None where its own end is the limit. choices: those that may
    be chosen, none for all."""

    path: str
    label: str
    lo: float | None = None
    hi: float | None = None
    choices: tuple[str, ...] = ()

    def fits(self, row: Param) -> bool:
        """Whether a visitor may have this row at all: no text, and nothing that asks for slow work."""
        return row.kind in KINDS and not is_wish(row)

    def words(self, row: Param) -> tuple[str, ...]:
        """What may be chosen of a choice."""
        return tuple(word for word in row.choices if not self.choices or word in self.choices)

    def value(self, row: Param, asked: object, now: Value) -> Value:
        """What a visitor's word means: 0..1 between the limits, a pair of them for a point, true or false, the number
        of a choice. now: the value as it is. Raises ParamError."""
        if row.kind == "trigger" and asked is True:
            return True
        if row.kind == "bool" and isinstance(asked, bool):
            return asked
        if row.kind == "choice" and isinstance(asked, int) and not isinstance(asked, bool):
            words = self.words(row)
            if 0 <= asked < len(words):
                return words[asked]
        if row.kind == "point" and isinstance(asked, list) and len(asked) == 2:
            lo, hi = self._ends(row)
            return row.checked([lo + _unit(part) * (hi - lo) for part in asked])
        if row.kind == "colour":
            return _turned(now, _unit(asked))
        if row.kind in ("float", "int"):
            lo, hi = (row.to_norm(end) or 0.0 for end in self._ends(row))
            return row.from_norm(lo + _unit(asked) * (hi - lo))
        raise ParamError(f"a {row.kind} cannot be told {str(asked)[:20]!r}")

    def told(self, row: Param, value: Value) -> Any:
        """A value as the visitor's page shows it: the inverse of `value`."""
        if row.kind == "bool":
            return bool(value)
        if row.kind == "choice":
            words = self.words(row)
            return words.index(str(value)) if value in words else -1
        if row.kind == "point":
            lo, hi = self._ends(row)
            return [_share(float(part), lo, hi) for part in value]  # type: ignore[union-attr]
        if row.kind == "colour":
            return round(colorsys.rgb_to_hsv(*value[:3])[0], 4)  # type: ignore[index]
        if row.kind in ("float", "int"):
            lo, hi = (row.to_norm(end) or 0.0 for end in self._ends(row))
            return _share(row.to_norm(value) or 0.0, lo, hi)
        return None

    def _ends(self, row: Param) -> tuple[float, float]:
        lo = row.lo if self.lo is None else min(max(self.lo, row.lo), row.hi)
        hi = row.hi if self.hi is None else min(max(self.hi, row.lo), row.hi)
        return lo, hi


def _unit(asked: object) -> float:
    if isinstance(asked, int | float) and not isinstance(asked, bool) and math.isfinite(asked) and 0.0 <= asked <= 1.0:
        return float(asked)
    raise ParamError(f"{str(asked)[:20]!r} is no number from 0 to 1")


def _share(at: float, lo: float, hi: float) -> float:
    return 0.0 if hi <= lo else round(min(max((at - lo) / (hi - lo), 0.0), 1.0), 4)


def _turned(now: Value, hue: float) -> tuple[float, ...]:
    """The colour of now in another hue; a grey gets some colour first."""
    parts: tuple[float, ...] = tuple(now)  # type: ignore[arg-type]
    _, saturation, light = colorsys.rgb_to_hsv(*parts[:3])
    return (*colorsys.hsv_to_rgb(hue, max(saturation, 0.4), max(light, 0.4)), *parts[3:])


@dataclass(frozen=True, slots=True)
class VisitorPage:
    """rest_s: so long after the last touch all goes back to how it was. looks: presets that may be chosen. code: of the
    page's address, "" for a new one each time."""

    title: str = "Touch the picture"
    hint: str = ""
    rest_s: float = 60.0
    picture: bool = True
    looks: tuple[str, ...] = ()
    code: str = ""
    controls: tuple[VisitorControl, ...] = ()


def read_visitor(body: Any) -> tuple[VisitorPage | None, list[str]]:
    """`[visitor]` as a page, and a line for each thing in it that makes no sense and is skipped; None where there is
    nothing for a visitor to do."""
    reader = _VisitorReader()
    if not isinstance(body, dict):
        return None, ["visitor should be a table, [visitor], and is skipped"]
    reader.unknown("visitor.", body, _KEYS)
    rest_s = reader.number("visitor.", body, "rest_s", 2.0, 3600.0)
    code = reader.text("visitor.", body, "code")
    if code and not CODE.fullmatch(code):
        reader.problems.append("visitor.code should be 8 to 64 letters and digits; a new one is made each time")
        code = ""
    entries = reader.listed("visitor.control", body.get("control", []))
    looks = reader.texts("visitor.", body, "looks")
    if len(entries) > MOST_CONTROLS or len(looks) > MOST_LOOKS:
        reader.problems.append(f"visitor: {MOST_CONTROLS} controls and {MOST_LOOKS} looks at most; the rest is skipped")
    controls = [reader.control(n, entry) for n, entry in enumerate(entries[:MOST_CONTROLS], 1)]
    page = VisitorPage(
        title=reader.text("visitor.", body, "title", 60) or VisitorPage.title,
        hint=reader.text("visitor.", body, "hint", 200), rest_s=VisitorPage.rest_s if rest_s is None else rest_s,
        picture=reader.flag("visitor.", body, "picture", True), looks=looks[:MOST_LOOKS], code=code,
        controls=tuple(c for c in controls if c is not None),
    )  # fmt: skip
    if not page.controls and not page.looks:
        reader.problems.append("visitor: there is nothing to do on that page: give it a [[visitor.control]] or looks")
        return None, reader.problems
    return page, reader.problems


class _VisitorReader(Reader):
    def control(self, number: int, entry: Any) -> VisitorControl | None:
        where = f"visitor.control {number}: "
        if not isinstance(entry, dict):
            self.problems.append(f"{where}it should be a table, [[visitor.control]], and is skipped")
            return None
        self.unknown(where, entry, _CONTROL)
        path = self.text(where, entry, "path")
        if not path:
            self.problems.append(f"{where}it names no path and is skipped")
            return None
        label = self.text(where, entry, "label", 40) or path.rpartition("/")[2].replace("_", " ")
        lo, hi = (self.number(where, entry, key, -1e9, 1e9) for key in ("lo", "hi"))
        if lo is not None and hi is not None and lo >= hi:
            self.problems.append(f"{where}lo {lo:g} is not below hi {hi:g}; it is skipped")
            return None
        if (lo is None and "lo" in entry) or (hi is None and "hi" in entry):
            self.problems[-1] += "; the control is skipped, since it would have no limit there"
            return None
        return VisitorControl(path, label, lo, hi, self.texts(where, entry, "choices"))
