"""A show in a process of its own, as a person would start it, and films looked at frame by frame."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PERFORM = (sys.executable, "-m", "perform.cli")

PROBE = """
version = 1
title = "Probe"
[deck.a]
source = "shader:marbling"
[deck.a.params]
glow = 0.8
speed = 0.0
[params]
"deck/a/level" = 0.05
[[route]]
source = "audio/bass/level"
target = "deck/a/level"
depth = 0.95
"""
STILL = 'version = 1\n[deck.a]\nsource = "shader:marbling"\n[deck.a.params]\nglow = 0.8\nspeed = 0.0\n'


def write_presets(folder: Path) -> None:
    """`probe` shows how loud the bass is as brightness; `steady` stands still."""
    (folder / "presets").mkdir(parents=True, exist_ok=True)
    (folder / "presets" / "probe.toml").write_text(PROBE)
    (folder / "presets" / "steady.toml").write_text(STILL)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """A show that has been started; `report` is its JSON once it has ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self.report: dict[str, Any] = {}

    def wait_for(self, word: str, seconds: float = 60.0) -> str:
        """Read what it says until a line holds `word`."""
        assert self.process.stderr is not None
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            line = self.process.stderr.readline()
            if not line:
                break
            self.said.append(line.rstrip())
            if word in line:
                return line
        raise AssertionError(f"the show never said {word!r}: {self.said}")

    def finish(self, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for its end; its exit code must be 0."""
        out, err = self.process.communicate(timeout=seconds)
        self.said += err.splitlines()
        assert self.process.returncode == 0, self.said
        assert not [line for line in self.said if "Traceback" in line]
        self.report = json.loads(out)
        return self.report


@contextmanager
def playing(folder: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    """`perform play --json OPTIONS` in `folder`."""
    environment = {**(env or os.environ), "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
    process = subprocess.Popen(
        [*PERFORM, "play", "--json", "--device", "cpu", *options], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def perform(
    *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    environment = {**(env or os.environ), "PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        [*PERFORM, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=200,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def film(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(times in seconds [n], mean brightness 0..1 of each frame [n])."""
    import av

    times, means = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            times.append(float(frame.pts * frame.time_base))
            means.append(frame.to_ndarray(format="rgb24").mean() / 255.0)
    return np.array(times), np.array(means)


def film_sound(path: Path) -> tuple[np.ndarray, int, float]:
    """(samples [n, ch] float32, rate in Hz, time of the first sample in seconds)."""
    import av

    blocks: list[np.ndarray] = []
    rate, start = 0, 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            if not blocks:
                rate, start = frame.sample_rate, float(frame.pts * frame.time_base)
            blocks.append(frame.to_ndarray())
    return np.concatenate(blocks, axis=1).T.astype(np.float32), rate, start


def best_correlation(a: np.ndarray, b: np.ndarray, steps: Sequence[int]) -> tuple[float, int]:
    """(highest correlation, by how many steps b lies behind a there)."""
    found = []
    for step in steps:
        x, y = (a[: len(a) - step], b[step:]) if step >= 0 else (a[-step:], b[:step])
        found.append((float(np.corrcoef(x, y)[0, 1]), step))
    return max(found)
