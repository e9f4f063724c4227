"""A slow painter on the beat: simulated to the millisecond, with a clock of our own."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import CountingGenerator, MemoryStage, ScriptedHearing

from perform.core import clock as tempo_clock
from perform.core.params import Param, ParamTable
from perform.core.types import Frame, Moment
from perform.engine.engine import Engine
from perform.engine.mailbox import ControlQueue
from perform.engine.on_beat import OnBeat
from perform.engine.painter import InlinePainter

BPM, FPS = 126.0, 60.0


def at(frame: int, bpm: float = BPM) -> Moment:
    seconds = frame / FPS
    beats = seconds * bpm / 60.0
    return Moment(seconds, 1 / FPS, frame, beats, beats / 4 % 1, bpm, 1.0, bars=beats / 4)


def play(timed: OnBeat, cost_s, seconds: float = 60.0, work_s: float = 0.09, between: bool = False):
    """Runs it; returns (times at which pictures were begun, [(time shown, frame)])."""
    newest, pending, number = None, None, 0
    begun, shown = [], []
    for frame in range(int(seconds * FPS)):
        now = at(frame)
        if pending is not None and pending[0] <= now.seconds:
            newest, pending = pending[1], None
        plan = timed.plan(now, work_s, newest, between=between, exact=False)
        if plan.starts:
            number += 1
            painted = Frame(np.zeros((1, 1, 3), np.uint8), number, timed.moment(now, plan))
            pending = (now.seconds + cost_s(), painted)
            begun.append(now.seconds)
        seen = timed.shown(newest, now, between=between)
        if seen is not None and (not shown or shown[-1][1] is not seen):
            shown.append((now.seconds, seen))
    return begun, shown


def off_beat_ms(seconds: float, length: float = 1.0) -> float:
    """Distance of a picture's first sight (half a frame before its middle) to the nearest beat."""
    count = (seconds - 0.5 / FPS) * BPM / 60.0 / length
    return (count - round(count)) * length * 60.0 / BPM * 1000.0


@pytest.mark.parametrize("length", ["beat", "1/8", "bar"])
def test_pictures_land_on_the_beat(length):
    chance = random.Random(1)
    beats = {"beat": 1.0, "1/8": 0.5, "bar": 4.0}[length]
    begun, shown = play(OnBeat(length), lambda: 0.08 + chance.uniform(-0.01, 0.01))
    errors = [off_beat_ms(s, beats) for s, _ in shown[2:]]
    assert len(errors) == pytest.approx(60 * BPM / 60 / beats, abs=4)
    assert abs(median(errors)) <= 5 and max(abs(e) for e in errors) <= 10
    assert all(0.09 <= -b * 1 + s <= 0.15 for b, (s, _) in zip(begun[2:], shown[2:], strict=False))


def test_a_late_picture_is_shown_at_once_and_counted():
    chance = random.Random(2)
    timed = OnBeat("beat")
    _, shown = play(timed, lambda: 0.25 if chance.random() < 0.1 else 0.08)
    late = [off_beat_ms(s) for s, _ in shown[2:] if off_beat_ms(s) > 20]
    assert 5 <= len(late) <= 25 and timed.late == len(late)
    assert timed.report()["landed"] == timed.landed > 100


def test_work_longer_than_a_beat_lands_on_every_second_or_third():
    _, shown = play(OnBeat("beat"), lambda: 0.6, work_s=0.62)
    errors = [off_beat_ms(s) for s, _ in shown[2:]]
    assert max(abs(e) for e in errors) <= 10
    gaps = np.diff([s for s, _ in shown[2:]]) * BPM / 60
    assert set(np.round(gaps).astype(int)) == {2}


def test_what_moves_between_pictures_knows_when_to_arrive():
    """It begins right after a beat, and the moment it is painted for is the next."""
    _, shown = play(OnBeat("beat"), lambda: 0.08, between=True)
    for seconds, frame in shown[2:]:
        assert 0.2 < frame.moment.seconds - seconds < 0.45
        assert abs(off_beat_ms(frame.moment.seconds + 0.5 / FPS)) < 1.0
        assert frame.moment.beats == pytest.approx(round(frame.moment.beats), abs=1e-6)


def test_a_painter_that_never_answers_is_asked_again():
    timed = OnBeat("beat")
    begun, shown = play(timed, lambda: 1e9, seconds=10)
    assert 2 <= len(begun) <= 10 and not shown


def make_engine(length: str):
    table = ParamTable([Param("out/panic", "trigger", False)])
    table.add(tempo_clock.PARAMS, "tempo")
    table.add([Param("on_beat", "choice", length, choices=("off", "beat", "bar"), live=False)], "deck/a")
    table.add([Param("interpolate", "choice", "off", choices=("off", "fade"))], "deck/a")
    table.add(CountingGenerator.PARAMS, "deck/a/source")
    stage = MemoryStage()
    return Engine(table, stage, ScriptedHearing(), ControlQueue(), time.perf_counter), stage


def test_offline_a_picture_is_painted_on_each_beat_and_at_no_other_time():
    engine, stage = make_engine("beat")
    engine.exact = True
    generator = CountingGenerator()
    engine.painters["a"] = InlinePainter("a", lambda: generator, time.perf_counter)
    engine.tempo.told = None
    beats = []
    for n in range(240):
        engine.tick(n / 30)
        frame = stage.shown[-1][0]["a"]
        if not beats or beats[-1][0] != frame.sequence:
            beats.append((frame.sequence, engine.moment.beats))
    trusted = engine.landing.quantiser.trusts
    assert generator.calls == len(beats)
    if trusted:
        assert all(b % 1.0 < 0.1 for _, b in beats[1:])
    engine.close()


def test_without_a_beat_to_trust_it_paints_as_ever():
    engine, _ = make_engine("beat")
    generator = CountingGenerator()
    engine.painters["a"] = InlinePainter("a", lambda: generator, time.perf_counter)
    for n in range(300):
        engine.tick(n / 30)
    assert not engine.landing.quantiser.trusts  # nothing was heard
    before = generator.calls
    for n in range(300, 310):
        engine.tick(n / 30)
    assert generator.calls == before + 10
    engine.close()
