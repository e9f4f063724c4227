"""The map files of keys, pads and lights: found, read, and read again when they are saved in mid-show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from perform.content import HAND_MAPS, find_preset_midi, hand_map_file, hand_maps
from perform.control.hand_map import HandMap, read_hand_map, shifted
from perform.control.midi_map import Binding
from perform.core.errors import PerformError
from perform.lights_room import LightsRoom

Say = Callable[[str], None]
LOOK_S = 0.5
"""Between two looks at whether one has been saved."""
Stamp = tuple[int, int]


class HandFiles:
    """given: the map that was asked for, "" for none. lights: where the lights' own map is put; no host: left out.
    look: the name of the look that plays, whose `presets/midi/NAME.toml` holds while it does, before all others.

    Thread: it looks in one of its own; `read` first, and `fresh` from the engine's.
    """

    def __init__(self, given: str, lights: LightsRoom, say: Say, look: Callable[[], str] = str) -> None:
        self._given, self._lights, self._say, self._name = given, lights, say, look
        self._of_look: Path | None = None
        self._playing = self._trouble = ""
        self._good: dict[Path, HandMap] = {}
        self._stamps: dict[Path, Stamp] = {}
        self._fresh: list[HandMap] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="hand maps", daemon=True)

    def read(self) -> list[HandMap]:
        """All maps, the nearest first. One that cannot be read is said; the last good of it holds, if there was one."""
        self._stamps = self._stamped()
        maps: list[HandMap] = []
        for name, path in self._places():
            found = read_or_say(path, self._say) or self._good.get(path)
            if found is not None:
                self._good[path] = found
                room = self._lights
                maps.append(shifted(found, room.universe, room.address) if name == "lights" else found)
        return maps

    def learnt(self) -> tuple[list[Binding], Path]:
        """What was learnt, and the file for what will be: another one beside a file that cannot be read."""
        keep_in = hand_map_file()
        found = read_or_say(keep_in, self._say) if keep_in.is_file() else HandMap()
        if found is None:
            keep_in, found = keep_in.with_name(keep_in.stem + "_learnt.toml"), HandMap()
            self._say(f"what is learnt goes to {keep_in}")
        return list(found.bindings), keep_in

    def start(self) -> None:
        """Look out for files that are saved."""
        self._thread.start()

    def fresh(self) -> list[HandMap] | None:
        """All maps, where one has changed since the last question; else None."""
        found, self._fresh = self._fresh, None
        return found

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _places(self) -> list[tuple[str, Path]]:
        given = [("given", Path(self._given))] if self._given else []
        if self._of_look is not None:
            given.insert(0, ("look", self._of_look))
        names = [name for name in HAND_MAPS if name != "lights" or self._lights.host]
        return [*given, *((name, path) for name in names for path in hand_maps(name))]

    def _stamped(self) -> dict[Path, Stamp]:
        found: dict[Path, Stamp] = {}
        for _, path in self._places():
            try:
                status = path.stat()
            except OSError:  # it is being replaced
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def _look(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self._look_once(self._name())
            except Exception as error:  # noqa: BLE001 - whatever a file system does: the maps hold as they are
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    self._say(f"maps of keys and pads are not looked after: {error}")

    def _look_once(self, name: str) -> None:
        of_looks = {self._of_look}
        if name != self._playing:
            self._playing, self._of_look = name, find_preset_midi(name)
            of_looks.add(self._of_look)
        before, now = self._stamps, self._stamped()
        changed = [path for path in before.keys() | now.keys() if before.get(path) != now.get(path)]
        if not changed:
            return
        for path in before.keys() - now.keys():
            self._good.pop(path, None)
        self._fresh = self.read()
        saved = sorted(str(path) for path in changed if len(of_looks) == 1 or path not in of_looks)
        if saved:
            self._say(f"keys and pads: {', '.join(saved)} is read again")


def read_or_say(path: Path, say: Say) -> HandMap | None:
    """A map file, with a line for each entry that is left out; None, and a line, where it is none."""
    try:
        found, problems = read_hand_map(path)
    except PerformError as error:
        say(str(error))
        return None
    for line in problems:
        say(line)
    return found
