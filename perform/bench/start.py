"""From the command to the first picture, in processes of their own, as a person would start it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import Any

from perform.core.errors import PerformError

PLAY = "-m perform.cli play --display offscreen --seconds 2 --osc-port -1 --size 640x360 --device cpu --json".split()


def _once() -> tuple[float, float]:
    """(seconds to the first picture of the model, seconds of `perform --version`)."""
    began_s = time.monotonic()
    subprocess.run([sys.executable, "-m", "perform.cli", "--version"], check=True, capture_output=True)
    light_s = time.monotonic() - began_s
    done = subprocess.run([sys.executable, *PLAY], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PerformError(f"the show did not start: {done.stderr.strip().splitlines()[-1:]}")
    first_s = json.loads(done.stdout)["first_picture_s"]
    if first_s is None:
        raise PerformError("two seconds of show brought no picture of the model")
    return float(first_s), light_s


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Several starts; medians."""
    starts = [_once() for _ in range(1 if quick else 5)]
    first, light = zip(*starts, strict=True)
    return [
        {"what": "command to first picture", "s_p50": round(statistics.median(first), 3), "s_max": max(first)},
        {"what": "perform --version", "s_p50": round(statistics.median(light), 3)},
    ]
