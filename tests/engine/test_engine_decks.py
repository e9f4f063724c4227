"""Several painters at once: one that nobody sees rests, and one that hangs holds up no other."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fakes import CountingGenerator, MemoryStage, ScriptedHearing

from perform.core import clock as tempo_clock
from perform.core.params import Param, ParamTable
from perform.engine.engine import Engine
from perform.engine.mailbox import ControlQueue
from perform.engine.painter import InlinePainter, ThreadPainter

TICK_S = 1 / 50


def make_engine() -> tuple[Engine, MemoryStage]:
    table = ParamTable([Param("out/panic", "trigger", False)])
    table.add(tempo_clock.PARAMS, "tempo")
    stage = MemoryStage()
    return Engine(table, stage, ScriptedHearing(), ControlQueue(), time.perf_counter), stage


def test_a_painter_nobody_sees_rests_once_it_has_a_picture() -> None:
    engine, stage = make_engine()
    made = {letter: CountingGenerator() for letter in "ab"}
    for letter, generator in made.items():
        engine.painters[letter] = InlinePainter(letter, lambda g=generator: g, time.perf_counter)
    stage.seen = frozenset({"a"})
    for n in range(10):
        engine.tick(n * TICK_S)
    assert made["a"].calls == 10 and made["b"].calls == 1
    assert set(stage.shown[-1][0]) == {"a", "b"}
    stage.seen = frozenset({"b"})
    for n in range(10, 15):
        engine.tick(n * TICK_S)
    assert made["a"].calls == 10 and made["b"].calls == 6
    engine.close()


def test_a_hanging_deck_b_never_slows_deck_a() -> None:
    engine, stage = make_engine()
    gate = threading.Event()
    stage.seen = frozenset({"a", "b"})
    engine.painters["a"] = ThreadPainter("a", CountingGenerator, time.perf_counter)
    engine.painters["b"] = ThreadPainter("b", lambda: CountingGenerator(gate=gate), time.perf_counter)
    ends = time.monotonic() + 20.0
    pictures: set[int] = set()
    while len(pictures) < 20 and time.monotonic() < ends:
        engine.tick(engine.moment.seconds + TICK_S)
        frames = stage.shown[-1][0]
        pictures |= {frames["a"].sequence} if "a" in frames else set()
        time.sleep(0.002)
    assert len(pictures) >= 20 and "b" not in stage.shown[-1][0]
    gate.set()
    engine.close()


def test_what_lies_between_pictures_is_part_of_a_painters_delay() -> None:
    found = []
    for added_s in (0.0, 0.08):
        engine, stage = make_engine()
        stage.delays = lambda added_s=added_s: {"a": added_s}
        engine.painters["a"] = InlinePainter("a", CountingGenerator, time.perf_counter)
        for n in range(8):
            engine.tick(n * TICK_S)
        found.append(engine.delays["a"].seconds)
        engine.close()
    assert abs(found[1] - found[0] - 0.08) < 1e-6
