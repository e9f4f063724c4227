"""The bar filter: metre and place in the bar, given the beats. Forward filtering, one update a beat.

It is the upper level of the bar pointer (see `pulse`), run on beats and not on hops, which costs next to nothing:
F. Krebs, S. Böck and G. Widmer, "Rhythmic pattern modeling for beat and downbeat tracking in musical audio",
ISMIR 2013, show what low and high onsets say about the place in the bar; harmony tends to change on downbeats:
M. Goto, "An audio-based real-time beat tracking system for music with or without drum-sounds", JNMR 2001.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perform.features.beat import tables
from perform.features.beat.onset import BANDS

METRES = (2, 3, 4, 5, 6, 7)
JUDGED = (10, 5, 88, 4, 0.5, 3)
"""How often the judge met bars of METRES in its practice."""

CUES = 3
"""What is known of one beat: its low onset, its snare-like onset (high against low), the change of harmony."""


@dataclass(frozen=True, slots=True)
class BarModel:
    """Weights of the cues; all cues are in standard deviations over the last bars.

    Made from renders of our own (see `tables`): downbeat, weak, middle (three of four). Argued: prior, of bars of
    METRES: four of five pieces count to four, most others to three, one in thirty to fifty to each of five, six and
    seven; a bar of two is seldom told from half a bar of four. Chosen by how well the tracker does, on the
    development set among others: repeat (weight of likeness to a bar ago), change (of metre, a bar), slip (of place,
    a beat), judged (weight of the judge's word: its looks overlap), memory_beats, and the `hold` of BarFilter.ahead.
    """

    prior: tuple[float, ...] = (0.01, 0.12, 0.79, 0.03, 0.03, 0.02)
    downbeat: tuple[float, ...] = tables.DOWNBEAT
    weak: tuple[float, ...] = tables.WEAK
    middle: tuple[float, ...] = tables.MIDDLE
    repeat: float = 0.3
    change: float = 0.01
    slip: float = 0.01
    judged: float = 0.15
    memory_beats: float = 16.0


class BarFilter:
    """The posterior over (metre, place in the bar)."""

    def __init__(self, model: BarModel | None = None) -> None:
        self.model = m = model or BarModel()
        self.metre = np.concatenate([np.full(b, b) for b in METRES])
        self.place = np.concatenate([np.arange(b) for b in METRES])
        starts = np.flatnonzero(self.place == 0)
        prior = np.array(m.prior) / np.sum(m.prior)
        size = len(self.metre)
        self.start = np.repeat(prior / np.array(METRES), METRES)
        step = np.zeros((size, size))
        for i in range(size):
            if self.place[i] + 1 < self.metre[i]:
                step[i, i + 1] = 1.0
            else:
                step[i, starts] = m.change * prior
                step[i, i + 1 - self.metre[i]] += 1.0 - m.change
        self.step_matrix = (1.0 - m.slip) * step + m.slip * self.start[None, :]
        self._weights = np.array([self._cue_weights(b, p) for b, p in zip(self.metre, self.place, strict=True)])
        self._before = np.array(
            [i - 1 if p else i + b - 1 for i, (b, p) in enumerate(zip(self.metre, self.place, strict=True))]
        )
        self._judged_prior = np.log(np.repeat(np.array(JUDGED) / np.sum(JUDGED) / np.array(METRES), METRES))
        self.belief = self.start.copy()
        self._mean = np.zeros(CUES)
        self._square = np.ones(CUES)
        self._seen = 0
        self._past = np.zeros((max(METRES), 2 * BANDS))
        self._kept = 0

    def _cue_weights(self, metre: int, place: int) -> tuple[float, ...]:
        m = self.model
        if (metre, place) == (2, 0):  # half of the ones of a bar of two would be threes of a bar of four
            return tuple(0.5 * (a + b) for a, b in zip(m.downbeat, m.middle, strict=True))
        if place == 0:
            return m.downbeat
        if (metre, place) in ((4, 2), (6, 3)):
            return m.middle
        return m.weak

    def reset(self) -> None:
        """Forget the place in the bar, but not the music's ways: the beats have moved to another grid."""
        self.belief = 0.1 * self.belief + 0.9 * self.start
        self._kept = 0

    def favour(self, to_one: int, weight: float) -> None:
        """Take in someone's word: with probability `weight` (0..1) the downbeat comes `to_one` beats from the last
        beat (0: that beat was one)."""
        fits = self.belief * ((self.place + to_one) % self.metre == 0)
        self.belief = (1.0 - weight) * self.belief + weight * fits / max(fits.sum(), 1e-12)

    def observe(self, beat: np.ndarray, half: np.ndarray, change: float, judged: np.ndarray | None = None) -> None:
        """One more beat has sounded. beat, half: onsets on it and halfway to the next [4]. change: of harmony, >= 0.
        judged: log odds [places] of the place that the beat before had, of a judge that taught itself on bars as
        frequent as JUDGED has them."""
        m = self.model
        cues = np.array([beat[0], 0.5 * (beat[2] + beat[3]) - beat[0], change])
        self._seen += 1
        keep = max(1.0 - 1.0 / self._seen, np.exp(-1.0 / m.memory_beats))
        self._mean = keep * self._mean + (1 - keep) * cues
        self._square = keep * self._square + (1 - keep) * (cues - self._mean) ** 2
        z = np.clip((cues - self._mean) / np.sqrt(self._square + 1e-4), -2.5, 2.5)
        logs = self._weights @ z + self._repeats(np.concatenate([beat, half]))[self.metre]
        if judged is not None:
            top = judged.max()
            logs += m.judged * (judged - top - np.log(np.exp(judged - top).sum()) - self._judged_prior)[self._before]
        belief = (self.belief @ self.step_matrix) * np.exp(logs - logs.max())
        self.belief = belief / belief.sum()

    def _repeats(self, now: np.ndarray) -> np.ndarray:
        """How much more like the beat one bar ago than like others this one is [max metre + 1], by metre."""
        past, longest = self._past, max(METRES)
        out = np.zeros(longest + 1)
        if self._kept >= longest:
            apart = np.abs(past - now).mean(axis=1)  # row k: k + 1 beats ago
            lags = np.array(METRES) - 1
            spread = apart - apart.mean()
            out[2:] = np.clip(-spread[lags] / (apart.std() + 0.02), -2.0, 2.0)
        past[1:] = past[:-1]
        past[0] = now
        self._kept += 1
        return self.model.repeat * out

    def ahead(self, metre: int, place: int, hold: float = 2.0) -> tuple[int, int]:
        """(metre, place 0.. of the next beat). metre, place: what counting on gives; hold: how hard to keep to it."""
        belief = self.belief @ self.step_matrix
        best = int(belief.argmax())
        counted = int(np.flatnonzero((self.metre == metre) & (self.place == place))[0])
        if belief[best] <= hold * belief[counted]:
            best = counted
        return int(self.metre[best]), int(self.place[best])
