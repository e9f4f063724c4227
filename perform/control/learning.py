"""The rows below `learn/`: a parameter is named, something is moved, and whoever it belongs to learns it.

MIDI, keys, pads, lighting desks and sensors are taught alike: each tells what moves, and takes in what it is taught.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from perform.control.learn import Learner, Seen
from perform.core.params import Param
from perform.core.types import ControlEvent, Value

PARAMS: tuple[Param, ...] = (
    Param("target", "text", "", doc="address of the parameter to learn: then move a control or press a key; empty: not "
          "any more", live=False),
    Param("cancel", "trigger", False, doc="learn nothing after all", live=False),
    Param("forget", "text", "", doc="address of a parameter that no learnt control is to steer any more", live=False),
    Param("last", "text", "", doc="what was learnt last (told by perform)", live=False),
)  # fmt: skip


class Pupil(Protocol):
    """Whoever keeps a map that can be taught."""

    def learnt(self, target: str, seen: Seen) -> str:
        """Take in what was learnt. Returns the line that says so, and what the control steered before."""

    def forget(self, target: str) -> int:
        """Let go of a parameter. Returns how many learnt controls steered it."""


class Learning:
    """Thread: `feed` from any; the rest from one at a time, under its lock.

    param: the row at an address. post: events to the engine.
    """

    def __init__(self, param: Callable[[str], Param | None], clock: Callable[[], float]) -> None:
        self.learner = Learner()
        self.post: Callable[[ControlEvent], None] = lambda event: None
        self._param, self._clock = param, clock
        self._pupils: dict[str, Pupil] = {}
        self._lock = threading.RLock()
        self._wanted, self._forget, self._cancels = "", "", 0

    def teach(self, kinds: Collection[str], pupil: Pupil) -> None:
        """Controls of these kinds belong to `pupil`."""
        self._pupils.update(dict.fromkeys(kinds, pupil))

    @property
    def armed(self) -> bool:
        """Whether something is to be learnt: what moves now is to move nothing else."""
        return self.learner.armed

    def feed(self, device: str, control: str, value: float, raw: int, time_s: float) -> None:
        """A control has moved. value: 0..1."""
        with self._lock:
            self.learner.feed(device, control, value, raw, time_s)

    def cancel(self) -> None:
        """Nothing is to be learnt after all."""
        if self.learner.armed:
            with self._lock:
                self.learner.arm("", self._clock())
            self._tell("nothing was learnt")

    def settle(self, values: Mapping[str, Value]) -> None:
        """The engine's rows below `learn/`, once a tick."""
        wanted, forget = str(values.get("learn/target", "")), str(values.get("learn/forget", ""))
        cancels = int(values.get("learn/cancel", 0))  # type: ignore[arg-type]
        if wanted != self._wanted:
            self._wanted = wanted
            with self._lock:
                self.learner.arm(wanted if not wanted or self._param(wanted) is not None else "", self._clock())
            if wanted and not self.learner.armed:
                self._tell(f"no parameter {wanted!r} to learn")
        if cancels != self._cancels:
            self._cancels = cancels
            self.cancel()
        if forget and forget != self._forget:
            with self._lock:
                count = sum(pupil.forget(forget) for pupil in dict.fromkeys(self._pupils.values()))
            self._say("learn/last", f"{count} controls let go of {forget}")
            self._say("learn/forget", "")
        self._forget = forget

    def decide(self, now_s: float) -> None:
        """See whether it is clear by now what was meant."""
        if not self.learner.armed:
            return
        with self._lock:
            target, seen = self.learner.target, self.learner.choice(now_s)
            pupil = None if seen is None else self._pupils.get(seen.kind)
            line = "" if seen is None or pupil is None else pupil.learnt(target, seen)
            done = not self.learner.armed or seen is not None
            if seen is not None:
                self.learner.arm("", now_s)
        if done:
            self._tell(line or "nothing was moved, so nothing was learnt")

    def _tell(self, line: str) -> None:
        """Learning is over."""
        self._say("learn/last", line[:300])
        self._say("learn/target", "")

    def _say(self, address: str, text: str) -> None:
        self.post(ControlEvent(address, text, self._clock(), "learn"))


def taught(seen: Seen, param: Param | None) -> str:
    """The mode in which a control that was learnt steers a parameter."""
    if param is not None and param.kind == "bool" and seen.button():
        return "toggle"
    return seen.encoding() or "auto"
