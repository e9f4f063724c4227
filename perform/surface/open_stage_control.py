"""A session for Open Stage Control (1.x): sections as tabs, a widget for each parameter, native values both ways.

A session is JSON: a root widget with tabs, whose widgets stand at percentages of it. What a widget does not say is at
its default (https://openstagecontrol.ammd.net/docs/widgets/).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from perform.surface.pages import Control, Page, Placed, Section

SUFFIX = ".json"
VERSION = "1.27.0"
CAPTION = 0.22
"""Of the height of a cell."""
HUES = ("#4aa3df", "#d98c3f", "#6fbf73", "#c06bd0", "#d8c24a", "#4fc3b5", "#e07a8b", "#8f8fe0")
ALARMS = {"out/blackout": "#d0342c", "out/panic": "#d0342c"}
_PLAIN = str.maketrans("{}<>^", "()() ")
Widget = dict[str, Any]


def write(sections: Sequence[Section], title: str, device: str, grid: tuple[int, int]) -> bytes:
    """The file. title: of the look. device: any, since the session fills its window. grid: columns and rows."""
    tabs = [_section(section, grid) for section in sections]
    root = {"type": "root", "id": "root", "comments": plain(f"perform: {title}"), "colorBg": "#101010", "tabs": tabs,
            "widgets": [], "bypass": True}  # fmt: skip
    session = {"createdWith": "Open Stage Control", "version": VERSION, "type": "session", "content": root}
    return (json.dumps(session, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _section(section: Section, grid: tuple[int, int]) -> Widget:
    if len(section.pages) == 1:
        return _tab(section.title, section.title, widgets=_page(section.title, section.pages[0], grid))
    pages = [
        _tab(f"{section.title} {n}", str(n), widgets=_page(f"{section.title} {n}", page, grid))
        for n, page in enumerate(section.pages, 1)
    ]
    return _tab(f"{section.title} all", section.title, tabs=pages)


def _tab(name: str, label: str, **below: list[Widget]) -> Widget:
    return {"type": "tab", "id": name.replace(" ", "_"), "label": label, "bypass": True, "padding": 2,
            "scroll": False, "widgets": [], "tabs": [], **below}  # fmt: skip


def _page(name: str, page: Page, grid: tuple[int, int]) -> list[Widget]:
    groups = list(dict.fromkeys(placed.control.group for placed in page))
    made = []
    for placed in page:
        control = placed.control
        colour = ALARMS.get(control.row.name, HUES[groups.index(control.group) % len(HUES)])
        made += _cell(f"{name}: {control.row.name}", placed, grid, colour)
    return made


def _cell(where: str, placed: Placed, grid: tuple[int, int], colour: str) -> list[Widget]:
    control = placed.control
    left, width = placed.x / grid[0], placed.across / grid[0]
    top, height = placed.y / grid[1], placed.down / grid[1]
    name = "".join(c if c.isalnum() else "_" for c in where)
    body = {"id": name, "address": control.address, "colorWidget": colour, **_BODIES[control.kind](control)}
    if control.kind in ("toggle", "button"):
        return [body | _place(left, top, width, height)]
    line = CAPTION / grid[1]
    caption = _caption(name, control) | _place(left, top, width, line)
    return [body | _place(left, top + line, width, height - line), caption]


def _place(left: float, top: float, width: float, height: float) -> Widget:
    names = ("left", "top", "width", "height")
    return {n: f"{100.0 * v:.4g}%" for n, v in zip(names, (left, top, width, height), strict=True)}


def _caption(name: str, control: Control) -> Widget:
    """What it is called, and what a fader stands at."""
    made: Widget = {"type": "text", "id": f"{name}_caption", "bypass": True, "interaction": False, "padding": 0}
    if control.kind == "macro":
        return made | {"address": control.name, "default": plain(control.label)}
    told = f" @{{{name}}}" if control.kind in ("fader", "wide") else ""
    return made | {"value": f"{plain(control.label)}{told}"}


def plain(text: str) -> str:
    """Text that is shown as it is: in a session, `#{…}`, `@{…}` and `JS{…}` are code, `<…>` is HTML, `^…` an icon."""
    return text.translate(_PLAIN)


def _fader(control: Control) -> Widget:
    row = control.row
    made = {"type": "fader", "horizontal": control.kind != "macro", "design": "compact", "default": control.value,
            "range": {"min": row.lo, "max": row.hi}, "typeTags": "f",
            "decimals": decimals_of(row.hi - row.lo)}  # fmt: skip
    if row.kind == "int":
        made |= {"steps": int(row.hi - row.lo) + 1, "decimals": 0, "typeTags": "i"}
    return made | ({"origin": 0} if row.lo < 0.0 < row.hi else {})


def decimals_of(span: float) -> int:
    """Decimals that split a range into a thousand steps at least."""
    return max(3 - math.floor(math.log10(span)), 1)


def _number(control: Control) -> Widget:
    return {"type": "input", "numeric": True, "decimals": 0, "default": control.value, "typeTags": "i"}


def _toggle(control: Control) -> Widget:
    return {"type": "button", "mode": "toggle", "label": plain(control.label), "on": True, "off": False, "wrap": "soft",
            "default": bool(control.value)}  # fmt: skip


def _button(control: Control) -> Widget:
    return {
        "type": "button",
        "mode": "tap",
        "label": plain(control.label),
        "on": 1,
        "off": 0,
        "wrap": "soft",
        "typeTags": "i",
    }


def _choice(control: Control) -> Widget:
    words = [word for word in control.row.choices if "{" not in word]
    values = {"labels": [plain(word.replace("_", " ")) for word in words], "values": words}
    made = {"values": values, "default": control.value, "typeTags": "s"}
    if control.kind == "dial":
        return {"type": "dropdown", "label": "%key", **made}
    return {"type": "switch", "layout": "horizontal", "wrap": "soft", **made}


def _xy(control: Control) -> Widget:
    row = control.row
    span: Mapping[str, float] = {"min": row.lo, "max": row.hi}
    return {"type": "xy", "rangeX": span, "rangeY": span, "default": list(control.value), "pips": False,  # type: ignore[arg-type]
            "decimals": decimals_of(row.hi - row.lo), "typeTags": "ff"}  # fmt: skip


def _colour(control: Control) -> Widget:
    whole = {"min": 0, "max": 1}
    return {"type": "rgb", "range": whole, "alpha": True, "rangeAlpha": whole, "default": list(control.value),  # type: ignore[arg-type]
            "decimals": 4, "typeTags": "ffff"}  # fmt: skip


def _text(control: Control) -> Widget:
    return {"type": "input", "default": plain(str(control.value)), "typeTags": "s", "align": "left"}


_BODIES = {
    "fader": _fader, "wide": _fader, "macro": _fader, "number": _number, "toggle": _toggle, "button": _button,
    "choice": _choice, "choices": _choice, "dial": _choice, "xy": _xy, "colour": _colour, "text": _text,
}  # fmt: skip
