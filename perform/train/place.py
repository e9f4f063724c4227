"""Model folders that training leaves: whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder beside it that takes its place at the end. When the body fails, what was there stays.

    Whoever reads the folder meanwhile sees the old one or the new one; a fresh one that a kill has left behind is
    swept away by the next call.
    """
    fresh, old = (folder.with_name(folder.name + ending) for ending in (".new", ".old"))
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    yield fresh
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)
