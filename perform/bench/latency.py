"""From a click in the sound to the first picture that shows it: by hits, and by the beat known ahead.

A live show with the test card plays in a process of its own; every picture is drawn to its end and timed. Three ways
in: a device of our own that delivers blocks on time; PulseAudio's capture of a pipe, which is heard when it is written;
PulseAudio's null sink with a player beside it, whose word on what is heard when is the least exact.

`held` rows leave out what fell into frames that missed their rate, since another program on this machine is no part of
the way; the others count everything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from perform.bench._pulse import PulseServer, missing
from perform.core.errors import PerformError

PRESET = """
version = 1
[deck.a]
source = "testcard"
[params]
"deck/a/level" = 0.0
[[route]]
source = "{source}"
target = "deck/a/level"
depth = 1.0
"""
SLOW_PRESET = """
version = 1
[deck.a]
source = "testcard"
on_beat = "beat"
[deck.a.params]
cost_ms = 80.0
[lfo.turns]
shape = "square"
beats = 2.0
phase = 0.25
""" + "".join(
    f"""[[route]]
source = "lfo/turns"
target = "deck/a/source/{bar}"
depth = 1.0
"""
    for bar in ("level", "bass", "lowmid", "highmid", "treble", "hit")
)
"""A painter that takes 80 ms, on the beat: every other picture is bright."""
SOURCES = {"hits": "audio/onset", "beats": "beat/pulse"}
NAMES = {"hits": "hits", "beats": "beats ahead", "pictures": "80 ms on the beat"}
WHOLE = {
    "fake device": ("hits", "beats", "pictures"),
    "PulseAudio": ("hits", "beats"),
    "PulseAudio null sink": ("hits",),
}
"""What the null sink calls heard is off by more than the beats are."""
QUICK = {"fake device": ("hits",), "PulseAudio": ("beats",), "PulseAudio null sink": ("hits",)}
SIZE, FPS = (160, 90), 60.0
TEMPI = (97.0, 124.0, 140.0)
EDGES_MS = (-20, -10, -5, 0, 5, 10, 15, 20, 25, 30, 35, 45)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Every way in, both paths."""
    rows: list[dict[str, Any]] = []
    lacking = missing()
    for device in ("fake device", "PulseAudio", "PulseAudio null sink"):
        if device != "fake device" and lacking is not None:
            rows.append({"what": f"{device}: not taken, {lacking} is missing"})
            continue
        for path in QUICK[device] if quick else WHOLE[device]:
            results = [show(device, path, bpm, quick, seed) for seed, bpm in enumerate(_tempi(path, quick))]
            rows += _rows(f"{NAMES[path]}, {device}", results)
    return rows


def _tempi(path: str, quick: bool) -> tuple[float, ...]:
    """One show for each; for hits the tempo does not matter."""
    return TEMPI[1:2] if quick else TEMPI


def show(device: str, path: str, bpm: float, quick: bool, seed: int) -> dict[str, Any]:
    """One show: late_ms for each click, and what it was made of."""
    plan: dict[str, Any] = {"path": path, "bpm": bpm, "seed": seed, "size": SIZE, "fps": FPS, "device": "fake"}
    plan["seconds"] = (5.0 if path == "hits" else 10.5) if quick else 60.0
    with _room(device) as (folder, env, changes):
        (folder / "presets").mkdir(exist_ok=True)
        text = SLOW_PRESET if path == "pictures" else PRESET.format(source=SOURCES[path])
        (folder / "presets" / f"{path}.toml").write_text(text)
        root = str(Path(__file__).resolve().parents[2])
        env = {**env, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}
        command = [sys.executable, "-m", "perform.bench._latency_show", json.dumps({**plan, **changes})]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=200.0)
    if done.returncode or not done.stdout.strip():
        raise PerformError(f"the show of the latency bench failed: {done.stderr.strip().splitlines()[-1:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def _room(device: str) -> Iterator[tuple[Path, dict[str, str], dict[str, Any]]]:
    """(folder, environment, what the plan needs) for a device."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if device == "fake device":
            yield folder, dict(os.environ), {}
            return
        with PulseServer(folder / "pulse", with_pipe=device == "PulseAudio") as server:
            piped = {"device": "vj_pipe", "pipe": str(server.pipe)} if device == "PulseAudio" else {"device": "vj"}
            yield folder, server.env, piped


def _rows(what: str, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    late = np.concatenate([np.array(r["late_ms"], float) for r in results])
    held = np.concatenate([np.array(r["held"], bool) for r in results])
    rows = [_row(what, late), _row(f"{what}, held", late[held])]
    about = {key: round(float(np.median([r[key] for r in results])), 2) for key in ("work_ms", "lead_ms", "path_ms")}
    rows[0] |= about | {
        "missed": sum(r["missed"][0] for r in results),
        "held_percent": round(100.0 * float(np.mean([r["held_share"] for r in results])), 1),
    }
    if any(r["spread_ms"] for r in results):
        rows[0]["clock_spread_ms"] = round(max(r["spread_ms"] for r in results), 1)
    counts = np.histogram(late[held], bins=[-np.inf, *EDGES_MS, np.inf])[0]
    names = [
        f"<{EDGES_MS[0]}",
        *(f"{a}..{b}" for a, b in pairwise(EDGES_MS)),
        f">{EDGES_MS[-1]}",
    ]
    told = "  ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True) if count)
    rows.append({"what": f"{what}, held, histogram", "clicks_by_ms": told})
    return rows


def _row(what: str, late: np.ndarray) -> dict[str, Any]:
    if not len(late):
        return {"what": what, "clicks": 0}
    p50, p95, p99 = (round(float(v), 2) for v in np.percentile(late, [50.0, 95.0, 99.0]))
    return {
        "what": what, "clicks": len(late), "ms_p50": p50, "ms_p95": p95, "ms_p99": p99,
        "ms_max": round(float(late.max()), 2), "abs_ms_p95": round(float(np.percentile(np.abs(late), 95.0)), 2),
    }  # fmt: skip
