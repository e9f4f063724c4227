"""Keeps the live state on disk while a show runs, and brings it back: `perform play --resume`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from perform.core.errors import ParamError, PerformError
from perform.core.params import Param, is_read_only, is_wish
from perform.core.types import Value
from perform.looks.disk import Disk
from perform.looks.morphing import goes_with_looks
from perform.looks.state import FILE, LiveState, read_state, write_state
from perform.room import room_paths

if TYPE_CHECKING:
    from perform.show import Show

EVERY_S = 5.0
NOT_KEPT = {"out/blackout", "out/freeze", "out/testcard", "out/message", "out/help", "snapshot/position", "cue/set",
            "tempo/beat", "tempo/waiting", "preset/title", "preset/tags"}  # fmt: skip
"""What hides the picture must not come back after a fall; the rest is said elsewhere, or is no setting."""


def state_folder() -> Path:
    """Where the live state lies."""
    return platformdirs.user_state_path("perform", appauthor=False) / "live"


def kept_date(folder: Path) -> tuple[int, int, int, float] | None:
    """When the state was last written, as a `Moment.date` on the wall; None where it never was."""
    try:
        then = datetime.fromtimestamp((folder / FILE).stat().st_mtime)
    except (OSError, ValueError, OverflowError):
        return None
    return then.year, then.month, then.day, then.hour * 3600.0 + then.minute * 60.0 + then.second


class Autosave:
    """Thread: the engine's; the disk has its own. What fails is said once, and again when it has worked meanwhile."""

    def __init__(self, show: Show, folder: Path, say: Callable[[str], None]) -> None:
        self._show, self._folder, self._say = show, folder, say
        self._disk = Disk("perform-autosave")
        self._next_s = EVERY_S
        self._seen: tuple[Any, ...] = ()
        self._failing = False

    def step(self) -> None:
        """Once a tick: write every EVERY_S, where something has changed."""
        for line in self._disk.told():
            self._say(line)
        now_s = self._show.engine.moment.seconds
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self.save()

    def save(self) -> None:
        """Have the state of now written, unless it is what was written last, or visitors have turned things that will
        go back to rest."""
        if self._show.visited:
            return
        table, snapshots = self._show.engine.table, self._show.looks.snapshots
        seen = (table.turns, table.revision, *snapshots.all())
        if seen != self._seen and self._disk.do("the live state", self._writing(state_of(self._show))):
            self._seen = seen

    def _writing(self, state: LiveState) -> Callable[[], str]:
        def write() -> str:
            try:
                write_state(state, self._folder)
            except OSError as error:
                before, self._failing, self._seen = self._failing, True, ()
                why = f"the live state cannot be kept in {self._folder} ({error.strerror or error})"
                return "" if before else f"{why}; --resume would bring back an older one"
            self._failing = False
            return ""

        return write

    def close(self) -> None:
        """Write what is still to be written."""
        self.save()
        self._disk.close()


def state_of(show: Show) -> LiveState:
    """The state of a show now. Thread: the engine's."""
    table, base = show.engine.table, show.engine.table.base()
    rooms = room_paths()
    values = {row.name: base[row.name] for row in table if _is_kept(row, base[row.name]) and row.name not in rooms}
    return LiveState(show.looks.capture(), values, show.programme.standing(), tuple(show.looks.snapshots.all()))


def _is_kept(row: Param, value: Value) -> bool:
    if row.kind == "trigger" or goes_with_looks(row) or row.name in NOT_KEPT or is_read_only(row):
        return False
    if row.name.startswith(("route/", "deck/", "master/")) or (is_wish(row) and not value):
        return False
    return value != row.checked(row.default)


def resume(show: Show, folder: Path, say: Callable[[str], None]) -> bool:
    """Bring the last state back. Returns whether there was one that plays; why not is said."""
    try:
        state = read_state(folder)
        if state is None:
            say(f"nothing to resume: there is no {folder / FILE}")
            return False
        show.play(state.look)
    except PerformError as error:
        say(f"cannot resume ({error}); playing from the start")
        return False
    for kept in state.snapshots:
        show.looks.snapshots.put(kept)
    lines = [*state.problems, *show.programme.stand(state.cues)]
    for path, value in state.values.items():
        try:
            show.engine.table.set(path, value)
        except ParamError as error:
            lines.append(str(error))
    if (then := kept_date(folder)) is not None:
        year, month, day, seconds = then
        hours, minutes = divmod(int(seconds) // 60, 60)
        say(f"resumed as it stood at {hours}:{minutes:02} on {year}-{month:02}-{day:02}")
    for line in lines:
        say(f"resumed, but: {line}")
    return True
