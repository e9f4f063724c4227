"""Changes that wait for the beat: a preset, a seed, a cut that is asked for now and happens on the next beat or bar.

An event waits when it says so (`ControlEvent.when`), or when its row is one of those that may wait (`Param.quantised`)
and `tempo/quantise` says for what. It is let go in the frame whose time on the screen lies nearest to the boundary:
musical time is that of the middle of a frame, so this is the first frame in which the boundary has been passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from perform.core.changes import whole
from perform.core.divisions import Division, parse_division
from perform.core.params import Param
from perform.core.types import ControlEvent, Moment

OFF, NOW = "off", "now"
CHOICES = (OFF, "beat", "2 beats", "bar", "2 bars", "4 bars", "8 bars", "16 bars")
PARAMS: tuple[Param, ...] = (
    Param("quantise", "choice", OFF, choices=CHOICES, live=False,
          doc="presets, seeds, jumps, fades and whatever else may wait happen on the next of these"),
    Param("waiting", "int", 0, 0, 1024, doc="how many changes wait for the beat just now; setting it to 0 drops them",
          live=False),
)  # fmt: skip
TRUST, DOUBT_S = 0.25, 2.0
"""With less confidence than this for so long there is no beat to wait for, and what waits happens."""
MOST_WAITING = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: ControlEvent
    division: Division
    target: float
    early_beats: float


class Quantiser:
    """Holds events until their boundary. One owner: the engine's thread.

    keeps_all: whether each event for an address counts (triggers, wishes); of others only the last one waits.
    """

    def __init__(self, keeps_all: Callable[[str], bool] = lambda _: False) -> None:
        self._keeps_all = keeps_all
        self._waiting: list[_Waiting] = []
        self._doubt_s = DOUBT_S
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def events(self) -> list[ControlEvent]:
        """What waits, in the order in which it came."""
        return [waiting.event for waiting in self._waiting]

    @property
    def trusts(self) -> bool:
        """Whether there is a beat to wait for."""
        return self._doubt_s < DOUBT_S

    def hold(self, event: ControlEvent, length: str, moment: Moment, early_s: float = 0.0) -> bool:
        """Let an event wait for the next `length`; False where it is to happen now. Raises PresetError for a length
        that is none.

        moment: the one shown last. early_s: how much sooner it must be let go, since what it changes takes so long to
        reach the screen.
        """
        if length in ("", OFF, NOW):
            if whole(event):
                self.forget(event.address)
            return False
        division = parse_division(length)
        if not self.trusts:
            return False
        if whole(event) and not self._keeps_all(event.address):
            self.forget(event.address)
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return True
        target = math.floor(division.count(moment) + 1e-9) + 1.0
        early = early_s * moment.tempo_bpm / 60.0
        if (target - division.count(moment)) * division.in_beats(moment.beats_per_bar) < early:
            target += 1.0  # too near to be met
        self._waiting.append(_Waiting(event, division, target, early))
        return True

    def forget(self, address: str) -> None:
        """What waits for this address is not wanted any more."""
        self._waiting = [w for w in self._waiting if w.event.address != address]

    def clear(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()

    def due(self, moment: Moment) -> list[ControlEvent]:
        """The events whose boundary lies in the frame of `moment`, in order. Call once a tick."""
        self._doubt_s = 0.0 if moment.confidence >= TRUST else self._doubt_s + moment.dt_s
        if not self._waiting:
            return []
        trusts, out, left = self.trusts, [], []
        for waiting in self._waiting:
            early = waiting.early_beats / waiting.division.in_beats(moment.beats_per_bar)
            reached = waiting.division.count(moment) + early + 1e-9 >= waiting.target
            (out if reached or not trusts else left).append(waiting)
        self._waiting = left
        return [waiting.event for waiting in out]
