"""Small pictures of decks back from the card, a frame late, for generators that take pictures in.

Drawn small and read through pixel buffers, so that nothing waits for the card.
"""

from __future__ import annotations

from collections.abc import Mapping

import moderngl
import numpy as np

from perform.core.types import Picture
from perform.gl.program import Program, own_program
from perform.gl.shared import Shared
from perform.gl.targets import BYTES, Target

# Upside down (turn 1): the first row in memory is then the top, as every generator wants it.
SMALL = """
uniform sampler2D picture;
uniform vec2 size;
uniform float turn;
void main() {
    vec2 cell = floor(gl_FragCoord.xy);
    vec4 sum = vec4(0.0);
    for (int y = 0; y < 4; y++) for (int x = 0; x < 4; x++) {
        vec2 at = (cell + (vec2(x, y) + 0.5) / 4.0) / size;
        sum += clamp(texture(picture, vec2(at.x, mix(at.y, 1.0 - at.y, turn))), 0.0, 1.0);
    }
    colour = sum / 16.0;
}
"""


class Glimpses:
    """Those that are wanted are taken at the end of a frame and are there for the next one."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.sides: dict[str, int] = {}
        self._program: Program | None = None
        self._held: dict[str, tuple[Target, moderngl.Buffer]] = {}
        self._taken: dict[str, tuple[int, float]] = {}

    @property
    def wanted(self) -> frozenset[str]:
        """Those that are asked for."""
        return frozenset(self.sides)

    def want(self, sides: Mapping[str, int]) -> None:
        """From the next frame on, glimpses of these decks (or `out`), and of no others. sides: px of the long one."""
        for name in [name for name in self._held if sides.get(name) != self.sides.get(name)]:
            for part in self._held.pop(name):
                part.release()
            self._taken.pop(name, None)
        self.sides = dict(sides)

    def _size(self, name: str) -> tuple[int, int]:
        width, height = self._shared.size
        scale = min(self.sides[name] / max(width, height), 1.0)
        return max(round(width * scale), 1), max(round(height * scale), 1)

    def take(self, pictures: Mapping[str, moderngl.Texture]) -> None:
        """Draw the wanted ones small and start their way back."""
        moment = self._shared.moment
        for name in self.sides:
            picture = pictures.get(name)
            if picture is None:
                continue
            if name not in self._held:
                size = self._size(name)
                target = Target(self._shared.ctx, size, BYTES)
                self._held[name] = (target, self._shared.ctx.buffer(reserve=size[0] * size[1] * 4))
            if self._program is None:
                self._program = own_program(self._shared.ctx, SMALL)
            target, buffer = self._held[name]
            self._program.set("size", (float(target.size[0]), float(target.size[1])))
            self._program.set("turn", 1.0)
            target.use()
            picture.use(0)
            self._program.draw()
            target.framebuffer.read_into(buffer, components=4, alignment=1)
            self._taken[name] = (moment.frame, moment.seconds)

    def pictures(self) -> dict[str, Picture]:
        """What was taken last: [h, w, 3] uint8, top row first, with its alpha [h, w] uint8."""
        found: dict[str, Picture] = {}
        for name, (sequence, seconds) in self._taken.items():
            target, buffer = self._held[name]
            pixels = np.empty((target.size[1], target.size[0], 4), np.uint8)
            buffer.read_into(pixels)
            found[name] = Picture(np.ascontiguousarray(pixels[..., :3]), pixels[..., 3].copy(), sequence, seconds)
        return found

    def release(self) -> None:
        """Free the GL objects."""
        self.want({})
        if self._program is not None:
            self._program.release()
            self._program = None
