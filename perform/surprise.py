"""Surprise me: a deck's controls thrown, those that are locked left where they are.

The throw happens in the engine's thread and draws on a seed and a count, never on chance of its own: the same hands on
the same show get the same pictures again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from perform.core.errors import ParamError
from perform.core.params import Param, ParamTable
from perform.core.types import Value
from perform.gl.rows import LETTERS

WHAT = ("all", "source", "effects", "colour", "form", "seed")
ROWS: tuple[Param, ...] = (
    *(Param(letter, "trigger", False, doc=f"throws the controls of deck {letter} that are not locked", quantised=True)
      for letter in LETTERS),
    Param("locks", "text", "", doc="addresses that surprises leave alone, with spaces between them"),
    Param("what", "choice", "all", choices=WHAT, doc="what a surprise may throw: a part of the deck, or its colours, "
          "its form, or only which picture it is"),
    Param("reach", "float", 0.6, 0.0, 1.0, doc="how far: 0 nothing, 1 anywhere in the range"),
    Param("seed", "int", 1, 0, 9_999_999, doc="another seed, other surprises"),
)  # fmt: skip
_COLOUR = re.compile(r"colou?r|hue|palette|satur|tint|ink|paper|warm|glow|shade")
_SEED = re.compile(r"seed")
_LEFT = re.compile(
    r"/(bypass|solo|wet|level|class_\d|keyframes|loop_beats|noise_layer_\d+)$|/fx/(strobe|plot)[^/]*/|/inputs/"
)
"""Never thrown: what hides a picture, what flashes, and what only makes sense together."""
_KINDS = ("float", "int", "bool", "choice", "colour", "point")


class Surprise:
    """Once a tick, `step`. Thread: the engine's."""

    def __init__(self, table: ParamTable) -> None:
        self._table = table
        self._counts: dict[str, int] = {}

    def step(self) -> None:
        """Throw the decks that were asked for."""
        for letter in LETTERS:
            path = f"surprise/{letter}"
            if path not in self._table:
                continue
            count = int(self._table.value(path))  # type: ignore[arg-type]
            if count > self._counts.get(path, 0):
                self.throw(letter, count)
            self._counts[path] = count

    def throw(self, letter: str, count: int) -> list[str]:
        """New values for a deck. Returns the addresses that were thrown."""
        table = self._table
        reach = float(table.value("surprise/reach"))  # type: ignore[arg-type]
        seed = int(table.value("surprise/seed"))  # type: ignore[arg-type]
        chance = np.random.default_rng([seed, count, LETTERS.index(letter)])
        thrown = []
        for row in sorted(self._rows(letter), key=lambda row: row.name):
            with suppress(ParamError):  # a value that its own row does not want stays as it was
                table.set(row.name, _thrown(row, table.value(row.name), reach, chance))
                thrown.append(row.name)
        return thrown

    def _rows(self, letter: str) -> Iterator[Param]:
        locks = set(str(self._table.value("surprise/locks")).split())
        what = str(self._table.value("surprise/what"))
        for row in list(self._table):
            name = row.name
            if not name.startswith((f"deck/{letter}/source/", f"deck/{letter}/fx/")) or not row.live:
                continue
            if row.kind in _KINDS and name not in locks and not _LEFT.search(name) and _fits(name, row, what):
                yield row


def _fits(name: str, row: Param, what: str) -> bool:
    coloured, seeded = bool(row.kind == "colour" or _COLOUR.search(name)), bool(_SEED.search(name))
    return {
        "all": True, "source": "/source/" in name, "effects": "/fx/" in name, "colour": coloured,
        "form": not coloured and not seeded, "seed": seeded,
    }[what]  # fmt: skip


def _thrown(row: Param, now: Value, reach: float, chance: np.random.Generator) -> Value:
    """A value between where the row stands and anywhere. Every kind draws the same amount of chance each time."""
    dice = chance.random(5)
    if reach <= 0.0:
        return now
    if row.kind in ("colour", "point"):
        span = row.hi - row.lo if row.kind == "point" else 1.0
        start = row.lo if row.kind == "point" else 0.0
        parts: tuple[float, ...] = tuple(now)  # type: ignore[arg-type]
        free = parts[:3] if row.kind == "colour" else parts
        moved = [part + reach * (start + span * float(d) - part) for part, d in zip(free, dice, strict=False)]
        return (*moved, *parts[len(free) :])
    if row.kind == "int" and _SEED.search(row.name):
        return row.from_norm(float(dice[0]))
    if row.kind in ("bool", "choice"):  # a leap or none
        return row.from_norm(float(dice[0])) if float(dice[1]) < 0.7 * reach else now
    aim = 0.5 * (float(dice[0]) + float(dice[2]))  # the middle of a range is where it looks good
    stands = row.to_norm(now) or 0.0
    return row.from_norm(stands + reach * (aim - stands))
