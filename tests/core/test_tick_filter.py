"""Ticks with jitter, gaps, bunches and changes of tempo."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.tick_filter import TickFilter


def follow(times: np.ndarray) -> tuple[TickFilter, np.ndarray]:
    """(filter, [n, 2]: what it says of each tick's number at the tick, and bpm)."""
    pulse, said = TickFilter(2.5 / 400.0, 2.5 / 15.0), []
    for when in times:
        pulse.tick(float(when))
        said.append((pulse.at(float(when)), 2.5 / pulse.period_s if pulse.period_s else 0.0))
    return pulse, np.array(said)


def jittered(times: np.ndarray, sigma_s: float, seed: int = 0) -> np.ndarray:
    return np.maximum.accumulate(times + np.random.default_rng(seed).normal(0.0, sigma_s, len(times)))


@settings(max_examples=40, deadline=None)
@given(bpm=st.floats(40.0, 220.0), sigma_ms=st.floats(0.0, 2.0), seed=st.integers(0, 1000))
def test_jitter_is_filtered(bpm: float, sigma_ms: float, seed: int) -> None:
    period = 2.5 / bpm
    times = jittered(np.arange(24 * 16) * period, sigma_ms / 1000, seed)
    pulse, said = follow(times)
    off_s = (said[120:, 0] - times[120:] / period) * period
    assert np.sqrt(np.mean(off_s**2)) < 0.0002 + 0.45 * sigma_ms / 1000
    assert said[120:, 1].mean() == pytest.approx(bpm, rel=0.004)
    assert pulse.count == 24 * 16 - 1 and pulse.missed == 0


def test_a_ramp_is_followed() -> None:
    grid = np.linspace(0, 20, 200001)
    bpm = 120 + 20 * np.clip((grid - 6) / 8, 0, 1)
    beats = np.concatenate([[0.0], np.cumsum((bpm[1:] + bpm[:-1]) / 120 * np.diff(grid))])
    ticks = np.arange(int(beats[-1] * 24))
    times = jittered(np.interp(ticks / 24, beats, grid), 0.001)
    _, said = follow(times)
    off_beats = said[100:, 0] / 24 - np.interp(times[100:], grid, beats)
    assert np.abs(off_beats).max() < 0.01
    assert np.abs(said[100:, 1] - np.interp(times[100:], grid, bpm)).max() < 2.5


@pytest.mark.parametrize(("before", "after"), [(120, 60), (120, 133), (100, 200), (174, 87), (60, 240), (128, 126)])
def test_a_sudden_tempo_is_taken_within_a_beat_and_no_tick_is_lost(before: float, after: float) -> None:
    first = np.arange(240) * 2.5 / before
    times = np.concatenate([first, first[-1] + 2.5 / after * np.arange(1, 241)])
    pulse, said = follow(jittered(times, 0.0005))
    assert np.abs(said[264:, 1] / after - 1).max() < 0.02
    assert pulse.count == 479


@pytest.mark.parametrize("lost", [[300], [300, 301, 302], [300, 340, 400], list(range(300, 325))])
def test_lost_ticks_are_counted_all_the_same(lost: list[int]) -> None:
    times = np.delete(np.arange(700) * 2.5 / 128, lost)
    pulse, _ = follow(jittered(times, 0.001))
    assert pulse.missed == len(lost) and pulse.count == 699


def test_ticks_that_come_late_in_a_bunch_change_nothing() -> None:
    period = 2.5 / 128
    times = np.arange(700) * period
    times[300:306] = times[306] + np.arange(6) * 1e-4
    pulse, said = follow(np.maximum.accumulate(times))
    assert pulse.missed == 0 and pulse.count == 699
    assert np.abs(said[310:, 1] - 128).max() < 1.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1.0, 3.0), min_size=1, max_size=80))
def test_nonsense_gives_numbers(gaps: list[float]) -> None:
    pulse, now = TickFilter(2.5 / 400.0, 2.5 / 15.0), 0.0
    for gap in gaps:
        now += gap
        pulse.tick(now)
        assert np.isfinite(pulse.at(now)) and np.isfinite(pulse.period_s)
