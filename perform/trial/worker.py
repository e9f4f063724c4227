"""The process in which shaders are tried: reads one request a line, answers with one line, dies with its parent.

A shader that never ends hangs the thread that draws it, and no one can stop that from inside; a parent can end a
process. Run as `python -m perform.trial.worker WIDTHxHEIGHT`.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from perform.core.errors import PerformError, ShaderError

MEMORY_BYTES = 6 << 30
"""Address space of the process where a software renderer draws; a graphics driver maps far more than it uses."""


def main() -> int:
    """Serve until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    if hasattr(os, "nice"):
        os.nice(int(os.environ.get("PERFORM_TRIAL_NICE", "0")))
    os.dup2(2, 1)  # whatever a driver prints must not get between the answers
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    from perform.gl.trial import Trial

    width, height = (int(part) for part in sys.argv[1].split("x"))
    try:
        trial = Trial((width, height))
    except PerformError as error:
        _answer(answers, {"failed": str(error)})
        return error.exit_code
    if trial.software:
        _limit_memory()
    _answer(answers, {"ready": trial.renderer})
    while True:
        request = json.loads(requests.get())
        # The parent ends a trial that takes too long. Should it be gone, this does, without Python's lock.
        faulthandler.dump_traceback_later(request["timeout_s"] * 2.0 + 5.0, exit=True, file=_nowhere())
        _answer(answers, _tried(trial, request))
        faulthandler.cancel_dump_traceback_later()


def _tried(trial: Any, request: dict[str, Any]) -> dict[str, Any]:
    from perform.isf import read_shader

    try:
        document = read_shader(request["path"])
    except ShaderError as error:
        return {"class": "parse", "kind": "", "message": str(error), "ms": 0.0, "first_ms": 0.0}
    seen = trial.run(document, request["frames"], look=request["look"])
    message = seen.message or "; ".join(document.warnings)[:300]
    return {
        "class": seen.outcome, "kind": document.kind, "message": message, "ms": seen.ms, "first_ms": seen.first_ms,
    }  # fmt: skip


def _answer(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _listen(requests: queue.SimpleQueue[str]) -> None:
    """Thread: the parent's lines; when they end the parent is gone, and so is this process."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):  # Windows has no such limits
        return


def _nowhere() -> TextIO:
    global _SINK
    if _SINK is None:
        _SINK = Path(os.devnull).open("w")
    return _SINK


_SINK: TextIO | None = None


if __name__ == "__main__":
    raise SystemExit(main())
