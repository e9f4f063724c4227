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
NOW_STEP = 6  # letters: room for how things stand is kept in such steps
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
        longest = max((len(row[2]) for row in rows), default=0)
        self.now = self.font.getlength("0" * -(-longest // NOW_STEP) * NOW_STEP)  # so that a figure that grows fits
        self.column = round(self.key + 0.7 * text_px + self.doc + (0.9 * text_px + self.now if self.now else 0.0))
        self.lines = [line for title, group in sheet for line in (_Line(title), *(_Line(row=row) for row in group))]

    def grid(self, size: tuple[int, int], px: float = 0.0) -> tuple[int, int]:
        """(columns, lines in each) of all that there is, in a window of `size`; more lines than fit where it cannot.
        px: as it would be in another size of type."""
        scale = px / self.px if px else 1.0
        pad, column, step = self.pad * scale, self.column * scale, self.step * scale
        width, height = size[0] - 2 * pad, size[1] - 3 * pad
        most = int(max(min((width + 2 * pad) // (column + 2 * pad), MOST_COLUMNS), 1))
        tall = int(max(height // step, 1))
        for columns in range(1, most + 1):
            if len(_columns(self.lines, columns)[0]) <= tall:
                return columns, tall
        return most, tall

    def fits(self, size: tuple[int, int], px: float = 0.0) -> bool:
        """Whether nothing has to be left out. px: in another size of type, by reckoning."""
        columns, tall = self.grid(size, px)
        scale = px / self.px if px else 1.0
        tallest = max((len(column) for column in _columns(self.lines, columns)), default=0)
        return tallest <= tall and columns * (self.column + 2 * self.pad) * scale <= size[0]


def _fitting(sheet: HelpSheet, size: tuple[int, int]) -> _Setting:
    """The sheet in the largest type that fits: reckoned from one size, then looked at."""
    largest = max(min(LARGEST_PX, size[1] // 18), SMALLEST_PX)
    setting = _Setting(sheet, largest)
    if setting.fits(size):
        return setting
    px = next((px for px in range(largest - 1, SMALLEST_PX, -1) if setting.fits(size, px)), SMALLEST_PX)
    setting = _Setting(sheet, px)
    while px > SMALLEST_PX and not setting.fits(size):
        px -= 1
        setting = _Setting(sheet, px)
    return setting


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


class Drawn:
    """A sheet for a window of `size` px: all that stands still is drawn once, what stands beside it each time."""

    def __init__(self, sheet: HelpSheet, size: tuple[int, int], hint: str = "") -> None:
        self.like = _like(sheet, size)
        self._spots: dict[int, tuple[float, float]] = {}
        cut = tuple((title, tuple(_cut(row) for row in rows)) for title, rows in sheet if rows)
        setting = self._setting = _fitting(cut, size)
        count, tall = setting.grid(size)
        columns = _columns(setting.lines, count)
        gap, pad = 2 * setting.pad, setting.pad
        width = min(len(columns) * setting.column + (len(columns) - 1) * gap + 2 * pad, size[0])
        high = min(max(len(column) for column in columns), tall)
        height = min(high * setting.step + 2 * pad + (setting.step if hint else 0), size[1])
        self._image = Image.new("RGBA", (int(width), int(height)), (0, 0, 0, 0))
        draw = ImageDraw.Draw(self._image)
        draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=setting.px // 2 + 4, fill=_GLASS, outline=_EDGE)
        for number, column in enumerate(columns):
            self._column(draw, column, tall, pad + number * (setting.column + gap))
        if hint:
            draw.text((width - pad, height - pad), hint, fill=_CAP_EDGE, font=setting.small, anchor="rb")

    def with_values(self, sheet: HelpSheet) -> np.ndarray:
        """[h, w, 4] uint8, top row first, never larger than the window; `sheet` differs only in how things stand."""
        image = self._image.copy()
        draw = ImageDraw.Draw(image)
        for number, row in enumerate(row for _, rows in sheet for row in rows):
            if row[2] and number in self._spots:
                draw.text(self._spots[number], row[2], fill=_NOW, font=self._setting.font, anchor="rm")
        return np.asarray(image)

    def _column(self, draw: ImageDraw.ImageDraw, column: list[_Line], tall: int, x: float) -> None:
        setting = self._setting
        rows = [line for line in setting.lines if line.row is not None]
        shown = column if len(column) <= tall else column[: tall - 1]
        y = setting.pad + setting.step / 2
        for line in shown:
            if line.row is None:
                draw.text((x, y), line.title, fill=_TITLE, font=setting.font, anchor="lm")
                length = setting.font.getlength(line.title) + setting.px * 0.6
                if length < setting.column:
                    draw.line((x + length, y, x + setting.column, y), fill=_CAP, width=max(setting.px // 14, 1))
            else:
                self._row(draw, line.row, x, y)
                self._spots[next(n for n, one in enumerate(rows) if one is line)] = (x + setting.column, y)
            y += setting.step
        if len(shown) < len(column):
            left = sum(line.row is not None for line in column[len(shown) :])
            text = f"… and {left} more: a larger window shows them"
            draw.text((x, y), text, fill=_CAP_EDGE, font=setting.font, anchor="lm")

    def _row(self, draw: ImageDraw.ImageDraw, row: HelpRow, x: float, y: float) -> None:
        setting, px = self._setting, self._setting.px
        cap = setting.small.getlength(row[0]) + 1.2 * px
        box = (x, y - 0.68 * px, x + cap, y + 0.68 * px)
        draw.rounded_rectangle(box, radius=px * 0.32, fill=_CAP, outline=_CAP_EDGE)
        draw.text((x + cap / 2, y), row[0], fill=_CAP_TEXT, font=setting.small, anchor="mm")
        draw.text((x + setting.key + 0.7 * px, y), row[1], fill=_TEXT, font=setting.font, anchor="lm")


def draw_sheet(sheet: HelpSheet, size: tuple[int, int], hint: str = "") -> np.ndarray:
    """The sheet for a window of `size` px as [h, w, 4] uint8, top row first, never larger than the window."""
    return Drawn(sheet, size, hint).with_values(sheet)


def _like(sheet: HelpSheet, size: tuple[int, int]) -> object:
    """What two sheets have in common that differ only in how things stand: only short words come and go there."""
    rows = tuple((title, tuple(row[:2] for row in rows)) for title, rows in sheet)
    longest = max((len(row[2]) for _, group in sheet for row in group), default=0)
    return rows, size, -(-longest // NOW_STEP)


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
        self._base: Drawn | None = None
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
            shown = (round(size[0] * SHARE), round(size[1] * SHARE))
            if self._base is None or self._base.like != _like(sheet, shown):
                self._base = Drawn(sheet, shown, self._hint)
            self._ready = self._base.with_values(sheet)

    def release(self) -> None:
        """Free the GL objects."""
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        self._panel.release()
