"""The picture of `perform analyze`: rows of time, each with waveform, spectrum, bands and onsets, beats, tempo and
confidence, sections. Dark, for screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perform.outputs.chart import Canvas, Colour, heat, per_pixel, text_width

WIDTH, LEFT, RIGHT, EDGE = 1920, 118, 74, 22
LANES = (("sections", 22), ("wave", 96), ("mel", 104), ("bands", 124), ("beats", 26), ("tempo", 76), ("form", 84))
GAP, AXIS, HEAD = 5, 30, 116
ROWS = 4
"""Rows on a page."""

GROUND, LANE, LINE = (10, 12, 17), (17, 20, 28), (42, 48, 60)
BRIGHT, TEXT, DIM = (240, 244, 250), (190, 198, 210), (122, 131, 146)
BAND_COLOURS: Mapping[str, Colour] = {
    "bass": (255, 92, 88), "lowmid": (255, 178, 72), "highmid": (126, 222, 134), "treble": (96, 184, 255),
}  # fmt: skip
KIND_COLOURS: Mapping[str, Colour] = {
    "play": (74, 84, 104), "build": (255, 170, 60), "drop": (255, 74, 150), "break": (86, 150, 255),
    "silence": (40, 44, 54),
}  # fmt: skip
ENERGY, TEMPO, TRUST = (138, 124, 255), (255, 214, 110), (70, 190, 170)
HEAT = (
    (0.0, (12, 13, 20)), (0.25, (44, 22, 82)), (0.5, (128, 36, 118)), (0.72, (224, 78, 82)), (0.9, (255, 176, 92)),
    (1.0, (255, 246, 210)),
)  # fmt: skip
KEPT: tuple[Colour, ...] = (
    GROUND, LANE, BRIGHT, TEXT, DIM, ENERGY, TEMPO, TRUST, *BAND_COLOURS.values(), *KIND_COLOURS.values(),
)  # fmt: skip
"""What the eye looks for: not to be lost in a palette."""
STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True)
class SoundChart:
    """What is drawn. lanes: name -> [columns] (see `perform.analysis.lanes`), a column lasting column_s; mel
    [columns, 64] uint8. beats: (time_s, beat in bar). sections: (start_s, end_s, kind). row_s: seconds a row.
    head: lines over the first row; the first one is large."""

    seconds: float
    column_s: float
    lanes: Mapping[str, np.ndarray]
    mel: np.ndarray
    beats: Sequence[tuple[float, int]]
    sections: Sequence[tuple[float, float, str]]
    head: Sequence[str]
    row_s: float
    start_s: float = 0.0
    trusted: float = 0.5


def rows_of(chart: SoundChart) -> int:
    """How many rows the sound takes."""
    return max(1, int(np.ceil(chart.seconds / chart.row_s - 1e-6)))


def draw_page(chart: SoundChart, first_row: int, rows: int) -> np.ndarray:
    """[h, 1920, 3] uint8: `rows` rows from `first_row` on; the head stands on the first page only."""
    head = HEAD if first_row == 0 else EDGE
    row_height = sum(height + GAP for _, height in LANES) + AXIS
    canvas = Canvas(WIDTH, head + rows * row_height + EDGE // 2, GROUND)
    if first_row == 0:
        _head(canvas, chart)
    for row in range(rows):
        _Row(canvas, chart, (first_row + row) * chart.row_s, head + row * row_height).draw()
    return canvas.pixels()


def _head(canvas: Canvas, chart: SoundChart) -> None:
    title, *lines = chart.head
    canvas.text(LEFT, 34, title, 26, BRIGHT)
    for number, line in enumerate(lines):
        canvas.text(LEFT, 62 + 21 * number, line, 15, TEXT)
    x, y = WIDTH - RIGHT, 34
    for name, colour in reversed(list(KIND_COLOURS.items())):
        x -= int(text_width(name, 14))
        canvas.text(x, y, name, 14, TEXT)
        x -= 20
        canvas.box(x, y - 6, 12, 12, colour)
        x -= 18


class _Row:
    """One stretch of time across the page."""

    def __init__(self, canvas: Canvas, chart: SoundChart, start_s: float, y: int) -> None:
        self.canvas, self.chart, self.start_s, self.y = canvas, chart, start_s, y
        self.left, self.width = LEFT, WIDTH - LEFT - RIGHT
        self.end_s = min(start_s + chart.row_s, max(chart.seconds, start_s + 1e-3))
        if chart.seconds <= chart.row_s:
            self.used = self.width
            self.per_s = self.width / max(self.end_s - start_s, 1e-3)
        else:
            self.per_s = self.width / chart.row_s
            self.used = max(2, round((self.end_s - start_s) * self.per_s))
        self.edges = (start_s + np.arange(self.used + 1) / self.per_s) / chart.column_s

    def x(self, time_s: float) -> float:
        """The pixel of a time."""
        return self.left + (time_s - self.start_s) * self.per_s

    def lane(self, name: str, how: str = "mean") -> np.ndarray:
        """A lane as pixels."""
        return per_pixel(self.chart.lanes[name], self.edges, how)

    def draw(self) -> None:
        """Every lane, then the bar lines over all, then the axis."""
        y, tops = self.y, {}
        for name, height in LANES:
            tops[name] = (y, height)
            if name != "sections":
                self.canvas.box(self.left, y, self.used, height, LANE)
            y += height + GAP
        self._sections(*tops["sections"])
        self._wave(*tops["wave"])
        self._mel(*tops["mel"])
        self._bands(*tops["bands"])
        self._tempo(*tops["tempo"])
        self._form(*tops["form"])
        self._bar_lines(tops["wave"][0], y - GAP - tops["wave"][0])
        self._beats(*tops["beats"])
        self._axis(y)

    def label(self, y: float, words: str, colour: Colour = DIM) -> None:
        """What a lane shows, left of it."""
        self.canvas.text(self.left - 10, y, words, 14, colour, "rm")

    def scale(self, y: float, words: str, colour: Colour = DIM) -> None:
        """A figure right of a lane."""
        self.canvas.text(self.left + self.used + 8, y, words, 12, colour, "lm")

    def _sections(self, y: int, height: int) -> None:
        self.label(y + height / 2, "section")
        for start_s, end_s, kind in self.chart.sections:
            if end_s <= self.start_s or start_s >= self.end_s:
                continue
            first = round(max(self.x(start_s), self.left))
            last = round(min(self.x(end_s), self.left + self.used))
            colour = KIND_COLOURS[kind]
            self.canvas.box(first, y, max(1, last - first - 2), height, colour)
            if last - first > text_width(kind, 13) + 12:
                dark = sum(colour) > 380
                self.canvas.text(first + 7, y + height / 2, kind, 13, GROUND if dark else BRIGHT, "lm")

    def _wave(self, y: int, height: int) -> None:
        self.label(y + height / 2, "waveform")
        low, high, rms = self.lane("low", "min"), self.lane("high", "max"), self.lane("rms")
        levels = np.stack([self.lane(name) for name in BAND_COLOURS], axis=-1) ** 2 + 1e-3
        colours = levels @ np.array(list(BAND_COLOURS.values()), np.float32) / levels.sum(axis=1, keepdims=True)
        middle = 0.5 / height
        self.canvas.area(self.left, y, height, 0.5 + 0.5 * low - middle, 0.5 + 0.5 * high + middle, 0.62 * colours)
        self.canvas.area(self.left, y, height, 0.5 - 0.5 * rms, 0.5 + 0.5 * rms, np.minimum(1.12 * colours, 255.0))
        self.scale(y + 8, "1")
        self.scale(y + height / 2, "0")
        self.scale(y + height - 8, "-1")

    def _mel(self, y: int, height: int) -> None:
        self.label(y + height / 2, "spectrum")
        shown = per_pixel(self.chart.mel, self.edges, "max") / 255.0
        rows = np.linspace(shown.shape[1] - 0.5, -0.5, height)
        index = np.clip(rows, 0, shown.shape[1] - 1)
        below = np.floor(index).astype(int)
        above = np.minimum(below + 1, shown.shape[1] - 1)
        part = (index - below)[:, None].astype(np.float32)
        image = shown.T[below] * (1.0 - part) + shown.T[above] * part
        self.canvas.picture(self.left, y, heat(image, HEAT))
        for words, place in (("16k", 63.0), ("4k", 47.5), ("1k", 21.0), ("30 Hz", 1.0)):
            self.scale(y + height - (place + 0.5) / 64.0 * height, words)

    def _bands(self, y: int, height: int) -> None:
        each = height // len(BAND_COLOURS)
        for number, (name, colour) in enumerate(reversed(BAND_COLOURS.items())):
            top = y + number * each
            level, hit = self.lane(name), self.lane(f"{name} hit", "max")
            self.label(top + each / 2, name, tuple(int(0.75 * c) for c in colour))  # type: ignore[arg-type]
            zero = np.zeros_like(level)
            self.canvas.area(self.left, top, each - 3, zero, level, colour, 0.32)
            self.canvas.line(self.left, top, each - 3, level, colour, 1.2, 0.85)
            rising = hit > np.concatenate([hit[:1], hit[:-1]]) + 0.06
            begins = rising & ~np.concatenate([[False], rising[:-1]])
            for column in np.flatnonzero(begins):
                self.canvas.upright(self.left + column + 0.5, top, each - 3, BRIGHT, 0.7)

    def _bar_lines(self, y: int, height: int) -> None:
        room = self.per_s * _median_gap(self.chart.beats)
        for time_s, place in self.chart.beats:
            if place == 1 and self.start_s <= time_s < self.end_s and 4 * room > 6:
                self.canvas.upright(self.x(time_s), y, height, BRIGHT, 0.13)

    def _beats(self, y: int, height: int) -> None:
        self.label(y + height / 2, "beats")
        room = self.per_s * _median_gap(self.chart.beats)
        for time_s, place in self.chart.beats:
            if not self.start_s <= time_s < self.end_s:
                continue
            one = place == 1
            if room < 3 and not one:
                continue
            top = y + 3 if one else y + height // 2
            colour = BRIGHT if one else DIM
            self.canvas.upright(self.x(time_s), top, y + height - 3 - top, colour, 1.0, 2.4 if one else 1.6)

    def _tempo(self, y: int, height: int) -> None:
        self.label(y + height / 2 - 10, "tempo", tuple(int(0.8 * c) for c in TEMPO))  # type: ignore[arg-type]
        self.label(y + height / 2 + 10, "confidence", tuple(int(0.85 * c) for c in TRUST))  # type: ignore[arg-type]
        trust, tempo = self.lane("confidence"), self.lane("tempo")
        self.canvas.area(self.left, y, height, np.zeros_like(trust), trust, TRUST, np.where(
            trust >= self.chart.trusted, 0.36, 0.14
        ))  # fmt: skip
        self.canvas.line(self.left, y, height, trust, TRUST, 1.2, 0.9)
        half = y + round(height * (1.0 - self.chart.trusted))
        self.canvas.box(self.left, half, self.used, 1, TRUST, 0.3)
        low, high = _tempo_range(self.chart)
        shown = np.where((trust >= self.chart.trusted) & (tempo > 0), (tempo - low) / (high - low), np.nan)
        self.canvas.line(self.left, y, height, shown, TEMPO, 2.0)
        self.scale(y + 8, f"{high:.0f} bpm", tuple(int(0.8 * c) for c in TEMPO))  # type: ignore[arg-type]
        self.scale(y + height - 8, f"{low:.0f}", tuple(int(0.8 * c) for c in TEMPO))  # type: ignore[arg-type]

    def _form(self, y: int, height: int) -> None:
        names = {"energy": ENERGY, "build": KIND_COLOURS["build"], "break": KIND_COLOURS["break"],
                 "drop": KIND_COLOURS["drop"]}  # fmt: skip
        for number, (name, colour) in enumerate(names.items()):
            self.label(y + height * (number + 0.5) / len(names), name, tuple(int(0.85 * c) for c in colour))  # type: ignore[arg-type]
        energy = self.lane("energy")
        zero = np.zeros_like(energy)
        self.canvas.area(self.left, y, height, zero, energy, ENERGY, 0.22)
        self.canvas.line(self.left, y, height, energy, ENERGY, 1.4, 0.9)
        for name in ("break", "build", "drop"):
            curve = self.lane(name, "max" if name == "drop" else "mean")
            self.canvas.area(self.left, y, height, zero, curve, names[name], 0.2)
            self.canvas.line(self.left, y, height, np.where(curve > 0.01, curve, np.nan), names[name], 2.0)
        self.scale(y + 8, "1")
        self.scale(y + height - 8, "0")

    def _axis(self, y: int) -> None:
        step = next((s for s in STEPS_S if s * self.per_s >= 64), STEPS_S[-1])
        number = int(np.ceil((self.start_s + self.chart.start_s) / step - 1e-9))
        while (time_s := number * step - self.chart.start_s) <= self.end_s + 1e-6:
            x = self.x(time_s)
            self.canvas.upright(x, y - GAP, 5, DIM)
            self.canvas.text(x, y + 9, clock_label(number * step, step), 13, DIM, "mm")
            number += 1


def clock_label(seconds: float, step_s: float) -> str:
    """`1:05`, with hours where there are some and halves where steps are shorter than a second."""
    whole, rest = divmod(seconds + 1e-6, 1.0)
    hours, minutes = divmod(int(whole) // 60, 60)
    text = f"{minutes}:{int(whole) % 60:02d}" if not hours else f"{hours}:{minutes:02d}:{int(whole) % 60:02d}"
    return f"{text}.{int(rest * 10)}" if step_s < 1.0 else text


def _median_gap(beats: Sequence[tuple[float, int]]) -> float:
    return float(np.median(np.diff([time_s for time_s, _ in beats]))) if len(beats) > 1 else 1.0


def _tempo_range(chart: SoundChart) -> tuple[float, float]:
    """What the tempo lane reaches from and to: at least 20 bpm, round figures."""
    tempo, trust = chart.lanes["tempo"], chart.lanes["confidence"]
    known = tempo[(trust >= chart.trusted) & (tempo > 0)]
    low, high = (float(known.min()), float(known.max())) if known.size else (100.0, 140.0)
    middle = 0.5 * (low + high)
    half = max(0.6 * (high - low), 10.0)
    return 5.0 * np.floor((middle - half) / 5.0), 5.0 * np.ceil((middle + half) / 5.0)
