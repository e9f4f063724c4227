"""Small pictures of presets and models, and the library of prompts: what the panel keeps on disk, in its own thread.

A preset's picture lies beside it (`presets/thumbs/NAME.jpg`); one that has none gets one when it has played for a
while, in what perform remembers (the state folder). A model's is `thumb.jpg` in its folder.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from queue import Queue
from typing import Any

import platformdirs

from perform.whole_file import write_whole

AFTER_S = 6.0
"""So long a look plays before its picture is taken."""
NAME = re.compile(r"[A-Za-z0-9_\-]{1,100}")
DIMMEST = 14.0
"""Mean of 0..255 under which a picture is no portrait."""
MOST_BYTES = 200_000


class Thumbs:
    """Thread: `due` and `offer` from the engine's, `find` from any, disk in its own."""

    def __init__(self) -> None:
        self.folder = platformdirs.user_state_path("perform", appauthor=False) / "thumbs"
        self.prompts = platformdirs.user_data_path("perform", appauthor=False) / "prompts.txt"
        self._since: tuple[str, float] = ("", 0.0)
        self._done: set[str] = set()
        self._work: Queue[Any] = Queue()
        self._thread: threading.Thread | None = None

    def due(self, preset: str, now_s: float) -> bool:
        """Whether the look that plays should be portrayed now."""
        if self._since[0] != preset:
            self._since = (preset, now_s)
        if preset in self._done or now_s - self._since[1] < AFTER_S or not NAME.fullmatch(preset):
            return False
        self._since = (preset, now_s - AFTER_S + 1.0)  # once a second, until it comes out
        return True

    def offer(self, preset: str, image: Any, now_s: float) -> None:
        """A picture of the output: keep it if the preset has none and it has played for long enough."""
        if preset in self._done or self._since[0] != preset or now_s - self._since[1] < AFTER_S - 1.5:
            return
        if float(image.mean()) < DIMMEST:
            return
        self._done.add(preset)
        self._do(lambda: self._write(preset, image))

    def find(self, name: str) -> bytes | None:
        """The JPEG of `preset/NAME` or `model/NAME`."""
        kind, _, bare = name.partition("/")
        if not NAME.fullmatch(bare):
            return None
        places = [self.folder / f"{bare}.jpg"] if kind == "preset" else []
        from perform.content import search_path

        for root in search_path():
            if kind == "preset":
                places.append(root / "presets" / "thumbs" / f"{bare}.jpg")
            elif kind == "model":
                places.append(root / "models" / bare / "thumb.jpg")
        for place in places:
            try:
                if place.stat().st_size <= MOST_BYTES:
                    return place.read_bytes()
            except OSError:
                continue
        return None

    def library(self) -> str:
        """The prompts that were kept, one a line."""
        try:
            return "\n".join(line.strip() for line in self.prompts.read_text("utf-8").splitlines() if line.strip())[
                :2000
            ]
        except (OSError, UnicodeDecodeError):
            return ""

    def keep_library(self, text: str) -> None:
        """Write the prompts."""
        self._do(lambda: _write_text(self.prompts, text))

    def close(self) -> None:
        """Finish what is to be written."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join(timeout=2.0)
            self._thread = None

    def _do(self, action: Any) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="perform-panel-disk", daemon=True)
            self._thread.start()
        self._work.put(action)

    def _run(self) -> None:
        while (action := self._work.get()) is not None:
            try:
                action()
            except OSError:  # a full disk: no picture this time
                continue

    def _write(self, preset: str, image: Any) -> None:
        if self.find(f"preset/{preset}") is not None:
            return
        from perform.outputs.image import jpeg

        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / f"{preset}.jpg", jpeg(image, 70))


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (text + "\n").encode())
