"""From the move of a control to what its parameter becomes: ranges, takeover, encoders, toggles, choices, presses."""

from __future__ import annotations

from collections.abc import Callable

from perform.control.controls import is_button
from perform.control.midi_decode import ENCODINGS, Move, encoder_steps
from perform.control.midi_map import Binding
from perform.core.params import Param
from perform.core.types import ControlEvent, Value

NEAR = 2.5 / 127.0
"""Within this a dial has met its parameter."""

FRESH_S = 0.25
"""So long what was just sent counts as the parameter's value: the table knows it only after the next tick."""


class Bound:
    """A binding at work. Thread: that of its device's port.

    now: the parameter's base value at an address, None where there is none.
    """

    def __init__(self, binding: Binding, now: Callable[[str], Value | None]) -> None:
        self.binding = binding
        self._now = now
        self._down = False
        self._sent: Value | None = None
        self._sent_s = -1e9
        self._dial: float | None = None  # where the dial stood last, 0..1
        self._met = False
        self._carry = 0.0
        self._before: Value | None = None  # what a press that holds has put aside
        self._button = is_button(binding.control)
        self.touched_s = -1e9

    def move(self, move: Move, param: Param, time_s: float) -> ControlEvent | None:
        """What a move asks for; None where it changes nothing."""
        self.touched_s = time_s
        binding, kind = self.binding, param.kind
        if move.steps or binding.mode in ENCODINGS:
            steps = move.steps or encoder_steps(binding.mode, move.raw)
            return self._event(self._turned(steps, param, time_s), time_s) if steps else None
        pressed = self._pressed(move)
        if binding.mode == "step":
            return self.step(param, time_s) if pressed is True else None
        if binding.mode == "rate":
            return None  # time moves it: see `turn`
        if binding.mode == "gate" and binding.value is not None and kind != "trigger":
            return self._event(self._held(pressed, param, time_s), time_s)
        if kind == "trigger" or binding.value is not None:
            if pressed is not True:
                return None
            value = True if binding.value is None else param.checked(binding.value)
            return ControlEvent(binding.target, value, time_s, binding.origin)
        if kind == "bool":
            return self._event(self._switched(move, pressed, param, time_s), time_s)
        if kind in ("point", "colour"):
            return self._event(self._component(move, param, time_s), time_s)
        if kind == "text":
            return None
        if self._button and binding.mode != "absolute":
            return self._event(param.from_norm(binding.hi if move.value > 0.0 else binding.lo), time_s)
        return self._event(self._dialled(move.value, param, time_s), time_s)

    def let_go(self) -> None:
        """It is no longer pressed, and what it steered is not there: nothing is put back."""
        self._down, self._before = False, None

    @property
    def down(self) -> bool:
        """Whether it is pressed."""
        return self._down

    def step(self, param: Param, time_s: float) -> ControlEvent | None:
        """One press on: a step of the range, the next choice, the next whole number."""
        return self._event(self._turned(1 if self.binding.step > 0.0 else -1, param, time_s), time_s)

    def turn(self, share: float, param: Param, time_s: float) -> ControlEvent | None:
        """On by a share of the range, however small; whole numbers and choices wait until it is enough for one."""
        current = self._current(time_s)
        norm = None if current is None else param.to_norm(current)
        if norm is None or param.kind == "bool":
            return None
        if param.kind in ("int", "choice"):
            span = len(param.choices) if param.kind == "choice" else param.hi - param.lo
            self._carry += share * span
            whole = int(self._carry)
            self._carry -= whole
            if not whole:
                return None
            if param.kind == "choice":
                return self._event(self._turned(whole, param, time_s), time_s)
            return self._event(param.checked(int(current) + whole), time_s)  # type: ignore[call-overload]
        low, high = sorted((self.binding.lo, self.binding.hi))
        return self._event(param.from_norm(min(max(norm + share, low), high)), time_s)

    def _held(self, pressed: bool | None, param: Param, time_s: float) -> Value | None:
        """The binding's value from the press on, and what was there before once it is let go."""
        if pressed is True:
            self._before = self._current(time_s)
            return param.checked(self.binding.value)
        before, self._before = (self._before, None) if pressed is False else (None, self._before)
        return before

    def _pressed(self, move: Move) -> bool | None:
        """True as it is pressed, False as it is let go, None in between. A little slack keeps a noisy one quiet."""
        at = self.binding.threshold
        if at < 0.0:
            at = 0.0 if self._button else 0.5
        if not self._down and move.value >= max(at, 1e-6):
            self._down = True
            return True
        if self._down and move.value < max(at - 0.05, 1e-6):
            self._down = False
            return False
        return None

    def _switched(self, move: Move, pressed: bool | None, param: Param, time_s: float) -> Value | None:
        mode = self.binding.mode
        if mode == "auto":
            mode = "toggle" if self._button else "switch"
        if mode == "toggle":
            return None if pressed is not True else not bool(self._current(time_s))
        if pressed is None:
            return None
        return pressed if self.binding.hi >= self.binding.lo else not pressed

    def _current(self, time_s: float) -> Value | None:
        """The parameter's value: what was just sent, else what the table says."""
        if self._sent is not None and time_s - self._sent_s < FRESH_S:
            return self._sent
        return self._now(self.binding.target)

    def _place(self, param: Param, time_s: float) -> float | None:
        """Where the parameter stands, in the part of its range that the dial covers: 0..1, and beyond."""
        current = self._current(time_s)
        norm = None if current is None else param.to_norm(current)
        if norm is None:
            return None
        width = self.binding.hi - self.binding.lo
        return (norm - self.binding.lo) / width if abs(width) > 1e-9 else 0.0

    def _dialled(self, at: float, param: Param, time_s: float) -> Value | None:
        before, self._dial = self._dial, at
        place = self._place(param, time_s)
        takeover = "jump" if param.kind == "choice" else self.binding.takeover
        if place is not None and takeover != "jump":
            if self._moved_elsewhere(param, time_s):
                self._met = False
            if not self._met:
                place = min(max(place, 0.0), 1.0)
                crossed = before is not None and min(before, at) <= place <= max(before, at)
                if abs(at - place) <= NEAR or crossed:
                    self._met = True
                elif takeover == "pickup" or before is None:
                    return None
                else:
                    at = _scaled(before, at, place)
        return self._value(at, param)

    def _moved_elsewhere(self, param: Param, time_s: float) -> bool:
        """Whether somebody else has set the parameter since this dial did."""
        if self._sent is None or time_s - self._sent_s < FRESH_S:
            return False
        current = self._now(self.binding.target)
        here, there = param.to_norm(self._sent), None if current is None else param.to_norm(current)
        return here is None or there is None or abs(here - there) > 1e-3

    def _value(self, at: float, param: Param) -> Value:
        low, high = self.binding.lo, self.binding.hi
        return param.from_norm(low + (high - low) * min(max(at, 0.0), 1.0))

    def _turned(self, steps: int, param: Param, time_s: float) -> Value | None:
        """An endless encoder: on from where the parameter is; through choices and whole numbers one by one."""
        current = self._current(time_s)
        if current is None:
            return None
        if param.kind == "bool":
            return steps > 0
        if param.kind == "choice":
            place = param.choices.index(str(current)) + (1 if steps > 0 else -1)
            return param.choices[min(max(place, 0), len(param.choices) - 1)]
        norm = param.to_norm(current)
        if norm is None:
            return None
        low, high = sorted((self.binding.lo, self.binding.hi))
        way = 1.0 if self.binding.hi >= self.binding.lo else -1.0
        if param.kind == "int":
            self._carry += way * steps * max(abs(self.binding.step) * (param.hi - param.lo), 0.25)
            whole = int(self._carry)
            self._carry -= whole
            return param.checked(int(current) + whole) if whole else None  # type: ignore[call-overload]
        return param.from_norm(min(max(norm + way * steps * abs(self.binding.step), low), high))

    def _component(self, move: Move, param: Param, time_s: float) -> Value | None:
        """One number of a point or colour; the others stay."""
        current, part = self._current(time_s), max(0, self.binding.part)
        if not isinstance(current, tuple) or part >= len(current):
            return None
        low, high = (param.lo, param.hi) if param.kind == "point" else (0.0, 1.0)
        at = self.binding.lo + (self.binding.hi - self.binding.lo) * move.value
        return param.checked((*current[:part], low + (high - low) * at, *current[part + 1 :]))

    def _event(self, value: Value | None, time_s: float) -> ControlEvent | None:
        if value is None:
            return None
        self._sent, self._sent_s = value, time_s
        return ControlEvent(self.binding.target, value, time_s, self.binding.origin)


def _scaled(before: float, at: float, place: float) -> float:
    """Value scaling: the parameter goes the same share of its way to the end as the dial goes of its own."""
    if at > before:
        return place + (at - before) * (1.0 - place) / max(1.0 - before, 1e-6)
    return place + (at - before) * place / max(before, 1e-6)
