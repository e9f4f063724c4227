"""Decoders of sound files: libsndfile first (exact seeks), then FFmpeg through PyAV for all it does not know.

Both deliver [n, ch] float32 chunks at the file's own rate, and never hold the whole file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from perform.core.errors import MediaError

MAX_CHANNELS = 64
LOWEST_HZ, HIGHEST_HZ = 2000.0, 800_000.0


class Decoder(Protocol):
    """One opened sound file."""

    rate_hz: float
    channels: int
    duration_s: float | None
    """Of the whole file; None where it does not say."""

    def read(self, frames: int) -> np.ndarray:
        """The next at most `frames` samples [n, ch] float32; fewer only at the end. Raises MediaError."""

    def seek(self, sample: int) -> None:
        """Go to a sample of the file. Beyond the end is the end."""

    def close(self) -> None:
        """Free the file. Safe to call twice."""


def open_decoder(path: Path) -> Decoder:
    """The first decoder that takes the file. Raises MediaError, one line."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise MediaError(f"sound file {path} {what}; give the path of an audio or video file")
    if path.stat().st_size == 0:
        raise MediaError(f"sound file {path} is empty")
    decoder = SoundfileDecoder.try_open(path) or AvDecoder(path)
    if not LOWEST_HZ <= decoder.rate_hz <= HIGHEST_HZ:
        decoder.close()
        raise MediaError(f"sound file {path} states {decoder.rate_hz:g} samples a second, which no sound has")
    return decoder


class SoundfileDecoder:
    """wav, flac, ogg, opus, mp3, aiff, caf and what else this libsndfile reads."""

    def __init__(self, file: Any, path: Path) -> None:
        self._file = file
        self._path = path
        self.rate_hz = float(file.samplerate)
        self.channels = int(file.channels)
        self.duration_s: float | None = file.frames / self.rate_hz

    @classmethod
    def try_open(cls, path: Path) -> SoundfileDecoder | None:
        """None when libsndfile is missing or does not know the file."""
        try:
            import soundfile
        except (ImportError, OSError):
            return None
        try:
            # A .raw suffix would ask for a rate and a subtype (TypeError): nothing a file name can tell.
            return cls(soundfile.SoundFile(str(path)), path)
        except (soundfile.LibsndfileError, TypeError):
            return None

    def read(self, frames: int) -> np.ndarray:
        """See Decoder."""
        try:
            return np.asarray(self._file.read(frames, dtype="float32", always_2d=True))
        except RuntimeError as error:  # soundfile's own errors are RuntimeErrors
            raise MediaError(f"sound file {self._path} broke off while decoding: {_line(error)}") from error

    def seek(self, sample: int) -> None:
        """See Decoder."""
        self._file.seek(min(sample, self._file.frames))

    def close(self) -> None:
        """See Decoder."""
        self._file.close()


class AvDecoder:
    """Anything FFmpeg reads, the sound of video files among it."""

    def __init__(self, path: Path) -> None:
        import av

        self._av = av
        self._path = path
        self._open()

    def _open(self) -> None:
        """Open the file from its beginning. Raises MediaError."""
        try:
            self._container = self._av.open(str(self._path), mode="r", metadata_errors="replace")
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise MediaError(f"sound file {self._path} cannot be read: {_line(error)}") from error
        if not self._container.streams.audio:
            self._container.close()
            raise MediaError(f"{self._path} holds no sound; give a file with an audio track")
        self._stream = self._container.streams.audio[0]
        self.rate_hz = float(self._stream.rate or 0)
        self.channels = int(self._stream.channels or 0)
        whole = self._container.duration
        self.duration_s: float | None = whole / self._av.time_base if whole else None
        if self.rate_hz <= 0 or not 0 < self.channels <= MAX_CHANNELS:
            self._container.close()
            raise MediaError(f"sound file {self._path} states no usable rate or number of channels")
        self._resampler = self._av.AudioResampler(format="flt", layout=self._stream.layout, rate=self._stream.rate)
        self._frames = self._container.decode(self._stream)
        self._ready: list[np.ndarray] = []
        self._ready_n = 0
        self._broken = 0
        self._done = False

    def _pull(self) -> None:
        """Decode one more frame into the ready list, or note the end."""
        try:
            frame = next(self._frames, None)
        except self._av.FFmpegError as error:
            # One bad packet in a long file is no reason to stop; a file of nothing else is.
            self._broken += 1
            self._frames = self._container.decode(self._stream)
            if self._broken > 20:
                raise MediaError(f"sound file {self._path} broke off while decoding: {_line(error)}") from error
            return
        if frame is None:
            self._done = True
        for out in self._resampler.resample(frame):
            chunk = out.to_ndarray().reshape(-1, self.channels)
            self._ready.append(chunk)
            self._ready_n += len(chunk)

    def read(self, frames: int) -> np.ndarray:
        """See Decoder."""
        while self._ready_n < frames and not self._done:
            self._pull()
        everything = np.concatenate(self._ready) if self._ready else np.zeros((0, self.channels), np.float32)
        out, rest = everything[:frames], everything[frames:]
        self._ready, self._ready_n = ([rest] if len(rest) else []), len(rest)
        return np.ascontiguousarray(out, dtype=np.float32)

    def seek(self, sample: int) -> None:
        """See Decoder."""
        # Decoding from the start and passing over is exact in every container, seeks by time are not; a compressed
        # minute takes a few tens of milliseconds. Opened anew, because a rewound decoder keeps some of its state.
        self._container.close()
        self._open()
        while sample > 0:
            passed = len(self.read(min(sample, 1 << 16)))
            if passed == 0:
                return
            sample -= passed

    def close(self) -> None:
        """See Decoder."""
        self._container.close()


def _line(error: BaseException) -> str:
    """An error of a library as one line."""
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
