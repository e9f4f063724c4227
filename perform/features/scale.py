"""What counts as loud just now: the gate, and slow references for the whole and for each band.

The idea of values relative to recent loudness is projectM's; the followers here are our own. A reference rises with
peaks in a fraction of a second and forgets over `adapt_s`, so a breakdown stays quiet for a while and a quiet record
fills the range in the end. References have floors, so that silence and hiss are not blown up. From below, the level
that a band hardly ever leaves is partly taken off, so that dense music moves as much as sparse music does.
"""

from __future__ import annotations

import math

from perform.features.frame import Hop

FLOOR_DB = -48.0
"""Nothing below this is ever shown as loud: with the top of the range at about -8, a gain ceiling of 40 dB."""
START_DB = -18.0
RISE_S = 0.15
SETTLE_S = 6.0
"""How long the references of a new piece follow fast, before they start to remember over adapt_s."""
CREST = 2.2
VALLEY_SHARE = 0.75
"""How much of the level that never goes away is taken off: at 1 a drone would show as nothing."""
VALLEY_FALL_S = 0.25
VALLEY_RISE_S = 5.0
"""A sound without any peaks sits this factor (power) below the top: it is not full."""
FORGET_AFTER_S = 6.0
GATE_HOLD_S = 0.3
GATE_RELEASE_S = 0.12
GATE_CLOSE_DB = -4.0
_TILT_DB = (0.0, -4.0, -10.0, -17.0)
_BELOW_WHOLE_DB = -12.0


def power(db: float) -> float:
    """Decibels to a power ratio."""
    return 10.0 ** (0.1 * db)


class Follower:
    """A slow reference for one power: peaks pull it up in RISE_S, it sinks towards the present over a given time."""

    __slots__ = ("mean", "top", "valley")

    def __init__(self, start: float) -> None:
        self.top = start
        self.mean = start / CREST
        self.valley = 0.0

    def step(self, now: float, rise: float, sink: float) -> float:
        """Take in one power; returns the reference. Coefficients are 1 - exp(-dt / tau), 0 where nothing moves."""
        top, mean = self.top, self.mean
        self.top = top = top + (now - top) * (rise if now > top else sink)
        self.mean = mean = mean + (now - mean) * sink
        crest = CREST * mean
        return top if top > crest else crest

    def level(self, now: float, top: float, fall: float, climb: float) -> float:
        """`now` as 0..1 between the valley and the reference `top` (a power)."""
        level = math.sqrt(now / top) if 0.0 < now < top else 1.0 if now > 0.0 else 0.0
        valley = self.valley
        gap = level - valley
        self.valley = valley = valley + gap * (climb if gap > 0.0 else fall)
        low = VALLEY_SHARE * valley
        return (level - low) / (1.0 - low) if level > low else 0.0


class Scale:
    """Writes gate, scale, level and band_level of a hop. All state is in seconds and survives a change of rate."""

    def __init__(self) -> None:
        self._whole = Follower(power(START_DB))
        self._bands = [Follower(power(START_DB + tilt)) for tilt in _TILT_DB]
        self._floors = [power(FLOOR_DB + tilt) for tilt in _TILT_DB]
        self._below = [power(_BELOW_WHOLE_DB + tilt) for tilt in _TILT_DB]
        self._heard_s = 0.0
        self._silent_s = 0.0
        self._open = False
        self._gate = 0.0
        self._dt_s = 256 / 48000
        self.configure(-60.0, 14.0)
        self.retune(256 / 48000)

    def configure(self, gate_db: float, adapt_s: float) -> None:
        """gate_db: RMS below which there is silence. adapt_s: how long loudness is remembered."""
        self._gate_open = power(gate_db)
        self._gate_close = power(gate_db + GATE_CLOSE_DB)
        self._adapt_s = adapt_s
        self._sink = -math.expm1(-self._dt_s / adapt_s)

    def retune(self, dt_s: float) -> None:
        """Set the time from hop to hop."""
        self._dt_s = dt_s
        self._sink = -math.expm1(-dt_s / self._adapt_s)
        self._rise = -math.expm1(-dt_s / RISE_S)
        self._fade = math.exp(-dt_s / GATE_RELEASE_S)
        self._valley_fall = -math.expm1(-dt_s / VALLEY_FALL_S)
        self._valley_climb = -math.expm1(-dt_s / VALLEY_RISE_S)

    def step(self, hop: Hop) -> None:
        """Judge one hop."""
        now = hop.window_power
        self._open = now >= (self._gate_close if self._open else self._gate_open)
        if self._open:
            self._gate = 1.0
            if self._silent_s > FORGET_AFTER_S:
                self._heard_s = 0.0
            self._silent_s = 0.0
            self._heard_s += self._dt_s
            self._follow(hop, self._rise, self._sink if self._heard_s > SETTLE_S else self._settling())
        else:
            self._silent_s += self._dt_s
            if self._silent_s > GATE_HOLD_S:
                self._gate = self._gate * self._fade if self._gate > 0.01 else 0.0
            self._follow(hop, 0.0, 0.0)

    def _settling(self) -> float:
        """In the first seconds of a piece the references settle fast, later they sink at adapt_s."""
        return -math.expm1(-self._dt_s / (0.5 + 0.12 * self._heard_s))

    def _follow(self, hop: Hop, rise: float, sink: float) -> None:
        """Move the references and rate the hop by them. None is ever under its floor."""
        fall, climb, gate, now = self._valley_fall, self._valley_climb, self._gate, hop.weighted_power
        scale = self._whole.step(now, rise, sink)
        if scale < self._floors[0]:
            scale = self._floors[0]
        hop.gate, hop.scale = gate, scale
        hop.level = gate * self._whole.level(now, scale, fall, climb)
        levels, powers = hop.band_level, hop.band_power
        for i, follower in enumerate(self._bands):
            now, floor, below = powers[i], self._floors[i], scale * self._below[i]
            top = follower.step(now, rise, sink)
            if top < below:
                top = below
            if top < floor:
                top = floor
            levels[i] = gate * follower.level(now, top, fall, climb)
