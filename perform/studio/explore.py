"""Contact sheets of a model: what its seeds paint, what its directions turn, what its layers hold.

Painted by the very instrument that plays live, so that each picture can be had again by the values under it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import MediaError
from perform.core.types import Moment, ParamFrame
from perform.studio.sheet import shrunk, write_sheet

STILL: Mapping[str, Any] = {"walk": "hold", "glide_s": 0.0}
STEPS = (-1.0, -0.66, -0.33, 0.0, 0.33, 0.66, 1.0)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet to be made. rows of (label, values)."""

    name: str
    title: str
    columns: int
    cells: tuple[tuple[str, Mapping[str, Any]], ...]


def sheets(rows: Any, seed: int, seeds: int, directions: int) -> Iterator[Sheet]:
    """All sheets of a model with these rows (the parameters its instrument has)."""
    names = {row.name: row for row in rows}
    grid = tuple((f"seed {seed + n}", {"seed": seed + n}) for n in range(seeds))
    yield Sheet("seeds", f"seeds from {seed}", 8, grid)
    for kind in ("sefa", "pca"):
        cells = tuple(
            (f"direction_{k} {amount:+.2f}", {"seed": seed, "directions": kind, f"direction_{k}": amount})
            for k in range(1, directions + 1)
            if f"direction_{k}" in names
            for amount in STEPS
        )
        yield Sheet(f"directions_{kind}", f"directions ({kind}) of seed {seed}", len(STEPS), cells)
    if "tap" in names:
        most = int(names["tap_layer"].hi) + 1
        cells = tuple((f"tap pca, layer {n}", {"seed": seed, "tap": "pca", "tap_layer": n}) for n in range(most))
        yield Sheet("layers", f"what each layer of seed {seed} holds", 6, cells)
    psis = tuple((f"psi {psi:g}", {"seed": seed, "psi": psi}) for psi in (-1.0, -0.5, 0.0, 0.35, 0.7, 0.85, 1.0, 1.3))
    yield Sheet("truncation", f"truncation of seed {seed}", 8, psis)


def explore(
    instrument: Any, folder: Path, progress: Progress, *, seed: int = 0, seeds: int = 64, directions: int = 8,
    side: int = 160,
) -> Path:  # fmt: skip
    """Make every sheet as a PNG, and index.html that shows them all. instrument: prepared. Returns the index."""
    made: list[tuple[Sheet, Path]] = []
    wanted = [s for s in sheets(instrument.PARAMS, seed, seeds, directions) if s.cells]
    total, done = sum(len(s.cells) for s in wanted), 0
    for sheet in wanted:
        pictures: list[np.ndarray] = []
        labels: list[str] = []
        for label, values in sheet.cells:
            frame = instrument.render(ParamFrame({**STILL, **values}), {}, Moment(0.0, 0.0, done))
            picture = shrunk(np.asarray(frame.image), side)
            done += 1
            progress(done, total)
            if sheet.name == "layers" and pictures and np.array_equal(picture, pictures[-1]):
                continue  # past the last layer the tap stays on it
            pictures.append(picture)
            labels.append(label)
        made.append((sheet, write_sheet(folder / f"{sheet.name}.png", pictures, labels, sheet.columns, sheet.title)))
    return _index(folder, made)


def _index(folder: Path, made: list[tuple[Sheet, Path]]) -> Path:
    parts = [f"<h2>{html.escape(s.title)}</h2>\n<img src='{html.escape(p.name)}' alt='{html.escape(s.title)}'>"
             for s, p in made]  # fmt: skip
    page = (
        "<!doctype html><meta charset='utf-8'><title>perform explore</title>"
        "<style>body{background:#0e0e10;color:#ddd;font:15px sans-serif;margin:2em}img{max-width:100%}</style>\n"
        "<p>Each picture comes back live by the values under it: they are the model's parameters.</p>\n"
        + "\n".join(parts)
        + "\n"
    )
    path = folder / "index.html"
    try:
        path.write_text(page, "utf-8")
    except OSError as error:
        raise MediaError(f"{path}: cannot be written ({error.strerror})") from None
    return path
