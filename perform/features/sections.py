"""Where in its form the music is: energy and its trend, build-up, drop, break, silence. Causal, and cheap.

Looked at some 47 times a second, in four parts of the spectrum: low (kick and bass), middle, upper, high (hats,
noise, the open end of a filter). Of each, two things are kept: its level, and its drive, the decibels by which it
jumps up per second, which is what drums do and pads do not. No method for this in real time is agreed upon; these
rules are our own, tuned on pieces made to order and on the built-in band, and looked at on real music:

- energy: level and drive, each against the fullest that the piece has shown in the last minute or two;
- build: the top, the noise, the loudness or the drums' density have risen steadily for six to nine seconds. The
  steepest three seconds do not count, so that a layer which comes in is no build-up;
- break: the low drums (and mostly the bass) have gone, compared with what the piece has shown, and music goes on;
- drop: after a build-up or a break the low part strikes again, near its usual level. After a break alone the whole
  must be near full as well, and after a build-up whose kick never stopped, its top must break off.

Times are in seconds and not in bars, so that nothing hangs on a tempo that may be wrong: two seconds are a bar at 120.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from perform.features.climb import STEP_S, Climb
from perform.features.tables import mel_edges_hz

LOW, MIDDLE, UPPER, HIGH, WHOLE = range(5)
EDGES_HZ = ((0.0, 150.0), (200.0, 1000.0), (1000.0, 4500.0), (4500.0, math.inf))
FLOORS = tuple(10.0 ** (0.1 * db) for db in (-30.0, -36.0, -40.0, -46.0, -40.0))
"""A part this far under the loudness of the whole counts for nothing; the last one is the whole itself."""

RISE_LEAST_DB, RISE_MOST_DB = 2.0, 15.0
"""Jumps of one look that count for drive."""
DRIVE_S, LEVEL_S, FAST_S = 0.9, 0.6, 0.1
DRIVE_LEAST = 8.0
"""Decibels a second: less is no drum."""

START_DB, SETTLE_S = 5.0, 12.0
"""A piece begins as if it had been this much louder before, so that its first bars are not taken for its peak."""
TOP_RISE_S, TOP_FALL_S, TOP_SETTLE_S = 2.5, 90.0, 15.0
RANGES_DB = (16.0, 18.0, 20.0, 22.0, 22.0)
"""From energy 1 down to 0."""
SHARES = (0.2, 0.0, 0.0, 0.2, 0.4)
"""How far each level counts for energy; the rest is drive."""
ENERGY_S = 0.8

CLIMB = (0.0, 0.4, 0.6, 1.0, 0.6, 0.6, 0.25)
"""What one decibel of steady rise is worth: the parts, the whole, flatness (x 20), density of drums (dB, doubled)."""
CLIMB_LO, CLIMB_HI = 2.1, 5.1
BUILD_RISE_S, BUILD_FALL_S = 1.2, 1.5

USUAL_RISE_S, USUAL_FALL_S = 4.0, 60.0
GONE, GONE_QUIET, QUIET_DB = 0.15, 0.35, 5.0
"""Drums are gone under this share of their usual drive; with the bass down by QUIET_DB under the larger one."""
BREAK_AFTER_S, BREAK_FULL_S, BREAK_END_S = 1.3, 3.0, 0.15
BACK_S = 0.12

ARMED_AT, ARMED_S = 0.5, 3.5
BUILT_S = 1.5
"""A build-up that a drop may follow has lasted this long, at ARMED_AT or more; it, or a break, ended ARMED_S ago."""
STRIKE_DB, NEAR_DB = 6.0, 6.0
"""A strike: the low part jumps by STRIKE_DB in a look, and comes within NEAR_DB of its usual level."""
GAP_LEAST_S, GAP_MORE, AWAY_DB = 0.6, 1.4, 4.0
"""For a drop, strikes have been missing this much longer than usual, and the low part was AWAY_DB under its usual."""
FULL_DB, PROVE_S, DOUBT_S = 2.0, 0.3, 1.0
"""After a break without a build-up all parts lack at most FULL_DB of full, at some time PROVE_S to DOUBT_S later."""
RELEASE_DB, STILL_DB, FULLER_DB = 5.0, 8.0, 2.0
"""The release of a kick that never stopped: the top falls, the whole hardly, the low end is fuller than before."""
DROP_FALL_S = 8.0
AGAIN_S = 4.0

SILENCE_AFTER_S, SILENCE_FULL_S, SILENCE_END_S = 1.0, 3.0, 0.2
FORGET_AFTER_S = 6.0
REST_S = 0.7


def part_weights() -> np.ndarray:
    """[4, mels] float32: which mel bands are low, middle, upper and high."""
    centres = mel_edges_hz()[1:-1]
    return np.array([(centres >= lo) & (centres < hi) for lo, hi in EDGES_HZ], np.float32)


class Sections:
    """step() with the powers of one look; then read what it found.

    energy, build, breaking, silence: 0..1. drop: 1 at a drop, a tenth DROP_FALL_S later. trend: -1..1. drops, breaks:
    how many so far.
    """

    def __init__(self) -> None:
        self.energy = self.trend = self.build = self.drop = self.breaking = self.silence = 0.0
        self.drops = self.breaks = 0
        self._climb = Climb(CLIMB, WHOLE)
        self._now = [0.0] * 5
        self._past = ([0.0] * 4, [0.0] * 4)
        self._fast_low = 0.0
        self._levels = [-60.0] * 5
        self._drive = [0.0] * 4
        self._silent_s = self._gone_s = self._here_s = self._built_s = 0.0
        self._since_drop_s = self._since_build_s = self._since_break_s = math.inf
        self._candidate_s, self._proof = -1.0, [0.0] * 5
        self._begin()
        self.retune(256 * 4 / 48000)

    def _begin(self) -> None:
        """Another piece: nothing is known of it."""
        self._heard_s = 0.0
        self._tops = [-60.0] * 5
        self._drive_top = DRIVE_LEAST
        self._usual_low, self._usual_drive = -60.0, 0.0
        self._away = False
        self._gap_s, self._gaps = 0.0, deque([0.0, 0.0], maxlen=12)
        self._sums, self._looks = [0.0] * 7, 0
        self._climb.clear()

    def retune(self, dt_s: float) -> None:
        """dt_s: from one look to the next. All that is known is kept."""
        self._dt_s = dt_s
        self._per_step = max(1, round(STEP_S / dt_s))
        self._e_level, self._e_fast = _ease(LEVEL_S, dt_s), _ease(FAST_S, dt_s)
        self._e_drive, self._e_energy = _ease(DRIVE_S, dt_s), _ease(ENERGY_S, dt_s)
        self._e_top = _ease(TOP_RISE_S, dt_s), _ease(TOP_FALL_S, dt_s), _ease(TOP_SETTLE_S, dt_s)
        self._e_usual_fall, self._e_break_end = _ease(USUAL_FALL_S, dt_s), _ease(BREAK_END_S, dt_s)
        self._e_build = _ease(BUILD_RISE_S, dt_s), _ease(BUILD_FALL_S, dt_s)
        self._keep_drop, self._keep_rest = 10.0 ** (-dt_s / DROP_FALL_S), math.exp(-dt_s / REST_S)

    def step(self, powers: list[float], flatness: float, scale: float, gate: float) -> None:
        """One look. powers: mean squares of low, middle, upper, high and the (K-weighted) whole. flatness: 0..1.
        scale: mean square that is loud just now. gate: 0 where there is silence."""
        self._since_drop_s += self._dt_s
        self.drop = self.drop * self._keep_drop if self.drop > 1e-3 else 0.0
        if gate <= 0.0:
            self._rest()
            return
        self._silent_s = 0.0
        self.silence = max(0.0, self.silence - self._dt_s / SILENCE_END_S)
        self._heard_s += self._dt_s
        strike_db = self._measure(powers, flatness, scale)
        self._judge_energy()
        self._judge_break()
        self._judge_build()
        self._judge_drop(strike_db)

    def _rest(self) -> None:
        """Silence: all but the counts comes to rest."""
        self._silent_s += self._dt_s
        self.silence = max(self.silence, _ramp(self._silent_s, SILENCE_AFTER_S, SILENCE_FULL_S))
        self.energy, self.trend, self.build, self.breaking = (
            value * self._keep_rest if abs(value) > 1e-3 else 0.0
            for value in (self.energy, self.trend, self.build, self.breaking)
        )
        self._gone_s, self._candidate_s = 0.0, -1.0
        if self._silent_s > FORGET_AFTER_S and self._heard_s:
            self._begin()

    def _measure(self, powers: list[float], flatness: float, scale: float) -> float:
        """Levels, drives, the past; returns by how much the low part has jumped up in this look, dB."""
        older, newer = self._past
        strike_db = 0.0
        drive, levels, sums = self._drive, self._levels, self._sums
        for i, power in enumerate(powers):
            self._now[i] = floored = power + scale * FLOORS[i]
            level = _db(floored)
            sums[i] += level
            levels[i] += (level - levels[i]) * self._e_level
            if i == WHOLE:
                break
            before = max(older[i], newer[i])
            jump = 10.0 * math.log10(floored / before) if floored > before > 0.0 else 0.0
            older[i] = floored
            if i == LOW:
                strike_db = jump
            counted = min(jump, RISE_MOST_DB) if jump > RISE_LEAST_DB else 0.0
            drive[i] += (counted / self._dt_s - drive[i]) * self._e_drive
        self._past = (newer, older)
        self._fast_low += (powers[LOW] - self._fast_low) * self._e_fast
        sums[5] += 20.0 * flatness
        self._looks += 1
        if self._looks >= self._per_step:
            means = [total / self._looks for total in sums]
            means[6] = 10.0 * math.log2(1.0 + 0.05 * (drive[MIDDLE] + drive[UPPER] + drive[HIGH]))
            self._climb.add(tuple(means))
            self._sums, self._looks = [0.0] * 7, 0
            self._judge_release()
        return strike_db

    def _judge_energy(self) -> None:
        rise, fall, settle = self._e_top
        fall = fall if self._heard_s > SETTLE_S else settle
        goal, rest, tops = 0.0, 1.0, self._tops
        if self._heard_s < 1.0:  # the levels still settle
            tops[:] = [max(top, level + START_DB) for top, level in zip(tops, self._levels, strict=True)]
        for i, level in enumerate(self._levels):
            tops[i] += (level - tops[i]) * (rise if level > tops[i] else fall)
            goal += SHARES[i] * _ramp(level - tops[i], -RANGES_DB[i], 0.0)
            rest -= SHARES[i]
        drive = self._drive[LOW] + self._drive[HIGH]
        self._drive_top += (drive - self._drive_top) * (rise if drive > self._drive_top else fall)
        self._drive_top = max(DRIVE_LEAST, self._drive_top)
        goal += rest * min(1.0, drive / self._drive_top)
        self.energy += (goal - self.energy) * self._e_energy
        self.trend = self._climb.trend

    def _judge_break(self) -> None:
        drive, low = self._drive[LOW], self._levels[LOW]
        rise = _ease(min(USUAL_RISE_S, 0.3 + self._heard_s), self._dt_s)
        self._usual_drive += (drive - self._usual_drive) * (rise if drive > self._usual_drive else self._e_usual_fall)
        self._usual_low += (low - self._usual_low) * (rise if low > self._usual_low else self._e_usual_fall)
        gone = self._usual_drive > DRIVE_LEAST and (
            drive < GONE * self._usual_drive
            or (drive < GONE_QUIET * self._usual_drive and low < self._usual_low - QUIET_DB)
        )
        self._here_s = 0.0 if gone else self._here_s + self._dt_s
        if gone:
            self._gone_s += self._dt_s
        elif self._here_s > BACK_S:
            self._gone_s = 0.0
        goal = _ramp(self._gone_s, BREAK_AFTER_S, BREAK_FULL_S)
        if goal < self.breaking:
            goal = self.breaking + (goal - self.breaking) * self._e_break_end
            goal = goal if goal > 1e-3 else 0.0
        elif self.breaking < ARMED_AT <= goal:
            self.breaks += 1
        self.breaking = goal

    def _judge_build(self) -> None:
        goal = _ramp(self._climb.climb, CLIMB_LO, CLIMB_HI)
        rise, fall = self._e_build
        self.build += (goal - self.build) * (rise if goal > self.build else fall)
        if self.build < 1e-3 and goal == 0.0:
            self.build = 0.0

    def _judge_drop(self, strike_db: float) -> None:
        dt = self._dt_s
        self._built_s = self._built_s + dt if self.build >= ARMED_AT else 0.0
        self._since_build_s = 0.0 if self._built_s >= BUILT_S else self._since_build_s + dt
        self._since_break_s = 0.0 if self.breaking >= ARMED_AT else self._since_break_s + dt
        self._gap_s += dt
        was_away, self._away = self._away, self._levels[LOW] < self._usual_low - AWAY_DB
        if strike_db > STRIKE_DB and _db(self._fast_low) > self._usual_low - NEAR_DB:
            missed = self._gap_s > max(GAP_LEAST_S, GAP_MORE * sorted(self._gaps)[-2])
            if missed and was_away and self._since_drop_s > AGAIN_S:
                if self._since_build_s < ARMED_S:
                    self._fire()
                elif self._since_break_s < ARMED_S and self._candidate_s < 0.0:
                    self._candidate_s, self._proof = 0.0, [0.0] * 5
            if self._gap_s > 0.15:
                self._gaps.append(self._gap_s)
            self._gap_s = 0.0
        if self._candidate_s >= 0.0:
            self._prove()

    def _judge_release(self) -> None:
        """A build-up in which the kick never stopped: its top breaks off, and the low end is fuller than before."""
        if self._built_s < 2.0 * BUILT_S or self._since_drop_s < AGAIN_S:
            return
        *before, last = self._climb.newest(5)
        if (
            last[HIGH] < max(means[HIGH] for means in before) - RELEASE_DB
            and last[WHOLE] > max(means[WHOLE] for means in before) - STILL_DB
            and last[LOW] > sum(means[LOW] for means in before) / len(before) + FULLER_DB
            and last[LOW] > self._usual_low - NEAR_DB
        ):
            self._fire()

    def _prove(self) -> None:
        """Something low has struck in a break: is all the rest back as well?"""
        self._candidate_s += self._dt_s
        self._proof = [old + power for old, power in zip(self._proof, self._now, strict=True)]
        if self._candidate_s > DOUBT_S:
            self._candidate_s = -1.0
        elif self._candidate_s >= PROVE_S:
            looks = self._candidate_s / self._dt_s
            lacking = [max(0.0, top - _db(total / looks)) for top, total in zip(self._tops, self._proof, strict=True)]
            if sum(lacking) < len(lacking) * FULL_DB:
                self._fire()

    def _fire(self) -> None:
        self.drops += 1
        self.drop, self._since_drop_s = 1.0, 0.0
        self.build = 0.0
        self._climb.clear()
        self._since_build_s = self._since_break_s = math.inf
        self._built_s = self._gone_s = 0.0
        self._candidate_s = -1.0


def _ease(tau_s: float, dt_s: float) -> float:
    """Share of the way to go in one step."""
    return -math.expm1(-dt_s / tau_s)


def _ramp(x: float, lo: float, hi: float) -> float:
    """0 up to lo, 1 from hi."""
    return 0.0 if x <= lo else 1.0 if x >= hi else (x - lo) / (hi - lo)


def _db(power: float) -> float:
    return 10.0 * math.log10(power + 1e-12)
