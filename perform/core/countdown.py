"""Counts a length of seconds, beats or bars down, and tells the frame before the one in which its end lies.

A change that is made then is first seen in the frame whose time on the screen lies nearest to the end, as with what a
hand lets wait for the beat (core/quantise.py).
"""

from __future__ import annotations

import math
from dataclasses import replace

from perform.core.cues import Span
from perform.core.divisions import Division, parse_division
from perform.core.quantise import NOW, OFF
from perform.core.types import Moment


def following(moment: Moment) -> Moment:
    """The moment of the next frame, as far as it can be known."""
    return replace(moment.ahead(moment.dt_s), seconds=moment.seconds + moment.dt_s)


class Countdown:
    """One owner: the engine's thread."""

    def __init__(self) -> None:
        self.span: Span | None = None
        self._began = self._due = self._seen = 0.0
        self._held = False
        self._edge: tuple[Division, float] | None = None

    def begin(self, span: Span | None, moment: Moment) -> None:
        """Count this length from a moment on; beats and bars from the nearest whole one. None: nothing is counted."""
        self.span, self._held, self._edge = span, False, None
        if span is not None:
            self._seen = span.at(moment)
            self._began = self._seen if span.unit == "s" else float(round(self._seen))
            self._due = self._began + span.count

    def is_next(self, moment: Moment, length: str = "", held: bool = False, trusts: bool = True) -> bool:
        """Whether the end lies in the frame after that of `moment`. Call once a tick.

        length: what the end of seconds still waits for (`bar`), while there is a beat to trust. held: time stands
        still; beats and bars then end on a whole one later.
        """
        span = self.span
        if span is None:
            return False
        now = span.at(moment)
        if held or self._held:
            self._hold(span, now - self._seen, held)
        self._seen = now
        if held:
            return False
        after = following(moment)
        if self._edge is not None:
            return not trusts or self._edge[0].count(after) + 1e-9 >= self._edge[1]
        ends = span.at(after) + 1e-9 >= self._due
        if ends and span.unit == "s" and length not in ("", OFF, NOW) and trusts:
            division = parse_division(length)
            self._edge = (division, math.floor(division.count(moment) + 1e-9) + 1.0)
            return self._edge[0].count(after) + 1e-9 >= self._edge[1]
        return ends

    def left(self, moment: Moment) -> float:
        """What is left, in the unit of the span; 0 where nothing is counted."""
        return 0.0 if self.span is None else max(self._due - self.span.at(moment), 0.0)

    def go_on(self, span: Span | None, left: float, moment: Moment) -> None:
        """Count the rest of a length that another show has counted so far; beats and bars to a whole one."""
        self.begin(span, moment)
        if span is not None:
            ends = span.at(moment) + min(max(left, 0.0), span.count)
            self._due = ends if span.unit == "s" else float(round(ends))

    def left_s(self, moment: Moment) -> float:
        """Seconds to the end, at the tempo of now; 0 where nothing is counted."""
        span = self.span
        return 0.0 if span is None else max(span.in_s(moment, self._due - span.at(moment)), 0.0)

    def progress(self, moment: Moment) -> float:
        """0..1, how much of it has passed; 0 where nothing is counted."""
        span = self.span
        if span is None:
            return 0.0
        left = (self._due - span.at(moment)) / max(span.count, 1e-9)
        return min(max(1.0 - left, 0.0), 1.0)

    def _hold(self, span: Span, by: float, held: bool) -> None:
        """Put the end off by what has passed; once it is let go, beats and bars end on a whole one."""
        if held:
            self._due += by
            self._edge = None
        elif span.unit != "s":
            self._due = math.ceil(self._due - 1e-6)
        self._held = held
