"""`perform project`: a picture of your own into a model's latent space."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from perform.commands.arguments import say
from perform.core.errors import UsageError


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    project = commands.add_parser("project", parents=[shared], help="find a picture in a model", allow_abbrev=False)
    project.add_argument("image", type=Path, metavar="IMAGE", help="the picture; its middle square is taken")
    project.add_argument("--model", required=True, metavar="M", help="name, folder or checkpoint")
    project.add_argument("--name", metavar="N", help="of the latent; that of the picture unless given")
    project.add_argument("--steps", type=int, default=600, metavar="N", help="how long to look (default 600)")
    project.add_argument("--out", type=Path, metavar="DIR", help="for state, preview and film (default: the latent's)")
    project.add_argument("--device", default="auto", help=argparse.SUPPRESS)
    project.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, keep the latent, make the film. The same command goes on where it was stopped."""
    from perform.progress import ProgressBar
    from perform.studio import open as studio
    from perform.studio.project import film, project
    from perform.studio.sheet import read_picture

    if not 20 <= args.steps <= 100_000:
        raise UsageError(f"--steps {args.steps}: between 20 and 100000")
    name = studio.latent_name(args.name, args.image.stem)
    out = args.out or studio.latents_folder() / name
    network = studio.open_network(args.model, args.device)
    read_picture(args.image, 8)  # a bad file is said before anything is begun
    with ProgressBar(sys.stderr, "looking", "step") as progress:
        found = project(network, args.image, out, args.steps, progress)
    made = {"by": "perform project", "picture": args.image.name, "steps": args.steps, "measure": found.measure,
            "distance": round(found.distance, 5)}  # fmt: skip
    folder = studio.keep(network, name, found.ws, made)
    film(network, read_picture(args.image, network.resolution), found.ws, out / "way.mp4")
    say(f"distance {found.start:.3f} -> {found.distance:.3f} ({found.measure}); kept in {folder}, film in {out}")
    say(f"play it: in a preset, deck.a.params: latent = {name!r}; latent_at = 0..1 is the way there")
    return 0
