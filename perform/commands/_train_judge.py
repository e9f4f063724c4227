"""`perform train judge`: how far a diffusion model follows the words, by a classifier of our own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import positive, progress_bar, say
from perform.core.errors import UsageError


def mount_judge(kinds: Any, shared: argparse.ArgumentParser) -> None:
    """Mount `perform train judge`."""
    judge = kinds.add_parser("judge", parents=[shared], allow_abbrev=False,
                             help="a classifier of colour and form, and its verdict on a model")  # fmt: skip
    judge.add_argument("--model", default="lumen", metavar="M", help="name or folder (default lumen)")
    judge.add_argument("--out", type=Path, default=Path("trained_judge"), metavar="DIR", help="where to work")
    judge.add_argument("--pictures", type=int, default=8_000, metavar="N", help="the judge learns from (8000)")
    judge.add_argument("--seed", type=int, default=5, metavar="N", help="of what it learns from (default 5)")
    judge.add_argument("--samples", type=int, default=8, metavar="N", help="pictures of each of 30 prompts (default 8)")
    judge.add_argument("--steps", type=int, default=1, metavar="N", help="the model paints in (default 1)")
    judge.add_argument("--guidance", type=positive, default=1.0, metavar="G", help="of the model (default 1)")
    judge.add_argument("--words", default="", metavar="W", help="put before every prompt")
    judge.add_argument("--json", action="store_true", help="print the figures")
    judge.set_defaults(run=run_judge)


def run_judge(args: argparse.Namespace) -> int:
    """Teach the judge, unless DIR holds it; paint; say how many agree."""
    import torch

    from perform.studio.open import model_folder
    from perform.train.micro import judge as judging
    from perform.train.micro import verdict

    if args.pictures < judging.FRESH or args.samples < 1:
        raise UsageError(f"--pictures at least {judging.FRESH}, --samples at least 1")
    folder = model_folder(args.model)
    kept = args.out / "judge.safetensors"
    lesson = judging.Lesson(args.pictures, args.seed)
    if kept.is_file():
        judge = judging.load(kept)
    else:
        torch.manual_seed(args.seed)
        judge = judging.Judge()
        with progress_bar("teaching the judge", "picture") as progress:
            judging.teach(judge, lesson, progress)
        judging.save(judge, lesson, kept)
    trust = {side: judging.held_out(judge, side=side, count=n) for side, n in verdict.HELD_OUT.items()}
    wish = verdict.Wish(args.samples, steps=args.steps, guidance=args.guidance, words=args.words)
    with progress_bar("painting", "picture") as progress:
        pictures = verdict.paint(folder, verdict.PROMPTS, wish, progress)
    found = verdict.verdict(judge, pictures, verdict.PROMPTS)
    verdict.sheet(pictures, found, args.out / "judged.jpg")
    whole = {"model": folder.name, "judge_on_held_out": {f"{k}_px": v for k, v in trust.items()}, **found}
    (args.out / "verdict.json").write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    if args.json:
        print(json.dumps(whole, indent=1))
    for side, row in trust.items():
        told = f"{row['colour']:.1%} of colours ({row['one_colour']:.1%} of single ones), {row['family']:.1%} of forms"
        say(f"the judge reads {told}, {side} px, unseen pictures")
    for what, aim in (("colour", verdict.COLOUR_AIM), ("family", verdict.FAMILY_AIM)):
        met = "met" if found[what] >= aim else "missed"
        say(f"{folder.name}: {what} agrees in {found[what]:.1%} of {found['pictures']} pictures (aim {aim:.0%}: {met})")
    say(f"the sheet is {args.out / 'judged.jpg'}")
    return 0
