"""The common half of every source that no device drives: file, synth, array, silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from perform.core.types import AudioBlock, BeatClock
from perform.inputs.clock import Pace
from perform.inputs.level import Door

MAX_LAG_S = 1.0
"""A reader that falls further behind than this loses the surplus, as it would with a device."""


class PacedInput:
    """AudioInput over `_take`. Live: at the real pace. Not live: exactly the samples asked for, at once.

    Stream time starts at 0 with the first sample delivered, whatever `start_s` skipped of the medium; sound that
    was dropped by a slow reader still passes in stream time. Thread: one reader.
    """

    def __init__(
        self,
        name: str,
        rate_hz: float,
        channels: int,
        *,
        live: bool,
        door: Door | None = None,
        pace: Callable[[float], Pace] = Pace,
    ) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self.channels = channels
        self.live = live
        self._door = door or Door(None, 0.0)
        self._new_pace = pace
        self._pace: Pace | None = None
        self._position = 0
        self._dropped = 0
        self._errors = 0
        self._ended = False
        self._is_open = False

    # What a source adds.

    def _start(self) -> int:
        """Get ready, set `rate_hz`; the number of channels of the raw sound. Raises DeviceError or MediaError."""
        raise NotImplementedError

    def _take(self, frames: int) -> np.ndarray:
        """The next `frames` samples [n, ch] float32; fewer only at the very end."""
        raise NotImplementedError

    def _skip(self, frames: int) -> None:
        """Pass over samples that nobody will hear."""
        self._take(frames)

    def _stop(self) -> None:
        """Free what `_start` took. Called once per `_start`."""

    # The contract.

    def open(self) -> None:
        """Start, from the beginning. Raises DeviceError or MediaError; UsageError for a channel that is not there."""
        self.close()
        raw_channels = self._start()
        self._is_open = True
        try:
            self.channels = self._door.width(raw_channels, self.name)
        except BaseException:
            self.close()
            raise
        self._position = 0
        self._ended = False
        self._restart_pace()

    def read(self, frames: int) -> AudioBlock | None:
        """See AudioInput. Not open reads as nothing."""
        if not self._is_open or self._ended or frames <= 0:
            return None
        if self._pace is not None:
            frames = self._owed(self._pace, frames)
            if frames == 0:
                return None
        start_s = self._position / self.rate_hz
        raw = self._take(frames)
        self._ended = len(raw) < frames
        if len(raw) == 0:
            return None
        self._position += len(raw)
        return AudioBlock(self._door(raw), self.rate_hz, start_s)

    def _restart_pace(self) -> None:
        """Count what is due from the next read on."""
        self._pace = self._new_pace(self.rate_hz) if self.live else None

    def _owed(self, pace: Pace, frames: int) -> int:
        """How many of `frames` to hand out now; drops what a stalled reader missed."""
        due = pace.due(self._position, frames)
        surplus = due - frames
        if surplus > MAX_LAG_S * self.rate_hz:
            self._skip(surplus)
            self._position += surplus
            self._dropped += surplus
            due = frames
        return min(due, frames)

    def counts(self) -> Mapping[str, int]:
        """Samples dropped and clipped, errors survived; a source without a device has no overflows or reopenings."""
        return {
            "overflows": 0,
            "dropped": self._dropped,
            "reopened": 0,
            "errors": self._errors + self._door.errors,
            "clipped": self._door.clipped,
        }

    def beat(self) -> BeatClock | None:
        """None: most sources do not know their beat."""
        return None

    @property
    def finished(self) -> bool:
        """True when all is played."""
        return self._ended

    def close(self) -> None:
        """Stop and free. Safe to call twice."""
        if self._is_open:
            self._is_open = False
            self._stop()
