"""One ISF shader at work: its program, its buffers, its place in the parameter table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import moderngl

from perform.core.params import Param
from perform.core.types import Value
from perform.gl.buffers import Buffers
from perform.gl.pictures import Picture, load_imported
from perform.gl.program import PassPrograms, Program
from perform.gl.rows import BYPASS, OWN, SLOT_ROWS, SOLO, WET, pick_rows
from perform.gl.shared import Shared
from perform.gl.targets import Target
from perform.isf import Document, Input
from perform.isf.document import SOUND_TYPES
from perform.isf.glsl import uniform_name

_WARM_PX = (48, 27)
FIRST_REST_FRAMES, LONGEST_REST_FRAMES = 60, 3600


def _floats(value: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in value)


_NATIVE: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "long": int,
    "bool": bool,
    "point2D": _floats,
    "color": _floats,
    "color3": lambda value: _floats(value)[:3],
    "int2": lambda value: tuple(int(v) for v in value),
}

TIME_PERIOD_S = 36_000.0
"""TIME begins anew after ten hours: a 32-bit float would soon count in steps that the eye sees."""


class Unit:
    """A compiled ISF document under a prefix of the parameter table (`deck/a/fx/bloom`).

    Raises ShaderError where the document does not compile. `rest` is how many frames a unit that failed while
    drawing is left out for.
    """

    def __init__(self, shared: Shared, slot: str, prefix: str, document: Document) -> None:
        self._shared = shared
        self.slot = slot
        self.prefix = prefix
        self.rest = 0
        self.failures = 0
        self._buffers = Buffers(shared)
        self._seen: dict[str, int] = {}
        self._frames = 0
        self._began_s = 0.0
        self._drawn = document in shared.programs  # then it was drawn with, and the driver is done with it
        self._install(document, shared.programs.take(document), load_imported(shared.ctx, document))

    def adopt(self, document: Document) -> None:
        """Take a new version of the file, keeping buffers. Raises ShaderError and keeps the old one."""
        self._drawn = document in self._shared.programs
        program = self._shared.programs.take(document)
        try:
            imported = load_imported(self._shared.ctx, document)
        except BaseException:
            self._shared.programs.give(document, program)
            raise
        self._release_program()
        if document.targets() != self.document.targets():
            self._frames = 0  # new buffers have to be sown
        self._install(document, program, imported)
        self._buffers.keep_only(document.targets())
        self.rest = self.failures = 0

    def _install(self, document: Document, program: Program | PassPrograms, imported: dict[str, Picture]) -> None:
        self.document = document
        self._program = program
        self._imported = imported
        self._discards = "discard" in document.fragment
        sound = {item.name: item for item in document.inputs if item.type in SOUND_TYPES}
        self._locations = [name for name in document.samplers() if uniform_name(name) in program]
        for place, name in enumerate(self._locations):
            program.set(uniform_name(name), place)
        targets = set(document.targets())
        self._buffer_names = [n for n in self._locations if n in targets]
        self._sound = [(n, sound[n]) for n in self._locations if n in sound]
        scalars = [item for item in document.inputs if item.param()]
        self._scalars = [(i, f"{self.prefix}/{i.name}", _NATIVE.get(i.type), uniform_name(i.name)) for i in scalars]
        own = {item.name for item in document.inputs}
        self._extra = tuple(row for row in SLOT_ROWS if row.name not in own)
        self._picks = pick_rows(document.pictures())
        self._sized = any(p.width or p.height for p in document.passes)
        self._variables: dict[str, float] = {}
        self._bound: dict[str, Picture] = {}

    def params(self) -> tuple[Param, ...]:
        """The shader's own rows, and a choice for each further picture that it takes."""
        return (*self.document.params(), *self._picks)

    def effect_params(self) -> tuple[Param, ...]:
        """The shader's own rows, then bypass, wet and solo (unless the shader has inputs of those names)."""
        return (*self.params(), *self._extra)

    def picked(self) -> list[tuple[str, str]]:
        """(image input, whose picture it takes) in this frame: a deck's letter, `out` or `own`."""
        values = self._shared.values
        return [(row.name, str(values.get(f"{self.prefix}/{row.name}", OWN))) for row in self._picks]

    def pictures(self, own: moderngl.Texture) -> dict[str, moderngl.Texture]:
        """What each of its image inputs takes in this frame, where `own` is the deck's picture."""
        shared = self._shared
        taken = dict.fromkeys(self.document.pictures(), own)
        taken.update((name, shared.kept(whose)) for name, whose in self.picked() if whose != OWN)
        return taken

    def soloed(self) -> bool:
        """True where only this effect of its chain is wanted in this frame."""
        return SOLO in self._extra and bool(self._shared.values.get(f"{self.prefix}/solo", False))

    def wet(self) -> float:
        """0 where the effect is bypassed in this frame, else how much of it is wanted."""
        values = self._shared.values
        if BYPASS in self._extra and values.get(f"{self.prefix}/bypass", False):
            return 0.0
        return float(values.get(f"{self.prefix}/wet", 1.0)) if WET in self._extra else 1.0  # type: ignore[arg-type]

    def render(self, out: Target, pictures: Mapping[str, moderngl.Texture], gain: float) -> moderngl.Texture:
        """Draw all passes and return the texture that holds the result: `out`, or a buffer of the last pass.

        pictures: what the image inputs show. gain: multiplies the result.
        """
        self._set_uniforms()
        self._bind_fixed(pictures)
        self._frames += 1
        passes = self.document.passes
        result = out.texture
        for index, item in enumerate(passes):
            final = index == len(passes) - 1
            if item.target:
                buffer = self._buffers.get(item, self._variables)
                self._draw(index, buffer.back, 1.0)
                buffer.swap()
                if final:
                    result = buffer.front.texture
            else:
                self._draw(index, out, gain if final else 1.0)
        if passes[-1].target and (gain != 1.0 or result.size != out.size):
            self._shared.copy(result, out, gain=gain)
            return out.texture
        return result

    def failed(self) -> None:
        """Note a failure while drawing: the unit rests, longer each time."""
        self.rest = min(FIRST_REST_FRAMES << min(self.failures, 10), LONGEST_REST_FRAMES)
        self.failures += 1

    def warm(self) -> None:
        """Draw once, tiny and unseen: drivers finish compiling at the first draw, which must not be a live one."""
        if self._drawn:
            return
        shared, kept, frames = self._shared, self._buffers, self._frames
        out, picture = (Target(shared.ctx, _WARM_PX, shared.dtype) for _ in range(2))
        # Drivers compile for the formats in use, so pictures and buffers are real ones, only small; and of
        # sides that halve like a screen's: Mesa compiles anew for powers of two.
        size, shared.size, self._buffers = shared.size, out.size, Buffers(shared)
        try:
            self.render(out, dict.fromkeys(self.document.pictures(), picture.texture), 1.0)
        finally:
            self._buffers.release()
            shared.size, self._buffers, self._frames = size, kept, frames
            self._seen.clear()
            self._bound.clear()
            out.release()
            picture.release()

    def _draw(self, index: int, target: Target, gain: float) -> None:
        target.use()
        if self._discards:
            target.framebuffer.clear()
        program = self._program
        program.set("PASSINDEX", index)
        program.set("RENDERSIZE", (float(target.size[0]), float(target.size[1])))
        program.set("isf_gain", gain)
        for name in self._buffer_names:
            self._bound[name] = self._buffers.texture(name)
        for place, name in enumerate(self._locations):
            texture = self._bound.get(name, self._shared.black)
            # Reading what is being drawn into is undefined: such a sampler sees black.
            (self._shared.black if texture is target.texture else texture).use(place)
        program.draw()

    def _bind_fixed(self, pictures: Mapping[str, moderngl.Texture]) -> None:
        bound = self._bound
        bound.clear()
        bound.update(pictures)
        bound.update(self._imported)
        for name, item in self._sound:
            bound[name] = self._shared.sound.texture(item)
        for name in self._locations:
            if f"_{name}_imgSize" in self._program or f"_{name}_imgRect" in self._program:
                size = bound.get(name, self._shared.black).size
                self._program.set(f"_{name}_imgSize", _floats(size))
                self._program.set(f"_{name}_imgRect", (0.0, 0.0, *_floats(size)))

    def _set_uniforms(self) -> None:
        program, moment, values = self._program, self._shared.moment, self._shared.values
        if not self._frames:  # its own time; what is there when the show begins goes by the show's
            self._began_s = moment.seconds if moment.frame > 0 else 0.0
        program.set("TIME", (moment.seconds - self._began_s) % TIME_PERIOD_S)
        program.set("TIMEDELTA", moment.dt_s if self._frames else 0.0)
        program.set("FRAMEINDEX", self._frames)
        program.set("DATE", _floats(moment.date))
        for item, path, native, uniform in self._scalars:
            value = values.get(path)
            if native is None:
                value = self._fired(item, value)
            else:
                value = native(item.native(item.default if value is None else value))
            program.set(uniform, value)
            if self._sized and isinstance(value, int | float):
                self._variables[item.name] = float(value)
        if self._sized:
            self._variables["WIDTH"], self._variables["HEIGHT"] = _floats(self._shared.size)

    def _fired(self, item: Input, value: Value | None) -> bool:
        """True for the one frame in which the trigger's counter has grown."""
        count = int(value or 0)  # type: ignore[arg-type]
        before = self._seen.get(item.name, count)
        self._seen[item.name] = count
        return count > before

    def _release_program(self) -> None:
        self._shared.programs.give(self.document, self._program)
        for texture in self._imported.values():
            texture.release()

    def release(self) -> None:
        """Free the GL objects."""
        self._release_program()
        self._buffers.release()
