"""The room's part of a venue file: how the picture meets its screens, and whether it must be safe for the public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from perform.core.errors import ParamError
from perform.core.params import ParamTable
from perform.core.preset import Preset
from perform.core.room import Slice, read_slices
from perform.core.types import Value


@dataclass(frozen=True, slots=True)
class Room:
    """values: (path, value) of rows that belong to the room. slices: parts of the picture at their places."""

    values: tuple[tuple[str, Value], ...] = ()
    slices: tuple[Slice, ...] = ()

    def over(self, other: Room) -> Room:
        """This room's word before the other's."""
        values = {**dict(other.values), **dict(self.values)}
        return Room(tuple(values.items()), self.slices or other.slices)


NO_ROOM = Room()
SAFE = Room((("out/safe", True),))


def room_paths() -> frozenset[str]:
    """The addresses that belong to the room, which no preset may change."""
    from perform.gl.rows import ROOM_ROWS

    return frozenset(f"out/{row.name}" for row in ROOM_ROWS)


def sparing_the_room(preset: Preset) -> tuple[Preset, list[str]]:
    """A preset without what would change the room, and its problems with a line for each thing left out."""
    theirs = room_paths()
    problems = [
        *preset.problems,
        *(f"{path} belongs to the room and is left as it is" for path in preset.params if path in theirs),
        *(f"{r.target} belongs to the room: no route moves it" for r in preset.routes if r.target in theirs),
    ]
    params = {path: value for path, value in preset.params.items() if path not in theirs}
    return replace(preset, params=params, routes=tuple(r for r in preset.routes if r.target not in theirs)), problems


def read_room(body: Mapping[str, Any]) -> tuple[Room, list[str]]:
    """`[out]` of a venue file, with `[out.warp]`, `[out.edge]` and `[[out.slice]]`; a line for each thing skipped."""
    from perform.gl.rows import ROOM_ROWS

    table = ParamTable()
    table.add(ROOM_ROWS, "out")
    given: dict[str, Any] = {}
    for key, value in body.items():
        if isinstance(value, Mapping):
            given.update({f"out/{key}/{name}": inner for name, inner in value.items()})
        elif key != "slice":
            given[f"out/{key}"] = value
    values: list[tuple[str, Value]] = []
    problems: list[str] = []
    for path, value in given.items():
        word = str(value) if path == "out/turn" else value
        try:
            values.append((path, table.set(path, word)))
        except ParamError as error:
            problems.append(f"{path.replace('/', '.')} is skipped ({error})")
    slices, lines = read_slices(body.get("slice", []))
    return Room(tuple(values), slices), [*problems, *lines]
