"""Ways through a latent space, in numpy. Everything here is a deviation d = w - w_avg, [w_dim] float64.

A path mixes anchors (the w of whole seeds) with weights c. In many dimensions anchors are nearly orthogonal, so a
plain average falls towards the mean, where every model paints mush; `mix` therefore keeps the length that the
anchors have, as slerp does for two. Weights come from uniform cubic B-splines: the path and its first two
derivatives have no jump, and its speed is nearly even.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from perform.core.blend import slerp

Anchor = Callable[[int], np.ndarray]
"""Seed number -> deviation [w_dim]."""

GAIN_LIMIT = 1.7  # how far `mix` stretches; sqrt(2) is met between two orthogonal anchors
SEEDS = 1 << 32
PLANE_ROW = 100  # seeds from one row of the plane to the next


def mix(anchors: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Weighted mean of deviations, stretched to the length that its parts have. One weight of 1: that very anchor."""
    total = np.zeros_like(anchors[0], dtype=np.float64)
    wanted = power = 0.0
    for anchor, weight in zip(anchors, weights, strict=True):
        total += weight * anchor
        wanted += weight * weight * math.sqrt(anchor @ anchor)
        power += weight * weight
    return stretched(total, wanted / power) if power > 0.0 else total


def stretched(vector: np.ndarray, length: float) -> np.ndarray:
    """`vector` at `length`, as far as GAIN_LIMIT allows: opposite anchors may cancel, and noise is no picture."""
    found = math.sqrt(vector @ vector)
    if found < 1e-12:
        return vector
    return vector * min(max(length / found, 1.0 / GAIN_LIMIT), GAIN_LIMIT)


def spline(t: float) -> tuple[float, float, float, float]:
    """Uniform cubic B-spline weights of the four control points around a segment, t in 0..1; their sum is 1."""
    s = 1.0 - t
    return (
        s * s * s / 6.0,
        (3 * t * t * t - 6 * t * t + 4) / 6.0,
        (3 * s * s * s - 6 * s * s + 4) / 6.0,
        t * t * t / 6.0,
    )


def trail(anchor: Anchor, seed: int, u: float) -> np.ndarray:
    """The endless path from `seed` along seed + 1, seed + 2, ...; u >= 0 counts anchors. At u = 0 it is that seed.

    It starts at the seed with its natural end (second derivative zero) and passes close by the later ones.
    """
    u = max(u, 0.0)
    index = int(u)
    weights = spline(u - index)
    if index == 0:
        # The control point before the first is 2 * first - second, which makes the path start in the seed itself.
        before, first, second, third = weights
        weights, index = (first + 2.0 * before, second - before, third, 0.0), 1
    return mix([anchor((seed + index - 1 + k) % SEEDS) for k in range(4)], weights)


def ring_weights(count: int) -> np.ndarray:
    """[count, count] matrix from keyframes to the control points of the closed spline that passes through them."""
    rows = np.zeros((count, count))
    for k in range(count):
        for step, weight in ((-1, 1 / 6), (0, 4 / 6), (1, 1 / 6)):
            rows[k, (k + step) % count] += weight
    return np.linalg.inv(rows)


class Ring:
    """A closed path through `count` keyframes seed, seed + 1, ... Phase 0 and 1 are the first keyframe."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._controls = ring_weights(count)

    def weights(self, phase: float) -> np.ndarray:
        """[count] weights of the keyframes at a phase; any real phase, only its fraction counts."""
        place = (phase % 1.0) * self.count
        index = int(place)
        weights = np.zeros(self.count)
        for k, weight in enumerate(spline(place - index)):
            weights += weight * self._controls[(index - 1 + k) % self.count]
        return weights

    def at(self, anchor: Anchor, seed: int, phase: float) -> np.ndarray:
        """The deviation at a phase."""
        return self.through([anchor((seed + k) % SEEDS) for k in range(self.count)], phase)

    def through(self, points: Sequence[np.ndarray], phase: float) -> np.ndarray:
        """The deviation at a phase of the path through these points, `count` of them."""
        return mix(points, self.weights(phase))


def orbit(anchor: Anchor, seed: int, turns: float, reach: float) -> np.ndarray:
    """A circle around `seed` in the plane of two other seeds. reach 0..1: from standing still to 60 degrees away."""
    centre, tilt, angle = anchor(seed), math.radians(60.0) * reach, 2.0 * math.pi * (turns % 1.0)
    if tilt == 0.0:
        return centre
    side = math.sin(tilt)
    weights = (math.cos(tilt), side * math.cos(angle), side * math.sin(angle))
    return mix([centre, anchor((seed + 1) % SEEDS), anchor((seed + 2) % SEEDS)], weights)


def plane(anchor: Anchor, seed: int, x: float, y: float) -> np.ndarray:
    """A place on the plane of seeds: x counts seeds, y hundreds of them, as other tools lay them out. At whole numbers
    it is that very seed, between them it goes along arcs."""
    column, row = math.floor(x), math.floor(y)
    corner = (seed + column + PLANE_ROW * row) % SEEDS

    def along(start: int) -> np.ndarray:
        if x == column:
            return anchor(start)
        return between(anchor(start), anchor((start + 1) % SEEDS), x - column)

    return between(along(corner), along((corner + PLANE_ROW) % SEEDS), y - row) if y != row else along(corner)


def noise_loop(anchor: Anchor, seed: int, phase: float, reach: float) -> np.ndarray:
    """A closed path round `seed` that wanders as noise does: a circle through a smooth random field. reach 0..1: its
    radius. The field is three harmonics of other seeds, each half as strong as the one before."""
    centre = anchor(seed)
    if reach <= 0.0:
        return centre
    anchors, weights = [centre], [1.0]
    for harmonic in range(1, 4):
        angle, size = 2.0 * math.pi * harmonic * (phase % 1.0), 1.4 * reach * 0.5 ** (harmonic - 1)
        anchors += [anchor((seed + 2 * harmonic - 1) % SEEDS), anchor((seed + 2 * harmonic) % SEEDS)]
        weights += [size * math.sin(angle), size * (math.cos(angle) - 1.0)]
    return mix(anchors, weights)


def between(first: np.ndarray, second: np.ndarray, amount: float) -> np.ndarray:
    """From first (0) to second (1) along the arc, keeping the length that lies between theirs."""
    if amount <= 0.0:
        return first
    if amount >= 1.0:
        return second
    return slerp(first, second, amount)


class Glide:
    """Carries the picture over a cut: what was shown fades into the new path, fast at first, then settling."""

    def __init__(self) -> None:
        self._offset: np.ndarray | None = None
        self._from = 0.0
        self._age_s = 0.0

    def start(self, shown: np.ndarray, target: np.ndarray, late_s: float = 0.0) -> None:
        """Begin at `shown`. late_s: how long ago the cut really was (a beat falls between two frames)."""
        self._offset = shown - target
        self._from = math.sqrt(shown @ shown)
        self._age_s = late_s

    def stop(self) -> None:
        """Drop what is left of the old path."""
        self._offset = None

    def step(self, target: np.ndarray, dt_s: float, glide_s: float) -> np.ndarray:
        """What to show now, `dt_s` after the last step (0 right after start)."""
        if self._offset is None:
            return target
        self._age_s += dt_s
        if self._age_s >= glide_s:
            self._offset = None
            return target
        if len(target) < len(self._offset):  # from a w for each layer to one for all
            target = np.tile(target, len(self._offset) // len(target))
        left = (1.0 - self._age_s / glide_s) ** 3
        length = left * self._from + (1.0 - left) * math.sqrt(target @ target)
        return stretched(target + left * self._offset, length)
