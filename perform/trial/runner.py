"""The parent's side of a trial: starts the process, asks, waits so long and no longer, starts it again."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perform.core.errors import DeviceError

CLASSES = ("ok", "blank", "parse", "compile", "render", "timeout", "crash")
"""What may come of a shader, the better first."""
START_S = 60.0
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one file. kind: generator, filter, transition, "" where it could not be read. message: why it does
    not play, else what was bent straight. ms: a frame."""

    path: str
    outcome: str
    kind: str = ""
    message: str = ""
    ms: float = 0.0
    first_ms: float = 0.0

    @property
    def plays(self) -> bool:
        """Whether it can be drawn; a blank one may be meant so."""
        return self.outcome in ("ok", "blank")

    def row(self) -> dict[str, Any]:
        """As `perform shaders check --json` tells it."""
        return {"path": self.path, "class": self.outcome, "kind": self.kind, "message": self.message,
                "ms": round(self.ms, 3)}  # fmt: skip


class Runner:
    """One child process that tries one shader after another, kept warm between them.

    size: of the frames. gentle: for trials beside a running show: one drawing thread, low priority.
    renderer: who draws in the child, known once it runs.
    """

    def __init__(self, size: tuple[int, int] = (160, 90), *, gentle: bool = False) -> None:
        self._size = size
        self._gentle = gentle
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.renderer = ""

    def run(self, path: Path, frames: int = 4, *, timeout_s: float = 60.0, look: bool = True) -> Outcome:
        """Try one file. Raises DeviceError where no shader can be tried here at all."""
        process = self._started()
        request = {"path": str(path), "frames": frames, "look": look, "timeout_s": timeout_s}
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it has just died: the answer will not come
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            self.close()
            return Outcome(str(path), "timeout", message=f"took longer than {timeout_s:g} s and was ended")
        answer = _read(line)
        if answer is None:
            code = process.wait(timeout=START_S)
            self.close()
            return Outcome(str(path), "crash", message=f"ended the process that drew it ({_ending(code)})")
        return Outcome(
            str(path), answer["class"], answer["kind"], answer["message"], float(answer["ms"]),
            float(answer["first_ms"]),
        )  # fmt: skip

    def start(self) -> None:
        """Start the process now, so that the first trial does not wait for it. Raises DeviceError."""
        self._started()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._lines = queue.SimpleQueue()
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "perform.trial.worker", f"{self._size[0]}x{self._size[1]}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            env=self._environment(), start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=_pump, args=(process, self._lines), name="trial answers", daemon=True).start()
        try:
            answer = _read(self._lines.get(timeout=START_S))
        except queue.Empty:
            answer = {"failed": "the process that tries shaders did not start"}
        if answer is None or "failed" in answer:
            self.close()
            raise DeviceError(f"no shader can be tried here: {(answer or {}).get('failed', 'the process died')}")
        self.renderer = str(answer["ready"])
        return process

    def _environment(self) -> dict[str, str]:
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *(p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != root)]
        there = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        return {**there, "LP_NUM_THREADS": "1", "PERFORM_TRIAL_NICE": str(NICENESS)} if self._gentle else there

    def close(self) -> None:
        """End the process, whatever it is doing. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _pump(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    """Thread: the child's lines, then None."""
    assert process.stdout is not None
    with contextlib.suppress(OSError, ValueError):
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def _read(line: str | None) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(line) if line else None
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
