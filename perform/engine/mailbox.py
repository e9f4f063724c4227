"""How threads meet: state through a one-slot mailbox, the newest wins; events through a bounded queue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from perform.core.changes import add_up
from perform.core.types import ControlEvent

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot. Thread: any number of writers and readers. A reader never sees an older value than it saw before."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: T | None = None
        self.puts = 0

    def put(self, value: T) -> None:
        """Replace what is there."""
        with self._changed:
            self._value = value
            self.puts += 1
            self._changed.notify_all()

    def peek(self) -> T | None:
        """The newest value, left in place; None before the first."""
        return self._value

    def take(self) -> T | None:
        """The newest value, if nobody took it yet."""
        with self._changed:
            value, self._value = self._value, None
            return value

    def wait(self, timeout_s: float) -> T | None:
        """Like take, but waits for a value up to `timeout_s`."""
        with self._changed:
            if self._value is None:
                self._changed.wait(timeout_s)
            value, self._value = self._value, None
            return value


class ControlQueue:
    """Events from all hands on their way to the engine.

    Values coalesce: the last of each address wins within a tick, so a flood costs one assignment; relative changes add
    up instead (core/changes.py). Triggers (told by `is_trigger`) are kept one by one up to `limit`; what is over is
    counted in `dropped`, never lost in silence. Thread: any number of writers, one reader.
    """

    def __init__(self, is_trigger: Callable[[str], bool] = lambda _: False, limit: int = 1024) -> None:
        self._is_trigger = is_trigger
        self._limit = limit
        self._lock = threading.Lock()
        self._values: dict[str, list[ControlEvent]] = {}
        self._triggers: list[ControlEvent] = []
        self.posted = 0
        self.coalesced = 0
        self.dropped = 0

    def post(self, *events: ControlEvent) -> None:
        """Hand in an event, or several that belong together and land in the same tick. Never blocks for longer than a
        dictionary's write for each."""
        triggers = [self._is_trigger(event.address) for event in events]
        with self._lock:
            for event, trigger in zip(events, triggers, strict=True):
                self.posted += 1
                if not trigger:
                    self._keep(event)
                elif len(self._triggers) < self._limit:
                    self._triggers.append(event)
                else:
                    self.dropped += 1

    def _keep(self, event: ControlEvent) -> None:
        kept = self._values.pop(event.address, None)  # so that the order is that of the last word
        if kept is None:
            if len(self._values) >= self._limit * 8:
                self.dropped += 1
            else:
                self._values[event.address] = [event]
            return
        before = len(kept)
        if not add_up(kept, event):
            self.dropped += 1
        elif len(kept) <= before:
            self.coalesced += 1
        self._values[event.address] = kept

    def drain(self) -> list[ControlEvent]:
        """All events since the last call, values first, then triggers."""
        with self._lock:
            events = [event for kept in self._values.values() for event in kept] + self._triggers
            self._values = {}
            self._triggers = []
        return events
