"""Recipes of `perform train gan`: what a model was, or is to be, taught with, kept as TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from perform.core.errors import UsageError

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
KEYS = {
    "name": str, "seed": int, "size": int, "width": int, "batch": int, "rate": float, "gamma": float, "augment": str,
    "flips": bool, "path_length": float, "freeze_d": int, "minutes": float, "grow": bool, "alone": float,
}  # fmt: skip


def read_recipe(name: str) -> dict[str, Any]:
    """Settings by name or file. Raises UsageError, one line."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise UsageError(f"no recipe {name!r}; there are {known}, or give a .toml file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from None
    if data.get("kind") != "gan":
        raise UsageError(f'{path}: a recipe of kind {data.get("kind")!r}; `perform train gan` takes "gan" and "rules"')
    found: dict[str, Any] = {}
    for key, value in data.items():
        if key in ("version", "kind"):
            continue
        kind = KEYS.get(key)
        if kind is None:
            raise UsageError(f"{path}: unknown key {key!r}")
        fits = isinstance(value, int | float) and not isinstance(value, bool) if kind is float else type(value) is kind
        if not fits:
            raise UsageError(f"{path}: {key} = {value!r} is no {kind.__name__}")
        found[key] = kind(value)
    return found


def with_recipe(args: Any) -> None:
    """Fill in a recipe's values where the command line said nothing: None."""
    for key, value in read_recipe(args.recipe).items():
        if getattr(args, key) is None:
            setattr(args, key, value)
