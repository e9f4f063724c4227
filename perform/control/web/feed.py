"""What the show lets a panel see, and the pictures that it asks for: where the engine and the web meet.

State is one slot, the newest wins; nothing is copied, since each tick makes its values anew.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from perform.core.types import Moment, Value

SIDES = (160, 320, 640)
"""Long sides that a preview may have, px."""
LINES = 200
_TOKEN = re.compile(r"token[=.][\w-]+")


@dataclass(frozen=True, slots=True)
class Glance:
    """One tick as the panel may show it.

    signals: sources of modulation. values: parameters with their routes. spectrum: [n] float32 0..1, low to high.
    waveform: [n, 2] float32 -1..1. routes: what each route adds now, 0..1, in the order of their numbers.
    """

    moment: Moment
    revision: int
    signals: Mapping[str, float]
    values: Mapping[str, Value]
    spectrum: np.ndarray
    waveform: np.ndarray
    routes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Shot:
    """A small picture [h, w, 3] uint8, top row first; sequence grows by one with each of that name."""

    image: np.ndarray
    sequence: int


@dataclass
class Feed:
    """aside: says a line to the person at this machine that no panel may read, like a token.

    Thread: `due` and `put` from the engine's; everything else from any.
    """

    glance: Glance | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    lines: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=LINES))
    watched: int = 0
    aside: Callable[[str], None] | None = None
    shots: dict[str, Shot] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, line: str, time_s: float) -> None:
        """Keep a line for the log, never a token: a viewer reads it too."""
        self.lines.append((time_s, _TOKEN.sub("token=…", line)[:500]))

    def ask(self, name: str, px: int) -> None:
        """Somebody wants a picture of a deck or of `out`; of several wishes the largest is granted."""
        side = next((side for side in SIDES if side >= px), SIDES[-1])
        with self._lock:
            self._asked[name] = max(side, self._asked.get(name, 0))

    def due(self) -> dict[str, int]:
        """What was asked for since the last call: name -> long side, px."""
        if not self._asked:
            return {}
        with self._lock:
            asked, self._asked = self._asked, {}
        return asked

    def put(self, name: str, image: np.ndarray) -> None:
        """A picture has come back from the card."""
        before = self.shots.get(name)
        self.shots[name] = Shot(image, 1 if before is None else before.sequence + 1)

    def sequence(self, name: str) -> int:
        """How many pictures of that name there have been."""
        shot = self.shots.get(name)
        return 0 if shot is None else shot.sequence


def with_log(say: Callable[[str], None], feed: Feed, clock: Callable[[], float]) -> Callable[[str], None]:
    """A `say` that also keeps the line for the panel."""

    def said(line: str) -> None:
        feed.tell(line, clock())
        say(line)

    feed.aside = say
    return said
