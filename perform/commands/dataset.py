"""`perform dataset`: pictures to train on, drawn by shaders or gathered from a folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import positive, progress_bar, say
from perform.core.errors import UsageError

SIDES = (16, 2048)


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command and its ways."""
    parser = commands.add_parser("dataset", parents=[shared], help="make a picture set to train on", allow_abbrev=False)
    ways = parser.add_subparsers(dest="way", metavar="from-shaders|from-rules|from-folder", required=True)
    _mount_shaders(ways, shared)
    _mount_rules(ways, shared)
    _mount_folder(ways, shared)


def _shared_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=256, metavar="PX", help="side of the pictures (default 256)")
    parser.add_argument("--held", type=_share, default=0.05, metavar="SHARE", help="held out for measuring (0.05)")
    parser.add_argument("--json", action="store_true", help="print the report")


def _mount_shaders(ways: Any, shared: argparse.ArgumentParser) -> None:
    parser = ways.add_parser("from-shaders", parents=[shared], help="paint generators over random parameters",
                             allow_abbrev=False)  # fmt: skip
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("shaders", nargs="*", metavar="SHADER", help="names, files or folders; none: all generators")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="pictures (default 1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--oversample", type=int, default=2, choices=(1, 2, 3, 4), help="draw larger, average down")
    _shared_options(parser)
    parser.set_defaults(run=run_shaders)


def _mount_rules(ways: Any, shared: argparse.ArgumentParser) -> None:
    parser = ways.add_parser("from-rules", parents=[shared], help="draw the rules that the shipped painter was taught",
                             allow_abbrev=False)  # fmt: skip
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="pictures (default 1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--oversample", type=int, default=1, choices=(1, 2, 3, 4), help="draw larger, average down")
    parser.add_argument(
        "--words", action="store_true", help="the captioned scenes of the micro diffusion model instead"
    )
    parser.add_argument("--families", type=_families, metavar="A,B", help="of rules, only these (default all)")
    _shared_options(parser)
    parser.set_defaults(run=run_rules)


def _mount_folder(ways: Any, shared: argparse.ArgumentParser) -> None:
    parser = ways.add_parser("from-folder", parents=[shared], help="gather pictures and frames of films",
                             allow_abbrev=False)  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of pictures and films, at any depth")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--crop", choices=("centre", "tiles"), default="centre", help="one square, or all that fit")
    parser.add_argument("--every", type=positive, default=1.0, metavar="S", help="between two frames of a film (1 s)")
    parser.add_argument("--text", default="", help="a caption for all that have no .txt beside them")
    parser.add_argument("--licence", default="", help="the terms of these pictures")
    parser.add_argument("--author", default="", help="who made them")
    _shared_options(parser)
    parser.set_defaults(run=run_folder)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 0.9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share of 0 to 0.9")
    return value


def _families(text: str) -> tuple[str, ...]:
    from perform.train.rules import chosen

    try:
        return chosen(text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def _check_size(size: int) -> None:
    if not SIDES[0] <= size <= SIDES[1]:
        raise UsageError(f"--size {size}: between {SIDES[0]} and {SIDES[1]} px")


def run_shaders(args: argparse.Namespace) -> int:
    """Paint a set."""
    from perform.train.dataset.shaders import Wish, from_shaders

    _check_size(args.size)
    if args.count < 1:
        raise UsageError(f"--count {args.count}: at least 1")
    wish = Wish(args.count, args.size, args.seed, args.oversample, args.held)
    with progress_bar("painting", "picture") as progress:
        writer = from_shaders(args.shaders, args.out, wish, progress)
    return _tell(writer, args)


def run_rules(args: argparse.Namespace) -> int:
    """Draw a set by rule."""
    from perform.train.dataset.rules import Wish, from_rules
    from perform.train.rules import FAMILIES

    _check_size(args.size)
    if args.count < 1:
        raise UsageError(f"--count {args.count}: at least 1")
    wish = Wish(args.count, args.size, args.seed, args.oversample, args.held, args.words, args.families or FAMILIES)
    with progress_bar("drawing", "picture") as progress:
        writer = from_rules(args.out, wish, progress)
    return _tell(writer, args)


def run_folder(args: argparse.Namespace) -> int:
    """Gather a set."""
    from perform.train.dataset.gather import Wish, gather

    _check_size(args.size)
    wish = Wish(args.size, args.crop, args.every, args.text, args.held, args.licence, args.author)
    with progress_bar("gathering", "file") as progress:
        writer = gather(args.folder, args.out, wish, progress)
    if not args.licence:
        say("the licence of these pictures is written down as unknown; say it with --licence")
    return _tell(writer, args)


def _tell(writer: Any, args: argparse.Namespace) -> int:
    report = writer.report
    if args.json:
        print(json.dumps({"folder": str(writer.folder), "kept": report.kept, "held": report.held,
                          "duplicates": report.duplicates, "sizes": dict(report.sizes), "flagged": dict(report.flagged),
                          "skipped": [list(s) for s in report.skipped]}, indent=1))  # fmt: skip
    for line in report.lines():
        say(line)
    say(f"the set is in {writer.folder}; its card is {writer.folder / 'data.toml'}")
    return 0
