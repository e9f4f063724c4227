"""Recording to a video file: H.264 and AAC, written by a thread of its own, never in the way of the show."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import MediaError
from perform.core.types import AudioBlock, Moment
from perform.outputs.video_mux import Mux, supported_codecs

__all__ = ["VideoFile", "supported_codecs"]

QUEUE_PICTURES = 12
QUEUE_SOUND_S = 8.0


class VideoFile:
    """A Sink that writes one file. size: (w, h). fps: 1..1000. crf: 0 (lossless) .. 51, of libx264. tags: metadata of
    the file.

    live=True: pictures carry their own time (`moment.seconds`), a full queue drops the newest and counts it, and any
    trouble (disk full, no such folder) stops the recording, once: `error` then holds one line, the show goes on.
    live=False: pictures are `1/fps` apart, `send` waits for the encoder, and trouble raises MediaError.

    Time 0 of the file is the first picture. Offline, sound lies at `block.start_s + audio_offset_s` (0 unless given).
    Live, that sum must be on the time line of `moment.seconds`; where the offset is not given, it is found by what
    sound has come by the time a picture comes, and a slow drift between the two clocks is followed.
    Thread: send, send_audio and counts from any; close from one; encoding happens in a thread of its own.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        fps: float,
        *,
        rate_hz: float = 48000.0,
        channels: int = 2,
        live: bool,
        crf: float = 17.0,
        audio_offset_s: float | None = None,
        tags: Mapping[str, str] | None = None,
        mux: Callable[..., Any] = Mux,
    ) -> None:
        self.path = Path(path)
        self.error: str | None = None
        self._live = live
        self._clocks = _Clocks(live, audio_offset_s)
        self._written = self._dropped = self._errors = 0
        self._queue: deque[tuple[Any, ...]] = deque()
        self._pictures = 0
        self._sound_s = 0.0
        self._closing = False
        self._change = threading.Condition()
        self._mux: Any = None
        self._thread: threading.Thread | None = None
        try:
            if min(size) < 2 or max(size) > 16384 or not 1.0 <= fps <= 1000.0:
                raise MediaError(
                    f"recording {path}: size {size[0]}x{size[1]} at {fps:g} frames a second makes no sense"
                )
            self._mux = mux(self.path, size, fps, rate_hz, channels, live, crf, **({"tags": tags} if tags else {}))
        except MediaError as error:
            self._fail(error)
            if not live:
                raise
            return
        self._thread = threading.Thread(target=self._run, name="video-file", daemon=True)
        self._thread.start()

    # The show's side.

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Hand over a picture [h, w, 3] uint8; it must not be written to afterwards."""
        with self._change:
            if not self._live:
                self._change.wait_for(lambda: self._pictures < QUEUE_PICTURES or self.error is not None)
                self._raise_offline()
            if self.error is not None or self._closing or self._pictures >= QUEUE_PICTURES:
                self._dropped += 1
                return
            self._queue.append(("picture", image, self._clocks.picture(moment.seconds)))
            self._pictures += 1
            self._change.notify_all()

    def send_audio(self, block: AudioBlock) -> None:
        """Hand over sound. Live, what comes before the first picture is not recorded."""
        seconds = len(block.samples) / block.rate_hz
        with self._change:
            if not self._live:
                # No waiting for room: sound ahead of its pictures is held, not encoded, so room might never come.
                self._raise_offline()
            elif self._sound_s > QUEUE_SOUND_S:
                self._dropped += 1
                return
            time_s = self._clocks.sound(block.start_s, seconds)
            if self.error is not None or self._closing or time_s is None:
                return
            self._queue.append(("sound", block.samples, block.rate_hz, time_s, seconds))
            self._sound_s += seconds
            self._change.notify_all()

    def _raise_offline(self) -> None:
        if self.error is not None:
            raise MediaError(self.error)

    def counts(self) -> Mapping[str, int]:
        """written and dropped pictures (and dropped blocks of sound), errors."""
        return {"written": self._written, "dropped": self._dropped, "errors": self._errors}

    def close(self) -> None:
        """Encode what is queued and finish the file. Safe to call twice. Offline, trouble raises MediaError."""
        with self._change:
            first = not self._closing
            self._closing = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
        if first and not self._live:
            self._raise_offline()

    # The encoder's side.

    def _run(self) -> None:
        try:
            while self._step():
                pass
            self._mux.close()
        except (MediaError, ValueError, TypeError, MemoryError) as error:
            self._fail(error)
            self._mux.abandon()

    def _step(self) -> bool:
        """Encode the next thing. False when all is done."""
        with self._change:
            self._change.wait_for(lambda: bool(self._queue) or self._closing)
            if not self._queue:
                return False
            item = self._queue.popleft()
        if item[0] == "picture":
            self._mux.picture(item[1], item[2])
        else:
            self._mux.sound(item[1], item[2], item[3])
        with self._change:
            if item[0] == "picture":
                self._written += 1
                self._pictures -= 1
            else:
                self._sound_s -= item[4]
            self._change.notify_all()
        return True

    def _fail(self, error: BaseException) -> None:
        """Stop recording: note the reason once, forget what waits, wake a waiting sender."""
        with self._change:
            self._errors += 1
            self.error = str(error) or type(error).__name__
            self._dropped += self._pictures
            self._queue.clear()
            self._change.notify_all()


class _Clocks:
    """Lays the show's clock and the sound's clock on the one time line of the file, 0 at the first picture.

    The two are compared whenever a picture comes: its time is now, and sound arrives so often that the newest block
    ended now too, less one block. (The other way round would not do: pictures may be far apart.)
    """

    FOLLOW_S = 10.0
    SLACK_S = 0.12

    def __init__(self, live: bool, offset_s: float | None) -> None:
        self._offset_s = offset_s if offset_s is not None or live else 0.0
        self._follow = live and offset_s is None
        self._first_s: float | None = None if live else 0.0
        self._newest_s = 0.0
        self._heard_s: float | None = None
        self._error_s = 0.0

    def picture(self, seconds: float) -> float:
        """File time of a picture of the show's time `seconds`."""
        if self._first_s is None:
            self._first_s = self._newest_s = seconds
        if self._follow and self._heard_s is not None:
            self._compare(seconds, self._heard_s)
        self._newest_s = seconds
        return seconds - self._first_s

    def sound(self, start_s: float, length_s: float) -> float | None:
        """File time of a block at stream time start_s, or None when it cannot be placed yet."""
        self._heard_s = start_s + length_s
        if self._first_s is None or self._offset_s is None:
            return None
        return start_s + self._offset_s - self._first_s

    def _compare(self, seconds: float, heard_s: float) -> None:
        """Set the offset first; then follow drift: a lasting difference moves it."""
        if self._offset_s is None:
            self._offset_s = seconds - heard_s
            return
        share = min(1.0, max(0.0, seconds - self._newest_s) / self.FOLLOW_S)
        self._error_s += (seconds - heard_s - self._offset_s - self._error_s) * share
        if abs(self._error_s) > self.SLACK_S:
            self._offset_s += self._error_s
            self._error_s = 0.0
