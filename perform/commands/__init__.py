"""The commands: one module here per command, found by its file's name.

A command is a module with `add(commands, shared)`, which mounts its parser (`shared` is a parent parser with the
options that every command has) and sets `run`: args -> exit code. What is heavy is imported inside functions.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

NOT_COMMANDS = frozenset({"__init__", "arguments"})
FIRST = ("play", "render", "list", "doctor")
"""The order of `perform --help`: these, then the others by name."""


def modules() -> list[ModuleType]:
    """Every command's module, in the order of the help."""
    names = {path.stem for path in Path(__file__).parent.glob("*.py")} - NOT_COMMANDS
    known = [n for n in FIRST if n in names] + sorted(n for n in names if n not in FIRST and not n.startswith("_"))
    return [importlib.import_module(f"perform.commands.{name}") for name in known]
