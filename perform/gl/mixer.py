"""The crossfader: two finished pictures become one, in light or by an ISF transition."""

from __future__ import annotations

import moderngl

from perform.core.errors import ShaderError
from perform.core.params import Param
from perform.gl.chain import Report, one_line
from perform.gl.light import LIGHT
from perform.gl.program import Program, own_program
from perform.gl.shared import Shared
from perform.gl.targets import Target
from perform.gl.unit import Unit
from perform.isf import Document

_FADE = (
    LIGHT
    + """
uniform sampler2D first;
uniform sampler2D second;
uniform float fade;
void main() {
    vec4 a = texture(first, uv);
    vec4 b = texture(second, uv);
    colour = vec4(from_light(mix(to_light(a.rgb), to_light(b.rgb), fade)), mix(a.a, b.a, fade));
}
"""
)


class Mixer:
    """Draws into a target of its own, made when two pictures are mixed for the first time."""

    def __init__(self, shared: Shared, report: Report) -> None:
        self._shared = shared
        self._report = report
        self._program: Program | None = None
        self._target: Target | None = None
        self.transition: Unit | None = None
        self.over = False
        """True: deck b is laid over deck a, and the fader says how much."""

    def set_transition(self, document: Document | None) -> None:
        """Let this ISF transition do the mixing; None: a plain fade. Raises ShaderError and keeps the old one."""
        if document is not None and document.kind != "transition":
            raise ShaderError(
                f"is a {document.kind}, not a transition: that needs startImage, endImage and progress", document.path
            )
        before = self.transition
        if document is not None and before is not None and before.document == document:
            return
        new = None
        if document is not None:
            new = Unit(self._shared, document.name, "mix/with", document)
            try:
                new.warm()
            except BaseException:
                new.release()
                raise
        if before is not None:
            before.release()
        self.transition = new

    def rows(self) -> tuple[Param, ...]:
        """What the transition takes besides its progress, which is the fader."""
        unit = self.transition
        return () if unit is None else tuple(row for row in unit.params() if row.name != "progress")

    def mix(self, first: moderngl.Texture, second: moderngl.Texture, fade: float) -> moderngl.Texture:
        """Both pictures at `fade` 0..1. At either end it is one of them as it was."""
        if fade <= 0.0 or fade >= 1.0:
            return second if fade >= 1.0 else first
        target = self._ready()
        unit = self.transition
        if unit is not None and unit.rest > 0:
            unit.rest -= 1
        elif unit is not None:
            try:
                return self._by_transition(unit, first, second, fade)
            except Exception as error:  # noqa: BLE001 - whatever a driver or a shader does, the show goes on
                unit.failed()
                self._report("unit_errors", f"the transition rests for {unit.rest} frames: {one_line(error)}")
        assert self._program is not None
        target.use()
        first.use(0)
        second.use(1)
        self._program.set("fade", fade)
        self._program.draw()
        return target.texture

    def _by_transition(
        self, unit: Unit, first: moderngl.Texture, second: moderngl.Texture, fade: float
    ) -> moderngl.Texture:
        shared, kept = self._shared, self._shared.values
        shared.values = {**kept, "mix/with/progress": fade}
        try:
            pictures = dict.fromkeys(unit.document.pictures(), first)
            pictures["endImage"] = second
            return unit.render(self._ready(), pictures, 1.0)
        finally:
            shared.values = kept

    def _ready(self) -> Target:
        if self._target is None or self._program is None:
            self._target = Target(self._shared.ctx, self._shared.size, self._shared.dtype)
            self._program = own_program(self._shared.ctx, _FADE)
            self._program.set("first", 0)
            self._program.set("second", 1)
        return self._target

    def warm(self) -> None:
        """Make what a fade needs, and draw once: the first fade of a show must not stutter."""
        self._ready()
        if self._program is not None and not self._program.drawn:
            self.mix(self._shared.black, self._shared.black, 0.5)

    def release(self) -> None:
        """Free the GL objects."""
        for part in (self.transition, self._target, self._program):
            if part is not None:
                part.release()
        self.transition = self._target = self._program = None
