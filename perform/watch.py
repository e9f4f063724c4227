"""Watches shader files while a show plays, so that a saved file shows at once and a new one is found."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perform.content import SHADER_SUFFIXES, list_shaders, shader_folders
from perform.trial.gate import Gate

LOOK_EVERY = 60
"""Ticks between two looks at which files play."""
FOLDERS_MS = 2000
"""How often folders that were not there are looked for again."""
MOST_TRIED = 8
"""New files of one moment that are tried at once; of a whole collection each is tried when it is asked for."""


Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Saved:
    """A shader file that was saved. message: why it may not be drawn, "" where it may. new: not seen before."""

    path: Path
    message: str = ""
    playing: bool = False
    new: bool = False


class ShaderWatch:
    """Atomic renames count as saves. Thread: it watches in one of its own; `changed` is asked by the engine's.

    A saved file is tried by the gate, in a process of its own, before anything here draws it.
    """

    def __init__(self, stage: Any, gate: Gate) -> None:
        self._stage = stage
        self._gate = gate
        self._ticks = 0
        self._playing: frozenset[Path] = frozenset(stage.files())
        self._stamps = self._stamped()
        self._known = set(self._stamps)
        self._asked: dict[Path, tuple[int, ...]] = {}
        self._found: queue.SimpleQueue[Saved] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shader watch", daemon=True)
        self._thread.start()

    def changed(self) -> list[Saved]:
        """Files saved since the last call whose trial has ended, each once."""
        self._ticks += 1
        if self._ticks % LOOK_EVERY == 0:
            self._playing = frozenset(self._stage.files())
        found: dict[Path, Saved] = {}
        while not self._found.empty():
            item = self._found.get()
            found[item.path] = item
        for tried in self._gate.finished():
            found[tried.path] = self._saved(tried.path, tried.message)
        return list(found.values())

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join(timeout=5.0)

    def _saved(self, path: Path, message: str = "") -> Saved:
        new = path not in self._known
        self._known.add(path)
        return Saved(path, message, path in frozenset(self._stage.files()), new)

    def _folders(self) -> list[Path]:
        folders = {*shader_folders(), *(path.parent for path in self._playing)}
        return sorted(folder for folder in folders if folder.is_dir())

    def _run(self) -> None:
        """Thread: watch the folders that are there; when others appear, those too."""
        from watchfiles import watch

        while not self._stop.is_set():
            folders = self._folders()
            if not folders:
                self._stop.wait(FOLDERS_MS / 1000.0)
                continue
            try:
                changes = watch(
                    *folders, stop_event=self._stop, debounce=50, step=20, rust_timeout=FOLDERS_MS,
                    yield_on_timeout=True, recursive=True,
                )  # fmt: skip
                for batch in changes:
                    self._take({Path(name) for _, name in batch} | self._unnoticed())
                    if self._folders() != folders:
                        self._take_new(folders)
                        break
            except OSError:  # a folder went away, or no more watches are to be had
                self._stop.wait(FOLDERS_MS / 1000.0)

    def _stamped(self) -> dict[Path, Stamp]:
        return {path: _stamp(path) for path in {*self._playing, *map(_whole, list_shaders())}}

    def _unnoticed(self) -> set[Path]:
        """Files that changed or came before the watch began, or where the system tells nothing (network disks)."""
        before, self._stamps = self._stamps, self._stamped()
        return {path for path, stamp in self._stamps.items() if stamp != before.get(path)}

    def _take(self, names: set[Path]) -> None:
        """What a batch of changes means. Files that are gone mean nothing: the last good version plays on."""
        playing = self._playing
        shaders = {path.with_suffix(".fs") if path.suffix == ".vs" else path for path in map(_whole, names)}
        wanted = [p for p in sorted(shaders) if p.suffix in SHADER_SUFFIXES and p.is_file()]
        for count, path in enumerate(wanted):
            stamp = (*_stamp(path), *_stamp(path.with_suffix(".vs")))
            if self._asked.get(path) == stamp:
                continue  # told twice of one save
            self._asked[path] = stamp
            if path in playing or count < MOST_TRIED:
                self._gate.request(path, saved=True)
            else:
                self._found.put(Saved(path, new=path not in self._known))
        for path in shaders & playing:
            if path.suffix not in SHADER_SUFFIXES and path.is_file():  # a picture that a shader shows
                self._found.put(Saved(path, playing=True))

    def _take_new(self, before: list[Path]) -> None:
        """A folder has appeared, maybe with files in it."""
        fresh = [folder for folder in self._folders() if folder not in before]
        self._take({p for folder in fresh for p in folder.rglob("*") if p.suffix in SHADER_SUFFIXES})


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_size, found.st_ino


def _whole(path: Path) -> Path:
    try:
        return path.resolve()
    except OSError:
        return path
