"""What all units of one context share in a frame: the moment, the values, the sound, a black texel, small programs."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from perform.core.types import Features, Moment, Value
from perform.gl.program import own_program
from perform.gl.program_pool import ProgramPool
from perform.gl.sound import SoundTextures
from perform.gl.targets import HALF, Target

_BLEND = """
uniform sampler2D dry;
uniform sampler2D picture;
uniform float wet;
uniform float gain;
void main() {
    colour = texture(picture, uv);
    if (wet < 1.0) colour = mix(texture(dry, uv), colour, wet);
    colour.rgb *= gain;
}
"""


class Shared:
    """One per stage. size: of the stage, pixels. values: the ParamFrame's mapping of this frame. pictures: those of the
    last frame that were kept, by deck."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], dtype: str = HALF) -> None:
        self.ctx = ctx
        self.size = size
        self.dtype = dtype
        self.sound = SoundTextures(ctx)
        self.programs = ProgramPool(ctx)
        self.black = ctx.texture((1, 1), 4, data=b"\0\0\0\xff")
        self.moment = Moment(0.0, 0.0, 0)
        self.values: Mapping[str, Value] = {}
        self.pictures: Mapping[str, moderngl.Texture] = {}
        self._blend = own_program(ctx, _BLEND)
        self._blend.set("dry", 1)
        self._blend.set("picture", 0)

    def begin(self, values: Mapping[str, Value], features: Features | None, moment: Moment) -> None:
        """A new frame."""
        self.values = values
        self.moment = moment
        self.sound.take(features)

    def copy(self, picture: moderngl.Texture, out: Target, *, gain: float = 1.0) -> None:
        """Draw `picture` over the whole of `out`."""
        self.blend(picture, picture, 1.0, out, gain)

    def blend(
        self, dry: moderngl.Texture, picture: moderngl.Texture, wet: float, out: Target, gain: float = 1.0
    ) -> None:
        """Draw a mix of two pictures (wet 0..1) times `gain` into `out`."""
        out.use()
        picture.use(0)
        dry.use(1)
        self._blend.set("wet", wet)
        self._blend.set("gain", gain)
        self._blend.draw()

    def kept(self, whose: str) -> moderngl.Texture:
        """The last frame's picture of a deck, or the finished one (`out`); black where there was none."""
        return self.pictures.get(whose, self.black)

    def word(self, path: str, default: str) -> str:
        """A choice or text of this frame."""
        return str(self.values.get(path, default))

    def flag(self, path: str, default: bool = False) -> bool:
        """A bool parameter of this frame."""
        return bool(self.values.get(path, default))

    def number(self, path: str, default: float) -> float:
        """A float parameter of this frame."""
        return float(self.values.get(path, default))  # type: ignore[arg-type]

    def release(self) -> None:
        """Free the GL objects."""
        self.programs.release()
        self.sound.release()
        self.black.release()
        self._blend.release()
