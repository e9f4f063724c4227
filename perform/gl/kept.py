"""Pictures of the last frame, for whoever takes them in: how decks feed one another without going round in circles."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from perform.gl.shared import Shared
from perform.gl.targets import Target


class Kept:
    """One copy of each picture that somebody wants, on the card; none while nobody does."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._targets: dict[str, Target] = {}
        self.textures: dict[str, moderngl.Texture] = {}

    def keep(self, pictures: Mapping[str, moderngl.Texture]) -> None:
        """Take these over for the next frame, and forget all others."""
        for name in [name for name in self._targets if name not in pictures]:
            self.drop(name)
        for name, picture in pictures.items():
            target = self._targets.get(name)
            if target is None:
                target = self._targets[name] = Target(self._shared.ctx, self._shared.size, self._shared.dtype)
                self.textures[name] = target.texture
            self._shared.copy(picture, target)

    def drop(self, name: str) -> None:
        """Forget one."""
        self.textures.pop(name, None)
        target = self._targets.pop(name, None)
        if target is not None:
            target.release()

    def release(self) -> None:
        """Free the GL objects."""
        for name in list(self._targets):
            self.drop(name)
