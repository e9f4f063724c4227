"""Where the walk is: takes parameters and moments, gives a place in w for the picture and for its second style."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from perform.core.smoothing import Envelope
from perform.core.types import Moment
from perform.generators.playing import elapsed_s

from . import keys, walk
from .even import Even, Path
from .jumps import Jumps
from .walk import SEEDS, Anchor, Glide, Ring, between

SEED_S = 8.0  # seconds from seed to seed at speed 1
PUSH_LEAD = 0.5  # seeds that a full push throws the walk ahead, for as long as it lasts
PUSH_PACE = 0.3  # seeds a second that a full push adds to the walk
PUSH_ATTACK_S, PUSH_RELEASE_S = 0.02, 0.2
SECOND_PACE = 0.3  # the second style walks at this part of the first one's pace
SECOND_KEYFRAMES = 3
TURN_PER_SEED = 0.9  # radians of `Place.turn`
ORBIT_SEEDS = 3.0  # a turn of the orbit takes as long as this many seeds of the drift
MOVING = ("drift", "orbit")
BY_BEATS = ("loop", "noise_loop")


@dataclass(frozen=True, slots=True)
class Place:
    """first, second: deviations from w_avg of the picture and of its second style, [w_dim]; the first may be
    [num_ws * w_dim], where keyframes have a w for each layer. turn: radians, a slow angle for what sways along with
    the walk; it closes with the loop. loop: phase 0..1 of the loop, else None."""

    first: np.ndarray
    second: np.ndarray
    turn: float
    loop: float | None


def nothing_saved(_name: str) -> np.ndarray | None:
    """No latent has any name."""
    return None


class Travel:
    """The state of one walk. The same parameters and moments give the same places, whatever the frame rate.

    even: rates of stretches of paths, where the model can be looked at. saved: name of a latent -> its deviations
    [num_ws * w_dim], None while it is not there.
    """

    def __init__(
        self, anchor: Anchor, even: Even | None = None, saved: Callable[[str], np.ndarray | None] = nothing_saved
    ) -> None:
        self._anchor = anchor
        self._even = even
        self._saved = saved
        self._jumps = Jumps()
        self._push = Envelope(PUSH_ATTACK_S, PUSH_RELEASE_S)
        self._first, self._second = Glide(), Glide()
        self._shown: Place | None = None
        self._moment: Moment | None = None
        self._before: tuple[Any, ...] = (None, None, 0, 0)
        self._seed: int | None = None
        self._arrived: int | None = None
        self._leaps = 0  # new seeds that the walk was not led to
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
        moving = p["walk"] in MOVING
        pace = float(p["speed"]) / SEED_S + push * PUSH_PACE if moving else 0.0
        step = 0.5 * (pace + self._pace) * dt_s if self._pace and moving else pace * dt_s
        amount = float(p["even"])
        if amount > 0.0 and step > 0.0 and self._even is not None:
            key, path = self._stretch(p)
            self._u = self._even.advance(key, path, self._u, step, amount)
        else:
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
            if p["seed"] != self._arrived:  # where `seed_at` has led there the walk just goes on
                self._base, self._u, self._leaps = 0, 0.0, self._leaps + 1
            self._seed = p["seed"]
        elif late_s is not None:
            walk = p["walk"]
            self._base += int(p["keyframes"]) if walk == "loop" else 1 if walk == "orbit" else int(self._u) + 1
            self._u = self._u if walk == "orbit" else 0.0
        self._arrived = p["seed_to"] if p["seed_at"] >= 1.0 else None
        return late_s or 0.0

    def _space(self, p: Mapping[str, Any]) -> tuple[Anchor, Callable[[np.ndarray], np.ndarray]]:
        """What paths are made of (w, or z, which is mapped at every step), and how to come from there to w."""
        if p["space"] == "z" and hasattr(self._anchor, "from_z"):
            return _led(self._anchor.z, p), self._anchor.from_z  # type: ignore[attr-defined]
        return _led(self._anchor, p), _as_is

    def _plain(self, p: Mapping[str, Any]) -> tuple[Anchor, Callable[[np.ndarray], np.ndarray]]:
        """The same for the second style, which has a seed of its own."""
        return self._space({**p, "seed_at": 0.0})

    def _from(self, p: Mapping[str, Any]) -> int:
        return (int(p["seed"]) + self._base) % SEEDS

    def _stretch(self, p: Mapping[str, Any]) -> tuple[Any, Path]:
        """What is walked now, as (what it depends on, seeds travelled -> deviation)."""
        seed, reach, orbits = self._from(p), float(p["reach"]), p["walk"] == "orbit"
        anchor, to_w = self._space(p)

        def path(u: float) -> np.ndarray:
            if orbits:
                return to_w(walk.orbit(anchor, seed, u / ORBIT_SEEDS, reach))
            there = walk.trail(anchor, seed, u)
            return to_w(between(anchor(seed), there, reach) if u > 0.0 else there)

        return (orbits, seed, _lead(p), round(reach, 3), p["space"], getattr(self._anchor, "mixture", None)), path

    def _place(self, p: Mapping[str, Any], moment: Moment, push: float) -> Place:
        """Where the path is now, without regard to where it was."""
        kind, ahead = p["walk"], PUSH_LEAD * push
        if kind in BY_BEATS:
            return self._on_beats(p, moment, ahead)
        anchor, to_w = self._space(p)
        if kind == "plane":
            first = to_w(walk.plane(anchor, self._from(p), float(p["plane_x"]) + ahead, float(p["plane_y"])))
        else:
            first = self._stretch(p)[1](self._u + ahead)
        plain, to_w = self._plain(p)
        second = to_w(walk.trail(plain, int(p["mix_seed"]), self._second_u))
        return Place(first, second, TURN_PER_SEED * self._way, None)

    def _on_beats(self, p: Mapping[str, Any], moment: Moment, ahead: float) -> Place:
        """The place on a loop. The phase comes from the beat alone, so that it can never drift."""
        anchor, to_w = self._space(p)
        phase = (moment.beats / int(p["loop_beats"])) % 1.0
        second = to_w(self._second_ring.at(self._plain(p)[0], int(p["mix_seed"]), phase))
        if p["walk"] == "noise_loop":
            first = to_w(walk.noise_loop(anchor, self._from(p), phase + ahead / ORBIT_SEEDS, float(p["reach"])))
        else:
            first = self._on_ring(p, phase, ahead, anchor, to_w)
        return Place(first, second, 2.0 * math.pi * phase, phase)

    def _on_ring(
        self,
        p: Mapping[str, Any],
        phase: float,
        ahead: float,
        anchor: Anchor,
        to_w: Callable[[np.ndarray], np.ndarray],
    ) -> np.ndarray:
        """On the closed path through the keyframes."""
        points, to_w, key = self._points(p, anchor, to_w)
        count = len(points)
        if count != self._ring.count:
            self._ring = Ring(count)
        place, amount = keys.eased(phase, count, float(p["ease"])), float(p["even"])
        if amount > 0.0 and self._even is not None and count > 1:
            segment = int(place * count)

            def path(u: float) -> np.ndarray:
                return to_w(self._ring.through(points, u / count))

            inside = self._even.timed((key, count), path, segment, place * count - segment, amount)
            place = (segment + inside) / count
        return to_w(self._ring.through(points, place + ahead / count))

    def _points(
        self, p: Mapping[str, Any], anchor: Anchor, to_w: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[list[np.ndarray], Callable[[np.ndarray], np.ndarray], Any]:
        """The keyframes, the way from them to w, and what they depend on. Saved latents are in w, and may have a w for
        each layer; then all have."""
        named = keys.parse(str(p["keys"]))
        base, mixture = self._base, getattr(self._anchor, "mixture", None)
        if not named:
            seed, count = self._from(p), int(p["keyframes"])
            return [anchor((seed + k) % SEEDS) for k in range(count)], to_w, (seed, _lead(p), p["space"], mixture)
        key = (named, base, p["space"], mixture)
        if not any(isinstance(k, str) for k in named):
            plain = self._plain(p)[0]
            return [plain((int(k) + base) % SEEDS) for k in named], to_w, key
        there = [self._saved(k) if isinstance(k, str) else self._anchor((k + base) % SEEDS) for k in named]
        points = [x for x in there if x is not None] or [self._anchor(self._from(p))]
        most = max(len(x) for x in points)
        return [np.tile(x, most // len(x)) for x in points], _as_is, (key, len(points))

    def _carried(self, p: Mapping[str, Any], place: Place, dt_s: float, late_s: float) -> Place:
        """The place with what remains of cuts: a new seed, a jump, another kind of walk glide in."""
        glide_s, shown = float(p["glide_s"]), self._shown
        cuts = (*self._cuts(p), len(place.first), len(place.second))
        steps = [dt_s, dt_s]
        if shown is not None:
            parts = ((self._first, shown.first, place.first), (self._second, shown.second, place.second))
            for n, (glide, old, new) in enumerate(parts):
                if cuts[n::2] != self._before[n::2]:
                    glide.start(*_alike(old, new), late_s)
                    steps[n] = 0.0
        self._before = cuts
        first = self._first.step(place.first, steps[0], glide_s)
        second = self._second.step(place.second, steps[1], glide_s)
        return Place(first, second, place.turn, place.loop)

    def _cuts(self, p: Mapping[str, Any]) -> tuple[Any, Any]:
        """What the two places depend on in steps: where one of these changes, the picture glides."""
        kind = p["walk"]
        path: Any = kind if kind in ("orbit", "plane") else "trail"
        if kind == "loop":
            path = (kind, self._ring.count, p["loop_beats"], p["keys"])
        elif kind == "noise_loop":
            path = (kind, p["loop_beats"])
        common = (p["space"], p["class_1"], p["class_2"])
        return (self._leaps, self._base, path, *common), (p["mix_seed"], kind in BY_BEATS, *common)


def _lead(p: Mapping[str, Any]) -> tuple[int, int] | None:
    """Which way `seed_at` leads, in quarters: the pace along a path is looked at anew no more often than that."""
    return (int(p["seed_to"]), round(4.0 * float(p["seed_at"]))) if p["seed_at"] > 0.0 else None


def _led(anchor: Anchor, p: Mapping[str, Any]) -> Anchor:
    """Seeds on their way to those that lie as far from `seed_to` as they from `seed`."""
    share, steps = float(p["seed_at"]), int(p["seed_to"]) - int(p["seed"])
    if share <= 0.0 or steps == 0:
        return anchor

    def led(seed: int) -> np.ndarray:
        there = anchor((seed + steps) % SEEDS)
        return there if share >= 1.0 else between(anchor(seed), there, share)

    return led


def _as_is(place: np.ndarray) -> np.ndarray:
    return place


def _alike(old: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two places of one length: one w for all layers is the same w for each."""
    most = max(len(old), len(new))
    return np.tile(old, most // len(old)), np.tile(new, most // len(new))
