"""`perform doctor`: can the show run here?"""

from __future__ import annotations

import argparse
import json
from typing import Any

EXIT_NOT_READY = 69


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command."""
    doctor = commands.add_parser("doctor", parents=[shared], help="can the show run here?", allow_abbrev=False)
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every check; exit 0 when the show can run."""
    from dataclasses import asdict

    from perform.doctor import diagnose, ready

    checks = diagnose()
    if args.json:
        print(json.dumps({"ready": ready(checks), "checks": [asdict(c) for c in checks]}, indent=1, default=str))
    else:
        for check in checks:
            mark = "ok     " if check.ok else "MISSING" if check.needed else "without"
            print(f"{mark}  {check.name}: {check.found}")
            if not check.ok:
                print(f"           why: {check.why}\n           fix: {check.fix}")
        print("the show can run" if ready(checks) else "the show cannot run yet: see MISSING above")
    return 0 if ready(checks) else EXIT_NOT_READY
