"""Where a training works: its folder, whose the checkpoints in it are, and the model folder that it leaves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from perform.core.errors import UsageError
from perform.generators.stylegan.convert.cache import folder_name
from perform.whole_file import make_folder

WORK = "work"
"""Where checkpoints lie, in the folder that --out names."""


def work_folder(out: Path) -> Path:
    """OUT/work, made if need be. Raises UsageError."""
    make_folder(out)
    return make_folder(out / WORK)


@contextmanager
def at_work(out: Path) -> Iterator[None]:
    """OUT is this training's until the end of the body or of the process, however that ends.

    Raises UsageError where another training is at work there: both would write the same checkpoint. A file system
    that knows no locks lets all in.
    """
    lock = FileLock(work_folder(out) / "at_work.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"{out}: another training is at work there; wait for its end, or give another --out") from None
    except (OSError, NotImplementedError):
        pass
    try:
        yield
    finally:
        lock.release()


def model_name(text: str) -> str:
    """Any text as the name of a model's folder beside `work`. Raises UsageError for that name itself."""
    name = folder_name(text)
    if name == WORK:
        raise UsageError(f"a model cannot be called {WORK!r}: that is where its checkpoints lie; give another --name")
    return name


def read_state(path: Path, whose: Mapping[str, str]) -> dict[str, Any]:
    """A checkpoint. whose: of what training it has to be, as it was written in under the key "whose".

    Raises UsageError for one of another training, and for one that cannot be read.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - of bytes that are no checkpoint torch raises nearly anything
        why = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise UsageError(f"{path}: cannot be read ({why}); remove it to begin anew") from None
    kept = state.pop("whose", {})
    for key, value in whose.items():
        if kept.get(key, value) != value:
            raise UsageError(
                f"{path} is of another training ({key}: {kept[key]}, not {value}): give another --out, or remove it"
            )
    return state


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
