"""Sound from memory, for tests and the Python API, with a few faults to order; and silence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from perform.core.types import AudioBlock
from perform.inputs.clock import Pace
from perform.inputs.level import Door
from perform.inputs.paced import PacedInput


class ArrayInput(PacedInput):
    """samples: [n] or [n, ch], taken as float32. Plays once.

    Faults: `stop()` makes it fall silent as an unplugged device does (reads give None, not finished);
    `resume()` plugs it in again; `change_rate()` relabels what follows, as a device does that was reconfigured.
    """

    def __init__(
        self,
        samples: np.ndarray,
        rate_hz: float,
        live: bool = False,
        *,
        door: Door | None = None,
        pace: Callable[[float], Pace] = Pace,
    ) -> None:
        array = np.asarray(samples, dtype=np.float32)
        self._samples = array[:, None] if array.ndim == 1 else array
        super().__init__("array", rate_hz, self._samples.shape[1], live=live, door=door, pace=pace)
        self._first_rate_hz = rate_hz
        self._at = 0
        self._stopped = False

    @property
    def duration_s(self) -> float:
        """Of all of it."""
        return len(self._samples) / self._first_rate_hz

    def stop(self) -> None:
        """From now on nothing comes, and `finished` stays False."""
        self._stopped = True

    def resume(self) -> None:
        """Sound comes again from where it stopped; the break is not in stream time."""
        self._stopped = False
        self._restart_pace()

    def change_rate(self, rate_hz: float) -> None:
        """What follows has another rate; its stamps count on from the time reached so far."""
        self._position = round(self._position / self.rate_hz * rate_hz)
        self.rate_hz = rate_hz
        self._restart_pace()

    def read(self, frames: int) -> AudioBlock | None:
        """See AudioInput."""
        return None if self._stopped else super().read(frames)

    def _start(self) -> int:
        self._at = 0
        self._stopped = False
        self.rate_hz = self._first_rate_hz
        return int(self._samples.shape[1])

    def _take(self, frames: int) -> np.ndarray:
        out = self._samples[self._at : self._at + frames]
        self._at += len(out)
        return out


class SilenceInput(PacedInput):
    """Endless zeros: a show with no sound, and the stand-in while there is none."""

    def __init__(
        self,
        *,
        live: bool,
        rate_hz: float = 48000.0,
        channels: int = 2,
        door: Door | None = None,
        pace: Callable[[float], Pace] = Pace,
    ) -> None:
        super().__init__("silence", rate_hz, channels, live=live, door=door, pace=pace)
        self._width = channels

    def _start(self) -> int:
        return self._width

    def _take(self, frames: int) -> np.ndarray:
        return np.zeros((frames, self._width), np.float32)

    def _skip(self, frames: int) -> None:
        """Nothing to pass over."""
