"""A network of one's own: a namespace whose loopback carries multicast, so that no packet leaves the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UP = "ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo"


@cache
def missing() -> str | None:
    """What is lacking for `alone`, or None."""
    lacking = [tool for tool in ("unshare", "ip", "bash") if shutil.which(tool) is None]
    if lacking:
        return f"{', '.join(lacking)} (apt: util-linux iproute2)"
    tried = subprocess.run(["unshare", "-n", "bash", "-c", UP], capture_output=True, text=True, check=False, timeout=20)
    return None if tried.returncode == 0 else f"the right to make a network namespace ({tried.stderr.strip()[:80]})"


def alone(*programs: Sequence[str], cwd: Path, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Run Python programs in one namespace of their own: all but the last in the background, until that one ends.

    Each is a list of arguments to this Python. What comes back is of the last.
    """
    words = [" ".join(f"'{word}'" for word in (sys.executable, *program)) for program in programs]
    background = "".join(f"{word} </dev/null >/dev/null 2>peer_{n}.txt & " for n, word in enumerate(words[:-1]))
    script = f"{UP} && {{ {background} {words[-1]}; code=$?; kill $(jobs -p) 2>/dev/null; exit $code; }}"
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    return subprocess.run(
        ["unshare", "-n", "bash", "-c", script], cwd=cwd, env=env, capture_output=True, text=True, check=False,
        timeout=seconds, stdin=subprocess.DEVNULL,
    )  # fmt: skip
