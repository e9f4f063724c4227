"""The help over the picture: every key and control, what it does and how that stands now, on one sheet of glass.

It is set in as many columns and as large as fits, from a phone-sized window to a wall. Drawing takes some milliseconds,
so that happens in a thread of its own; the sheet shows up a picture or two later.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import moderngl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from perform.core.hands import HelpRow, HelpSheet
from perform.gl.hud import Panel

LARGEST_PX, SMALLEST_PX = 30, 9
MOST_COLUMNS = 4
SHARE = 0.95  # of the window, at most
LONGEST_DOC, LONGEST_KEY = 56, 18
_GLASS, _EDGE = (8, 10, 14, 225), (255, 255, 255, 28)
_TITLE, _TEXT, _NOW = (120, 205, 255, 255), (226, 230, 236, 255), (255, 190, 92, 255)
_CAP, _CAP_EDGE, _CAP_TEXT = (44, 49, 58, 255), (98, 106, 120, 255), (245, 247, 250, 255)
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class _Line:
    """A title (no row), or a row: key, what it does, how it stands; the last line of a sheet that is too long."""

    title: str = ""
    row: HelpRow | None = None


class _Setting:
    """A sheet set in one size. Everything in px."""

    def __init__(self, sheet: HelpSheet, text_px: int) -> None:
        self.px = text_px
        self.font, self.small = ImageFont.load_default(text_px), ImageFont.load_default(max(round(text_px * 0.86), 8))
        self.step, self.pad = round(text_px * 1.72), round(text_px * 1.1)
        rows = [row for _, group in sheet for row in group]
        self.key = max((self.small.getlength(row[0]) for row in rows), default=0.0) + 1.2 * text_px
        self.doc = max((self.font.getlength(row[1]) for row in rows), default=0.0)
        self.now = max((self.font.getlength(row[2]) for row in rows), default=0.0)
        self.column = round(self.key + 0.7 * text_px + self.doc + (0.9 * text_px + self.now if self.now else 0.0))
        self.lines = [line for title, group in sheet for line in (_Line(title), *(_Line(row=row) for row in group))]

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """(columns, lines in each) of all that there is, in a window of `size`; more lines than fit where it cannot."""
        width, height = size[0] - 2 * self.pad, size[1] - 3 * self.pad
        most = max(min((width + 2 * self.pad) // (self.column + 2 * self.pad), MOST_COLUMNS), 1)
        tall = max(height // self.step, 1)
        for columns in range(1, most + 1):
            if len(_columns(self.lines, columns)[0]) <= tall:
                return columns, tall
        return most, tall

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether nothing has to be left out."""
        columns, tall = self.grid(size)
        tallest = max(len(column) for column in _columns(self.lines, columns))
        return tallest <= tall and columns * (self.column + 2 * self.pad) <= size[0]


def _columns(lines: Sequence[_Line], count: int) -> list[list[_Line]]:
    """The lines in columns as even as can be; no title stands at the foot of one."""
    tall = -(-len(lines) // count)
    while True:
        columns: list[list[_Line]] = [[]]
        for number, line in enumerate(lines):
            title_at_foot = line.title and len(columns[-1]) == tall - 1 and number + 1 < len(lines)
            if columns[-1] and (len(columns[-1]) >= tall or title_at_foot):
                columns.append([])
            columns[-1].append(line)
        if len(columns) <= count:
            return columns
        tall += 1


def draw_sheet(sheet: HelpSheet, size: tuple[int, int], hint: str = "") -> np.ndarray:
    """The sheet for a window of `size` px as [h, w, 4] uint8, top row first, never larger than the window."""
    sheet = tuple((title, tuple(_cut(row) for row in rows)) for title, rows in sheet if rows)
    setting = _Setting(sheet, SMALLEST_PX)
    for text_px in range(max(min(LARGEST_PX, size[1] // 18), SMALLEST_PX), SMALLEST_PX - 1, -1):
        setting = _Setting(sheet, text_px)
        if setting.fits(size):
            break
    count, tall = setting.grid(size)
    columns = _columns(setting.lines, count)
    gap, pad = 2 * setting.pad, setting.pad
    width = min(len(columns) * setting.column + (len(columns) - 1) * gap + 2 * pad, size[0])
    high = min(max(len(column) for column in columns), tall)
    height = min(high * setting.step + 2 * pad + (setting.step if hint else 0), size[1])
    image = Image.new("RGBA", (int(width), int(height)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=setting.px // 2 + 4, fill=_GLASS, outline=_EDGE)
    for number, column in enumerate(columns):
        _column(draw, setting, column, tall, pad + number * (setting.column + gap))
    if hint:
        draw.text((width - pad, height - pad), hint, fill=_CAP_EDGE, font=setting.small, anchor="rb")
    return np.asarray(image)


def _column(draw: ImageDraw.ImageDraw, setting: _Setting, column: list[_Line], tall: int, x: float) -> None:
    shown = column if len(column) <= tall else column[: tall - 1]
    y = setting.pad + setting.step / 2
    for line in shown:
        if line.row is None:
            draw.text((x, y), line.title, fill=_TITLE, font=setting.font, anchor="lm")
            length = setting.font.getlength(line.title) + setting.px * 0.6
            draw.line((x + length, y, x + setting.column, y), fill=_CAP, width=max(setting.px // 14, 1))
        else:
            _row(draw, setting, line.row, x, y)
        y += setting.step
    if len(shown) < len(column):
        left = sum(line.row is not None for line in column[len(shown) :])
        draw.text(
            (x, y), f"… and {left} more: a larger window shows them", fill=_CAP_EDGE, font=setting.font, anchor="lm"
        )


def _row(draw: ImageDraw.ImageDraw, setting: _Setting, row: HelpRow, x: float, y: float) -> None:
    key, doc, now = row
    px = setting.px
    cap = setting.small.getlength(key) + 1.2 * px
    draw.rounded_rectangle((x, y - 0.68 * px, x + cap, y + 0.68 * px), radius=px * 0.32, fill=_CAP, outline=_CAP_EDGE)
    draw.text((x + cap / 2, y), key, fill=_CAP_TEXT, font=setting.small, anchor="mm")
    draw.text((x + setting.key + 0.7 * px, y), doc, fill=_TEXT, font=setting.font, anchor="lm")
    if now:
        draw.text((x + setting.column, y), now, fill=_NOW, font=setting.font, anchor="rm")


def _cut(row: HelpRow) -> HelpRow:
    key, doc, now = row
    return (
        key if len(key) <= LONGEST_KEY else key[: LONGEST_KEY - 1] + "…",
        doc if len(doc) <= LONGEST_DOC else doc[: LONGEST_DOC - 1] + "…",
        now,
    )


class Help:
    """The sheet on the screen, in the middle. Thread: the stage's; drawing has one of its own while needed."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._panel = Panel(ctx)
        self._sheet: HelpSheet = ()
        self._hint = ""
        self._drawn: tuple[HelpSheet, tuple[int, int]] | None = None
        self._ready: np.ndarray | None = None
        self._thread: threading.Thread | None = None

    def set(self, sheet: HelpSheet, hint: str) -> None:
        """What it says from now on."""
        self._sheet, self._hint = sheet, hint

    def draw(self, target: moderngl.Framebuffer, size: tuple[int, int], *, top_first: bool) -> None:
        """Draw over `target`. top_first: True where the target's first row is the top."""
        if not self._sheet:
            return
        wanted = (self._sheet, size)
        if self._thread is None and wanted != self._drawn:
            self._drawn = wanted
            self._thread = threading.Thread(target=self._set_in_type, args=wanted, name="help", daemon=True)
            self._thread.start()
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
            if self._ready is not None:
                self._panel.write(self._ready)
        width, height = self._panel.size
        if width:
            self._panel.draw(target, size, ((size[0] - width) // 2, (size[1] - height) // 2), top_first=top_first)

    def _set_in_type(self, sheet: HelpSheet, size: tuple[int, int]) -> None:
        with suppress(Exception):  # whatever a font does: the show goes on without help
            self._ready = draw_sheet(sheet, (round(size[0] * SHARE), round(size[1] * SHARE)), self._hint)

    def release(self) -> None:
        """Free the GL objects."""
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        self._panel.release()
