"""`perform dataset from-folder`: pictures and frames of films, cropped to squares, without doubles, with a report."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from perform.core.errors import PerformError, UsageError
from perform.train.dataset.look import Seen, fingerprint, weaknesses
from perform.train.dataset.store import Writer

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
FILMS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
MOST_PIXELS = 120_000_000
SMALLEST_SHARE = 0.5
"""Of the wanted side: what is smaller is left out, for it could only be blown up."""


@dataclass(frozen=True)
class Wish:
    """size: side in px. crop: "centre" or "tiles" (as many squares as fit). every_s: between two frames of a film.
    text: a caption for all that have none of their own."""

    size: int = 256
    crop: str = "centre"
    every_s: float = 1.0
    text: str = ""
    held: float = 0.05
    licence: str = ""
    author: str = ""


def files_in(folder: Path) -> list[Path]:
    """Pictures and films at any depth. Raises UsageError when there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES + FILMS and p.is_file())
    if not found:
        raise UsageError(f"{folder}: no picture and no film here (looked for {', '.join(PICTURES + FILMS)})")
    return found


def squares(image: Image.Image, size: int, crop: str) -> list[Image.Image]:
    """The picture's middle square, or all squares of it side by side, each `size` px."""
    image = ImageOps.exif_transpose(image).convert("RGB")
    short = min(image.size)
    count = (image.width // short, image.height // short) if crop == "tiles" else (1, 1)
    left, top = (image.width - count[0] * short) // 2, (image.height - count[1] * short) // 2
    boxes = [
        (left + i * short, top + j * short, left + (i + 1) * short, top + (j + 1) * short)
        for j in range(count[1])
        for i in range(count[0])
    ]
    return [image.resize((size, size), Image.Resampling.LANCZOS, box=box) for box in boxes]


def pictures_of(path: Path, every_s: float) -> Iterator[tuple[str, Image.Image]]:
    """(name of the picture, picture). Raises PerformError, OSError or ValueError where a file is broken."""
    if path.suffix.lower() in FILMS:
        yield from _frames(path, every_s)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = MOST_PIXELS
        with Image.open(path) as image:
            image.load()
            yield "", image


def _frames(path: Path, every_s: float) -> Iterator[tuple[str, Image.Image]]:
    import av

    with av.open(str(path)) as film:
        if not film.streams.video:
            raise UsageError("no picture in this film")
        due = 0.0
        for frame in film.decode(film.streams.video[0]):
            if frame.time is not None and frame.time >= due:
                due = frame.time + every_s
                yield f"@{frame.time:.2f}s", frame.to_image()


def _own_text(path: Path) -> str:
    beside = path.with_suffix(".txt")
    return " ".join(beside.read_text("utf-8", "replace").split())[:500] if beside.is_file() else ""


def gather(folder: Path, out: Path, wish: Wish, progress: Callable[[int, int], None]) -> Writer:
    """Make the set. Bad files are skipped and listed. Raises UsageError when nothing usable was found."""
    files = files_in(folder)
    writer, seen = Writer(out, wish.held), Seen()
    for number, path in enumerate(files, 1):
        name = path.relative_to(folder).as_posix()
        try:
            _take(path, name, wish, writer, seen)
        except PerformError as error:
            if out.exists() and "cannot be written" in str(error):
                raise
            writer.report.skip(name, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a foreign file does to a decoder, the others go on
            writer.report.skip(name, f"cannot be read ({type(error).__name__}: {error})")
        progress(number, len(files))
    if not writer.report.kept:
        why = "; ".join(f"{n}: {w}" for n, w in writer.report.skipped[:3])
        raise UsageError(f"{folder}: nothing usable in {len(files)} files ({why})")
    writer.finish(_card(folder, wish))
    return writer


def _take(path: Path, name: str, wish: Wish, writer: Writer, seen: Seen) -> None:
    text = _own_text(path) or wish.text
    for part, image in pictures_of(path, wish.every_s):
        if min(image.size) < SMALLEST_SHARE * wish.size:
            writer.report.skip(name + part, f"{image.width}x{image.height} is too small for {wish.size} px")
            continue
        writer.report.sizes[f"{image.width}x{image.height}"] += 1
        for piece in squares(image, wish.size, wish.crop):
            _keep(piece, name + part, name, text, writer, seen)


def _keep(piece: Any, source: str, name: str, text: str, writer: Writer, seen: Seen) -> None:
    pixels = np.asarray(piece)
    poor = weaknesses(pixels)
    if "flat" in poor:
        writer.report.skip(source, "is one flat colour")
    elif seen.known(fingerprint(pixels)):
        writer.report.duplicates += 1
    else:
        writer.report.flagged.update(poor)
        writer.add(piece, name, text, **({"at": source[len(name) + 1 :]} if source != name else {}))


def _card(folder: Path, wish: Wish) -> dict[str, Any]:
    source = {"folder": folder.resolve().name, "licence": wish.licence or "unknown", "author": wish.author or "unknown"}
    return {
        "name": folder.resolve().name, "made_by": "perform dataset from-folder", "size": wish.size, "crop": wish.crop,
        "licence": wish.licence or "unknown", "author": wish.author or "unknown", "sources": [source],
    }  # fmt: skip
