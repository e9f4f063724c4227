"""Textures to draw into."""

from __future__ import annotations

import moderngl

from perform.gl.context import context_facts

HALF, FULL, BYTES = "f2", "f4", "f1"


def working_dtype(ctx: moderngl.Context) -> str:
    """Between passes: 16-bit float on a graphics card; 32-bit on a software renderer.

    There the conversion to half floats costs more than the memory saved (llvmpipe, 640x360: 1.1 against 0.7 ms for
    a copy, 5.3 against 4.1 ms for nine fetches), and it truncates, so that each pass loses a little light.
    """
    return FULL if context_facts(ctx)["software"] else HALF


class Target:
    """A texture with its framebuffer: RGBA, linear filter, clamped to its edge, cleared to transparent black.

    dtype: f1 (8 bit), f2 (16-bit float) or f4 (32-bit float).
    """

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], dtype: str = HALF) -> None:
        self._ctx = ctx
        self.size = size
        self.dtype = dtype
        self.texture = smooth(ctx.texture(size, 4, dtype=dtype))
        self.framebuffer = ctx.framebuffer(color_attachments=[self.texture])
        self.framebuffer.clear()

    def use(self) -> None:
        """Draw here from now on."""
        self.framebuffer.use()

    def release(self) -> None:
        """Free the GL objects."""
        if self._ctx.fbo is self.framebuffer:
            # moderngl binds the last framebuffer again after making a new one, and must not find a deleted one.
            self._ctx.detect_framebuffer(0).use()
        self.framebuffer.release()
        self.texture.release()


def smooth(texture: moderngl.Texture) -> moderngl.Texture:
    """Linear filter, no repeat."""
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return texture


class Pool:
    """Three targets of one size: whatever two pictures are being read, there is one to draw into."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], dtype: str = HALF) -> None:
        self._targets = tuple(Target(ctx, size, dtype) for _ in range(3))

    def besides(self, *textures: moderngl.Texture) -> Target:
        """A target that is none of (at most two) `textures`."""
        return next(t for t in self._targets if all(t.texture is not used for used in textures))

    def release(self) -> None:
        """Free the GL objects."""
        for target in self._targets:
            target.release()
