"""`perform train measure`: what a model is worth, in figures and in pictures for the eye."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import not_negative, progress_bar, say
from perform.core.errors import UsageError
from perform.whole_file import make_folder

SHEET, FPS = 64, 15.0


def mount_measure(kinds: Any, shared: argparse.ArgumentParser) -> None:
    """Mount `perform train measure`."""
    measure = kinds.add_parser("measure", parents=[shared], allow_abbrev=False,
                               help="a model's sheet and walk, and its figures beside a picture set")  # fmt: skip
    measure.add_argument("model", metavar="MODEL", help="name or folder")
    measure.add_argument("data", nargs="?", type=Path, metavar="SET", help="a folder that `perform dataset` made")
    measure.add_argument("--out", type=Path, default=Path("measured"), metavar="DIR", help="for pictures and figures")
    measure.add_argument("--count", type=int, default=256, metavar="N", help="pictures that are measured (default 256)")
    measure.add_argument(
        "--inception", type=Path, metavar="FILE", help="weights of Inception v3 that you have, for FID"
    )
    measure.add_argument("--walk", type=not_negative, default=10.0, metavar="S", help="seconds of it; 0: none")
    measure.add_argument("--side", type=int, default=160, metavar="PX", help="most of a picture of the walk")
    measure.add_argument("--quality", type=int, default=50, metavar="Q", help="of the walk, 1 to 100 (default 50)")
    measure.add_argument("--json", action="store_true", help="print the figures")
    measure.set_defaults(run=run_measure)


def run_measure(args: argparse.Namespace) -> int:
    """Look, walk, compare."""
    from perform.studio.open import model_folder
    from perform.train import inception, worth
    from perform.train.dataset.store import entries
    from perform.train.shown import shown

    if args.count < 8 or not 1 <= args.quality <= 100 or args.side < 16:
        raise UsageError("--count at least 8, --side at least 16, --quality 1 to 100")
    if args.inception is not None and args.data is None:
        raise UsageError("--inception measures against a picture set: name one after the model")
    network = inception.read(args.inception) if args.inception is not None else None
    folder = model_folder(args.model)
    make_folder(args.out)
    captions = [text for _, text in entries(args.data, "held") if text] if args.data is not None else []
    model = shown(folder, captions)
    held = _held_out(args.data, model.side) if args.data is not None else None
    worth.grid(model.pictures(SHEET, 0), args.out / "sheet.jpg")
    if args.walk:
        frames = model.walk(max(2, round(args.walk * FPS)))
        worth.moving(frames, args.out / "walk.webp", FPS, args.side, args.quality)
    if held is None:
        say(f"sheet and walk are in {args.out}; name a picture set for figures")
        return 0
    found = _beside(args, model, network, held)
    (args.out / "measures.json").write_text(json.dumps({"model": folder.name, **found}, indent=1) + "\n", "utf-8")
    if args.json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            say(f"{name} {value}")
    if network is None:
        say("FID: not taken; it needs weights of Inception v3 that you have: --inception FILE")
    return 0


def _held_out(data: Path, side: int) -> Any:
    """The pictures of a set that no training saw, [n, 3, side, side] uint8. Raises UsageError for too few."""
    from perform.train.adversarial.pictures import load

    held = load(data, side, "held")
    if len(held) < 8:
        raise UsageError(f"{data}: {len(held)} held-out pictures; eight are the least (--held of `perform dataset`)")
    return held


def _beside(args: argparse.Namespace, model: Any, network: Any, held: Any) -> dict[str, float]:
    """Figures beside the set, and the picture of neighbours."""
    from perform.train import inception, worth
    from perform.train.adversarial.pictures import load

    held, taught = (some.float() / 127.5 - 1 for some in (held[: args.count], load(args.data, model.side, "train")))
    with progress_bar("painting", "picture") as progress:
        painted = model.pictures(args.count, worth.FIRST)
        progress(args.count, args.count)
    found = worth.figures(model, held, taught, painted)
    worth.neighbours(painted, taught, args.out / "neighbours.jpg")
    return found | (inception.fid(network, taught, painted) if network is not None else {})
