"""What happens to sound at the door of every input: choice of channels, trim, clip light, no NaN."""

from __future__ import annotations

import numpy as np

from perform.core.errors import UsageError

CLIP = 0.999
"""Magnitude from which a sample counts as clipped: 16-bit full scale is 0.99997."""


def parse_channels(text: str | None) -> tuple[int, ...] | None:
    """`"3,4"` (1-based, as printed on the box) -> (2, 3); None stays None. Raises UsageError."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 512 for part in parts):
        raise UsageError(f"channels '{text}' is not a list of channel numbers from 1; write for example 1,2")
    return tuple(int(part) - 1 for part in parts)


class Door:
    """Turns what a source delivered into what the show hears, and counts what was wrong with it."""

    def __init__(self, channels: tuple[int, ...] | None, trim_db: float) -> None:
        if not -120.0 <= trim_db <= 60.0:
            raise UsageError(f"trim of {trim_db:g} dB is outside -120..60 dB")
        self._pick = list(channels) if channels is not None else None
        self._gain = np.float32(10.0 ** (trim_db / 20.0))
        self.clipped = 0
        self.errors = 0

    def width(self, source_channels: int, name: str) -> int:
        """How many channels come out of a source of `source_channels`. Raises UsageError for one it lacks."""
        if self._pick is None:
            return source_channels
        if max(self._pick) >= source_channels:
            raise UsageError(f"channel {max(self._pick) + 1} was asked of {name}, which has {source_channels}")
        return len(self._pick)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """[n, source channels] float32 -> [n, channels] float32, finite; never the same memory as the argument."""
        out = samples[:, self._pick] if self._pick is not None else samples.copy()
        if out.size == 0:
            return out
        # A sum is the cheapest test of a whole block; overflow of the sum itself only costs the slower look.
        with np.errstate(all="ignore"):
            finite = bool(np.isfinite(out.sum()))
        if not finite:
            bad = ~np.isfinite(out)
            self.errors += int(bad.any())
            out[bad] = 0.0
        raw = np.abs(out)
        over = raw >= CLIP
        if self._gain != 1.0:
            out *= self._gain
            over |= raw * self._gain >= CLIP
        self.clipped += int(np.count_nonzero(over))
        return out
