"""The tables against librosa and against the text of the standards."""

import librosa
import numpy as np
import pytest

from perform.features import tables
from perform.features.tables import plan_for


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_mel_weights_are_librosas(rate):
    plan = plan_for(rate)
    ours = tables.mel_weights(plan)
    theirs = librosa.filters.mel(sr=rate, n_fft=plan.window, n_mels=64, fmin=30.0, fmax=16000.0, norm=None)
    assert np.max(np.abs(ours - theirs)) < 1e-4
    assert (ours.sum(axis=1) > 0.5).all()


@pytest.mark.parametrize("rate", [8000.0, 11025.0, 22050.0, 44100.0, 48000.0, 88200.0, 96000.0, 192000.0])
def test_sizes_last_as_long_at_every_rate(rate):
    plan = plan_for(rate)
    assert plan.dt_s == pytest.approx(256 / 48000, rel=0.05)
    assert 0.03 < plan.window / rate < 0.07
    assert plan.window & (plan.window - 1) == 0
    assert plan.hop % plan.decimation == 0
    assert 5500 < plan.slow_rate_hz < 8100


def test_window_gives_mean_square():
    plan = plan_for(48000.0)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((200, plan.window))
    power = np.abs(np.fft.rfft(noise * tables.power_window(plan))) ** 2
    both_channels = 2 * power.sum(axis=1).mean()
    assert both_channels == pytest.approx(1.0, rel=0.02)


def test_window_hears_the_newest_hop():
    window = tables.lopsided_window(2048, 384)
    assert window[-385] > 0.99
    assert window[-256] == pytest.approx(0.75, abs=0.02)
    assert window[:2].max() < 1e-4


def test_band_shares_add_up():
    hz = np.geomspace(40, 20000, 500)
    shares = tables.band_weights(hz, (150.0, 800.0, 4500.0))
    assert np.allclose(shares.sum(axis=0), 1.0, atol=1e-5)
    assert (shares >= 0).all()
    assert tables.band_weights(np.array([5.0]), (150.0, 800.0, 4500.0)).sum() == 0.0


def test_k_weighting_known_points():
    db = 10 * np.log10(tables.k_weighting(np.array([20.0, 100.0, 997.0, 2000.0, 10000.0])))
    assert db[2] == pytest.approx(0.691, abs=0.01), "BS.1770: 997 Hz passes with +0.691 dB, which the offset takes off"
    assert db[4] == pytest.approx(4.0, abs=0.1)
    assert db[0] < -12.0 and -2.0 < db[1] < 0.0
    assert db[2] < db[3] < db[4]


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_decimation_passes_notes_and_stops_what_would_fold(rate):
    plan = plan_for(rate)
    matrix = tables.decimation_matrix(plan)

    def gain_db(hz: float) -> float:
        t = np.arange(matrix.shape[0]) / rate
        out = np.exp(2j * np.pi * hz * t) @ matrix
        return 20 * np.log10(np.abs(out).mean() + 1e-12)

    for hz in (60.0, 440.0, 1500.0, 2093.0):
        assert abs(gain_db(hz)) < 0.5
    for hz in (plan.slow_rate_hz - 2000.0, plan.slow_rate_hz, 1.5 * plan.slow_rate_hz, 0.45 * rate):
        assert gain_db(hz) < -50.0


def test_chroma_weights_put_a_note_in_its_class():
    hz = 440.0 * 2.0 ** (np.arange(-24, 24) / 12.0)
    weights = tables.chroma_weights(hz)
    assert (weights.argmax(axis=0) == (np.arange(-24, 24) + 9) % 12).all()


@pytest.mark.parametrize("rate", [8000.0, 44100.0, 48000.0, 96000.0])
def test_spectrum_pairs_rise_and_miss_no_bin(rate):
    plan = plan_for(rate)
    first, second = tables.spectrum_pairs(plan)
    assert (np.diff(first) >= 0).all() and (second >= first).all() and second.max() < plan.bins
    below = np.flatnonzero(plan.bin_hz() < 21900.0)
    assert set(below) <= set(first) | set(second)
