"""When a sample was there: the time of an audio stream, which counts samples, laid on the clock of the show.

Blocks arrive late by whatever the driver, the scheduler and the reader did to them, but never early. The shift from
stream time to show time is therefore the lower edge of (arrival - stream time) over the last seconds, and jitter of
arrival does not reach the beat.
"""

from __future__ import annotations

import math
from collections import deque

BUCKET_S, BUCKETS = 0.5, 12
"""The edge is sought over BUCKETS stretches of BUCKET_S."""
UP_PER_S = 0.002
"""How fast the shift may grow, in s per s: two clocks drift by some parts in ten thousand, a late block is no drift."""
JUMP_S = 0.1
"""A stream that is off by more than this for all of the last seconds was cut, or started again: taken over at once."""


class StreamClock:
    """Takes note of arrivals and tells the shift. Thread: one owner."""

    def __init__(self) -> None:
        self._low: deque[float] = deque(maxlen=BUCKETS)
        self._bucket_s = -math.inf
        self._before_s = 0.0
        self.shift_s: float | None = None
        """Show time minus stream time of a sample at the moment it could first be read; None before the first block."""

    def note(self, stream_s: float, arrived_s: float) -> None:
        """A block that ends at `stream_s` could be read at show time `arrived_s`."""
        late = arrived_s - stream_s
        if not math.isfinite(late):
            return
        if self.shift_s is None or abs(late - self.shift_s) > 1.0:
            self._low.clear()  # the first block, or one after a long break: nothing before it counts
            self._bucket_s = -math.inf
            self.shift_s, self._before_s = late, arrived_s
        if arrived_s - self._bucket_s >= BUCKET_S or not self._low:
            self._bucket_s = arrived_s
            self._low.append(late)
        else:
            self._low[-1] = min(self._low[-1], late)
        edge = min(self._low)
        passed_s, self._before_s = max(0.0, arrived_s - self._before_s), arrived_s
        if edge - self.shift_s > JUMP_S:
            self.shift_s = edge
        else:
            self.shift_s = min(edge, self.shift_s + UP_PER_S * passed_s)
