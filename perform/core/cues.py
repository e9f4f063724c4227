"""Sets: ordered cues kept as readable TOML with a version (schema in docs/cues.md). Never evaluated.

Unknown keys and values that make no sense are listed and the rest loads, so a set from elsewhere still plays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from perform.core.quantise import CHOICES
from perform.core.reading import Reader, parse_toml, read_file
from perform.core.types import Moment, Value

VERSION = 1
MOST_CUES, MOST_BYTES = 500, 1 << 20
LONGEST_FADE_S, LONGEST_FADE_BEATS = 600.0, 1024.0
LONGEST_S, LONGEST_BEATS, LONGEST_BARS = 7 * 86400.0, 100_000.0, 25_000.0
_TOP = {"version", "name", "title", "doc", "tags", "loop", "quantise", "transition", "fade_s", "fade_beats", "cue"}
_CUE = {
    "name", "note", "preset", "snapshot", "transition", "fade_s", "fade_beats", "morph_s", "morph_beats", "follow_s",
    "follow_beats", "follow_bars", "quantise", "blackout", "values",
}  # fmt: skip
SOURCES: Mapping[str, str] = {
    "cue/number": "which cue of the set plays, from 1; 0 before the first",
    "cue/progress": "0..1 through the time after which the next cue follows by itself",
    "cue/left_s": "seconds until the next cue follows by itself; 0 where none does",
    "autopilot/progress": "0..1 through the time after which the autopilot changes the look",
    "autopilot/left_s": "seconds until the autopilot changes the look",
}
"""Sources of modulation that the cue list and the autopilot give."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time. unit: s, beats or bars."""

    count: float
    unit: str = "s"

    def at(self, moment: Moment) -> float:
        """Where a moment stands, in this unit."""
        return moment.seconds if self.unit == "s" else moment.beats if self.unit == "beats" else moment.bars

    def in_s(self, moment: Moment, count: float) -> float:
        """So many of this unit in seconds, at the tempo of a moment."""
        if self.unit == "s":
            return count
        beats = count if self.unit == "beats" else count * moment.beats_per_bar
        return beats * 60.0 / max(moment.tempo_bpm, 1.0)


@dataclass(frozen=True, slots=True)
class Fade:
    """How a look comes in. transition: of the mixer, "" for the one that the mixer has. count: 0 cuts; of seconds, or
    of beats where `in_beats`."""

    transition: str = ""
    count: float = 0.0
    in_beats: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """One step of a set. preset or snapshot: the look, "" leaves it. fade: None as the hand has set it. morph: how long
    a snapshot takes, None cuts. follow: after so long the next comes by itself. quantise: what GO waits for, "" as the
    set has it. values: full path -> native value, set once the look is in."""

    name: str
    note: str = ""
    preset: str = ""
    snapshot: str = ""
    fade: Fade | None = None
    morph: Span | None = None
    follow: Span | None = None
    quantise: str = ""
    blackout: bool = False
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CueSet:
    """A set. loop: after the last cue the first again. quantise: what GO waits for, "" as `tempo/quantise` has it.
    problems: what was skipped while reading, one line each."""

    name: str
    title: str = ""
    doc: str = ""
    tags: tuple[str, ...] = ()
    loop: bool = False
    quantise: str = ""
    cues: tuple[Cue, ...] = ()
    problems: tuple[str, ...] = ()

    def find(self, wanted: str) -> int:
        """The place of a cue by its name or its number from 1; -1 where there is none."""
        for place, cue in enumerate(self.cues):
            if cue.name == wanted:
                return place
        number = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else 0
        return number - 1 if 1 <= number <= len(self.cues) else -1


def read_set(path: str | Path) -> CueSet:
    """A set file. Raises PresetError when it is no TOML at all, too large, or from a newer perform."""
    path = Path(path)
    return read_file(path, lambda text: parse_set(text, path.stem), MOST_BYTES)


def parse_set(text: str, name: str = "untitled") -> CueSet:
    """A set from text."""
    data = parse_toml(text, "set", VERSION)
    reader = CueReader()
    reader.unknown("", data, _TOP)
    entries = reader.listed("cue", data.get("cue", []))
    if len(entries) > MOST_CUES:
        reader.problems.append(f"only the first {MOST_CUES} cues are used")
    usual = reader.fade("", data, None)
    cues: list[Cue] = []
    for number, entry in enumerate(entries[:MOST_CUES], 1):
        if isinstance(entry, dict):
            cues.append(reader.cue(number, entry, usual, {cue.name for cue in cues}))
        else:
            reader.problems.append(f"cue {number} should be a table and is skipped")
    return CueSet(
        name=name, title=reader.text("", data, "title"), doc=reader.text("", data, "doc", 1000),
        tags=reader.texts("", data, "tags"), loop=reader.flag("", data, "loop"), quantise=reader.quantise("", data),
        cues=tuple(cues), problems=tuple(reader.problems),
    )  # fmt: skip


def _lengths(what: str) -> dict[str, tuple[float, float]]:
    return {f"{what}_s": (0.0, LONGEST_FADE_S), f"{what}_beats": (0.0, LONGEST_FADE_BEATS)}


class CueReader(Reader):
    """Reads what a cue, and an entry of a schedule, says of a look."""

    def cue(self, number: int, entry: Mapping[str, Any], usual: Fade | None, taken: set[str]) -> Cue:
        """One cue. usual: the set's own fade. taken: names that are gone."""
        where = f"cue {number}: "
        self.unknown(where, entry, _CUE)
        cue = self.look(where, entry, usual)
        plain = name = self.text(where, entry, "name", 80) or cue.preset or cue.snapshot or f"cue {number}"
        times = 2
        while name in taken:
            name, times = f"{plain} {times}", times + 1
        return replace(
            cue, name=name, follow=self.follow(where, entry), quantise=self.quantise(where, entry),
            blackout=self.flag(where, entry, "blackout"),
        )  # fmt: skip

    def look(self, where: str, entry: Mapping[str, Any], usual: Fade | None) -> Cue:
        """Which look, how it comes in, and what values it gets."""
        preset, snapshot = self.text(where, entry, "preset"), self.text(where, entry, "snapshot")
        if preset and snapshot:
            self.problems.append(f"{where}it names a preset and a snapshot; the preset is used")
            snapshot = ""
        return Cue(
            name="", note=self.text(where, entry, "note"), preset=preset, snapshot=snapshot,
            fade=self.fade(where, entry, usual), morph=self._span(where, entry, _lengths("morph")),
            values=self.values(f"{where}values", self.table(entry, "values")),
        )  # fmt: skip

    def fade(self, where: str, entry: Mapping[str, Any], usual: Fade | None) -> Fade | None:
        """How a look comes in; what is not said is as usual."""
        span = self._span(where, entry, _lengths("fade"))
        transition = self.text(where, entry, "transition", 100)
        if span is None and not transition:
            return usual
        if span is None:
            span = Span(2.0) if usual is None else Span(usual.count, "beats" if usual.in_beats else "s")
        transition = transition or ("" if usual is None else usual.transition)
        return Fade(transition, span.count, span.unit == "beats")

    def follow(self, where: str, entry: Mapping[str, Any]) -> Span | None:
        """After how long the next one comes by itself."""
        known = {"follow_s": (0.1, LONGEST_S), "follow_beats": (1.0, LONGEST_BEATS), "follow_bars": (1.0, LONGEST_BARS)}
        return self._span(where, entry, known)

    def quantise(self, where: str, entry: Mapping[str, Any]) -> str:
        """What GO waits for."""
        said = self.text(where, entry, "quantise")
        if said and said not in CHOICES:
            self.problems.append(f"{where}quantise is {said!r}; use one of {', '.join(CHOICES)}")
            return ""
        return said

    def _span(self, where: str, entry: Mapping[str, Any], known: Mapping[str, tuple[float, float]]) -> Span | None:
        """The one length that is given under one of these keys, each with its range; the key's end is the unit."""
        given = [key for key in known if key in entry]
        if len(given) > 1:
            self.problems.append(f"{where}{' and '.join(given)} say the same thing; {given[0]} is used")
        if not given:
            return None
        count = self.number(where, entry, given[0], *known[given[0]])
        return None if count is None else Span(count, given[0].rpartition("_")[2])
