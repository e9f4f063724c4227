"""The judge of grids: a small network that hears eight beats of onsets as a grid would cut them, and says how well
that grid fits what music does: whether these are its beats, or its halves, its off-beats, its triplets.

Where a beat tracker goes wrong is seldom the pulse and mostly its level or its off-beat; telling them apart takes
the pattern of a few beats, not of one. Sampling the pattern relative to the grid makes the judgement independent of
tempo (as the bar-length patterns of F. Krebs, S. Böck and G. Widmer, "Rhythmic pattern modeling for beat and downbeat
tracking in musical audio", ISMIR 2013, are); the tempo enters once, as what music is usually counted at. One layer
reads each beat with the same weights, a second reads all eight, two heads give a score and the place in the bar.

`judge.npz` holds the weights, `judge.toml` is their card; `python -m perform.train.beat_judge` makes both again, from
music of this project's own (`perform.train.beat_band`) and from nothing else.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from perform.features.beat.onset import BANDS

BEATS = 8
SUBDIVISIONS = 24
CELLS = BEATS * SUBDIVISIONS
PLACES = 27
"""Places in bars of 2 to 7, in order."""

EVENT_HOPS = 2
"""An event shows best this many hops after its onset has peaked."""

WEIGHTS = Path(__file__).with_name("judge.npz")
_RING = 2048  # more than eight of the slowest beats, in hops
_TEMPO_CENTRES = np.linspace(-1.25, 2.25, 15)
_OFFSETS = (np.arange(CELLS) / SUBDIVISIONS - BEATS).astype(np.float32)


def tempo_code(period: float | np.ndarray) -> np.ndarray:
    """How a beat of so many hops lies to fifteen tempi a quarter of an octave apart [..., 15] float32."""
    octaves = np.log2(np.asarray(period) / 50.0)
    return np.asarray(np.exp(-8.0 * (octaves[..., None] - _TEMPO_CENTRES) ** 2), np.float32)


class Judge:
    """Keeps the last seconds of onsets, and scores any grid against them."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        """path: the weights, an npz of plain arrays."""
        with np.load(path, allow_pickle=False) as kept:
            arrays = {name: kept[name].astype(np.float32) for name in kept.files}
        self._beat_w, self._beat_b = arrays["beat_w"], arrays["beat_b"]
        self._all_w, self._all_b = arrays["all_w"], arrays["all_b"]
        self._score_w, self._score_b = arrays["score_w"], float(arrays["score_b"])
        self._place_w, self._place_b = arrays["place_w"], arrays["place_b"]
        self._ring = np.zeros((_RING, BANDS), np.float32)
        self._width = self._beat_w.shape[1]
        self._read = np.zeros((BEATS, self._width), np.float32)
        self._inner = np.zeros(BEATS * self._width + len(_TEMPO_CENTRES) + 1, np.float32)
        self._cells = np.zeros(CELLS, np.intp)
        self.hop = -1

    def forget(self) -> None:
        """Nothing has been heard yet."""
        self._ring[:] = 0.0
        self.hop = -1

    def hear(self, event: np.ndarray) -> None:
        """One more hop. event: [BANDS], as the pulse filter gathers it."""
        self.hop += 1
        self._ring[self.hop % _RING] = event

    def score(self, to_go: float, period: float) -> float:
        """Log odds, against no grid at all, that beats `period` hops long, the next one `to_go` hops away, are the
        beats of this music."""
        last = self.hop + to_go + EVENT_HOPS
        last -= math.ceil((last - self.hop) / period) * period
        return float(self._think(last, period) @ self._score_w) + self._score_b

    def strength(self, to_go: float, period: float) -> tuple[float, int]:
        """(mean onset over the bands on the beats of a grid, how many beats that is): what was heard, at most eight."""
        last = self.hop + to_go + EVENT_HOPS
        last -= math.ceil((last - self.hop) / period) * period
        count = max(0, min(BEATS, int(last / period)))
        beats = np.rint(last - period * np.arange(count)).astype(np.int64) % _RING
        return (float(self._ring[beats].mean()), count) if count else (0.0, 0)

    def places(self, to_go: float, period: float) -> np.ndarray:
        """Log odds of the place in the bar [PLACES] of the beat before the last one, on the grid of `score`."""
        return self._think(self.hop + to_go + EVENT_HOPS - period, period) @ self._place_w + self._place_b

    def _think(self, last: float, period: float) -> np.ndarray:
        """The hidden layer for the eight beats before hop `last`. Unheard ones are silent."""
        cells = self._cells
        near = last - self.hop + self.hop % _RING  # small numbers, however long it has played
        np.rint(_OFFSETS * period + near, out=cells, casting="unsafe")
        heard = self._ring.take(cells, axis=0, mode="wrap").reshape(BEATS, SUBDIVISIONS * BANDS)
        np.matmul(heard, self._beat_w, out=self._read)
        self._read += self._beat_b
        inner, size = self._inner, BEATS * self._width
        np.maximum(self._read.reshape(-1), 0.0, out=inner[:size])
        inner[size:-1] = tempo_code(period)
        inner[-1] = min(max(last / (BEATS * period), 0.0), 1.0)
        hidden = inner @ self._all_w
        hidden += self._all_b
        return np.asarray(np.maximum(hidden, 0.0, out=hidden))
