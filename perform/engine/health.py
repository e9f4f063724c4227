"""Counting and timing: what the HUD, `perform bench` and the closing line of a show tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np


class Timing:
    """The last `size` durations of one stage, in milliseconds."""

    def __init__(self, size: int = 512) -> None:
        self._ring = np.zeros(size)
        self.count = 0

    def add(self, ms: float) -> None:
        """Note one duration."""
        self._ring[self.count % self._ring.size] = ms
        self.count += 1

    def percentile(self, q: float) -> float:
        """The q-th percentile in ms; 0 before the first."""
        n = min(self.count, self._ring.size)
        return float(np.percentile(self._ring[:n], q)) if n else 0.0

    def newest(self, most: int) -> list[float]:
        """The last durations in ms, oldest first; at most `most`."""
        n = min(self.count, self._ring.size, most)
        return [round(float(self._ring[i % self._ring.size]), 2) for i in range(self.count - n, self.count)]


class Health:
    """Timings by stage, counters by cause, and the last words of units that failed. One owner: the engine's thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.stages: dict[str, Timing] = {}
        self.counts: dict[str, int] = {}
        self.last_error = ""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time a block of code under a name."""
        began = self._clock()
        try:
            yield
        finally:
            self.note(stage, (self._clock() - began) * 1000.0)

    def note(self, stage: str, ms: float) -> None:
        """Note a duration that was measured elsewhere."""
        timing = self.stages.get(stage)
        if timing is None:
            timing = self.stages[stage] = Timing()
        timing.add(ms)

    def count(self, what: str, times: int = 1) -> None:
        """Count an event by cause."""
        self.counts[what] = self.counts.get(what, 0) + times

    def failed(self, what: str, error: BaseException | str) -> None:
        """Count a failure and keep its one line."""
        self.count(f"{what} errors")
        self.last_error = f"{what}: {error}".splitlines()[0][:300]

    def report(self, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """All of it, for JSON."""
        stages = {
            name: {"ms_p50": round(t.percentile(50), 3), "ms_p99": round(t.percentile(99), 3), "count": t.count}
            for name, t in self.stages.items()
        }
        return {"stages": stages, "counts": dict(self.counts), "last_error": self.last_error, **(extra or {})}
