"""`perform list`: what there is."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    from perform.listing import WHAT

    listing = commands.add_parser("list", parents=[shared], help="what there is", allow_abbrev=False)
    listing.add_argument("what", nargs="?", choices=WHAT)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a table, or JSON."""
    from perform.listing import WHAT, listed, table

    kinds = [args.what] if args.what else list(WHAT)
    found = {kind: listed(kind) for kind in kinds}
    if args.json:
        whole: Any = found[args.what] if args.what else [{"list": k, **row} for k in kinds for row in found[k]]
        print(json.dumps(whole, indent=1, default=str))
        return 0
    for kind in kinds:
        print(f"{kind}:" if not args.what else "", end="\n" if not args.what else "")
        print(table(found[kind]))
    return 0
