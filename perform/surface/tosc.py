"""The `.tosc` file of TouchOSC as a tree: nodes with typed properties, values, messages and children.

A file is one zlib stream of XML, `<lexml version="6">` with one GROUP node, whose frame is the canvas. Property types:
b, i, f, s, r (a frame: x, y, w, h), c (a colour: r, g, b, a, 0..1). Which keys and numbers a control has is in
https://hexler.net/touchosc/manual/script-properties-and-values; `shape` and text alignment count from 1, all else from
0. The root gets none of the behaviour of its kind, so that a PAGER stands inside of it.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as Xml

Frame = tuple[float, float, float, float]
Colour = tuple[float, float, float, float]
VERSION = "6"
ALL_CONNECTIONS = "1" * 10
NORTH, EAST = 0, 1
LEFT, MIDDLE, RIGHT = 1, 2, 3
MOMENTARY, TOGGLE = 0, 2
_NAMES = uuid.UUID("6f1d3a0e-6a1d-4a3e-9d0b-3f3f0a2c7b51")
_COMMON: dict[str, Any] = {
    "background": True, "cornerRadius": 2.0, "grabFocus": True, "interactive": True, "locked": False,
    "orientation": NORTH, "outline": True, "outlineStyle": 0, "pointerPriority": 0, "shape": 1, "visible": True,
}  # fmt: skip
_TEXT: dict[str, Any] = {
    "background": False, "font": 0, "interactive": False, "outline": False, "textAlignH": MIDDLE, "textAlignV": 2,
    "textClip": True, "textColor": (0.85, 0.85, 0.85, 1.0), "textSize": 12,
}  # fmt: skip
_KINDS: dict[str, dict[str, Any]] = {
    "GROUP": {"grabFocus": False, "interactive": False, "outline": False},
    "PAGER": {"grabFocus": False, "tabLabels": True, "tabbar": True, "tabbarDoubleTap": False, "tabbarSize": 36,
              "textSizeOff": 13, "textSizeOn": 13, "outline": False},
    "LABEL": {**_TEXT, "textLength": 0}, "TEXT": {**_TEXT, "textWrap": True},
    "BUTTON": {"buttonType": MOMENTARY, "press": True, "release": True, "valuePosition": False},
    "FADER": {"bar": True, "barDisplay": 0, "cursor": True, "cursorDisplay": 0, "grid": False, "gridSteps": 10,
              "gridColor": (0.0, 0.0, 0.0, 0.25), "response": 1, "responseFactor": 100},
    "XY": {"cursor": True, "cursorDisplay": 0, "gridColor": (0.0, 0.0, 0.0, 0.25), "gridX": True, "gridY": True,
           "gridStepsX": 4, "gridStepsY": 4, "lines": True, "linesDisplay": 0, "lockX": False, "lockY": False,
           "response": 1, "responseFactor": 100},
}  # fmt: skip
"""response 1: a touch moves a fader from where it stands, and never makes it jump."""


def node(
    kind: str,
    name: str,
    frame: Frame,
    colour: Colour,
    values: Mapping[str, Any] | None = None,
    messages: Iterable[Xml.Element] = (),
    children: Iterable[Xml.Element] = (),
    **properties: Any,
) -> Xml.Element:
    """A control. name: unlike any other in the file: its id is made of it, so that the same tree is the same file.
    values: what it starts at (`x` 0..1, `text`, `page`)."""
    made = Xml.Element("node", ID=id_of(name), type=kind)
    told = {**_COMMON, **_KINDS[kind], "name": name, "frame": frame, "color": colour, **properties}
    below = Xml.SubElement(made, "properties")
    for key in sorted(told):
        _property(below, key, told[key])
    below = Xml.SubElement(made, "values")
    for key, value in {**(values or {}), "touch": False}.items():
        entry = Xml.SubElement(below, "value")
        _add(entry, key=key, locked="0", lockedDefaultCurrent="0", default=_default(value), defaultPull="0")
    for tag, members in (("messages", list(messages)), ("children", list(children))):
        if members:
            Xml.SubElement(made, tag).extend(members)
    return made


def id_of(name: str) -> str:
    """The id of the node of that name."""
    return str(uuid.uuid5(_NAMES, name))


def _default(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.6g}" if isinstance(value, float) else str(value)


def _property(below: Xml.Element, key: str, value: Any) -> None:
    kind = {bool: "b", int: "i", float: "f", str: "s"}.get(type(value), "r" if key == "frame" else "c")
    made = Xml.SubElement(below, "property", type=kind)
    _add(made, key=key)
    if isinstance(value, tuple):
        parts = {letter: f"{part:.6g}" for letter, part in zip("xywh" if kind == "r" else "rgba", value, strict=True)}
        _add(Xml.SubElement(made, "value"), **parts)
    else:
        _add(made, value=str(int(value)) if isinstance(value, bool) else _default(value))


def _add(below: Xml.Element, **texts: str) -> None:
    """XML cannot hold every character, so that only what can be printed goes in."""
    for tag, text in texts.items():
        shown = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
        Xml.SubElement(below, tag).text = shown


def constant(text: str, conversion: str = "STRING") -> Xml.Element:
    """A part of an address or an argument that is always the same."""
    return _partial("CONSTANT", conversion, text, 0.0, 1.0)


def value(key: str, conversion: str = "FLOAT", lo: float = 0.0, hi: float = 1.0) -> Xml.Element:
    """A value of the control as an argument: its 0..1 as lo..hi; the other way round when it is received."""
    return _partial("VALUE", conversion, key, lo, hi)


def _partial(kind: str, conversion: str, text: str, lo: float, hi: float) -> Xml.Element:
    made = Xml.Element("partial")
    _add(made, type=kind, conversion=conversion, value=text, scaleMin=f"{lo:.9g}", scaleMax=f"{hi:.9g}")
    return made


def osc(
    address: str, arguments: Iterable[Xml.Element], on: str = "x", when: str = "ANY", *,
    send: bool = True, receive: bool = True,
) -> Xml.Element:  # fmt: skip
    """An OSC message. on, when: which value makes it go out, and whether on each change (`ANY`) or a `RISE`."""
    made = Xml.Element("osc")
    _add(made, enabled="1", send=str(int(send)), receive=str(int(receive)), feedback="0", noDuplicates="0",
         connections=ALL_CONNECTIONS)  # fmt: skip
    for variable in on.split() if send else ():
        _trigger(made, variable, when)
    Xml.SubElement(made, "path").append(constant(address))
    Xml.SubElement(made, "arguments").extend(arguments)
    return made


def local(source: str, lo: float, hi: float, whole: bool, target: str) -> Xml.Element:
    """Shows a value, as lo..hi, as the text of the control named `target`."""
    made = Xml.Element("local")
    _add(made, enabled="1")
    _trigger(made, source, "ANY")
    _add(made, type="VALUE", conversion="INTEGER" if whole else "FLOAT", value=source, scaleMin=f"{lo:.9g}",
         scaleMax=f"{hi:.9g}", dstType="VALUE", dstVar="text", dstID=id_of(target))  # fmt: skip
    return made


def _trigger(below: Xml.Element, variable: str, when: str) -> None:
    triggers = below.find("triggers")
    entry = Xml.SubElement(Xml.SubElement(below, "triggers") if triggers is None else triggers, "trigger")
    _add(entry, var=variable, condition=when)


def file_of(root: Xml.Element) -> bytes:
    """The bytes of a file whose canvas is `root`."""
    root.insert(0, Xml.Element("includes"))
    whole = Xml.Element("lexml", version=VERSION)
    whole.append(root)
    return zlib.compress(Xml.tostring(whole, encoding="UTF-8", xml_declaration=True, short_empty_elements=False), 9)
