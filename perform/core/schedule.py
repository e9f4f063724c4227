"""What a room plays at which time of the day: `[[schedule]]` in the venue file. Wall time of the place, never seconds.

Times are looked at as the clock on the wall shows them, so a day with 23 or 25 hours is a day like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

from perform.core.cues import Cue, CueReader, Fade
from perform.core.types import Value

DAY_S = 86400.0
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS = {"daily": DAYS, "weekdays": DAYS[:5], "weekend": DAYS[5:]}
MOST_ENTRIES = 200
USUAL = Fade("", 4.0)
"""How a look of the schedule comes in where it does not say."""
_KEYS = {"time", "days", "set", "blackout", "preset", "snapshot", "transition", "fade_s", "fade_beats", "morph_s",
         "morph_beats", "values", "note"}  # fmt: skip
_TIME = re.compile(r"([01]?\d|2[0-3])[:.h]([0-5]\d)(?::([0-5]\d))?")


@dataclass(frozen=True, slots=True)
class Entry:
    """At a time of some days. at_s: seconds in the day. days: numbers from 0, a Monday. set: name of a set to begin, ""
    none. cue: the look and the values. blackout: None leaves it, where there is no look."""

    at_s: float
    days: frozenset[int]
    cue: Cue
    set: str = ""
    blackout: bool | None = None

    @property
    def looks(self) -> bool:
        """Whether it brings a look."""
        return bool(self.set or self.cue.preset or self.cue.snapshot)

    def told(self) -> str:
        """In words: `22:00 blackout`."""
        hours, minutes = divmod(int(self.at_s) // 60, 60)
        what = (self.set and f"set {self.set}") or self.cue.preset or self.cue.snapshot
        dark = {True: "blackout", False: "light", None: ""}[self.blackout]
        return f"{hours:02d}:{minutes:02d} {what or dark or ', '.join(list(self.cue.values)[:2]) or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What has come together: the look of the latest entry that had one, the light, and values by path."""

    look: Entry | None = None
    blackout: bool | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


def wall_s(moment_date: tuple[int, int, int, float]) -> float:
    """A `Moment.date` as seconds on the wall since the year 1. A day that is none counts as the first."""
    year, month, day, seconds = moment_date
    try:
        number = date(year, month, day).toordinal()
    except ValueError:
        number = 1
    return number * DAY_S + seconds


def between(entries: Sequence[Entry], after_s: float, until_s: float) -> list[tuple[float, Entry]]:
    """What falls due after one time on the wall and up to another, in order: (when, entry)."""
    found = []
    for number in range(int(after_s // DAY_S), int(until_s // DAY_S) + 1):
        weekday = (number - 1) % 7  # the first day of the year 1 was a Monday
        for entry in entries:
            when_s = number * DAY_S + entry.at_s
            if weekday in entry.days and after_s < when_s <= until_s:
                found.append((when_s, entry))
    return sorted(found, key=lambda pair: pair[0])


def standing(entries: Sequence[Entry], now_s: float) -> Standing:
    """What applies at a time on the wall: all that the week before has left."""
    return together(entry for _, entry in between(entries, now_s - 7 * DAY_S, now_s))


def together(entries: Iterable[Entry]) -> Standing:
    """Entries one after the other. A look gives the light back, unless it says otherwise, and brings its own values."""
    look: Entry | None = None
    dark: bool | None = None
    values: dict[str, Value] = {}
    for entry in entries:
        if entry.looks:
            look, dark = entry, False
            values = {path: value for path, value in values.items() if not path.startswith(("deck/", "master/"))}
        dark = entry.blackout if entry.blackout is not None else dark
        values.update(entry.cue.values)
    return Standing(look, dark, values)


def upcoming(entries: Sequence[Entry], now_s: float) -> tuple[float, Entry] | None:
    """What comes next, and when; None where nothing ever does."""
    found = between(entries, now_s, now_s + 7 * DAY_S)
    return found[0] if found else None


def read_schedule(entries: Any) -> tuple[tuple[Entry, ...], list[str]]:
    """`[[schedule]]` tables as entries, and a line for each thing in them that makes no sense and is skipped."""
    reader = _ScheduleReader()
    listed = reader.listed("schedule", entries)
    if len(listed) > MOST_ENTRIES:
        reader.problems.append(f"only the first {MOST_ENTRIES} entries of the schedule are used")
    found = []
    for number, body in enumerate(listed[:MOST_ENTRIES], 1):
        entry = reader.entry(number, body)
        if entry is not None:
            found.append(entry)
    return tuple(found), reader.problems


class _ScheduleReader(CueReader):
    def entry(self, number: int, body: Any) -> Entry | None:
        where = f"schedule {number}: "
        if not isinstance(body, dict):
            self.problems.append(f"{where}it should be a table, [[schedule]], and is skipped")
            return None
        at_s, days = self._time(where, body.get("time")), self._days(where, body.get("days", "daily"))
        if at_s is None or days is None:
            return None
        self.unknown(where, body, _KEYS)
        name = self.text(where, body, "set")
        cue = replace(self.look(where, body, USUAL), name=f"schedule {number}")
        dark = self.flag(where, body, "blackout") if "blackout" in body else None
        if name and cue.preset:
            self.problems.append(f"{where}it names a set and a preset; the set is used")
        entry = Entry(at_s, days, cue, name, dark)
        if not entry.looks and dark is None and not cue.values:
            self.problems.append(f"{where}it says nothing to do: name a preset, a set, blackout or values")
            return None
        return entry

    def _time(self, where: str, given: Any) -> float | None:
        if isinstance(given, time):
            return given.hour * 3600.0 + given.minute * 60.0 + given.second
        found = _TIME.fullmatch(given.strip()) if isinstance(given, str) else None
        if found is None:
            self.problems.append(f'{where}time is {str(given)[:40]!r}; say it like "18:30"; the entry is skipped')
            return None
        return int(found[1]) * 3600.0 + int(found[2]) * 60.0 + int(found[3] or 0)

    def _days(self, where: str, given: Any) -> frozenset[int] | None:
        """`daily`, `weekdays`, `weekend`, `fri`, `fri-mon`, or a list of such."""
        words = given if isinstance(given, list) else [given]
        found: set[int] = set()
        for word in words:
            days = self._span_of_days(word.strip().lower()) if isinstance(word, str) else ()
            if not days:
                self.problems.append(
                    f"{where}days is {str(word)[:40]!r}; use daily, weekdays, weekend, {', '.join(DAYS)} or a span "
                    "like fri-mon; the entry is skipped"
                )
                return None
            found.update(days)
        return frozenset(found) if found else None

    @staticmethod
    def _span_of_days(word: str) -> tuple[int, ...]:
        if word in GROUPS:
            return tuple(DAYS.index(day) for day in GROUPS[word])
        first, dash, last = (part.strip()[:3] for part in word.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            return ()
        start = DAYS.index(first)
        count = (DAYS.index(last) - start) % 7 + 1 if dash else 1
        return tuple((start + n) % 7 for n in range(count))
