"""The file side of a recording: encoders, colours, sound, and a container that survives a kill.

Used by one thread at a time. Times are seconds in the file, 0 at the first picture.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import MediaError
from perform.outputs.video_disk import DiskFile

TICKS_HZ = 90000
"""Time base of live recordings, whose pictures come when they come."""
GAP_S = 0.04
"""A hole in the sound longer than this is filled with silence; a shorter one is only rounding."""
HOLD_S = 10.0
"""Sound waits this long for the pictures it belongs to; then the oldest goes."""
BT709 = 1
ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "mpeg4")


def supported_codecs() -> list[str]:
    """The picture encoders of this PyAV that a recording can use, best first."""
    import av

    return [name for name in ENCODERS if name in av.codecs_available]


def _container_options(path: Path) -> tuple[str | None, dict[str, str]]:
    """Format name and options: a fragment with every key picture, flushed, so that a cut file plays to the cut."""
    suffix = path.suffix.lower()
    if suffix in (".mkv", ".webm"):
        return "matroska", {"flush_packets": "1", "cluster_time_limit": "1000"}
    if suffix not in (".mp4", ".m4v", ".mov"):
        raise MediaError(f"recording {path} has no known video suffix; name it .mp4, .mov or .mkv")
    flags = "+frag_keyframe+hybrid_fragmented+default_base_moof+delay_moov"
    return suffix.removeprefix(".").replace("m4v", "mp4"), {"movflags": flags, "flush_packets": "1"}


class Mux:
    """One open file. size: pictures [h, w, 3] as (w, h); odd sides gain one repeated row or column.

    tags: metadata of the file, like `comment`. Raises MediaError, one line, whenever the file cannot be written on.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], fps: float, rate_hz: float, channels: int, live: bool, crf: float,
        tags: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        import av

        self._av = av
        self._path = path
        self._size = size
        self._even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        self._live = live
        self._fps = Fraction(fps).limit_denominator(1001)
        self._tick = Fraction(1, TICKS_HZ) if live else 1 / self._fps
        self._last_pts = -1
        self.end_s = 0.0
        format_name, options = _container_options(path)
        encoders = supported_codecs()
        if not encoders:
            raise MediaError(f"recording {path} needs a video encoder and this PyAV has none of {', '.join(ENCODERS)}")
        try:
            self._file = DiskFile(path)
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._container: Any = av.open(self._file, "w", format=format_name, container_options=options)
            self._container.metadata.update(tags or {})
            self._video = self._add_video(encoders[0], live, crf)
            self._audio = self._add_audio(rate_hz, min(2, channels), live) if channels > 0 else None
        except (av.FFmpegError, OSError, ValueError) as error:
            self._file.abandon()
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> MediaError:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        return MediaError(f"recording {self._path} cannot be written: {reason}; check the folder and the free space")

    def _add_video(self, encoder: str, live: bool, crf: float) -> Any:
        """Rec. 709 primaries, transfer and matrix, studio range, each said in the stream."""
        stream = self._container.add_stream(encoder, rate=self._fps)
        stream.width, stream.height = self._even
        stream.pix_fmt = "yuv420p"
        stream.time_base = self._tick
        context = stream.codec_context
        context.time_base = self._tick
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = self._av.video.reformatter.ColorRange.MPEG
        # A key picture a second bounds what a kill can cost. Without B pictures no edit list has to be right.
        context.gop_size = max(1, round(float(self._fps)))
        context.max_b_frames = 0
        cores = os.cpu_count() or 2
        if live:
            # The show needs the cores more than the recording does.
            context.thread_count = max(1, cores // 2)
        if encoder == "libx264":
            preset = ("veryfast" if cores >= 4 else "superfast") if live else "medium"
            context.options = {"crf": f"{crf:g}", "preset": preset}
        else:
            context.bit_rate = int(0.2 * self._even[0] * self._even[1] * float(self._fps))
        return stream

    def _add_audio(self, rate_hz: float, channels: int, live: bool) -> _Sound:
        rate = round(rate_hz)
        # AAC knows a short list of rates; anything else is resampled to the commonest.
        out_rate = rate if rate in (16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000) else 48000
        stream = self._container.add_stream("aac", rate=out_rate)
        stream.layout = "stereo" if channels == 2 else "mono"
        stream.codec_context.bit_rate = 128000 * channels
        return _Sound(self._av, stream, channels, out_rate, live)

    # Pictures.

    def picture(self, image: np.ndarray, time_s: float) -> None:
        """Encode one picture [h, w, 3] uint8. time_s counts only for live recordings."""
        try:
            frame = self._frame(image)
            wanted = round(time_s * TICKS_HZ) if self._live else self._last_pts + 1
            self._last_pts = frame.pts = max(wanted, self._last_pts + 1)
            frame.time_base = self._tick
            self._write(self._video.encode(frame))
            self.end_s = float(self._last_pts * self._tick + 1 / self._fps)
            if self._audio is not None:
                self._write_sound(self.end_s)
        except (self._av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _frame(self, image: np.ndarray) -> Any:
        """RGB -> yuv420p by the Rec. 709 matrix in studio range, at the recording's size."""
        if image.ndim != 3 or image.shape[2] not in (3, 4) or image.dtype != np.uint8:
            raise MediaError(f"recording {self._path} takes pictures [h, w, 3] uint8, not {image.shape} {image.dtype}")
        reformatter = self._av.video.reformatter
        image = image[:, :, :3]
        width, height = self._size
        if image.shape[:2] == (height, width) and self._even != self._size:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame = frame.reformat(
            *self._even,
            format="yuv420p",
            dst_colorspace=reformatter.Colorspace.ITU709,
            src_color_range=reformatter.ColorRange.JPEG,
            dst_color_range=reformatter.ColorRange.MPEG,
            interpolation=reformatter.Interpolation.BICUBIC | reformatter.Interpolation.ACCURATE_RND,
        )
        frame.color_primaries = frame.color_trc = frame.colorspace = BT709
        frame.color_range = reformatter.ColorRange.MPEG
        return frame

    # Sound.

    def sound(self, samples: np.ndarray, rate_hz: float, time_s: float) -> None:
        """Sound [n, ch] that begins at time_s. Held back until the pictures reach it."""
        if self._audio is None:
            return
        try:
            self._audio.add(samples, rate_hz, time_s)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error

    def _write_sound(self, until_s: float) -> None:
        assert self._audio is not None
        for packets in self._audio.encode_until(until_s):
            self._write(packets)

    def _write(self, packets: list[Any]) -> None:
        for packet in packets:
            self._file.mark()
            self._container.mux(packet)

    def close(self) -> None:
        """Sound is cut or filled to the length of the pictures; then the file is finished. Raises MediaError."""
        try:
            if self._last_pts >= 0:
                if self._audio is not None:
                    self._audio.fill_until(self.end_s)
                    self._write_sound(self.end_s)
                    self._write(self._audio.flush())
                self._write(self._video.encode(None))
            self._file.mark()
            self._container.close()
            self._file.close()
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error

    def abandon(self) -> None:
        """Let go of the file after a failure, keeping what is whole on the disk."""
        self._file.abandon()
        try:
            self._container.close()
        except (self._av.FFmpegError, OSError, ValueError):
            # The reason was reported when it first happened; there is no second thing to do about it.
            return


class _Sound:
    """The sound track: a line of samples laid out by time, handed to the AAC encoder as far as pictures go."""

    def __init__(self, av: Any, stream: Any, channels: int, rate_hz: int, live: bool) -> None:
        self._av = av
        self._stream = stream
        self._channels = channels
        self._rate_hz = rate_hz
        self._held: list[np.ndarray] = []
        self._held_n = 0
        self._written = 0
        # Offline all sound is wanted, however early it comes.
        self._hold_n = round((HOLD_S if live else 1e6) * rate_hz)
        self._resampler: Any = None
        self._resampler_rate = 0

    def add(self, samples: np.ndarray, rate_hz: float, time_s: float) -> None:
        """Lay samples [n, ch] at time_s; a hole before them becomes silence, an overlap is cut."""
        sides = [0, min(1, samples.shape[1] - 1)]
        wide = samples[:, sides] if self._channels == 2 else samples.mean(axis=1, keepdims=True)
        wide = self._resample(wide, round(rate_hz))
        shift = round(time_s * self._rate_hz) - (self._written + self._held_n)
        tolerance = GAP_S * self._rate_hz if self._written + self._held_n else 0
        if shift > tolerance:
            self._hold(np.zeros((min(shift, self._hold_n), self._channels), np.float32))
        elif shift < -tolerance:
            wide = wide[-shift:]
        self._hold(wide)

    def _hold(self, samples: np.ndarray) -> None:
        if len(samples):
            self._held.append(np.asarray(samples, np.float32))
            self._held_n += len(samples)

    def _resample(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """To the rate of the track, where the block has another."""
        if rate == self._rate_hz:
            return samples
        layout = "stereo" if self._channels == 2 else "mono"
        if rate != self._resampler_rate:
            self._resampler = self._av.AudioResampler(format="flt", layout=layout, rate=self._rate_hz)
            self._resampler_rate = rate
        packed = np.ascontiguousarray(samples, np.float32).reshape(1, -1)
        frame = self._av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = rate
        parts = [out.to_ndarray().reshape(-1, self._channels) for out in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros((0, self._channels), np.float32)

    def fill_until(self, time_s: float) -> None:
        """Silence up to time_s, where there was no sound."""
        missing = round(time_s * self._rate_hz) - self._written - self._held_n
        self._hold(np.zeros((max(0, missing), self._channels), np.float32))

    def encode_until(self, time_s: float) -> list[Any]:
        """Packets of all held sound before time_s; what lies more than HOLD_S beyond it is given up."""
        n = min(self._held_n, round(time_s * self._rate_hz) - self._written)
        if n <= 0:
            return []
        line = np.concatenate(self._held)
        now, rest = line[:n], line[n:][: self._hold_n]
        self._held, self._held_n = [rest], len(rest)
        packed = np.ascontiguousarray(now, np.float32).reshape(1, -1)
        layout = "stereo" if self._channels == 2 else "mono"
        frame = self._av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate = self._rate_hz
        frame.pts = self._written
        frame.time_base = Fraction(1, self._rate_hz)
        self._written += n
        return [self._stream.encode(frame)]

    def flush(self) -> list[Any]:
        """The last packets of the encoder."""
        return list(self._stream.encode(None)) if self._written else []
