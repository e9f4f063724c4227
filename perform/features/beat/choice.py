"""Which grid to go by: the one in hand, or a relative of it that the music fits better.

The pulse filter knows that something recurs; the level at which it is counted and which of two beats is the
off-beat are for the judge. Relatives of the grid in hand (half, double, three against two, shifted) and the pulse
filter's own likeliest grid are judged in turn, one every other hop, so that each hop costs about the same; their
scores are averaged over a second or so, and another grid must be clearly better for the grid in hand to go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from perform.features.beat.judge import Judge
from perform.features.beat.pulse import NORMAL_HOPS, PulseFilter

RELATIVES = (
    (1.0, 0.0),
    (1.0, 1 / 2),
    (1 / 2, 0.0),
    (2.0, 0.0),
    (2.0, 1.0),
    (3 / 2, 0.0),
    (3 / 2, 1 / 2),
    (3 / 2, 1.0),
    (2 / 3, 0.0),
    (2 / 3, 1 / 3),
    (3.0, 0.0),
    (3.0, 1.0),
    (3.0, 2.0),
    (1 / 3, 0.0),
    (1.0, 1 / 4),
    (1.0, 3 / 4),
    (1.0, 1 / 3),
    (1.0, 2 / 3),
    (4 / 3, 0.0),
    (3 / 4, 0.0),
)
"""(length of its beat, where it has one), both in beats of the grid in hand. The first is that grid."""

_WILD = len(RELATIVES)  # the turn of the pulse filter's likeliest grid
_LENGTHS = np.array(sorted({length for length, _ in RELATIVES}))
_HOPS_A_TURN = NORMAL_HOPS


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """All chosen on renders of our own (see `perform.train.beat_judge`), none on the development set.

    average_s: over which scores are averaged; margin_*: by how much, in log odds, another grid must be better,
    untrusted and trusted; hold: the share of the pulse filter's posterior at which a grid is kept
    that the judge is sure of; patience_s: the judge is not asked before so much has been heard.
    """

    average_s: float = 0.2
    margin_low: float = 0.7
    margin_high: float = 2.5
    hold: float = 0.8
    patience_s: float = 1.5


class Chooser:
    """The grid in hand: `period` and `to_go` (to the next beat), in hops; `mass`: its share of the pulse filter's
    posterior; `conviction`: how sure the judge is of it, 0..1; `changed`: whether this hop took up another grid."""

    def __init__(self, pulse: PulseFilter, judge: Judge, model: ChoiceModel | None = None) -> None:
        self.model = model or ChoiceModel()
        self.pulse, self.judge = pulse, judge
        self.period, self.to_go = 50.0, 50.0
        self.mass = self.conviction = 0.0
        self.changed = False
        self._scores = np.full(_WILD + 1, np.nan)
        self._wild = (0.0, 0.0)
        self._turn = 0
        self._told = False
        round_hops = _HOPS_A_TURN * len(self._scores)
        self._share = 1.0 - math.exp(-0.01 * round_hops / self.model.average_s)

    def forget(self) -> None:
        """No grid has been judged yet."""
        self._scores[:] = np.nan
        self._told = False
        self.conviction = 0.0
        self.judge.forget()

    def take(self, period: float, to_go: float) -> None:
        """Someone's word: go by this grid, at its level, until the music moves to another tempo."""
        self.period, self.to_go = period, to_go
        self._scores[:] = np.nan
        self._told = True

    def step(self, confidence: float) -> None:
        """One hop, after the pulse filter's. confidence: 0..1, of the beat; what is trusted is given up less easily."""
        self.changed = False
        self.judge.hear(self.pulse.event)
        self.to_go -= 1.0
        if self.to_go <= 0.0:
            self.to_go += self.period
        if self.pulse.hop % _HOPS_A_TURN == 0:
            self.mass, self.period, self.to_go = self.pulse.near(self.period, self.to_go)
            return
        if self._turn < _WILD:
            self._hear_relative()
        else:
            self._hear_wild()
            self._decide(confidence)
        self._turn = (self._turn + 1) % (_WILD + 1)

    def _relative(self, turn: int) -> tuple[float, float]:
        """(period, hops to its next beat, in (0, period]) of a relative."""
        length, shift = RELATIVES[turn]
        period = length * self.period
        to_go = (self.to_go + shift * self.period) % period
        return period, to_go if to_go > 0.0 else period

    def _hear_relative(self) -> None:
        turn = self._turn
        period, to_go = self._relative(turn)
        if not self.pulse.periods[0] - 0.5 <= period <= self.pulse.periods[-1] + 1.0:
            self._scores[turn] = np.nan
            return
        self._average(turn, self.judge.score(to_go, period))

    def _average(self, turn: int, score: float) -> None:
        before = self._scores[turn]
        self._scores[turn] = score if math.isnan(before) else before + self._share * (score - before)

    def _hear_wild(self) -> None:
        """Judge the pulse filter's likeliest grid, where that is not the one in hand."""
        period, to_go = self.pulse.peak()
        if _same(period, to_go, self.period, self.to_go, 0.03, 0.06):
            self._scores[_WILD] = np.nan
            return
        _, period, to_go = self.pulse.near(period, to_go)
        known_period, known_beat = self._wild
        if not _same(period, self.judge.hop + to_go, known_period, known_beat, 0.04, 0.08):
            self._scores[_WILD] = np.nan
        self._wild = (period, self.judge.hop + to_go)
        self._average(_WILD, self.judge.score(to_go, period))

    def _decide(self, confidence: float) -> None:
        m, scores, pulse = self.model, self._scores, self.pulse
        known = np.where(np.isnan(scores), -30.0, np.minimum(scores, 30.0))
        odds = np.exp(known[:_WILD])
        self.conviction = 1.0 if self._told else float(odds[0] / (1.0 + odds.sum()))
        if self._told:
            known[1:_WILD] = -30.0
            if np.abs(_LENGTHS * self.period / max(self._wild[0], 1.0) - 1.0).min() < 0.03:
                known[_WILD] = -30.0
        best = int(known.argmax())
        margin = m.margin_low + (m.margin_high - m.margin_low) * confidence
        if best and known[best] > known[0] + margin and pulse.hop > 100 * m.patience_s:
            if best < _WILD:
                period, to_go = self._relative(best)
            else:
                period, to_go = self._wild[0], self._wild[1] - self.judge.hop
            self.mass, self.period, self.to_go = pulse.near(period, to_go)
            scores[:] = np.nan
            scores[0] = known[best]
            self._told = False
            self.changed = True
        share = m.hold * self.conviction
        if self.mass < share:
            pulse.lift(self.period, self.to_go, min(share / max(self.mass, 1e-6), 8.0))


def _same(period: float, to_go: float, other: float, other_to_go: float, length: float, place: float) -> bool:
    """Whether two grids are one, within these parts of a beat."""
    if abs(period - other) > length * max(other, 1.0):
        return False
    apart = abs((to_go - other_to_go + 0.5 * other) % other - 0.5 * other)
    return apart <= place * other
