"""The beat tracker behind a door: whatever a device does to stamps, rates and channels, it hears one even stream."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from perform.core.errors import UsageError
from perform.core.types import AudioBlock
from perform.features.beat import BeatState, BeatTracker
from perform.features.intake import LOUDEST

GAP_S = 0.05
"""Sound that is missing for longer than this is time that has passed; less is a stamp that is off."""
FOLLOWS_S = 0.002


class SteadyTracker:
    """A BeatTracker on the stamps of the stream. Thread: one owner.

    A stamp that jumps back (a device that was opened again), or a little forward, shifts the stamps of what comes out
    and never the beat. A block that nobody could make sense of is passed over. counts() tells how often each happened.
    """

    def __init__(self, rate_hz: float) -> None:
        """rate_hz: of the first block; another rate is taken over when it comes. Raises UsageError."""
        self._tracker = BeatTracker(rate_hz)
        self._own = {"jumps": 0, "refused_blocks": 0}
        self._end_s: float | None = None
        self._shift_s = 0.0

    def process(self, block: AudioBlock) -> list[BeatState]:
        """Every hop that the block completed, on the stamps of the stream."""
        if block.samples.ndim not in (1, 2) or block.samples.size == 0:
            self._own["refused_blocks"] += 1
            return []
        try:
            start_s = self._start_of(block)
            states = self._tracker.process(AudioBlock(_sane(block.samples), block.rate_hz, start_s))
        except UsageError:  # a rate that no device has
            self._own["refused_blocks"] += 1
            return []
        self._end_s = start_s + len(block.samples) / block.rate_hz
        return states if self._shift_s == 0.0 else [_later(state, self._shift_s) for state in states]

    def suggest(self, beat_s: float, tempo_bpm: float, weight: float) -> None:
        """See BeatTracker; times are those of the stream."""
        self._tracker.suggest(beat_s - self._shift_s, tempo_bpm, weight)

    def set_one(self, time_s: float, weight: float) -> None:
        """See BeatTracker; times are those of the stream."""
        self._tracker.set_one(time_s - self._shift_s, weight)

    def counts(self) -> dict[str, int]:
        """Counters that only grow: rate_changes, gaps, jumps (of the stamps), refused_blocks."""
        return {**self._tracker.counts, **self._own}

    def _start_of(self, block: AudioBlock) -> float:
        """Where the block begins for the tracker, which knows of no jump."""
        if self._end_s is None:
            return block.start_s if math.isfinite(block.start_s) else 0.0
        off_s = block.start_s - (self._end_s + self._shift_s)
        if GAP_S < off_s < math.inf:
            return self._end_s + off_s
        if FOLLOWS_S < abs(off_s) < math.inf:
            self._shift_s += off_s
            self._own["jumps"] += 1
        return self._end_s


def _sane(samples: np.ndarray) -> np.ndarray:
    """Samples that are no sound as zeros: a click of 64 would outweigh any drum. They are counted in the analysis."""
    highest = np.abs(samples).max()
    if highest <= LOUDEST:
        return samples
    return np.where(np.abs(samples) <= LOUDEST, samples, 0.0).astype(np.float32)


def _later(state: BeatState, by_s: float) -> BeatState:
    return replace(
        state, time_s=state.time_s + by_s, next_beat_s=state.next_beat_s + by_s, next_bar_s=state.next_bar_s + by_s
    )
