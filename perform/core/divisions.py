"""Note lengths by name: `1/4`, `1/8T`, `1/16.`, `beat`, `3 bars`. Read strictly, since a typing error is no rhythm.

A beat is a quarter note. Lengths of up to a beat are counted from the beat; longer ones from the bar line, so that
"every two beats" falls on the one; bars are those of the music, whatever its metre.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

from perform.core.errors import PresetError
from perform.core.types import Moment

LONGEST_BEATS, LONGEST_BARS, FINEST = 1024.0, 256.0, 64
_NOTE = re.compile(r"(?:(\d+) )?1/(\d+)(T|D|\.)?")
_COUNT = re.compile(r"(?:(\d+) )?(beat|bar)(s?)")
_TIED = {"": 1.0, "T": 2.0 / 3.0, "D": 1.5, ".": 1.5}
HELP = "write a note like 1/4, 1/8T (triplet) or 1/16D (dotted), `beat`, `bar`, or a number of them like `3 bars`"


@dataclass(frozen=True, slots=True)
class Division:
    """A length in musical time: `beats` of them, or `bars`; the other is 0."""

    beats: float = 0.0
    bars: float = 0.0

    def count(self, moment: Moment) -> float:
        """How many of this length have passed at a moment: grows for ever, whole where one begins."""
        if self.beats and self.beats <= 1.0:
            return moment.beats / self.beats
        return self.from_bar(moment)

    def from_bar(self, moment: Moment) -> float:
        """The same, counted from the bar line whatever the length."""
        return moment.bars / self.bars if self.bars else moment.bars * moment.beats_per_bar / self.beats

    def in_beats(self, beats_per_bar: int) -> float:
        """The length in beats."""
        return self.bars * beats_per_bar if self.bars else self.beats

    def beats_to(self, moment: Moment) -> float:
        """Beats from a moment to where the next one begins: over 0, at most its length."""
        count = self.count(moment)
        # What lies on the line but for rounding has begun.
        left = math.floor(count + 1e-9) + 1.0 - count
        return left * self.in_beats(moment.beats_per_bar)


def division_of(length: str | float) -> Division:
    """A length by its name, or as a number of beats. Raises PresetError."""
    if isinstance(length, str):
        return parse_division(length)
    if not 0.0 < length <= LONGEST_BEATS:
        raise PresetError(f"a length of {length!r} beats cannot be; it must be over 0 and at most {LONGEST_BEATS:g}")
    return Division(beats=float(length))


@cache
def parse_division(text: str) -> Division:
    """A length by its name. Raises PresetError that says how to write one."""
    note = _NOTE.fullmatch(text)
    if note:
        times, under = int(note[1] or 1), int(note[2])
        if not (1 <= under <= FINEST and under & (under - 1) == 0 and times >= 1):
            raise PresetError(f"no note length {text!r}: notes are 1/1, 1/2, 1/4 … 1/{FINEST}")
        beats = times * 4.0 / under * _TIED[note[3] or ""]
        if beats > LONGEST_BEATS:
            raise PresetError(f"note length {text!r} is longer than {LONGEST_BEATS:g} beats")
        return Division(beats=beats)
    named = _COUNT.fullmatch(text)
    if not named or (named[1] is None and named[3]):
        raise PresetError(f"no note length {text!r}: {HELP}")
    times = int(named[1] or 1)
    most = LONGEST_BARS if named[2] == "bar" else LONGEST_BEATS
    if not 1 <= times <= most:
        raise PresetError(f"no note length {text!r}: 1 to {most:g} {named[2]}s can be had")
    return Division(bars=float(times)) if named[2] == "bar" else Division(beats=float(times))
