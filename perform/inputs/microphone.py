"""Microphone, line input or loopback: a live device, chosen by name, that may be unplugged at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from perform.core.errors import PerformError
from perform.core.portaudio import end_stream
from perform.core.types import AudioBlock, BeatClock
from perform.inputs import device
from perform.inputs.clock import WAIT_S, monotonic_s
from perform.inputs.level import Door
from perform.inputs.ring import SampleRing

RING_S = 1.0
STALL_S = 0.5
"""Callbacks that stay away this long mean that the device is gone: no system says so reliably."""
FIRST_S = 2.5
"""What a device gets for its first callback; Bluetooth needs it."""
RETRY_S = 2.0
AGE_LEAK_S = 1e-5
"""What the least age of a block may grow per block, should the device have changed its mind."""
LONGEST_PATH_S = 0.3


class Capture:
    """One started stream and its ring. The callback runs in PortAudio's thread: it copies and counts."""

    def __init__(self, found: device.Found, channels: int, rate_hz: float, backend: Any) -> None:
        self.overflows = 0
        self.faults = 0
        self.ended = False
        # A bare lock as a bell: held while there is no news. To ring it is to release it, which never waits.
        self._silent = threading.Lock()
        self._silent.acquire()
        self.rate_hz = rate_hz
        self._age_s: float | None = None
        self._block = device.BLOCK
        self._backend = backend
        # Rates differ per attempt inside open_stream; a second of the highest is more than a second of the others.
        self.ring = SampleRing(round(RING_S * max(rate_hz, found.rate_hz)), channels)
        self._stream = device.open_stream(found, channels, rate_hz, self._callback, self._finished, backend)
        self.rate_hz = float(self._stream.samplerate)
        self.latency_s = float(self._stream.latency)

    def _callback(self, samples: np.ndarray, frames: int, when: Any, status: Any) -> None:
        try:
            if status and status.input_overflow:
                self.overflows += 1
            self.ring.write(samples)
            self._ring_bell()
            self._block = frames
            if when is not None and when.inputBufferAdcTime > 0.0:
                self._note_age(when.currentTime - when.inputBufferAdcTime - frames / self.rate_hz)
        except Exception:  # noqa: BLE001 - whatever escaped here would end the stream without a word
            self.faults += 1

    def _finished(self) -> None:
        self.ended = True
        self._ring_bell()

    def _note_age(self, age_s: float) -> None:
        """How old the newest sample of a block was when it came: the lower edge, since only delays add to it."""
        self._age_s = age_s if self._age_s is None else min(age_s, self._age_s + AGE_LEAK_S)

    @property
    def path_s(self) -> float:
        """From the plug to the callback for the newest sample of a block, by the best account there is: the times that
        the driver stamps its blocks with; else its latency, which counts the block itself."""
        if self._age_s is None:
            return max(0.0, self.latency_s - self._block / self.rate_hz)
        return min(max(self._age_s, 0.0), LONGEST_PATH_S)

    def _ring_bell(self) -> None:
        if self._silent.locked():  # only the reader locks it and only this side unlocks it
            self._silent.release()

    def await_news(self, seconds: float) -> None:
        """Sleep until a block has come, `seconds` at most. Thread: the reader's."""
        self._silent.acquire(timeout=seconds)

    def close(self) -> None:
        """Stop at once and free the stream, whatever state it is in."""
        end_stream(self._stream, self._backend)


class Microphone:
    """An AudioInput over a device. part: a part of its name, None for the default input.

    picked: channels to use, from 0; else the first two. When the device goes away, `read` gives None, and a thread
    seeks it again by name every 2 s; stream time goes on meanwhile, so that stamps keep pace with the world.
    Thread: one reader; the callback and the seeking thread are its own.
    """

    live = True
    finished = False

    def __init__(
        self,
        part: str | None,
        *,
        rate_hz: float = 48000.0,
        picked: tuple[int, ...] | None = None,
        trim_db: float = 0.0,
        retry_s: float = RETRY_S,
        backend: Any | None = None,
        clock: Callable[[], float] = monotonic_s,
    ) -> None:
        self.name = part or "mic"
        self.rate_hz = rate_hz
        self.channels = len(picked) if picked else 2
        self.error: str | None = None
        self._part = part
        self._wanted_hz = rate_hz
        self._picked = picked
        self._door = Door(picked, trim_db)
        self._retry_s = retry_s
        self._backend = backend
        self._clock = clock
        self._capture: Capture | None = None
        self._revived: Capture | None = None
        self._seeker: threading.Thread | None = None
        self._closing = threading.Event()
        self._position = 0
        self._seen = 0
        self._seen_s = 0.0
        self._dropped = self._reopened = self._errors = 0
        self._past_overflows = self._past_faults = 0

    def open(self) -> None:
        """Start capturing. Raises DeviceError (no such device, refused) or UsageError (no such channel)."""
        self.close()
        self._closing.clear()
        if self._backend is None:
            self._backend = device.load_backend()
        self._position = 0
        self._adopt(self._start())

    def _start(self) -> Capture:
        """Find the device and start it."""
        found = device.find_input(self._part, self._backend)
        self._door.width(found.inputs, found.name)
        channels = max(self._picked) + 1 if self._picked else min(2, found.inputs)
        capture = Capture(found, channels, self._wanted_hz, self._backend)
        self.name = found.name
        return capture

    def _adopt(self, capture: Capture) -> None:
        """Make a started capture the one that is read."""
        self._position = round(self._position / self.rate_hz * capture.rate_hz)
        self.rate_hz = capture.rate_hz
        self._capture = capture
        if self._picked is None:
            self.channels = capture.ring.channels
        self._seen, self._seen_s = 0, self._clock()

    @property
    def latency_s(self) -> float:
        """What the driver says lies between the plug and the callback; 0 while there is no device."""
        return self._capture.latency_s if self._capture else 0.0

    @property
    def path_s(self) -> float:
        """From the plug to where a block can be read, for its newest sample; 0 while there is no device."""
        return self._capture.path_s if self._capture else 0.0

    def read(self, frames: int) -> AudioBlock | None:
        """See AudioInput. None while the device is away."""
        capture = self._capture or self._take_over()
        if capture is None:
            if not self._closing.is_set():
                time.sleep(WAIT_S / 2)
            return None
        self._await(capture, frames)
        if self._is_lost(capture):
            self._lose(capture)
            return None
        samples, lost = capture.ring.read(frames)
        self._dropped += lost
        self._position += lost
        if len(samples) == 0:
            return None
        start_s = self._position / self.rate_hz
        self._position += len(samples)
        return AudioBlock(self._door(samples), self.rate_hz, start_s)

    def _await(self, capture: Capture, frames: int) -> None:
        """Sleep until `frames` samples are there, WAIT_S at most."""
        ends_s = monotonic_s() + WAIT_S
        while capture.ring.available < frames and not capture.ended:
            left_s = ends_s - monotonic_s()
            if left_s <= 0.0:
                return
            capture.await_news(left_s)

    def _is_lost(self, capture: Capture) -> bool:
        """Has the stream ended, or fallen silent without saying so?"""
        now_s = self._clock()
        if capture.ring.written != self._seen:
            self._seen, self._seen_s = capture.ring.written, now_s
        patience_s = STALL_S if self._seen else FIRST_S
        return capture.ring.available == 0 and (capture.ended or now_s - self._seen_s > patience_s)

    # Loss and return.

    def _lose(self, capture: Capture) -> None:
        """Count the loss and start seeking."""
        self._errors += 1
        self.error = f"sound input {self.name} stopped delivering; seeking it every {self._retry_s:g} s"
        self._past_overflows += capture.overflows
        self._past_faults += capture.faults
        self._capture = None
        self._seeker = threading.Thread(target=self._seek, args=(capture,), name="microphone-seek", daemon=True)
        self._seeker.start()

    def _seek(self, old: Capture) -> None:
        """Try to open the device again until it works. Thread: its own; leaves its find in `_revived`."""
        old.close()
        backend = self._backend or device.load_backend()
        while not self._closing.wait(self._retry_s):
            try:
                device.rescan(backend)
                fresh = self._start()
            except (PerformError, backend.PortAudioError, OSError) as error:
                self._errors += 1
                self.error = " ".join(str(error).split())
                continue
            self._revived = fresh
            return

    def _take_over(self) -> Capture | None:
        """The device that was found again, once; its place in stream time is what the clock says."""
        fresh, self._revived = self._revived, None
        if fresh is None:
            return None
        self._position += round((self._clock() - self._seen_s) * self.rate_hz)
        self._reopened += 1
        self.error = None
        self._adopt(fresh)
        return fresh

    # The rest of the contract.

    def counts(self) -> Mapping[str, int]:
        """overflows: reported by the driver; dropped: samples this reader was too slow for; reopened; errors: losses,
        failed attempts and faults; clipped: samples at full scale (the clip light)."""
        capture = self._capture
        return {
            "overflows": self._past_overflows + (capture.overflows if capture else 0),
            "dropped": self._dropped,
            "reopened": self._reopened,
            "errors": self._errors + self._door.errors + self._past_faults + (capture.faults if capture else 0),
            "clipped": self._door.clipped,
        }

    def beat(self) -> BeatClock | None:
        """None: a microphone does not know the beat."""
        return None

    def close(self) -> None:
        """Stop and free. Safe to call twice."""
        self._closing.set()
        if self._seeker is not None:
            self._seeker.join(timeout=5.0)
            self._seeker = None
        for capture in (self._capture, self._revived):
            if capture is not None:
                capture.close()
        self._capture = self._revived = None


def list_devices() -> list[dict[str, Any]]:
    """See `perform.inputs.list_devices`."""
    return device.list_devices()
