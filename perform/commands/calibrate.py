"""`perform calibrate`: the delays of a room, into its venue file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import say

EXIT_NOT_FOUND = 69
ASK = "ask"


def _delay(text: str) -> float | str:
    """Milliseconds as a number, or nothing given."""
    if text == ASK:
        return ASK
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -200.0 <= value <= 500.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no delay in milliseconds (-200 to 500)")
    return value / 1000.0


def _clicks(text: str) -> int:
    if not text.isdecimal() or not 3 <= int(text) <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of clicks (3 to 60)")
    return int(text)


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    calibrate = commands.add_parser(
        "calibrate", parents=[shared], help="find the delays of this room", allow_abbrev=False,
        description="Clicks go out of the loudspeaker and in at the microphone; the delay goes into the venue file. "
        "With --display-delay a pattern is shown instead, and you say when light and sound meet.",
    )  # fmt: skip
    calibrate.add_argument("--audio", metavar="SOUND", help="what listens: mic (the default) or device:NAME-PART")
    calibrate.add_argument("--venue", type=Path, metavar="FILE", help="the room's file, read and written")
    calibrate.add_argument("--clicks", type=_clicks, default=10, metavar="N", help="how many clicks (10)")
    calibrate.add_argument(
        "--display-delay", type=_delay, nargs="?", const=ASK, metavar="MS", help="the screen's delay, by eye or given"
    )
    calibrate.add_argument("--monitor", type=int, metavar="N", help="which screen, from 0")
    calibrate.add_argument("--fullscreen", action="store_true")
    calibrate.add_argument("--dry-run", action="store_true", help="measure and tell, write nothing")
    calibrate.add_argument("--json", action="store_true", help="print what was found as JSON")
    calibrate.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, tell, and keep it."""
    from perform.calibrate import venue_path
    from perform.options import Options, find_venue, with_venue

    asked = Options(audio=args.audio, monitor=args.monitor, fullscreen=args.fullscreen, osc_port=-1, midi="none")
    asked, problems = with_venue(asked, find_venue(args.venue) if venue_path(args.venue).is_file() else None)
    for line in problems:
        say(line)
    return _by_eye(args, asked) if args.display_delay is not None else _by_ear(args, asked)


def _by_ear(args: argparse.Namespace, asked: Any) -> int:
    from dataclasses import asdict

    from perform.calibrate import measure

    found = measure(asked, args.clicks, say)
    loop = found.loop
    if loop.problem:
        say(loop.problem)
    else:
        say(
            f"{loop.agreed} of {loop.sent} clicks agree: {1000 * loop.delay_s:.1f} ms out and in again (within "
            f"{1000 * loop.spread_s:.1f} ms): {1000 * found.capture_s:.1f} ms into the computer by {found.input} and "
            f"{1000 * found.playback_s:.1f} ms out of it, as the drivers divide them"
        )
    if found.lost:
        say(f"{found.lost} faults of the sound devices meanwhile: the figure may be off, better measure again")
    if args.json:
        print(json.dumps({**asdict(found), "venue": found.venue() if not loop.problem else {}}, indent=1))
    if loop.problem:
        return EXIT_NOT_FOUND
    _keep(args, found.venue())
    return 0


def _by_eye(args: argparse.Namespace, asked: Any) -> int:
    from perform.calibrate_eye import tune

    delay_s = tune(asked, say) if args.display_delay == ASK else args.display_delay
    if args.json:
        print(json.dumps({"display_delay_s": delay_s}))
    if delay_s is None:
        say("left as it was")
        return 0
    say(f"the display takes {1000 * delay_s:.0f} ms")
    _keep(args, {"display": {"delay_s": round(delay_s, 4)}})
    return 0


def _keep(args: argparse.Namespace, changes: dict[str, dict[str, Any]]) -> None:
    from perform.calibrate import venue_path
    from perform.venue_file import write_venue

    if args.dry_run:
        say("nothing is written (--dry-run)")
        return
    path = venue_path(args.venue)
    write_venue(path, changes)
    keys = ", ".join(f"[{section}] {' '.join(values)}" for section, values in changes.items())
    say(f"kept in {path}: {keys}")
