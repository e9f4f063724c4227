"""Watches the shader files that are playing, so that a saved file shows at once."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Any


class ShaderWatch:
    """Atomic renames count as saves. Thread: it watches in one of its own; `changed` is asked by the engine's."""

    def __init__(self, stage: Any) -> None:
        self._stage = stage
        self._found: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shader watch", daemon=True)
        self._thread.start()

    def changed(self) -> list[Path]:
        """Files saved since the last call that belong to the playing chain, each once."""
        names: dict[Path, None] = {}
        while not self._found.empty():
            names[self._found.get()] = None
        playing = {Path(p).resolve() for p in self._stage.files()} if names else set()
        return [path for path in names if path in playing]

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        from watchfiles import watch

        from perform.content import search_path

        folders = {root / "shaders" for root in search_path()}
        folders |= {Path(p).resolve().parent for p in self._stage.files()}
        there = [folder for folder in folders if folder.is_dir()]
        if not there:
            return
        try:
            for changes in watch(*there, stop_event=self._stop, debounce=50, step=20, rust_timeout=200, recursive=True):
                for _, name in changes:
                    if name.endswith((".fs", ".vs")):
                        self._found.put(Path(name).with_suffix(".fs").resolve())
        except OSError:  # no more watches to be had: the show plays on without hot reload
            return
