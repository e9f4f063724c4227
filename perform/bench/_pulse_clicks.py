"""Clicks into PulseAudio at known times: exactly, through a pipe that is its microphone, or by a player's account."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from perform.bench._clicks import BLOCK, RATE_HZ

_TOLD = re.compile(rb"Time: ([0-9.]+) sec; Latency: ([0-9]+) usec")
SETTLE_S = 2.0
SEVERAL = 20
AFTER_S = 3.0


class PipeClicks:
    """Samples [n, 2] float32 written into the pipe that a source of the server reads, block by block as they fall due.

    A process of its own writes, so that nothing of the show holds it up, and notes when: a sample is at the plug as
    long before its block is written as the block's end is away from it.
    """

    def __init__(self, samples: np.ndarray, folder: Path, pipe: Path) -> None:
        path = folder / "clicks.npy"
        silence = np.zeros((round(AFTER_S * RATE_HZ), 2), np.float32)  # a pipe that ends is a device that goes away
        np.save(path, np.concatenate([samples, silence]).astype(np.float32))
        command = [sys.executable, "-m", "perform.bench._pulse_clicks", str(path), str(pipe)]
        self._writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._ends_s: np.ndarray | None = None

    def times_s(self, clicks: np.ndarray) -> np.ndarray:
        """Monotonic seconds at which these samples were there; ends the playing."""
        if self._ends_s is None:
            out, _ = self._writer.communicate(timeout=60.0)
            self._ends_s = np.array(json.loads(out))
        block = clicks // BLOCK
        return self._ends_s[block] - ((block + 1) * BLOCK - clicks) / RATE_HZ

    def close(self) -> None:
        """Stop."""
        if self._writer.poll() is None:
            self._writer.kill()
            self._writer.communicate()


def write_in_time(samples: np.ndarray, pipe: Path) -> list[float]:
    """Write block after block when it falls due. Returns the monotonic times at which each was written."""
    number = os.open(pipe, os.O_WRONLY)
    ends_s: list[float] = []
    began_s = time.monotonic()
    try:
        for count, at in enumerate(range(0, len(samples) - BLOCK + 1, BLOCK), 1):
            left_s = began_s + count * BLOCK / RATE_HZ - time.monotonic()
            if left_s > 0.0:
                time.sleep(left_s)
            ends_s.append(time.monotonic())
            os.write(number, samples[at : at + BLOCK].tobytes())
    finally:
        os.close(number)
    return ends_s


class PulseClicks:
    """Plays samples [n, 2] float32 once into the sink, in a process of its own with a buffer that does not run dry.

    The player says twenty times a second how far it has come; what it says after the first seconds is taken in the
    middle. spread_s: from the 5th to the 95th percentile of that.
    """

    def __init__(self, samples: np.ndarray, folder: Path, sink: str = "vj") -> None:
        import soundfile

        path = folder / "clicks.wav"
        soundfile.write(path, samples, RATE_HZ, subtype="FLOAT")
        env = {key: value for key, value in os.environ.items() if key != "PULSE_LATENCY_MSEC"}
        command = ["paplay", "--verbose", f"--device={sink}", "--latency-msec=200", str(path)]
        self._player = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._said: list[float] = []
        self._thread = threading.Thread(target=self._listen, name="clicks", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._player.stderr is not None
        number = self._player.stderr.fileno()
        while chunk := os.read(number, 4096):
            now_s = time.monotonic()
            told = _TOLD.findall(chunk)
            if told and float(told[-1][0]) > SETTLE_S:
                self._said.append(now_s - float(told[-1][0]))

    def times_s(self, clicks: np.ndarray) -> np.ndarray:
        """Monotonic seconds at which these samples were heard."""
        began_s = float(np.median(self._said)) if len(self._said) >= SEVERAL else float("nan")
        return began_s + clicks / RATE_HZ

    @property
    def spread_s(self) -> float:
        """How far the account may be believed."""
        return float(np.subtract(*np.percentile(self._said, [95.0, 5.0]))) if len(self._said) >= SEVERAL else 1.0

    def close(self) -> None:
        """Stop."""
        if self._player.poll() is None:
            self._player.kill()
        self._player.wait()
        self._thread.join(timeout=2.0)
        if self._player.stderr is not None:
            self._player.stderr.close()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write_in_time(np.load(sys.argv[1]), Path(sys.argv[2]))))
