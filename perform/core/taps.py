"""The tapping finger: from times of taps to a tempo and a place of the beat.

A finger is late and early by some ten milliseconds, misses a beat, adds one, or changes to half or double time. So the
beats are the grid that most of the last taps lie on, and taps that lie on no line of it are left out.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

SLOWEST_BPM, FASTEST_BPM = 30.0, 240.0
TIMEOUT_S = 2.5
BOUNCE_S = 0.12
"""A second tap sooner than this is the same one: a worn key, or two fingers."""

_OFF = 0.14  # of a beat: a tap further than this from the grid's nearest line does not count
_EMPTY = 0.5  # what a line of the grid costs that nobody tapped: without it the finest grid would always win
_FADE = 0.85  # how much an earlier tap counts against the next one


@dataclass(frozen=True, slots=True)
class Tapped:
    """What the taps say. beat_s: time of the newest beat. weight: 0..1, how far to believe it (more taps, more)."""

    beat_s: float
    tempo_bpm: float
    weight: float


class Taps:
    """The last taps of one hand."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=8)

    def clear(self) -> None:
        """Forget them."""
        self._times.clear()

    def add(self, seconds: float) -> Tapped | None:
        """One tap. None until there are two that make a tempo between 30 and 240."""
        if self._times:
            gap_s = seconds - self._times[-1]
            if gap_s < BOUNCE_S:
                return None
            if gap_s > TIMEOUT_S:
                self._times.clear()
        self._times.append(seconds)
        return self._read() if len(self._times) > 1 else None

    def _read(self) -> Tapped | None:
        times = list(self._times)
        shares = [_FADE ** (len(times) - 1 - n) for n in range(len(times))]
        best: tuple[float, float, float] | None = None
        for last in range(1, len(times)):
            for first in range(last):
                for parts in range(1, 5):
                    period_s = (times[last] - times[first]) / parts
                    if not 60.0 / FASTEST_BPM * 0.98 <= period_s <= 60.0 / SLOWEST_BPM * 1.02:
                        continue
                    score = _score(times, shares, times[last], period_s)
                    if best is None or score > best[0] + 1e-9:
                        best = (score, times[last], period_s)
        if best is None:
            return None
        return _fit(times, shares, best[1], best[2])


def _score(times: list[float], shares: list[float], origin_s: float, period_s: float) -> float:
    """How well a grid through `origin_s` explains the taps: those on it, less the lines that were passed over."""
    lines: dict[int, float] = {}
    for when, share in zip(times, shares, strict=True):
        place = (when - origin_s) / period_s
        off = abs(place - round(place))
        if off < _OFF:
            lines[round(place)] = max(lines.get(round(place), 0.0), share * (1.0 - off))
    if len(lines) < 2:
        return -1.0
    newest = max(lines)
    density = len(lines) / (newest - min(lines) + 1)
    empty = sum(
        _EMPTY * math.pow(_FADE, (newest - line) * density) for line in range(min(lines), newest) if line not in lines
    )
    return sum(lines.values()) - empty


def _fit(times: list[float], shares: list[float], origin_s: float, period_s: float) -> Tapped:
    """The straight line through the taps on the grid: weighted least squares of time over number of the beat."""
    kept = []
    for when, share in zip(times, shares, strict=True):
        place = (when - origin_s) / period_s
        if abs(place - round(place)) < _OFF:
            kept.append((float(round(place)), when, share))
    total = sum(share for _, _, share in kept)
    mean_k = sum(k * share for k, _, share in kept) / total
    mean_t = sum(t * share for _, t, share in kept) / total
    spread = sum(share * (k - mean_k) ** 2 for k, _, share in kept)
    slope_s = sum(share * (k - mean_k) * (t - mean_t) for k, t, share in kept) / spread if spread > 0.0 else period_s
    newest = math.floor((times[-1] - mean_t) / slope_s + mean_k + 0.5)
    bpm = min(max(60.0 / slope_s, SLOWEST_BPM), FASTEST_BPM)
    return Tapped(mean_t + (newest - mean_k) * slope_s, bpm, min(0.35 + 0.15 * len(kept), 0.95))
