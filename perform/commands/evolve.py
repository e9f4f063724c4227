"""`perform evolve`: breed a latent towards a text, judged by a CLIP of your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from perform.commands.arguments import say
from perform.core.errors import UsageError


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    evolve = commands.add_parser("evolve", parents=[shared], help="breed a latent towards words", allow_abbrev=False)
    evolve.add_argument("--model", required=True, metavar="M", help="name, folder or checkpoint")
    evolve.add_argument("--text", required=True, metavar="TEXT", help="what the picture should show")
    evolve.add_argument("--clip", type=Path, metavar="DIR", help="a CLIP in the layout of transformers")
    evolve.add_argument("--generations", type=int, default=60, metavar="N", help="how long (default 60)")
    evolve.add_argument("--name", metavar="N", help="of the latent; made of the text unless given")
    evolve.add_argument("--seed", type=int, default=1, metavar="N", help="of the breeding")
    evolve.add_argument("--out", type=Path, metavar="DIR", help="for state and sheets (default: the latent's)")
    evolve.add_argument("--device", default="auto", help=argparse.SUPPRESS)
    evolve.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Breed, keep the best. The same command goes on where it was stopped."""
    import numpy as np

    from perform.progress import ProgressBar
    from perform.studio import open as studio
    from perform.studio.clip import Judge, find_clip
    from perform.studio.evolve import evolve

    if not args.text.strip() or len(args.text) > 500:
        raise UsageError("--text should be 1 to 500 characters")
    if not 1 <= args.generations <= 10_000:
        raise UsageError(f"--generations {args.generations}: between 1 and 10000")
    name = studio.latent_name(args.name, args.text)
    out = args.out or studio.latents_folder() / name
    judge = Judge(find_clip(args.clip), args.text)
    network = studio.open_network(args.model, args.device)
    with ProgressBar(sys.stderr, "breeding", "generation") as progress:
        breed = evolve(network, judge, out, args.generations, progress, args.seed, args.text)
    ws = np.repeat(np.stack(breed.way)[:, None], network.num_ws, axis=1)
    made = {"by": "perform evolve", "text": args.text, "generations": breed.done, "seed": args.seed,
            "score": round(breed.best, 5)}  # fmt: skip
    folder = studio.keep(network, name, ws, made)
    say(f"score {breed.best:.3f} after {breed.done} generations; kept in {folder}, sheets in {out}")
    return 0
