"""Where the walk is: takes parameters and moments, gives a place in w for the picture and for its second style."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from perform.core.smoothing import Envelope
from perform.core.types import Moment

from .jumps import Jumps
from .walk import SEEDS, Anchor, Glide, Ring, between, orbit, trail

SEED_S = 8.0  # seconds from seed to seed at speed 1
PUSH_LEAD = 0.5  # seeds that a full push throws the walk ahead, for as long as it lasts
PUSH_PACE = 0.3  # seeds a second that a full push adds to the walk
PUSH_ATTACK_S, PUSH_RELEASE_S = 0.02, 0.2
SECOND_PACE = 0.3  # the second style walks at this part of the first one's pace
SECOND_KEYFRAMES = 3
TURN_PER_SEED = 0.9  # radians of `Place.turn`
ORBIT_SEEDS = 3.0  # a turn of the orbit takes as long as this many seeds of the drift
LONGEST_DT_S = 1.0  # after a stall the walk goes on from where it was, and does not leap after the clock


@dataclass(frozen=True, slots=True)
class Place:
    """first, second: deviations from w_avg [w_dim] of the picture and of its second style. turn: radians, a slow
    angle for what sways along with the walk; it closes with the loop. loop: phase 0..1 of the loop, else None."""

    first: np.ndarray
    second: np.ndarray
    turn: float
    loop: float | None


def elapsed_s(before: Moment | None, now: Moment) -> float:
    """Seconds from one rendered moment to the next, 0..LONGEST_DT_S. A slow model skips ticks: then `dt_s`, which is
    that of one tick, would be too short."""
    dt_s = now.dt_s
    if before is not None and now.frame > before.frame + 1:
        dt_s = max(dt_s, now.seconds - before.seconds)
    return min(max(dt_s, 0.0), LONGEST_DT_S) if math.isfinite(dt_s) else 0.0


class Travel:
    """The state of one walk. The same parameters and moments give the same places, whatever the frame rate."""

    def __init__(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._jumps = Jumps()
        self._push = Envelope(PUSH_ATTACK_S, PUSH_RELEASE_S)
        self._first, self._second = Glide(), Glide()
        self._shown: Place | None = None
        self._moment: Moment | None = None
        self._keys: tuple[Any, Any] = (None, None)
        self._seed: int | None = None
        self._base = 0  # seeds that jumps moved on from `seed`
        self._u = 0.0  # seeds walked since the last jump
        self._way = 0.0  # seeds walked in all
        self._second_u = 0.0
        self._pace = 0.0
        self._ring = Ring(1)
        self._second_ring = Ring(SECOND_KEYFRAMES)

    def step(self, p: Mapping[str, Any], moment: Moment) -> Place:
        """One tick. p: checked values of the instrument's rows."""
        dt_s = elapsed_s(self._moment, moment)
        self._moment = moment
        push = self._advance(p, dt_s)
        late_s = self._jump(p, moment)
        place = self._place(p, moment, push)
        self._shown = place = self._carried(p, place, dt_s, late_s)
        return place

    def _advance(self, p: Mapping[str, Any], dt_s: float) -> float:
        """Walk on for dt; returns the smoothed push."""
        push = self._push.step(float(p["push"]), dt_s)
        moving = p["walk"] in ("drift", "orbit")
        pace = float(p["speed"]) / SEED_S + push * PUSH_PACE if moving else 0.0
        step = 0.5 * (pace + self._pace) * dt_s if self._pace and moving else pace * dt_s
        self._u += step
        self._way += step
        self._second_u += SECOND_PACE * step
        self._pace = pace
        return push

    def _jump(self, p: Mapping[str, Any], moment: Moment) -> float:
        """Move on where a jump is due; returns by how many seconds this moment is late for it."""
        on = p["jump_on"] if p["walk"] != "hold" else "off"
        late_s = self._jumps.step(int(p["jump"]), on, moment, float(p["push"]))
        if self._seed != p["seed"]:
            self._seed, self._base, self._u = p["seed"], 0, 0.0
        elif late_s is not None:
            walk = p["walk"]
            self._base += int(p["keyframes"]) if walk == "loop" else 1 if walk == "orbit" else int(self._u) + 1
            self._u = self._u if walk == "orbit" else 0.0
        return late_s or 0.0

    def _place(self, p: Mapping[str, Any], moment: Moment, push: float) -> Place:
        """Where the path is now, without regard to where it was."""
        seed, walk, ahead = (int(p["seed"]) + self._base) % SEEDS, p["walk"], PUSH_LEAD * push
        if walk == "loop":
            return self._on_ring(p, moment, seed, ahead)
        reach = float(p["reach"])
        if walk == "orbit":
            first = orbit(self._anchor, seed, (self._u + ahead) / ORBIT_SEEDS, reach)
        else:
            first = trail(self._anchor, seed, self._u + ahead)
            first = between(self._anchor(seed), first, reach) if self._u + ahead > 0.0 else first
        second = trail(self._anchor, int(p["mix_seed"]), self._second_u)
        return Place(first, second, TURN_PER_SEED * self._way, None)

    def _on_ring(self, p: Mapping[str, Any], moment: Moment, seed: int, ahead: float) -> Place:
        """The place on the loop. The phase comes from the beat alone, so that it can never drift."""
        count = int(p["keyframes"])
        if count != self._ring.count:
            self._ring = Ring(count)
        phase = (moment.beats / int(p["loop_beats"])) % 1.0
        first = self._ring.at(self._anchor, seed, phase + ahead / count)
        second = self._second_ring.at(self._anchor, int(p["mix_seed"]), phase)
        return Place(first, second, 2.0 * math.pi * phase, phase)

    def _carried(self, p: Mapping[str, Any], place: Place, dt_s: float, late_s: float) -> Place:
        """The place with what remains of cuts: a new seed, a jump, another kind of walk glide in."""
        walk, glide_s, shown = p["walk"], float(p["glide_s"]), self._shown
        ring = (walk, p["keyframes"], p["loop_beats"]) if walk == "loop" else walk if walk == "orbit" else "trail"
        keys = ((p["seed"], self._base, ring), (p["mix_seed"], walk == "loop"))
        steps = [dt_s, dt_s]
        if shown is not None:
            parts = ((self._first, shown.first, place.first), (self._second, shown.second, place.second))
            for n, (glide, old, new) in enumerate(parts):
                if keys[n] != self._keys[n]:
                    glide.start(old, new, late_s)
                    steps[n] = 0.0
        self._keys = keys
        first = self._first.step(place.first, steps[0], glide_s)
        second = self._second.step(place.second, steps[1], glide_s)
        return Place(first, second, place.turn, place.loop)
