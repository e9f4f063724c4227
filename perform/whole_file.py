"""Files that are written whole, or not at all, and the folders that they go into."""

from __future__ import annotations

import os
from pathlib import Path

from perform.core.errors import UsageError


def make_folder(folder: Path) -> Path:
    """A folder that a person asked for, made if need be. Raises UsageError: it is a file, or nobody may write there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be a folder for results ({error.strerror}); name another one") from None
    return folder


def write_whole(place: Path, data: bytes, *, lasting: bool = False) -> None:
    """Write a file so that whoever reads it sees the old one or the new one. lasting: also when the power goes next
    moment. Raises OSError, with the old one still there."""
    part = place.with_name(f".{place.name}.part")
    try:
        with open(part, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, place)
    except OSError:
        part.unlink(missing_ok=True)
        raise
