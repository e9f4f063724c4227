"""Reading INPUTS: sloppy values are mended with a warning, impossible ones refused."""

from __future__ import annotations

import math
import re
from typing import Any

from perform.core.errors import ShaderError
from perform.isf.document import Input

TYPES = ("event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT")
_SPELT = {**{kind.lower(): kind for kind in TYPES}, "colour": "color", "int": "long", "integer": "long",
          "boolean": "bool", "vec2": "point2D", "point": "point2D", "fft": "audioFFT", "texture": "image"}  # fmt: skip
MAX_INPUTS = 256
MAX_TEXT = 200
MAX_COLUMNS = 8192

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TAKEN = frozenset(
    "PASSINDEX RENDERSIZE TIME TIMEDELTA DATE FRAMEINDEX isf_FragNormCoord vv_FragNormCoord isf_FragColor "
    "isf_gain isf_main isf_vertShaderInit main void bool int uint float double vec2 vec3 vec4 mat2 mat3 mat4 "
    "sampler2D if else for while do return discard break continue switch case default struct const uniform in out "
    "inout true false layout".split()
)


class Notes:
    """Where the reader is, and what it has mended so far."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        """Remember one warning."""
        self.warnings.append(message)

    def fail(self, message: str, word: str = "") -> ShaderError:
        """An error at the first line of the file that holds `word` in quotes."""
        at = self.text.find(f'"{word}"') if word else -1
        return ShaderError(message, self.path, self.text.count("\n", 0, at) + 1 if at >= 0 else 1)


def identifier(value: Any, what: str, notes: Notes) -> str:
    """`value` as a name that GLSL allows. Raises ShaderError."""
    word = value if isinstance(value, str) else ""
    if not _NAME.fullmatch(word) or word.startswith("gl_") or word in _TAKEN:
        shown = repr(value)[:40]
        raise notes.fail(f"{what}: {shown} cannot be a name (letters, digits and _, no GLSL or ISF word)", word)
    return word


def number(value: Any) -> float | None:
    """A finite float, also from a bool or a numeral in quotes; else None."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool | int | float):
        try:
            result = float(value)
        except OverflowError:
            return None
        return result if math.isfinite(result) else None
    return None


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """`count` finite floats; else None."""
    if not isinstance(value, list) or len(value) < count:
        return None
    result = tuple(number(v) for v in value[:count])
    return None if None in result else result  # type: ignore[return-value]


def short_text(value: Any) -> str:
    """Text for people: one line, bounded."""
    return " ".join(value.split())[:MAX_TEXT] if isinstance(value, str) else ""


def read_inputs(raw: Any, notes: Notes) -> tuple[Input, ...]:
    """All of INPUTS. Raises ShaderError."""
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise notes.fail("INPUTS should be a list", "INPUTS")
    if len(raw) > MAX_INPUTS:
        raise notes.fail(f"more than {MAX_INPUTS} inputs", "INPUTS")
    found: dict[str, Input] = {}
    for entry in raw:
        if not isinstance(entry, dict):
            raise notes.fail("each of INPUTS should be an object", "INPUTS")
        entry = _capitals(entry, notes)
        name = identifier(entry.get("NAME"), "input", notes)
        kind = _type(name, entry.get("TYPE"), notes)
        if name in found:
            notes.warn(f"input {name} is declared twice; the first is used")
            continue
        found[name] = _READERS[kind](name, entry, notes)
    return tuple(found.values())


def _capitals(entry: dict[str, Any], notes: Notes) -> dict[str, Any]:
    keys = {str(key).upper(): value for key, value in entry.items()}
    if set(keys) - set(entry):
        notes.warn("keys of INPUTS should be in capitals")
    return keys


def _type(name: str, given: Any, notes: Notes) -> str:
    """TYPE, also in another spelling."""
    kind = _SPELT.get(given.strip().lower()) if isinstance(given, str) else None
    if kind is None:
        raise notes.fail(f"input {name}: TYPE {str(given)[:40]!r} is not one of {', '.join(TYPES)}", name)
    if kind != given:
        notes.warn(f"input {name}: TYPE {given[:40]!r} is read as {kind}")
    return kind


def _labelled(name: str, kind: str, entry: dict[str, Any], **values: Any) -> Input:
    return Input(name, kind, short_text(entry.get("LABEL")), identity=entry.get("IDENTITY"), **values)


def _float(name: str, entry: dict[str, Any], notes: Notes) -> Input:
    lo, hi, default = (number(entry.get(key)) for key in ("MIN", "MAX", "DEFAULT"))
    if default is None:
        notes.warn(f"input {name} has no DEFAULT")
    if lo is None or hi is None:
        notes.warn(f"input {name} lacks MIN or MAX")
    lo = min(0.0, default or 0.0) if lo is None else lo
    hi = max(1.0, default or 0.0, lo + 1.0) if hi is None else hi
    if lo > hi:
        notes.warn(f"input {name}: MIN is above MAX")
        lo, hi = hi, lo
    hi = hi if hi > lo else lo + 1.0
    start = lo if default is None else min(max(default, lo), hi)
    return _labelled(name, "float", entry, default=start, lo=lo, hi=hi)


def _bool(name: str, entry: dict[str, Any], notes: Notes) -> Input:
    default = entry.get("DEFAULT", False)
    if not isinstance(default, bool):
        notes.warn(f"input {name}: DEFAULT of a bool should be true or false")
    return _labelled(name, "bool", entry, default=bool(number(default) or 0.0), lo=False, hi=True)


def _event(name: str, entry: dict[str, Any], notes: Notes) -> Input:
    return _labelled(name, "event", entry, default=0)


def _long(name: str, entry: dict[str, Any], notes: Notes) -> Input:
    default = int(number(entry.get("DEFAULT")) or 0)
    raw_values = entry.get("VALUES")
    if isinstance(raw_values, list) and raw_values:
        values = tuple(int(v) for v in (number(v) for v in raw_values[:MAX_INPUTS]) if v is not None)
        labels = _labels(entry.get("LABELS"), values, name, notes)
        if default not in values:
            notes.warn(f"input {name}: DEFAULT is not among VALUES")
            default = values[0] if values else 0
        if values:
            return _labelled(name, "long", entry, default=default, values=values, labels=labels)
    lo, hi = (number(entry.get(key)) for key in ("MIN", "MAX"))
    low = min(0, default) if lo is None else int(lo)
    high = max(low + 1, default, 1) if hi is None else int(hi)
    low, high = min(low, high), max(low, high)
    high = high if high > low else low + 1
    return _labelled(name, "long", entry, default=min(max(default, low), high), lo=low, hi=high)


def _labels(raw: Any, values: tuple[int, ...], name: str, notes: Notes) -> tuple[str, ...]:
    given = [short_text(v) if isinstance(v, str) else str(v)[:MAX_TEXT] for v in raw] if isinstance(raw, list) else []
    if given and len(given) != len(values):
        notes.warn(f"input {name}: {len(given)} LABELS for {len(values)} VALUES")
    words: list[str] = []
    for index, value in enumerate(values):
        word = (given[index] if index < len(given) else "") or str(value)
        words.append(word if word not in words else f"{word} ({value}, {index})")
    return tuple(words)


def _point(name: str, entry: dict[str, Any], notes: Notes) -> Input:
    lo, hi, default = (numbers(entry.get(key), 2) for key in ("MIN", "MAX", "DEFAULT"))
    start = default or (0.5, 0.5)
    if lo is None and hi is None and max(start) > 1.0:
        notes.warn(f"input {name}: no MIN and MAX, and DEFAULT is in pixels; twice as far is allowed")
        hi = tuple(max(1.0, 2.0 * v) for v in start)
    lo = lo or tuple(min(0.0, v) for v in start)
    hi = hi or tuple(max(1.0, v) for v in start)
    if min(lo) >= max(hi):
        notes.warn(f"input {name}: MIN is not below MAX")
        lo, hi = (min(0.0, *start),) * 2, (max(1.0, *start),) * 2
    return _labelled(name, "point2D", entry, default=start, lo=lo, hi=hi)


def _color(name: str, entry: dict[str, Any], notes: Notes) -> Input:
    given = entry.get("DEFAULT")
    rgba = numbers(given, 4) or (*(numbers(given, 3) or (1.0, 1.0, 1.0)), 1.0)
    default = tuple(min(max(v, 0.0), 1.0) for v in rgba)
    return _labelled(name, "color", entry, default=default, lo=(0.0,) * 4, hi=(1.0,) * 4)


def _image(name: str, entry: dict[str, Any], notes: Notes) -> Input:
    return _labelled(name, "image", entry)


def _sound(kind: str) -> Any:
    def read(name: str, entry: dict[str, Any], notes: Notes) -> Input:
        wanted = number(entry.get("MAX"))
        columns = 0 if wanted is None else int(min(max(wanted, 0), MAX_COLUMNS))
        return _labelled(name, kind, entry, columns=columns)

    return read


_READERS: dict[str, Any] = {
    "float": _float,
    "bool": _bool,
    "event": _event,
    "long": _long,
    "point2D": _point,
    "color": _color,
    "image": _image,
    "audio": _sound("audio"),
    "audioFFT": _sound("audioFFT"),
}
