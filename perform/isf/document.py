"""What an ISF file says, as frozen values. Source: ISF v2 specification (mrRay/ISF_Spec)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from perform.core.params import Param
from perform.core.types import Value
from perform.isf.expression import Expression
from perform.isf.glsl import Source, translate

PICTURE_TYPES = frozenset({"image"})
SOUND_TYPES = frozenset({"audio", "audioFFT", "soundRows"})
SAMPLER_TYPES = PICTURE_TYPES | SOUND_TYPES


@dataclass(frozen=True, slots=True)
class Input:
    """One entry of INPUTS.

    type: event bool long float point2D color image audio audioFFT; from adapters also color3 (vec3), int2 (ivec2) and
    soundRows (spectrum in one row, wave in the next). default, lo, hi: in native units, as floats or
    tuples; lo and hi are None where the file names none. values, labels: of a `long`. columns: MAX of the sound
    types, how many samples or bands are wanted (0: as many as there are).
    """

    name: str
    type: str
    label: str = ""
    default: Any = None
    lo: Any = None
    hi: Any = None
    identity: Any = None
    values: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    columns: int = 0

    def param(self) -> Param | None:
        """The row of the parameter table; None for pictures and sound."""
        build = _ROWS.get(self.type)
        return build(self) if build else None

    def native(self, value: Value) -> Any:
        """A table value as what the uniform takes: a choice's word becomes its number."""
        if self.type == "long" and isinstance(value, str):
            return self.values[self.labels.index(value)] if value in self.labels else int(self.default)
        return value


def _doc(item: Input) -> str:
    return item.label if item.label and item.label != item.name else ""


def _float_row(item: Input) -> Param:
    return Param(item.name, "float", float(item.default), float(item.lo), float(item.hi), doc=_doc(item))


def _bool_row(item: Input) -> Param:
    return Param(item.name, "bool", bool(item.default), doc=_doc(item))


def _event_row(item: Input) -> Param:
    return Param(item.name, "trigger", 0, doc=_doc(item))


def _long_row(item: Input) -> Param:
    if item.labels:
        word = item.labels[item.values.index(item.default)]
        return Param(item.name, "choice", word, choices=item.labels, doc=_doc(item))
    return Param(item.name, "int", int(item.default), int(item.lo), int(item.hi), doc=_doc(item))


def _colour_row(item: Input) -> Param:
    return Param(item.name, "colour", tuple(item.default), doc=_doc(item))


def _point_row(item: Input) -> Param:
    return Param(item.name, "point", tuple(item.default), min(item.lo), max(item.hi), doc=_doc(item))


_ROWS = {
    "float": _float_row,
    "bool": _bool_row,
    "event": _event_row,
    "long": _long_row,
    "color": _colour_row,
    "point2D": _point_row,
    "color3": _colour_row,
    "int2": _point_row,
}


@dataclass(frozen=True, slots=True)
class Pass:
    """One drawing pass. target: buffer name, "" for the output. width, height: None means the output's size."""

    target: str = ""
    persistent: bool = False
    float32: bool = False
    width: Expression | None = None
    height: Expression | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A picture that belongs to the shader. path: a file, absolute, inside the shader's own folder. made: where
    there is no file, what is drawn instead (`noise`). faces: of a cube map the six files, right, left, top, bottom,
    front, back; else none."""

    name: str
    path: str
    made: str = ""
    faces: tuple[str, ...] = ()
    cube: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A whole shader file. fragment, vertex: the author's GLSL without the header ("" = no `.vs` file).

    kind: generator (no picture input), filter (inputImage) or transition (startImage, endImage, progress).
    fragment_line: line of the file on which `fragment` begins. dialect: isf, shadertoy or gl-transition; before, after:
    what the adapter of a dialect lays around the author's text.
    """

    path: str
    kind: str
    name: str
    description: str = ""
    credit: str = ""
    licence: str = ""
    categories: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    passes: tuple[Pass, ...] = (Pass(),)
    imported: tuple[Imported, ...] = ()
    warnings: tuple[str, ...] = ()
    fragment: str = ""
    fragment_line: int = 1
    vertex: str = ""
    vertex_path: str = ""
    dialect: str = "isf"
    before: str = ""
    after: str = ""
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    def params(self) -> tuple[Param, ...]:
        """Rows for the parameter table, in the file's order; pictures and sound have none."""
        rows = (item.param() for item in self.inputs)
        return tuple(row for row in rows if row is not None)

    def pictures(self) -> tuple[str, ...]:
        """Names of the image inputs, `inputImage` among them."""
        return tuple(item.name for item in self.inputs if item.type == "image")

    def targets(self) -> tuple[str, ...]:
        """Names of all buffers that passes draw into."""
        return tuple(dict.fromkeys(p.target for p in self.passes if p.target))

    def samplers(self) -> tuple[str, ...]:
        """Everything that the shader may sample: inputs, buffers, imported pictures."""
        inputs = tuple(item.name for item in self.inputs if item.type in SAMPLER_TYPES)
        return (*inputs, *self.targets(), *(item.name for item in self.imported))

    def glsl(self, version: int = 410) -> tuple[str, str]:
        """(vertex, fragment) source for `#version VERSION core`; version is 410 or 330."""
        scalars = tuple((item.name, item.type) for item in self.inputs if item.type not in SAMPLER_TYPES)
        source = Source(self.fragment, self.fragment_line, self.vertex, self.before, self.after)
        cubes = frozenset(item.name for item in self.imported if item.cube)
        return translate(version, scalars, self.samplers(), source, cubes)
