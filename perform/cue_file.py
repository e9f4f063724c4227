"""A cue written into its set's file while the show runs: everything else in it (comments, order) stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from perform.core.cues import VERSION
from perform.looks.save import home_of_looks
from perform.whole_file import write_whole


def place_for_set(name: str) -> Path:
    """The file that a set of one's own is, or is to become; one that ships is copied there first."""
    return home_of_looks() / "sets" / f"{name}.toml"


def insert_cue(source: Path | None, place: Path, at: int, cue: Mapping[str, Any]) -> str:
    """Write the set of `source` (None: a new one) to `place` with one more cue, before the one at `at`. The file that
    was there stays as NAME.toml.before. Returns the line to say. Raises OSError."""
    try:
        text = f"version = {VERSION}\n" if source is None else source.read_text("utf-8")
        document = tomlkit.parse(text)
        cues = document.get("cue")
        if not isinstance(cues, AoT):
            document["cue"] = cues = tomlkit.aot()
        table = tomlkit.table()
        table.update(cue)
        cues.insert(min(max(at, 0), len(cues)), table)
        fresh = tomlkit.dumps(document).encode()
    except (UnicodeDecodeError, TOMLKitError) as error:
        return f"set {place.stem}: {source} cannot be changed ({' '.join(str(error).split())[:120]})"
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        write_whole(place.with_name(place.name + ".before"), place.read_bytes())
    write_whole(place, fresh)
    return f"cue {cue['name']} is kept in the set {place.stem}, in {place.parent}"
