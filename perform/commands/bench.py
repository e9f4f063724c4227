"""`perform bench`: measure this machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import say
from perform.core.errors import UsageError


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    bench = commands.add_parser("bench", parents=[shared], help="measure this machine", allow_abbrev=False)
    bench.add_argument("name", nargs="?", metavar="NAME")
    bench.add_argument("--json", action="store_true")
    bench.add_argument("--save", type=Path, metavar="DIR", help="keep the figures there, as JSON and as RESULTS.md")
    bench.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    bench.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run one bench, or all."""
    from perform import bench
    from perform.listing import bench_table

    if args.name and args.name not in bench.NAMES:
        raise UsageError(f"no bench {args.name!r}; there are {', '.join(bench.NAMES)}")
    results = [bench.run(name, args.quick) for name in ([args.name] if args.name else bench.NAMES)]
    if args.save is not None:
        from perform.bench._results import save

        say(f"kept in {save(results, args.save)}")
    if args.json:
        print(json.dumps(results[0] if args.name else results, indent=1))
    else:
        print("\n\n".join(bench_table(result) for result in results))
    return 0
