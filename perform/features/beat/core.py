"""The beat tracker: sound in, one BeatState a hop out, causally, on the clock of the audio stream.

What its numbers rest on. From music of our own alone: the likelihoods and shares of `PulseModel` and the weights of
`BarModel`, both in `tables`; the judge's weights; ChoiceModel and the margins of trust in the judge, chosen on
practice pieces, among them grooves kept back. Argued from what is published: the tempo prior and the metres' prior.
Scalars chosen by measuring, on the development set among others: the rest of TrustModel, PulseModel and BarModel, and
the time constants, floors and limits of `onset`, `follow` and this module.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from perform.features.beat.bars import BarFilter, BarModel
from perform.features.beat.choice import ChoiceModel, Chooser
from perform.features.beat.follow import Follower
from perform.features.beat.judge import Judge
from perform.features.beat.onset import BANDS, HOPS_PER_S, OnsetScale
from perform.features.beat.pulse import PulseFilter, PulseModel

LATENCY_S = 0.025
"""From an onset in the sound to the peak of the detection function."""

TRUSTED = 0.5
"""Confidence from which a show may act on the beat."""

_LEAD_S = 0.12  # the place of the next beat in the bar is known this long before it
_EVENT_DELAY_S = 0.02  # half the window over which the pulse filter gathers one event


@dataclass(frozen=True, slots=True)
class TrustModel:
    """When the beat may be acted on: contrast and mass chosen on the development set among others, conviction and
    rise on practice pieces.

    contrast_*: how much stronger onsets are on the beat than anywhere, and over how long; mass_*: the posterior's
    share of the grid in hand; conviction_*: the judge's; rise_s, fall_s: how fast trust comes and goes.
    """

    contrast_low: float = 0.05
    contrast_high: float = 0.18
    contrast_s: float = 3.0
    mass_low: float = 0.18
    mass_high: float = 0.42
    rise_s: float = 0.3
    fall_s: float = 12.0
    conviction_low: float = 0.02
    conviction_high: float = 0.12


class BarListener:
    """Gathers what a bar filter wants to know of each beat, while it sounds."""

    def __init__(self, centres_hz: np.ndarray, model: BarModel | None = None) -> None:
        self.filter = BarFilter(model)
        self.metre, self.place = 4, 0
        self.bar_count = 0
        self.retune(centres_hz)
        self._beat = np.zeros(BANDS, np.float32)
        self._half = np.zeros(BANDS, np.float32)
        self._stage = 3
        self._next = (4, 1)

    def retune(self, centres_hz: np.ndarray) -> None:
        """The log spectrum has other bands from now on, with these centres [filters]."""
        self._harmony = (centres_hz >= 60.0) & (centres_hz <= 2000.0)
        count = int(self._harmony.sum())
        self._sum, self._hops = np.zeros(count, np.float32), 0
        self._last = np.zeros(count, np.float32)

    def coming(self) -> tuple[int, int]:
        """(metre, place 0..) of the next beat."""
        return self._next

    def crossed(self) -> None:
        """The count has reached the next beat."""
        metre, place = self._next
        if place * self.metre < (self.place + 1) * metre:  # the part of a bar would fall, in another metre too
            self.bar_count += 1
        self.metre, self.place = metre, place
        self._next = (metre, (place + 1) % metre)
        self._sum[:] = 0.0
        self._hops = 0
        self._stage = 0

    def set_one(self, to_one: int, weight: float) -> None:
        """A hand's word on the bar: the downbeat is `to_one` beats after the last beat (0: it was that one)."""
        self.filter.favour(to_one + (self._stage < 3), weight)
        metre = self.metre
        self._next = (metre, (1 - to_one) % metre)

    def listen(
        self,
        event: np.ndarray,
        bands: np.ndarray,
        since_s: float,
        period_s: float,
        judged: Callable[[], np.ndarray] | None = None,
    ) -> None:
        """One hop. event: windowed onsets [BANDS]. bands: log spectrum. since_s: since the beat. judged: asked once
        a beat, log odds of the place of the beat before [places]."""
        if self._stage == 3:
            return
        settled_s = LATENCY_S + _EVENT_DELAY_S
        if self._stage == 0 and since_s >= settled_s:
            self._beat, self._stage = event.copy(), 1
        if since_s >= 0.2 * period_s + LATENCY_S:
            self._sum += bands[self._harmony]
            self._hops += 1
        if self._stage == 1 and since_s >= 0.5 * period_s + settled_s - 0.005:
            self._half, self._stage = event.copy(), 2
        if self._stage == 2 and since_s >= min(0.85 * period_s, period_s - _LEAD_S):
            self._stage = 3
            self.filter.observe(self._beat, self._half, self._change(), judged() if judged else None)
            self._next = self.filter.ahead(self.metre, (self.place + 1) % self.metre)

    def _change(self) -> float:
        """How far the sound of this beat's body is from the last one's: 1 - cosine of the log spectra, 0..2."""
        shape = self._sum - self._sum.mean()
        length = float(np.sqrt(shape @ shape))
        shape = shape / length if length > 1e-6 else np.zeros_like(shape)
        change = 1.0 - float(shape @ self._last)
        self._last = shape
        return change


class BeatCore:
    """Onset vectors in, musical time out: everything behind the sound, one `step` a hop."""

    def __init__(
        self,
        centres_hz: np.ndarray,
        pulse: PulseModel | None = None,
        bar: BarModel | None = None,
        trust: TrustModel | None = None,
        choice: ChoiceModel | None = None,
    ) -> None:
        self.trust = trust or TrustModel()
        self.scale = OnsetScale()
        self.pulse = PulseFilter(pulse)
        self.follow = Follower()
        self.bars = BarListener(centres_hz, bar)
        self.judge = Judge()
        self.choice = Chooser(self.pulse, self.judge, choice)
        self.confidence = 0.0
        self.contrast = 0.0
        self._everywhere = 0.0
        self._on_beat = 0.0
        self._heard = 0

    def step(self, now_s: float, onset: np.ndarray, bands: np.ndarray, heard: bool = True) -> bool:
        """Advance by one hop; True when the count crossed a beat.

        now_s: stream time. onset: raw [BANDS]. bands: whitened log spectrum of the hop. heard: False lets time
        pass without any evidence (a gap in the stream).
        """
        self.pulse.step(self.scale.step(onset) if heard else onset, heard)
        choice = self.choice
        choice.step(self.confidence)
        period_s = choice.period / HOPS_PER_S
        before = math.floor(self.follow.beats)
        self.follow.steer(now_s, now_s + choice.to_go / HOPS_PER_S - LATENCY_S, period_s)
        crossed = math.floor(self.follow.beats) > before
        if crossed:
            self.bars.crossed()
        self.bars.listen(self.pulse.event, bands, now_s - self.follow.last_beat_s, period_s, self._places)
        self._weigh()
        return crossed

    def forget(self) -> None:
        """Start to listen anew; the count and the tempo run on."""
        self.pulse.forget()
        self.choice.forget()
        self.bars.filter.reset()
        self.confidence = self._everywhere = self._on_beat = 0.0
        self._heard = 0

    def suggest(self, now_s: float, beat_s: float, tempo_bpm: float, weight: float) -> None:
        """A hand's word on the beat: one falls at beat_s, at this tempo. weight: 0..1, how far to believe it."""
        period = min(max(60.0 * HOPS_PER_S / tempo_bpm, self.pulse.periods[0]), self.pulse.periods[-1])
        to_go = (beat_s + LATENCY_S - now_s) * HOPS_PER_S % period
        self.pulse.favour(period, to_go, weight)
        if weight >= 0.5:
            self.choice.take(period, to_go)

    def _places(self) -> np.ndarray:
        return self.judge.places(self.choice.to_go, self.choice.period)

    def _weigh(self) -> None:
        """Confidence: onsets keep falling on the beat rather than anywhere, and one grid holds the posterior."""
        t, strength = self.trust, self.pulse.strength
        memory = t.contrast_s * HOPS_PER_S
        self._everywhere += (strength - self._everywhere) * max(1.0 / self.pulse.hop, 1.0 / memory)
        period = self.choice.period
        since = period - self.choice.to_go
        if self.choice.changed:
            self._on_beat, self._heard = self.judge.strength(self.choice.to_go, period)
        if 1.5 <= since < 2.5:  # the event window is centred on the beat now
            self._heard += 1
            share = 1.0 - math.exp(-period / memory)
            self._on_beat += (strength - self._on_beat) * max(1.0 / self._heard, share)
        self.contrast = self._on_beat - self._everywhere
        target = _ramp(self.contrast, t.contrast_low, t.contrast_high)
        target *= _ramp(self.choice.mass, t.mass_low, t.mass_high)
        target *= _ramp(self.choice.conviction, t.conviction_low, t.conviction_high)
        time_s = t.rise_s if target > self.confidence else t.fall_s
        self.confidence += (target - self.confidence) * (1.0 - math.exp(-1.0 / (time_s * HOPS_PER_S)))


def _ramp(x: float, low: float, high: float) -> float:
    return min(max((x - low) / (high - low), 0.0), 1.0)
