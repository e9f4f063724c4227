"""How one painter gives way to the next: the new one loads and paints unseen, comes in on a beat, and fades over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from perform.core.blend import smoothstep
from perform.core.types import Frame, Moment, ParamFrame, Value
from perform.engine.painter import Painter

LONGEST_WAIT_S = 10.0
"""For the beat or the bar: where the music has stopped, a new picture comes in all the same."""
WAITS = ("now", "beat", "bar")


@dataclass(slots=True)
class _Ready:
    """A painter whose first picture is there, and the musical time at which that was so."""

    seconds: float
    beat: int
    bar_phase: float


@dataclass(slots=True)
class _Leaving:
    """A painter that is on its way out. beats: how long the fade takes, from the beat `since`; 0 is a cut."""

    painter: Painter
    wish: ParamFrame
    since: float
    began_s: float
    beats: float
    share: float = 0.0


class Handovers:
    """One owner: the engine's thread."""

    def __init__(self) -> None:
        self._ready: dict[str, _Ready] = {}
        self._leaving: dict[str, _Leaving] = {}

    @property
    def under_way(self) -> bool:
        """Whether any deck fades."""
        return bool(self._leaving)

    def is_time(self, letter: str, moment: Moment, values: Mapping[str, Value]) -> bool:
        """Whether the painter of a deck, whose first picture is there, comes in at this moment."""
        on = values.get(f"deck/{letter}/change_on", WAITS[1])
        ready = self._ready.get(letter)
        if ready is None:
            self._ready[letter] = ready = _Ready(moment.seconds, math.floor(moment.beats), moment.bar_phase)
        beat, bar = math.floor(moment.beats) > ready.beat, moment.bar_phase < ready.bar_phase - 0.5
        ready.bar_phase = max(ready.bar_phase, moment.bar_phase)
        late = moment.seconds - ready.seconds >= LONGEST_WAIT_S
        if not (on == WAITS[0] or (on == WAITS[1] and beat) or (on == WAITS[2] and bar) or late):
            return False
        self.forget(letter)
        return True

    def forget(self, letter: str) -> None:
        """What waited for its beat on a deck waits no more."""
        self._ready.pop(letter, None)

    def leave(
        self, letter: str, painter: Painter, wish: ParamFrame, moment: Moment, values: Mapping[str, Value]
    ) -> None:
        """Let an old painter fade out; one that still did is gone at once."""
        self.drop(letter)
        beats = float(values.get(f"deck/{letter}/change_beats", 0.0))  # type: ignore[arg-type]
        if beats <= 0.0:
            painter.dismiss()
            return
        self._leaving[letter] = _Leaving(painter, wish, moment.beats, moment.seconds, beats)

    def step(self, moment: Moment, params: ParamFrame, frames: dict[str, Frame]) -> ParamFrame:
        """Move all fades on: adds the pictures that leave as `LETTER/before`, and says in `deck/LETTER/change` how far
        (0..1) the new one has come. Returns the parameters with that."""
        shares: dict[str, Value] = {}
        for letter, leaving in list(self._leaving.items()):
            leaving.share = self._share(leaving, moment)
            frame = leaving.painter.newest()
            if leaving.share >= 1.0 or frame is None:
                self.drop(letter)
                continue
            leaving.painter.submit(leaving.wish, moment)
            frames[f"{letter}/before"] = leaving.painter.newest() or frame
            shares[f"deck/{letter}/change"] = smoothstep(leaving.share)
        return replace(params, values={**params.values, **shares}) if shares else params

    @staticmethod
    def _share(leaving: _Leaving, moment: Moment) -> float:
        """By the beat, and never longer than those beats take at the tempo of now, should the count stand still."""
        by_beat = (moment.beats - leaving.since) / leaving.beats
        by_time = (moment.seconds - leaving.began_s) * max(moment.tempo_bpm, 20.0) / 60.0 / leaving.beats
        return max(leaving.share, min(by_beat if by_beat >= 0.0 else by_time, 1.0), min(by_time - 0.5, 1.0))

    def drop(self, letter: str) -> None:
        """A painter that was leaving a deck is gone."""
        leaving = self._leaving.pop(letter, None)
        if leaving is not None:
            leaving.painter.dismiss()

    def close(self) -> None:
        """Let all that leaves go, waiting for it."""
        for leaving in self._leaving.values():
            leaving.painter.close()
        self._leaving.clear()
