"""Keeps what was measured: one JSON file per bench, and one page made of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from perform.whole_file import make_folder

PAGE = "RESULTS.md"
_INTRO = """# What was measured

Made by `perform bench --save bench` on the machine named under each heading; run it on yours. Figures that need a part
which was not there (a graphics card, a sound card) are not taken, and say so. Wall-clock times of a shared machine
move by some tens of percent from run to run; ratios within one run move less.
"""


def save(results: Iterable[Mapping[str, Any]], folder: Path) -> Path:
    """Write each result as `folder/NAME.json` and the page from all that lie there. Returns the page's path."""
    make_folder(folder)
    for result in results:
        dated = {**result, "taken_on": date.today().isoformat()}
        (folder / f"{result['bench']}.json").write_text(json.dumps(dated, indent=1) + "\n", "utf-8")
    kept = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    page = folder / PAGE
    notes = folder / "NOTES.md"
    after = "\n" + notes.read_text("utf-8") if notes.is_file() else ""
    page.write_text(_INTRO + "".join(_section(result) for result in kept) + after, "utf-8")
    return page


def _section(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    about = ", ".join(f"{k} {v}" for k, v in machine.items() if v not in (None, "") and not isinstance(v, dict | list))
    columns = list(dict.fromkeys(key for row in result["rows"] for key in row))
    lines = [f"\n## {result['bench']}\n", f"Taken on {result.get('taken_on', 'an unknown day')}: {about}.\n"]
    lines.append("| " + " | ".join(columns) + " |")
    lines.append("|" + "---|" * len(columns))
    lines += ["| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in result["rows"]]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
