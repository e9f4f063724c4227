"""Pictures of the last frame, for whoever takes them in: how decks feed one another without going round in circles."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import moderngl

from perform.gl.shared import Shared
from perform.gl.targets import Target


class Kept:
    """Copies of the pictures that somebody wants, on the card; none while nobody does.

    Two of each, used in turn: what was kept is still being looked at while the next one is kept.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._targets: dict[str, tuple[Target, Target]] = {}
        self.textures: dict[str, moderngl.Texture] = {}

    def want(self, names: Collection[str]) -> None:
        """Forget all others."""
        for name in [name for name in self._targets if name not in names]:
            self.drop(name)

    def keep(self, pictures: Mapping[str, moderngl.Texture]) -> None:
        """Take these over for the next frame."""
        for name, picture in pictures.items():
            pair = self._targets.get(name)
            if pair is None:
                ctx, size, dtype = self._shared.ctx, self._shared.size, self._shared.dtype
                pair = (Target(ctx, size, dtype), Target(ctx, size, dtype))
            new, old = pair
            self._shared.copy(picture, new)
            self._targets[name] = (old, new)
            self.textures[name] = new.texture

    def drop(self, name: str) -> None:
        """Forget one."""
        self.textures.pop(name, None)
        for target in self._targets.pop(name, ()):
            target.release()

    def release(self) -> None:
        """Free the GL objects."""
        for name in list(self._targets):
            self.drop(name)
