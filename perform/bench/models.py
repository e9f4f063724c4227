"""What the shipped models are worth beside pictures of their own rules that they never saw. Sheets, walks and nearest
neighbours are made by `perform train measure`; how far words are followed says `perform train judge`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perform.bench.machine import describe
from perform.bench.model import model_folders, timed

SEED = 77
"""Of the pictures beside: none of a training."""
COUNTS = {True: (160, 480), False: (8, 16)}


def run(quick: bool = False) -> dict[str, Any]:
    """One row for each shipped model: figures of `perform.train.worth`, and its speed alone."""
    import torch

    held, taught = COUNTS[not quick]
    rows = []
    with torch.inference_mode():
        for folder in (*model_folders("stylegan2"), *model_folders("diffusion")):
            rows.append(_row(folder, held, taught, quick))
    rows.append({"what": "a training on a graphics card", "note": "not taken: none was there"})
    return {"bench": "models", "machine": describe(), "rows": rows}


def _row(folder: Path, held: int, taught: int, quick: bool) -> dict[str, Any]:
    from perform.core.card import read_card
    from perform.train import worth
    from perform.train.dataset.rules import Wish
    from perform.train.measure import taught_families
    from perform.train.shown import OfWords, Shown, shown

    card = read_card(folder)
    words = card.kind == "diffusion"
    side = (64 if quick else 256) if words else shown(folder).side
    wish = Wish(held + taught, side, SEED, words=words, families=taught_families(card))
    beside, captions = _pictures(range(held), wish)
    known, _ = _pictures(range(held, held + taught), wish)
    model: Shown = OfWords(folder, captions, side) if words else shown(folder)
    found = worth.figures(model, beside, known, model.pictures(held, worth.FIRST))
    number = [0]

    def paint() -> Any:
        number[0] += 1
        return model.pictures(1, number[0])

    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / (1 << 20)
    return {"what": f"{folder.name} {side} px", **found, "mib": round(size, 1), **timed(paint, 3 if quick else 60)}


def _pictures(numbers: range, wish: Any) -> tuple[Any, list[str]]:
    """[n, 3, s, s] of -1..1, and captions."""
    import numpy as np
    import torch

    from perform.train.dataset.rules import drawn

    pairs = list(drawn(numbers, wish))
    whole = torch.from_numpy(np.stack([pixels for pixels, _ in pairs])).permute(0, 3, 1, 2)
    return whole.float() / 127.5 - 1, [text for _, text in pairs]
