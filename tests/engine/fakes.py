"""Parts for engines without devices: a stage that only remembers, a generator that counts, hearing by script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from perform.core.params import Param
from perform.core.types import ControlEvent, Features, Frame, Moment, ParamFrame
from perform.engine.hearing import Heard


class MemoryStage:
    size = (4, 4)

    def __init__(self) -> None:
        self.shown: list[tuple[dict[str, Frame], ParamFrame, Features, Moment]] = []
        self.events: list[ControlEvent] = []
        self.closed = False

    def show(self, frames: Mapping[str, Frame], params: ParamFrame, features: Features, moment: Moment) -> None:
        self.shown.append((dict(frames), params, features, moment))

    def _image(self, index: int) -> np.ndarray:
        return np.full((4, 4, 3), len(self.shown) + index, np.uint8)

    def read_back(self) -> np.ndarray | None:
        return self._image(-1) if len(self.shown) > 1 else None

    def finish(self) -> np.ndarray:
        return self._image(0)

    def poll(self) -> list[ControlEvent]:
        events, self.events = self.events, []
        return events

    def close(self) -> None:
        self.closed = True


class CountingGenerator:
    PARAMS = (Param("psi"), Param("jump", "trigger", False))
    PICTURES_IN = ()
    PICTURES_OUT = ("main",)

    def __init__(self, fail_at: int = -1, gate: threading.Event | None = None) -> None:
        self.calls = 0
        self.fail_at = fail_at
        self.gate = gate
        self.closed = False
        self.seen: list[Mapping[str, Any]] = []

    def open(self, card: Any, device: str) -> None: ...

    def prepare(self, request: Mapping[str, Any]) -> None: ...

    def render(self, params: ParamFrame, pictures: Mapping[str, Any], moment: Moment) -> Frame:
        self.calls += 1
        if self.gate is not None:
            self.gate.wait(5.0)
        if self.calls == self.fail_at:
            raise RuntimeError("the paint ran out")
        self.seen.append(dict(params.values))
        return Frame(np.zeros((2, 2, 3), np.uint8), self.calls, moment)

    def close(self) -> None:
        self.closed = True


class ScriptedHearing:
    """`script(seconds)` tells what is heard."""

    def __init__(self, script: Callable[[float], Heard | None] = lambda _: None) -> None:
        self.script = script
        self.finished = False
        self.closed = False

    def at(self, seconds: float) -> Heard | None:
        return self.script(seconds)

    def settle_with(self, settle: Callable[[], None]) -> None: ...

    def add_listener(self, listen: Callable[..., Any]) -> None: ...

    def counts(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        self.closed = True


def features(time_s: float, **values: float) -> Features:
    named = {name.replace("__", "/"): value for name, value in values.items()}
    return Features(time_s, named, np.ones(8, np.float32), np.ones((8, 2), np.float32))
