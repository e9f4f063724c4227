"""Looks under hands: the one that plays kept as a preset, and what a recall replaced brought back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from perform.core.errors import PerformError
from perform.core.params import Param
from perform.core.preset import Preset
from perform.core.types import Value
from perform.looks.capture import capture, for_a_file
from perform.looks.disk import Disk
from perform.looks.save import THUMB_PX, file_name, place_for, save_look
from perform.looks.snapshots import Snapshots

if TYPE_CHECKING:
    from perform.show import Show

ROWS: tuple[Param, ...] = (
    Param("preset/save", "text", "", doc="keeps the look that plays, as hands have left it, as a preset of this name",
          live=False),
    Param("preset/title", "text", "", doc="title of the look that plays; kept with it"),
    Param("preset/tags", "text", "", doc="tags of the look that plays, with commas between; kept with it"),
    Param("preset/undo", "trigger", False, doc="brings back the look that the last recall replaced, as it was"),
    Param("preset/redo", "trigger", False, doc="takes the last undo back"),
)  # fmt: skip
MOST_UNDONE = 32


class Looks:
    """Thread: the engine's. say: a line that went wrong; what went well is a notice, on the HUD too."""

    def __init__(self, show: Show, say: Callable[[str], None]) -> None:
        self._show, self._say = show, say
        self._before: deque[Preset] = deque(maxlen=MOST_UNDONE)
        self._undone: list[Preset] = []
        self._counts: dict[str, int] = {}
        self.disk = Disk("perform-looks")
        show.engine.table.add(ROWS)
        self.snapshots = Snapshots(show, self)

    def capture(self) -> Preset:
        """The look that plays now, with the title and the tags that hands have given it."""
        table = self._show.engine.table
        tags = tuple(t.strip() for t in str(table.value("preset/tags")).split(",") if t.strip())
        return replace(capture(self._show), title=str(table.value("preset/title")), tags=tags)

    def save(self, said: str) -> str:
        """Keep the look that plays as a preset; returns the name that it has got. Raises UsageError.

        It is written a moment later, in a thread; a full disk is said then. The picture is that of now.
        """
        name = file_name(said)
        place = place_for(name)
        look = for_a_file(self.capture())
        look = replace(look, name=name, title=look.title if name == look.name else said.strip()[:200])
        picture = self.picture()
        if not self.disk.do(f"preset {name}", lambda: save_look(look, place, picture)):
            self._say(f"preset {name} is not kept: the disk does not answer")
        self._show.preset = look
        self._name(look)
        return name

    def picture(self) -> Callable[[], bytes] | None:
        """The picture of now; called, in whatever thread, it is a small JPEG. None before the first."""
        from perform.outputs.image import thumbnail

        if self._show.engine.moment.frame < 0:
            return None
        image = self._show.stage.finish()
        return lambda: thumbnail(image, THUMB_PX)

    def played(self, before: Preset | None, look: Preset) -> None:
        """A look came in. before: what it replaced, None where nothing did."""
        if before is not None:
            self._before.append(before)
            self._undone.clear()
        self._name(look)

    def undo(self) -> bool:
        """Bring back what the last recall replaced. False where there is nothing. Raises PerformError."""
        return self._swap(self._before, self._undone)

    def redo(self) -> bool:
        """Take the last undo back. False where there is nothing. Raises PerformError."""
        return self._swap(self._undone, self._before)

    def _swap(self, taken: deque[Preset] | list[Preset], given: deque[Preset] | list[Preset]) -> bool:
        if not taken:
            return False
        now, look = self.capture(), taken.pop()
        try:
            self._show.bring(look)
        except PerformError:
            taken.append(look)
            raise
        given.append(now)
        self._name(look)
        return True

    def _name(self, look: Preset) -> None:
        table = self._show.engine.table
        table.set("preset/title", look.title[:2000].replace("\0", ""))
        table.set("preset/tags", ", ".join(look.tags)[:2000].replace("\0", ""))

    def grant(self, path: str, value: Value) -> bool:
        """Obey one wish. Returns whether it was one of these. Raises PerformError."""
        if path != "preset/save":
            return self.snapshots.grant(path, value)
        self._show.engine.table.set(path, "")
        if str(value).strip():
            self.save(str(value))
        return True

    def step(self) -> None:
        """Once a tick: what was pulled, and what came of the disk's work. Raises PerformError."""
        self.snapshots.step()
        for line in self.disk.told():
            self._show.shaders.notice(line)
        for path, act in (("preset/undo", self.undo), ("preset/redo", self.redo)):
            count = int(self._show.engine.table.value(path))  # type: ignore[arg-type]
            pulled, self._counts[path] = count > self._counts.get(path, 0), count
            if pulled and not act():
                self._show.shaders.notice(f"nothing to {path.removeprefix('preset/')}")

    def close(self) -> None:
        """Finish what is to be written."""
        self.disk.close()
