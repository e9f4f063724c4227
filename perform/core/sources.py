"""Sources of modulation that need no sound: LFOs on the beat or the clock, smooth random walks, the beat itself.

All are functions of the moment alone (no state, no unseeded chance), so a performance can be replayed and rendered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from perform.core.blend import smoothstep
from perform.core.divisions import parse_division
from perform.core.errors import PresetError
from perform.core.types import Moment

_MASK = (1 << 64) - 1


def _hash01(seed: int, index: int) -> float:
    """A number in 0..1 that belongs to (seed, index): splitmix64's mixing steps (Steele, Lea, Flood 2014)."""
    x = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((x ^ (x >> 31)) >> 11) / float(1 << 53)


def wander(x: float, seed: int = 0) -> float:
    """Smooth random walk in 0..1: value noise with one new anchor per unit of x."""
    index = math.floor(x)
    a, b = _hash01(seed, index), _hash01(seed, index + 1)
    return a + (b - a) * smoothstep(x - index)


LFO_SHAPES: Mapping[str, Callable[[float], float]] = {
    "sine": lambda p: 0.5 - 0.5 * math.cos(2.0 * math.pi * p),
    "triangle": lambda p: 1.0 - abs(2.0 * p - 1.0),
    "saw": lambda p: p,
    "ramp_down": lambda p: 1.0 - p,
    "square": lambda p: 1.0 if p < 0.5 else 0.0,
    "pulse": lambda p: math.exp(-6.0 * p),
    "steps": lambda p: math.floor(p * 4.0) / 3.0,
}


def _check_period(where: str, beats: float, period_s: float, every: str) -> None:
    if beats < 0.0 or period_s <= 0.0:
        raise PresetError(f"{where}: the period must be over 0")
    if not isinstance(every, str):
        raise PresetError(f"{where}: every is {every!r}; it is a text like 1/8 or `3 bars`")
    if every and beats > 0.0:
        raise PresetError(f"{where}: give its period as `every` or as `beats`, not both")
    if every:
        try:
            parse_division(every)
        except PresetError as error:
            raise PresetError(f"{where}: every: {error}") from None


def _turns(moment: Moment, beats: float, period_s: float, every: str) -> float:
    """How many periods have passed."""
    if every:
        return parse_division(every).count(moment)
    return moment.beats / beats if beats > 0.0 else moment.seconds / period_s


@dataclass(frozen=True, slots=True)
class Lfo:
    """A periodic source `lfo/NAME`, 0..1. Its period is the note `every` (`1/8T`, `3 bars`) where there is one; else
    `beats` if that is over 0; else `period_s` seconds."""

    name: str
    shape: str = "sine"
    beats: float = 0.0
    period_s: float = 8.0
    phase: float = 0.0
    every: str = ""

    def __post_init__(self) -> None:
        if self.shape not in LFO_SHAPES:
            raise PresetError(f"lfo {self.name}: no shape {self.shape!r}, use one of {', '.join(LFO_SHAPES)}")
        _check_period(f"lfo {self.name}", self.beats, self.period_s, self.every)

    @property
    def source(self) -> str:
        """Its name as a source of routes."""
        return f"lfo/{self.name}"

    def at(self, moment: Moment) -> float:
        """Value at a moment."""
        turns = _turns(moment, self.beats, self.period_s, self.every)
        return LFO_SHAPES[self.shape]((turns + self.phase) % 1.0)


@dataclass(frozen=True, slots=True)
class Random:
    """A smooth random source `random/NAME`, 0..1, with a new goal on every note `every`, or every `beats` beats, or
    every `period_s` seconds."""

    name: str
    beats: float = 0.0
    period_s: float = 4.0
    seed: int = 0
    every: str = ""

    def __post_init__(self) -> None:
        _check_period(f"random {self.name}", self.beats, self.period_s, self.every)

    @property
    def source(self) -> str:
        """Its name as a source of routes."""
        return f"random/{self.name}"

    def at(self, moment: Moment) -> float:
        """Value at a moment."""
        return wander(_turns(moment, self.beats, self.period_s, self.every), self.seed)


BEAT_SOURCES: Mapping[str, str] = {
    "beat/phase": "0..1 through the beat",
    "beat/pulse": "1 on the beat, falling to 0 before the next",
    "beat/count": "beats so far (counter)",
    "bar/phase": "0..1 through the bar",
    "bar/pulse": "1 on the bar line, falling to 0",
    "bar/count": "bars so far (counter)",
    "tempo/bpm": "beats a minute (use lo and hi of the route to bring it to 0..1)",
    "tempo/confidence": "0..1, how far the beat may be trusted",
}


def beat_values(moment: Moment) -> dict[str, float]:
    """The beat as sources."""
    beat_phase = moment.beat_phase
    return {
        "beat/phase": beat_phase,
        "beat/pulse": (1.0 - beat_phase) ** 3,
        "beat/count": math.floor(moment.beats),
        "bar/phase": moment.bar_phase,
        "bar/pulse": max(0.0, 1.0 - moment.bar_phase * moment.beats_per_bar) ** 2,
        "bar/count": math.floor(moment.bars),
        "tempo/bpm": moment.tempo_bpm,
        "tempo/confidence": moment.confidence,
    }


class FreeSource(Protocol):
    """What a preset may bring as a source of its own: a function of the moment."""

    @property
    def name(self) -> str:
        """What the preset calls it."""

    @property
    def source(self) -> str:
        """Its name as a source of routes."""

    def at(self, moment: Moment) -> float:
        """Value at a moment."""


def free_values(units: Iterable[FreeSource], moment: Moment) -> dict[str, float]:
    """All sources of a preset's own at a moment."""
    return {unit.source: unit.at(moment) for unit in units}
