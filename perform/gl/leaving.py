"""A model that gives way to another: both pictures, mixed in light, while the engine says how far it has come."""

from __future__ import annotations

import moderngl

from perform.core.types import Frame
from perform.gl.light import LIGHT
from perform.gl.program import own_program
from perform.gl.shared import Shared
from perform.gl.targets import Target
from perform.gl.upload import Upload

_MIX = (
    LIGHT
    + """
uniform sampler2D before;
uniform sampler2D coming;
uniform float share;
void main() {
    vec4 a = texture(before, uv);
    vec4 b = texture(coming, uv);
    colour = vec4(from_light(mix(to_light(a.rgb), to_light(b.rgb), share)), mix(a.a, b.a, share));
}
"""
)


class Leaving:
    """One deck's. Everything is made and drawn once when the deck is made, so that a change of model never waits for a
    compiler."""

    def __init__(self, shared: Shared, where: str, upload: Upload) -> None:
        self._shared = shared
        self._upload = Upload(shared, where, like=upload)
        self._program = own_program(shared.ctx, _MIX)
        self._program.set("before", 0)
        self._program.set("coming", 1)
        self._target = Target(shared.ctx, shared.size, shared.dtype)
        self._frame = False
        if not self._program.drawn:
            self._mix(shared.black, shared.black, 0.5)

    def take(self, frame: Frame | None) -> None:
        """The newest frame of the model that leaves; None when none does. Raises MediaError."""
        self._frame = frame is not None
        if frame is not None:
            self._upload.take(frame)

    def over(self, coming: moderngl.Texture, share: float) -> moderngl.Texture:
        """What is seen: `coming`, and under it what leaves. share: 0..1 of the way."""
        before = self._upload.texture
        if not self._frame or before is None or share >= 1.0:
            return coming
        return self._mix(before, coming, share)

    def _mix(self, before: moderngl.Texture, coming: moderngl.Texture, share: float) -> moderngl.Texture:
        self._program.set("share", share)
        self._target.use()
        before.use(0)
        coming.use(1)
        self._program.draw()
        return self._target.texture

    def release(self) -> None:
        """Free the GL objects."""
        self._upload.release()
        self._program.release()
        self._target.release()
