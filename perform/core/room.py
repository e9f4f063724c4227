"""What a venue file says of the room's screens: slices of the picture and the places where they go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TURNS = ("0", "90", "180", "270")
MOST_SLICES = 64


@dataclass(frozen=True, slots=True)
class Slice:
    """A rectangle of the picture at a place of the output. Both are (x, y, width, height) from the top left.

    source, place: fractions of the whole, or pixels where `source_px`, `place_px` say so. turn: one of TURNS, degrees
    clockwise on the screen.
    """

    source: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    place: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    source_px: bool = False
    place_px: bool = False
    turn: str = "0"

    def source_in(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """The source as fractions of a picture of `size` pixels."""
        return _fractions(self.source, size) if self.source_px else self.source

    def place_in(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The place in pixels of an output of `size`, whole ones, so that neighbours meet without a gap."""
        x, y, width, height = self.place if self.place_px else _pixels(self.place, size)
        left, top, right, bottom = round(x), round(y), round(x + width), round(y + height)
        return left, top, max(right - left, 1), max(bottom - top, 1)


def _fractions(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    return box[0] / size[0], box[1] / size[1], box[2] / size[0], box[3] / size[1]


def _pixels(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    return box[0] * size[0], box[1] * size[1], box[2] * size[0], box[3] * size[1]


def read_slices(entries: Any) -> tuple[tuple[Slice, ...], list[str]]:
    """`[[out.slice]]` tables as slices, and a line for each that makes no sense and is skipped."""
    if not isinstance(entries, list):
        return (), ["slice should be a list of tables, [[out.slice]], and is skipped"]
    found: list[Slice] = []
    problems = [f"only the first {MOST_SLICES} slices are used"] if len(entries) > MOST_SLICES else []
    for number, entry in enumerate(entries[:MOST_SLICES], 1):
        try:
            found.append(_slice(entry))
        except ValueError as error:
            problems.append(f"slice {number} is skipped ({error})")
    return tuple(found), problems


def _slice(entry: Any) -> Slice:
    if not isinstance(entry, Mapping):
        raise ValueError("it should be a table")
    unknown = [key for key in entry if key not in ("from", "from_px", "to", "to_px", "turn")]
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; there is from, from_px, to, to_px, turn")
    boxes: dict[str, tuple[float, float, float, float]] = {}
    for key in ("from", "to"):
        if key in entry and f"{key}_px" in entry:
            raise ValueError(f"{key} and {key}_px say the same thing twice")
        given = entry.get(key, entry.get(f"{key}_px", [0, 0, 1, 1]))
        boxes[key] = _box(key, given, in_px=f"{key}_px" in entry)
    turn = str(entry.get("turn", "0"))
    if turn not in TURNS:
        raise ValueError(f"turn is {turn[:20]!r}; it is one of {', '.join(TURNS)}")
    return Slice(boxes["from"], boxes["to"], "from_px" in entry, "to_px" in entry, turn)


def _box(key: str, given: Any, in_px: bool) -> tuple[float, float, float, float]:
    limit = 65536.0 if in_px else 4.0
    numbers = isinstance(given, list) and len(given) == 4
    if not numbers or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in given):
        raise ValueError(f"{key} should be [x, y, width, height]")
    x, y, width, height = (float(v) for v in given)
    if not all(math.isfinite(v) and abs(v) <= limit for v in (x, y, width, height)) or min(width, height) <= 0.0:
        raise ValueError(f"{key} is {given}, which is no rectangle of {'pixels' if in_px else 'fractions 0..1'}")
    return x, y, width, height
