"""`perform dataset from-shaders`: generators painted over random parameters, each picture with a caption."""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import PerformError, UsageError
from perform.core.params import Param
from perform.core.types import Value
from perform.train.dataset.look import Seen, colour_words, fingerprint, weaknesses
from perform.train.dataset.store import Writer

TRIES = 4
"""Per picture: a shader may be black at one corner of its parameters."""
WARM_FRAMES = 24
EARLIEST_S, LATEST_S = 1.0, 240.0
FAR = 0.3
"""A parameter within this share of an end of its range is worth a word in the caption."""


@dataclass(frozen=True)
class Wish:
    """count: pictures in all. size: side in px. oversample: drawn larger by this, and averaged down."""

    count: int = 1000
    size: int = 256
    seed: int = 1
    oversample: int = 2
    held: float = 0.05


def generators(names: Sequence[str]) -> dict[str, Path]:
    """Name -> file of shader generators; all that are found when none is named. Raises ShaderError, UsageError."""
    from perform.content import find_shader, shaders

    if not names:
        return shaders("generators")
    found: dict[str, Path] = {}
    for text in names:
        path = Path(text).expanduser()
        if path.is_dir():
            found.update({p.stem: p for p in sorted(path.rglob("*.fs"))})
        elif path.is_file():
            found[path.stem] = path
        else:
            found[text] = find_shader(text)
    if not found:
        raise UsageError(f"no shader in {', '.join(names)}; generators are .fs files")
    return found


def chosen(row: Param, chance: random.Random) -> Value:
    """A value for a parameter: anywhere in its range, and nearly half of the time close to where it rests."""
    if row.kind in ("float", "int"):
        near = chance.random() < 0.4
        value = chance.gauss(float(row.default), 0.15 * (row.hi - row.lo)) if near else chance.uniform(row.lo, row.hi)
        return row.checked(value)
    if row.kind == "choice":
        return chance.choice(row.choices)
    if row.kind == "bool":
        return chance.random() < 0.5
    if row.kind == "colour":
        return (*(chance.random() for _ in range(3)), 1.0)
    if row.kind == "point":
        return tuple(chance.uniform(row.lo, row.hi) for _ in range(2))
    return row.checked(row.default)


def setting(rows: Sequence[Param], chance: random.Random) -> dict[str, Value]:
    """Values for all that makes a picture. What only counts travelled time is left to the clock."""
    return {
        row.name: chosen(row, chance)
        for row in rows
        if row.kind not in ("trigger", "text") and not (row.kind == "float" and row.hi - row.lo > 1000)
    }


def words_of(name: str, document: Any, rows: Sequence[Param], values: dict[str, Value], pixels: np.ndarray) -> str:
    """A caption: colours, what is far out, choices, the shader's name and its categories."""
    told = [*colour_words(pixels)]
    for row in rows:
        value = values.get(row.name)
        if row.kind == "choice" and str(value).isalpha():
            told.append(str(value))
        elif row.kind == "float" and value is not None:
            place = (float(value) - row.lo) / (row.hi - row.lo)  # type: ignore[arg-type]
            if abs(place - 0.5) > 0.5 - FAR / 2:
                told.append(f"{'high' if place > 0.5 else 'low'} {row.name.replace('_', ' ')}")
    told.append(name.replace("_", " "))
    told += [c.lower() for c in document.categories if c.lower() != "generator"]
    return ", ".join(dict.fromkeys(told))


class Painter:
    """Draws stills of generators on an offscreen context. Raises DeviceError where there is no OpenGL."""

    def __init__(self, size: int, oversample: int) -> None:
        from perform.gl.trial import Trial

        self._trial, self._times = Trial((size * oversample,) * 2), oversample
        self._documents: dict[Path, Any] = {}

    def document(self, path: Path) -> Any:
        """The shader, read once. Raises ShaderError."""
        from perform.isf.read import read_shader

        if path not in self._documents:
            self._documents[path] = read_shader(path)
        return self._documents[path]

    def paint(self, path: Path, values: dict[str, Value], start_s: float) -> np.ndarray:
        """[size, size, 3] uint8, top row first. Raises ShaderError."""
        document = self.document(path)
        frames = WARM_FRAMES if document.targets() else 1
        light = self._trial.still(document, values, start_s, frames)
        side = light.shape[0] // self._times
        light = light[::-1].reshape(side, self._times, side, self._times, 3).mean((1, 3))
        return (np.clip(light, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)

    def close(self) -> None:
        """Free the context."""
        self._trial.close()


def from_shaders(names: Sequence[str], out: Path, wish: Wish, progress: Callable[[int, int], None]) -> Writer:
    """Make the set, the shaders taking turns. One that fails is left out and listed."""
    known = generators(names)
    writer, seen, chance = Writer(out, wish.held), Seen(), random.Random(wish.seed)
    painter = Painter(wish.size, wish.oversample)
    try:
        alive = dict(known)
        while alive and writer.report.kept < wish.count:
            kept = writer.report.kept
            for name, path in list(alive.items()):
                if writer.report.kept >= wish.count:
                    break
                try:
                    _one(painter, name, path, writer, seen, chance, wish)
                except PerformError as error:
                    if "cannot be written" in str(error):
                        raise
                    writer.report.skip(name, str(error))
                    del alive[name]
                progress(writer.report.kept, wish.count)
            if writer.report.kept == kept:  # a whole round brought nothing new
                writer.report.skip("more pictures", "the shaders give no new ones; add shaders, or ask for fewer")
                break
    finally:
        painter.close()
    if not writer.report.kept:
        why = "; ".join(f"{n}: {w}" for n, w in writer.report.skipped[:3])
        raise UsageError(f"no picture came of {len(known)} shaders ({why})")
    writer.finish(_card(known, writer, wish))
    return writer


def _one(
    painter: Painter, name: str, path: Path, writer: Writer, seen: Seen, chance: random.Random, wish: Wish
) -> None:
    from PIL import Image

    document = painter.document(path)
    if document.pictures():
        raise UsageError("takes a picture; only generators make one by themselves")
    rows = document.params()
    for _ in range(TRIES):
        values = setting(rows, chance)
        start_s = math.exp(chance.uniform(math.log(EARLIEST_S), math.log(LATEST_S)))
        pixels = painter.paint(path, values, start_s)
        poor = weaknesses(pixels)
        if {"flat", "dark"} & set(poor):
            continue
        if seen.known(fingerprint(pixels)):
            writer.report.duplicates += 1
            continue
        writer.report.flagged.update(poor)
        writer.report.sizes[f"{wish.size}x{wish.size}"] += 1
        source = f"{name} {json.dumps(values, sort_keys=True)} {start_s:.3f}"
        told = words_of(name, document, rows, values, pixels)
        writer.add(Image.fromarray(pixels), source, told, shader=name, values=values, seconds=round(start_s, 3))
        return


def _card(known: dict[str, Path], writer: Writer, wish: Wish) -> dict[str, Any]:
    sources = []
    for name, path in known.items():
        text = path.read_text("utf-8", "replace")
        told = {key: re.search(rf'"{key}"\s*:\s*"([^"]*)"', text) for key in ("CREDIT", "LICENSE")}
        sources.append(
            {
                "shader": name,
                "author": told["CREDIT"].group(1) if told["CREDIT"] else "unknown",
                "licence": told["LICENSE"].group(1) if told["LICENSE"] else "unknown",
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        )
    licences, authors = (" and ".join(sorted({s[key] for s in sources})) for key in ("licence", "author"))
    return {
        "name": writer.folder.resolve().name, "made_by": "perform dataset from-shaders", "size": wish.size,
        "seed": wish.seed, "licence": licences, "author": authors, "sources": sources,
    }  # fmt: skip
