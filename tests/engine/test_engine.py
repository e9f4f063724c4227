import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import CountingGenerator, MemoryStage, ScriptedHearing, features

from perform.core import clock as tempo_clock
from perform.core.params import Param, ParamTable
from perform.core.routes import Route, RouteBank, route_rows
from perform.core.types import AudioBlock, BeatClock, ControlEvent, Features
from perform.engine.engine import Engine
from perform.engine.hearing import Heard, LiveHearing, OfflineHearing, resting
from perform.engine.mailbox import ControlQueue
from perform.engine.painter import InlinePainter, ThreadPainter

TICK_S = 1 / 50


def make_engine(hearing: ScriptedHearing | None = None) -> tuple[Engine, MemoryStage]:
    table = ParamTable([Param("deck/a/source/psi", default=0.2), Param("deck/a/source/jump", "trigger", False),
                        Param("out/blackout", "bool", False), Param("out/panic", "trigger", False),
                        Param("out/level", default=1.0), Param("macro/1")])  # fmt: skip
    table.add(tempo_clock.PARAMS, "tempo")
    stage = MemoryStage()
    queue = ControlQueue(lambda a: a in table and table[a].kind == "trigger")
    return Engine(table, stage, hearing or ScriptedHearing(), queue, time.perf_counter), stage


def run(engine: Engine, ticks: int, start: int = 0) -> None:
    for n in range(start, start + ticks):
        engine.tick(n * TICK_S)


def send(engine: Engine, address: str, value: object = True, **more: bool) -> None:
    engine.queue.post(ControlEvent(address, value, 0.0, "test", **more))


def until(true: object, seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not true() and time.monotonic() < ends:
        time.sleep(0.005)
    assert true()


def test_a_moment_per_tick() -> None:
    engine, stage = make_engine()
    run(engine, 5)
    moments = [m for *_, m in stage.shown]
    assert [m.frame for m in moments] == [0, 1, 2, 3, 4]
    assert moments[0].dt_s == 0.0 and moments[4].dt_s == pytest.approx(TICK_S)


def test_a_stall_does_not_move_time_on_in_one_jump() -> None:
    engine, stage = make_engine()
    engine.tick(0.0)
    engine.tick(30.0)
    assert stage.shown[-1][3].dt_s == 0.25


def test_events_reach_the_table_native_and_normalised_and_bad_ones_only_count() -> None:
    engine, stage = make_engine()
    send(engine, "deck/a/source/psi", 0.75)
    send(engine, "macro/1", 0.5, normalised=True)
    send(engine, "out/level", "loud")
    send(engine, "no/such/thing", 1.0)
    run(engine, 1)
    values = stage.shown[-1][1].values
    assert (values["deck/a/source/psi"], values["macro/1"], values["out/level"]) == (0.75, 0.5, 1.0)
    assert engine.health.counts == {"control errors": 1, "unknown addresses": 1}
    assert "out/level" in engine.health.last_error


def test_sound_moves_parameters_through_routes() -> None:
    hearing = ScriptedHearing(lambda s: Heard(features(s, audio__bass__level=s), None, s))
    engine, stage = make_engine(hearing)
    route = Route("audio/bass/level", "deck/a/source/psi", depth=0.5)
    engine.table.add(route_rows([route]))
    engine.set_routes(RouteBank([route]), ())
    run(engine, 50)
    psi = np.array([p.values["deck/a/source/psi"] for _, p, _, _ in stage.shown])
    assert np.allclose(psi, 0.2 + 0.5 * np.arange(50) * TICK_S)


def test_a_source_that_goes_quiet_without_a_word_falls_to_rest_and_counters_stay() -> None:
    loud = features(
        1.0, audio__level=1.0, audio__onsets=7.0, audio__bass__time=3.0, audio__silence=0.0, section__silence=0.0,
        section__drops=2.0, section__build=0.8,
    )  # fmt: skip
    ages = [0.0, 0.2, 0.5, 1.0, 3.0]
    levels = [resting(loud, age).values["audio/level"] for age in ages]
    assert levels[0] == levels[1] == 1.0 and levels == sorted(levels, reverse=True) and levels[-1] < 0.01
    rest = resting(loud, 3.0)
    assert rest.values["audio/onsets"] == 7.0 and rest.values["audio/bass/time"] == 3.0
    assert rest.values["section/drops"] == 2.0 and rest.values["section/build"] < 0.01
    assert rest.values["audio/silence"] > 0.99 and rest.values["section/silence"] > 0.99 and rest.spectrum.max() < 0.01


def test_the_beat_of_the_sound_is_followed_with_its_age_and_the_lead() -> None:
    def script(seconds: float) -> Heard:
        heard_at = seconds - 0.05
        beat = BeatClock(heard_at, 2.0 * heard_at, 120.0, source="synth")
        return Heard(features(heard_at), beat, heard_at, age_s=0.05)

    engine, _ = make_engine(ScriptedHearing(script))
    engine.table.set("tempo/lead_s", 0.1)
    run(engine, 100)
    assert engine.moment.beats == pytest.approx(2.0 * (99 * TICK_S + 0.1), abs=1e-6)
    assert engine.tempo.source == "synth"


def test_hands_on_the_tempo() -> None:
    engine, _ = make_engine()
    run(engine, 1)
    for n in range(1, 120):
        if n % 20 == 0:
            send(engine, "tempo/tap")
        engine.tick(n * TICK_S)
    assert engine.tempo.bpm == pytest.approx(150.0, rel=0.01)
    send(engine, "tempo/halve")
    run(engine, 1, 120)
    assert engine.tempo.bpm == pytest.approx(75.0, rel=0.01)
    send(engine, "tempo/bpm", 99.0)
    send(engine, "tempo/one")
    run(engine, 1, 121)
    assert engine.tempo.bpm == 99.0 and engine.moment.bar_phase < 0.02


def test_panic_suspends_routes_and_lifts_the_black_and_a_second_gives_them_back() -> None:
    engine, stage = make_engine()
    engine.table.set("out/blackout", True)
    send(engine, "out/panic")
    run(engine, 1)
    assert stage.shown[-1][1].values["out/blackout"] is False and engine.bank.suspended
    send(engine, "out/panic")
    run(engine, 1, 1)
    assert not engine.bank.suspended


def test_new_routes_do_not_fire_triggers_by_themselves() -> None:
    count = [0]
    hearing = ScriptedHearing(lambda s: Heard(features(s, audio__onsets=float(count[0])), None, s))
    engine, stage = make_engine(hearing)
    route = Route("audio/onsets", "deck/a/source/jump", depth=1.0)
    engine.set_routes(RouteBank([route]), ())
    for n in range(6):
        count[0] = n
        engine.tick(n * TICK_S)
    engine.set_routes(RouteBank([route]), ())
    for n in range(6, 9):
        engine.tick(n * TICK_S)
    jumps = [p.values["deck/a/source/jump"] for _, p, _, _ in stage.shown]
    assert jumps == [0, 1, 2, 3, 4, 5, 5, 5, 5]


def test_a_generator_gets_its_own_rows_and_its_frames_are_shown() -> None:
    engine, stage = make_engine()
    generator = CountingGenerator()
    engine.painters["a"] = InlinePainter("a", lambda: generator, time.perf_counter)
    run(engine, 3)
    assert generator.seen[-1] == {"psi": 0.2, "jump": 0}
    sequences = [frames["a"].sequence for frames, *_ in stage.shown]
    assert sequences == sorted(set(sequences)) and engine.health.counts["deck a frames"] == 3


def test_a_hanging_generator_does_not_hold_the_screen_and_blackout_works() -> None:
    engine, stage = make_engine()
    gate = threading.Event()
    engine.painters["a"] = ThreadPainter("a", lambda: CountingGenerator(gate=gate), time.perf_counter)
    began = time.monotonic()
    send(engine, "out/blackout")
    run(engine, 50)
    assert time.monotonic() - began < 1.0
    assert stage.shown[-1][1].values["out/blackout"] is True and len(stage.shown) == 50
    gate.set()
    engine.close()
    assert stage.closed


def test_a_failing_generator_is_made_anew_and_the_last_frame_stays() -> None:
    engine, _ = make_engine()
    made: list[CountingGenerator] = []

    def factory() -> CountingGenerator:
        made.append(CountingGenerator(fail_at=3 if len(made) < 2 else -1))
        return made[-1]

    painter = ThreadPainter("a", factory, time.perf_counter, sleep=lambda _: None)
    engine.painters["a"] = painter
    sequence = 0

    def tick_until_third() -> bool:
        nonlocal sequence
        engine.tick(engine.moment.seconds + TICK_S)
        frame = painter.newest()
        if frame is not None:
            assert frame.sequence >= sequence
            sequence = frame.sequence
        return len(made) == 3 and made[2].calls > 3

    until(tick_until_third)
    assert painter.failures == 2 and "paint ran out" in painter.last_error
    assert made[0].closed and made[1].closed
    engine.close()


def test_a_generator_that_cannot_be_made_is_tried_again_with_growing_pauses() -> None:
    pauses: list[float] = []

    def broken() -> CountingGenerator:
        raise OSError("no such card")

    painter = ThreadPainter("a", broken, time.perf_counter, sleep=lambda s: pauses.append(s))
    until(lambda: len(pauses) >= 10)
    painter._stop.set()
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0] and max(pauses) == 30.0


def test_a_coming_painter_takes_over_with_its_first_frame() -> None:
    engine, stage = make_engine()
    old, new, gate = CountingGenerator(), CountingGenerator(gate=threading.Event()), threading.Event()
    new.gate = gate
    engine.painters["a"] = InlinePainter("a", lambda: old, time.perf_counter)
    run(engine, 2)
    engine.coming["a"] = ThreadPainter("a", lambda: new, time.perf_counter)
    run(engine, 10, 2)
    assert old.calls == 12 and not old.closed  # it played on
    gate.set()
    until(lambda: new.calls > 0)

    def taken_over() -> bool:
        engine.tick(engine.moment.seconds + TICK_S)
        return not engine.coming

    until(taken_over)
    assert old.closed and "a" in stage.shown[-1][0]
    engine.close()


class BlockInput:
    name, rate_hz, channels, live = "blocks", 1000.0, 1, False

    def __init__(self, seconds: float, bad_at: int = -1) -> None:
        self.left = round(seconds * self.rate_hz)
        self.at = 0
        self.bad_at = bad_at
        self.reads = 0

    def open(self) -> None: ...

    def read(self, frames: int) -> AudioBlock | None:
        self.reads += 1
        if self.reads == self.bad_at:
            raise OSError("a bad block")
        n = min(frames, self.left)
        if n <= 0:
            return None
        block = AudioBlock(np.zeros((n, 1), np.float32), self.rate_hz, self.at / self.rate_hz)
        self.at += n
        self.left -= n
        return block

    def counts(self) -> dict[str, int]:
        return {"overflows": 0}

    def beat(self) -> None: ...

    @property
    def finished(self) -> bool:
        return self.left <= 0

    def close(self) -> None: ...


class EndOfBlock:
    def process(self, block: AudioBlock) -> list[Features]:
        return [features(block.start_s + len(block.samples) / block.rate_hz)]


def test_offline_hearing_reads_just_what_the_frame_needs() -> None:
    sound = BlockInput(2.0)
    hearing = OfflineHearing(sound, EndOfBlock())
    for n in range(1, 31):
        heard = hearing.at(n / 30)
        assert heard is not None and sound.at == round(n / 30 * 1000)
    assert not hearing.finished
    hearing.at(10.0)
    assert hearing.finished and sound.at == 2000


def test_live_hearing_survives_a_bad_block_and_tells_everyone() -> None:
    sound = BlockInput(3.0, bad_at=3)
    blocks: list[AudioBlock] = []
    hearing = LiveHearing(sound, EndOfBlock(), lambda: 1.0, listeners=[blocks.append])
    hearing.start()
    until(lambda: hearing.finished)
    hearing.close()
    assert hearing.counts()["hearing errors"] == 1 and "a bad block" in hearing.last_error
    assert sum(len(b.samples) for b in blocks) == 3000
    heard = hearing.at(1.5)
    assert heard is not None and heard.age_s == pytest.approx(0.5)


def test_sinks_get_the_frame_before_live_and_the_very_frame_offline() -> None:
    for exact, want in ((False, [(1, 0), (2, 1)]), (True, [(1, 0), (2, 1), (3, 2)])):
        engine, _ = make_engine()
        engine.exact = exact
        got: list[tuple[int, int]] = []

        class Keep:
            def send(self, image: np.ndarray, moment: object, got: list = got) -> None:
                got.append((int(image[0, 0, 0]), moment.frame))

            def close(self) -> None: ...

        engine.sinks.append(Keep())
        run(engine, 3)
        assert got == want


def test_a_sense_that_breaks_is_missed_and_the_others_are_heard() -> None:
    class Sense:
        def __init__(self, value: float | None) -> None:
            self.value = value

        def signals(self, seconds: float) -> dict[str, float]:
            return {"pad/x": 1.0 / 0.0} if self.value is None else {"dmx/1/1": self.value}

    engine, stage = make_engine()
    engine.senses += [Sense(None), Sense(0.5)]  # type: ignore[list-item]
    run(engine, 3)
    assert len(stage.shown) == 3 and engine.signals["dmx/1/1"] == 0.5 and "pad/x" not in engine.signals
    assert engine.health.counts["sense errors"] == 3 and "division" in engine.health.last_error
