"""Where in the attack the beat lies: the tracker's count, laid on the onsets that fall on its beats.

The tracker hears an onset when its detection function peaks, which for a click is soon and for a soft drum is late, so
its beats lie up to twenty milliseconds early or late, by much the same for as long as a song lasts; and they sway by
some more, since it counts in steps of ten. The analyser's onsets come within a hop of the attack, whatever the drum. A
straight line through those that fell on the last beats tells where the next one will; where they make no line, the
middle of their distances is taken off.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from statistics import median

from perform.features.beat.tracker import BeatState

ONSET_LATE_S = 0.0085
"""From an attack to the end of the hop in which the analyser counts it: 5.5 ms for a click, 9.4 in the built-in band,
about 10 against the annotations of the development set; this lies between."""
EARLIEST_S, LATEST_S, USUAL_S = -0.025, 0.05, 0.018
"""An onset so far from a beat of the tracker's, or nearer, is one on the beat; where it is sought at first."""
KEPT, ENOUGH = 24, 4
SURE_S, UNSURE_S = 0.01, 0.022
"""Middle half of the distances: as narrow as this the correction is whole, as wide as that there is none."""
LINE, OFF_LINE_S, BENT, MOSTLY = 16, 0.012, 0.01, 0.6
"""Beats that make a line; an onset further off it is none of it; how far its slope may differ from the tempo; what part
of the onsets has to lie on it."""
FORGET = 0.9
"""Weight of a beat against the one after it, so that the line follows a drummer."""
MOST_S = 0.035
EASE_S, EASE_LINE_S = 0.9, 0.15


class Anchor:
    """Takes the onsets and the tracker's states; `late_s` is how much later than the tracker says its beats fall."""

    def __init__(self) -> None:
        self.late_s = 0.0
        self._onsets: deque[float] = deque(maxlen=32)
        self._apart: deque[float] = deque(maxlen=KEPT)
        self._beats: deque[tuple[int, float]] = deque(maxlen=4)
        self._hits: deque[tuple[int, float]] = deque(maxlen=LINE)
        self._line: tuple[float, float] | None = None
        self._count = -1
        self._before_s: float | None = None
        self._aim_s = 0.0

    def onset(self, time_s: float) -> None:
        """The analyser counted an onset in the hop that ends at stream time `time_s`."""
        self._onsets.append(time_s)

    def follow(self, states: Iterable[BeatState]) -> None:
        """The tracker went on."""
        for state in states:
            dt_s = 0.0 if self._before_s is None else min(max(state.time_s - self._before_s, 0.0), 1.0)
            self._before_s = state.time_s
            period_s = 60.0 / state.tempo_bpm
            if state.beat_count != self._count:
                self._count = state.beat_count
                self._beats.append((state.beat_count, state.time_s - state.beat_phase * period_s))
            while self._beats and state.time_s - self._beats[0][1] > LATEST_S + 0.02:
                self._match(*self._beats.popleft(), period_s)
            aim_s, ease_s = self._aim_s, EASE_S
            if self._line is not None:
                start_s, step_s = self._line
                coming_s = state.time_s + (1.0 - state.beat_phase) * period_s
                aim_s = start_s + step_s * (state.beat_count + 1 - self._hits[-1][0]) - ONSET_LATE_S - coming_s
                aim_s, ease_s = min(max(aim_s, -MOST_S), MOST_S), EASE_LINE_S
            self.late_s += (aim_s - self.late_s) * -math.expm1(-dt_s / ease_s)

    def _match(self, number: int, beat_s: float, period_s: float) -> None:
        """Note how far the onset that belongs to a beat lies from it, if there is one."""
        usual_s = median(self._apart) if len(self._apart) >= ENOUGH else USUAL_S
        near = [o - beat_s for o in self._onsets if EARLIEST_S < o - beat_s < LATEST_S]
        if near:
            apart_s = min(near, key=lambda d: abs(d - usual_s))
            self._apart.append(apart_s)
            self._hits.append((number, beat_s + apart_s))
        if len(self._apart) < ENOUGH:
            return
        self._line = self._fit(number, period_s)
        ordered = sorted(self._apart)
        quarter = len(ordered) // 4
        width_s = ordered[-1 - quarter] - ordered[quarter]
        sure = min(max((UNSURE_S - width_s) / (UNSURE_S - SURE_S), 0.0), 1.0)
        self._aim_s = sure * min(max(median(ordered) - ONSET_LATE_S, -MOST_S), MOST_S)

    def _fit(self, number: int, period_s: float) -> tuple[float, float] | None:
        """(stream time of the last hit by the line, s from beat to beat), None where the hits make no line."""
        last = self._hits[-1][0]
        hits = [(n - last, t) for n, t in self._hits if number - n < LINE]
        least = MOSTLY * len(hits)
        for _ in range(3):
            line = _line_through(hits)
            if line is None or len(hits) < least or abs(line[1] / period_s - 1.0) > BENT:
                return None
            left = [(n, t) for n, t in hits if abs(t - line[0] - line[1] * n) <= OFF_LINE_S]
            if len(left) == len(hits):
                return line
            hits = left
        return None


def _line_through(hits: list[tuple[int, float]]) -> tuple[float, float] | None:
    """Least squares through (number, time), the newest weighing most; None for too few."""
    if len(hits) < ENOUGH or hits[-1][0] - hits[0][0] < ENOUGH - 1:
        return None
    weights = [FORGET**-n for n, _ in hits]
    total = sum(weights)
    mean_n = sum(w * n for w, (n, _) in zip(weights, hits, strict=True)) / total
    mean_t = sum(w * t for w, (_, t) in zip(weights, hits, strict=True)) / total
    spread = sum(w * (n - mean_n) ** 2 for w, (n, _) in zip(weights, hits, strict=True))
    slope = sum(w * (n - mean_n) * (t - mean_t) for w, (n, t) in zip(weights, hits, strict=True)) / spread
    return mean_t - slope * mean_n, slope
