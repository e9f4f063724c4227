"""Small pictures of the output and of decks for somebody who looks on from afar: drawn and read only when asked for.

The card scales; what comes back is small, and comes a frame late, so that nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import moderngl
import numpy as np

from perform.gl.glimpse import SMALL
from perform.gl.program import Program, own_program
from perform.gl.shared import Shared
from perform.gl.targets import BYTES, Target


class Previews:
    """Each name (a deck, or `out`) that was asked for is taken once, in the next frame that draws it."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._sides: dict[str, int] = {}
        self._program: Program | None = None
        self._held: dict[str, tuple[Target, moderngl.Buffer]] = {}
        self._taken: dict[str, int] = {}

    @property
    def due(self) -> frozenset[str]:
        """Those that the next frame is asked for."""
        return frozenset(self._sides)

    @property
    def busy(self) -> bool:
        """Whether anything is due or on its way."""
        return bool(self._sides or self._taken)

    def ask(self, sides: Mapping[str, int]) -> None:
        """From the next frame, these too. sides: px of the long one."""
        self._sides.update(sides)

    def take(self, pictures: Mapping[str, moderngl.Texture], top_first: bool = False) -> None:
        """Draw those that are due small, and start their way back. top_first: their first row is the top already."""
        for name in self._sides.keys() & pictures.keys():
            target, buffer = self._place(name, self._sides.pop(name))
            if self._program is None:
                self._program = own_program(self._shared.ctx, SMALL)
            self._program.set("size", (float(target.size[0]), float(target.size[1])))
            self._program.set("turn", 0.0 if top_first else 1.0)
            target.use()
            pictures[name].use(0)
            self._program.draw()
            target.framebuffer.read_into(buffer, components=3, alignment=1)
            self._taken[name] = self._shared.moment.frame

    def _place(self, name: str, side: int) -> tuple[Target, moderngl.Buffer]:
        width, height = self._shared.size
        scale = min(side / max(width, height), 1.0)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        held = self._held.get(name)
        if held is None or held[0].size != size:
            for part in held or ():
                part.release()
            ctx = self._shared.ctx
            held = self._held[name] = (Target(ctx, size, BYTES), ctx.buffer(reserve=size[0] * size[1] * 3))
        return held

    def ready(self) -> dict[str, np.ndarray]:
        """Those of earlier frames, [h, w, 3] uint8, top row first; each of them once."""
        now = self._shared.moment.frame
        found: dict[str, np.ndarray] = {}
        for name in [name for name, frame in self._taken.items() if frame < now]:
            target, buffer = self._held[name]
            pixels = np.empty((target.size[1], target.size[0], 3), np.uint8)
            buffer.read_into(pixels)
            found[name] = pixels
            del self._taken[name]
        return found

    def release(self) -> None:
        """Free the GL objects."""
        for held in self._held.values():
            for part in held:
                part.release()
        self._held.clear()
        self._taken.clear()
        self._sides.clear()
