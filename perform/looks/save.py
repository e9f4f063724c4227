"""A look of one's own as a preset file: its name, its place, its picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

from perform.core.errors import UsageError
from perform.core.preset import Preset
from perform.core.preset_text import write_preset
from perform.whole_file import write_whole

MOST_CHARS = 60
THUMB_PX = 320
RESERVED = {"con", "prn", "aux", "nul"}
"""Names that Windows keeps for devices."""


def file_name(said: str) -> str:
    """`Late night, 2` as `late_night_2`, the same on every disk. Raises UsageError where nothing is left."""
    from perform.content import plain_name

    name = plain_name(said)[:MOST_CHARS].strip("_")
    if not name or name in RESERVED:
        raise UsageError(f"{said[:40]!r} is no name for a preset: use Latin letters and digits")
    return name


def home_of_looks() -> Path:
    """Where looks are kept: `presets/` of the folder you stand in, where there is one of your own; else the user's."""
    from perform.content import shipped

    here = Path.cwd() / "presets"
    own = here.is_dir() and Path.cwd().resolve() != shipped().resolve() and os.access(here, os.W_OK)
    return here if own else platformdirs.user_data_path("perform", appauthor=False) / "presets"


def place_for(name: str) -> Path:
    """The file that a look of this name is to become. Raises UsageError where a nearer preset would hide it."""
    from perform.content import list_presets, search_path

    place = (home_of_looks() / f"{name}.toml").resolve()
    roots = list(search_path())
    for path in list_presets():
        if path.stem == name and path.resolve() != place and _rank(path, roots) < _rank(place, roots):
            raise UsageError(f"there is a preset {name} in {path.parent}, which would hide it: take another name")
    return place


def _rank(path: Path, roots: list[Path]) -> int:
    return roots.index(path.resolve().parents[1]) if path.resolve().parents[1] in roots else len(roots)


def save_look(preset: Preset, place: Path, picture: Callable[[], bytes] | None) -> str:
    """Write a preset, whole or not at all, and its picture into `thumbs/` beside it. One that was there before stays
    as NAME.toml.before. picture: makes the JPEG. Returns the line to say. Raises OSError."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        write_whole(place.with_name(place.name + ".before"), place.read_bytes())
    write_whole(place, write_preset(preset).encode())
    if picture is not None:
        thumbs = place.parent / "thumbs"
        thumbs.mkdir(exist_ok=True)
        write_whole(thumbs / f"{place.stem}.jpg", picture())
    return f"kept as preset {place.stem} in {place.parent}"
