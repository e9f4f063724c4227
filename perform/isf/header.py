"""Cutting an ISF file into its JSON header and its GLSL.

Strict where a file could do harm (sizes, depth), lenient where real files are sloppy (trailing commas, tabs in
strings, a comment before the header): what was bent straight is said in a warning.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from perform.core.errors import ShaderError

MAX_HEADER_BYTES = 64 * 1024
MAX_FILE_BYTES = 1024 * 1024

_BEFORE_HEADER = re.compile(r"(?:\s|//[^\n]*(?:\n|$)|/\*(?!\s*\{)(?:[^*]|\*(?!/))*\*/|#version[^\n]*\n)*")
_LINE_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*')
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


@dataclass(frozen=True, slots=True)
class Split:
    """header: the JSON object. body: GLSL after the header. body_line: line of the file on which body begins."""

    header: dict[str, Any]
    body: str
    body_line: int
    header_line: int
    warnings: tuple[str, ...]


def split(text: str, path: str) -> Split:
    """Header and body of an ISF file's text. Raises ShaderError with the line."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    start = _BEFORE_HEADER.match(text).end()  # type: ignore[union-attr]
    if not text.startswith("/*", start):
        raise ShaderError("no ISF header: the file should begin with a /* { … } */ comment holding JSON", path, 1)
    end = text.find("*/", start + 2)
    line = text.count("\n", 0, start) + 1
    if end < 0:
        raise ShaderError("the header comment is never closed with */", path, line)
    source = text[start + 2 : end]
    if len(source.encode()) > MAX_HEADER_BYTES:
        raise ShaderError(f"the header is larger than {MAX_HEADER_BYTES // 1024} KB", path, line)
    header, warnings = _parse(source, path, line)
    before = text[:start].strip()
    if before and not before.startswith("#version"):
        warnings = (*warnings, "there is text before the header")
    body = text[end + 2 :]
    return Split(header, body, text.count("\n", 0, end) + 1, line, warnings)


def _parse(source: str, path: str, line: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    warnings: tuple[str, ...] = ()
    try:
        header = _load(source)
    except json.JSONDecodeError as first:
        mended = _TRAILING_COMMA.sub(r"\1", _LINE_COMMENT.sub(r"\1", source))
        try:
            header = _load(mended)
        except json.JSONDecodeError:
            where = line + first.lineno - 1
            raise ShaderError(f"the header is not valid JSON: {first.msg}", path, where) from None
        except (RecursionError, ValueError) as error:
            raise ShaderError(f"the header cannot be read: {_reason(error)}", path, line) from None
        warnings = ("the header is not strict JSON (trailing commas or comments)",)
    except (RecursionError, ValueError) as error:
        raise ShaderError(f"the header cannot be read: {_reason(error)}", path, line) from None
    if not isinstance(header, dict):
        raise ShaderError("the header should hold one JSON object", path, line)
    return header, warnings


def _load(source: str) -> Any:
    return json.loads(source, strict=False, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).split(";")[0]
