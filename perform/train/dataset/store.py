"""A picture set on disk: PNG files by split, `metadata.jsonl` with captions (the layout of an image folder that other
trainers read too), and `data.toml`, the data card."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perform.core.card_text import toml_value
from perform.core.errors import MediaError, UsageError
from perform.whole_file import make_folder

CARD, LIST, SKIPPED = "data.toml", "metadata.jsonl", "skipped.txt"
VERSION = 1
SPLITS = ("train", "held")


@dataclass
class Report:
    """What came of it. sizes: of the sources, as "wxh" -> count."""

    kept: int = 0
    held: int = 0
    duplicates: int = 0
    flagged: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def skip(self, name: str, why: str) -> None:
        """One source that is left out."""
        self.skipped.append((name, why))

    def lines(self) -> list[str]:
        """In words."""
        flagged = ", ".join(f"{count} {what}" for what, count in self.flagged.most_common())
        sizes = ", ".join(f"{count} of {size}" for size, count in self.sizes.most_common(5))
        told = [f"{self.kept} pictures, {self.held} of them held out for measuring"]
        told += [f"sources: {sizes}{' …' if len(self.sizes) > 5 else ''}"] if sizes else []
        told += [f"{self.duplicates} near-duplicates left out"] if self.duplicates else []
        told += [f"looks poor, but kept: {flagged}"] if flagged else []
        return told + ([f"{len(self.skipped)} skipped: see {SKIPPED}"] if self.skipped else [])


def is_held(name: str, share: float) -> bool:
    """Whether a source's pictures are held out: by its name alone, so that a set that grows keeps its split."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") < share * 2**32


class Writer:
    """Writes a set. The folder must be new or empty. Raises UsageError, and MediaError when the disk is full."""

    def __init__(self, folder: Path, held: float) -> None:
        self.folder, self.held, self.report = folder, held, Report()
        if any(make_folder(folder).iterdir()):
            raise UsageError(f"{folder} is not empty; give a new folder")
        for split in SPLITS:
            make_folder(folder / split)
        self._list = (folder / LIST).open("w", encoding="utf-8")
        self._digest = hashlib.sha256()

    def add(self, image: Any, source: str, text: str = "", **more: Any) -> None:
        """Keep a PIL picture. source: what it came from, for the split and the list."""
        split = "held" if is_held(source, self.held) else "train"
        name = f"{split}/{self.report.kept:06}.png"
        try:
            image.save(self.folder / name)
            self._digest.update(hashlib.sha256((self.folder / name).read_bytes()).digest())
            row = {"file_name": name, "text": text, "source": source, **more}
            self._list.write(json.dumps(row, ensure_ascii=False) + "\n")
        except OSError as error:
            raise MediaError(
                f"{self.folder / name}: cannot be written ({error.strerror or error}); {self.report.kept} are there"
            ) from None
        self.report.kept += 1
        self.report.held += split == "held"

    def finish(self, entries: Mapping[str, Any]) -> Path:
        """Write the card. entries: what is known of origin and terms."""
        self._list.close()
        (self.folder / SKIPPED).write_text("".join(f"{n}: {why}\n" for n, why in self.report.skipped), "utf-8")
        counts = {"pictures": self.report.kept, "held": self.report.held, "duplicates": self.report.duplicates,
                  "skipped": len(self.report.skipped), "flagged": dict(self.report.flagged)}  # fmt: skip
        lines = [f"version = {VERSION}", f'sha256 = "{self._digest.hexdigest()}"']
        lines += [f"{k} = {toml_value(v)}" for k, v in {**counts, **entries}.items()]
        fresh = self.folder / (CARD + ".new")
        fresh.write_text("\n".join(lines) + "\n", "utf-8")
        os.replace(fresh, self.folder / CARD)
        return self.folder / CARD


def read_data_card(folder: Path) -> dict[str, Any]:
    """The data card of a set. Raises UsageError when it is missing or broken."""
    try:
        return tomllib.loads((folder / CARD).read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{folder}: no {CARD} here; make a set with `perform dataset`") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{folder / CARD}: cannot be read ({error})") from None


def card_hash(folder: Path) -> str:
    """The hash of the card itself: what a model's card names."""
    return hashlib.sha256((folder / CARD).read_bytes()).hexdigest()


def entries(folder: Path, split: str = "train") -> Iterator[tuple[Path, str]]:
    """(picture, caption) of a set, in its order. Names that lead out of the folder are an error."""
    read_data_card(folder)
    for number, line in enumerate((folder / LIST).read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            name, text = str(row["file_name"]), str(row.get("text", ""))
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{folder / LIST}:{number}: not a line of a picture set") from None
        path = Path(name)
        if path.is_absolute() or ".." in path.parts:
            raise UsageError(f"{folder / LIST}:{number}: {name!r} leads out of the set")
        if path.parts[0] == split:
            yield folder / path, text
