"""`perform train`: models of one's own. Offline work, with checkpoints; the same command goes on after a stop."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from perform.commands.arguments import positive, say


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command and what it can teach."""
    train = commands.add_parser("train", parents=[shared], help="teach a model of your own", allow_abbrev=False)
    kinds = train.add_subparsers(dest="kind", metavar="KIND", required=True)
    for mount in (_mount_micro,):
        mount(kinds, shared)


def _mount_micro(kinds: Any, shared: argparse.ArgumentParser) -> None:
    micro = kinds.add_parser("micro", parents=[shared], help="the micro diffusion model, from captioned rules",
                             allow_abbrev=False)  # fmt: skip
    micro.add_argument("--recipe", default="lumen", metavar="R", help="name or .toml file (default lumen)")
    micro.add_argument("--out", type=Path, default=Path("trained_micro"), metavar="DIR", help="where to work")
    micro.add_argument("--minutes", type=positive, metavar="M", help="of work in all, instead of the recipe's")
    micro.set_defaults(run=run_micro)


def run_micro(args: argparse.Namespace) -> int:
    """Teach the micro model."""
    from dataclasses import replace

    from perform.train.micro.teach import read_recipe, teach

    recipe = read_recipe(args.recipe)
    if args.minutes is not None:
        share = recipe.autoencoder_minutes / (recipe.autoencoder_minutes + recipe.painter_minutes)
        recipe = replace(recipe, autoencoder_minutes=args.minutes * share, painter_minutes=args.minutes * (1 - share))
    folder = teach(recipe, args.out)
    say(f"done: perform play --model {folder}")
    return 0
