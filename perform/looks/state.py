"""The live state of a show as one file: the look as hands have left it, what is turned besides, snapshots, the cue.

    version = 1
    preset = "night_drive"          # what the look is called
    look = "..."                    # a preset file as text
    [values]                        # what no look sets: "mix/beats" = 8
    [cues]                          # set and cue
    [[snapshot]]                    # name and look of each

Unknown keys are passed over; what makes no sense is listed and the rest comes back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perform.core.errors import PresetError
from perform.core.preset import Preset, parse_preset
from perform.core.preset_text import literal, table_text, write_preset
from perform.core.reading import Reader, parse_toml, read_file
from perform.core.types import Value
from perform.looks.snapshots import Snapshot
from perform.whole_file import write_whole

VERSION = 1
FILE = "live.toml"
MOST_BYTES, MOST_PICTURE = 8 << 20, 200_000


@dataclass(frozen=True, slots=True)
class LiveState:
    """values: full path -> native value. cues: `set` and `cue`, by name. problems: what could not be read."""

    look: Preset
    values: Mapping[str, Value] = field(default_factory=dict)
    cues: Mapping[str, str] = field(default_factory=dict)
    snapshots: tuple[Snapshot, ...] = ()
    problems: tuple[str, ...] = ()


def write_state(state: LiveState, folder: Path) -> None:
    """Write it, whole or not at all, also when the power goes. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"version = {VERSION}", f"preset = {literal(state.look.name)}",
             f"look = {literal(write_preset(state.look))}"]  # fmt: skip
    for heading, values in (("[values]", state.values), ("[cues]", state.cues)):
        if values:
            lines += table_text(heading, values)
    for kept in state.snapshots:
        lines += table_text("[[snapshot]]", {"name": kept.name, "look": write_preset(kept.look)})
    write_whole(folder / FILE, ("\n".join(lines) + "\n").encode(), lasting=True)
    _write_pictures(state.snapshots, folder)


def _write_pictures(snapshots: tuple[Snapshot, ...], folder: Path) -> None:
    wanted = {_picture(folder, kept): kept.picture for kept in snapshots if kept.picture}
    for place, picture in wanted.items():
        if not place.exists():
            write_whole(place, picture)
    for place in folder.glob("snapshot_*.jpg"):
        if place not in wanted:
            place.unlink(missing_ok=True)


def _picture(folder: Path, kept: Snapshot) -> Path:
    digest = hashlib.sha256(f"{kept.name}\0{write_preset(kept.look)}".encode()).hexdigest()
    return folder / f"snapshot_{digest[:16]}.jpg"


def read_state(folder: Path) -> LiveState | None:
    """What was written last; None where nothing was. Raises PresetError for a file that is damaged or newer."""
    place = folder / FILE
    return read_file(place, lambda text: _parse(text, folder), MOST_BYTES) if os.path.exists(place) else None


def _parse(text: str, folder: Path) -> LiveState:
    data = parse_toml(text, "live state", VERSION)
    if not isinstance(data.get("look"), str):
        raise PresetError("holds no look")
    look = parse_preset(data["look"], str(data.get("preset", "kept")))
    reader = Reader()
    snapshots = tuple(_snapshots(reader.listed("snapshot", data.get("snapshot", [])), folder, reader.problems))
    cues = {k: v for k, v in reader.table(data, "cues").items() if isinstance(v, str)}
    values = reader.values("values", reader.table(data, "values"))
    return LiveState(look, values, cues, snapshots, tuple(reader.problems))


def _snapshots(entries: list[Any], folder: Path, problems: list[str]) -> list[Snapshot]:
    found: list[Snapshot] = []
    for entry in entries:
        try:
            name, text = str(entry["name"])[:60], str(entry["look"])
            bare = Snapshot(name, parse_preset(text, name))
        except (PresetError, KeyError, TypeError) as error:
            problems.append(f"a snapshot is left out ({error})")
            continue
        found.append(Snapshot(name, bare.look, _read_picture(_picture(folder, bare))))
    return found


def _read_picture(place: Path) -> bytes:
    try:
        return place.read_bytes() if place.stat().st_size <= MOST_PICTURE else b""
    except OSError:
        return b""
