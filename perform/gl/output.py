"""The last pass: level, blackout, freeze, test card, dither to 8 bits. What it draws is what is recorded and shown."""

from __future__ import annotations

import moderngl

from perform.gl.limiter import Limiter
from perform.gl.program import own_program
from perform.gl.shared import Shared
from perform.gl.targets import BYTES, Target
from perform.gl.testcard import TestCard

# The picture is drawn upside down: its first row in memory is then the top, as every file and stream wants it.
# Dither: interleaved gradient noise (Jimenez 2014, "Next generation post processing in Call of Duty"), shifted each
# frame; a third of a step each way: with the rounding of 16-bit floats that is below half, so that an 8-bit value stays
# what it was and black stays black.
_FINAL = """
uniform sampler2D picture;
uniform float gain;
uniform float shift;
void main() {
    vec3 c = texture(picture, vec2(uv.x, 1.0 - uv.y)).rgb * gain;
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy + shift, vec2(0.06711056, 0.00583715))));
    colour = vec4(clamp(c, 0.0, 1.0) + (noise - 0.5) * (0.70 / 255.0), 1.0);
}
"""
_SHIFT_PX, _SHIFT_FRAMES = 5.588238, 64


class Output:
    """Composes the finished frame into `target` (8 bit, top row first)."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._program = own_program(shared.ctx, _FINAL)
        self._card: TestCard | None = None
        self._held: Target | None = None
        self._limiter: Limiter | None = None
        self._bright: Target | None = None
        self._light: float | None = None
        self.target = Target(shared.ctx, shared.size, BYTES)

    def frozen(self) -> moderngl.Texture | None:
        """The held picture while `out/freeze` is on and there is one."""
        if not self._shared.flag("out/freeze"):
            self._drop_held()
        return self._held.texture if self._held is not None else None

    def hold(self, picture: moderngl.Texture) -> None:
        """Keep a copy of this frame's picture if `out/freeze` has just come on."""
        if self._shared.flag("out/freeze") and self._held is None:
            held = Target(self._shared.ctx, self._shared.size, self._shared.dtype)
            self._shared.copy(picture, held)
            self._held = held

    def compose(self, picture: moderngl.Texture) -> None:
        """Draw the finished frame."""
        shared = self._shared
        gain = self._faded() * min(max(shared.number("out/level", 1.0), 0.0), 1.0)
        self.target.use()
        if shared.flag("out/testcard"):
            if self._card is None:
                self._card = TestCard(shared)
            self._card.draw()
            return
        if shared.flag("out/safe"):
            picture, gain = self._limited(picture, gain), 1.0
            self.target.use()
        else:
            self._drop_limiter()
        picture.use(0)
        self._program.set("gain", gain)
        self._program.set("shift", _SHIFT_PX * (shared.moment.frame % _SHIFT_FRAMES))
        self._program.draw()

    def _limited(self, picture: moderngl.Texture, gain: float) -> moderngl.Texture:
        """The picture as it may be shown in a public place."""
        if self._limiter is None or self._bright is None:
            self._limiter = Limiter(self._shared)
            self._bright = Target(self._shared.ctx, self._shared.size, self._shared.dtype)
        self._shared.copy(picture, self._bright, gain=gain)
        return self._limiter.limit(self._bright.texture)

    def _drop_limiter(self) -> None:
        for part in (self._limiter, self._bright):
            if part is not None:
                part.release()
        self._limiter = self._bright = None

    def _faded(self) -> float:
        """Light 0..1: moves to its aim within `out/fade_s`, whatever the frame rate."""
        aim = 0.0 if self._shared.flag("out/blackout") else 1.0
        fade_s = self._shared.number("out/fade_s", 0.2)
        if self._light is None or fade_s <= 0.0:
            self._light = aim
        step = self._shared.moment.dt_s / fade_s if fade_s > 0.0 else 1.0
        self._light += min(max(aim - self._light, -step), step)
        return self._light

    def _drop_held(self) -> None:
        if self._held is not None:
            self._held.release()
            self._held = None

    def release(self) -> None:
        """Free the GL objects."""
        self._drop_held()
        self._drop_limiter()
        if self._card is not None:
            self._card.release()
        self.target.release()
        self._program.release()
