"""Keys and pads as the window tells them, to moves on the desk, sources of routes, and the rows of the help sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perform.control.controls import kind_of
from perform.control.hand_desk import HandDesk
from perform.control.hand_map import NOTHING, Axis
from perform.control.midi_decode import Move
from perform.control.midi_map import Binding
from perform.core.hands import MOST_PADS, PAD_AXES, PAD_BUTTONS, PAD_STICKS, HelpRow, HelpSheet
from perform.core.params import Param
from perform.core.types import ControlEvent, Value

CANCEL = "key/escape"
_ALONE = tuple(f"key/{side}_{name}" for side in ("left", "right") for name in ("shift", "control", "alt", "super"))
"""A modifier by itself is never learnt: it is on the way to the key that is meant."""
TITLES = {"key": "Keys", "char": "Keys", "pad": "Gamepad", "osc": "Sensors", "dmx": "Lighting desk",
          "dmx16": "Lighting desk"}  # fmt: skip
ADDRESSES = ("key/", "char/", "pad/", "pad_here/")


class Hands:
    """What comes from the window. Thread: the engine's."""

    def __init__(self, desk: HandDesk, axes: Mapping[str, Axis]) -> None:
        self.desk = desk
        self._pads: dict[int, str] = {}
        self._felt: dict[str, float] = {}
        self.set_axes(axes)

    def set_axes(self, axes: Mapping[str, Axis]) -> None:
        """How the axes of pads feel from now on."""
        self._axes = {name: axes.get(name, Axis()) for name in PAD_AXES}

    def event(self, event: ControlEvent) -> bool:
        """Take a key, a character or what a pad says. Returns whether it was one of these."""
        address = event.address
        kind = kind_of(address)
        if not address.startswith(ADDRESSES):
            return False
        if kind == "pad_here":
            self._came(int(address.rpartition("/")[2]), str(event.value), event.time_s)
        elif kind == "pad":
            self._pad(address, float(event.value), event.time_s)  # type: ignore[arg-type]
        elif self.desk.learning.armed and event.value and address == CANCEL:
            self.desk.learning.cancel()
        elif not (self.desk.learning.armed and (address in _ALONE or kind == "char")):
            down = bool(event.value)
            self.desk.move("keyboard", Move(address, float(down), 127 * down), event.time_s)
            if kind == "char":  # typed, and that is all that is known of it
                self.desk.move("keyboard", Move(address, 0.0, 0), event.time_s)
        return True

    def _pad(self, address: str, value: float, time_s: float) -> None:
        name = address.rpartition("/")[2]
        if name in PAD_AXES:
            value = self._axes[name].felt(value)
            if value == self._felt.get(address, 0.0):
                return
        self._felt[address] = value
        unit = 0.5 + 0.5 * value if name in PAD_STICKS else value
        self.desk.move(self._pads.get(_number(address), "gamepad"), Move(address, unit, round(unit * 127)), time_s)

    def _came(self, number: int, name: str, time_s: float) -> None:
        """A pad is there, or gone: then nothing of it is held any more."""
        if name:
            self._pads[number] = name[:100]
            prefix = "pad/" if number == 1 else f"pad/{number}/"
            for control in (*PAD_AXES, *PAD_BUTTONS):
                self._felt.setdefault(prefix + control, 0.0)
            return
        self._pads.pop(number, None)
        for address in [a for a, value in self._felt.items() if value and _number(a) == number]:
            self._pad(address, 0.0, time_s)

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Every control of every pad that has been there, as a source: sticks -1..1, triggers and buttons 0..1. What is
        held moves on."""
        self.desk.drive(seconds)
        return self._felt

    def sheet(self, param: Callable[[str], Param | None], now: Callable[[str], Value | None]) -> HelpSheet:
        """What every control does now, for the help on the screen. Controls with nothing to steer here are left out."""
        groups: dict[str, list[HelpRow]] = {}
        for control, bounds in self.desk.bound.items():
            kind = kind_of(control)
            if kind == "pad" and _number(control) not in self._pads:
                continue
            for bound in bounds:
                binding = bound.binding
                row = param(binding.target)
                if binding.target == NOTHING or (row is None and "/" in binding.target and not binding.name):
                    continue
                if row is None and binding.target.startswith(("deck/", "master/")):
                    continue
                title = self._pads[_number(control)] if kind == "pad" else TITLES[kind]
                groups.setdefault(title, []).append((control, _doc(binding, row), _stands(binding, row, now)))
        return tuple((title, tuple(rows)) for title, rows in groups.items())


def _number(address: str) -> int:
    """Which pad an address speaks of, from 1."""
    parts = address.split("/")
    return min(int(parts[1]), MOST_PADS) if len(parts) == 3 and parts[1].isdecimal() else 1


def _doc(binding: Binding, row: Param | None) -> str:
    text = binding.name or (row.doc if row is not None else "") or binding.target
    if binding.name or binding.value is None:
        return text
    return f"{binding.target} = {binding.value}"


def _stands(binding: Binding, row: Param | None, now: Callable[[str], Value | None]) -> str:
    """How what a control steers stands now, in a word; "" where nothing can be said."""
    value = None if row is None else now(binding.target)
    if row is None or value is None or row.kind in ("trigger", "point", "colour"):
        return ""
    if row.kind == "bool":
        return "on" if value else ""
    if row.kind == "float":
        return f"{float(value):.2f}{' ' + row.unit if row.unit else ''}"  # type: ignore[arg-type]
    return "" if row.kind == "text" and not row.live else str(value)[:18]
