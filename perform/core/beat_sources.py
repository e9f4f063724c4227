"""Sources that live on the beat: pulses with an envelope on every note, and loops of values at places in the bar.

Like the other free sources they are functions of the moment alone. A loop's place is computed from the count of beats
or bars and never summed up, so that it cannot drift, however long the night.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from perform.core.blend import smoothstep
from perform.core.divisions import division_of, parse_division
from perform.core.errors import PresetError
from perform.core.types import Moment

SETTLED = math.log(20.0)
"""A decay or release has done 95 % of its way after its time."""
MOST_POINTS = 1024
RISES = ("before", "after")
WAYS = ("step", "linear", "smooth")


def _number(where: str, name: str, value: object, lo: float, hi: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not lo <= value <= hi:  # type: ignore[operator]
        raise PresetError(f"{where}: {name} is {value!r}; it must be a number from {lo:g} to {hi:g}")
    return float(value)  # type: ignore[arg-type]


def _time(where: str, name: str, value: object) -> None:
    """A stretch of time: seconds as a number, or a note length as a text."""
    if isinstance(value, str):
        try:
            parse_division(value)
        except PresetError as error:
            raise PresetError(f"{where}: {name}: {error}, or a number of seconds") from None
    else:
        _number(where, name, value, 0.0, 60.0)


def _numbers(where: str, name: str, values: object, lo: float, hi: float) -> tuple[float, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) > MOST_POINTS:
        raise PresetError(f"{where}: {name} must be a list of at most {MOST_POINTS} numbers")
    return tuple(_number(where, f"{name}[{n}]", value, lo, hi) for n, value in enumerate(values))


@dataclass(frozen=True, slots=True)
class Pulse:
    """An envelope on every beat, note or bar: the source `pulse/NAME`, 0..1.

    every: the note. attack, decay, release: seconds as a number, or a note length as a text. sustain: 0..1, where the
    decay ends. length: 0..1, the share of the note after which the release begins. pattern: how strong each pulse is,
    over and over from the bar line (`[1, 0, 0.5, 0]`). offset: 0..1, by what share of the note the pulses come later.
    rise: `before`: the attack ends on the beat, where the pulse is highest (the beat is known ahead); `after`: it
    begins there, as a synthesiser's does.
    """

    name: str
    every: str = "1/4"
    attack: float | str = 0.0
    decay: float | str = "1/4"
    sustain: float = 0.0
    release: float | str = 0.0
    length: float = 1.0
    pattern: tuple[float, ...] = ()
    offset: float = 0.0
    rise: str = "before"

    def __post_init__(self) -> None:
        where = f"pulse {self.name}"
        if not isinstance(self.every, str):
            raise PresetError(f"{where}: every is {self.every!r}; it is a text like 1/8 or bar")
        try:
            parse_division(self.every)
        except PresetError as error:
            raise PresetError(f"{where}: every: {error}") from None
        for name in ("attack", "decay", "release"):
            _time(where, name, getattr(self, name))
        for name in ("sustain", "length", "offset"):
            _number(where, name, getattr(self, name), 0.0, 1.0)
        if self.rise not in RISES:
            raise PresetError(f"{where}: rise is {self.rise!r}, use one of {', '.join(RISES)}")
        object.__setattr__(self, "pattern", _numbers(where, "pattern", self.pattern, 0.0, 1.0))

    @property
    def source(self) -> str:
        """Its name as a source of routes."""
        return f"pulse/{self.name}"

    def at(self, moment: Moment) -> float:
        """Value at a moment."""
        division = parse_division(self.every)
        count = (division.from_bar(moment) if self.pattern else division.count(moment)) - self.offset
        number = math.floor(count + 1e-9)
        note = division.in_beats(moment.beats_per_bar)
        since = max(count - number, 0.0) * note
        attack = self._beats(self.attack, moment)
        after = self.rise == "after"
        value = self._strength(number) * self._fall(since - (attack if after else 0.0), note, moment)
        if attack > 0.0 and after and since < attack:
            left = self._strength(number - 1) * self._fall(since + note - attack, note, moment)
            value = max(left, self._strength(number) * smoothstep(since / attack))
        elif attack > 0.0 and not after and note - since < attack:
            value = max(value, self._strength(number + 1) * smoothstep(1.0 - (note - since) / attack))
        return min(max(value, 0.0), 1.0)

    def _fall(self, since: float, note: float, moment: Moment) -> float:
        """Decay to the sustain and release, `since` beats after the top."""
        since = max(since, 0.0)
        held_until = self.length * note
        decay, release = self._beats(self.decay, moment), self._beats(self.release, moment)
        held = min(since, held_until)
        level = self.sustain + (1.0 - self.sustain) * (math.exp(-SETTLED * held / decay) if decay > 0.0 else 0.0)
        if since == 0.0:
            return 1.0
        if since <= held_until:
            return level
        return level * math.exp(-SETTLED * (since - held_until) / release) if release > 0.0 else 0.0

    def _strength(self, number: int) -> float:
        return self.pattern[number % len(self.pattern)] if self.pattern else 1.0

    @staticmethod
    def _beats(time: float | str, moment: Moment) -> float:
        if isinstance(time, str):
            return parse_division(time).in_beats(moment.beats_per_bar)
        return time * moment.tempo_bpm / 60.0


@dataclass(frozen=True, slots=True)
class Loop:
    """Values at places in time, over and over: the source `loop/NAME`, in the units of its values.

    length: of the loop, `4 bars` or a number of beats. points: [beat, value] pairs in order, beats from the loop's
    start; or values: spread evenly over the length. way: step (hold until the next), linear, smooth. Between the last
    point and the first it goes on round.
    """

    name: str
    length: str | float = "4 bars"
    points: tuple[tuple[float, float], ...] = ()
    values: tuple[float, ...] = ()
    way: str = "linear"

    def __post_init__(self) -> None:
        where = f"loop {self.name}"
        if isinstance(self.length, bool) or not isinstance(self.length, str | int | float):
            raise PresetError(f"{where}: length is {self.length!r}; write `4 bars` or a number of beats")
        try:
            division_of(self.length)
        except PresetError as error:
            raise PresetError(f"{where}: length: {error}") from None
        if self.way not in WAYS:
            raise PresetError(f"{where}: way is {self.way!r}, use one of {', '.join(WAYS)}")
        if bool(self.points) == bool(self.values):
            raise PresetError(f"{where}: give either points, as [beat, value] pairs, or values")
        object.__setattr__(self, "values", _numbers(where, "values", self.values, -1e9, 1e9))
        object.__setattr__(self, "points", self._checked_points(where))

    def _checked_points(self, where: str) -> tuple[tuple[float, float], ...]:
        if isinstance(self.points, str) or not isinstance(self.points, Sequence) or len(self.points) > MOST_POINTS:
            raise PresetError(f"{where}: points must be a list of at most {MOST_POINTS} [beat, value] pairs")
        division, out = division_of(self.length), []
        for number, pair in enumerate(self.points):
            if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
                raise PresetError(f"{where}: points[{number}] is {pair!r}; it must be [beat, value]")
            place = _number(where, f"points[{number}] beat", pair[0], 0.0, 1e6)
            if (out and place <= out[-1][0]) or (division.beats and place >= division.beats):
                raise PresetError(f"{where}: points[{number}]: beats rise from 0 and stay below the length")
            out.append((place, _number(where, f"points[{number}] value", pair[1], -1e9, 1e9)))
        return tuple(out)

    @property
    def source(self) -> str:
        """Its name as a source of routes."""
        return f"loop/{self.name}"

    def at(self, moment: Moment) -> float:
        """Value at a moment."""
        division = division_of(self.length)
        beats = division.in_beats(moment.beats_per_bar)
        count = division.count(moment)
        place = (count - math.floor(count + 1e-9)) * beats
        points = self.points
        if self.values:
            step = beats / len(self.values)
            index = min(int(max(place, 0.0) / step + 1e-9), len(self.values) - 1)
            following = self.values[(index + 1) % len(self.values)]
            return self._between(self.values[index], following, max(place, 0.0) / step - index)
        after = bisect_right(points, place + 1e-9, key=lambda point: point[0])
        start, value = points[after - 1]
        end, following = points[after % len(points)]
        span = (end - start) % beats or beats
        return self._between(value, following, ((place - start) % beats) / span)

    def _between(self, a: float, b: float, part: float) -> float:
        if self.way == "step":
            return a
        part = min(max(part, 0.0), 1.0)
        return a + (b - a) * (smoothstep(part) if self.way == "smooth" else part)
