"""A preset that comes in with the mixer's transition: the look before plays on, hears the music, and gives way.

The new look takes the addresses, so that a hand never has to know which of the two it turns.
"""

from __future__ import annotations

from typing import Any

from perform.core.cues import Fade
from perform.core.errors import PerformError
from perform.core.params import Param, ParamTable
from perform.core.sources import free_values
from perform.core.types import Frame, Moment, ParamFrame, Value
from perform.deck_source import SourcePlan
from perform.engine.engine import Engine
from perform.engine.painter import Painter
from perform.mix import find_transition

ROWS = (
    Param("preset/fade", "bool", False,
          doc="a preset that is recalled comes in by mix/transition, over mix/duration_s or mix/beats; off: it cuts"),
)  # fmt: skip
LONGEST_WAIT_S = 20.0
"""For the new look's model; then it comes in with the picture that stands in."""


class _Before:
    """The look that leaves: its parameters with their routes, its painters, and when it began to go."""

    def __init__(self, engine: Engine, length: float, in_beats: bool) -> None:
        self.table = ParamTable()
        self.table.add(list(engine.table))
        for path, value in engine.table.base().items():
            if engine.table[path].kind != "trigger":
                self.table.set(path, value)
        self.table.keep_counts(engine.params)
        self.bank, self.free = engine.bank, engine.free
        self.painters: dict[str, Painter] = {}
        self.length, self.in_beats = length, in_beats
        self.asked_s = engine.moment.seconds
        self.began: float | None = None

    def values(self, engine: Engine) -> dict[str, Value]:
        """Its parameters now."""
        signals = {**engine.signals, **free_values(self.free, engine.moment)}
        return dict(self.bank.apply(self.table, signals, engine.moment.dt_s).values)

    def share(self, moment: Moment) -> float:
        """How far the new look has come, 0..1."""
        if self.began is None:
            return 0.0
        now = moment.beats if self.in_beats else moment.seconds
        return min(max((now - self.began) / self.length, 0.0), 1.0)


class LookFade:
    """One owner: the engine's thread."""

    def __init__(self, engine: Engine, stage: Any) -> None:
        self._engine = engine
        self._stage = stage
        self._before: _Before | None = None

    @property
    def running(self) -> bool:
        """Whether one look gives way to another."""
        return self._before is not None

    def begin(self, plans: dict[str, SourcePlan], playing: dict[str, str], fade: Fade | None = None) -> bool:
        """Let the look that plays leave, if presets are to fade; the stage then has an empty one for the new. Returns
        whether it does.

        plans: of the new look. playing: deck -> source of the old one; a painter that both want goes over to the new.
        fade: how this one comes in; None as the hand has set it.
        """
        engine = self._engine
        fade = fade or self._by_hand()
        self.finish()
        if fade.count <= 0.0 or engine.moment.frame < 0 or engine.bank.suspended:
            return False
        before = _Before(engine, fade.count, fade.in_beats)
        try:
            self._stage.begin_look(find_transition(fade.transition or str(engine.value("mix/transition"))))
        except PerformError:
            self._stage.begin_look(None)
        for letter in list(engine.painters):
            plan = plans.get(letter)
            if plan is None or plan.make is None or plan.text != playing.get(letter):
                before.painters[letter] = engine.painters.pop(letter)
        for letter in list(engine.coming):
            engine.coming.pop(letter).dismiss()
        self._before = before
        return True

    def _by_hand(self) -> Fade:
        """How presets come in by the rows."""
        value = self._engine.value
        beats, duration_s = int(value("mix/beats")), float(value("mix/duration_s"))  # type: ignore[arg-type]
        if not value("preset/fade"):
            return Fade()
        return Fade("", float(beats), True) if beats > 0 else Fade("", duration_s)

    def abort(self) -> None:
        """The new look cannot play: all is as it was."""
        before, self._before = self._before, None
        if before is not None:
            self._stage.abort_look()
            self._engine.painters.update(before.painters)

    def step(self) -> None:
        """Once a tick, after it was shown: what the leaving look shows next."""
        before, engine = self._before, self._engine
        if before is None:
            return
        moment = engine.moment
        if before.began is None and self._is_ready(before, moment):
            before.began = moment.beats if before.in_beats else moment.seconds
        share = before.share(moment)
        if share >= 1.0 or engine.bank.suspended:  # panic: the look that is there must show
            self.finish()
            return
        values = before.values(engine)
        frames: dict[str, Frame] = {}
        for letter, painter in before.painters.items():
            painter.submit(ParamFrame(ParamFrame(values).under(f"deck/{letter}/source")), moment)
            frame = painter.newest()
            if frame is not None:
                frames[letter] = frame
        self._stage.leave(frames, values, share)

    def _is_ready(self, before: _Before, moment: Moment) -> bool:
        engine = self._engine
        waited = moment.seconds - before.asked_s >= LONGEST_WAIT_S
        return waited or not (engine.coming or any(p.newest() is None for p in engine.painters.values()))

    def finish(self) -> None:
        """The leaving look is gone."""
        before, self._before = self._before, None
        if before is not None:
            self._stage.end_look()
            for painter in before.painters.values():
                painter.dismiss()
