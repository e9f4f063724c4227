import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.clock import TempoClock
from perform.core.types import BeatClock


def test_runs_by_itself() -> None:
    clock = TempoClock(90.0)
    for _ in range(600):
        clock.advance(1 / 60)
    assert clock.beats == pytest.approx(15.0)
    assert clock.bar_phase == pytest.approx(0.75)


def test_follows_a_source_exactly_after_the_first_word() -> None:
    clock = TempoClock(120.0)
    for n in range(1, 400):
        clock.advance(1 / 50, BeatClock(n / 50, 3.0 + n / 50 * 128 / 60, 128.0))
    assert clock.beats == pytest.approx(3.0 + 399 / 50 * 128 / 60, abs=1e-6)
    assert clock.bpm == 128.0


@given(jitter=st.lists(st.floats(-0.4, 0.4), min_size=20, max_size=120))
def test_never_goes_back_whatever_the_source_says(jitter: list[float]) -> None:
    clock = TempoClock()
    before = clock.beats
    for n, off in enumerate(jitter):
        clock.advance(1 / 30, BeatClock(n / 30, n / 30 * 2.0 + off * 6.0, 120.0 + 40 * off))
        assert clock.beats >= before
        before = clock.beats


def test_a_far_source_is_joined_at_its_place_in_the_bar() -> None:
    clock = TempoClock()
    clock.beats = 101.3
    clock.advance(0.02, BeatClock(0.0, 2.25, 120.0))
    assert clock.beats >= 101.3
    assert clock.bar_phase == pytest.approx((2.25 % 4) / 4, abs=1e-6)


def test_a_lost_source_leaves_the_tempo_running_with_falling_trust() -> None:
    clock = TempoClock(120.0)
    clock.advance(0.02, BeatClock(0.0, 0.0, 140.0))
    start = clock.beats
    for _ in range(500):
        clock.advance(0.02)
    assert clock.beats - start == pytest.approx(10.0 * 140 / 60, rel=1e-6)
    assert clock.confidence < 0.4


@pytest.mark.parametrize("bpm", [60, 97.5, 128, 174])
def test_taps(bpm: float) -> None:
    rng = np.random.default_rng(int(bpm))
    clock = TempoClock(120.0)
    for n in range(8):
        clock.tap(10.0 + n * 60 / bpm + float(rng.normal(0, 0.008)))
    assert clock.bpm == pytest.approx(bpm, rel=0.02)


def test_a_missed_tap_and_a_stray_one_do_not_spoil_it() -> None:
    clock = TempoClock(90.0)
    for when in (0.0, 0.5, 1.0, 2.0, 2.5, 2.62, 3.0, 3.5):
        clock.tap(when)
    assert clock.bpm == pytest.approx(120.0, rel=0.05)


def test_taps_bring_the_beat_under_the_finger_without_going_back() -> None:
    clock = TempoClock(120.0)
    now, before = 0.0, 0.0
    phases = []
    for _ in range(16):
        clock.tap(now)
        for _ in range(25):
            clock.advance(0.02)
            now += 0.02
            assert clock.beats >= before
            before = clock.beats
        phases.append(clock.beats % 1.0)
    assert min(phases[-1], 1 - phases[-1]) < 0.05


def test_old_taps_are_forgotten() -> None:
    clock = TempoClock(100.0)
    clock.tap(0.0)
    clock.tap(60.0)
    assert clock.bpm == 100.0


def test_double_halve_one_nudge_hold() -> None:
    clock = TempoClock(100.0)
    clock.scale(2.0)
    assert clock.bpm == 200.0
    clock.scale(2.0)
    assert clock.bpm == 200.0  # 400 is out of range
    clock.scale(0.5)
    clock.beats = 6.3
    clock.one()
    assert clock.bar_phase == pytest.approx(0.3 / 4)  # the nearest beat is the one
    clock = TempoClock(100.0)
    clock.nudge = 1.0
    clock.advance(0.6)
    assert clock.beats == pytest.approx(1.04)
    clock.hold = True
    clock.advance(0.6, BeatClock(0.0, 50.0, 180.0))
    assert clock.bpm == 100.0


def test_double_also_holds_for_what_the_source_says() -> None:
    clock = TempoClock(100.0)
    clock.advance(0.02, BeatClock(0.0, 0.0, 70.0))
    clock.scale(2.0)
    for n in range(1, 200):
        clock.advance(0.02, BeatClock(n * 0.02, n * 0.02 * 70 / 60, 70.0))
    assert clock.bpm == 140.0


def test_lead_puts_the_beat_ahead() -> None:
    clock = TempoClock()
    clock.advance(0.02, BeatClock(0.0, 8.0, 120.0), ahead_s=0.1)
    assert clock.beats == pytest.approx(8.2)


def test_a_source_that_counts_bars_apart_from_beats() -> None:
    clock = TempoClock()
    clock.beats = 37.4
    for n in range(200):
        now = n * 0.02
        beats = 10.25 + now * 2.0
        clock.advance(0.02, BeatClock(now, beats, 120.0, 3, bar_phase=((beats - 1.0) / 3) % 1.0))
    assert clock.beats_per_bar == 3
    assert clock.beats % 1.0 == pytest.approx(beats % 1.0, abs=1e-6)
    assert clock.bar_phase == pytest.approx(((beats - 1.0) / 3) % 1.0, abs=1e-6)


def test_far_off_it_runs_on_to_the_bar_line_and_jumps_there_forward() -> None:
    clock = TempoClock(120.0)
    dt, now = 0.02, 0.0
    for _ in range(200):
        now += dt
        clock.advance(dt, BeatClock(now, now * 2.0, 120.0))
    jumps, before = [], clock.beats
    for _ in range(300):
        now += dt
        clock.advance(dt, BeatClock(now, now * 2.0 + 2.5, 120.0))  # a cut in the music: two and a half beats on
        if clock.beats - before > 0.1:
            jumps.append((clock.beats, clock.bar_phase))
        assert clock.beats >= before
        before = clock.beats
    assert len(jumps) == 1
    assert jumps[0][1] < 0.02
    assert clock.beats % 4.0 == pytest.approx((now * 2.0 + 2.5) % 4.0, abs=1e-6)


def test_a_source_that_stays_whole_bars_behind_is_followed_evenly() -> None:
    clock = TempoClock(120.0)
    clock.beats = 5.3
    steps, before = [], clock.beats
    for n in range(400):
        clock.advance(0.02, BeatClock(n * 0.02, 2.25 + n * 0.04, 120.0))
        steps.append(clock.beats - before)
        before = clock.beats
    assert np.allclose(steps[1:], 0.04)


def test_a_long_bar_is_not_waited_for() -> None:
    clock = TempoClock(30.0)
    for n in range(1, 60):
        clock.advance(0.05, BeatClock(n * 0.05, n * 0.025, 30.0, 7))
    for n in range(60, 160):
        clock.advance(0.05, BeatClock(n * 0.05, n * 0.025 + 1.6, 30.0, 7))
    assert clock.beats % 1.0 == pytest.approx((159 * 0.025 + 1.6) % 1.0, abs=1e-6)


@pytest.mark.parametrize("fps", [30.0, 59.94])
def test_an_hour_of_ticks_does_not_drift(fps: float) -> None:
    clock = TempoClock(120.0)
    rng = np.random.default_rng(4)
    ticks = round(3600 * fps)
    jitter = rng.uniform(0.0, 0.6 / fps, ticks)
    before_s, bpm = 0.0, 127.3
    for n in range(ticks):
        now_s = n / fps + jitter[n]
        clock.advance(now_s - before_s, BeatClock(now_s, now_s * bpm / 60.0, bpm))
        before_s = now_s
    assert clock.beats == pytest.approx(before_s * bpm / 60.0, abs=1e-6)
    assert clock.bars == pytest.approx(clock.beats / 4.0, abs=1e-6)


@given(
    places=st.lists(st.tuples(st.integers(2, 7), st.floats(0.0, 0.999)), min_size=5, max_size=60),
    ones=st.sets(st.integers(0, 59)),
)
def test_bars_only_grow_and_their_fraction_is_the_phase(places: list[tuple[int, float]], ones: set[int]) -> None:
    clock, before = TempoClock(), -1.0
    for n, (metre, phase) in enumerate(places):
        clock.advance(0.05, BeatClock(n * 0.05, n * 0.1, 120.0, metre, bar_phase=phase))
        if n in ones:
            clock.one()
        bars = clock.bars
        assert bars >= before - 1e-9 and bars % 1.0 == pytest.approx(clock.bar_phase, abs=1e-9)
        before = bars


def test_bars_of_three_are_counted() -> None:
    clock = TempoClock(120.0)
    for n in range(1, 601):
        clock.advance(0.02, BeatClock(n * 0.02, n * 0.04, 120.0, 3, bar_phase=(n * 0.04 / 3) % 1.0))
    assert clock.bars == pytest.approx(600 * 0.04 / 3)
