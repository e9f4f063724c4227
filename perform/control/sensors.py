"""OSC that speaks of no parameter of ours: phones, wearables, sketches. Each of their numbers becomes a source of
routes and a control that can be learnt, `osc/ADDRESS/INDEX`, in 0..1.

Nobody says the range of such a number. One that stays within 0..1, or within -1..1, is taken to be made so; any other
is laid on what has been seen of it lately, so that a hard shake does not make it dull for the night.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping, Sequence

from perform.control.hand_desk import HandDesk
from perform.control.midi_decode import Move

MOST_ADDRESSES, MOST_NUMBERS = 128, 8
LONGEST_ADDRESS = 80
STALE_S, FADE_S = 3.0, 1.0
"""A sensor that is silent for so long goes to rest, within that time."""
FORGET_S = 60.0
"""What was seen so long ago counts for a third in the range."""
NARROWEST = 0.1
"""Of the widest range that was seen: a sensor that lies still is not blown up to noise."""
REUSED_S = 60.0
_ODD = re.compile(r"[^\w.:+/-]+", re.ASCII)
_LIMIT = 1e9


class Range:
    """Where a number moves. Known ranges stay as they are."""

    __slots__ = ("_before_s", "_known", "_lowest", "_most", "hi", "lo")

    def __init__(self, known: tuple[float, float] | None = None) -> None:
        self._known = known
        self.lo, self.hi = known or (0.0, 1.0)
        self._lowest, self._most = 0.0, 1.0
        self._before_s: float | None = None

    def place(self, value: float, seconds: float) -> float:
        """Take a number in; where it lies in the range, 0..1."""
        if self._known is None:
            self._widen(value, seconds)
        return self.at(value)

    def at(self, value: float) -> float:
        """Where a number lies in the range, 0..1."""
        return min(max((value - self.lo) / (self.hi - self.lo), 0.0), 1.0)

    def _widen(self, value: float, seconds: float) -> None:
        if self._before_s is None and not -1.0 <= value <= 1.0:
            self.lo = self.hi = self._lowest = self._most = value
        self._lowest, self._most = min(self._lowest, value), max(self._most, value)
        if self._lowest >= 0.0 and self._most <= 1.0:
            self.lo, self.hi = 0.0, 1.0
        elif self._lowest >= -1.0 and self._most <= 1.0:
            self.lo, self.hi = -1.0, 1.0
        else:
            self._follow(value, 0.0 if self._before_s is None else max(seconds - self._before_s, 0.0))
        self._before_s = seconds

    def _follow(self, value: float, dt_s: float) -> None:
        """The ends go out at once, and come in slowly towards where the number is now."""
        share = -math.expm1(-dt_s / FORGET_S)
        self.lo = min(value, self.lo + share * (value - self.lo))
        self.hi = max(value, self.hi + share * (value - self.hi))
        least = max(NARROWEST * (self._most - self._lowest), 0.02 * max(abs(self.lo), abs(self.hi)), 1e-6)
        if self.hi - self.lo < least:
            middle = 0.5 * (self.lo + self.hi)
            self.lo, self.hi = middle - 0.5 * least, middle + 0.5 * least


class _Address:
    """One address that has spoken. controls, ranges, values: by the place of its numbers."""

    __slots__ = ("controls", "ranges", "seen_s", "values")

    def __init__(self, seen_s: float) -> None:
        self.seen_s = seen_s
        self.controls: list[str] = []
        self.ranges: list[Range] = []
        self.values: list[float] = []


class Sensors:
    """Thread: `take` from the one that receives, the rest from the engine's.

    ranges: address -> (lowest, highest) of its numbers, where somebody knows.
    """

    def __init__(
        self,
        desk: HandDesk,
        clock: Callable[[], float],
        ranges: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        self._desk, self._clock = desk, clock
        self._known = {name_of(address): ends for address, ends in (ranges or {}).items()}
        self._lock = threading.Lock()
        self._inbox: dict[str, tuple[float, tuple[float, ...]]] = {}
        self._addresses: dict[str, _Address] = {}
        self._found: dict[str, float] = {}
        self._counts = {"messages": 0, "left out": 0}

    def take(self, address: str, arguments: Sequence[object]) -> bool:
        """One message. Returns whether it is a sensor's: one with a number in it, that there is room for."""
        name = name_of(address)
        numbers = _numbers(arguments)
        if not name or not numbers:
            return False
        with self._lock:
            if name not in self._inbox and len(self._inbox) >= MOST_ADDRESSES:
                self._counts["left out"] += 1
                return False
            self._inbox[name] = (self._clock(), numbers)
            self._counts["messages"] += 1
        return True

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Every number of every address that has spoken, 0..1; one that is silent goes to where its zero lies."""
        if self._inbox:
            with self._lock:
                inbox, self._inbox = self._inbox, {}
            for name, (seen_s, numbers) in inbox.items():
                self._hear(name, numbers, seen_s, seconds)
        now_s = self._clock()
        for one in self._addresses.values():
            silent_s = now_s - one.seen_s - STALE_S
            if 0.0 < silent_s < 2.0 * FADE_S:
                share = min(silent_s / FADE_S, 1.0)
                for control, ends, value in zip(one.controls, one.ranges, one.values, strict=True):
                    self._found[control] = ends.at(value) + share * (ends.at(0.0) - ends.at(value))
        return self._found

    def _hear(self, name: str, numbers: tuple[float, ...], seen_s: float, seconds: float) -> None:
        one = self._addresses.get(name)
        if one is None:
            if len(self._addresses) >= MOST_ADDRESSES and not self._forget_one(seen_s):
                self._counts["left out"] += 1
                return
            one = self._addresses[name] = _Address(seen_s)
        one.seen_s = seen_s
        for index, number in enumerate(numbers):
            if index == len(one.controls):
                one.controls.append(f"osc/{name}/{index}")
                one.ranges.append(Range(self._known.get(name)))
                one.values.append(math.nan)
            if number != number:  # a text, or no number: the place is kept
                continue
            unit = one.ranges[index].place(number, seen_s)
            control = one.controls[index]
            moved = one.values[index] != number or self._found.get(control) != unit
            one.values[index] = number
            self._found[control] = unit
            if moved:
                self._desk.move("osc", Move(control, unit, round(unit * 127.0)), seconds)

    def _forget_one(self, now_s: float) -> bool:
        """Make room: the address that has been silent longest goes, if that is long and nothing is taught to it."""
        taught = {control.rsplit("/", 1)[0] for control in self._desk.bound}
        silent = [(one.seen_s, name) for name, one in self._addresses.items() if f"osc/{name}" not in taught]
        if not silent or now_s - min(silent)[0] < REUSED_S:
            return False
        for control in self._addresses.pop(min(silent)[1]).controls:
            self._found.pop(control, None)
        return True

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        return {f"sensors {name}": value for name, value in self._counts.items()}


def name_of(address: str) -> str:
    """An address as it stands in names of sources: without its first slash, plain characters only; "" for ours."""
    plain = re.sub(r"/{2,}", "/", _ODD.sub("_", address[: 2 * LONGEST_ADDRESS])).strip("/")[:LONGEST_ADDRESS].strip("/")
    return "" if plain.split("/")[0] == "perform" else plain


def _numbers(arguments: Sequence[object]) -> tuple[float, ...]:
    """The first numbers of a message; what is none there is nan. Empty where there is no number at all."""
    flat: list[object] = []
    for argument in arguments[: 4 * MOST_NUMBERS]:
        flat += argument if isinstance(argument, tuple | list) else [argument]
    out = [
        min(max(float(one), -_LIMIT), _LIMIT) if isinstance(one, int | float) and math.isfinite(one) else math.nan
        for one in flat[:MOST_NUMBERS]
    ]
    return tuple(out) if any(number == number for number in out) else ()


def read_ranges(body: Mapping[str, object]) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """`[sensors]` of a venue file: address -> (lowest, highest), and a line for each that is skipped."""
    found: dict[str, tuple[float, float]] = {}
    problems: list[str] = []
    for address, ends in body.items():
        pair = ends if isinstance(ends, list) and len(ends) == 2 else []
        numbers = [float(end) for end in pair if isinstance(end, int | float) and not isinstance(end, bool)]
        if len(numbers) == 2 and all(map(math.isfinite, numbers)) and numbers[0] != numbers[1]:
            found[address] = (numbers[0], numbers[1])
        else:
            problems.append(f"sensors.{address} is skipped (say it as [lowest, highest])")
    return found, problems
