"""Pixels back from the card: one frame late through a ring of pixel buffers, so that nothing waits for the GPU."""

from __future__ import annotations

import moderngl
import numpy as np

from perform.gl import unlocked
from perform.gl.context import context_facts
from perform.gl.targets import Target

RING = 3


class Readback:
    """Reads the finished frames of one target, [h, w, 3] uint8, top row first (as the target holds them)."""

    def __init__(self, ctx: moderngl.Context, target: Target) -> None:
        width, height = target.size
        self._target = target
        self._software = bool(context_facts(ctx)["software"])
        self._shape = (height, width, 3)
        self._ring = [ctx.buffer(reserve=width * height * 3) for _ in range(RING)]
        self._holds = [-1] * RING
        self._frame = -1
        self._wanted = False

    def shown(self) -> None:
        """A new frame stands in the target. Starts its transfer if frames are being collected."""
        self._frame += 1
        if self._wanted:
            self._start()
            self._wanted = False

    def _start(self) -> None:
        place = self._frame % RING
        if self._holds[place] != self._frame:
            if self._software:
                unlocked.finish()()  # there is no card to wait for it: the read would, holding the lock
            self._target.framebuffer.read_into(self._ring[place], components=3, alignment=1)
            self._holds[place] = self._frame

    def previous(self) -> np.ndarray | None:
        """The frame before the newest, in an array of its own; None where it was not collected."""
        if self._frame < 0:
            return None
        self._wanted = True
        self._start()
        before = self._frame - 1
        if before < 0 or self._holds[before % RING] != before:
            return None
        pixels = np.empty(self._shape, np.uint8)
        self._ring[before % RING].read_into(pixels)
        return pixels

    def newest(self) -> np.ndarray:
        """The newest frame, waiting for it."""
        unlocked.finish()()
        pixels = np.empty(self._shape, np.uint8)
        self._target.framebuffer.read_into(pixels, components=3, alignment=1)
        return pixels

    def release(self) -> None:
        """Free the buffers."""
        for buffer in self._ring:
            buffer.release()
