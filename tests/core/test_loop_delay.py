"""The delay of a loop from a recording: known delays come back, whatever the room adds; nonsense is told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.loop_delay import AGREE_S, find, plan

RATE = 48000.0


def room(delay_s: float, loud: float = 0.1, noise: float = 0.0, echo: float = 0.0, count: int = 8,
         rate: float = RATE, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """(recording, where each chirp was sent): the sound delayed, with noise and an echo 18 ms later."""
    sound, starts = plan(count, rate)
    out = np.zeros(len(sound) + int(rate), np.float32)
    late = round(delay_s * rate)
    out[late : late + len(sound)] += loud * sound
    out[late + round(0.018 * rate) :][: len(sound)] += echo * loud * sound[: len(out) - late - round(0.018 * rate)]
    out += np.random.default_rng(seed).normal(0.0, 1.0, len(out)).astype(np.float32) * noise
    return out, starts


@settings(max_examples=25, deadline=None)
@given(delay=st.floats(0.0, 0.6), rate=st.sampled_from([44100.0, 48000.0, 96000.0]))
def test_a_known_delay_is_found_to_the_sample(delay: float, rate: float) -> None:
    recorded, starts = room(delay, rate=rate, count=3)
    found = find(recorded, rate, list(starts))
    assert not found.problem and found.agreed == 3
    assert found.delay_s == pytest.approx(delay, abs=1.5 / rate)


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02, 0.05])
def test_noise_as_loud_as_the_click_is_no_matter(noise: float) -> None:
    found = find(*_swap(room(0.0314, loud=0.1, noise=noise)))
    assert not found.problem and found.delay_s == pytest.approx(0.0314, abs=0.0003)


def test_a_louder_echo_is_not_taken_for_the_sound() -> None:
    found = find(*_swap(room(0.025, echo=1.6, noise=0.001)))
    assert found.delay_s == pytest.approx(0.025, abs=0.0005)


def test_silence_noise_and_music_are_told_apart() -> None:
    recorded, starts = room(0.03, loud=0.0)
    assert "nothing is heard" in find(recorded, RATE, list(starts)).problem
    recorded, starts = room(0.03, loud=0.002, noise=0.2)
    noisy = find(recorded, RATE, list(starts))
    assert "turn the loudspeaker up" in noisy.problem and noisy.agreed < 4


def test_a_clap_or_two_spoil_nothing() -> None:
    recorded, starts = room(0.04, noise=0.002)
    rng = np.random.default_rng(5)
    for at in (starts[1] + 12000, starts[4] - 3000):
        recorded[at : at + 2000] += rng.normal(0, 0.8, 2000).astype(np.float32)
    found = find(recorded, RATE, list(starts))
    assert not found.problem and found.delay_s == pytest.approx(0.04, abs=0.0005)


def test_a_delay_that_wanders_is_refused() -> None:
    sound, starts = plan(8, RATE)
    out = np.zeros(len(sound) + int(RATE), np.float32)
    for number, at in enumerate(starts):
        late = round((0.03 + 0.02 * number) * RATE)
        out[at + late : at + late + 1000] += sound[at : at + 1000]
    found = find(out, RATE, list(starts))
    assert "only" in found.problem and found.found == 8 and found.agreed <= 2


def test_bad_samples_and_too_short_a_recording_do_not_break_it() -> None:
    recorded, starts = room(0.03)
    recorded[1000:1010] = np.nan
    recorded[2000] = np.inf
    assert not find(np.stack([recorded, recorded], 1), RATE, list(starts)).problem
    assert find(np.zeros(10, np.float32), RATE, list(starts)).problem
    assert find(recorded[: starts[1]], RATE, list(starts)).found <= 1


def test_chirps_are_unevenly_spaced_and_agree_only_when_close() -> None:
    _, starts = plan(12, RATE)
    gaps = np.diff(starts)
    assert len(set(gaps)) > 8 and gaps.min() > 0.85 * RATE and AGREE_S < 0.01


def _swap(made: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, float, list[float]]:
    return made[0], RATE, list(made[1])
