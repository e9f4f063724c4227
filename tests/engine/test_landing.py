"""Changes that land on the bar, in a running engine; and painters that are told the beat as it will be when seen."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import MemoryStage, ScriptedHearing, features

from perform.core import clock as tempo_clock
from perform.core import quantise
from perform.core.params import Param, ParamTable
from perform.core.routes import Route, RouteBank
from perform.core.types import BeatClock, ControlEvent, Frame, Moment, ParamFrame
from perform.engine.engine import Engine
from perform.engine.hearing import Heard
from perform.engine.lead import PainterDelay
from perform.engine.mailbox import ControlQueue

FPS, BPM = 50.0, 120.0


class SlowPainter:
    """Its picture of a moment is there `frames` ticks later."""

    name, failures, last_error, fps, frame_ms = "slow", 0, "", 0.0, 0.0

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.asked: list[tuple[ParamFrame, Moment]] = []

    def submit(self, params: ParamFrame, moment: Moment, pictures: object = None) -> None:
        self.asked.append((params, moment))

    def newest(self) -> Frame | None:
        done = len(self.asked) - self.frames
        return Frame(np.zeros((2, 2, 3), np.uint8), done, self.asked[done - 1][1]) if done > 0 else None

    def shown(self) -> tuple[ParamFrame, Moment]:
        return self.asked[len(self.asked) - self.frames - 1]

    def wait_ready(self, seconds: float) -> bool:
        return True

    def close(self) -> None: ...


@pytest.fixture
def engine() -> Engine:
    table = ParamTable([Param("deck/a/source/seed", "int", 1, 0, 999, quantised=True), Param("out/level", default=1.0),
                        Param("deck/a/source/move"), Param("go", "trigger", False, quantised=True)])  # fmt: skip
    table.add(tempo_clock.PARAMS, "tempo")
    table.add(quantise.PARAMS, "tempo")

    def hear(seconds: float) -> Heard:
        return Heard(features(seconds), BeatClock(seconds, seconds * BPM / 60.0, BPM), seconds)

    queue = ControlQueue(lambda a: a in table and table[a].kind == "trigger")
    return Engine(table, MemoryStage(), ScriptedHearing(hear), queue, time.perf_counter)


def run(engine: Engine, ticks: int) -> list[Moment]:
    return [engine.tick((engine.moment.frame + 1) / FPS) for _ in range(ticks)]


def send(engine: Engine, address: str, value: object = True, when: str = "") -> None:
    engine.queue.post(ControlEvent(address, value, engine.moment.seconds, "test", when=when))  # type: ignore[arg-type]


def values(engine: Engine, path: str) -> list[object]:
    return [params.values[path] for _, params, _, _ in engine.stage.shown]  # type: ignore[attr-defined]


def beat_of_change(engine: Engine, path: str) -> float:
    seen = values(engine, path)
    frame = next(n for n in range(1, len(seen)) if seen[n] != seen[n - 1])
    return engine.stage.shown[frame][3].beats  # type: ignore[attr-defined]


def test_a_seed_waits_for_the_bar_and_lands_within_a_frame_of_it(engine: Engine) -> None:
    engine.table.set("tempo/quantise", "bar")
    run(engine, 30)
    send(engine, "deck/a/source/seed", 7)
    run(engine, 3)
    assert engine.table.value("tempo/waiting") == 1 and engine.table.value("deck/a/source/seed") == 1
    run(engine, 150)
    assert beat_of_change(engine, "deck/a/source/seed") == pytest.approx(4.0, abs=BPM / 60.0 / FPS)
    assert engine.table.value("tempo/waiting") == 0 and engine.landing.landed == 1


def test_what_is_no_change_does_not_wait_but_any_event_may(engine: Engine) -> None:
    engine.table.set("tempo/quantise", "bar")
    run(engine, 30)
    send(engine, "out/level", 0.5)
    run(engine, 1)
    assert engine.table.value("out/level") == 0.5
    send(engine, "out/level", 0.1, when="2 bars")
    send(engine, "deck/a/source/seed", 5, when="now")
    run(engine, 1)
    assert engine.table.value("deck/a/source/seed") == 5 and engine.table.value("out/level") == 0.5
    run(engine, 200)
    levels = values(engine, "out/level")
    frame = next(n for n in range(len(levels)) if levels[n] == 0.1)
    assert engine.stage.shown[frame][3].beats == pytest.approx(8.0, abs=BPM / 60.0 / FPS)  # type: ignore[attr-defined]


def test_a_length_that_is_none_is_counted_and_nothing_happens(engine: Engine) -> None:
    run(engine, 5)
    send(engine, "out/level", 0.5, when="someday")
    run(engine, 5)
    assert engine.health.counts["control errors"] == 1 and engine.table.value("out/level") == 1.0


def test_what_waits_can_be_dropped_and_a_later_word_without_waiting_replaces_it(engine: Engine) -> None:
    engine.table.set("tempo/quantise", "4 bars")
    run(engine, 10)
    send(engine, "deck/a/source/seed", 7)
    send(engine, "go")
    run(engine, 2)
    send(engine, "tempo/waiting", 0)
    run(engine, 2)
    assert len(engine.landing.quantiser) == 0
    send(engine, "deck/a/source/seed", 8)
    run(engine, 1)
    engine.table.set("tempo/quantise", "off")
    send(engine, "deck/a/source/seed", 9)
    run(engine, 500)
    assert set(values(engine, "deck/a/source/seed")) == {1, 9} and engine.table.value("go") == 0


def test_slow_work_is_done_in_the_frame_that_lands(engine: Engine) -> None:
    worked: list[float] = []
    engine.on_landing(lambda: worked.append(engine.moment.beats))
    engine.table.set("tempo/quantise", "bar")
    run(engine, 10)
    send(engine, "go")
    run(engine, 300)
    assert worked == [pytest.approx(4.0, abs=BPM / 60.0 / FPS)]


@pytest.mark.parametrize("late", [1, 5])
def test_a_painters_change_is_seen_on_the_bar_however_slow_it_is(engine: Engine, late: int) -> None:
    painter = SlowPainter(late)
    engine.painters["a"] = painter
    engine.table.set("tempo/quantise", "bar")
    run(engine, 120)
    assert engine.delays["a"].seconds == pytest.approx(late / FPS, abs=1e-6)
    send(engine, "deck/a/source/seed", 7)
    seen: list[tuple[float, object]] = []
    for _ in range(150):
        moment = run(engine, 1)[0]
        seen.append((moment.beats, painter.shown()[0].values["seed"]))
    beats = next(b for b, seed in seen if seed == 7)
    assert beats % 4.0 < 2 * BPM / 60.0 / FPS or beats % 4.0 > 4.0 - BPM / 60.0 / FPS


@pytest.mark.parametrize("late", [0, 2, 6])
def test_a_painters_beat_peaks_when_its_picture_is_seen(engine: Engine, late: int) -> None:
    painter = SlowPainter(late)
    engine.painters["a"] = painter
    engine.set_routes(RouteBank([Route("beat/phase", "deck/a/source/move", depth=1.0),
                                 Route("beat/phase", "out/level", depth=-1.0)]), ())  # fmt: skip
    run(engine, 150)
    for _ in range(40):
        moment = run(engine, 1)[0]
        painted, asked = painter.shown()
        assert painted.values["move"] == pytest.approx(moment.beat_phase, abs=1e-4)
        assert asked.beats == pytest.approx(moment.beats, abs=1e-4)
        level = engine.stage.shown[-1][1].values["out/level"]  # type: ignore[attr-defined]
        assert level == pytest.approx(1.0 - moment.beat_phase, abs=1e-6)


def test_a_painters_beat_never_goes_back_when_it_gets_faster() -> None:
    delay, before = PainterDelay(), 0.0
    for n in range(400):
        delay.note(0.4 if n < 100 else 0.01, 1 / 60)
        now = n / 60 + delay.seconds
        assert now >= before
        before = now
    assert delay.seconds == pytest.approx(0.01, abs=1e-3)


def test_a_moment_ahead_is_the_same_moment_further_on() -> None:
    now = Moment(3.0, 0.02, 9, 6.5, 0.625, 120.0, 1.0, bars=1.625)
    later = now.ahead(0.25)
    assert (later.beats, later.bars, later.bar_phase) == (7.0, 1.75, 0.75)
    assert replace(later, beats=6.5, bars=1.625, bar_phase=0.625) == now
