"""One painter gives way to the next: on the beat, by a fade, without a wait, and the same every time offline."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from fakes import CountingGenerator, MemoryStage, ScriptedHearing

from perform.core.params import Param, ParamTable
from perform.core.types import Moment
from perform.engine.engine import Engine
from perform.engine.handover import LONGEST_WAIT_S, Handovers
from perform.engine.mailbox import ControlQueue
from perform.engine.painter import InlinePainter, ThreadPainter
from perform.gl.rows import DECK_ROWS

TICK_S = 1 / 40  # at 120 beats a minute twenty ticks are a beat


def engine_with(**values: Any) -> tuple[Engine, MemoryStage]:
    table = ParamTable([Param("deck/a/source/psi")])
    table.add(DECK_ROWS, "deck/a")
    for name, value in values.items():
        table.set(f"deck/a/{name}", value)
    stage = MemoryStage()
    engine = Engine(table, stage, ScriptedHearing(), ControlQueue(lambda _: False), time.perf_counter)  # type: ignore[arg-type]
    return engine, stage


def inline(generator: Any) -> InlinePainter:
    return InlinePainter("a", lambda: generator, time.perf_counter)


def ticks(engine: Engine, count: int) -> None:
    for _ in range(count):
        engine.tick(engine.moment.seconds + TICK_S)


def change(stage: MemoryStage) -> list[float | None]:
    """How far the new picture had come in each frame; None where nothing faded."""
    return [
        params.values.get("deck/a/change") if "a/before" in frames else None for frames, params, _, _ in stage.shown
    ]  # type: ignore[misc]


def test_it_waits_for_the_beat_and_fades_over_its_beats() -> None:
    engine, stage = engine_with(change_on="beat", change_beats=2.0)
    old, new = CountingGenerator(), CountingGenerator()
    engine.painters["a"] = inline(old)
    ticks(engine, 10)
    engine.coming["a"] = inline(new)
    ticks(engine, 90)
    shares = change(stage)
    beats = [moment.beats for _, _, _, moment in stage.shown]
    fading = [n for n, share in enumerate(shares) if share is not None]
    assert fading and int(beats[fading[0]]) > int(beats[fading[0] - 1])  # on the very beat
    assert 35 <= len(fading) <= 41  # two beats
    values = [shares[n] for n in fading]
    assert values == sorted(values) and values[0] < 0.05 and values[-1] > 0.95  # type: ignore[type-var, operator]
    assert old.closed and not new.closed and not engine.handovers.under_way
    assert set(stage.shown[-1][0]) == {"a"} and old.calls == fading[-1] + 1


def test_it_waits_for_the_bar_or_not_at_all() -> None:
    for on, most in (("bar", 80), ("now", 3)):
        engine, stage = engine_with(change_on=on, change_beats=1.0)
        engine.painters["a"] = inline(CountingGenerator())
        ticks(engine, 5)
        engine.coming["a"] = inline(CountingGenerator())
        ticks(engine, 160)
        begun = next(n for n, share in enumerate(change(stage)) if share is not None)
        phases = [moment.bar_phase for _, _, _, moment in stage.shown]
        assert begun - 5 <= most
        assert on == "now" or phases[begun] < phases[begun - 1]


def test_no_beats_is_a_cut() -> None:
    engine, stage = engine_with(change_on="now", change_beats=0.0)
    old = CountingGenerator()
    engine.painters["a"] = inline(old)
    ticks(engine, 3)
    engine.coming["a"] = inline(CountingGenerator())
    ticks(engine, 5)
    assert old.closed and not any(share is not None for share in change(stage))


def test_a_beat_that_stands_still_keeps_nothing_waiting() -> None:
    handovers = Handovers()
    values = {"deck/a/change_on": "bar", "deck/a/change_beats": 1.0}
    still = [Moment(t, 0.1, n, 7.3, 0.4) for n, t in enumerate((0.0, 5.0, LONGEST_WAIT_S - 0.1, LONGEST_WAIT_S))]
    assert [handovers.is_time("a", m, values) for m in still] == [False, False, False, True]


def test_a_new_one_that_never_comes_leaves_the_old_one_playing() -> None:
    engine, stage = engine_with(change_on="beat")
    old = CountingGenerator()
    engine.painters["a"] = inline(old)
    ticks(engine, 2)

    def broken() -> Any:
        raise RuntimeError("no such model")

    engine.coming["a"] = ThreadPainter("a", broken, time.perf_counter)
    for _ in range(400):
        ticks(engine, 1)
        if engine.coming["a"].failures:
            break
        time.sleep(0.01)
    ticks(engine, 60)
    assert engine.coming["a"].last_error == "RuntimeError: no such model"
    assert not old.closed and "a" in stage.shown[-1][0]
    engine.close()


def test_a_second_change_in_the_middle_of_a_fade_lets_the_first_go() -> None:
    engine, _ = engine_with(change_on="now", change_beats=4.0)
    generators = [CountingGenerator() for _ in range(3)]
    engine.painters["a"] = inline(generators[0])
    ticks(engine, 3)
    for generator in generators[1:]:
        engine.coming["a"] = inline(generator)
        ticks(engine, 10)
    assert generators[0].closed and not generators[1].closed and engine.handovers.under_way
    ticks(engine, 100)
    assert generators[1].closed and not generators[2].closed
    engine.coming["a"] = inline(CountingGenerator())
    ticks(engine, 3)
    engine.close()
    assert generators[2].closed


def test_letting_one_go_never_waits_for_its_picture() -> None:
    gate = threading.Event()
    slow = ThreadPainter("slow", lambda: CountingGenerator(gate=gate), time.perf_counter)
    assert slow.wait_ready(20.0)
    engine, _ = engine_with()
    ticks(engine, 1)
    slow.submit(engine.params, engine.moment)
    began_s = time.monotonic()
    slow.dismiss()
    assert time.monotonic() - began_s < 1.0  # the generator holds its picture for five seconds
    gate.set()
    slow.close()


@pytest.mark.parametrize("repeat", [0, 1])
def test_offline_it_is_the_same_every_time(repeat: int) -> None:
    runs = []
    for _ in range(2):
        engine, stage = engine_with(change_on="beat", change_beats=1.5)
        engine.painters["a"] = inline(CountingGenerator())
        ticks(engine, 7 + repeat)
        engine.coming["a"] = inline(CountingGenerator())
        ticks(engine, 70)
        runs.append(change(stage))
    assert runs[0] == runs[1] and any(share is not None for share in runs[0])
