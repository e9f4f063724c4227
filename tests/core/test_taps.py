"""The tapping finger: jitter, missed and stray taps, half and double time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.taps import Tapped, Taps


def tapped(times: list[float]) -> Tapped:
    taps = Taps()
    said = None
    for when in times:
        said = taps.add(when) or said
    assert said is not None
    return said


@settings(max_examples=150, deadline=None)
@given(
    bpm=st.floats(35.0, 235.0),
    seed=st.integers(0, 10_000),
    start=st.floats(0.0, 5000.0),
    count=st.integers(4, 8),
)
def test_a_human_finger_is_understood(bpm: float, seed: int, start: float, count: int) -> None:
    period = 60.0 / bpm
    jitter = np.random.default_rng(seed).normal(0.0, 0.02 * period, count).clip(-0.05 * period, 0.05 * period)
    said = tapped([start + n * period + jitter[n] for n in range(count)])
    assert said.tempo_bpm == pytest.approx(bpm, rel=0.06)
    last = start + (count - 1) * period
    assert abs(said.beat_s - last) < 0.08 * period


@pytest.mark.parametrize("missing", range(1, 7))
@pytest.mark.parametrize("bpm", [70.0, 128.0, 170.0])
def test_one_missed_tap_changes_nothing(bpm: float, missing: int) -> None:
    said = tapped([n * 60.0 / bpm for n in range(8) if n != missing])
    assert said.tempo_bpm == pytest.approx(bpm, rel=1e-6)


@pytest.mark.parametrize("where", [0.3, 1.4, 2.62, 3.35])
def test_one_stray_tap_is_left_out(where: float) -> None:
    times = sorted([*(n * 0.5 for n in range(8)), where])
    said = tapped(times)
    assert said.tempo_bpm == pytest.approx(120.0, rel=1e-6)
    assert (said.beat_s / 0.5) % 1.0 == pytest.approx(0.0, abs=1e-6)


def test_a_finger_that_goes_to_double_or_half_time_is_followed() -> None:
    half = [n * 0.5 for n in range(5)]
    assert tapped([*half, *(2.0 + n * 0.25 for n in range(1, 8))]).tempo_bpm == pytest.approx(240.0, rel=0.01)
    assert tapped([*half, *(2.0 + n * 1.0 for n in range(1, 6))]).tempo_bpm == pytest.approx(60.0, rel=0.01)


def test_bounces_and_long_pauses() -> None:
    assert tapped([0.0, 0.03, 0.5, 0.54, 1.0]).tempo_bpm == pytest.approx(120.0)
    taps = Taps()
    assert taps.add(0.0) is None and taps.add(9.0) is None


def test_more_taps_weigh_more() -> None:
    weights = [tapped([n * 0.5 for n in range(count)]).weight for count in range(2, 9)]
    assert weights == sorted(weights) and 0.5 < weights[0] < weights[-1] <= 0.95
