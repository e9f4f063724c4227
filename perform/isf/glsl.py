"""From the GLSL 1.20 dialect of ISF to GLSL core.

The author's text keeps its line numbers, so that a compiler's complaint about line 57 is about line 57 of the file;
our own lines are numbered from a million. (Source string numbers would say it better, but Mesa drops them.) Source:
ISF v2 specification; GLSL 3.30 and 4.10 specifications, `#line`.

The author's `main` becomes `isf_main`; the real one adds a gain (`isf_gain`), which would otherwise cost a pass of
its own. (Mixing the effect over its input stays a pass: software renderers run both sides of a branch, so that every
frame of every effect would pay for a fetch that is hardly ever wanted.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSIONS = (410, 330)
OWN_LINES = 1_000_000
"""From here on line numbers are of text that was added here."""

UNIFORMS = {
    "bool": "bool", "event": "bool", "long": "int", "float": "float", "point2D": "vec2", "color": "vec4",
    "color3": "vec3", "int2": "ivec2",
}  # fmt: skip
"""Type of an input -> type of its uniform. The last two come only from adapters."""

AUTO_NAMES = ("PASSINDEX", "FRAMEINDEX", "TIME", "TIMEDELTA", "RENDERSIZE", "DATE")

_RENAMED = {
    "gl_FragColor": "isf_FragColor",
    "vv_FragNormCoord": "isf_FragNormCoord",
    "vv_vertShaderInit": "isf_vertShaderInit",
    "texture2D": "texture",
    "texture2DLod": "textureLod",
    "texture2DLodEXT": "textureLod",
    "texture2DGradEXT": "textureGrad",
    "texture2DGradARB": "textureGrad",
    "texture2DProj": "textureProj",
    "texture2DProjLod": "textureProjLod",
    "texture2DRect": "IMG_PIXEL",
    "textureCube": "texture",
    "textureCubeLod": "textureLod",
    "textureCubeLodEXT": "textureLod",
    # Another host's names for the same.
    "MM_SHADER_PIXEL": "IMG_PIXEL",
    "MM_SHADER_NORM_PIXEL": "IMG_NORM_PIXEL",
    "MM_SHADER_THIS_PIXEL": "IMG_THIS_PIXEL",
    "MM_SHADER_THIS_NORM_PIXEL": "IMG_THIS_NORM_PIXEL",
}
_WORDS = re.compile(r"\b(" + "|".join(_RENAMED) + r")\b")

NEW_WORDS = frozenset(
    "sample patch subroutine filter input output common active partition resource smooth flat centroid texture mix "
    "precise shared buffer round trunc".split()
)
"""Words of newer GLSL that older texts use as names of their own, inputs among them."""
_FUNCTIONS = frozenset("texture mix round trunc".split())
_QUALIFIERS = "smooth|flat|centroid"
_NEW_NAME = re.compile(
    r"\b(?!(?:" + _QUALIFIERS + r")\s+(?:in|out|varying)\b)(" + "|".join(sorted(NEW_WORDS - _FUNCTIONS)) + r")\b"
    r"|\b(" + "|".join(sorted(_FUNCTIONS)) + r")\b(?!\s*\()"
)
_SWITCH_NAME = re.compile(r"\b(case|default|switch)\b")
_SWITCH = re.compile(r"\bswitch\s*\(")
_FRAG_DATA = re.compile(r"\bgl_FragData\s*\[\s*0\s*\]")
_TEX_COORD = re.compile(r"\bgl_TexCoord\s*\[\s*\d\s*\]")
_DROPPED = re.compile(r"^[ \t]*(#[ \t]*(?:version|extension)\b[^\n]*|precision\s+\w+\s+\w+\s*;)", re.M)
_EXTENSION = re.compile(r"^[ \t]*#[ \t]*extension[ \t]+(\w+)", re.M)
_VARYING = re.compile(r"\b(varying|attribute)\b")
_MAIN = re.compile(r"\bvoid\s+main\s*\(")
_UNIFORM = re.compile(r"\buniform\s+(?:(?:lowp|mediump|highp)\s+)?\w+\s+([^;{}]{0,400});")
_OUT = re.compile(r"(?:\blayout\s*\([^)]{0,100}\)\s*)?\bout\s+(?:(?:lowp|mediump|highp)\s+)?vec4\s+(\w+)\s*;")
_OWN_COORDINATE = re.compile(r"\b(?:varying|attribute|in|out)\s+vec2\s+(?:isf|vv)_FragNormCoord\s*;")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include\b[ \t]*["<]?([^">\n]*)', re.M)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)")
_COMMENTS = re.compile(r"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)")

# Names in WebGL and OpenGL 2 of what is part of core GLSL.
_OLD_EXTENSIONS = re.compile(r"GL_(?:OES_standard_derivatives|EXT_shader_texture_lod|ARB_shader_texture_lod|all)|all")

_FETCHES = """\
#define IMG_SIZE(i) vec2(textureSize(i, 0))
#define IMG_THIS_PIXEL(i) texture(i, isf_FragNormCoord)
#define IMG_NORM_THIS_PIXEL(i) texture(i, isf_FragNormCoord)
#define IMG_THIS_NORM_PIXEL(i) texture(i, isf_FragNormCoord)
vec4 IMG_PIXEL(sampler2D i, vec2 p) { return texture(i, p / vec2(textureSize(i, 0))); }
vec4 IMG_NORM_PIXEL(sampler2D i, vec2 p) { return texture(i, p); }
"""
# A bias of the level of detail exists in fragment shaders only.
_BIASED_FETCHES = """\
vec4 IMG_PIXEL(sampler2D i, vec2 p, float b) { return texture(i, p / vec2(textureSize(i, 0)), b); }
vec4 IMG_NORM_PIXEL(sampler2D i, vec2 p, float b) { return texture(i, p, b); }
"""
# What the first hosts turned IMG_PIXEL into, and some exported files therefore call.
_OLD_FETCHES = """\
vec4 VVSAMPLER_2DBYPIXEL(sampler2D i, vec4 r, vec2 s, bool f, vec2 p) { return texture(i, p / s); }
vec4 VVSAMPLER_2DBYNORM(sampler2D i, vec4 r, vec2 s, bool f, vec2 p) { return texture(i, p); }
"""

_AUTO = """\
uniform int PASSINDEX;
uniform int FRAMEINDEX;
uniform float TIME;
uniform float TIMEDELTA;
uniform vec2 RENDERSIZE;
uniform vec4 DATE;
"""

_VERTEX_START = """\
out vec2 isf_FragNormCoord;
void isf_vertShaderInit() {
    vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    isf_FragNormCoord = corner;
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""

_FRAGMENT_END = """
#line 1000000
void main() {
    isf_FragColor = vec4(0.0, 0.0, 0.0, 1.0);
    isf_main();
    isf_FragColor.rgb *= isf_gain;
}
"""


@dataclass(frozen=True, slots=True)
class Source:
    """The author's GLSL, and what an adapter lays around it.

    fragment_line: line of the file on which `fragment` begins. vertex: "" for the standard one. before: declarations
    that the author's text counts on. after: where the author's text has no `main`, one that calls it (`isf_main`).
    """

    fragment: str
    fragment_line: int = 1
    vertex: str = ""
    before: str = ""
    after: str = ""


def without_comments(text: str) -> str:
    """The text with blanks in place of comments, each character at its old place."""
    return _COMMENTS.sub(lambda m: "\n".join(" " * len(line) for line in m.group(0).split("\n")), text)


def has_main(text: str) -> bool:
    """True where the text defines `void main(`."""
    return _MAIN.search(without_comments(text)) is not None


def translate(
    version: int,
    scalars: tuple[tuple[str, str], ...],
    samplers: tuple[str, ...],
    source: Source,
    cubes: frozenset[str] = frozenset(),
) -> tuple[str, str]:
    """(vertex, fragment) GLSL core source. scalars: (name, ISF type). cubes: the samplers that are cube maps."""
    both = source.fragment + source.vertex
    known = frozenset((*AUTO_NAMES, *(name for name, _ in scalars), *samplers))
    head = f"#version {version} core\n" + _extensions(version, both) + f"#line {OWN_LINES}\n"
    shared = _AUTO + _declarations(scalars, samplers, both, cubes) + _FETCHES
    if "VVSAMPLER" in both:
        shared += _OLD_FETCHES
    vertex_source = head + shared + _VERTEX_START
    if source.vertex:
        vertex_source += "#line 1\n" + _modern(source.vertex, {"varying": "out", "attribute": "in"}, known, 1)
    else:
        vertex_source += "void main() { isf_vertShaderInit(); }\n"
    storage = {"varying": "in", "attribute": "in"}
    body = _MAIN.sub("void isf_main(", _modern(source.fragment, storage, known, source.fragment_line))
    fragment_source = (
        head
        + "in vec2 isf_FragNormCoord;\nout vec4 isf_FragColor;\nuniform float isf_gain;\n"
        + shared
        + _BIASED_FETCHES
        + source.before
        + f"#line {source.fragment_line}\n"
        + _one_output(body)
        + f"\n#line {OWN_LINES}\n"
        + source.after
        + _FRAGMENT_END
    )
    return vertex_source, fragment_source


def redeclared(text: str, known: frozenset[str]) -> tuple[list[str], list[str]]:
    """Names of the author's own `uniform` lines: (those that are declared here already, those that nobody sets)."""
    names = [name for match in _UNIFORM.finditer(without_comments(text)) for name in _names(match.group(1))]
    return [name for name in names if name in known], [name for name in names if name not in known]


def _names(declared: str) -> list[str]:
    """`a, b = vec2(1.0, 2.0)` -> [a, b]."""
    flat = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", declared))
    words = (re.match(r"\s*(\w+)", part) for part in flat.split(","))
    return [word.group(1) for word in words if word]


def _extensions(version: int, text: str) -> str:
    """The author's `#extension` lines, which have to stand first, and one that makes 4.10 as lenient as 4.20."""
    wanted = [name for name in _EXTENSION.findall(text) if not _OLD_EXTENSIONS.fullmatch(name)]
    if version >= 410:
        wanted.append("GL_ARB_shading_language_420pack")
    return "".join(f"#extension {name} : enable\n" for name in dict.fromkeys(wanted))


def uniform_name(name: str) -> str:
    """The name in GLSL of an input: its own, unless newer GLSL keeps that for itself."""
    return f"isf_{name}" if name in NEW_WORDS else name


def included(text: str) -> tuple[str, int] | None:
    """(file, line of the text from 1) of the first `#include`, which no host of ISF has; None where there is none."""
    match = _INCLUDE.search(without_comments(text))
    return (match.group(1).strip(), text.count("\n", 0, match.start()) + 1) if match else None


def _declarations(
    scalars: tuple[tuple[str, str], ...], samplers: tuple[str, ...], text: str, cubes: frozenset[str]
) -> str:
    lines = [f"uniform {UNIFORMS[kind]} {uniform_name(name)};" for name, kind in scalars]
    for name in samplers:
        lines.append(f"uniform {'samplerCube' if name in cubes else 'sampler2D'} {uniform_name(name)};")
        # Extras that old hosts declared and a few files still read.
        for suffix, kind in (("imgRect", "vec4"), ("imgSize", "vec2"), ("flip", "bool")):
            if f"_{name}_{suffix}" in text:
                lines.append(f"uniform {kind} _{name}_{suffix};")
    return "\n".join(lines) + "\n"


def _modern(text: str, storage: dict[str, str], known: frozenset[str], first_line: int) -> str:
    """The author's text in core GLSL, every line at its place."""
    text = _without_known_uniforms(_DROPPED.sub("", text), known)
    text = _OWN_COORDINATE.sub("", text)
    text = _FRAG_DATA.sub("isf_FragColor", text)
    text = _TEX_COORD.sub("vec4(isf_FragNormCoord, 0.0, 1.0)", text)
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if not line.lstrip().startswith("#"):
            lines[index] = _NEW_NAME.sub(lambda m: f"isf_{m.group(0)}", line)
    text = "\n".join(_defined_again(lines, first_line))
    if not _SWITCH.search(text):
        text = _SWITCH_NAME.sub(r"isf_\1", text)
    text = _WORDS.sub(lambda m: _RENAMED[m.group(1)], text)
    return _VARYING.sub(lambda m: storage[m.group(1)], text)


def _defined_again(lines: list[str], first_line: int) -> list[str]:
    """A macro may be defined twice: the earlier definition goes, and line numbers stay what they were."""
    found: list[str] = []
    names: set[str] = set()
    joined = False
    for number, line in enumerate(lines, first_line):
        match = None if joined else _DEFINE.match(line)
        joined = line.endswith("\\")
        if match is not None and match.group(1) in names:
            found += [f"#undef {match.group(1)}", f"#line {number}"]
        if match is not None:
            names.add(match.group(1))
        found.append(line)
    return found


def _without_known_uniforms(text: str, known: frozenset[str]) -> str:
    """The text without the author's own `uniform` lines for what is declared here."""
    pieces, at = [], 0
    for match in _UNIFORM.finditer(without_comments(text)):
        names = _names(match.group(1))
        rest = [name for name in names if name not in known]
        if len(rest) < len(names):
            kept = text[match.start() : match.start(1)] + ", ".join(rest) + ";" if rest else ""
            lines = text.count("\n", match.start(), match.end()) - kept.count("\n")
            pieces += [text[at : match.start()], kept, "\n" * lines]
            at = match.end()
    return "".join([*pieces, text[at:]])


def _one_output(text: str) -> str:
    """An output that the author declared (`out vec4 colour;`) becomes another name of ours."""
    plain = without_comments(text)
    match = _OUT.search(plain)
    if match is None and "fragColor" in plain and not re.search(r"\bvec4\s+fragColor\b", plain):
        return re.sub(r"\bfragColor\b", "isf_FragColor", text)  # one host declares it, and files count on that
    if match is None or match.group(1) == "isf_FragColor":
        return text
    blank = "\n" * text[match.start() : match.end()].count("\n")
    return re.sub(rf"\b{match.group(1)}\b", "isf_FragColor", text[: match.start()] + blank + text[match.end() :])


_COMPLAINT = re.compile(r"^(?:ERROR:\s*)?(\d+)[:(](\d+)\)?(?:\(\d+\))?\s*:\s*(?:(?:error|ERROR)\s*\w*:\s*)?(.*)$", re.M)


def complaint(log: str) -> tuple[str, int, bool]:
    """The first error of a compiler's log as (text, line, in the author's own file).

    Knows the forms of Mesa (`0:12(5): error: …`), NVIDIA (`0(12) : error C1008: …`) and Apple/AMD
    (`ERROR: 0:12: …`). Line 0 where the log names none.
    """
    found = [m for m in _COMPLAINT.finditer(log) if "warning" not in m.group(0).lower()]
    for match in found:
        if int(match.group(2)) < OWN_LINES:
            return match.group(3).strip(), int(match.group(2)), True
    if found:
        return found[0].group(3).strip(), 0, False
    lines = [line.strip() for line in log.splitlines() if line.strip() and not set(line.strip()) <= {"="}]
    return (lines[-1] if lines else "the driver gave no reason"), 0, False
