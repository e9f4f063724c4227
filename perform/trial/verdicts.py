"""What is known of shaders from earlier shows, in the user's state folder: one small file for each.

A verdict belongs to a file's content, so that a changed file is a new one. While a shader is tried a mark lies there,
held open and locked; a mark that nobody holds was left by a process that hung or was killed in mid-trial.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import platformdirs

MAX_KEPT = 4000
MAX_FILE_BYTES = 4 << 20
LEFT_BEHIND = "was being tried when perform last hung or was killed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """good: may be drawn without a trial by `renderer`. shown: has come through some frames of a show. message: why
    not, where it is not good. ms: of a frame in its trial."""

    digest: str
    path: str
    good: bool
    message: str = ""
    renderer: str = ""
    ms: float = 0.0
    shown: bool = False


def digest_of(path: Path) -> str:
    """SHA-256 over a shader and the `.vs` file beside it; "" where it cannot be read."""
    total = hashlib.sha256()
    try:
        for file in (path, path.with_suffix(".vs")):
            if file == path or file.is_file():
                with file.open("rb") as stream:
                    total.update(stream.read(MAX_FILE_BYTES) + b"\0")
    except OSError:
        return ""
    return total.hexdigest()


class Mark:
    """A sentinel: as long as it is held, its shader is being tried. Nothing happens where none could be written."""

    def __init__(self, file: Path, stream: IO[str] | None) -> None:
        self._file = file
        self._stream = stream

    def end(self) -> None:
        """The trial is over, well or not. Safe to call twice."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        with contextlib.suppress(OSError):
            if os.name == "nt":  # an open file can't be removed there
                stream.close()
            self._file.unlink(missing_ok=True)
        stream.close()


class Verdicts:
    """All verdicts. folder: where; None is the user's state folder. What cannot be written is not remembered."""

    def __init__(self, folder: Path | None = None) -> None:
        base = platformdirs.user_state_path("perform", appauthor=False) if folder is None else folder
        self._kept = base / "shaders"
        self._marks = base / "shaders" / "trying"
        self._take_in_left_behind()

    def get(self, digest: str, renderer: str) -> Verdict | None:
        """What is known of a content; a good verdict counts only for the same renderer."""
        verdict = _load(self._kept / f"{digest}.json")
        return verdict if verdict is not None and (not verdict.good or verdict.renderer == renderer) else None

    def put(self, verdict: Verdict) -> None:
        """Remember."""
        file = self._kept / f"{verdict.digest}.json"
        part = file.with_suffix(f".{os.getpid()}.part")
        with contextlib.suppress(OSError):
            self._kept.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(asdict(verdict)) + "\n", "utf-8")
            part.replace(file)

    def forget(self, digest: str) -> None:
        """It may be tried again."""
        with contextlib.suppress(OSError):
            (self._kept / f"{digest}.json").unlink(missing_ok=True)

    def set_aside(self) -> list[Verdict]:
        """Everything that is not drawn, by path."""
        found = (_load(file) for file in self._kept.glob("*.json"))
        return sorted((v for v in found if v is not None and not v.good), key=lambda v: v.path)

    def begin(self, digest: str, path: Path) -> Mark:
        """Lay down the mark of a trial."""
        file = self._marks / f"{digest}.{os.getpid()}.{time.monotonic_ns()}"
        # An open file can't be renamed on Windows, nor be looked into by others there.
        part = file if os.name == "nt" else self._kept / f"{file.name}.part"
        try:
            self._marks.mkdir(parents=True, exist_ok=True)
            stream = part.open("w", encoding="utf-8")
        except OSError:
            return Mark(file, None)
        _lock(stream)
        with contextlib.suppress(OSError):
            stream.write(str(path))
            stream.flush()
            if part != file:
                part.replace(file)  # only now: nobody may find it unlocked or empty
        return Mark(file, stream)

    def _take_in_left_behind(self) -> None:
        """Marks that nobody holds become verdicts; good ones that are old make room."""
        with contextlib.suppress(OSError):
            for file in sorted(self._marks.glob("*.*.*")):
                path = _abandoned(file)
                if path is not None:
                    self.put(Verdict(file.name.split(".")[0], path, False, LEFT_BEHIND))
                    file.unlink(missing_ok=True)
            kept = list(self._kept.glob("*.json"))
            if len(kept) > MAX_KEPT:
                kept.sort(key=lambda file: file.stat().st_mtime)
                for file in kept[: len(kept) - MAX_KEPT]:
                    verdict = _load(file)
                    if verdict is None or verdict.good:
                        file.unlink(missing_ok=True)


def _load(file: Path) -> Verdict | None:
    try:
        return Verdict(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _lock(stream: IO[str]) -> None:
    """Hold the file as long as this process lives. On Windows an open file is held by itself."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _abandoned(file: Path) -> str | None:
    """The path that a mark names, if its process is gone; None while it lives."""
    try:
        import fcntl
    except ImportError:
        moved = file.with_suffix(".left")
        try:
            file.rename(moved)
            moved.rename(file)
        except OSError:  # held open
            return None
        return file.read_text("utf-8", errors="replace")
    with file.open("r+", encoding="utf-8", errors="replace") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return None
        return stream.read()
