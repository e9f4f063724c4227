"""What a recording was made with: models, their hashes and licences, LoRAs, sources, and the words, with their times.

Beside the film as `FILM.manifest.json` (in a folder of pictures as `manifest.json`), and in short in the film itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import perform
from perform.core.card import Card
from perform.core.types import AudioBlock, Moment
from perform.gl.rows import LETTERS
from perform.show import Show

VERSION = 1
MOST_ENTRIES = 10_000
"""Of sources, and of words: a set of a night has a few hundred."""
TRAINED_ON = 1000  # letters of what a card says of its training


def manifest_path(film: str | Path) -> Path:
    """Where the manifest of a film lies."""
    film = Path(film)
    return film.with_name(f"{film.stem}.manifest.json")


def of_card(card: Card) -> dict[str, Any]:
    """What is said of a model."""
    said: dict[str, Any] = {"name": card.name, "kind": card.kind, "title": card.title, "author": card.author}
    said |= {"licence": card.licence, "sha256": card.sha256}
    if card.files:
        said["files"] = dict(card.files)
    if card.source:
        said["source"] = dict(card.source)
    if card.training.get("data"):
        said["trained_on"] = str(card.training["data"])[:TRAINED_ON]
    return said


class Manifest:
    """A Sink: sees every frame that is recorded, and writes the manifest, whole or not at all: when a recording begins,
    when another source comes, when it ends. Thread: the engine's."""

    def __init__(self, show: Show, path: Path, say: Callable[[str], None]) -> None:
        self._show, self._path, self._say = show, path, say
        self._sources: list[dict[str, Any]] = []
        self._words: list[dict[str, Any]] = []
        self._presets: list[dict[str, Any]] = []
        self._known: dict[str, Any] = {}
        self._rows: tuple[int, list[str]] = (-1, [])
        self._began = datetime.now(UTC).isoformat(timespec="seconds")
        self._first_s: float | None = None
        self._written = self._errors = 0
        self._kept = 0  # sources that were written down
        self._look(0.0)
        self._keep()

    def tags(self) -> dict[str, str]:
        """What goes into the film itself: what is known when it begins. ASCII, so that any container holds it."""
        short = [{k: e[k] for k in ("deck", "source", "model", "used") if k in e} for e in self._sources]
        for entry in short:
            model = entry.get("model", {})
            entry["model"] = {k: model[k] for k in ("name", "licence", "sha256") if k in model}
        return {"comment": json.dumps({"perform": perform.__version__, "sources": short, "words": self._words})}

    def table(self) -> dict[str, Any]:
        """The whole of it, as it is written."""
        return {
            "version": VERSION, "perform": perform.__version__, "began": self._began, "presets": self._presets,
            "sources": self._sources, "words": self._words,
        }  # fmt: skip

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Note what is new in this frame."""
        if self._first_s is None:
            self._first_s = moment.seconds
        self._look(moment.seconds - self._first_s)
        self._written += 1
        if len(self._sources) > self._kept:  # rare, and a recording may be cut short
            self._keep()

    def send_audio(self, block: AudioBlock) -> None:
        """Sound is not part of it."""

    def counts(self) -> Mapping[str, int]:
        """See Sink."""
        return {"written": self._written, "dropped": 0, "errors": self._errors}

    def close(self) -> None:
        """Write the whole of it. What cannot be written is said; the film stays."""
        self._keep()

    def _keep(self) -> None:
        self._kept = len(self._sources)
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            part.write_text(json.dumps(self.table(), indent=1, ensure_ascii=False) + "\n", "utf-8")
            os.replace(part, self._path)
        except OSError as error:
            self._errors += 1
            self._say(f"manifest {self._path} cannot be written: {error.strerror}; check the folder and the free space")

    def _look(self, from_s: float) -> None:
        engine, decks = self._show.engine, self._show.decks
        if self._new("preset", self._show.preset.name):
            self._add(self._presets, {"from_s": round(from_s, 3), "name": self._show.preset.name})
        for letter in LETTERS:
            painter = engine.painters.get(letter) or engine.coming.get(letter)
            used = getattr(painter, "used", ())
            if self._new(f"source {letter}", (decks.source(letter), used)) and decks.source(letter):
                entry: dict[str, Any] = {"from_s": round(from_s, 3), "deck": letter, "source": decks.source(letter)}
                card = decks.card(letter)
                entry |= {"model": of_card(card)} if isinstance(card, Card) else {}
                entry |= {"used": [dict(one) for one in used]} if used else {}
                self._add(self._sources, entry)
        for path in self._texts():
            text = str(engine.table.value(path))
            if self._new(path, text) and (text or path in {w["row"] for w in self._words}):
                self._add(self._words, {"from_s": round(from_s, 3), "row": path, "text": text})

    def _texts(self) -> list[str]:
        """Rows of the sources that hold words."""
        table = self._show.engine.table
        if table.revision != self._rows[0]:
            self._rows = (table.revision, [r.name for r in table if r.kind == "text" and "/source/" in r.name])
        return self._rows[1]

    def _new(self, what: str, value: Any) -> bool:
        if self._known.get(what) == value:
            return False
        self._known[what] = value
        return True

    @staticmethod
    def _add(rows: list[dict[str, Any]], entry: dict[str, Any]) -> None:
        if len(rows) < MOST_ENTRIES:
            rows.append(entry)
