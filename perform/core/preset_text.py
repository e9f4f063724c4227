"""Writing presets as TOML that a person would have written. `parse_preset(write_preset(p))` gives p again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from perform.core.preset import DECK_GROUPS, VERSION, Preset, Slot
from perform.core.types import Value


def _text(value: str) -> str:
    # JSON's escapes are TOML's too, but for DEL, which JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def literal(value: Value | Iterable[str]) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    return "[" + ", ".join(literal(v) for v in value) + "]"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _text(name)


def table_text(heading: str, values: Mapping[str, Any]) -> list[str]:
    """The lines of a table below its heading, an empty one before it."""
    return ["", heading, *(f"{_key(k)} = {literal(v)}" for k, v in values.items())]


def _slots(where: str, slots: Iterable[Slot]) -> list[str]:
    lines: list[str] = []
    for slot in slots:
        lines += ["", f"[[{where}.fx]]", f"shader = {_text(slot.shader)}"]
        if slot.name != slot.shader:
            lines.append(f"name = {_text(slot.name)}")
        if slot.params:
            inner = ", ".join(f"{_key(k)} = {literal(v)}" for k, v in slot.params.items())
            lines.append(f"params = {{ {inner} }}")
    return lines


def _changed(unit: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields that differ from their defaults."""
    return {
        f.name: getattr(unit, f.name) for f in fields(unit) if f.name not in skip and getattr(unit, f.name) != f.default
    }


def _grouped(heading: str, values: Mapping[str, Value], groups: Iterable[str]) -> list[str]:
    """A table with one below it for each group; a value's path says whose it is."""
    plain = {k: v for k, v in values.items() if k.partition("/")[0] not in groups or "/" not in k}
    lines = table_text(f"[{heading}]", plain) if plain else []
    for group in groups:
        inner = {k.removeprefix(f"{group}/"): v for k, v in values.items() if k.startswith(f"{group}/")}
        if inner:
            lines += table_text(f"[{heading}.{group}]", inner)
    return lines


def write_preset(preset: Preset) -> str:
    """The preset as TOML text."""
    lines = [f"version = {VERSION}", f"name = {_text(preset.name)}"]
    lines += [f"{k} = {_text(v)}" for k, v in (("title", preset.title), ("doc", preset.doc)) if v]
    if preset.tags:
        lines.append(f"tags = {literal(preset.tags)}")
    for letter, deck in preset.decks.items():
        own = _grouped(f"deck.{_key(letter)}", deck.own, DECK_GROUPS)
        if not own or own[1] != f"[deck.{_key(letter)}]":
            own = ["", f"[deck.{_key(letter)}]", *own]
        lines += [*own[:2], f"source = {_text(deck.source)}", *own[2:]]
        if deck.params:
            lines += table_text(f"[deck.{_key(letter)}.params]", deck.params)
        lines += _slots(f"deck.{_key(letter)}", deck.fx)
    lines += _grouped("mix", preset.mix, ("with",))
    lines += _slots("master", preset.master)
    if preset.params:
        lines += table_text("[params]", preset.params)
    for unit in preset.free:
        kind = unit.source.split("/", 1)[0]
        lines += table_text(f"[{kind}.{_key(unit.name)}]", _changed(unit, ("name",)))
    for route in preset.routes:
        lines += table_text("[[route]]", _changed(route))
    return "\n".join(lines) + "\n"
