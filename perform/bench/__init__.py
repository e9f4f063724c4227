"""What `perform bench` runs: one module here per bench, found by its file's name.

A bench is a module with `run(quick: bool) -> list[dict]`: one row per thing measured, `what` names it, every number
carries its unit in its key. `quick` only shows that the bench runs; its figures mean nothing.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from perform.core.errors import UsageError

NOT_BENCHES = frozenset({"__init__", "machine"})
NAMES: tuple[str, ...] = tuple(
    sorted(
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if path.stem not in NOT_BENCHES and not path.stem.startswith("_")
    )
)


def run(name: str, quick: bool = False) -> dict[str, Any]:
    """Run one bench: {"bench": name, "machine": {…}, "rows": [{"what": …}, …]}.

    Raises UsageError for a name that is none of NAMES.
    """
    if name not in NAMES:
        raise UsageError(f"no bench {name!r}; there are: {', '.join(NAMES) or 'none'}")
    from perform.bench import machine

    found = importlib.import_module(f"perform.bench.{name}").run(quick)
    rows = found.get("rows", [found]) if isinstance(found, dict) else list(found)
    about = machine.describe()
    if isinstance(found, dict) and isinstance(found.get("machine"), dict):
        about = {**about, **found["machine"]}
    return {"bench": name, "machine": about, "rows": rows}
