"""`perform shaders check`: every file through the real pipeline, one class each, whatever the others do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perform.core.errors import UsageError
from perform.trial.runner import CLASSES, Outcome, Runner

SUFFIXES = (".fs", ".glsl", ".frag")
FRESH_AFTER = 64
"""Files that one process tries: what one of them leaves behind must not grow for ever."""


def files_of(paths: Sequence[str]) -> list[Path]:
    """Shader files named or lying in the folders named, at any depth; a bare name is one that `list shaders` tells.

    No paths: every shader that is found. Raises UsageError for a path that is not there, ShaderError for a name.
    """
    from perform.content import find_shader, list_shaders

    if not paths:
        return list_shaders()
    found: dict[Path, None] = {}
    for text in paths:
        path = Path(text).expanduser()
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
            if not inside:
                raise UsageError(f"no shader in {path}; shaders end in {', '.join(SUFFIXES)}")
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[path] = None
        elif path.suffix or path.parent != Path("."):
            raise UsageError(f"there is no {path}")
        else:
            found[find_shader(text)] = None
    return list(found)


def sweep(files: Sequence[Path], frames: int, size: tuple[int, int], timeout_s: float) -> Iterator[Outcome]:
    """Try each file in turn. Raises DeviceError where there is no OpenGL."""
    runner = Runner(size)
    used = 0
    try:
        for path in files:
            if used >= FRESH_AFTER:
                runner.close()
                used = 0
            outcome = runner.run(path, frames, timeout_s=timeout_s)
            if outcome.outcome == "crash" and used:  # an earlier file may have done it
                outcome = runner.run(path, frames, timeout_s=timeout_s)
            used = 0 if outcome.outcome in ("crash", "timeout") else used + 1
            yield outcome
    finally:
        runner.close()


def read_baseline(path: Path) -> dict[str, str]:
    """path -> class of known exceptions, from what `--json` wrote. Raises UsageError."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        known = {str(row["path"]): str(row["class"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"baseline {path}: not what `perform shaders check --json` writes ({error})") from None
    wrong = sorted(set(known.values()) - set(CLASSES))
    if wrong:
        raise UsageError(f"baseline {path}: no class {wrong[0]!r}; there are {', '.join(CLASSES)}")
    return known


def worse(outcomes: Sequence[Outcome], baseline: Mapping[str, str]) -> list[Outcome]:
    """Those that fare worse than the baseline says; a file that is not in it should be ok.

    A file is known by its path as it was given, else by its name where only one in the baseline bears it.
    """
    names: dict[str, list[str]] = {}
    for path, known in baseline.items():
        names.setdefault(Path(path).name, []).append(known)
    found = []
    for outcome in outcomes:
        alike = names.get(Path(outcome.path).name, [])
        expected = baseline.get(outcome.path) or (alike[0] if len(alike) == 1 else "ok")
        if CLASSES.index(outcome.outcome) > CLASSES.index(expected):
            found.append(outcome)
    return found


def summary(outcomes: Sequence[Outcome]) -> str:
    """`321 shaders: 313 ok, 8 blank`."""
    counts: dict[str, Any] = {name: sum(o.outcome == name for o in outcomes) for name in CLASSES}
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return f"{len(outcomes)} shaders: {', '.join(parts) or 'none'}"
