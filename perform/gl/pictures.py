"""Pictures that belong to a shader: files (IMPORTED), and the noise that Shadertoy's files expect."""

from __future__ import annotations

import moderngl
import numpy as np
from PIL import Image

from perform.core.errors import ShaderError
from perform.gl.targets import smooth
from perform.isf import Document

MAX_SIDE_PX = 8192
NOISE_PX, NOISE_SEED = 256, 7


def load_imported(ctx: moderngl.Context, document: Document) -> dict[str, moderngl.Texture]:
    """Name -> texture, top of the picture at v = 1. Raises ShaderError for a file that is missing or too large."""
    loaded: dict[str, moderngl.Texture] = {}
    try:
        for item in document.imported:
            loaded[item.name] = _load(ctx, item.path, document.path) if not item.made else _noise(ctx)
    except ShaderError:
        for texture in loaded.values():
            texture.release()
        raise
    return loaded


def _load(ctx: moderngl.Context, path: str, shader: str) -> moderngl.Texture:
    try:
        with Image.open(path) as file:
            if max(file.size) > MAX_SIDE_PX:
                raise ShaderError(f"imported picture {path} is larger than {MAX_SIDE_PX} pixels a side", shader)
            pixels = np.ascontiguousarray(np.asarray(file.convert("RGBA"))[::-1])
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ShaderError(f"imported picture {path} cannot be read: {error}", shader) from None
    return smooth(ctx.texture((pixels.shape[1], pixels.shape[0]), 4, data=pixels))


def _noise(ctx: moderngl.Context) -> moderngl.Texture:
    """256 x 256 independent RGBA bytes, seeded, repeated over the plane."""
    pixels = np.random.default_rng(NOISE_SEED).integers(0, 256, (NOISE_PX, NOISE_PX, 4), dtype=np.uint8)
    texture = ctx.texture((NOISE_PX, NOISE_PX), 4, data=pixels)
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = True
    return texture
