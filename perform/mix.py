"""The crossfader's own will: fades that go by themselves over seconds or beats, and the transitions to choose from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from perform.core.params import Param, ParamTable
from perform.core.types import Moment, Value
from perform.gl.rows import MIX_ROWS

PLAIN, OVER = "fade", "over"


def mix_rows() -> tuple[Param, ...]:
    """The rows below `mix/`, with the transitions that are found now."""
    from perform.content import shaders

    names = (PLAIN, OVER, *(name for name in sorted(shaders("transitions")) if name not in (PLAIN, OVER)))
    doc = "how the crossfader gets from a to b; fade: evenly, in light; over: b is laid over a, the fader is how much"
    return (*MIX_ROWS, Param("transition", "choice", PLAIN, choices=names, doc=doc, live=False))


def find_transition(name: str) -> Any:
    """The document of a transition, None for those that are built in. Raises ShaderError."""
    if name in (PLAIN, OVER):
        return None
    from perform.content import find_shader
    from perform.trial.gate import admit

    return admit(find_shader(name, "transitions"))


@dataclass
class _Run:
    """A fade under way. began: in seconds or beats, as `unit` says."""

    start: float
    aim: float
    began: float
    length: float
    in_beats: bool


class AutoFade:
    """Moves `mix/fade` on a trigger or by the beat. A hand on the fader stops it. Thread: the engine's."""

    def __init__(self, table: ParamTable, value: Callable[[str], Value]) -> None:
        self._table = table
        self._value = value
        self._run: _Run | None = None
        self._counts: dict[str, int] = {}
        self._set: float | None = None
        self._cycle: float | None = None

    @property
    def running(self) -> bool:
        """Whether a fade is under way."""
        return self._run is not None

    def begin(self, aim: float, moment: Moment) -> None:
        """Fade to 0 (deck a) or 1 (deck b) from where the fader stands."""
        beats = int(self._value("mix/beats"))  # type: ignore[arg-type]
        duration_s = float(self._value("mix/duration_s"))  # type: ignore[arg-type]
        began, length = (moment.beats, float(beats)) if beats > 0 else (moment.seconds, duration_s)
        start = float(self._table.value("mix/fade"))  # type: ignore[arg-type]
        self._run = _Run(start, aim, began, length, beats > 0)
        self._set = start

    def stop(self) -> None:
        """Leave the fader where it is."""
        self._run = None

    def step(self, moment: Moment) -> None:
        """Once a tick, with the moment that was just shown."""
        fader = float(self._table.value("mix/fade"))  # type: ignore[arg-type]
        if self._run is not None and self._set is not None and abs(fader - self._set) > 1e-6:
            self._run = None
        heading = fader if self._run is None else self._run.aim
        other = 0.0 if heading >= 0.5 else 1.0
        for name, aim in (("go", other), ("to_a", 0.0), ("to_b", 1.0)):
            if self._pulled(f"mix/{name}"):
                self.begin(aim, moment)
        if self._new_cycle(moment):
            self.begin(other, moment)
        if self._run is not None:
            self._move(self._run, moment)

    def _move(self, run: _Run, moment: Moment) -> None:
        now = moment.beats if run.in_beats else moment.seconds
        done = 1.0 if run.length <= 0.0 else min(max((now - run.began) / run.length, 0.0), 1.0)
        self._set = run.start + (run.aim - run.start) * done
        self._table.set("mix/fade", self._set)
        if done >= 1.0:
            self._run = None

    def _new_cycle(self, moment: Moment) -> bool:
        every = int(self._value("mix/every_beats"))  # type: ignore[arg-type]
        cycle = math.floor(moment.beats / every) if every > 0 else None
        before, self._cycle = self._cycle, cycle
        return cycle is not None and before is not None and cycle != before

    def _pulled(self, path: str) -> bool:
        count = int(self._value(path))  # type: ignore[arg-type]
        pulled = count > self._counts.get(path, count)
        self._counts[path] = count
        return pulled
