"""MIDI bytes of one device into moves of its controls: notes, controllers of 7 and 14 bits, NRPN, pitch bend.

A control is named by its kind, channel (1..16) and number: `cc/1/7`, `cc14/1/7` (controllers 0..31 with their low part
32 higher), `note/10/36`, `nrpn/1/300`, `pitch/1`, `pressure/1`, `touch/1/36`, `program/1`. Facts: MIDI 1.0 Detailed
Specification, tables of controller numbers and of registered and non-registered parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("cc", "cc14", "note", "nrpn", "pitch", "pressure", "touch", "program")
_NUMBERLESS = ("pitch", "pressure", "program")
_NONE = 0x3FFF  # NRPN 127/127: nothing is selected


@dataclass(frozen=True, slots=True)
class Move:
    """One move of one control. value: 0..1. raw: as it came. steps: of an increment or decrement, else 0. fine: it has
    14 bits."""

    control: str
    value: float
    raw: int
    steps: int = 0
    fine: bool = False


def control_name(kind: str, channel: int, number: int = 0) -> str:
    """The name of a control. channel: 1..16."""
    return f"{kind}/{channel}" if kind in _NUMBERLESS else f"{kind}/{channel}/{number}"


def parse_control(name: str) -> tuple[str, int, int]:
    """(kind, channel 1..16, number) of a control's name. Raises ValueError."""
    parts = name.split("/")
    kind = parts[0]
    wanted = 2 if kind in _NUMBERLESS else 3
    if kind not in KINDS or len(parts) != wanted or not all(p.isdigit() and len(p) < 6 for p in parts[1:]):
        raise ValueError(f"{name!r} is no control; say cc/1/7, cc14/1/7, note/10/36, nrpn/1/300, pitch/1, …")
    channel, number = int(parts[1]), int(parts[2]) if wanted == 3 else 0
    most = {"cc14": 31, "nrpn": 16382}.get(kind, 127)
    if not 1 <= channel <= 16 or number > most:
        raise ValueError(f"{name!r}: channels go from 1 to 16, numbers of {kind} from 0 to {most}")
    return kind, channel, number


class MidiDecoder:
    """Remembers what a move is made of: the high part of a 14-bit controller, the NRPN that is selected."""

    def __init__(self) -> None:
        self._high: dict[tuple[int, int], int] = {}
        self._has_low: set[tuple[int, int]] = set()
        self._nrpn: dict[int, int] = {}
        self._data: dict[tuple[int, int], int] = {}
        self._data_has_low: set[tuple[int, int]] = set()

    def moves(self, message: list[int]) -> list[Move]:
        """The moves of one channel message; more than one where it may be read in several ways. Others: none."""
        if len(message) < 2 or not 0x80 <= message[0] < 0xF0 or any(byte > 127 for byte in message[1:]):
            return []
        status, channel = message[0] & 0xF0, (message[0] & 15) + 1
        a, b = message[1], message[2] if len(message) > 2 else 0
        if status == 0x90:
            return [Move(control_name("note", channel, a), b / 127, b)]
        if status == 0x80:
            return [Move(control_name("note", channel, a), 0.0, 0)]
        if status == 0xB0:
            return self._controller(channel, a, b)
        if status == 0xE0:
            value = a | b << 7
            return [Move(control_name("pitch", channel), value / 16383, value, fine=True)]
        if status == 0xA0:
            return [Move(control_name("touch", channel, a), b / 127, b)]
        kind = "pressure" if status == 0xD0 else "program"
        return [Move(control_name(kind, channel), a / 127, a)]

    def _controller(self, channel: int, number: int, value: int) -> list[Move]:
        out = [Move(control_name("cc", channel, number), value / 127, value)]
        if number in (98, 99):
            before = self._nrpn.get(channel, _NONE)
            self._nrpn[channel] = before & 0x3F80 | value if number == 98 else before & 0x7F | value << 7
        elif number in (100, 101):
            self._nrpn[channel] = _NONE  # a registered parameter is selected instead
        elif number in (6, 38, 96, 97) and self._nrpn.get(channel, _NONE) != _NONE:
            out += self._data_entry(channel, number, value)
        elif number < 32:
            key = (channel, number)
            self._high[key] = value
            if key not in self._has_low:
                out.append(_fine("cc14", channel, number, value << 7 | value))
        elif number < 64 and (channel, number - 32) in self._high:
            key = (channel, number - 32)
            self._has_low.add(key)
            out.append(_fine("cc14", channel, number - 32, self._high[key] << 7 | value))
        return out

    def _data_entry(self, channel: int, number: int, value: int) -> list[Move]:
        selected = self._nrpn[channel]
        key = (channel, selected)
        if number in (96, 97):
            steps = 1 if number == 96 else -1
            raw = min(max(self._data.get(key, 0) + steps, 0), 16383)
            self._data[key] = raw
            return [Move(control_name("nrpn", channel, selected), raw / 16383, raw, steps, True)]
        if number == 6:
            low = self._data.get(key, 0) & 0x7F if key in self._data_has_low else value
            self._data[key] = value << 7 | low
            if key in self._data_has_low:
                return []  # the low part follows, and says it whole
        else:
            self._data_has_low.add(key)
            self._data[key] = self._data.get(key, 0) & 0x3F80 | value
        return [_fine("nrpn", channel, selected, self._data[key])]


def _fine(kind: str, channel: int, number: int, raw: int) -> Move:
    return Move(control_name(kind, channel, number), raw / 16383, raw, fine=True)


ENCODINGS = ("signed_bit", "offset", "twos")
"""How an endless encoder says its steps in a 7-bit controller."""


def encoder_steps(encoding: str, raw: int) -> int:
    """Steps that an endless encoder turned. signed_bit: 1..63 up, 65..127 down; offset: 65 and more up, 63 and less
    down; twos (complement): 1..63 up, 127..65 down. 0 where nothing was turned."""
    if encoding == "signed_bit":
        return raw if raw < 64 else 64 - raw
    if encoding == "offset":
        return raw - 64
    return raw if raw < 64 else raw - 128
