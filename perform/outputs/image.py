"""Pictures as PNG files: one by one, or a numbered folder of frames."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from perform.core.errors import MediaError
from perform.core.types import AudioBlock, Moment


def save_png(path: str | Path, image: np.ndarray, *, compress: int = 4) -> None:
    """Write [h, w, 3 or 4] uint8 as a PNG, whole or not at all. compress: 0 (fast) .. 9 (small). Raises MediaError."""
    path = Path(path)
    if image.ndim != 3 or image.shape[2] not in (3, 4) or image.dtype != np.uint8:
        raise MediaError(f"picture {path} must be [h, w, 3 or 4] uint8, not {image.shape} {image.dtype}")
    part = path.with_name(f".{path.name}.part")
    try:
        Image.fromarray(np.ascontiguousarray(image)).save(part, format="PNG", compress_level=compress)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise MediaError(f"picture {path} cannot be written: {reason}; check the folder and the free space") from error


def jpeg(image: np.ndarray, quality: int = 72) -> bytes:
    """[h, w, 3] uint8 as a JPEG, for previews and thumbnails."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, format="JPEG", quality=quality)
    return stream.getvalue()


def thumbnail(image: np.ndarray, px: int, quality: int = 80) -> bytes:
    """[h, w, 3] uint8 as a JPEG whose longer side is at most `px`."""
    small = Image.fromarray(np.ascontiguousarray(image))
    small.thumbnail((px, px), Image.Resampling.LANCZOS)
    return jpeg(np.asarray(small), quality)


def png(image: np.ndarray) -> bytes:
    """[h, w, 3 or 4] uint8 as a PNG, for whoever shows it at once."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, format="PNG", compress_level=4)
    return stream.getvalue()


class PngFolder:
    """A Sink of numbered pictures, 000001.png and on; sound is passed over. Meant for offline rendering: it waits.

    folder: made when absent. first: number of the first picture. Raises MediaError when a picture cannot be written.
    """

    def __init__(self, folder: str | Path, *, first: int = 1, compress: int = 4) -> None:
        self.folder = Path(folder)
        self._number = first
        self._compress = compress
        self._written = 0
        self._errors = 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MediaError(f"folder {self.folder} cannot be made: {error.strerror}; name another one") from error

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Write the next picture."""
        try:
            save_png(self.folder / f"{self._number:06d}.png", image, compress=self._compress)
        except MediaError:
            self._errors += 1
            raise
        self._number += 1
        self._written += 1

    def send_audio(self, block: AudioBlock) -> None:
        """Pictures have no sound."""

    def counts(self) -> Mapping[str, int]:
        """See Sink."""
        return {"written": self._written, "dropped": 0, "errors": self._errors}

    def close(self) -> None:
        """Every picture is already whole on the disk."""
