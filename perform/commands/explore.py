"""`perform explore`: contact sheets of a model: seeds, directions, layers, truncation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from perform.commands.arguments import say
from perform.core.errors import UsageError
from perform.whole_file import make_folder


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    explore = commands.add_parser("explore", parents=[shared], help="contact sheets of a model", allow_abbrev=False)
    explore.add_argument("--model", required=True, metavar="M", help="name, folder or checkpoint")
    explore.add_argument("--out", type=Path, metavar="DIR", help="where to (default: explore_MODEL here)")
    explore.add_argument("--seed", type=int, default=0, metavar="N", help="the first seed, and that of the sweeps")
    explore.add_argument("--seeds", type=int, default=64, metavar="N", help="how many seeds (default 64)")
    explore.add_argument("--directions", type=int, default=8, metavar="N", help="how many directions, at most 8")
    explore.add_argument("--side", type=int, default=160, metavar="PX", help="of each picture (default 160)")
    explore.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    explore.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Paint and lay out."""
    from perform.progress import ProgressBar
    from perform.studio import open as studio
    from perform.studio.explore import explore

    for what, value, most in (
        ("seeds", args.seeds, 1024),
        ("directions", args.directions, 8),
        ("side", args.side, 2048),
    ):
        if not 1 <= value <= most:
            raise UsageError(f"--{what} {value}: between 1 and {most}")
    instrument = studio.open_instrument(args.model, args.device)
    out = args.out or Path(f"explore_{studio.latent_name(None, Path(args.model).stem)}")
    make_folder(out)
    with ProgressBar(sys.stderr, "painting", "picture") as progress:
        index = explore(instrument, out, progress, seed=args.seed, seeds=args.seeds, directions=args.directions,
                        side=args.side)  # fmt: skip
    say(f"look at {index}")
    return 0
