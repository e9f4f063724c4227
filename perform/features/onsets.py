"""Onsets: how much each band's spectrum rises from hop to hop, and the picking of attacks from that, without delay.

The detection function is a log-filtered SuperFlux (Boeck and Widmer, DAFx 2013: difference to the maximum of the
neighbours some hops ago, which forgives vibrato) on mel bands that are whitened by their recent peaks (Stowell and
Plumbley, ICMC 2007), so that a drone does not mask a kick and a soft passage still has onsets.
"""

from __future__ import annotations

import math

import numpy as np

from perform.features.frame import Hop
from perform.features.tables import MELS, Plan, band_weights, mel_edges_hz

LAG = 2
COMPRESSION = 60.0
WHITEN_S = 6.0
FLOOR_DB = -34.0
"""Mel bands this far under the loudness of the whole are not whitened any further."""
REFRACTORY_S = 0.09
BARS = (3.5, 0.3, 0.3, 0.4, 0.3)
"""No rise under this is an onset: four bands and the whole; nepers of compressed power, in the bass decibels."""
OVER_MEAN = (4.0, 5.0, 5.0, 5.0, 6.0)
"""Nor is one that does not stand out by this factor from the mean rise of late."""
GROW_S = 0.025
TOP_S = 4.0
TOP_CLIMB = 0.3
MEAN_S = 0.8
_UPKEEP = 8
_COMPRESSION, _ZERO = np.array(COMPRESSION, np.float32), np.array(0.0, np.float32)
"""Arrays without axes: numpy takes twice as long to multiply with a scalar."""


class Flux:
    """Mel powers -> [4 bands, whole] mean rise in nepers of compressed power."""

    def __init__(self) -> None:
        self._peaks = np.full(MELS, 1e-9, np.float32)
        framed = [np.zeros(MELS + 2, np.float32) for _ in range(LAG + 1)]  # a zero on either side: no log is below it
        self._logs = [log[1:-1] for log in framed]
        self._beside = [(log[:-2], log[2:]) for log in framed]
        self._wide = np.zeros(MELS, np.float32)
        self._weights = np.zeros((5, MELS), np.float32)
        self._rises = np.zeros(5, np.float32)
        self._edges_hz = (150.0, 800.0, 4500.0)
        octaves = np.log2(mel_edges_hz()[1:-1] / 100.0)
        self._tilt = (10.0 ** (0.1 * (FLOOR_DB - 2.0 * octaves))).astype(np.float32)
        self._floor = np.zeros(MELS, np.float32)

    def retune(self, plan: Plan) -> None:
        """Adopt the hop time; mel bands above the rate's reach take no part."""
        self._keep = np.float32(math.exp(-_UPKEEP * plan.dt_s / WHITEN_S))
        self._reach_hz = 0.5 * plan.rate_hz
        self.set_edges(self._edges_hz)

    def set_edges(self, edges_hz: tuple[float, float, float]) -> None:
        """Share the mel bands out among the four bands."""
        self._edges_hz = edges_hz
        centres = mel_edges_hz()[1:-1]
        weights = band_weights(centres, edges_hz, 0.4) * (centres < self._reach_hz)
        total = weights.sum(axis=1, keepdims=True)
        self._weights[:4] = weights / np.maximum(total, 1e-9)
        self._weights[4] = self._weights[:4].T @ np.array([0.3, 0.25, 0.25, 0.2], np.float32)

    def step(self, hop: Hop) -> list[float]:
        """Five rises, 0 where nothing rises."""
        wide, peaks = self._wide, self._peaks
        now, turn = self._logs[hop.index % (LAG + 1)], (hop.index + 1) % (LAG + 1)
        lower, upper = self._beside[turn]
        if hop.index % _UPKEEP == 0:
            np.multiply(peaks, self._keep, out=peaks)
            np.multiply(self._tilt, np.float32(hop.scale), out=self._floor)
            np.maximum(peaks, self._floor, out=peaks)
        np.maximum(peaks, hop.mel_power, out=peaks)
        np.divide(hop.mel_power, peaks, now)
        np.multiply(now, _COMPRESSION, now)
        np.log1p(now, now)
        np.maximum(lower, upper, out=wide)
        np.maximum(wide, self._logs[turn], out=wide)
        np.subtract(now, wide, wide)
        np.maximum(wide, _ZERO, out=wide)
        np.dot(self._weights, wide, out=self._rises)
        return self._rises.tolist()


class Picker:
    """One stream of rises -> a counter that only grows, and a hit envelope 0..1.

    An onset is announced in the hop in which the rise crosses the threshold; the strength of its hit may grow for
    GROW_S more. Between two onsets lie at least REFRACTORY_S and a fall to half the threshold.
    """

    __slots__ = (
        "_armed",
        "_bar",
        "_fall",
        "_gain",
        "_least",
        "_mean",
        "_mean_ease",
        "_over_mean",
        "_since",
        "_step",
        "_top_keep",
        "count",
        "hit",
        "top",
    )

    def __init__(self, bar: float, over_mean: float) -> None:
        self._least, self._over_mean = bar, over_mean
        self.count = 0
        self.hit = 0.0
        self.top = max(1.0, bar)
        self._mean = 0.0
        self._since = 1.0
        self._armed = True
        self.tune(256 / 48000, 0.18, 0.5)

    def tune(self, dt_s: float, decay_s: float, sensitivity: float) -> None:
        """sensitivity 0..1: 0.5 is usual. decay_s: to a tenth."""
        self._step = dt_s
        self._fall = math.exp(-math.log(10.0) * dt_s / decay_s)
        self._top_keep = math.exp(-dt_s / TOP_S)
        self._mean_ease = -math.expm1(-dt_s / MEAN_S)
        self._bar = self._least * 4.0 ** (0.5 - sensitivity)
        self._gain = 0.36 * 2.5 ** (0.5 - sensitivity)

    def step(self, rise: float, level: float, gate: float) -> None:
        """rise: of this hop. level: 0..1, how loud the band is; a soft onset gives a smaller hit."""
        # Comparisons where min and max would do: a call costs more than all the arithmetic here, five times a hop.
        top, bar, mean = self.top, self._bar, self._mean
        threshold, over = self._gain * top, self._over_mean * mean
        if threshold < over:
            threshold = over
        if threshold < bar:
            threshold = bar
        since = self._since + self._step
        hit = self.hit * self._fall
        if hit < 2e-3:
            hit = 0.0
        if rise > threshold and gate > 0.0:
            if self._armed and since >= REFRACTORY_S:
                self.count += 1
                since = 0.0
            self._armed = False
        elif rise < 0.5 * threshold:
            self._armed = True
        if since <= GROW_S and gate > 0.0:
            hit = max(hit, min(1.0, rise / max(top, bar)) ** 0.5 * min(1.0, 0.35 + level))
        if rise > top:
            top += (rise - top) * TOP_CLIMB
        else:
            top *= self._top_keep
            if top < bar:
                top = bar
        self.top, self.hit, self._since = top, hit, since
        self._mean = mean + ((rise if rise < threshold else threshold) - mean) * self._mean_ease
