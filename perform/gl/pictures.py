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


Picture = moderngl.Texture | moderngl.TextureCube


def load_imported(ctx: moderngl.Context, document: Document) -> dict[str, Picture]:
    """Name -> texture, top of the picture at v = 1. Raises ShaderError for a file that is broken or too large."""
    loaded: dict[str, Picture] = {}
    try:
        for item in document.imported:
            if item.cube:
                loaded[item.name] = _cube(ctx, item.faces, document.path)
            else:
                loaded[item.name] = _load(ctx, item.path, document.path) if not item.made else _noise(ctx)
    except ShaderError:
        for texture in loaded.values():
            texture.release()
        raise
    return loaded


def _load(ctx: moderngl.Context, path: str, shader: str) -> moderngl.Texture:
    pixels = np.ascontiguousarray(_pixels(path, shader)[::-1])
    return smooth(ctx.texture((pixels.shape[1], pixels.shape[0]), 4, data=pixels))


def _pixels(path: str, shader: str, side: int = 0) -> np.ndarray:
    """[h, w, 4] uint8, top row first; square with `side`. Raises ShaderError."""
    try:
        with Image.open(path) as file:
            if max(file.size) > MAX_SIDE_PX:
                raise ShaderError(f"imported picture {path} is larger than {MAX_SIDE_PX} pixels a side", shader)
            picture = file.convert("RGBA")
            return np.asarray(picture.resize((side, side)) if side else picture)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ShaderError(f"imported picture {path} cannot be read: {error}", shader) from None


def _cube(ctx: moderngl.Context, faces: tuple[str, ...], shader: str) -> moderngl.TextureCube:
    """Six files, in the order of OpenGL's faces, each with its first row at the top; noise where there are none."""
    if faces:
        side = min(_pixels(faces[0], shader).shape[:2])
        data = np.concatenate([_pixels(face, shader, side) for face in faces])
    else:
        side = NOISE_PX
        data = np.random.default_rng(NOISE_SEED).integers(0, 256, (6 * side, side, 4), dtype=np.uint8)
    texture = ctx.texture_cube((side, side), 4, data=np.ascontiguousarray(data))
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    return texture


def _noise(ctx: moderngl.Context) -> moderngl.Texture:
    """256 x 256 independent RGBA bytes, seeded, repeated over the plane."""
    pixels = np.random.default_rng(NOISE_SEED).integers(0, 256, (NOISE_PX, NOISE_PX, 4), dtype=np.uint8)
    texture = ctx.texture((NOISE_PX, NOISE_PX), 4, data=pixels)
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = True
    return texture
