"""Compiling: GLSL 4.10 first, 3.30 where that fails, and complaints that name the author's file and line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import moderngl

from perform.core.errors import ShaderError
from perform.gl import unlocked
from perform.isf import Document
from perform.isf.glsl import VERSIONS, complaint

MAX_PASS_PROGRAMS = 8
_PASS_UNIFORM = "uniform int PASSINDEX;"

_COPY_VERTEX = """#version 330 core
out vec2 uv;
void main() {
    uv = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0);
}
"""


class Program:
    """A linked program with its own vertex array; sets only what changed and what the shader really uses."""

    def __init__(self, ctx: moderngl.Context, vertex: str, fragment: str) -> None:
        self._program = ctx.program(vertex_shader=vertex, fragment_shader=fragment)
        self._array = ctx.vertex_array(self._program, [])
        self._uniforms: dict[str, Any] = {
            name: self._program[name] for name in self._program if isinstance(self._program[name], moderngl.Uniform)
        }
        self._last: dict[str, Any] = {}
        self.drawn = False
        """True once it has drawn: drivers finish compiling then."""

    def __contains__(self, name: object) -> bool:
        return name in self._uniforms

    def set(self, name: str, value: Any) -> None:
        """Set a uniform; nothing happens where the shader does not use it or the value is the same."""
        uniform = self._uniforms.get(name)
        if uniform is not None and self._last.get(name) != value:
            uniform.value = value
            self._last[name] = value

    def draw(self) -> None:
        """Fill the bound framebuffer with one rectangle."""
        self.drawn = True
        call = unlocked.draw_arrays()
        if call is None:
            self._array.render(moderngl.TRIANGLE_STRIP, vertices=4)
            return
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=0)  # binds; the drawing itself is done without the lock
        call(unlocked.TRIANGLE_STRIP, 0, 4)

    def release(self) -> None:
        """Free the GL objects."""
        self._array.release()
        self._program.release()


class OwnProgram(Program):
    """One of this package, kept by its context for whoever needs it next: a new deck must not wait for a compiler.

    Those who share it set what they need before they draw.
    """

    def release(self) -> None:
        """It goes with its context."""


def own_program(ctx: moderngl.Context, fragment: str) -> Program:
    """A program of this package: `in vec2 uv` (0,0 bottom left) and `out vec4 colour` are declared for it."""
    if ctx.extra is None:
        ctx.extra = {}
    kept: dict[str, Program] = ctx.extra.setdefault("own programs", {})
    found = kept.get(fragment)
    if found is None:
        head = "#version 330 core\nin vec2 uv;\nout vec4 colour;\n"
        found = kept[fragment] = OwnProgram(ctx, _COPY_VERTEX, head + fragment)
    return found


class PassPrograms:
    """One program per pass, each with PASSINDEX as a constant, so that a pass pays only for its own branch.

    llvmpipe and some GPUs run both sides of every branch, masked: with one program for all, the last pass would
    fetch everything that the passes before it fetch. Used like a Program; setting PASSINDEX chooses which one draws.
    """

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = tuple(programs)
        self._now = self._programs[0]

    def __contains__(self, name: object) -> bool:
        return any(name in program for program in self._programs)

    def set(self, name: str, value: Any) -> None:
        """Set a uniform in every program; what differs from pass to pass only in the one that draws next."""
        if name == "PASSINDEX":
            self._now = self._programs[value]
        elif name in ("RENDERSIZE", "isf_gain"):
            self._now.set(name, value)
        else:
            for program in self._programs:
                program.set(name, value)

    def draw(self) -> None:
        """Draw with the program of the pass that was chosen."""
        self._now.draw()

    def release(self) -> None:
        """Free the GL objects."""
        for program in self._programs:
            program.release()


def compile_document(ctx: moderngl.Context, document: Document) -> Program | PassPrograms:
    """The program of an ISF document, or its programs by pass. Raises ShaderError naming file and line."""
    count = len(document.passes)
    if not 1 < count <= MAX_PASS_PROGRAMS:
        return _compile(ctx, document)
    made: list[Program] = []
    try:
        for index in range(count):
            made.append(_compile(ctx, document, index))
    except ShaderError:
        for program in made:
            program.release()
        raise
    return PassPrograms(made)


def _compile(ctx: moderngl.Context, document: Document, index: int | None = None) -> Program:
    """One program; `index` makes PASSINDEX a constant."""
    first: ShaderError | None = None
    for version in VERSIONS:
        if ctx.version_code < version:
            continue
        vertex, fragment = document.glsl(version)
        if index is not None:
            vertex, fragment = (
                s.replace(_PASS_UNIFORM, f"const int PASSINDEX = {index};", 1) for s in (vertex, fragment)
            )
        try:
            return Program(ctx, vertex, fragment)
        except moderngl.Error as error:
            _ = ctx.error  # a failed link leaves a GL error behind; the next caller should not find it
            first = first or _explained(str(error), document)
        except (KeyError, ValueError, UnicodeError) as error:  # moderngl looks into the text before the driver does
            raise ShaderError(f"does not compile: {' '.join(str(error).split())[:120]}", document.path) from None
    raise first or ShaderError("OpenGL 3.3 is needed", document.path)


def _explained(log: str, document: Document) -> ShaderError:
    text, line, own = complaint(log)
    in_vertex = "vertex_shader" in log.split("====")[0].splitlines()[-1] if "====" in log else False
    path = document.vertex_path if in_vertex and document.vertex_path else document.path
    if not own:
        return ShaderError(f"does not compile: {text}", path)
    return ShaderError(text, path, line)
