"""A whole look that gives way to the next: it is drawn on as it was, and the two finished pictures are mixed."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl

from perform.core.types import Frame, Value
from perform.gl.chain import Report
from perform.gl.mixer import Mixer
from perform.gl.scene import Scene
from perform.gl.shared import Shared
from perform.isf import Document


class LeavingLook:
    """scene: of the look that leaves, with its own decks, mixer and master chain. Raises ShaderError."""

    def __init__(self, shared: Shared, scene: Scene, document: Document | None, report: Report) -> None:
        self._shared = shared
        self.scene = scene
        self._mixer = Mixer(shared, report)
        self._mixer.set_transition(document)
        self._mixer.warm()
        self._frames: Mapping[str, Frame] = {}
        self._values: Mapping[str, Value] = dict(shared.values)
        self._share = 0.0

    def move(self, frames: Mapping[str, Frame], values: Mapping[str, Value], share: float) -> None:
        """What it shows from the next frame on: its pictures, its parameters, and how far (0..1) the new look has
        come."""
        self._frames, self._values, self._share = frames, values, share

    def over(self, coming: moderngl.Texture) -> moderngl.Texture:
        """Draw it, and mix it with the picture that comes."""
        shared, kept, pictures = self._shared, self._shared.values, self._shared.pictures
        shared.values = self._values
        try:
            self.scene.take(self._frames)
            leaving = self.scene.render(lambda _stage, since: since, 0.0)
            return self._mixer.mix(leaving, coming, self._share)
        finally:
            shared.values, shared.pictures = kept, pictures

    def release(self) -> None:
        """Free the GL objects, the scene's among them."""
        self._mixer.release()
        self.scene.release()
