"""A sound file as an input: at its own rate, at its real pace when live, else as fast as it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from perform.core.errors import MediaError, UsageError
from perform.inputs.clock import Pace
from perform.inputs.file_decode import Decoder, open_decoder
from perform.inputs.level import Door
from perform.inputs.paced import PacedInput

CHUNK = 1 << 14
"""Samples decoded at a time, so that the cost per read stays small."""


class FileInput(PacedInput):
    """Any common sound format, or the sound of a video. loop: starts again at start_s when it ends.

    A file that breaks in the middle of a show is counted and taken as ended (or, looping, started again).
    """

    def __init__(
        self,
        path: str | Path,
        *,
        live: bool,
        start_s: float = 0.0,
        loop: bool = False,
        door: Door | None = None,
        pace: Callable[[float], Pace] = Pace,
    ) -> None:
        if not 0.0 <= start_s < 1e7:
            raise UsageError(f"start of {start_s:g} s makes no sense; give seconds from 0")
        super().__init__(f"file:{path}", 48000.0, 2, live=live, door=door, pace=pace)
        self._path = Path(path)
        self._start_s = start_s
        self._loop = loop
        self._decoder: Decoder | None = None
        self._buffer = np.zeros((0, 2), np.float32)
        self.error: str | None = None

    @property
    def duration_s(self) -> float | None:
        """Of the whole file, once it is open; None where it does not say, or never ends."""
        return None if self._decoder is None or self._loop else self._decoder.duration_s

    def _start(self) -> int:
        decoder = open_decoder(self._path)
        self._decoder = decoder
        self.rate_hz = decoder.rate_hz
        try:
            decoder.seek(round(self._start_s * decoder.rate_hz))
            self._buffer = decoder.read(CHUNK)
            if len(self._buffer) == 0:
                where = f"ends before {self._start_s:g} s" if self._start_s else "holds no samples"
                raise MediaError(f"sound file {self._path} {where}")
        except MediaError:
            self._stop()
            raise
        return decoder.channels

    def _take(self, frames: int) -> np.ndarray:
        parts, missing = [], frames
        while missing > 0 and (len(self._buffer) or self._refill()):
            part, self._buffer = self._buffer[:missing], self._buffer[missing:]
            parts.append(part)
            missing -= len(part)
        return np.concatenate(parts) if parts else self._buffer[:0]

    def _refill(self) -> bool:
        """Decode on, or go back to the start when looping. False at the end."""
        assert self._decoder is not None
        try:
            self._buffer = self._decoder.read(CHUNK)
        except MediaError as error:
            self._errors += 1
            self.error = str(error)
            self._buffer = self._buffer[:0]
        if len(self._buffer) == 0 and self._loop:
            try:
                self._decoder.seek(round(self._start_s * self.rate_hz))
                self._buffer = self._decoder.read(CHUNK)
            except MediaError as error:
                self._errors += 1
                self.error = str(error)
        return len(self._buffer) > 0

    def _stop(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
