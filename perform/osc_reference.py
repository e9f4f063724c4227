"""The OSC reference, `docs/osc.md`, made of the parameter table: `python -m perform.osc_reference` writes it anew.

What people wrote stands before and after the two marks in the file; what is between them is made here.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from perform.core.params import PARTS, Param
from perform.listing import effect_rows, listed, placed, shown_params

BEGIN, END = "<!-- addresses -->", "<!-- end of addresses -->"
HEAD = "| address | takes | range | default | meaning |\n|---|---|---|---|---|"
LEGEND = """A **float** or **int** is clamped to its range; where a curve is named (`log`, `square` …), `/norm` goes
along it. A **bool** takes 0 or 1, a **choice** one of its words or its number from 0, a **trigger** anything but 0. A
**colour** is four floats (three will do), a **point** two; each number has an address of its own, `…/r` or `…/x`.
"""
GROUPS: tuple[tuple[str, str, str], ...] = (
    ("The output", "out", "Blackout, freeze and panic work even while a model is stuck."),
    ("Decks", "deck/a", "Decks `b`, `c` and `d` have the same below `deck/b/` …"),
    ("Crossfader", "mix", ""),
    ("The finished picture", "master", ""),
    ("Macros", "macro", "`N` is 1 to 8."),
    ("Presets", "preset", ""),
    ("Snapshots and morphs", "snapshot", ""),
    ("Prompts", "prompt", ""),
    ("Cues", "cue", ""),
    ("Autopilot", "autopilot", ""),
    ("The schedule of the room", "schedule", "There where the venue file has a `[[schedule]]`."),
    ("Surprises", "surprise", ""),
    ("Tempo", "tempo", "What each does is told in [link.md](link.md)."),
    ("Sound", "audio", ""),
    ("Routes", "route", "`N` is the number of the route, from 1."),
    ("Learning", "learn", ""),
)
MODELS = (
    ("StyleGAN models", "model:noctiluca", "A model's card may add rows or take some away."),
    ("Diffusion models", "model:lumen", ""),
    ("The test card", "testcard", ""),
)
HEALTH: Mapping[str, str] = {
    "fps": "frames a second on the screen", "frame_ms": "from one frame to the next, the middle of the last 512",
    "frame_ms_p99": "the same, the slowest in a hundred", "deck/a/fps": "pictures a second of a deck's model",
    "deck/a/failures": "how often it failed", "uptime_s": "since the show began", "frames": "frames so far",
    "errors": "failures of all parts so far", "events_dropped": "messages that found no room so far",
    "sound_age_s": "how old the sound is that is heard; grows when a device is lost; -1 before the first",
}  # fmt: skip
TEMPO: Mapping[str, str] = {
    "bpm": "beats a minute", "confidence": "0..1, how far the beat may be trusted",
    "beat": "beats so far, with a fraction", "beat_phase": "0..1 within the beat", "bar_phase": "0..1 within the bar",
    "bar": "bars so far (int)", "on_beat": "1, 2, 3, 4 with each beat (int)", "source": "who leads (text)",
}  # fmt: skip


def page() -> str:
    """All addresses, group by group, as Markdown."""
    rows = _merged(shown_params())
    links = [f"[{title}](#{title.lower().replace(' ', '-')})" for title, _, _ in (*GROUPS, *MODELS)]
    links += ["[shaders](#shaderattractor)", "[effects](#effects)", "[what is told](#told-by-perform)"]
    parts = ["## Parameters\n", LEGEND, " · ".join(links) + "\n"]
    for title, start, note in GROUPS:
        found = [row for row in rows if _group(row.name) == start]
        if start == "master":
            found = [row for row in found if not row.name.startswith("master/fx/")]
        parts.append(_section(title, found, note))
    known = {start for _, start, _ in GROUPS}
    parts.append(_section("Others", [row for row in rows if _group(row.name) not in (*known, None)], ""))
    parts.append("## What a deck plays\n\nBelow `deck/a/source/`, or that of another deck, by what it plays.\n")
    parts += [_section(title, _source_rows(text), note) for title, text, note in MODELS]
    parts += _shaders("generators", "deck/a/source")
    parts.append("## Effects\n\nBelow `deck/a/fx/` (or that of another deck, or `master/fx/`), once one is in the "
                 "chain; a second one of a kind is called `NAME_2`.\n")  # fmt: skip
    parts.append(_section("Every effect", _slot_rows(), ""))
    parts += _shaders("effects", "deck/a/fx")
    parts.append(_told())
    return "\n".join(part for part in parts if part)


def _group(path: str) -> str | None:
    """Which group a path belongs to; None for what a source or an effect brings."""
    if re.match(r"deck/[a-z]/(source|fx)/|master/fx/", path):
        return None
    return re.match(r"deck/[a-z]|[^/]+", path)[0]  # type: ignore[index]


def _merged(rows: Iterable[Param]) -> list[Param]:
    """Rows that differ by a number or a deck's letter only, once."""
    found: dict[str, Param] = {}
    for row in rows:
        path = re.sub(r"^(macro|route)/\d+", r"\1/N", row.name)
        path = re.sub(r"^deck/[b-d]/", "deck/a/", path)
        doc = row.doc
        if path.startswith("route/N/"):
            doc = re.sub(r"\S+ -> \S+", "the route", doc)
        elif path.startswith("macro/N"):
            doc = re.sub(r"macro \d", "the macro", doc)
        found.setdefault(
            path, Param(path, row.kind, row.default, row.lo, row.hi, row.unit, row.curve, doc, row.choices)
        )
    return list(found.values())


def _source_rows(text: str) -> list[Param]:
    from perform.deck_source import plan_source

    return [placed("deck/a/source", row) for row in plan_source(text).rows]


def _slot_rows() -> list[Param]:
    from perform.gl.rows import SLOT_ROWS

    return [placed("deck/a/fx/NAME", row) for row in SLOT_ROWS]


def _shaders(kind: str, where: str) -> list[str]:
    """A table for each shader that ships."""
    from perform.content import shaders, shipped
    from perform.gl.rows import SLOT_ROWS
    from perform.isf import read_shader

    parts = []
    for name, path in sorted(shaders(kind).items()):
        if not path.resolve().is_relative_to(shipped().resolve()):
            continue
        document = read_shader(path)
        rows = effect_rows(name)[: -len(SLOT_ROWS)] if kind == "effects" else document.params()
        prefix = f"{where}/{name}" if kind == "effects" else where
        title = name if kind == "effects" else f"shader:{name}"
        parts.append(_section(f"`{title}`", [placed(prefix, row) for row in rows], document.description))
    return parts


def _section(title: str, rows: Sequence[Param], note: str) -> str:
    if not rows:
        return ""
    lines = [f"### {title}\n", *([note + "\n"] if note else []), HEAD, *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(row: Param) -> str:
    cells = f"`/perform/{row.name}`", _takes(row), _range(row), _default(row), row.doc
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _takes(row: Param) -> str:
    """Kind, and the addresses of its parts."""
    return " ".join([row.kind, *(f"`/{part}`" for part in PARTS.get(row.kind, ""))])


def _range(row: Param) -> str:
    if row.kind == "choice":
        return " ".join(f"`{word}`" for word in row.choices)
    if row.kind not in ("float", "int", "point"):
        return ""
    unit = f" {row.unit}" if row.unit else ""
    curve = f", {row.curve}" if row.kind != "point" and row.curve != "linear" else ""
    return f"{row.lo:.10g} to {row.hi:.10g}{unit}{curve}"


def _default(row: Param) -> str:
    value = row.default
    if row.kind == "trigger" or value == "":
        return ""
    if row.kind == "bool":
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return " ".join(f"{x:g}" for x in value)
    return f"{value:.10g}" if isinstance(value, int | float) else f"`{value}`"


def _told() -> str:
    """What is only told."""
    lines = [
        "## Told by perform\n", "To whoever is named with `--osc-out`; these cannot be set.\n",
        "### Features and other sources (group `features`)\n", "| address | range | meaning |", "|---|---|---|",
    ]  # fmt: skip
    for row in listed("features"):
        unit = f" {row['unit']}" if row.get("unit") else ""
        limits = f"{row['lo']:.10g} to {row['hi']:.10g}{unit}" if row.get("lo") is not None else ""
        lines.append(f"| `/perform/signal/{row['name']}` | {limits} | {_cell(row['doc'])} |")
    lines.append("\nBesides: every other source of routes: `lfo/NAME`, `random/NAME`, `macro/N`, `midi/…`, `osc/…`.\n")
    for title, place, told in (("Beat (group `beat`)", "tempo", TEMPO), ("Health (group `health`)", "health", HEALTH)):
        lines += [f"### {title}\n", "| address | meaning |", "|---|---|"]
        lines += [f"| `/perform/{place}/{name}` | {meaning} |" for name, meaning in told.items()]
        lines.append("")
    return "\n".join(lines)


def whole(text: str) -> str:
    """The page's text with everything between the marks made anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{page()}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m perform.osc_reference", description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, default=Path("docs/osc.md"))
    target = parser.parse_args().page
    target.write_text(whole(target.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
