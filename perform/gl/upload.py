"""Pictures from outside become textures: uploaded once per picture, then fitted to the stage so that it is filled."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np

from perform.core.errors import MediaError
from perform.core.types import Frame
from perform.gl.present import letterbox
from perform.gl.program import own_program
from perform.gl.rows import FITS
from perform.gl.shared import Shared
from perform.gl.targets import Target, smooth

MAX_SIDE_PX = 16384

# The picture's first row is its top, which GL holds at the bottom: v runs the other way. Magnified pictures go
# through a Catmull-Rom kernel (Catmull and Rom 1974; the nine-fetch form joins the middle taps bilinearly), since
# a small network on a big wall shows every texel of a linear filter.
_FIT = """
uniform sampler2D picture;
uniform vec2 scale;
vec4 catmull_rom(vec2 at) {
    vec2 size = vec2(textureSize(picture, 0));
    vec2 position = at * size;
    vec2 centre = floor(position - 0.5) + 0.5;
    vec2 f = position - centre;
    vec2 w0 = f * (-0.5 + f * (1.0 - 0.5 * f));
    vec2 w1 = 1.0 + f * f * (-2.5 + 1.5 * f);
    vec2 w2 = f * (0.5 + f * (2.0 - 1.5 * f));
    vec2 w3 = f * f * (-0.5 + 0.5 * f);
    vec2 w12 = w1 + w2;
    vec2 t0 = (centre - 1.0) / size;
    vec2 t12 = (centre + w2 / w12) / size;
    vec2 t3 = (centre + 2.0) / size;
    vec4 sum = texture(picture, vec2(t12.x, t12.y)) * w12.x * w12.y;
    sum += texture(picture, vec2(t12.x, t0.y)) * w12.x * w0.y + texture(picture, vec2(t0.x, t12.y)) * w0.x * w12.y;
    sum += texture(picture, vec2(t3.x, t12.y)) * w3.x * w12.y + texture(picture, vec2(t12.x, t3.y)) * w12.x * w3.y;
    // The four corners weigh a hundredth: left out, and the rest made to sum to one.
    float weight = w12.x * w12.y + w12.x * w0.y + w0.x * w12.y + w3.x * w12.y + w12.x * w3.y;
    return clamp(sum / weight, 0.0, 1.0);
}
void main() { colour = FETCH((vec2(uv.x, 1.0 - uv.y) - 0.5) * scale + 0.5); }
"""

_WARM_PX = (48, 27)
_SHARP_FROM = 1.25
"""Magnification above which the better kernel is worth its fetches."""


def cover(picture: tuple[int, int], stage: tuple[int, int]) -> tuple[float, float]:
    """The part of a picture (0..1 of its width, of its height) that is seen when it fills a stage of another shape."""
    wide = picture[0] * stage[1] / (picture[1] * stage[0])
    return (1.0 / wide, 1.0) if wide > 1.0 else (1.0, wide)


def pixels_of(image: Any) -> np.ndarray:
    """`image` as a contiguous [h, w, 3 or 4] uint8 array in main memory. Raises MediaError."""
    array = image if isinstance(image, np.ndarray) else _from_dlpack(image)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or array.dtype != np.uint8:
        raise MediaError(f"a picture should be [h, w, 3 or 4] uint8, not {list(array.shape)} {array.dtype}")
    if not 0 < min(array.shape[:2]) <= max(array.shape[:2]) <= MAX_SIDE_PX:
        raise MediaError(f"a picture of {array.shape[1]}x{array.shape[0]} cannot be shown")
    return np.ascontiguousarray(array)


def _from_dlpack(image: Any) -> np.ndarray:
    try:
        return np.from_dlpack(image)
    except (BufferError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        # A picture on a graphics card: most array libraries know this word.
        if hasattr(image, "cpu"):
            return np.from_dlpack(image.cpu())
        raise MediaError(f"a picture of type {type(image).__name__} cannot be read: {error}") from None


class Upload:
    """The newest picture of one deck, fitted to the stage as `deck/NAME/fit` says."""

    def __init__(self, shared: Shared, where: str, like: Upload | None = None) -> None:
        self._shared = shared
        self._path = f"{where}/fit"
        self._mode = FITS[0]
        self._owner = like is None  # of the programs; another one of the same deck lends its own
        if like is None:
            self._plain = own_program(shared.ctx, _FIT.replace("FETCH(", "texture(picture, "))
            self._sharp = own_program(shared.ctx, _FIT.replace("FETCH(", "catmull_rom("))
        else:
            self._plain, self._sharp = like._plain, like._sharp
        self._raw: moderngl.Texture | None = None
        self._sequence: int | None = None
        self._fitted = Target(shared.ctx, shared.size, shared.dtype)
        self._older: Target | None = None
        if not (self._plain.drawn and self._sharp.drawn):
            self._warm()

    def _warm(self) -> None:
        """Draw once unseen: drivers finish compiling at the first draw, and pictures come in the middle of a show."""
        scratch = smooth(self._shared.ctx.texture(_WARM_PX, 3, alignment=1))
        self._fitted.use()
        scratch.use(0)
        for program in (self._plain, self._sharp):
            program.draw()
        scratch.release()

    @property
    def texture(self) -> moderngl.Texture | None:
        """The fitted picture; None before the first one came."""
        return self._fitted.texture if self._raw is not None else None

    @property
    def older(self) -> moderngl.Texture:
        """The picture before, while it is kept."""
        return (self._fitted if self._older is None else self._older).texture

    def _turn_over(self, keep: bool) -> None:
        """Make room for a new picture beside the one that is there."""
        if keep and self._older is None:
            self._older = Target(self._shared.ctx, self._shared.size, self._shared.dtype)
        if self._older is not None and not keep:
            self._older.release()
            self._older = None
        if self._older is not None:
            self._fitted, self._older = self._older, self._fitted

    def take(self, frame: Frame, *, keep: bool = False) -> bool:
        """Upload if the frame's sequence is another than the last; returns whether it was.

        keep: the picture before stays, as `older`. Raises MediaError, keeping the last picture.
        """
        mode = self._shared.word(self._path, FITS[0])
        if self._raw is not None and frame.sequence == self._sequence:
            if mode != self._mode:
                self._mode = mode
                self._fit(self._raw)
            return False
        self._mode = mode
        self._sequence = frame.sequence
        pixels = pixels_of(frame.image)
        height, width, components = pixels.shape
        raw = self._raw
        if raw is None or raw.size != (width, height) or raw.components != components:
            if raw is not None:
                raw.release()
            self._raw = raw = smooth(self._shared.ctx.texture((width, height), components, alignment=1))
        raw.write(pixels, alignment=1)
        self._turn_over(keep)
        self._fit(raw)
        return True

    def _fit(self, raw: moderngl.Texture) -> None:
        stage = self._shared.size
        scale, box = (1.0, 1.0), (0, 0, *stage)
        if self._mode == "fill":
            scale = cover(raw.size, stage)
        elif self._mode == "fit":
            box = letterbox(raw.size, stage)
        magnification = box[2] / (raw.size[0] * scale[0])
        if magnification < 0.6:
            raw.build_mipmaps()
            raw.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        program = self._sharp if magnification > _SHARP_FROM else self._plain
        program.set("scale", scale)
        self._fitted.use()
        if box[2:] != stage:
            self._fitted.framebuffer.clear()
        self._fitted.framebuffer.viewport = box
        raw.use(0)
        program.draw()
        self._fitted.framebuffer.viewport = (0, 0, *stage)

    def release(self) -> None:
        """Free the GL objects."""
        if self._raw is not None:
            self._raw.release()
        self._raw = None
        self._turn_over(keep=False)
        self._fitted.release()
        if self._owner:
            self._plain.release()
            self._sharp.release()
