"""The pulse filter: a bar-pointer model over tempo and phase, forward filtering only.

The model is that of N. Whiteley, A. T. Cemgil and S. Godsill, "Bayesian modelling of temporal structure in musical
audio", ISMIR 2006, with the state space of F. Krebs, S. Böck and G. Widmer, "An efficient state-space model for
joint tempo and meter tracking", ISMIR 2015: as many positions as a beat has hops, tempo changes at beats only.

Since a position moves by exactly one state each hop, nothing is moved here at all: each tempo is a ring, state
`s` of a ring stands for "the beats fall on hops congruent to -s", and a hop only touches the states whose
position lies in one of the windows round the beat and its subdivisions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perform.features.beat import tables
from perform.features.beat.onset import BANDS, HOPS_PER_S

SLOWEST_BPM = 30.0
FASTEST_BPM = 240.0
NORMAL_HOPS = 2
"""The posterior sums to one at every second hop; between them it is left as it comes, to save time."""

_WIDEST = 40  # hops; no grid is looked for further than this from where it should be


@dataclass(frozen=True, slots=True)
class PulseModel:
    """The few numbers of the model. Likelihoods are natural logarithms against 'this may be anywhere'.

    Made from renders of our own (see `tables`): beat, half, quarter, swing: for each of the four bands the value at
    silence, then the slope; shares: how much music uses such places at all.

    Argued from what is published: prior_bpm, prior_octaves: tempi lie log-normally round 120, where people tap most
    readily (L. van Noorden and D. Moelants, "Resonance in the perception of musical pulse", JNMR 1999), half an
    octave wide: between the third of an octave over which popular music is spread and the two thirds over which
    pulses stay salient (R. Parncutt, "A perceptual model of pulse salience", Music Perception 1994). slow_limit
    bounds what a slow tempo can lose by it: two nats, as two deviations would cost. Fresh renders of our own are
    tracked no better with 0.4 or 0.6 octaves, and as well with a limit of four.

    Chosen by how well the tracker does, on the development set among others, and not derived: tempo_step: spacing of
    tempi; stiffness: how unlikely a change of tempo is; jump, leak: chance of a leap to any tempo at a beat, to any
    state at a hop; prior_power: how often a second the prior is asked; cap: where an onset counts as full; taper:
    weights of the hops that make up one event; gain: bands and neighbouring hops are not independent witnesses.
    """

    tempo_step: float = 0.02
    stiffness: float = 70.0
    jump: float = 1e-3
    leak: float = 1e-5
    prior_bpm: float = 120.0
    prior_octaves: float = 0.5
    prior_power: float = 3.0
    slow_limit: float = 2.0
    gain: float = 0.25
    cap: float = 0.8
    beat: tuple[float, ...] = tables.BEAT
    half: tuple[float, ...] = tables.HALF
    quarter: tuple[float, ...] = tables.QUARTER
    swing: tuple[float, ...] = tables.SWING
    shares: tuple[float, ...] = tables.SHARES
    taper: tuple[float, ...] = (0.6, 0.9, 1.0, 0.9, 0.6)


def tempo_periods(step: float) -> np.ndarray:
    """Beat periods in hops [tempi] int, fast to slow, about `step` apart where whole hops allow."""
    shortest, longest = HOPS_PER_S * 60.0 / FASTEST_BPM, HOPS_PER_S * 60.0 / SLOWEST_BPM
    count = round(np.log(longest / shortest) / step) + 1
    return np.unique(np.round(np.geomspace(shortest, longest, count)).astype(np.int64))


def _turn_back(index: np.ndarray, base: np.ndarray, length: np.ndarray) -> None:
    """One step back on rings that begin at `base` and are `length` long, in place."""
    index -= 1
    index += length * (index < base)


class PulseFilter:
    """The posterior over (period, phase), one `step` a hop."""

    def __init__(self, model: PulseModel | None = None) -> None:
        self.model = m = model or PulseModel()
        self.periods = tempo_periods(m.tempo_step)
        self.offsets = np.concatenate([[0], np.cumsum(self.periods)[:-1]])
        self.size = int(self.periods.sum())
        widths = np.gradient(np.log(self.periods))
        octaves = np.log2(60.0 * HOPS_PER_S / self.periods / m.prior_bpm)
        prior = np.exp(-0.5 * (octaves / m.prior_octaves) ** 2) * widths
        self.prior = prior / prior.sum()
        ratio = self.periods[None, :] / self.periods[:, None]
        change = np.exp(-m.stiffness * np.abs(ratio - 1.0)) * widths[None, :]
        change /= change.sum(axis=1, keepdims=True)
        change = (1.0 - m.jump) * change + m.jump * self.prior[None, :]
        if m.prior_power:
            fast = 0.5 * (octaves / m.prior_octaves) ** 2
            slow = m.slow_limit * (1.0 - np.exp(-fast / m.slow_limit))  # a slow song with few notes is left alone
            logs = -np.where(octaves > 0.0, fast, slow)
            change *= np.exp(m.prior_power * self.periods / HOPS_PER_S * logs)[None, :]
        self.change = np.ascontiguousarray(change, np.float32)
        self.floor = np.repeat(self.prior / self.periods, self.periods).astype(np.float32)
        self.alpha = self.floor.copy()
        self._leak = (self.floor * (NORMAL_HOPS * m.leak)).astype(np.float32)
        self._rows = np.repeat(np.arange(len(self.periods)), self.periods)
        self._windows()
        self._spread = np.arange(-_WIDEST, _WIDEST + 1)
        self.hop = 0
        self.event = np.zeros(BANDS, np.float32)
        self.strength = 0.0

    def _windows(self) -> None:
        m = self.model
        rows, places, kinds = [], [], []
        delay = len(m.taper) // 2
        for i, period in enumerate(self.periods):
            spots = [(0, 0.0), (1, 0.5)]
            if period >= 30:
                spots += [(2, 0.25), (2, 0.75)]
            if period >= 42:
                spots += [(3, 2 / 3)]
            for kind, where in spots:
                rows.append(i)
                places.append((round(where * period) + delay) % period)
                kinds.append(kind)
        rows_a = np.array(rows)
        self._place = np.array(places)
        self._length = self.periods[rows_a]
        self._base = self.offsets[rows_a]
        self._lookup = np.array(kinds)
        table = np.array([m.beat, m.half, m.quarter, m.swing], np.float32) * m.gain
        self._slope, self._rest = np.ascontiguousarray(table[:, BANDS:]), table[:, :BANDS].sum(axis=1)
        self._slot = self.offsets.copy()  # of each ring, the state that is on a beat at this hop
        self._index = self._base + self._place  # of each window, likewise
        self._share = np.array(m.shares, np.float32)
        self._rest_share = 1.0 - self._share
        self._recent = np.zeros((len(m.taper), BANDS), np.float32)
        self._taper = np.array(m.taper, np.float32)[:, None]

    def forget(self) -> None:
        """Back to the prior: any tempo, any phase."""
        self.alpha[:] = self.floor

    def favour(self, period: float, to_go: float, weight: float) -> None:
        """Take in someone's word: with probability `weight` (0..1) the next beat is `to_go` hops away and beats are
        `period` hops long."""
        rows = np.flatnonzero(np.abs(np.log(self.periods / period)) < 0.6 * max(self.model.tempo_step, 1.0 / period))
        if not len(rows):
            rows = np.array([int(np.abs(self.periods - period).argmin())])
        reach = max(2, round(0.04 * period))
        lengths = self.periods[rows, None]
        position = (lengths - round(to_go) - np.arange(-reach, reach + 1)) % lengths
        index = np.unique(self.offsets[rows, None] + (position - (self.hop - 1)) % lengths)
        self.alpha *= np.float32(1.0 - weight)
        self.alpha[index] += np.float32(weight / len(index))

    def step(self, onset: np.ndarray, heard: bool = True) -> None:
        """Advance by one hop. onset: [BANDS], each about 0..1.5, 1 being a strong onset. heard: False for a hop
        of which nothing is known."""
        alpha, t, recent = self.alpha, self.hop, self._recent
        recent[:-1] = recent[1:]
        recent[-1] = onset
        event = np.minimum((recent * self._taper).max(axis=0), self.model.cap)
        self.event = event
        self.strength = float(event.sum()) / BANDS
        slot, index = self._slot, self._index
        alpha[slot] = alpha.take(slot) @ self.change
        if heard:
            factors = self._share * np.exp(self._slope @ event + self._rest) + self._rest_share
            alpha[index] = alpha.take(index) * factors.take(self._lookup)
        _turn_back(slot, self.offsets, self.periods)
        _turn_back(index, self._base, self._length)
        self.hop = t = t + 1
        if t % NORMAL_HOPS == 0 and heard:
            alpha *= np.float32((1.0 - NORMAL_HOPS * self.model.leak) / float(alpha.sum()))
            alpha += self._leak

    def peak(self) -> tuple[float, float]:
        """The likeliest grid as (period, hops to its next beat, 0 < hops <= period)."""
        best = int(self.alpha.argmax())
        row = int(self._rows[best])
        period = int(self.periods[row])
        return float(period), float(period - (best - int(self.offsets[row]) + self.hop - 1) % period)

    def near(self, period: float, to_go: float) -> tuple[float, float, float]:
        """The posterior round one grid: (mass, mean period, mean hops to the next beat, may be 0 or less)."""
        index, lengths, spread = self._round(period, to_go)
        weights = self.alpha.take(index)
        over_rows = weights.sum(axis=1)
        mass = float(over_rows.sum())
        if mass <= 1e-12:
            return 0.0, period, to_go
        mean_period = float(over_rows @ lengths) / mass
        mean_to_go = round(to_go) + float(weights.sum(axis=0) @ spread) / mass
        return mass, mean_period, mean_to_go

    def lift(self, period: float, to_go: float, factor: float) -> None:
        """Make the grids round this one `factor` times likelier against all others, without changing their shape."""
        index, _, _ = self._round(period, to_go)
        self.alpha[np.unique(index)] *= np.float32(factor)

    def _round(self, period: float, to_go: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The states round one grid: (index [rows, places], periods [rows], hops after `to_go` [places])."""
        row = int(self.periods.searchsorted(period - 0.5))
        lo, hi = max(row - 2, 0), min(row + 3, len(self.periods))
        lengths = self.periods[lo:hi]
        reach = max(2, round(0.08 * period))
        spread = self._spread[_WIDEST - reach : _WIDEST + reach + 1]
        # A grid of another period agrees with this one at the coming beat.
        index = (-round(to_go) - self.hop + 1 - spread) % lengths[:, None]
        index += self.offsets[lo:hi, None]
        return index, lengths, spread
