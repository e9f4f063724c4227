"""Files that are written whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


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
