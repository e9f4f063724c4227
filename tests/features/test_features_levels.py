"""Loudness and its self-normalisation: silence, noise floors, breakdowns, quiet records."""

import numpy as np
import pytest

from perform.core.types import AudioBlock
from perform.features import OUTPUTS, FeatureAnalyser

RATE = 48000.0
BANDS = ("bass", "lowmid", "highmid", "treble")


def analyse(samples, rate=RATE, analyser=None, start_s=0.0, **settings):
    analyser = analyser or FeatureAnalyser(rate)
    analyser.configure(settings)
    samples = np.asarray(samples, np.float32)
    samples = samples[:, None] if samples.ndim == 1 else samples
    return analyser.process(AudioBlock(samples, rate, start_s))


def curve(features, name):
    return np.array([f.values["audio/" + name] for f in features])


def seconds(n, rate=RATE):
    return np.arange(int(n * rate)) / rate


def music(n, seed=0):
    """A stand-in for a dense piece: pulsing noise in every band, four pulses a second."""
    t = seconds(n)
    rng = np.random.default_rng(seed)
    pulse = 0.25 + np.exp(-(t % 0.25) * 14)
    tones = sum(np.sin(2 * np.pi * hz * t + k) / (1 + k) for k, hz in enumerate((60, 90, 330, 520, 1800, 3000)))
    return (0.15 * tones + 0.03 * rng.standard_normal(t.size)) * pulse


@pytest.mark.parametrize(
    "hz", [45.0, 60.0, 100.0, 220.0, 400.0, 600.0, 1200.0, 2500.0, 3500.0, 6000.0, 10000.0, 15000.0]
)
def test_a_sine_sits_in_its_band(hz):
    expected = BANDS[int(np.searchsorted([150.0, 800.0, 4500.0], hz))]
    last = analyse(0.3 * np.sin(2 * np.pi * hz * seconds(3)))[-1].values
    levels = {band: last[f"audio/{band}/level"] for band in BANDS}
    assert max(levels, key=levels.get) == expected
    assert levels[expected] > 0.25
    for band, level in levels.items():
        beside = abs(BANDS.index(band) - BANDS.index(expected)) == 1
        assert band == expected or level < (0.4 if beside and hz < 300.0 else 0.12)


def test_digital_silence_is_exactly_nothing():
    for f in analyse(np.zeros((96000, 2))):
        assert not f.spectrum.any() and not f.mel.any() and not f.waveform.any()
        for name, value in f.values.items():
            expected = {"audio/rms_db": -100.0, "audio/loudness": -70.0, "audio/silence": 1.0}.get(name, 0.0)
            if name == "section/silence":  # it rises within a second or two, and only rises
                assert 0.0 <= value <= 1.0
            else:
                assert value == expected, name


def test_after_music_silence_comes_back_to_exactly_nothing():
    analyser = FeatureAnalyser()
    analyse(music(4), analyser=analyser)
    last = analyse(np.zeros((int(RATE * 12), 2)), analyser=analyser, start_s=4.0)[-1]
    assert not last.spectrum.any() and not last.mel.any()
    for name, value in last.values.items():
        if not name.endswith(("/time", "onsets", "/clip", "_db", "/loudness", "/drops", "/breaks")):
            assert value == (1.0 if name.endswith("/silence") else 0.0), name


def test_hours_of_silence_change_nothing_and_music_returns():
    analyser = FeatureAnalyser()
    before = analyse(music(6), analyser=analyser)
    quiet = np.zeros((48000, 2), np.float32)
    for minute in range(30):
        last = analyser.process(AudioBlock(quiet, RATE, 6.0 + 3600.0 * minute))[-1]
        assert last.values["audio/level"] == 0.0 or minute == 0
    after = analyse(music(6), analyser=analyser, start_s=2e5)
    old, new = curve(before[-375:], "bass/level"), curve(after[-375:], "bass/level")
    assert abs(old.mean() - new.mean()) < 0.08
    assert last.values["audio/bass/time"] == pytest.approx(before[-1].values["audio/bass/time"], abs=0.3)


def test_noise_under_the_gate_is_not_amplified():
    hiss = 10 ** (-66 / 20) * np.random.default_rng(0).standard_normal((int(RATE * 20), 2))
    last = analyse(hiss)[-1]
    assert last.values["audio/silence"] == 1.0 and last.values["audio/level"] == 0.0
    assert not last.spectrum.any() and not last.mel.any()
    assert all(last.values[f"audio/{b}/level"] == 0.0 and last.values[f"audio/{b}/onsets"] == 0 for b in BANDS)


def test_hiss_just_over_the_gate_stays_small():
    hiss = 10 ** (-57 / 20) * np.random.default_rng(0).standard_normal((int(RATE * 30), 2))
    features = analyse(hiss)
    assert features[-1].values["audio/silence"] == 0.0
    assert curve(features[-1000:], "level").max() < 0.3


def test_gate_can_be_moved():
    soft = 10 ** (-50 / 20) * np.random.default_rng(0).standard_normal((int(RATE * 2), 2))
    assert analyse(soft)[-1].values["audio/silence"] == 0.0
    assert analyse(soft, gate_db=-40.0)[-1].values["audio/silence"] == 1.0


def test_a_breakdown_looks_quiet_for_ten_seconds_and_more():
    analyser = FeatureAnalyser()
    loud = analyse(music(12), analyser=analyser)
    soft = analyse(music(25, 1) * 10 ** (-12 / 20), analyser=analyser, start_s=12.0)
    for name in ("level", *(f"{band}/level" for band in BANDS)):
        full = curve(loud[-1000:], name)
        at_once, at_ten = curve(soft[375:750], name), curve(soft[1700:1900], name)
        assert at_once.max() < 0.45 * full.max(), name
        assert at_ten.max() < 0.6 * full.max(), name
        assert at_ten.max() > 0.05, name


@pytest.mark.parametrize("db", [0.0, -12.0, -24.0])
def test_a_quiet_record_fills_the_range_after_some_seconds(db):
    features = analyse(music(14) * 10 ** (db / 20))
    for name in ("level", "bass/level", "highmid/level"):
        late = curve(features[-750:], name)
        assert late.max() > 0.85, name
        assert late.min() < 0.5, name


def test_after_a_pause_a_quieter_piece_is_learnt_fast():
    analyser = FeatureAnalyser()
    analyse(music(8), analyser=analyser)
    analyse(np.zeros((int(RATE * 10), 1)), analyser=analyser, start_s=8.0)
    soft = analyse(music(12) * 10 ** (-20 / 20), analyser=analyser, start_s=18.0)
    assert curve(soft[-375:], "level").max() > 0.7


def test_a_drone_is_neither_nothing_nor_full():
    level = curve(analyse(0.2 * np.sin(2 * np.pi * 80 * seconds(20))), "bass/level")
    assert 0.2 < level[-1] < 0.7


def test_level_rises_fast_and_falls_softly():
    t = seconds(12)
    sound = music(12) * ((t % 2.0) < 1.0)
    features = analyse(sound)
    level, times = curve(features, "level"), np.array([f.time_s for f in features])
    assert level[(times > 10.0) & (times < 10.05)].max() > 0.6
    assert 0.02 < level[np.searchsorted(times, 11.2)] < 0.6
    assert level[np.searchsorted(times, 11.9)] < 0.03


def test_time_is_the_integral_of_level():
    features = analyse(music(5))
    for band in BANDS:
        level, time = curve(features, f"{band}/level"), curve(features, f"{band}/time")
        assert np.allclose(np.diff(time), level[1:] * 256 / RATE, atol=1e-9)
        assert (np.diff(time) >= 0).all()


def test_presence_is_slow():
    analyser = FeatureAnalyser()
    analyse(music(10), analyser=analyser)
    features = analyse(np.zeros((int(RATE * 8), 1)), analyser=analyser, start_s=10.0)
    presence = curve(features, "bass/presence")
    assert presence[0] > 0.2
    assert 0.3 * presence[0] < presence[int(1.5 / 256 * RATE)] < 0.8 * presence[0]
    assert presence[int(5 / 256 * RATE)] < 0.12 * presence[0]


@pytest.mark.parametrize("hz", [100.0, 997.0, 5000.0])
@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_rms_of_a_sine(hz, rate):
    t = seconds(1, rate)
    tone = np.stack([0.5 * np.sin(2 * np.pi * hz * t)] * 2, axis=1)
    assert analyse(tone, rate)[-1].values["audio/rms_db"] == pytest.approx(-9.03, abs=0.1)


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_loudness_of_the_reference_tone(rate):
    t = seconds(2, rate)
    tone = np.sin(2 * np.pi * 997 * t)
    one = np.stack([tone, np.zeros_like(tone)], axis=1)
    assert analyse(one, rate)[-1].values["audio/loudness"] == pytest.approx(-3.01, abs=0.05)
    both = np.stack([tone, tone], axis=1) * 10 ** (-20 / 20)
    assert analyse(both, rate)[-1].values["audio/loudness"] == pytest.approx(-20.0, abs=0.05)


def test_momentary_loudness_takes_four_tenths():
    t = seconds(2)
    tone = np.sin(2 * np.pi * 997 * t) * (t >= 1.0) * 0.1
    features = analyse(np.stack([tone, tone], axis=1))
    loudness, times = curve(features, "loudness"), np.array([f.time_s for f in features])
    assert loudness[np.searchsorted(times, 1.2)] == pytest.approx(-23.0, abs=0.7)
    assert loudness[np.searchsorted(times, 1.45)] == pytest.approx(-20.0, abs=0.2)


def test_peak_is_the_highest_sample():
    samples = np.zeros((4800, 2), np.float32)
    samples[2000, 1] = -0.7
    peak = curve(analyse(samples), "peak")
    assert peak.max() == pytest.approx(0.7, abs=1e-6) and 0.5 < peak[-1] < 0.7


def test_every_name_has_a_place_in_this_suite():
    assert len(OUTPUTS) == 4 * 5 + 6 + 3 + 5 + 2 + 12 + 8
