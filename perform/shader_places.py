"""Shader files that nobody has sorted: what lies loose in a `shaders/` folder, and the folders where ISF is installed.

Their kind is read off their content. They never take a name that another shader bears: what looks are made of must
not change because a collection came in.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from perform.core.errors import PerformError

KINDS = {"generator": "generators", "filter": "effects", "transition": "transitions"}
SUFFIXES = (".fs", ".glsl", ".frag")
MAX_FILES, MAX_DEPTH = 4000, 4
OURS = "isf_"
"""Before a name that is taken."""

_seen: dict[Path, tuple[tuple[int, int], str]] = {}


def shader_name(path: Path) -> str:
    """The name by which a shader is asked for: `Radial Blur.fs` is radial_blur."""
    if re.fullmatch(r"[a-z0-9_]+", path.stem):
        return path.stem
    from perform.isf.read import snake_name

    return snake_name(str(path))


def installed_folders() -> list[Path]:
    """Where ISF files are installed for all programs, as far as those folders are there."""
    home = Path.home()
    if sys.platform == "darwin":
        places = [home / "Library" / "Graphics" / "ISF", Path("/Library/Graphics/ISF")]
    elif sys.platform == "win32":
        places = [Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / "ISF"]
    else:
        data = os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
        places = [Path(data) / "ISF", Path("/usr/local/share/ISF")]
    return [place for place in places if place.is_dir()]


def collected(roots: Iterable[Path], sorted_kinds: Iterable[str], taken: Mapping[str, object]) -> dict[str, Path]:
    """name -> path of every unsorted shader. roots: `shaders/` folders. sorted_kinds: their subfolders that are not
    looked into, since what lies there is of a known kind."""
    known = frozenset(sorted_kinds)
    found: dict[str, Path] = {}
    for folder, skipped in [
        *((root, known) for root in roots),
        *((place, frozenset()) for place in installed_folders()),
    ]:
        for path in sorted(_files(folder, skipped)):
            name = shader_name(path)
            while name in taken or name in found:
                name = OURS + name
            found[name] = path
            if len(found) >= MAX_FILES:
                return found
    return found


def kind_of(path: Path) -> str:
    """`generators`, `effects` or `transitions` by what is in the file; "" where it cannot be read as a shader."""
    try:
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size)
    except OSError:
        return ""
    before = _seen.get(path)
    if before is not None and before[0] == stamp:
        return before[1]
    from perform.isf import read_shader

    try:
        kind = KINDS[read_shader(path).kind]
    except PerformError:
        kind = ""
    _seen[path] = (stamp, kind)
    return kind


def _files(folder: Path, skipped: frozenset[str], depth: int = 0) -> Iterator[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    for path in inside:
        if path.suffix in SUFFIXES and path.is_file():
            yield path
        elif depth < MAX_DEPTH and path.name not in skipped and not path.name.startswith(".") and path.is_dir():
            yield from _files(path, frozenset(), depth + 1)
