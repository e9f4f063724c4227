"""Slow work beside the painting: models, latents and directions that are asked for in mid-show."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch

from perform.generators.gently import low_priority

MOST_NOTICES = 20


@dataclass(slots=True)
class _Desk:
    """One purpose: what is wanted, and the newest that was finished."""

    wanted: Hashable = None
    done: Hashable = None
    result: Any = None


class Background:
    """Runs one job for each purpose, the newest wish. patient False (a live show): in a thread of low priority, and
    the last result plays on; True (offline): at once, so that the same frames come out every time.

    notices: one line for each job that failed; the show goes on without its result.
    """

    def __init__(self, patient: bool) -> None:
        self._patient = patient
        self._desks: dict[str, _Desk] = {}
        self._lock = threading.Lock()
        self.notices: deque[str] = deque(maxlen=MOST_NOTICES)

    def want(self, purpose: str, key: Hashable, work: Callable[[], Any]) -> tuple[Hashable, Any]:
        """(key, result) of the newest finished job of a purpose, (None, None) before the first or if it failed."""
        desk = self._desks.setdefault(purpose, _Desk())
        if key != desk.wanted:
            desk.wanted = key
            if self._patient:
                self._run(desk, key, work)
            else:
                threading.Thread(target=self._quietly, args=(desk, key, work), name=purpose, daemon=True).start()
        with self._lock:
            return desk.done, desk.result

    def drop(self, purpose: str) -> None:
        """Nothing is wanted for a purpose any more; a job under way ends unseen."""
        desk = self._desks.get(purpose)
        if desk is not None and (desk.wanted is not None or desk.done is not None):
            with self._lock:
                desk.wanted = desk.done = desk.result = None

    def _quietly(self, desk: _Desk, key: Hashable, work: Callable[[], Any]) -> None:
        low_priority()
        self._run(desk, key, work)

    def _run(self, desk: _Desk, key: Hashable, work: Callable[[], Any]) -> None:
        done: Hashable = key
        try:
            with torch.inference_mode():
                result = work()
        except Exception as error:  # noqa: BLE001 - a file from anywhere may fail in any way; the show goes on
            line = str(error).strip().splitlines()
            self.notices.append(line[0][:300] if line else type(error).__name__)
            done, result = None, None
        with self._lock:
            if desk.wanted == key:  # else somebody wants something newer
                desk.done, desk.result = done, result
