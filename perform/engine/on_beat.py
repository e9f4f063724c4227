"""A slow painter's pictures on the beat: begun so early that they are finished in time, and shown when it comes.

The deadline is the predicted beat; the work begins its 95th percentile (and a tick) before it. A picture that is ready
early waits; one that is late is shown at once, and counted. Where pictures are drawn between those of the painter, it
begins right after a beat instead, so that the way to the next picture is known and ends on the next beat.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from perform.core.divisions import Division, parse_division
from perform.core.types import Frame, Moment

OFF = "off"
KEPT = 64
GIVE_UP = 3.0
"""Times the expected work after which a picture that never came is not waited for any more."""
SHORTEST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen in a tick. starts: a picture is to be begun now. ahead_s: how far ahead its moment lies."""

    starts: bool
    ahead_s: float


class OnBeat:
    """One deck's. One owner: the engine's thread. late: pictures that missed; errors_ms: of the last ones, when each
    was shown against its beat (over 0: late)."""

    def __init__(self, length: str) -> None:
        self.length = length
        self._division: Division = parse_division(length)
        self._target: float | None = None
        self._begun_at = -1
        self._before = 0
        self._count: float | None = None
        self._due_s = 0.0
        self._shown: Frame | None = None
        self.landed = self.late = 0
        self.errors_ms: deque[float] = deque(maxlen=KEPT)

    def plan(self, moment: Moment, work_s: float, newest: Frame | None, *, between: bool, exact: bool) -> Plan:
        """Whether to begin a picture in the tick of `moment`.

        work_s: what a picture takes, nearly always. between: the way from picture to picture is drawn too. exact:
        offline, where a picture is finished in the tick that begins it.
        """
        count = self._division.count(moment)
        new = self._count is not None and math.floor(count + 1e-9) > math.floor(self._count + 1e-9)
        first, self._count = self._count is None, count
        if exact:
            if not (new or first):
                return Plan(False, 0.0)
            ahead = math.floor(count + 1e-9) + 1.0 - count if between else 0.0
            return self._begun(moment, newest, count + ahead, self._seconds(moment, ahead))
        if self._busy(moment, newest, work_s):
            return Plan(False, 0.0)
        need_s = work_s + moment.dt_s
        target = math.floor(count + 1e-9) + 1.0
        left_s = self._seconds(moment, target - count)
        if left_s < need_s:  # this one cannot be met: aim at the first that can
            skipped = math.ceil((need_s - left_s) / max(self._seconds(moment, 1.0), 1e-6))
            target, left_s = target + skipped, left_s + self._seconds(moment, skipped)
        once = between and math.floor(count + 1e-9) > self._begun_at  # right after a beat, once
        if once or first or (not between and left_s - moment.dt_s < need_s):
            return self._begun(moment, newest, target, left_s)
        return Plan(False, 0.0)

    def _begun(self, moment: Moment, newest: Frame | None, target: float, ahead_s: float) -> Plan:
        self._target, self._due_s = target, moment.seconds + ahead_s
        self._begun_at = math.floor(self._division.count(moment) + 1e-9)
        self._before = 0 if newest is None else newest.sequence
        return Plan(True, ahead_s)

    def _busy(self, moment: Moment, newest: Frame | None, work_s: float) -> bool:
        """Whether a picture is being painted, or waits for its beat."""
        if self._target is None:
            return False
        waited_s = moment.seconds - self._due_s
        if (newest is None or newest.sequence == self._before) and waited_s > max(GIVE_UP * work_s, SHORTEST_WAIT_S):
            self._target = None  # it failed, or hangs: begin anew
            return False
        return True

    def moment(self, moment: Moment, plan: Plan) -> Moment:
        """The moment that a picture begun now is painted for: its beat, and when that will be."""
        return replace(moment.ahead(plan.ahead_s), seconds=moment.seconds + plan.ahead_s)

    def shown(self, newest: Frame | None, moment: Moment, *, between: bool) -> Frame | None:
        """The picture to show now: a new one on its beat, until then the one before."""
        if newest is None or self._shown is None or newest is self._shown:
            self._take(newest, moment, counts=False)
        elif newest.sequence == self._before and self._target is not None:
            self._shown = newest
        elif between:  # it is shown by and by, and stands whole when its time has come
            self._take(newest, moment, counts=True, between=True)
        elif self._target is None or self._division.count(moment) + 1e-9 >= self._target:
            self._take(newest, moment, counts=True)
        return self._shown

    def _take(self, newest: Frame | None, moment: Moment, *, counts: bool, between: bool = False) -> None:
        fresh = newest is not self._shown
        self._shown = newest
        if not fresh or newest is None:
            return
        if counts and self._target is not None:
            # Musical time is that of the middle of a frame; what the eye sees is when the picture changes.
            off_s = self._seconds(moment, self._division.count(moment) - self._target) - 0.5 * moment.dt_s
            off_s = max(off_s, 0.0) if between else off_s
            self.errors_ms.append(1000.0 * off_s)
            self.landed += 1
            self.late += off_s > moment.dt_s
        self._target = None

    def report(self) -> dict[str, float]:
        """For the HUD and for JSON."""
        errors = sorted(self.errors_ms)
        middle = errors[len(errors) // 2] if errors else 0.0
        return {"landed": self.landed, "late": self.late, "late_ms_p50": round(middle, 1)}

    def _seconds(self, moment: Moment, count: float) -> float:
        """How long `count` of the lengths last, at the tempo of now."""
        return count * self._division.in_beats(moment.beats_per_bar) * 60.0 / max(moment.tempo_bpm, 1.0)
