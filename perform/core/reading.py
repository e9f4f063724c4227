"""Reading TOML that people write: what makes no sense is listed, one line each, and the rest loads."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from perform.core.errors import PresetError
from perform.core.types import Value

T = TypeVar("T")


def parse_toml(text: str, what: str, version: int) -> dict[str, Any]:
    """The table of a file that carries a version. Raises PresetError when it is no TOML, or from a newer perform."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PresetError(f"not valid TOML ({str(error) or 'nested too deeply'})") from None
    given = data.get("version", version)
    if not isinstance(given, int) or isinstance(given, bool):
        raise PresetError(f"version is {given!r}; it must be a whole number, {version} today")
    if given > version:
        raise PresetError(f"{what} version {given!r} is newer than this perform knows ({version})")
    return data


def read_file(path: Path, parse: Callable[[str], T], most_bytes: int | None = None) -> T:
    """What `parse` makes of a file's text. Raises PresetError, naming the file, where it cannot be read, is larger than
    anybody writes, or is not understood."""
    try:
        if most_bytes is not None and path.stat().st_size > most_bytes:
            raise PresetError(f"is over {most_bytes >> 20} MiB, which is more than anybody writes")
        return parse(path.read_text("utf-8"))
    except PresetError as error:
        raise PresetError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PresetError(f"{path}: cannot be read ({error})") from None


class Reader:
    """Reads the parts, and keeps a line for each thing it had to leave out."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def unknown(self, where: str, data: Mapping[str, Any], known: set[str]) -> None:
        """List the keys that nobody knows."""
        self.problems += [f"unknown key {where}{key!r} is skipped" for key in data if key not in known]

    def table(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A table below a table, or an empty one and a line."""
        value = data.get(key, {})
        if isinstance(value, dict):
            return value
        self.problems.append(f"{key} should be a table and is skipped")
        return {}

    def listed(self, where: str, entries: Any) -> list[Any]:
        """A list of tables, or nothing and a line."""
        if isinstance(entries, list):
            return entries
        self.problems.append(f"{where} should be a list of tables, [[{where}]], and is skipped")
        return []

    def values(self, where: str, data: Mapping[str, Any]) -> dict[str, Value]:
        """Values of parameters by their keys."""
        out: dict[str, Value] = {}
        for key, value in data.items():
            if isinstance(value, list) and all(isinstance(v, int | float) for v in value):
                out[key] = tuple(float(v) for v in value)
            elif isinstance(value, bool | int | float | str):
                out[key] = value
            else:
                self.problems.append(f"{where}: {key} holds neither number, text nor numbers and is skipped")
        return out

    def text(self, where: str, data: Mapping[str, Any], key: str, longest: int = 200) -> str:
        """A short text, "" where there is none."""
        value = data.get(key, "")
        if isinstance(value, str) and len(value) <= longest and value.isprintable():
            return value.strip()
        self.problems.append(f"{where}{key} should be a text of one line, {longest} characters at most; it is skipped")
        return ""

    def texts(self, where: str, data: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = data.get(key, [])
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return tuple(value)
        self.problems.append(f"{where}{key} should be a list of texts and is skipped")
        return ()

    def flag(self, where: str, data: Mapping[str, Any], key: str, default: bool = False) -> bool:
        """True or false."""
        value = data.get(key, default)
        if isinstance(value, bool):
            return value
        self.problems.append(f"{where}{key} should be true or false and is skipped")
        return default

    def number(self, where: str, data: Mapping[str, Any], key: str, lo: float, hi: float) -> float | None:
        """A number between lo and hi; None where there is none that makes sense."""
        value = data.get(key)
        if value is None:
            return None
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if plain and lo <= value <= hi and math.isfinite(value):
            return float(value)
        self.problems.append(f"{where}{key} is {str(value)[:40]}; it should be a number from {lo:g} to {hi:g}")
        return None
