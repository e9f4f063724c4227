"""Smoothers that take dt: the same curve at 30 and at 144 frames a second."""

from __future__ import annotations

import math


def share(dt_s: float, tau_s: float) -> float:
    """How much of the way to its target a one-pole smoother goes in dt: 1 - exp(-dt/tau). tau 0 goes all the way."""
    if tau_s <= 0.0:
        return 1.0
    return -math.expm1(-dt_s / tau_s)


class Envelope:
    """One-pole follower with its own speed up (attack) and down (release), both as time constants in seconds.

    A step of any size has gone 63 % of the way after one time constant, however finely dt divides it.
    """

    __slots__ = ("attack_s", "release_s", "value")

    def __init__(self, attack_s: float = 0.0, release_s: float = 0.0, value: float = 0.0) -> None:
        self.attack_s = attack_s
        self.release_s = release_s
        self.value = value

    def step(self, target: float, dt_s: float) -> float:
        """Move towards `target` for dt seconds; returns the new value."""
        tau_s = self.attack_s if target > self.value else self.release_s
        self.value += (target - self.value) * share(dt_s, tau_s)
        return self.value


class Fade:
    """Linear fade between 0 and 1 that takes `time_s` from end to end: for blackouts and crossfades."""

    __slots__ = ("value",)

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def step(self, target: float, dt_s: float, time_s: float) -> float:
        """Move towards `target` (0..1) for dt seconds; time 0 is a cut."""
        most = 1.0 if time_s <= 0.0 else dt_s / time_s
        self.value += min(max(target - self.value, -most), most)
        return self.value
