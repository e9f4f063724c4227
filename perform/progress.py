"""A progress bar with time left; on a pipe a line now and then instead."""

from __future__ import annotations

import time
from typing import Any, TextIO


class ProgressBar:
    """`with ProgressBar(stream) as progress: progress(done, total)`."""

    def __init__(self, stream: TextIO, doing: str = "rendering", unit: str = "frame") -> None:
        """doing: what stands before the bar. unit: of what done and total count."""
        self._stream = stream
        self._doing, self._unit = doing, unit
        self._bar: Any = None
        self._task: Any = None
        self._told_s = self._began_s = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> ProgressBar:
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn(self._doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(file=self._stream))
            self._bar.start()
        return self

    def __call__(self, done: int, total: int) -> None:
        """Tell how far it is. What is done at the first call was done before, and counts nothing for the pace."""
        if self._first is None:
            self._first = done if done > 1 else 0
            if self._first:
                self._began_s = time.monotonic()
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(self._doing, total=total, completed=self._first)
            self._bar.update(self._task, completed=done)
            return
        now_s = time.monotonic()
        if now_s - self._told_s >= 5.0 or (done == total and self._told_s > self._began_s):
            self._told_s = now_s
            left_s = (now_s - self._began_s) / max(done - self._first, 1) * (total - done)
            self._stream.write(f"{self._unit} {done} of {total}, {left_s:.0f} s left\n")
            self._stream.flush()

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
