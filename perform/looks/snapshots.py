"""Snapshots: moments of the show that are kept while it runs, come back, and are morphed into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perform.core import curves
from perform.core.errors import UsageError
from perform.core.params import Param
from perform.core.preset import Preset
from perform.core.types import Value
from perform.looks.morphing import Morphing, Timing

if TYPE_CHECKING:
    from perform.looks.looks import Looks
    from perform.show import Show

POSITION = "snapshot/position"
ROWS: tuple[Param, ...] = (
    Param("keep", "text", "", doc="keeps this moment under a name; one of that name is replaced", live=False),
    Param("recall", "text", "", doc="name of a snapshot to cut to", live=False, quantised=True),
    Param("morph", "text", "", doc="name of a snapshot to go over to, in `beats` or `duration_s`", live=False,
          quantised=True),
    Param("between", "text", "", doc="name of a snapshot that `position` leads to, by hand or by a route", live=False,
          quantised=True),
    Param("remove", "text", "", doc="name of a snapshot that is not wanted any more", live=False),
    Param("beats", "int", 8, 0, 256, "beats", doc="length of a morph, 0: by duration_s"),
    Param("duration_s", "float", 4.0, 0.0, 600.0, "s", "square", doc="length of a morph while beats is 0"),
    Param("curve", "choice", "smooth", choices=tuple(n for n in curves.NAMES if n != "log"),
          doc="how a morph goes: evenly, or gently at both ends, or late, or early"),
    Param("turn_at", "float", 0.5, 0.0, 1.0, doc="how far a morph is when choices, switches and words change, having "
          "nothing in between"),
    Param("position", "float", 0.0, 0.0, 1.0, doc="how far the morph has come; a hand that moves it takes it over"),
)  # fmt: skip
MOST = 128
MOST_CHARS = 60


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A kept moment. picture: a small JPEG, b"" while there is none."""

    name: str
    look: Preset
    picture: bytes = b""


class Snapshots:
    """By name, in the order in which they were kept. Thread: the engine's; `all` and `picture` from any."""

    def __init__(self, show: Show, looks: Looks) -> None:
        self._show, self._looks = show, looks
        self._kept: dict[str, Snapshot] = {}
        self._morphing: Morphing | None = None
        self._by_hand = False
        self._position: Value = 0.0
        self._acts = {
            "snapshot/keep": self.keep, "snapshot/recall": self.recall, "snapshot/morph": self.morph,
            "snapshot/between": self.between, "snapshot/remove": self.remove,
        }  # fmt: skip
        show.engine.table.add(ROWS, "snapshot")

    def all(self) -> list[Snapshot]:
        """Those that are kept."""
        return list(self._kept.values())

    def put(self, kept: Snapshot) -> None:
        """Add one that was kept in an earlier show."""
        if len(self._kept) < MOST:
            self._kept = {**self._kept, kept.name: kept}

    def picture(self, name: str) -> bytes | None:
        """The JPEG of one; None where there is none."""
        found = self._kept.get(name)
        return found.picture or None if found else None

    def keep(self, said: str) -> None:
        """Keep this moment. Raises UsageError for a name that is none, or when too many are kept."""
        name = " ".join(said.split())[:MOST_CHARS]
        if not name.isprintable() or not name:
            raise UsageError("snapshot/keep: a snapshot needs a name")
        if len(self._kept) >= MOST and name not in self._kept:
            raise UsageError(f"snapshot/keep: {MOST} snapshots are kept; remove one first")
        self._kept = {**self._kept, name: Snapshot(name, self._looks.capture())}
        picture = self._looks.picture()
        if picture is not None:
            self._looks.disk.do(f"picture of snapshot {name}", lambda: self._portray(name, picture()))

    def _portray(self, name: str, picture: bytes) -> str:
        kept = self._kept.get(name)
        if kept is not None:
            self._kept = {**self._kept, name: Snapshot(name, kept.look, picture)}
        return ""

    def remove(self, name: str) -> None:
        """Let go of one. Raises UsageError where there is none of that name."""
        self._find(name)
        self._kept = {n: kept for n, kept in self._kept.items() if n != name}

    def recall(self, name: str) -> None:
        """Cut to one, or fade as recalls do. Raises PerformError."""
        self._show.play(self._find(name).look)

    def morph(self, name: str, seconds: float | None = None, beats: float | None = None) -> None:
        """Go over to one. seconds, beats: how long; as the rows say where neither is given. Raises PerformError."""
        value = self._show.engine.table.value
        if seconds is None and beats is None:
            beats = float(value("snapshot/beats"))  # type: ignore[arg-type]
            seconds = None if beats > 0.0 else float(value("snapshot/duration_s"))  # type: ignore[arg-type]
        length = float(beats or 0.0) if seconds is None else seconds
        if length <= 0.0:
            self.recall(name)
        else:
            self.go_to(self.look(name), length, seconds is None)

    def between(self, name: str) -> None:
        """Lay the way to one, and leave it to the hand to go along it. Raises PerformError."""
        self.go_to(self.look(name), 0.0, False)

    def look(self, name: str) -> Preset:
        """What was kept under a name. Raises UsageError."""
        return self._find(name).look

    def go_to(self, look: Preset, length: float, in_beats: bool) -> None:
        """Morph into any look, over seconds or beats; 0 leaves it to the hand. Raises PerformError."""
        table = self._show.engine.table
        self.leave()
        before = self._looks.capture()
        timing = Timing(length, in_beats, str(table.value("snapshot/curve")), float(table.value("snapshot/turn_at")))  # type: ignore[arg-type]
        self._morphing, self._by_hand = Morphing(self._show, look, timing), length <= 0.0
        self._position = table.set(POSITION, 0.0)
        self._looks.played(before, look)
        self._show.preset = look

    def leave(self) -> None:
        """The morph, if there is one, stays where it is: something else comes."""
        self._morphing = None

    @property
    def morphing(self) -> bool:
        """Whether a morph is under way."""
        return self._morphing is not None

    def step(self) -> None:
        """Once a tick: the morph goes on."""
        morphing, engine = self._morphing, self._show.engine
        if morphing is None:
            return
        if engine.table.value(POSITION) != self._position:
            self._by_hand = True
        if self._by_hand:
            self._position = engine.table.value(POSITION)
            morphing.to(float(engine.value(POSITION)))  # type: ignore[arg-type]
            return
        arrived = morphing.by_the_clock(engine.moment)
        self._position = engine.table.set(POSITION, morphing.share)
        if arrived:
            morphing.settle()
            self._morphing = None

    def _find(self, name: str) -> Snapshot:
        found = self._kept.get(" ".join(name.split()))
        if found is None:
            there = ", ".join(list(self._kept)[:12]) or "none"
            raise UsageError(f"no snapshot {name[:60]!r}; there is {there}")
        return found

    def grant(self, path: str, value: Value) -> bool:
        """Obey one wish. Returns whether it was one of these. Raises PerformError."""
        act = self._acts.get(path)
        if act is None:
            return False
        self._show.engine.table.set(path, "")
        if str(value).strip():
            act(str(value))
        return True
