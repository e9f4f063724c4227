"""What has risen steadily in the last seconds: the sign of a build-up. Kept in half seconds, looked at as often."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np

STEP_S, STEPS, CHUNKS = 0.5, 3, 6
"""The past is kept as means of half seconds; a rise is looked for in up to six chunks of three, nine seconds."""
LEAST_CHUNKS = 4
TREND_DB = 8.0
"""This much louder (or softer) than in the first half of the nine seconds is a trend of 1 (or -1)."""


def steady_rise(values: list[float]) -> float:
    """How much a run of values has climbed without its steepest two neighbouring steps; 0 for a single step up.

    It may have begun up to a third of the way in. values: at least four, oldest first.
    """
    best = 0.0
    for first in range(max(1, len(values) - LEAST_CHUNKS + 1)):
        run = values[first:]
        steps = [b - a for a, b in pairwise(run)]
        gained = run[-1] - run[0]
        steepest = max(a + b for a, b in pairwise(steps))
        best = max(best, min(gained, gained - steepest))
    return best


class Climb:
    """The past in half seconds. climb: what has risen steadily, weighed and summed. trend: of `whole`, -1..1."""

    def __init__(self, weights: tuple[float, ...], whole: int) -> None:
        """weights: what one unit of steady rise of each value is worth. whole: which value the trend is taken of."""
        self._weights, self._whole = weights, whole
        self._kept: deque[tuple[float, ...]] = deque(maxlen=CHUNKS * STEPS)
        self.climb = self.trend = 0.0

    def clear(self) -> None:
        """Begin anew."""
        self._kept.clear()
        self.climb = self.trend = 0.0

    def newest(self, count: int) -> list[tuple[float, ...]]:
        """The last half seconds, at most `count`, oldest first."""
        return list(self._kept)[-count:]

    def add(self, means: tuple[float, ...]) -> None:
        """Half a second has passed. means: one for each weight."""
        self._kept.append(means)
        chunks = len(self._kept) // STEPS
        if chunks < 2:
            return
        past = np.array(self._kept)[-chunks * STEPS :].reshape(chunks, STEPS, -1).mean(axis=1)
        half = chunks // 2
        change = float(past[-half:, self._whole].mean() - past[:-half, self._whole].mean())
        self.trend = min(max(change / TREND_DB, -1.0), 1.0)
        if chunks >= LEAST_CHUNKS:
            rises = (steady_rise(run) for run in past.T.tolist())
            self.climb = sum(weight * rise for weight, rise in zip(self._weights, rises, strict=True))
