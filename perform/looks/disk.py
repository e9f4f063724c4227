"""Writes in a thread of its own, so that a slow disk costs no frame. What came of it is told in the engine's thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import Full, Queue

MOST_WAITING = 64


class Disk:
    """One writer. Thread: the engine's; actions run in its own, one after the other.

    An action returns the line that is to be said, "" for none. One that fails with an OSError is told with its reason.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: Queue[tuple[str, Callable[[], str]] | None] = Queue(MOST_WAITING)
        self._told: deque[str] = deque(maxlen=MOST_WAITING)
        self._thread: threading.Thread | None = None

    def do(self, what: str, action: Callable[[], str]) -> bool:
        """Have something written. what: its name when it fails. False where the disk hangs and too much waits."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        try:
            self._work.put_nowait((what, action))
        except Full:
            return False
        return True

    def told(self) -> list[str]:
        """Lines since the last call."""
        lines: list[str] = []
        while self._told:
            lines.append(self._told.popleft())
        return lines

    def close(self, wait_s: float = 5.0) -> None:
        """Finish what is to be written, if the disk lets us. Safe to call twice."""
        if self._thread is not None:
            try:
                self._work.put(None, timeout=wait_s)
                self._thread.join(timeout=wait_s)
            except Full:
                pass
            self._thread = None

    def _run(self) -> None:
        while (job := self._work.get()) is not None:
            what, action = job
            try:
                line = action()
            except OSError as error:
                line = f"{what} cannot be written ({error.strerror or error}); check the folder and the free space"
            if line:
                self._told.append(line)
