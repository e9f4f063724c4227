"""What a show made in code hands out: its frames as arrays, to look at, to keep, to lay side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import UsageError
from perform.core.types import Moment, Value


class ShowFrame:
    """One finished frame of a show.

    number: from 0. moment: when it is. signals: every source of modulation as it stood, by name. values: every
    parameter as it was shown, with its routes, by path. In a notebook it shows itself; `numpy.asarray(frame)` is its
    picture.
    """

    def __init__(
        self,
        number: int,
        moment: Moment,
        signals: Mapping[str, float],
        values: Mapping[str, Value],
        picture: np.ndarray | Callable[[], np.ndarray],
    ) -> None:
        """picture: [h, w, 3] uint8, or who reads it when it is first asked for."""
        self.number = number
        self.moment = moment
        self.signals = signals
        self.values = values
        self._picture = picture

    @property
    def picture(self) -> np.ndarray:
        """[h, w, 3] uint8, 0..255 sRGB, top row first; an array of its own. Raises UsageError in a live show that has
        gone on since."""
        if callable(self._picture):
            self._picture = self._picture()
        return self._picture

    @property
    def seconds(self) -> float:
        """Of the show, from its beginning."""
        return self.moment.seconds

    def save(self, path: str | Path) -> None:
        """Write it as a PNG. Raises MediaError."""
        save_png(path, self.picture)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """So that numpy, Pillow and matplotlib take it as a picture."""
        picture = self.picture if dtype is None else self.picture.astype(dtype)
        return picture.copy() if copy else picture

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        from perform.outputs.image import png

        return png(self.picture)

    def __repr__(self) -> str:
        return f"<ShowFrame {self.number} at {self.seconds:.3f} s>"


def save_png(path: str | Path, picture: Any) -> None:
    """Write a picture as a PNG, whole or not at all.

    picture: [h, w, 3 or 4] uint8, or a ShowFrame. Raises MediaError.
    """
    from perform.outputs.image import save_png as write

    write(path, np.asarray(picture))


def grid(pictures: Sequence[Any], columns: int = 4, gap_px: int = 8) -> np.ndarray:
    """Pictures of one size as one: [h, w, 3] uint8, row by row on near-black.

    pictures: [h, w, 3] uint8 each, or ShowFrames. columns: 1 or more. Raises UsageError.
    """
    arrays = [np.asarray(picture) for picture in pictures]
    if not arrays or columns < 1 or gap_px < 0:
        raise UsageError("grid: give at least one picture, one column or more, and no gap below 0")
    odd = next((a.shape for a in arrays if a.ndim != 3 or a.shape[2] != 3 or a.shape != arrays[0].shape), None)
    if odd is not None:
        raise UsageError(f"grid: pictures are [h, w, 3] and all of one size; {odd} lies beside {arrays[0].shape}")
    high, wide, _ = arrays[0].shape
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    sheet = np.full((rows * (high + gap_px) + gap_px, columns * (wide + gap_px) + gap_px, 3), 12, np.uint8)
    for place, array in enumerate(arrays):
        top, left = (gap_px + n * (size + gap_px) for n, size in zip(divmod(place, columns), (high, wide), strict=True))
        sheet[top : top + high, left : left + wide] = array
    return sheet


def as_picture(image: Any, who: str) -> np.ndarray:
    """[h, w, 3 or 4] uint8 of what somebody's code painted: an array of bytes, or of 0..1; a tensor, too.

    who: for the message. Raises UsageError.
    """
    if hasattr(image, "detach"):
        image = image.detach().cpu()
    array = np.asarray(image)
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or min(array.shape) == 0:
        raise UsageError(f"{who} gave {array.shape}; a picture is [h, w], [h, w, 3] or [h, w, 4]")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise UsageError(f"{who} gave numbers of kind {array.dtype}; use uint8 (0..255) or float (0..1)")
    bright: np.ndarray = np.clip(np.nan_to_num(array), 0.0, 1.0) * 255.0 + 0.5
    return bright.astype(np.uint8)
