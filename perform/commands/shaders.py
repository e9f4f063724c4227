"""`perform shaders`: look at shader files before a show, and give those that were set aside another chance."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import positive, say, size
from perform.core.errors import ShaderError, UsageError

MAX_FRAMES = 1000


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command and its two words."""
    shaders = commands.add_parser("shaders", help="check shader files", allow_abbrev=False)
    words = shaders.add_subparsers(dest="word", metavar="check|retry", required=True)
    check = words.add_parser("check", parents=[shared], help="run files through the real pipeline", allow_abbrev=False)
    check.add_argument("paths", nargs="*", metavar="PATH", help="files, folders or names; none: all that are found")
    check.add_argument("--json", action="store_true", help="a list of objects: path, class, kind, message, ms")
    check.add_argument("--frames", type=_frames, default=4, metavar="N", help="frames that each one draws (default 4)")
    check.add_argument("--size", type=size, default=(160, 90), metavar="WxH", help="of the frames (default 160x90)")
    check.add_argument("--timeout", type=positive, default=60.0, metavar="S", help="seconds for one file (default 60)")
    check.add_argument("--baseline", type=Path, metavar="FILE", help="known exceptions: an earlier --json")
    check.set_defaults(run=run_check)
    retry = words.add_parser(
        "retry", parents=[shared], help="try shaders again that hung or crashed", allow_abbrev=False
    )
    retry.add_argument("names", nargs="*", metavar="NAME", help="names or files; none: show what is set aside")
    retry.add_argument("--all", action="store_true", help="all of them")
    retry.set_defaults(run=run_retry)


def _frames(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_FRAMES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of frames (1..{MAX_FRAMES})")
    return int(text)


def run_check(args: argparse.Namespace) -> int:
    """Check files; exit 0 when nothing is worse than the baseline."""
    from perform.trial.check import files_of, read_baseline, summary, sweep, worse

    baseline = read_baseline(args.baseline) if args.baseline is not None else {}
    files = files_of(args.paths)
    outcomes = []
    for outcome in sweep(files, args.frames, args.size, args.timeout):
        outcomes.append(outcome)
        if not args.json:
            message = " ".join(outcome.message.split())
            print(f"{outcome.outcome:8} {outcome.ms:9.2f} ms  {outcome.path}{': ' + message if message else ''}")
    if args.json:
        print(json.dumps([outcome.row() for outcome in outcomes], indent=1))
    failing = worse(outcomes, baseline)
    say(summary(outcomes) + (f"; {len(failing)} worse than expected" if failing else ""))
    return ShaderError.exit_code if failing else 0


def run_retry(args: argparse.Namespace) -> int:
    """Show what is set aside, or let it be tried again."""
    from perform.trial.verdicts import Verdicts

    kept = Verdicts()
    aside = kept.set_aside()
    if not args.names and not args.all:
        for verdict in aside:
            print(f"{verdict.path}: {verdict.message}")
        say(f"{len(aside)} set aside" + ("; `perform shaders retry NAME` or --all tries again" if aside else ""))
        return 0
    wanted = [v for v in aside if args.all or _named(v.path, args.names)]
    if not wanted and not args.all:
        raise UsageError(f"nothing is set aside under {', '.join(args.names)}; `perform shaders retry` shows what is")
    for verdict in wanted:
        kept.forget(verdict.digest)
        say(f"{verdict.path} will be tried again")
    return 0


def _named(path: str, names: list[str]) -> bool:
    return any(name in (path, Path(path).stem, Path(path).name) or Path(name).resolve() == Path(path) for name in names)
