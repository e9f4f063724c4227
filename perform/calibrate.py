"""`perform calibrate`: the delay of the room's sound, by ear of the machine; that of its screen, by eye of a person."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import DeviceError, UsageError
from perform.core.loop_delay import LoopDelay, find, plan
from perform.core.stream_clock import StreamClock
from perform.core.types import Value
from perform.options import Options

RATE_HZ = 48000.0
BLOCK = 256
MOST_DELAY_S = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A loop that was measured. capture_s, playback_s: its two parts, as far as the drivers tell them apart."""

    loop: LoopDelay
    capture_s: float
    playback_s: float
    input: str
    lost: int

    def venue(self) -> dict[str, dict[str, Value]]:
        """What to write into the venue file."""
        parts = {"loop": self.loop.delay_s, "capture": self.capture_s, "playback": self.playback_s}
        return {"audio": {f"{name}_delay_s": round(seconds, 4) for name, seconds in parts.items()}}


class _Recording:
    """Blocks of an input in one array, at their places in stream time."""

    def __init__(self, seconds: float, rate_hz: float) -> None:
        self.samples = np.zeros(round(seconds * rate_hz), np.float32)
        self.rate_hz = rate_hz
        self.clock = StreamClock()

    def take(self, block: Any, now_s: float) -> None:
        at, n = round(block.start_s * block.rate_hz), len(block.samples)
        self.clock.note(block.start_s + n / block.rate_hz, now_s)
        room = max(0, min(n, len(self.samples) - at))
        self.samples[at : at + room] = block.samples[:room].mean(axis=1)


def measure(options: Options, clicks: int = 10, say: Callable[[str], None] = lambda _line: None) -> Measured:
    """Send clicks out of the default output and listen at the input that `options` names; `say` hears when they begin.

    Raises DeviceError where one of them is missing, UsageError for an input that is no device. A measurement that
    failed comes back all the same, with `loop.problem`.
    """
    from perform.inputs import open_input
    from perform.outputs.speaker import LEAD_S, Speaker

    spec = options.audio or "mic"
    if spec != "mic" and not spec.startswith("device:"):
        raise UsageError(f"calibrate listens at a device, not at {spec!r}; say --audio mic or --audio device:NAME-PART")
    sound, starts = plan(clicks, RATE_HZ)
    ear = open_input(spec, live=True, rate_hz=RATE_HZ, channels=options.channels, trim_db=options.trim_db)
    ear.open()
    speaker = Speaker(RATE_HZ, 2)
    say(f"{clicks} clicks go out now; keep the room quiet for {1.1 * clicks + 2:.0f} seconds")
    try:
        if speaker.error is not None:
            raise DeviceError(f"{speaker.error}; calibrate needs a loudspeaker that the microphone hears")
        sender = _Sender(sound, speaker)
        recording = _Recording(len(sound) / RATE_HZ + 3.0, ear.rate_hz)
        before = sum(ear.counts()[name] for name in ("dropped", "overflows", "errors"))
        sender.start()
        while sender.running:
            block = ear.read(BLOCK)
            if block is not None:
                recording.take(block, time.monotonic())
        lost = sum(ear.counts()[name] for name in ("dropped", "overflows", "errors")) - before
        shift_s = (sender.clock.shift_s or 0.0) - (recording.clock.shift_s or 0.0)
        loop = find(recording.samples, ear.rate_hz, list((starts / RATE_HZ + shift_s) * ear.rate_hz))
        capture_s = _share(loop.delay_s - LEAD_S, _into(ear), speaker.latency_s - LEAD_S)
        return Measured(loop, capture_s, loop.delay_s - capture_s, ear.name, lost + speaker.counts()["gaps"])
    finally:
        speaker.close()
        ear.close()


class _Sender:
    """Hands the sound to the loudspeaker at its real pace, as the show does. Thread: its own."""

    def __init__(self, sound: np.ndarray, speaker: Any) -> None:
        from perform.inputs.array import ArrayInput

        self._source = ArrayInput(np.repeat(sound[:, None], 2, axis=1), RATE_HZ, live=True)
        self._speaker = speaker
        self._thread = threading.Thread(target=self._run, name="calibrate", daemon=True)
        self._ends_s = time.monotonic() + len(sound) / RATE_HZ + 5.0
        self.clock = StreamClock()

    @property
    def running(self) -> bool:
        """Whether there is more to send."""
        return self._thread.is_alive() and time.monotonic() < self._ends_s

    def start(self) -> None:
        self._source.open()
        self._thread.start()

    def _run(self) -> None:
        while not self._source.finished and time.monotonic() < self._ends_s:
            block = self._source.read(BLOCK)
            if block is not None:
                self.clock.note(block.start_s + len(block.samples) / RATE_HZ, time.monotonic())
                self._speaker.play(block)


def _into(ear: Any) -> float:
    """What the driver says of the way in, without the block itself, which every reader waits for."""
    return max(0.0, float(ear.latency_s) - BLOCK / RATE_HZ)


def _share(whole_s: float, into_s: float, out_s: float) -> float:
    """The way in, of a loop without our own buffer: in proportion to what the drivers say of both ways."""
    said_s = into_s + out_s
    part = into_s / said_s if said_s > 0.0 else 0.5
    return max(0.0, whole_s) * part


def venue_path(given: Path | None) -> Path:
    """The venue file to write into: the one in use, else a new one in the folder one stands in."""
    from perform.options import find_venue

    return find_venue(given) or Path("venue.toml")
