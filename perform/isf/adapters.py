"""Files in two other dialects, told by their content, as ISF documents.

The author's text stays as it is, line for line; what it expects of its host is declared before it, and a `main`
that calls it comes after. Sources: the Shadertoy convention (`mainImage`, `iTime`, …); gl-transitions specification
v1 (`transition`, `getFromColor`, `progress`, …).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from perform.core.errors import ShaderError
from perform.isf.document import Imported, Input, Pass
from perform.isf.glsl import has_main, without_comments

NOISE = "noise"
SOUND_COLUMNS = 512
MAX_UNIFORMS = 256

_HEADER = re.compile(r"\s*(?:(?://[^\n]*\n|#version[^\n]*\n)\s*)*/\*\s*\{")
_MAIN_IMAGE = re.compile(r"\bvoid\s+mainImage\s*\(")
_TRANSITION = re.compile(r"\bvec4\s+transition\s*\(\s*(?:in\s+|const\s+)*vec2\s+\w+\s*\)")


@dataclass(frozen=True, slots=True)
class Adapted:
    """What an adapter found, in the terms of a Document."""

    dialect: str
    kind: str
    inputs: tuple[Input, ...]
    passes: tuple[Pass, ...] = (Pass(),)
    imported: tuple[Imported, ...] = ()
    before: str = ""
    after: str = ""
    credit: str = ""
    licence: str = ""
    warnings: list[str] = field(default_factory=list)


def adapt(text: str, path: str, folder: str) -> Adapted | None:
    """The file as one of the other dialects; None where it is ISF or nothing that is known.

    folder: name of the folder it lies in; in `generators` a Shadertoy channel that nobody explains is noise,
    elsewhere it is the picture. Raises ShaderError.
    """
    if _HEADER.match(text):
        return None
    code = without_comments(text)
    if _MAIN_IMAGE.search(code):
        return _shadertoy(text, code, folder)
    if _TRANSITION.search(code) and not has_main(code):
        return _gl_transition(text, code, path)
    return None


# Shadertoy

_TOY_VALUES = {
    "iResolution": "vec3 iResolution = vec3(RENDERSIZE, 1.0);",
    "iTime": "float iTime = TIME;",
    "iGlobalTime": "float iGlobalTime = TIME;",
    "iTimeDelta": "float iTimeDelta = TIMEDELTA;",
    "iFrameRate": "float iFrameRate = 1.0 / max(TIMEDELTA, 0.001);",
    "iFrame": "int iFrame = FRAMEINDEX;",
    "iDate": "vec4 iDate = DATE - vec4(0.0, 1.0, 0.0, 0.0);",  # its months begin at 0
    "iSampleRate": "float iSampleRate = 44100.0;",
    "iMouse": "vec4 iMouse = vec4(mouse * RENDERSIZE, mouse * RENDERSIZE * (mouse_down ? 1.0 : -1.0));",
    "iChannelTime": "float iChannelTime[4] = float[4](TIME, TIME, TIME, TIME);",
}
_MOUSE = (
    Input("mouse", "point2D", "where the mouse is", (0.0, 0.0), (0.0, 0.0), (1.0, 1.0)),
    Input("mouse_down", "bool", "the mouse button is held", False, False, True),
)
_CHANNEL = re.compile(r"\biChannel([0-3])\b")
_HINT = re.compile(r"\biChannel([0-3])\b[\"']?\s*[:=]+\s*[\"']?(?:file://)?([\w./]*)", re.I)
_HINTS = {
    "sound": ("audio", "sound", "music", "mic", "microphone", "fft", "spectrum", "soundcloud"),
    NOISE: (NOISE, "rgba", "grey", "gray"),
    "self": ("self", "feedback", "buffer", "buffera", "bufferA", "previous"),
    "picture": ("picture", "image", "video", "camera", "webcam", "texture", "input", "inputimage"),
}
# A spectrum or a wave is read along a row: at a constant height, or from texel row 0 or 1.
_ROW_READ = (
    r"\btexelFetch\s*\(\s*iChannel{n}\s*,\s*ivec2\s*\((?:[^()]|\([^()]*\)){{1,80}},\s*[01]\s*\)",
    r"\btexture(?:2D|Lod)?\s*\(\s*iChannel{n}\s*,\s*vec2\s*\((?:[^()]|\([^()]*\)){{1,80}},\s*(?:0?\.\d*|[01]\.?0?)\s*\)",
)


def _shadertoy(text: str, code: str, folder: str) -> Adapted:
    hints = _hints(text)
    inputs: list[Input] = list(_MOUSE) if "iMouse" in code else []
    before = [line for name, line in _TOY_VALUES.items() if re.search(rf"\b{name}\b", code)]
    passes: tuple[Pass, ...] = (Pass(),)
    imported: list[Imported] = []
    warnings: list[str] = []
    channels = sorted(set(_CHANNEL.findall(code)))
    for number in channels:
        name = f"iChannel{number}"
        what = hints.get(number) or _guess(number, code, folder)
        if number not in hints:
            warnings.append(
                f"{name} is taken for {what}; a comment can say it: // {name}: picture, sound, noise or self"
            )
        if what == "sound":
            inputs.append(Input(name, "soundRows", columns=SOUND_COLUMNS))
        elif what == NOISE:
            imported.append(Imported(name, "", NOISE))
        elif what == "self":
            passes = (Pass(name, persistent=True, float32=True),)
        elif any(item.name == "inputImage" for item in inputs):
            inputs.append(Input(name, "image"))
        else:
            inputs.append(Input("inputImage", "image"))
            before.append(f"#define {name} inputImage")
    if "iChannelResolution" in code:
        sizes = (f"vec3(textureSize(iChannel{n}, 0), 1.0)" if str(n) in channels else "vec3(1.0)" for n in range(4))
        before.append(f"vec3 iChannelResolution[4] = vec3[4]({', '.join(sizes)});")
    kind = "filter" if any(item.name == "inputImage" for item in inputs) else "generator"
    after = "" if has_main(code) else _TOY_MAIN
    return Adapted("shadertoy", kind, tuple(inputs), passes, tuple(imported), "\n".join([*before, ""]), after,
                   _noted(text, "by|author|created by"), _noted(text, "licen[cs]e"), warnings)  # fmt: skip


_TOY_MAIN = """void isf_main() {
    vec4 isf_toy = vec4(0.0, 0.0, 0.0, 1.0);
    mainImage(isf_toy, gl_FragCoord.xy);
    isf_FragColor = vec4(isf_toy.rgb, 1.0);
}
"""


def _hints(text: str) -> dict[str, str]:
    """Channel -> what a comment of the author's says that it is."""
    found: dict[str, str] = {}
    comments = "\n".join(re.findall(r"//[^\n]*|/\*.*?\*/", text, re.S))
    for number, word in _HINT.findall(comments):
        for what, words in _HINTS.items():
            if word.lower() in words:
                found.setdefault(number, what)
    return found


def _guess(number: str, code: str, folder: str) -> str:
    if any(re.search(pattern.format(n=number), code) for pattern in _ROW_READ):
        return "sound"
    return NOISE if folder == "generators" else "picture"


def _noted(text: str, words: str) -> str:
    """What a comment in the first lines says after one of `words`."""
    match = re.search(rf"^\s*(?://|\*|/\*)\s*(?:{words})\s*:?\s+([^\n]{{1,120}})", text[:4000], re.I | re.M)
    return " ".join(match.group(1).split()) if match else ""


# gl-transitions

_UNIFORM = re.compile(
    r"\buniform\s+(?:(?:lowp|mediump|highp)\s+)?(\w+)\s+(\w+)\s*"
    r"(?:/\*\s*=?\s*(?P<inside>[^*]{0,200})\*/\s*)?(?:=\s*(?P<value>[^;]{1,200}))?;"
    r"(?:[ \t]*(?://|/\*)[ \t]*=[ \t]*(?P<behind>[^\n]{1,200}))?"
)
_VALUE = re.compile(r"^\s*(?:[biu]?vec[234]\s*\(|float\s*\(|int\s*\()?\s*([-+.\deE,\s]+|true|false)")
_GIVEN = ("progress", "ratio", "from", "to", "resolution")
_SIZES = {"vec2": 2, "ivec2": 2, "vec3": 3, "vec4": 4, "float": 1, "int": 1, "bool": 1}

_TRANSITION_BEFORE = """float ratio = RENDERSIZE.x / RENDERSIZE.y;
vec4 getFromColor(vec2 uv) { return texture(startImage, uv); }
vec4 getToColor(vec2 uv) { return texture(endImage, uv); }
"""
_TRANSITION_AFTER = "void isf_main() { isf_FragColor = transition(isf_FragNormCoord); }\n"


def _gl_transition(text: str, code: str, path: str) -> Adapted:
    inputs = [
        Input("startImage", "image"), Input("endImage", "image"),
        Input("progress", "float", "from the first picture to the second", 0.0, 0.0, 1.0),
    ]  # fmt: skip
    warnings: list[str] = []
    for match in _UNIFORM.finditer(text):
        kind, name = match.group(1), match.group(2)
        if name in _GIVEN or code[match.start() : match.end()].strip() == "":
            continue
        if len(inputs) > MAX_UNIFORMS:
            raise ShaderError(f"more than {MAX_UNIFORMS} uniforms", path, 1)
        if kind == "sampler2D":
            inputs.append(Input(name, "image"))
        elif kind in _SIZES:
            values = _values(match.group("inside") or match.group("value") or match.group("behind") or "", kind)
            if values is None:
                warnings.append(f"uniform {name} has no default")
            inputs.append(_parameter(name, kind, values or (0.0,) * _SIZES[kind]))
        else:
            raise ShaderError(f"uniform {name}: a {kind} can't be set", path, text.count("\n", 0, match.start()) + 1)
    before = _TRANSITION_BEFORE
    if re.search(r"\buniform\s+float\s+ratio\b", code):
        before = before.replace("float ratio", "#define ratio isf_ratio\nfloat isf_ratio")
    return Adapted("gl-transition", "transition", tuple(inputs), before=before, after=_TRANSITION_AFTER,
                   credit=_noted(text, "author"), licence=_noted(text, "licen[cs]e"), warnings=warnings)  # fmt: skip


def _values(written: str, kind: str) -> tuple[float, ...] | None:
    """`vec2(0.5)`, `1`, `true` -> numbers, one for each component."""
    match = _VALUE.match(written)
    if match is None:
        return None
    word = match.group(1).strip()
    if word in ("true", "false"):
        return (float(word == "true"),)
    try:
        numbers = [float(part) for part in word.split(",") if part.strip()]
    except ValueError:
        return None
    size = _SIZES[kind]
    return tuple(numbers * size)[:size] if len(numbers) in (1, size) else None


def _parameter(name: str, kind: str, values: tuple[float, ...]) -> Input:
    """A row with a range that reaches as far again as the default."""
    if kind == "bool":
        return Input(name, "bool", default=bool(values[0]), lo=False, hi=True)
    if kind in ("vec3", "vec4"):
        rgba = tuple(min(max(v, 0.0), 1.0) for v in (*values, 1.0)[:4])
        return Input(name, "color3" if kind == "vec3" else "color", default=rgba, lo=(0.0,) * 4, hi=(1.0,) * 4)
    reach = 2.0 * max(max(abs(v) for v in values), 0.5)
    low = -reach if min(values) < 0.0 or "direction" in name else 0.0
    if kind == "int":
        return Input(name, "long", default=int(values[0]), lo=int(low), hi=max(int(reach), 1))
    if kind == "float":
        return Input(name, "float", default=values[0], lo=low, hi=reach)
    ends = ((low,) * 2, (reach,) * 2)
    return Input(name, "int2" if kind == "ivec2" else "point2D", "", values, *ends)
