"""`perform surface`: a ready file for TouchOSC or Open Stage Control, made from a look's parameters."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from perform.commands.arguments import say

PROGRAMS = ("touchosc", "open-stage-control")
DEVICES = ("tablet", "phone")


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    surface = commands.add_parser(
        "surface", parents=[shared], help="a file for TouchOSC or Open Stage Control", allow_abbrev=False
    )
    surface.add_argument("program", choices=PROGRAMS)
    surface.add_argument("out", type=Path, metavar="OUT", help="the file (.tosc or .json), or a folder for it")
    surface.add_argument("--preset", metavar="NAME", help="the look whose controls it has; see `perform list presets`")
    surface.add_argument("--for", dest="device", choices=DEVICES, default="tablet", help="how many fit on a page")
    surface.add_argument("--force", action="store_true", help="write over a file that is there")
    surface.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    from perform.content import find_preset
    from perform.options import DEFAULT_PRESET
    from perform.surface.make import make

    say(make(args.program, find_preset(args.preset or DEFAULT_PRESET), args.out, args.device, args.force))
    return 0
