"""Kinds of argument that the commands share, and how they speak to the person at the terminal."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from perform.core.errors import UsageError


def size(text: str) -> tuple[int, int]:
    """`1280x720` as (1280, 720)."""
    from perform.options import parse_size

    try:
        return parse_size(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> float:
    """A number over 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number over 0")
    return value


def whole(text: str) -> int:
    """A whole number over 0."""
    if not text.isdecimal() or not 0 < int(text) < 10**7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number over 0")
    return int(text)


def port(text: str) -> int:
    """A port, or -1 for none."""
    try:
        value = int(text)
    except ValueError:
        value = -2
    if not -1 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0..65535, or -1 for none)")
    return value


def target(text: str) -> str:
    """`HOST:PORT` or `HOST:PORT=GROUPS`, checked."""
    from perform.osc_targets import parse_out

    try:
        parse_out(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def not_negative(text: str) -> float:
    """A number from 0 on."""
    return 0.0 if text in ("0", "0.0") else positive(text)


def say(line: str) -> None:
    """One line for the person, beside the output proper."""
    print(line, file=sys.stderr, flush=True)


def look_options() -> argparse.ArgumentParser:
    """What play and render have in common."""
    look = argparse.ArgumentParser(add_help=False)
    look.add_argument("--preset", metavar="NAME", help="a look; see `perform list presets`")
    look.add_argument("--set", metavar="NAME", help="ordered cues, from the first on; see `perform list sets`")
    look.add_argument("--source", metavar="SOURCE", help="model:, shader:NAME, image:, video:FILE, camera, testcard")
    look.add_argument("--model", metavar="NAME", help="short for --source model:NAME; a folder works too")
    look.add_argument("--size", type=size, metavar="WxH", help="of the picture, like 1280x720")
    look.add_argument("--fps", type=positive, metavar="N", help="frames a second")
    look.add_argument("--seed", type=int, metavar="N", help="start from this seed of the model")
    look.add_argument("--channels", metavar="1,2", help="which channels of the sound to use, from 1")
    look.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="where the model runs")
    look.add_argument("--start", type=not_negative, default=0.0, metavar="S", help="begin this far into the sound")
    look.add_argument("--safe", action="store_true", help="at most three flashes a second, for public places")
    look.add_argument("--seconds", type=positive, metavar="S", help="stop after this long")
    return look


def _source(args: argparse.Namespace) -> str | None:
    if args.source and args.model:
        raise UsageError("--model X is short for --source model:X; give one of the two")
    return args.source or (f"model:{args.model}" if args.model else None)


def options(args: argparse.Namespace) -> Any:
    """What `look_options` parsed, as Options."""
    from perform.options import Options
    from perform.room import SAFE, Room

    return Options(
        audio=args.audio, channels=args.channels, preset=args.preset, set_name=args.set, source=_source(args),
        size=args.size, device=args.device, fps=args.fps, start_s=args.start, seconds=args.seconds, seed=args.seed,
        room=SAFE if args.safe else Room(),
    )  # fmt: skip


def progress_bar(doing: str = "rendering", unit: str = "frame") -> Any:
    """A bar on stderr with the time left; use it in a `with`."""
    from perform.progress import ProgressBar

    return ProgressBar(sys.stderr, doing, unit)
