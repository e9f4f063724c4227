"""A ring of samples between the audio callback and the reader."""

from __future__ import annotations

import numpy as np


class SampleRing:
    """Preallocated, one writer, one reader, no lock: each side moves only its own counter, and both only grow.

    The writer never waits. A reader that falls nearly a whole ring behind (the last eighth is kept clear, so that it
    never copies what is being written) jumps to half a ring behind the writer and learns how many samples it lost.
    capacity in samples; the ring is [capacity, channels] float32.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        self._buffer = np.zeros((capacity, channels), np.float32)
        self._capacity = capacity
        self.channels = channels
        self.written = 0
        self._read = 0

    @property
    def available(self) -> int:
        """Samples written and not yet read; more than the capacity when some are lost already."""
        return self.written - self._read

    def write(self, samples: np.ndarray) -> None:
        """Copy samples [n, channels] in; of a block larger than the ring only its end. Thread: the writer's."""
        n = len(samples)
        if n > self._capacity:
            self.written += n - self._capacity
            samples, n = samples[-self._capacity :], self._capacity
        at = self.written % self._capacity
        first = min(n, self._capacity - at)
        self._buffer[at : at + first] = samples[:first]
        self._buffer[: n - first] = samples[first:]
        self.written += n

    def read(self, frames: int) -> tuple[np.ndarray, int]:
        """(at most `frames` samples [n, channels], samples lost before them). Thread: the reader's."""
        lost = 0
        if self.available > self._capacity - self._capacity // 8:
            lost = self.available - self._capacity // 2
            self._read += lost
        n = min(frames, self.available)
        at = self._read % self._capacity
        first = min(n, self._capacity - at)
        out = np.concatenate([self._buffer[at : at + first], self._buffer[: n - first]])
        self._read += n
        return out, lost
