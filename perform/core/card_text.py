"""Model cards as TOML text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from perform.core.card import VERSION

TABLES = ("architecture", "training", "source", "files")


def card_text(entries: Mapping[str, Any]) -> str:
    """A card's text. entries: as `read_card` reads them; tables come last, in the order of TABLES; None is left out."""
    lines = [f"version = {VERSION}"]
    plain = {k: v for k, v in entries.items() if k not in TABLES}
    lines += [f"{k} = {toml_value(v)}" for k, v in plain.items() if v is not None]
    for name in TABLES:
        table = entries.get(name)
        if table:
            lines += ["", f"[{name}]", *(f"{_key(k)} = {toml_value(v)}" for k, v in table.items() if v is not None)]
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """A value as TOML: text, numbers, truth, and lists and tables of these, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)  # 1e-05, inf and nan are TOML as they are
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {toml_value(v)}" for k, v in value.items() if v is not None) + " }"
    items = [toml_value(v) for v in value]
    if any(isinstance(v, Mapping) for v in value):  # a table a line
        return "[\n" + "".join(f"  {item},\n" for item in items) + "]"
    return "[" + ", ".join(items) + "]"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else toml_value(name)
