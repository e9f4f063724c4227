"""Where in the attack the beat lies: the tracker's count, laid on the onsets that fall on its beats.

The tracker hears an onset when its detection function peaks, which for a click is soon and for a soft drum is late, so
its beats lie up to twenty milliseconds early or late, by much the same for as long as a song lasts. The analyser's
onsets come within a hop of the attack, whatever the drum. The middle of the distances between the two is taken off.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from statistics import median

from perform.features.beat.tracker import BeatState

ONSET_LATE_S = 0.008
"""From an attack to the end of the hop in which the analyser counts it: 5.5 ms for a click, 9.4 in the built-in band,
about 10 against the annotations of the development set; this lies between."""
EARLIEST_S, LATEST_S, USUAL_S = -0.025, 0.05, 0.018
"""An onset so far from a beat of the tracker's, or nearer, is one on the beat; where it is sought at first."""
KEPT, ENOUGH = 24, 6
SURE_S, UNSURE_S = 0.01, 0.022
"""Middle half of the distances: as narrow as this the correction is whole, as wide as that there is none."""
MOST_S = 0.03
EASE_S = 1.5


class Anchor:
    """Takes the onsets and the tracker's states; `late_s` is how much later than the tracker says its beats fall."""

    def __init__(self) -> None:
        self.late_s = 0.0
        self._onsets: deque[float] = deque(maxlen=32)
        self._apart: deque[float] = deque(maxlen=KEPT)
        self._beats: deque[float] = deque(maxlen=4)
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
            if state.beat_count != self._count:
                self._count = state.beat_count
                period_s = 60.0 / state.tempo_bpm
                self._beats.append(state.time_s - state.beat_phase * period_s)
            while self._beats and state.time_s - self._beats[0] > LATEST_S + 0.02:
                self._match(self._beats.popleft())
            self.late_s += (self._aim_s - self.late_s) * -math.expm1(-dt_s / EASE_S)

    def _match(self, beat_s: float) -> None:
        """Note how far the onset that belongs to a beat lies from it, if there is one."""
        usual_s = median(self._apart) if len(self._apart) >= ENOUGH else USUAL_S
        near = [o - beat_s for o in self._onsets if EARLIEST_S < o - beat_s < LATEST_S]
        if not near:
            return
        self._apart.append(min(near, key=lambda d: abs(d - usual_s)))
        if len(self._apart) < ENOUGH:
            return
        ordered = sorted(self._apart)
        quarter = len(ordered) // 4
        width_s = ordered[-1 - quarter] - ordered[quarter]
        sure = min(max((UNSURE_S - width_s) / (UNSURE_S - SURE_S), 0.0), 1.0)
        self._aim_s = sure * min(max(median(ordered) - ONSET_LATE_S, -MOST_S), MOST_S)
