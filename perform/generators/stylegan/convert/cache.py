"""Foreign checkpoints that were asked for by their path: converted once, kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import platformdirs

from perform.core.card import read_card
from perform.core.errors import ModelError

from .write import Stated, convert_file, file_hash, settings_beside

EDITION = 1
"""Counts up when conversion changes what it writes, so that older ones are made anew."""


def converted(path: Path) -> Path:
    """The model folder of a checkpoint, converted now if it was not before. Raises ModelError."""
    settings = settings_beside(path)
    key = hashlib.sha256(f"{EDITION} {file_hash(path)} {sorted(settings.items())}".encode()).hexdigest()[:20]
    name = folder_name(path.stem)
    folder = platformdirs.user_cache_path("perform", appauthor=False) / "models" / f"{name}_{key}"
    try:
        return read_card(folder).folder
    except ModelError:
        pass  # not there, or broken: made anew, beside it if need be
    if folder.exists():
        folder = folder.with_name(folder.name + "_again")
        if folder.exists():
            raise ModelError(f"{folder.parent}: the cache is broken; delete that folder")
    try:
        return convert_file(path, folder, Stated(name)).folder
    except ModelError:
        if folder.is_dir():  # another process was quicker
            return folder
        raise


def folder_name(text: str) -> str:
    """Any text as the name of a model: a-z, 0-9 and single low lines."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60] or "model"
