"""From networks in training to a model folder with its card, which a running show can play at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perform.core.card import FILE
from perform.core.card_text import card_text
from perform.train.place import replacing

from .shape import Micro, save

DATA = "Captioned pictures drawn by this project's own rules (perform/train/scenes; perform/train/rules beside)."
ABOUT = "Words for colours, forms and moods, painted in one step: marble, rings, pearls, silk, lightning and more."

PROMPT = "violet and turquoise nebula"
"""What it paints when nothing is said."""


def export(micro: Micro, folder: Path, training: Mapping[str, Any]) -> Path:
    """Write the model folder: whole, or not at all. training: what the card tells of how it was made."""
    with replacing(folder) as fresh:
        save(micro, fresh)
        files = sorted(p for p in fresh.rglob("*") if p.is_file())
        for path in files:
            path.chmod(0o644)
        hashes = {p.relative_to(fresh).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
        entries = {"name": folder.name, "kind": "diffusion", "title": folder.name.capitalize(), "description": ABOUT,
                   "author": "the perform authors", "licence": "Apache-2.0"}  # fmt: skip
        entries |= {"architecture": {"prompt": PROMPT, "native": 256}}
        entries |= {"training": {"data": DATA, **training}, "files": hashes}
        (fresh / FILE).write_text(card_text(entries), "utf-8")
    return folder
