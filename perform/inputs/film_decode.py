"""Pictures out of a film by their time: each is shown from its own time stamp until the next one's, whatever the rate.

Only self-contained formats are opened, and no other protocol than that of files, so that a film cannot name a
playlist, another file or a place on the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import MediaError

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mxf,ogg,gif,apng,flv,dv,ivf,nut,asf"
MAX_SIDE_PX = 8192
FORWARD_S = 1.5  # up to here decoding on is quicker than looking for a key frame
SEEK_BACK_S = 3.0
MOST_ERRORS = 50  # broken pictures in a row


@dataclass(frozen=True, slots=True)
class Shot:
    """A decoded picture. start_s, end_s: of its time on show, from the film's beginning. last: none follows it."""

    frame: Any
    start_s: float
    end_s: float
    last: bool = False


class FilmDecoder:
    """One film file. Not for more than one thread at a time. Raises MediaError, one line."""

    def __init__(self, path: Path, largest: tuple[int, int] = (1920, 1080)) -> None:
        self._path = path
        self._largest = largest
        self._container: Any = None
        self._open()
        stream = self._stream
        if stream.codec_context is None or not 0 < stream.width <= MAX_SIDE_PX or not 0 < stream.height <= MAX_SIDE_PX:
            self.close()
            raise MediaError(f"film {path}: {stream.width}x{stream.height} pixels cannot be shown")
        self._size = fitting((stream.width, stream.height), largest)
        self._start = stream.start_time or 0
        self._frame_s = 1.0 / float(stream.average_rate or stream.guessed_rate or 25)
        self._shots: Iterator[Shot] = iter(())
        self._now: Shot | None = None
        self._next: Shot | None = None
        self.errors = 0
        self._prime()
        if self._now is None:
            self.close()
            raise MediaError(f"film {path}: not one picture of it can be decoded")
        self.duration_s: float = self._measure()

    def _open(self) -> None:
        import av

        if not self._path.is_file():
            raise MediaError(f"film {self._path}: there is no such file")
        options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
        try:
            self._container = av.open(str(self._path), options=options, metadata_errors="ignore")
        except (av.FFmpegError, ValueError, OSError) as error:
            raise MediaError(f"film {self._path}: cannot be opened ({_line(error)})") from None
        if not self._container.streams.video:
            self.close()
            raise MediaError(f"film {self._path}: there is no picture in it")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = 2

    def _measure(self) -> float:
        """The film's length in seconds, to the end of its last picture as far as the file says."""
        stream, container = self._stream, self._container
        if stream.duration:
            return float(stream.duration * stream.time_base)
        if container.duration:
            return float(container.duration / 1_000_000)
        last = self._now
        while self._next is not None:
            last = self._next
            self._step()
        assert last is not None
        self._restart()
        return last.end_s

    def at(self, seconds: float) -> Shot:
        """The picture on show at a time from the film's beginning; the first or last one outside of it."""
        now = self._now
        if now is None or seconds < now.start_s - 1e-6 or seconds > now.end_s + FORWARD_S:
            self._seek(seconds)
        while self._next is not None and seconds >= self._next.start_s - 1e-6:
            self._step()
        if self._now is None:
            raise MediaError(f"film {self._path}: no picture at {seconds:.2f} s can be decoded")
        return self._now

    def pixels(self, shot: Shot) -> np.ndarray:
        """A picture as [h, w, 3 or 4] uint8, upright, no larger than asked for."""
        import av

        frame = shot.frame
        has_alpha = any(part.is_alpha for part in frame.format.components)
        source = frame.colorspace if frame.colorspace not in (0, 2) else (1 if frame.height >= 720 else 5)
        try:
            image = frame.to_ndarray(
                format="rgba" if has_alpha else "rgb24", width=self._size[0], height=self._size[1],
                src_colorspace=source if frame.format.name.startswith(("yuv", "nv", "p0")) else None,
            )  # fmt: skip
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(f"film {self._path}: a picture cannot be read ({_line(error)})") from None
        quarter = round(getattr(frame, "rotation", 0) / 90) % 4
        return np.ascontiguousarray(np.rot90(image, quarter) if quarter else image)

    def _restart(self) -> None:
        self._reopen()
        self._prime()

    def _seek(self, seconds: float) -> None:
        """Go to a time: by the container's index, from further back where that lands too late, else from the start."""
        for back_s in (0.0, SEEK_BACK_S):
            if self._sought(seconds - back_s):
                self._prime()
                if self._now is not None and self._now.start_s <= seconds + 1e-6:
                    break
        else:
            self._restart()
        while self._next is not None and seconds >= self._next.start_s - 1e-6:
            self._step()

    def _sought(self, seconds: float) -> bool:
        import av

        stamp = self._start + int(max(seconds, 0.0) / float(self._stream.time_base))
        try:
            self._container.seek(stamp, stream=self._stream, backward=True)
        except av.FFmpegError:  # not every container can be sought in
            return False
        return True

    def _prime(self) -> None:
        self._shots = self._decoded()
        self._now = self._next = None
        self._step()
        self._step()

    def _reopen(self) -> None:
        self.close()
        self._open()

    def _step(self) -> None:
        """One picture on. At the end the last one stays."""
        following = next(self._shots, None)
        if self._now is None:
            self._now = following
            return
        if self._next is not None:
            self._now = self._next
        self._next = following
        if following is not None:
            self._now = Shot(self._now.frame, self._now.start_s, following.start_s)
        else:
            self._now = Shot(self._now.frame, self._now.start_s, self._now.end_s, last=True)

    def _decoded(self) -> Iterator[Shot]:
        """Pictures in the order of their stamps, from where the container stands. Broken ones are left out."""
        import av

        base, broken = float(self._stream.time_base), 0
        packets = self._container.demux(self._stream)
        while broken < MOST_ERRORS:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                for frame in packet.decode():
                    if frame.pts is not None:
                        start_s = (frame.pts - self._start) * base
                        yield Shot(frame, start_s, start_s + self._frame_s)
                broken = 0
            except av.EOFError:
                return
            except (av.FFmpegError, ValueError):
                broken += 1
                self.errors += 1
                packets = self._container.demux(self._stream)  # one that has raised gives no more

    def close(self) -> None:
        """Free the file. Safe to call twice."""
        self._shots = iter(())
        self._now = self._next = None
        if self._container is not None:
            self._container.close()
            self._container = None


def fitting(size: tuple[int, int], largest: tuple[int, int]) -> tuple[int, int]:
    """`size` scaled down into `largest`, whichever way it lies, with even sides."""
    long, short = max(largest), min(largest)
    scale = min(1.0, long / max(size), short / min(size))
    if scale == 1.0:
        return size
    return max(2, round(size[0] * scale / 2) * 2), max(2, round(size[1] * scale / 2) * 2)


def _line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:160] if text else type(error).__name__
