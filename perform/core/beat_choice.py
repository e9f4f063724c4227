"""Who leads the beat: the order of the sources, and how the lead passes from one to the next.

The hand comes before all of them; see `perform.core.clock`. Then the exact ones: Ableton Link, MIDI clock, a program
that tells its beat by OSC. Last the ear: the tracker, or an input that knows its own beat (the band).
"""

from __future__ import annotations

from collections.abc import Mapping

from perform.core.types import BeatClock

ORDER = ("link", "midi", "osc", "tracker")
"""From the first to the last. MIDI timecode tells a place and no tempo: it leads only where it is asked to."""

MODES = ("auto", "manual", "link", "midi", "mtc", "osc", "tracker")
NEEDED = 0.45
"""Confidence below which a source does not lead by itself."""

STEADY_S = 0.5
"""So long a better source must have been there before the lead passes to it."""

GRACE_S = 1.0
"""So long the tempo runs on by itself after its source fell silent, before the next in order takes over."""


class BeatChoice:
    """Remembers who leads. One `pick` a tick."""

    def __init__(self) -> None:
        self.leader = ""
        self._since: dict[str, float] = {}
        self._lost_s: float | None = None

    def pick(self, seconds: float, words: Mapping[str, BeatClock], mode: str = "auto") -> str:
        """The name of the source to follow now, "" for none: the tempo runs by itself.

        words: what each source that says anything says. mode: one of MODES; all but `auto` let one alone lead.
        """
        if mode != "auto":
            self.leader, self._lost_s = (mode if mode in words else ""), None
            self._since.clear()
            return self.leader
        there = [name for name in ORDER if name in words and words[name].confidence >= NEEDED]
        self._since = {name: self._since.get(name, seconds) for name in there}
        if self.leader in there:
            self._lost_s = None
            first = there[0]
            if first != self.leader and seconds - self._since[first] >= STEADY_S:
                self.leader = first
            return self.leader
        if self.leader:
            self._lost_s = seconds if self._lost_s is None else self._lost_s
            if seconds - self._lost_s < GRACE_S:
                return ""
        self.leader, self._lost_s = (there[0] if there else ""), None
        return self.leader
