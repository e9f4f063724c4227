"""`perform render`: the same engine, offline."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import look_options, options, progress_bar, say


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    render = commands.add_parser("render", parents=[shared, look_options()], help="render offline", allow_abbrev=False)
    render.add_argument("audio", metavar="AUDIO", help="a sound file, or synth")
    render.add_argument("out", nargs="?", type=Path, metavar="OUT.mp4", help="a film with the sound in it")
    render.add_argument("--frames", type=Path, metavar="DIR", help="every frame as a PNG")
    render.add_argument("--json", action="store_true", help="print a summary with the hash of all pixels")
    render.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Render to a film and/or pictures."""
    from dataclasses import replace

    from perform.render import render

    asked = replace(options(args), record=args.out, frames=args.frames)
    with progress_bar() as progress:
        summary = render(asked, say, progress)
    if args.json:
        print(json.dumps(summary, indent=1))
    else:
        say(f"{summary['frames']} frames, {summary['seconds']:g} s -> {args.out or args.frames}")
    return 0
