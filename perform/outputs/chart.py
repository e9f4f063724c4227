"""A small canvas for charts: areas and lines with exact vertical coverage, heat maps, text. numpy, and Pillow for text.

All coordinates are pixels from the upper left corner. Curves come as one value a pixel column, so that nothing is
drawn twice and edges are smooth without drawing larger first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from perform.core.errors import MediaError

Colour = tuple[int, int, int]


class Canvas:
    """[height, width, 3] of light, to be painted on; `save` writes a PNG."""

    def __init__(self, width: int, height: int, background: Colour) -> None:
        self.width, self.height = width, height
        self._light = np.empty((height, width, 3), np.float32)
        self._light[:] = background
        self._texts: list[tuple[float, float, str, int, Colour, str]] = []

    def box(self, x: int, y: int, width: int, height: int, colour: Colour, alpha: float = 1.0) -> None:
        """A filled rectangle."""
        part = self._light[max(y, 0) : y + height, max(x, 0) : x + width]
        part += (np.array(colour, np.float32) - part) * alpha

    def picture(self, x: int, y: int, colours: np.ndarray) -> None:
        """colours [h, w, 3], 0..255."""
        self._light[y : y + colours.shape[0], x : x + colours.shape[1]] = colours

    def area(
        self,
        x: int,
        y: int,
        height: int,
        low: np.ndarray,
        high: np.ndarray,
        colour: Colour | np.ndarray,
        alpha: float | np.ndarray = 1.0,
    ) -> None:
        """Fill between two curves [w]; 0 is the lower edge of a lane of `height`, 1 the upper one. colour: one, or one
        a column [w, 3]. alpha: one, or one a column [w]."""
        top = (1.0 - np.clip(high, 0.0, 1.0)) * height
        bottom = (1.0 - np.clip(low, 0.0, 1.0)) * height
        rows = np.arange(height, dtype=np.float32)[:, None]
        cover = np.clip(np.minimum(bottom, rows + 1.0) - np.maximum(top, rows), 0.0, 1.0)
        part = self._light[y : y + height, x : x + len(high)]
        part += (np.asarray(colour, np.float32) - part) * (cover * alpha)[:, :, None]

    def line(
        self, x: int, y: int, height: int, values: np.ndarray, colour: Colour, thick: float = 1.6, alpha: float = 1.0
    ) -> None:
        """A curve [w], 0..1 of the lane; NaN where there is none."""
        there = np.isfinite(values)
        left = np.concatenate([values[:1], 0.5 * (values[1:] + values[:-1])])
        right = np.concatenate([0.5 * (values[1:] + values[:-1]), values[-1:]])
        left, right = np.where(np.isfinite(left), left, values), np.where(np.isfinite(right), right, values)
        half = 0.5 * thick / height
        low = np.minimum(np.minimum(left, right), values) - half
        high = np.maximum(np.maximum(left, right), values) + half
        blank = np.zeros_like(values)
        self.area(x, y, height, np.where(there, low, blank), np.where(there, high, blank), colour, alpha * there)

    def upright(self, x: float, y: int, height: int, colour: Colour, alpha: float = 1.0, thick: float = 1.0) -> None:
        """A vertical line whose middle is at x; falls between pixels where it has to."""
        first, last = x - 0.5 * thick, x + 0.5 * thick
        for column in range(max(0, int(np.floor(first))), min(self.width, int(np.ceil(last)))):
            cover = min(last, column + 1.0) - max(first, float(column))
            part = self._light[y : y + height, column]
            part += (np.array(colour, np.float32) - part) * (alpha * cover)

    def text(self, x: float, y: float, words: str, size: int, colour: Colour, anchor: str = "lm") -> None:
        """anchor: as Pillow has it: l m r for x, a (top) m s (baseline) for y."""
        self._texts.append((x, y, words, size, colour, anchor))

    def pixels(self) -> np.ndarray:
        """[height, width, 3] uint8, with the text on top."""
        image = Image.fromarray(np.clip(self._light + 0.5, 0.0, 255.0).astype(np.uint8))
        draw = ImageDraw.Draw(image)
        for x, y, words, size, colour, anchor in self._texts:
            draw.text((x, y), words, fill=colour, font=ImageFont.load_default(size), anchor=anchor)
        return np.asarray(image)


def text_width(words: str, size: int) -> float:
    """Pixels that a text takes."""
    return float(ImageFont.load_default(size).getlength(words))


def save_chart(path: Path, pixels: np.ndarray, kept: Sequence[Colour] = (), colours: int = 128) -> None:
    """A PNG with a palette of `colours`: a dark chart misses none, and stays small. kept: colours that must not be
    bent. Raises MediaError."""
    image = Image.fromarray(pixels)
    own = image.quantize(colours - len(kept), method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*own[: 3 * (colours - len(kept))], *(value for colour in kept for value in colour)])
    image = image.quantize(palette=palette, dither=Image.Dither.NONE)
    part = path.with_name(f".{path.name}.part")
    try:
        image.save(part, format="PNG", optimize=True)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise MediaError(f"{path} cannot be written: {error.strerror or error}") from error


def heat(values: np.ndarray, stops: tuple[tuple[float, Colour], ...]) -> np.ndarray:
    """values 0..1 [...] -> colours [..., 3] float32, between the stops."""
    at = [stop for stop, _ in stops]
    channels = [np.interp(values, at, [colour[k] for _, colour in stops]) for k in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def per_pixel(values: np.ndarray, edges: np.ndarray, how: str) -> np.ndarray:
    """Columns of time [n] or [n, k] as pixels: the max, min or mean of what falls into each.

    edges [pixels + 1]: where pixels begin, in columns (fractions). Where a pixel is narrower than a column, values are
    interpolated. Outside the values: 0.
    """
    n, pixels = len(values), len(edges) - 1
    if n == 0:
        return np.zeros((pixels, *values.shape[1:]), np.float32)
    if edges[1] - edges[0] <= 1.0:
        middle = 0.5 * (edges[1:] + edges[:-1]) - 0.5
        flat = values.reshape(n, -1).astype(np.float32)
        out = np.stack([np.interp(middle, np.arange(n), flat[:, k]) for k in range(flat.shape[1])], axis=-1)
        out[(edges[:-1] >= n) | (edges[1:] <= 0)] = 0.0
        return out.reshape(pixels, *values.shape[1:]).astype(np.float32)
    first = np.floor(edges[:-1]).astype(int)
    inside = (first >= 0) & (first < n)
    starts = np.clip(first, 0, n - 1)
    ends = np.clip(np.maximum(np.floor(edges[1:]).astype(int), starts + 1), 1, n)
    reduce = {"max": np.max, "min": np.min, "mean": np.mean}[how]
    out = np.zeros((pixels, *values.shape[1:]), np.float32)
    for pixel in np.flatnonzero(inside):
        out[pixel] = reduce(values[starts[pixel] : ends[pixel]], axis=0)
    return out
