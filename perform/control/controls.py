"""The names of controls of every kind: those of MIDI, and keys, characters, pads, OSC sensors and DMX channels.

`key/b`, `key/ctrl+shift+left` (by its place, as on a US keyboard) · `char/?` (what is typed, whatever the layout) ·
`pad/a`, `pad/left_x`, `pad/2/a` (the second pad) · `osc/accxyz/0` (an address without its first slash, and which of
its numbers) · `dmx/1/7` (universe, channel), `dmx16/1/7` (channels 7 and 8 as one number).
"""

from __future__ import annotations

import re

from perform.control.midi_decode import KINDS as MIDI_KINDS
from perform.control.midi_decode import parse_control
from perform.core.hands import MODIFIERS, MOST_PADS, PAD_AXES, PAD_BUTTONS, PAD_STICKS

LONGEST = 100
ORIGINS = {"key": "keyboard", "char": "keyboard", "pad": "gamepad", "osc": "osc", "dmx": "lights", "dmx16": "lights"}
"""Kind of control -> who speaks; all others are MIDI's."""
STANDING = ("pad", "osc", "dmx", "dmx16")
"""Kinds whose dials are taken at their word at once: no hand can feel where they ought to be picked up."""

_KEY = re.compile("".join(rf"(?:{modifier}\+)?" for modifier in MODIFIERS) + r"[a-z0-9_]+")
_PAD = re.compile(rf"(?:[2-{MOST_PADS}]/)?(?:{'|'.join((*PAD_BUTTONS, *PAD_AXES))})")
_OSC = re.compile(r"[\w.:+-]+(?:/[\w.:+-]+)*/\d{1,2}", re.ASCII)
_DMX = re.compile(r"(\d{1,5})/(\d{1,3})")


def kind_of(control: str) -> str:
    """`cc`, `note`, `key`, `pad`, …"""
    return control.split("/", 1)[0]


def is_button(control: str) -> bool:
    """Whether it can only be pressed and let go, by its name."""
    kind = kind_of(control)
    return kind in ("note", "key", "char") or (kind == "pad" and control.rsplit("/", 1)[-1] in PAD_BUTTONS)


def is_stick(control: str) -> bool:
    """Whether it springs back to a middle, from which it goes both ways."""
    return kind_of(control) == "pad" and control.rsplit("/", 1)[-1] in PAD_STICKS


def check_control(name: str) -> None:
    """Raises ValueError, with what could be said instead, for a name that is none."""
    kind, _, rest = name.partition("/")
    if kind not in ORIGINS:
        if kind not in MIDI_KINDS:
            raise ValueError(f"{name!r} is no control; say key/b, pad/a, cc/1/7, osc/accxyz/0, dmx/1/7, …")
        parse_control(name)
    elif len(name) > LONGEST:
        raise ValueError(f"a control's name of {len(name)} characters is too long")
    elif kind == "key" and not _KEY.fullmatch(rest):
        raise ValueError(f"{name!r}: say a key as key/b, key/left or key/ctrl+shift+f1")
    elif kind == "char" and (len(rest) != 1 or not rest.isprintable()):
        raise ValueError(f"{name!r}: say one character, like char/?")
    elif kind == "pad" and not _PAD.fullmatch(rest):
        raise ValueError(f"{name!r}: a pad has {', '.join((*PAD_BUTTONS, *PAD_AXES))}")
    elif kind == "osc" and not _OSC.fullmatch(rest):
        raise ValueError(f"{name!r}: say a sensor as osc/ADDRESS/NUMBER, like osc/accxyz/0")
    elif kind in ("dmx", "dmx16"):
        _check_dmx(name, kind, rest)


def _check_dmx(name: str, kind: str, rest: str) -> None:
    found = _DMX.fullmatch(rest)
    last = 512 if kind == "dmx" else 511
    if not found or not 0 <= int(found[1]) <= 63999 or not 1 <= int(found[2]) <= last:
        raise ValueError(f"{name!r}: say {kind}/UNIVERSE/CHANNEL; universes to 63999, channels 1 to {last}")


def nth_control(name: str, on: int) -> str:
    """The control whose number is higher by `on`. Raises ValueError where it has none."""
    kind = kind_of(name)
    if kind in MIDI_KINDS:
        _, channel, number = parse_control(name)
        return f"{kind}/{channel}/{number + on}" if name.count("/") == 2 else f"{kind}/{channel + on}"
    found = re.fullmatch(r"(.*?)(\d+)", name)
    if found is None:
        raise ValueError(f"{name!r} has no number to count on from")
    return f"{found[1]}{int(found[2]) + on}"
