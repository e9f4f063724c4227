"""Attacks are counted once, soon, and in their own band."""

import numpy as np
import pytest

from perform.core.types import AudioBlock
from perform.features import FeatureAnalyser

RATE = 48000.0
BANDS = ("bass", "lowmid", "highmid", "treble")


def analyse(samples, rate=RATE, **settings):
    analyser = FeatureAnalyser(rate)
    analyser.configure(settings)
    samples = np.asarray(samples, np.float32)
    samples = samples[:, None] if samples.ndim == 1 else samples
    return analyser.process(AudioBlock(samples, rate, 0.0))


def curve(features, name):
    return np.array([f.values["audio/" + name] for f in features])


def seconds(n, rate=RATE):
    return np.arange(int(n * rate)) / rate


def kicks(t, every_s=0.5, first_s=0.25):
    age = np.where(t >= first_s, (t - first_s) % every_s, np.inf)
    age = np.where(np.isfinite(age), age, 10.0)
    pitch = 50 * age + 60 * (1 - np.exp(-age * 30)) / 30
    return np.sin(2 * np.pi * pitch) * np.exp(-age * 12)


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
@pytest.mark.parametrize("every_s", [0.125, 0.5, 0.73])
def test_clicks_are_counted_exactly_and_soon(rate, every_s):
    starts = 0.3 + np.arange(int(5.0 / every_s)) * every_s
    samples = np.zeros(int(6 * rate), np.float32)
    for start in starts:
        at = int(start * rate)
        samples[at : at + int(0.002 * rate)] = 0.8 * np.random.default_rng(2).choice([-1, 1], int(0.002 * rate))
    features = analyse(samples, rate)
    count, times = curve(features, "onsets"), np.array([f.time_s for f in features])
    assert count[-1] == len(starts)
    seen = times[np.flatnonzero(np.diff(count)) + 1]
    delay_hops = (seen - starts) / (256 / 48000)
    assert (delay_hops >= 0).all() and (delay_hops <= 2.05).all()


@pytest.mark.parametrize("loud", [0.02, 0.1, 0.8])
def test_kicks_are_counted_however_loud_they_are(loud):
    features = analyse(loud * kicks(seconds(8)))
    assert curve(features, "bass/onsets")[-1] == 16


@pytest.mark.parametrize("drone_hz", [41.2, 55.0, 82.4, 110.0])
def test_kicks_over_a_bass_drone(drone_hz):
    t = seconds(10)
    drone = 0.25 * np.sin(2 * np.pi * drone_hz * t)
    with_kicks = analyse(0.6 * kicks(t) + drone)
    assert abs(curve(with_kicks, "bass/onsets")[-1] - 20) <= 1
    alone = analyse(drone)
    assert curve(alone, "bass/onsets")[-1] <= 1


def test_a_beating_bass_is_no_drum():
    t = seconds(10)
    saws = sum(((t * hz) % 1.0) - 0.5 for hz in (55.0, 55.4))
    assert curve(analyse(0.3 * saws), "bass/onsets")[-1] <= 3


def test_hats_in_noise_and_noise_alone():
    rng = np.random.default_rng(5)
    t = seconds(8)
    noise = 0.02 * rng.standard_normal((t.size, 2))
    age = (t - 0.25) % 0.25
    hats = 0.4 * rng.standard_normal(t.size) * np.exp(-age * 50)
    hats -= np.convolve(hats, np.ones(12) / 12, "same")
    assert abs(curve(analyse(noise + hats[:, None]), "treble/onsets")[-1] - 32) <= 1
    for band in BANDS:
        assert curve(analyse(noise), f"{band}/onsets")[-1] <= (3 if band == "bass" else 5), "in eight seconds"
    assert curve(analyse(noise), "onsets")[-1] <= 5


def test_a_kick_is_not_a_hat():
    features = analyse(0.6 * kicks(seconds(4), 0.5, 0.3))
    assert curve(features, "treble/hit")[100:].max() < 0.2
    assert curve(features, "bass/hit")[100:].max() > 0.9


def test_hits_reach_the_top_fast_and_fall_in_time():
    features = analyse(0.6 * kicks(seconds(8), 1.0, 0.5))
    hit, times = curve(features, "bass/hit"), np.array([f.time_s for f in features])
    for start in (3.5, 4.5, 5.5):
        near = (times >= start) & (times < start + 0.04)
        assert hit[near].max() > 0.85
        tenth = hit[np.searchsorted(times, start + 0.03 + 0.18)]
        assert 0.05 < tenth < 0.16
    assert hit[np.searchsorted(times, 4.4)] < 0.01


def test_decay_can_be_set():
    slow = curve(analyse(0.6 * kicks(seconds(4), 1.0, 0.5), hit_decay_s=1.0), "bass/hit")
    fast = curve(analyse(0.6 * kicks(seconds(4), 1.0, 0.5), hit_decay_s=0.05), "bass/hit")
    assert slow.mean() > 5 * fast.mean()


def test_sensitivity_counts_more():
    rng = np.random.default_rng(1)
    t = seconds(12)
    age = t % 0.25
    loud = np.repeat(10 ** rng.uniform(-2.0, 0.0, 48), 12000)
    sound = 0.3 * loud * rng.standard_normal(t.size) * np.exp(-age * 25) + 0.01 * rng.standard_normal(t.size)
    counts = [curve(analyse(sound, sensitivity=s), "onsets")[-1] for s in (0.0, 0.5, 1.0)]
    assert counts[0] <= counts[1] <= counts[2] and counts[0] < counts[2]


def test_soft_passage_after_a_loud_one_keeps_its_onsets():
    t = seconds(16)
    sound = kicks(t) * np.where(t < 8, 0.8, 0.2)
    features = analyse(sound)
    count, times = curve(features, "bass/onsets"), np.array([f.time_s for f in features])
    assert count[-1] - count[np.searchsorted(times, 8.1)] >= 15
    hit = curve(features, "bass/hit")
    assert hit[(times > 8.1) & (times < 12)].max() < 0.8 * hit[(times > 4) & (times < 8)].max()


def test_flux_is_high_at_attacks_and_low_between():
    features = analyse(0.6 * kicks(seconds(6), 0.5, 0.25))
    flux, times = curve(features, "flux"), np.array([f.time_s for f in features])
    age = (times - 0.25) % 0.5
    late = times > 2
    assert flux[late & (age < 0.03)].max() > 0.8
    assert flux[late & (age > 0.3) & (age < 0.48)].max() < 0.15
