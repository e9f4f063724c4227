"""Sound out: plays the show's own sound on the default output device, where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from perform.core.portaudio import end_stream
from perform.core.types import AudioBlock, Moment

RING_S = 1.0
LEAD_S = 0.08
"""Sound gathered before playing starts, and again after a gap: bridges the jitter of whoever sends."""


def _load_backend() -> Any | None:
    """The sounddevice module, or None where PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError):
        return None
    return sounddevice


class Speaker:
    """A Sink for sound; pictures are passed over. With no device it does nothing, and `error` says why in one line.

    Sound goes through a ring of a second: too much is dropped, too little is silence, nobody ever waits.
    latency_s: from `send_audio` to the ear, as far as is known (ring and driver).
    Thread: send_audio and close from one thread; the callback runs in PortAudio's.
    """

    def __init__(self, rate_hz: float, channels: int, *, backend: Any | None = None) -> None:
        self.error: str | None = None
        self.latency_s = 0.0
        self._rate_hz = rate_hz
        self._channels = max(1, min(2, channels))
        self._ring = np.zeros((max(1, round(RING_S * rate_hz)), self._channels), np.float32)
        self._lead = round(LEAD_S * rate_hz)
        self._in = self._out = 0
        self._gathering = True
        self._written = self._dropped = self._errors = self._gaps = 0
        self._stream: Any = None
        self._ended = False
        self._backend = backend or _load_backend()
        self._start(self._backend)

    @staticmethod
    def available(backend: Any | None = None) -> bool:
        """Is there an output device to play on?"""
        sd = backend or _load_backend()
        if sd is None:
            return False
        try:
            return int(sd.query_devices(kind="output")["max_output_channels"]) > 0
        except (sd.PortAudioError, ValueError):
            return False

    def _start(self, sd: Any | None) -> None:
        if sd is None:
            self.error = "no sound is heard: PortAudio is missing (on Debian or Ubuntu: sudo apt install libportaudio2)"
            return
        if not self.available(sd):
            self.error = "no sound is heard: this machine has no sound output"
            return
        try:
            self._stream = sd.OutputStream(
                samplerate=self._rate_hz,
                channels=self._channels,
                dtype="float32",
                latency="low",
                callback=self._callback,
                finished_callback=self._finished,
            )
            self._stream.start()
            self.latency_s = LEAD_S + float(self._stream.latency)
        except (sd.PortAudioError, ValueError) as error:
            self._errors += 1
            self._stream = None
            self.error = f"no sound is heard: the output refuses ({' '.join(str(error).split())})"

    def _callback(self, out: np.ndarray, frames: int, when: Any, status: Any) -> None:
        n = self._ready(frames)
        at = (self._out + np.arange(n)) % len(self._ring)
        out[:n] = self._ring[at]
        out[n:] = 0.0
        self._out += n

    def _ready(self, frames: int) -> int:
        """How many of `frames` to play now: all or none. Thread: PortAudio's.

        A device that started late or stalled would leave the sound late for good: it jumps ahead to what is new.
        """
        there = self._in - self._out
        if there < frames:
            self._gaps += not self._gathering
            self._gathering = True
        enough = max(self._lead, frames)
        if (self._gathering and there >= enough) or there > len(self._ring) // 2 + enough:
            self._out = self._in - enough
            self._gathering = False
        return 0 if self._gathering else frames

    def _finished(self) -> None:
        """PortAudio ended the stream: the device went away, or the list of devices was read again.

        The stream object is kept: this very call comes from inside it.
        """
        self._ended = True
        self.error = self.error or "no sound is heard: the sound output went away"

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Pictures make no sound."""

    def send_audio(self, block: AudioBlock) -> None:
        """Queue a block of the speaker's rate; what the ring cannot hold is dropped and counted."""
        fill = self._in - self._out
        n = len(block.samples)
        unusable = self._stream is None or self._ended or round(block.rate_hz) != round(self._rate_hz)
        if unusable or n == 0 or fill + n > len(self._ring):
            self._dropped += 1
            return
        side = min(self._channels, block.samples.shape[1])
        samples = block.samples[:, :side] if side == self._channels else block.samples[:, :1]
        samples = _nudge(samples, fill, self._lead, self._gathering)
        at = (self._in + np.arange(len(samples))) % len(self._ring)
        self._ring[at] = samples
        self._in += len(samples)
        self._written += 1

    play = send_audio

    def counts(self) -> Mapping[str, int]:
        """written and dropped blocks, errors, gaps (times the ring ran dry)."""
        return {"written": self._written, "dropped": self._dropped, "errors": self._errors, "gaps": self._gaps}

    def close(self) -> None:
        """Stop at once. Safe to call twice."""
        stream, self._stream = self._stream, None
        # A stream that ended by itself may be gone in PortAudio already; closing it again could touch freed memory.
        if stream is not None and not self._ended:
            end_stream(stream, self._backend)


def _nudge(samples: np.ndarray, fill: int, lead: int, gathering: bool) -> np.ndarray:
    """One sample less when the ring fills up, one more when it runs low: two clocks that differ by some parts in a
    million would else end in a gap or a drop every quarter of an hour, and one sample is not heard."""
    if fill > 4 * lead and len(samples) > 1:
        return samples[:-1]
    if fill < lead // 2 and not gathering:
        return np.concatenate([samples, samples[-1:]])
    return samples
