"""`perform analyze`: what a live show would hear in a sound, as beats, features, a table, a picture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import not_negative, positive, progress_bar, say
from perform.core.errors import UsageError


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    about = "what a live show would hear in a sound: tempo, beats, bars, sections, features"
    analyze = commands.add_parser("analyze", parents=[shared], help=about, description=about, allow_abbrev=False)
    analyze.add_argument("audio", metavar="AUDIO", help="a sound file, or synth (with --seconds)")
    analyze.add_argument("--beats", type=Path, metavar="OUT.beats", help="one line a beat: time, beat in bar, told at")
    analyze.add_argument("--features", type=Path, metavar="OUT.npz", help="every feature of every hop, for numpy")
    analyze.add_argument("--plot", type=Path, metavar="OUT.png", help="a picture; long sounds take several pages")
    analyze.add_argument("--json", action="store_true", help="the summary as JSON on standard output")
    analyze.add_argument("--ahead", type=not_negative, default=0.0, metavar="S", help="tell beats S before they fall")
    analyze.add_argument("--start", type=not_negative, default=0.0, metavar="S", help="begin this far into the sound")
    analyze.add_argument("--seconds", type=positive, metavar="S", help="stop after this long")
    analyze.add_argument("--channels", metavar="1,2", help="which channels of the sound to use, from 1")
    analyze.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Analyse one sound."""
    from perform.analysis.run import Request, analyze
    from perform.analysis.summary import table_of

    outputs = [path for path in (args.beats, args.features, args.plot) if path is not None]
    if len({path.absolute() for path in outputs}) < len(outputs):
        raise UsageError("two outputs of analyze have the same name; give each file a name of its own")
    if args.plot is not None and args.plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {args.plot}: a picture ends in .png")
    request = Request(
        args.audio, args.beats, args.features, args.plot, args.ahead, args.start, args.seconds, args.channels
    )
    with progress_bar("hearing", "second") as progress:
        summary = analyze(request, say, progress)
    if args.json:
        print(json.dumps(summary, indent=1))
    else:
        print(table_of(summary))
        for name in summary["written"]:
            say(f"wrote {name}")
    return 0
