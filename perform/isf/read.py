"""Reading a shader file from disk into a Document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from perform.core.errors import ShaderError
from perform.isf.adapters import NOISE, Adapted, adapt
from perform.isf.document import Document, Imported, Input, Pass
from perform.isf.expression import Expression, ExpressionError, constant, parse_expression
from perform.isf.glsl import AUTO_NAMES, has_main, included, redeclared
from perform.isf.header import MAX_FILE_BYTES, split
from perform.isf.inputs import Notes, identifier, number, read_inputs, short_text
from perform.isf.loops import check_loops

MAX_PASSES = 32
MAX_IMPORTED = 16


def read_shader(path: str | Path) -> Document:
    """Read a shader file, and the `.vs` file of the same name beside it. Raises ShaderError with path and line."""
    file = Path(path)
    text = _text(file)
    companion = file.with_suffix(".vs")
    vertex = _text(companion) if companion.is_file() else ""
    return parse_shader(text, str(file), vertex=vertex, vertex_path=str(companion) if vertex else "")


def parse_shader(text: str, path: str, *, vertex: str = "", vertex_path: str = "") -> Document:
    """A document from its text: ISF, or one of the dialects that `adapters` knows.

    path: for messages, for the name, and as the root of IMPORTED.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    other = adapt(text, path, Path(path).parent.name)
    if other is not None:
        _check_includes(text, path, 1)
        check_loops(text, path)
        return _adapted(other, text, path)
    parts = split(text, path)
    notes = Notes(path, text)
    notes.warnings.extend(parts.warnings)
    head = parts.header
    if "ISFVSN" not in head:
        notes.warn("no ISFVSN: read as version 1")
    if not has_main(parts.body):
        raise ShaderError("the shader has no void main()", path, parts.body_line)
    vertex = vertex.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if vertex and not has_main(vertex):
        raise ShaderError("the vertex shader has no void main()", vertex_path, 1)
    _check_includes(parts.body, path, parts.body_line)
    check_loops(parts.body, path, parts.body_line)
    _check_includes(vertex, vertex_path, 1)
    check_loops(vertex, vertex_path)
    inputs = read_inputs(head.get("INPUTS"), notes)
    passes = _read_passes(head, inputs, notes)
    imported = _read_imported(head.get("IMPORTED"), Path(path), notes)
    _check_names(inputs, passes, imported, notes)
    _note_uniforms(parts.body, inputs, passes, imported, notes)
    return Document(
        path=path,
        kind=_kind(inputs),
        name=snake_name(path),
        description=short_text(head.get("DESCRIPTION")),
        credit=short_text(head.get("CREDIT")),
        licence=short_text(head.get("LICENSE", head.get("LICENCE"))),
        categories=_words(head.get("CATEGORIES")),
        inputs=inputs,
        passes=passes,
        imported=imported,
        warnings=tuple(notes.warnings),
        fragment=parts.body,
        fragment_line=parts.body_line,
        vertex=vertex,
        vertex_path=vertex_path,
    )


def _check_includes(text: str, path: str, first_line: int) -> None:
    found = included(text)
    if found is not None:
        message = f"includes {found[0][:60]!r}, but a shader is one file: put its text in here"
        raise ShaderError(message, path, first_line + found[1] - 1)


def _adapted(other: Adapted, text: str, path: str) -> Document:
    """A file of another dialect as a document."""
    return Document(
        path=path,
        kind=other.kind,
        name=snake_name(path),
        credit=other.credit,
        licence=other.licence,
        inputs=other.inputs,
        passes=other.passes,
        imported=other.imported,
        warnings=tuple(other.warnings),
        fragment=text,
        dialect=other.dialect,
        before=other.before,
        after=other.after,
    )


def snake_name(path: str) -> str:
    """`Radial Blur-2.fs` -> `radial_blur_2`: a name that can stand in an address."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", Path(path).stem)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "shader"


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ShaderError(f"larger than {MAX_FILE_BYTES // 1024} KB, too large for a shader", str(file))
        return file.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise ShaderError(f"cannot be read: {error.strerror or error}", str(file)) from None


def _kind(inputs: tuple[Input, ...]) -> str:
    images = {item.name for item in inputs if item.type == "image"}
    if {"startImage", "endImage"} <= images and any(i.name == "progress" and i.type == "float" for i in inputs):
        return "transition"
    return "filter" if "inputImage" in images else "generator"


def _words(raw: Any) -> tuple[str, ...]:
    items = [raw] if isinstance(raw, str) else raw if isinstance(raw, list) else []
    return tuple(word for word in (short_text(item) for item in items[:32]) if word)


def _read_passes(head: dict[str, Any], inputs: tuple[Input, ...], notes: Notes) -> tuple[Pass, ...]:
    raw = head.get("PASSES")
    if raw is not None and not isinstance(raw, list):
        raise notes.fail("PASSES should be a list", "PASSES")
    if raw and len(raw) > MAX_PASSES:
        raise notes.fail(f"more than {MAX_PASSES} passes", "PASSES")
    old = _old_buffers(head.get("PERSISTENT_BUFFERS"), notes)
    passes = tuple(_read_pass(entry, old, inputs, notes) for entry in raw or ())
    # A version 1 file may name a buffer that only its last pass, without a target, would use: nothing to draw into.
    return passes or (Pass(),)


def _old_buffers(raw: Any, notes: Notes) -> dict[str, dict[str, Any]]:
    """PERSISTENT_BUFFERS of version 1: a list of names, or an object of name -> {WIDTH, HEIGHT, FLOAT}."""
    if raw is None:
        return {}
    if isinstance(raw, list):
        return {name: {} for name in raw if isinstance(name, str)}
    if isinstance(raw, dict):
        return {name: value if isinstance(value, dict) else {} for name, value in raw.items()}
    raise notes.fail("PERSISTENT_BUFFERS should be a list or an object", "PERSISTENT_BUFFERS")


def _read_pass(entry: Any, old: dict[str, dict[str, Any]], inputs: tuple[Input, ...], notes: Notes) -> Pass:
    if not isinstance(entry, dict):
        raise notes.fail("each of PASSES should be an object", "PASSES")
    keys = {str(key).upper(): value for key, value in entry.items()}
    if set(keys) - set(entry):
        notes.warn("keys of PASSES should be in capitals")
    if not keys.get("TARGET"):
        return Pass()
    target = identifier(keys["TARGET"], "pass TARGET", notes)
    settings = {**keys, **{str(k).upper(): v for k, v in old.get(target, {}).items()}}
    return Pass(
        target=target,
        persistent=target in old or _truth(settings.get("PERSISTENT")),
        float32=_truth(settings.get("FLOAT")),
        width=_size(settings.get("WIDTH"), "WIDTH", target, inputs, notes),
        height=_size(settings.get("HEIGHT"), "HEIGHT", target, inputs, notes),
    )


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "1")
    return bool(number(value))


def _size(raw: Any, key: str, target: str, inputs: tuple[Input, ...], notes: Notes) -> Expression | None:
    if raw is None or raw == "":
        return None
    plain = number(raw)
    if plain is not None:
        return constant(plain)
    if not isinstance(raw, str):
        raise notes.fail(f"pass {target}: {key} should be a number or an expression", target)
    try:
        expression = parse_expression(raw)
    except ExpressionError as error:
        raise notes.fail(f"pass {target}: {key}: {error}", target) from None
    known = {"WIDTH", "HEIGHT"} | {item.name for item in inputs if item.type in ("float", "long", "bool", "event")}
    unknown = sorted(expression.variables - known)
    if unknown:
        raise notes.fail(f"pass {target}: {key} uses ${unknown[0]}, which is no numeric input", target)
    return expression


def _read_imported(raw: Any, path: Path, notes: Notes) -> tuple[Imported, ...]:
    if raw is None:
        return ()
    if isinstance(raw, list):  # version 1 wrote a list of {NAME, PATH}
        raw = {entry.get("NAME"): entry for entry in raw if isinstance(entry, dict)}
    if not isinstance(raw, dict):
        raise notes.fail("IMPORTED should be an object", "IMPORTED")
    if len(raw) > MAX_IMPORTED:
        raise notes.fail(f"more than {MAX_IMPORTED} imported pictures", "IMPORTED")
    found = (_read_import(name, entry, path, notes) for name, entry in raw.items())
    return tuple(item for item in found if item is not None)


def _read_import(key: Any, entry: Any, path: Path, notes: Notes) -> Imported | None:
    name = identifier(key, "imported picture", notes)
    where = entry.get("PATH") if isinstance(entry, dict) else entry
    if where is None:
        notes.warn(f"imported picture {name} has no PATH and is left out")
        return None
    cube = isinstance(where, list) or (isinstance(entry, dict) and str(entry.get("TYPE", "")).lower() == "cube")
    given = where if isinstance(where, list) else [where]
    if not 0 < len(given) <= 6 or any(not isinstance(w, str) or not w or "\0" in w for w in given):
        raise notes.fail(f"imported picture {name}: PATH should be a file, or the six of a cube map", name)
    files = [_inside(name, text, path, notes) for text in given]
    missing = [file.name for file in files if not file.is_file()]
    if missing or (cube and len(files) not in (1, 6)):
        notes.warn(f"imported picture {name}: {', '.join(missing) or 'faces'} missing; noise stands in")
        return Imported(name, "", NOISE, cube=cube)
    if cube:
        return Imported(name, str(files[0]), faces=tuple(map(str, files * 6 if len(files) == 1 else files)), cube=True)
    return Imported(name, str(files[0]))


def _inside(name: str, where: str, path: Path, notes: Notes) -> Path:
    """A picture's file. Raises ShaderError where it lies outside the shader's folder."""
    folder = path.parent.resolve()
    file = (folder / where.replace("\\", "/")).resolve()
    if not file.is_relative_to(folder):
        raise notes.fail(f"imported picture {name}: {where[:60]!r} lies outside the shader's folder", name)
    return file


def _note_uniforms(
    body: str, inputs: tuple[Input, ...], passes: tuple[Pass, ...], imported: tuple[Imported, ...], notes: Notes
) -> None:
    """Warn of `uniform` lines of the author's own: ISF's host declares them, and nobody sets any other."""
    known = {*AUTO_NAMES, *(i.name for i in inputs), *(p.target for p in passes), *(i.name for i in imported)}
    twice, unset = redeclared(body, frozenset(known))
    if twice:
        notes.warn(f"uniform {', '.join(twice[:8])}: declared by the file, which ISF does by itself")
    if unset:
        notes.warn(f"uniform {', '.join(unset[:8])}: not among INPUTS, so it stays 0")


def _check_names(
    inputs: tuple[Input, ...], passes: tuple[Pass, ...], imported: tuple[Imported, ...], notes: Notes
) -> None:
    names = {item.name for item in inputs}
    for name in (*dict.fromkeys(p.target for p in passes if p.target), *(item.name for item in imported)):
        if name in names:
            raise notes.fail(f"{name} is both an input, a buffer or an imported picture; rename one", name)
        names.add(name)
