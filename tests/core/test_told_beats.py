"""The beat as another program tells it by OSC."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.told_beats import LOST_S, ToldBeats


@settings(max_examples=60, deadline=None)
@given(bpm=st.floats(40.0, 220.0), rate=st.floats(8.0, 60.0), late_ms=st.floats(0.0, 8.0), seed=st.integers(0, 99))
def test_numbers_that_come_late_make_a_clock(bpm: float, rate: float, late_ms: float, seed: int) -> None:
    told, rng = ToldBeats(), np.random.default_rng(seed)
    for n in range(int(5 * rate)):
        told.tell(3.0 + n / rate * bpm / 60.0, n / rate + float(rng.uniform(0, late_ms / 1000)))
    now = int(5 * rate) / rate
    word = told.beat(now)
    assert word is not None and word.source == "osc" and told.alive(now)
    assert word.tempo_bpm == pytest.approx(bpm, rel=0.04)
    assert word.beats == pytest.approx(3.0 + now * bpm / 60.0, abs=0.02 + 0.012 * bpm / 60)


def test_one_word_a_beat_is_enough() -> None:
    told = ToldBeats()
    for n in range(6):
        told.tell(float(n), n * 0.75)
    word = told.beat(4.0)
    assert word is not None and word.tempo_bpm == pytest.approx(80.0) and word.beats == pytest.approx(4.0 / 0.75)


def test_a_leap_begins_anew_and_silence_is_a_loss() -> None:
    told = ToldBeats()
    for n in range(30):
        told.tell(n * 0.1, n * 0.05)
    told.tell(64.0, 1.5)
    assert told.beat(1.5) is None
    for n in range(1, 10):
        told.tell(64.0 + n * 0.1, 1.5 + n * 0.05)
    word = told.beat(2.0)
    assert word is not None and word.beats == pytest.approx(65.0)
    assert told.beat(2.0 + LOST_S + 0.2) is None and told.counts()["leaps"] == 1
    told.tell(-1.0, 2.1)
    assert told.beat(2.1) is None
