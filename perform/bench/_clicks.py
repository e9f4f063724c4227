"""Sound with clicks at known samples, and a sound device made of it: what `perform bench latency` listens to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

RATE_HZ = 48000
BLOCK = 256


def click(loud: float = 0.7) -> np.ndarray:
    """[n] float32: some milliseconds of noise that fall off, with a low knock under them; the same every time."""
    t = np.arange(round(0.03 * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(7).uniform(-1.0, 1.0, t.size) * np.exp(-t / 0.002)
    knock = np.sin(2.0 * np.pi * 90.0 * t) * np.exp(-t / 0.012)
    return (loud * (0.7 * noise + 0.5 * knock)).clip(-1.0, 1.0).astype(np.float32)


def at_random(seconds: float, seed: int) -> np.ndarray:
    """Samples [n] at which clicks begin, 0.3 to 0.9 s apart, so that they keep no step with the frames."""
    gaps_s = np.random.default_rng(seed).uniform(0.3, 0.9, int(seconds / 0.3) + 1)
    times_s = 1.5 + np.cumsum(gaps_s)
    return np.round(times_s[times_s < seconds - 0.7] * RATE_HZ).astype(int)


def on_the_beat(seconds: float, bpm: float) -> np.ndarray:
    """Samples [n] of the beats of a steady tempo."""
    return np.round(np.arange(0.5, seconds - 0.7, 60.0 / bpm) * RATE_HZ).astype(int)


def sound_with(clicks: np.ndarray, seconds: float) -> np.ndarray:
    """[n, 2] float32: the clicks over a little hiss; every fourth is louder, so that there is a bar."""
    n = round(seconds * RATE_HZ)
    mono = np.random.default_rng(8).normal(0.0, 3e-4, n).astype(np.float32)
    for number, at in enumerate(clicks):
        one = click(0.9 if number % 4 == 0 else 0.6)[: n - at]
        mono[at : at + len(one)] += one
    return np.repeat(mono[:, None], 2, axis=1)


class FakeDevice:
    """Enough of the sounddevice module for a Microphone: one input that delivers `samples` in blocks, in time.

    began_s: by `clock`, when the first sample was at the plug; the sample n is there n / rate later. With the last
    sample it goes on with silence.
    """

    class PortAudioError(Exception):
        """As sounddevice has it; never raised here."""

    def __init__(self, samples: np.ndarray, clock: Callable[[], float]) -> None:
        self._samples = samples
        self._clock = clock
        self.began_s = 0.0
        self.default = SimpleNamespace(device=[0, -1])

    def times_s(self, clicks: np.ndarray) -> np.ndarray:
        """Seconds at which these samples were at the plug."""
        return self.began_s + clicks / RATE_HZ

    def query_hostapis(self) -> list[dict[str, str]]:
        """One host."""
        return [{"name": "memory"}]

    def query_devices(self) -> list[dict[str, Any]]:
        """One input."""
        one = {"name": "clicks", "hostapi": 0, "max_input_channels": 2, "max_output_channels": 0}
        return [{**one, "default_samplerate": float(RATE_HZ)}]

    def InputStream(self, callback: Callable[..., None], **_: Any) -> Any:  # noqa: N802 - the name is theirs
        """A stream that calls back from a thread of its own."""
        stop = threading.Event()

        def run() -> None:
            self.began_s = self._clock()
            silence = np.zeros((BLOCK, 2), np.float32)
            number = 0
            while not stop.is_set():
                number += 1
                left_s = self.began_s + number * BLOCK / RATE_HZ - self._clock()
                if left_s > 0.0:
                    time.sleep(left_s)
                block = self._samples[(number - 1) * BLOCK : number * BLOCK]
                callback(block if len(block) == BLOCK else silence, BLOCK, None, None)

        thread = threading.Thread(target=run, name="fake device", daemon=True)

        def end(ignore_errors: bool = True) -> None:
            stop.set()
            if thread.is_alive():
                thread.join(timeout=2.0)

        return SimpleNamespace(
            samplerate=float(RATE_HZ), latency=0.0, start=thread.start, abort=end, close=lambda ignore_errors=True: None
        )
