"""From one set of values to another: each kind of parameter by its own rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from perform.core.blend import lerp, mix_colours
from perform.core.params import Param, ParamTable
from perform.core.types import Value


def between(row: Param, start: Value, aim: Value, share: float, turn_at: float = 0.5) -> Value:
    """The value of a row so far (share 0..1) on the way from `start` to `aim`; at the ends it is exactly those.

    Numbers go evenly along the row's own curve, points straight, colours through OKLab. What has nothing in between
    (choices, switches, texts, seeds) changes when the share reaches `turn_at`.
    """
    if start == aim or share <= 0.0:
        return start
    if share >= 1.0:
        return aim
    if row.kind == "float" or (row.kind == "int" and not row.quantised):
        a, b = row.to_norm(start), row.to_norm(aim)
        return row.from_norm(lerp(a, b, share))  # type: ignore[arg-type]
    if row.kind == "point":
        return tuple(lerp(a, b, share) for a, b in zip(start, aim, strict=True))  # type: ignore[arg-type]
    if row.kind == "colour":
        return mix_colours(start, aim, share)  # type: ignore[arg-type]
    return aim if share >= turn_at else start


class Morph:
    """Moves the rows of a table that differ, and lets go of each that a hand has taken.

    start, aim: full path -> native value. A path that is not in the table is passed over.
    """

    def __init__(self, table: ParamTable, start: Mapping[str, Value], aim: Mapping[str, Value], turn_at: float) -> None:
        self._table, self._turn_at = table, turn_at
        self._ways = {
            path: (start[path], aim[path])
            for path in aim
            if path in start and path in table and start[path] != aim[path]
        }
        self._set: dict[str, Value] = {path: table.value(path) for path in self._ways}

    def __len__(self) -> int:
        return len(self._ways)

    def to(self, share: float) -> None:
        """Put every row that is still ours so far on its way."""
        table, base = self._table, self._table.base()
        for path in list(self._ways):
            if base.get(path) != self._set[path]:  # a hand has it, or it is gone
                del self._ways[path]
                continue
            start, aim = self._ways[path]
            self._set[path] = table.set(path, between(table[path], start, aim, share, self._turn_at))
