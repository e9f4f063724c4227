"""Stream time on the clock of the show, whatever the arrivals do."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.stream_clock import StreamClock

BLOCK_S = 256 / 48000


def run(clock: StreamClock, lates: np.ndarray, drift: float = 0.0, first: int = 0) -> list[float]:
    shifts = []
    for n, late in enumerate(lates, first):
        stream_s = (n + 1) * BLOCK_S
        clock.note(stream_s, 3.0 + stream_s * (1.0 + drift) + late)
        shifts.append(clock.shift_s)
    return shifts


def test_jitter_of_arrival_does_not_reach_it() -> None:
    rng = np.random.default_rng(1)
    lates = np.abs(rng.normal(0.0, 0.006, 4000)) * (rng.random(4000) < 0.8)
    shifts = run(StreamClock(), lates)
    assert max(shifts[50:]) - 3.0 < 1e-4 and min(shifts) >= 3.0 - 1e-9


def test_bursts_of_blocks_are_late_only_in_part() -> None:
    shifts = run(StreamClock(), np.tile([3 * BLOCK_S, 2 * BLOCK_S, BLOCK_S, 0.0], 500))
    assert max(shifts[8:]) - 3.0 < 1e-4


@pytest.mark.parametrize("drift", [-3e-4, 3e-4])
def test_two_clocks_that_drift_stay_together(drift: float) -> None:
    rng = np.random.default_rng(2)
    lates = rng.exponential(0.002, 30000)
    shifts = np.array(run(StreamClock(), lates, drift))
    true = 3.0 + (np.arange(30000) + 1) * BLOCK_S * drift
    assert np.abs(shifts - true)[400:].max() < 0.004


def test_one_late_second_moves_nothing_and_a_cut_is_taken_over() -> None:
    clock = StreamClock()
    run(clock, np.zeros(1000))
    run(clock, np.full(180, 0.4), first=1000)
    assert clock.shift_s == pytest.approx(3.0, abs=0.004)
    run(clock, np.full(1500, 0.4), first=1180)
    assert clock.shift_s == pytest.approx(3.4, abs=0.01)


def test_a_stream_that_starts_again_is_taken_over_at_once() -> None:
    clock = StreamClock()
    run(clock, np.zeros(500))
    clock.note(500 * BLOCK_S, 60.0)
    assert clock.shift_s == pytest.approx(60.0 - 500 * BLOCK_S)
    clock.note(float("nan"), 60.1)
    clock.note(1.0, float("inf"))
    assert clock.shift_s == pytest.approx(60.0 - 500 * BLOCK_S)
