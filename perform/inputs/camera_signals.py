"""What a camera sees as sources of routes: how much moves, where, and how light it is. Whether a deck shows it or not.

Measured on 64 x 36 fields in the camera's own thread. A field moves when it differs from what it was a moment ago; what
all fields do together (the lamp that is switched on, the camera's own exposure) is light and no motion.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping

import numpy as np

from perform.inputs.camera import open_camera
from perform.inputs.camera_feed import FIRST_PAUSE_S, Capture, keep_reading

FIELDS = (36, 64)
NOISE, FULL = 0.03, 0.15
"""A difference (of 0..1) up to the first is the sensor's noise; from the second on a field moves fully."""
MEMORY_S = 0.12
"""Time constant of what a field was a moment ago: so 15 and 60 pictures a second tell the same."""
STALE_S, FADE_S = 1.0, 1.0
LEAST = 0.004
"""Of motion, below which nobody is anywhere."""
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32) / 255.0  # ITU-R BT.709
REST = {"camera/motion": 0.0, "camera/brightness": 0.0, "camera/x": 0.5, "camera/y": 0.5}


def fields(image: np.ndarray) -> np.ndarray:
    """Lightness 0..1 of each field, [36, 64] float32 (fewer for a smaller picture), of a picture [h, w, 3] uint8."""
    step = max(min(image.shape[0] // (2 * FIELDS[0]), image.shape[1] // (2 * FIELDS[1])), 1)
    light = image[::step, ::step, :3].astype(np.float32) @ _LUMA
    rows, columns = max(light.shape[0] // FIELDS[0], 1), max(light.shape[1] // FIELDS[1], 1)
    high, wide = light.shape[0] // rows, light.shape[1] // columns
    light = light[: high * rows, : wide * columns]
    return light.reshape(high, rows, wide, columns).mean(axis=(1, 3))


class Motion:
    """Picture after picture to four numbers."""

    def __init__(self) -> None:
        self._was: np.ndarray | None = None
        self._x, self._y = 0.5, 0.5

    def see(self, image: np.ndarray, dt_s: float) -> dict[str, float]:
        """motion: the root of the share that moves, 0..1. x, y: where, 0..1 from the left and from below; where it was
        last while nothing moves. dt_s: since the picture before."""
        now = fields(image)
        brightness = float(now.mean())
        level = now - brightness
        was = self._was
        if was is None or was.shape != level.shape:
            self._was = level
            return {**REST, "camera/brightness": brightness, "camera/x": self._x, "camera/y": self._y}
        moving = np.clip((np.abs(level - was) - NOISE) / (FULL - NOISE), 0.0, 1.0)
        self._was = was + (level - was) * -math.expm1(-max(dt_s, 0.0) / MEMORY_S)
        share = float(moving.mean())
        if share > LEAST:
            high, wide = moving.shape
            self._x = float((moving.sum(axis=0) @ ((np.arange(wide) + 0.5) / wide)) / moving.sum())
            self._y = 1.0 - float((moving.sum(axis=1) @ ((np.arange(high) + 0.5) / high)) / moving.sum())
        motion = math.sqrt(share) if share > LEAST else 0.0
        return {"camera/motion": motion, "camera/brightness": brightness, "camera/x": self._x, "camera/y": self._y}


class CameraSignals:
    """A sense: reads a camera in a thread of its own. name: as in `camera:NAME`, "" for the first.

    clock: show time. failed: gets a line when the camera breaks off, in the camera's thread; each line once.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        failed: Callable[[str], None],
        capture: Capture = open_camera,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._clock, self._failed = clock, failed
        self._motion = Motion()
        self._seen_s = -1e9
        self._values: Mapping[str, float] = REST
        self._told: set[str] = set()
        self._pictures = self._broke_off = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=keep_reading, args=(capture, name, self._stop, self._take, self._broke, first_pause_s),
            name="camera signals", daemon=True,
        )  # fmt: skip

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def _take(self, image: np.ndarray) -> None:
        now_s = self._clock()
        self._values = self._motion.see(image, min(now_s - self._seen_s, STALE_S))
        self._seen_s = now_s
        self._pictures += 1

    def _broke(self, reason: str) -> None:
        self._broke_off += 1
        if reason not in self._told and len(self._told) < 32:
            self._told.add(reason)
            self._failed(reason)

    def signals(self, seconds: float) -> Mapping[str, float]:
        """The newest; with no camera they go to rest within a second."""
        silent_s = self._clock() - self._seen_s - STALE_S
        if silent_s <= 0.0:
            return self._values
        share = min(silent_s / FADE_S, 1.0)
        return {name: value + share * (REST[name] - value) for name, value in self._values.items()}

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        return {"camera pictures": self._pictures, "camera broke off": self._broke_off}

    def close(self) -> None:
        """Let the camera go; a driver that hangs is left behind."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
