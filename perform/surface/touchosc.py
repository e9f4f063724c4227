"""A layout for TouchOSC: sections as tabs, a control for each parameter, native values both ways."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element

from perform.core.params import Param
from perform.surface import tosc
from perform.surface.pages import Control, Page, Placed, Section
from perform.surface.tosc import Colour, Frame

SUFFIX = ".tosc"
CANVAS = {"tablet": (1024, 768), "phone": (360, 720)}
"""Only the shape counts: TouchOSC scales a layout to the screen."""
TABS, INNER_TABS, CAPTION, MARGIN = 36, 28, 18, 4
LETTER = 6.6
"""About the width of a letter at size 12."""
BLACK, SHADE, PALE = (0.0, 0.0, 0.0, 1.0), (0.12, 0.12, 0.12, 1.0), (0.85, 0.85, 0.85, 1.0)
CLEAR = (0.0, 0.0, 0.0, 0.0)
PARTS = {
    "r": (0.85, 0.25, 0.2, 1.0),
    "g": (0.3, 0.75, 0.3, 1.0),
    "b": (0.3, 0.45, 0.95, 1.0),
    "a": (0.6, 0.6, 0.6, 1.0),
}
ALARM = (0.8, 0.15, 0.12, 1.0)
ALARMS = ("out/blackout", "out/panic")


def write(sections: Sequence[Section], title: str, device: str, grid: tuple[int, int]) -> bytes:
    """The file. device: a key of CANVAS. grid: columns and rows of cells."""
    width, height = CANVAS[device]
    size = 11 if device == "phone" else 14
    tabs = []
    for section in sections:
        inner = (0.0, float(TABS), float(width), float(height - TABS))
        tabs.append(_section(section, inner, grid, size))
    whole = (0.0, 0.0, float(width), float(height))
    pager = tosc.node("PAGER", "sections", whole, BLACK, {"page": 0}, children=tabs, tabbarSize=TABS,
                      textSizeOff=size, textSizeOn=size)  # fmt: skip
    return tosc.file_of(tosc.node("GROUP", f"layout {title}", whole, BLACK, children=[pager]))


def _section(section: Section, frame: Frame, grid: tuple[int, int], size: int) -> Element:
    if len(section.pages) == 1:
        return _page(section.title, section.title, section.pages[0], frame, grid)
    _, _, width, height = frame
    inner = (0.0, float(INNER_TABS), width, height - INNER_TABS)
    pages = [_page(f"{section.title} {n}", str(n), page, inner, grid) for n, page in enumerate(section.pages, 1)]
    pager = tosc.node("PAGER", f"{section.title} pages", (0.0, 0.0, width, height), BLACK, {"page": 0}, children=pages,
                      tabbarSize=INNER_TABS, textSizeOff=size, textSizeOn=size)  # fmt: skip
    return _tab(section.title, section.title, frame, [pager])


def _tab(name: str, label: str, frame: Frame, children: list[Element]) -> Element:
    return tosc.node(
        "GROUP", name, frame, BLACK, children=children, tabLabel=label, tabColorOff=SHADE,
        tabColorOn=(0.3, 0.3, 0.3, 1.0), textColorOff=(0.6, 0.6, 0.6, 1.0), textColorOn=(1.0, 1.0, 1.0, 1.0),
    )  # fmt: skip


def _page(name: str, label: str, page: Page, frame: Frame, grid: tuple[int, int]) -> Element:
    colours = _colours(page)
    cell = frame[2] / grid[0], frame[3] / grid[1]
    children = [made for placed in page for made in _cell(name, placed, cell, colours[placed.control.group])]
    return _tab(f"page {name}", label, frame, children)


def _colours(page: Page) -> dict[str, Colour]:
    """A hue for each group of controls, so that a hand finds them in the dark."""
    groups = list(dict.fromkeys(placed.control.group for placed in page))
    hues = {group: (0.55 + 0.381966 * n) % 1.0 for n, group in enumerate(groups)}
    return {group: (*colorsys.hsv_to_rgb(hue, 0.55, 0.75), 1.0) for group, hue in hues.items()}


def _cell(page: str, placed: Placed, cell: tuple[float, float], colour: Colour) -> list[Element]:
    control = placed.control
    x, y = placed.x * cell[0] + MARGIN, placed.y * cell[1] + MARGIN
    width, height = placed.across * cell[0] - 2 * MARGIN, placed.down * cell[1] - 2 * MARGIN
    name = f"{page}: {control.row.name}"
    colour = ALARM if control.row.name in ALARMS else colour
    if control.kind in ("toggle", "button"):
        return _button(name, control, (x, y, width, height), colour)
    below = (x, y + CAPTION, width, height - CAPTION)
    return [*_caption(name, control, (x, y, width, CAPTION)), *_BODIES[control.kind](name, control, below, colour)]


def _label(name: str, text: str, frame: Frame, align: int = tosc.MIDDLE, receives: str = "") -> Element:
    heard = [tosc.osc(receives, [tosc.value("text", "STRING")], send=False)] if receives else []
    size = 12 if len(text) * LETTER <= frame[2] else 10
    return tosc.node("LABEL", name, frame, CLEAR, {"text": text}, heard, textAlignH=align, textSize=size)


def _inscription(name: str, text: str, frame: Frame) -> Element:
    """Words on a button, over more than one line where they must."""
    size = 12 if max(map(len, text.split())) * LETTER <= frame[2] else 10
    return tosc.node("TEXT", name, frame, CLEAR, {"text": text}, textSize=size)


def _caption(name: str, control: Control, frame: Frame) -> list[Element]:
    """What it is called; on the right, what it stands at."""
    x, y, width, height = frame
    if control.kind == "macro":
        return [_label(f"{name} caption", control.label, frame, receives=control.name)]
    if control.kind in ("xy", "colour", "text"):
        return [_label(f"{name} caption", control.label, frame, tosc.LEFT)]
    told = control.row.kind == "choice" or control.kind == "number"
    return [
        _label(f"{name} caption", control.label, (x, y, width * 0.62, height), tosc.LEFT),
        _label(f"{name} told", shown(control), (x + width * 0.62, y, width * 0.38, height), tosc.RIGHT,
               control.address if told else ""),
    ]  # fmt: skip


def shown(control: Control) -> str:
    """Its value as a short text."""
    value = control.value
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _button(name: str, control: Control, frame: Frame, colour: Colour) -> list[Element]:
    if control.kind == "toggle":
        message = tosc.osc(control.address, [tosc.value("x", "BOOLEAN")])
        kind, start = tosc.TOGGLE, float(bool(control.value))
    else:
        message = tosc.osc(control.address, [tosc.constant("1", "INTEGER")], when="RISE", receive=False)
        kind, start = tosc.MOMENTARY, 0.0
    button = tosc.node("BUTTON", name, frame, colour, {"x": start}, [message], buttonType=kind)
    return [button, _inscription(f"{name} caption", control.label, frame)]


def _fader(name: str, control: Control, frame: Frame, colour: Colour) -> list[Element]:
    row = control.row
    messages = [tosc.osc(control.address, [_number(row, "x")]),
                tosc.local("x", row.lo, row.hi, row.kind == "int", f"{name} told")]  # fmt: skip
    return [_bar(name, frame, colour, control.part, messages, tosc.EAST, centred=row.lo < 0.0 < row.hi)]


def _macro(name: str, control: Control, frame: Frame, colour: Colour) -> list[Element]:
    message = tosc.osc(control.address, [_number(control.row, "x")])
    return [_bar(name, frame, colour, control.part, [message], tosc.NORTH)]


def _bar(
    name: str, frame: Frame, colour: Colour, start: float, messages: list[Element], way: int, *,
    centred: bool = False, steps: int = 0,
) -> Element:  # fmt: skip
    lines = {"grid": True, "gridSteps": steps} if steps else {}
    return tosc.node("FADER", name, frame, colour, {"x": start}, messages, orientation=way, centered=centred, **lines)


def _number(row: Param, key: str) -> Element:
    return tosc.value(key, "INTEGER" if row.kind == "int" else "FLOAT", row.lo, row.hi)


def _dial(name: str, control: Control, frame: Frame, colour: Colour) -> list[Element]:
    """Many words on one fader; which one it is stands beside its caption, as soon as it is told."""
    message = tosc.osc(f"{control.address}/norm", [tosc.value("x")], receive=False)
    start = control.row.to_norm(control.value) or 0.0
    return [_bar(name, frame, colour, start, [message], tosc.EAST, steps=len(control.row.choices))]


def _choice(name: str, control: Control, frame: Frame, colour: Colour) -> list[Element]:
    x, y, width, height = frame
    words = control.row.choices
    step = width / len(words)
    made = []
    for n, word in enumerate(words):
        place = (x + n * step, y, step - 2, height)
        message = tosc.osc(control.address, [tosc.constant(word)], when="RISE", receive=False)
        made += [tosc.node("BUTTON", f"{name} {word}", place, colour, {"x": 0.0}, [message]),
                 _inscription(f"{name} {word} caption", word.replace("_", " "), place)]  # fmt: skip
    return made


def _steps(name: str, control: Control, frame: Frame, colour: Colour) -> list[Element]:
    """Steps down and up by 100 and by 1: relative changes, for numbers too many for a fader."""
    x, y, width, height = frame
    made = []
    for n, (sign, amount) in enumerate((("-", "100"), ("-", "1"), ("+", "1"), ("+", "100"))):
        place = (x + n * width / 4, y, width / 4 - 2, height)
        arguments = [tosc.constant(sign), tosc.constant(amount, "FLOAT")]
        message = tosc.osc(control.address, arguments, when="RISE", receive=False)
        made += [tosc.node("BUTTON", f"{name} {sign}{amount}", place, colour, {"x": 0.0}, [message]),
                 _label(f"{name} {sign}{amount} caption", f"{sign}{amount}", place)]  # fmt: skip
    return made


def _xy(name: str, control: Control, frame: Frame, colour: Colour) -> list[Element]:
    lo, hi = control.row.lo, control.row.hi
    start = {k: (float(v) - lo) / (hi - lo) for k, v in zip("xy", control.value, strict=True)}  # type: ignore[arg-type]
    message = tosc.osc(control.address, [_number(control.row, "x"), _number(control.row, "y")], on="x y")
    return [tosc.node("XY", name, frame, colour, start, [message])]


def _colour(name: str, control: Control, frame: Frame, _: Colour) -> list[Element]:
    x, y, width, height = frame
    made = []
    for n, (letter, start) in enumerate(zip("rgba", control.value, strict=True)):  # type: ignore[arg-type]
        place = (x, y + n * height / 4, width, height / 4 - 2)
        message = tosc.osc(f"{control.address}/{letter}", [tosc.value("x")])
        made.append(_bar(f"{name} {letter}", place, PARTS[letter], float(start), [message], tosc.EAST))
    return made


def _text(name: str, control: Control, frame: Frame, _: Colour) -> list[Element]:
    """TouchOSC shows texts and types none."""
    heard = tosc.osc(control.address, [tosc.value("text", "STRING")], send=False)
    start = {"text": str(control.value)}
    return [tosc.node("TEXT", name, frame, SHADE, start, [heard], background=True, textColor=PALE)]


_BODIES: dict[str, Callable[[str, Control, Frame, Colour], list[Element]]] = {
    "fader": _fader, "wide": _fader, "macro": _macro, "number": _steps, "choice": _choice, "choices": _choice,
    "dial": _dial, "xy": _xy, "colour": _colour, "text": _text,
}  # fmt: skip
