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

VERSIONS = (410, 330)
OWN_LINES = 1_000_000
"""From here on line numbers are of text that was added here."""

UNIFORMS = {"bool": "bool", "event": "bool", "long": "int", "float": "float", "point2D": "vec2", "color": "vec4"}

_RENAMED = {
    "gl_FragColor": "isf_FragColor",
    "vv_FragNormCoord": "isf_FragNormCoord",
    "vv_vertShaderInit": "isf_vertShaderInit",
    "texture2D": "texture",
    "texture2DLod": "textureLod",
    "texture2DProj": "textureProj",
    "texture2DRect": "IMG_PIXEL",
}
_WORDS = re.compile(r"\b(" + "|".join(_RENAMED) + r")\b")
_FRAG_DATA = re.compile(r"\bgl_FragData\s*\[\s*0\s*\]")
_DROPPED = re.compile(r"^[ \t]*(#[ \t]*version\b[^\n]*|precision\s+\w+\s+\w+\s*;)", re.M)
_VARYING = re.compile(r"\b(varying|attribute)\b")
_MAIN = re.compile(r"\bvoid\s+main\s*\(")

_MACROS = """\
#define IMG_SIZE(i) vec2(textureSize(i, 0))
#define IMG_PIXEL(i, p) texture(i, (p) / vec2(textureSize(i, 0)))
#define IMG_NORM_PIXEL(i, p) texture(i, p)
#define IMG_THIS_PIXEL(i) texture(i, isf_FragNormCoord)
#define IMG_NORM_THIS_PIXEL(i) texture(i, isf_FragNormCoord)
#define IMG_THIS_NORM_PIXEL(i) texture(i, isf_FragNormCoord)
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
#define vv_vertShaderInit isf_vertShaderInit
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


def has_main(text: str) -> bool:
    """True where the text defines `void main(`."""
    return _MAIN.search(text) is not None


def translate(
    version: int,
    scalars: tuple[tuple[str, str], ...],
    samplers: tuple[str, ...],
    fragment: str,
    fragment_line: int,
    vertex: str,
) -> tuple[str, str]:
    """(vertex, fragment) GLSL core source. scalars: (name, ISF type); vertex: "" for the standard one."""
    head = f"#version {version} core\n#line {OWN_LINES}\n"
    inputs = _declarations(scalars, samplers, fragment + vertex)
    vertex_source = head + _AUTO + inputs + _MACROS + _VERTEX_START
    if vertex:
        vertex_source += "#line 1\n" + _modern(vertex, {"varying": "out", "attribute": "in"})
    else:
        vertex_source += "void main() { isf_vertShaderInit(); }\n"
    body = _MAIN.sub("void isf_main(", _modern(fragment, {"varying": "in", "attribute": "in"}))
    fragment_source = (
        head
        + "in vec2 isf_FragNormCoord;\nout vec4 isf_FragColor;\nuniform float isf_gain;\n"
        + _AUTO
        + inputs
        + _MACROS
        + f"#line {fragment_line}\n"
        + body
        + _FRAGMENT_END
    )
    return vertex_source, fragment_source


def _declarations(scalars: tuple[tuple[str, str], ...], samplers: tuple[str, ...], text: str) -> str:
    lines = [f"uniform {UNIFORMS[kind]} {name};" for name, kind in scalars]
    for name in samplers:
        lines.append(f"uniform sampler2D {name};")
        # Extras that old hosts declared and a few files still read.
        for suffix, kind in (("imgRect", "vec4"), ("imgSize", "vec2"), ("flip", "bool")):
            if f"_{name}_{suffix}" in text:
                lines.append(f"uniform {kind} _{name}_{suffix};")
    return "\n".join(lines) + "\n"


def _modern(text: str, storage: dict[str, str]) -> str:
    text = _DROPPED.sub("", text)
    text = _FRAG_DATA.sub("isf_FragColor", text)
    text = _WORDS.sub(lambda m: _RENAMED[m.group(1)], text)
    return _VARYING.sub(lambda m: storage[m.group(1)], text)


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
