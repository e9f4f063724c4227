"""Presets by their tags: the files are read one a tick, so that a whole folder never falls on one frame."""

from __future__ import annotations

from pathlib import Path

from perform.core.errors import PerformError
from perform.core.preset import read_preset


class TaggedPresets:
    """One owner: the engine's thread. What was read is kept until its file changes."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, frozenset[str]]] = {}
        self._unread: list[Path] = []
        self._paths: list[Path] = []
        self.ready = False

    def look(self) -> None:
        """See which presets there are now; `step` reads those that are new."""
        from perform.content import list_presets

        self._paths, self._unread, self.ready = list_presets(), [], False
        for path in self._paths:
            kept = self._known.get(path)
            if kept is None or kept[0] != _changed(path):
                self._unread.append(path)
        self._unread.reverse()

    def step(self) -> None:
        """Read one file."""
        if not self._unread:
            self.ready = True
            return
        path = self._unread.pop()
        try:
            tags = frozenset(word.lower() for word in read_preset(path).tags)
        except PerformError:  # one that cannot be read is none
            tags = frozenset({"broken/"})
        self._known[path] = (_changed(path), tags)

    def names(self, wanted: str) -> list[str]:
        """Names, in order, of those that have one of these tags and none that stands behind a minus; tags are parted by
        commas (`club, gallery, -fast`). "" is all."""
        words = [" ".join(word.lower().split()) for word in wanted.split(",")]
        some = {word for word in words if word and not word.startswith("-")}
        none = {word[1:].strip() for word in words if word.startswith("-")} | {"broken/"}
        found = []
        for path in self._paths:
            tags = self._known.get(path, (0, frozenset({"broken/"})))[1]
            if not tags & none and (not some or tags & some):
                found.append(path.stem)
        return found


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1
