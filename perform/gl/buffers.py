"""The buffers that an ISF shader's passes draw into."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from perform.core.errors import ShaderError
from perform.gl.shared import Shared
from perform.gl.targets import FULL, Target
from perform.isf import Pass

MAX_BYTES = 1 << 30
"""Of all buffers of one shader together."""
_TEXEL_BYTES = {"f1": 4, "f2": 8, "f4": 16}


class Buffer:
    """One TARGET. A persistent one is two textures: a pass reads the last frame's while it writes the other."""

    def __init__(self, shared: Shared, size: tuple[int, int], dtype: str, persistent: bool) -> None:
        self.bytes = size[0] * size[1] * _TEXEL_BYTES[dtype] * (2 if persistent else 1)
        self.front = Target(shared.ctx, size, dtype)
        self.back = Target(shared.ctx, size, dtype) if persistent else self.front

    def swap(self) -> None:
        """What was written becomes what is read."""
        self.front, self.back = self.back, self.front

    def release(self) -> None:
        """Free the GL objects."""
        self.front.release()
        if self.back is not self.front:
            self.back.release()


class Buffers:
    """All buffers of one unit, made when first drawn into, kept by name."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._held: dict[str, Buffer] = {}

    def texture(self, name: str) -> moderngl.Texture:
        """What a shader reads under this name: black before the first pass into it."""
        held = self._held.get(name)
        return held.front.texture if held else self._shared.black

    def get(self, item: Pass, variables: Mapping[str, float]) -> Buffer:
        """The buffer for a pass, at the size its expressions give now; a persistent one keeps its picture.

        Raises ShaderError where all buffers together would be larger than MAX_BYTES.
        """
        width, height = self._shared.size
        size = (
            item.width.size_px(variables) if item.width else width,
            item.height.size_px(variables) if item.height else height,
        )
        dtype = FULL if item.float32 else self._shared.dtype
        held = self._held.get(item.target)
        if held is not None and held.front.size == size and held.front.dtype == dtype:
            return held
        others = sum(buffer.bytes for name, buffer in self._held.items() if name != item.target)
        wanted = others + size[0] * size[1] * _TEXEL_BYTES[dtype] * (2 if item.persistent else 1)
        if wanted > MAX_BYTES:
            raise ShaderError(
                f"buffers of {wanted >> 20} MB, more than the {MAX_BYTES >> 20} MB that a shader may have"
            )
        new = Buffer(self._shared, size, dtype, item.persistent)
        if held is not None:
            if item.persistent:
                self._shared.copy(held.front.texture, new.front)
            held.release()
        self._held[item.target] = new
        return new

    def keep_only(self, names: tuple[str, ...]) -> None:
        """Drop buffers that a reloaded shader no longer has."""
        for name in [n for n in self._held if n not in names]:
            self._held.pop(name).release()

    def release(self) -> None:
        """Free all."""
        self.keep_only(())
