"""Colour, width and notes against known answers; spectra against librosa on real and made sound."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from perform.core.types import AudioBlock
from perform.features import FeatureAnalyser
from perform.features.frame import Hop
from perform.features.spectra import Spectra
from perform.features.tables import plan_for, power_window
from perform.features.units.timbre import Unit as Timbre

RATE = 48000.0
EDGES = (150.0, 800.0, 4500.0)
MUSIC = Path(__file__).resolve().parents[3] / "shared" / "audio" / "music"


def analyse(samples, rate=RATE, **settings):
    analyser = FeatureAnalyser(rate)
    analyser.configure(settings)
    samples = np.asarray(samples, np.float32)
    samples = samples[:, None] if samples.ndim == 1 else samples
    return analyser.process(AudioBlock(samples, rate, 0.0))


def last(samples, rate=RATE):
    return {name.removeprefix("audio/"): value for name, value in analyse(samples, rate)[-1].values.items()}


def seconds(n, rate=RATE):
    return np.arange(int(n * rate)) / rate


def sine(hz, n=1.5, rate=RATE, loud=0.3):
    return loud * np.sin(2 * np.pi * hz * seconds(n, rate))


def excerpts():
    """[2, 4096] windows with their rate: real music where it is at hand, else noise and chords."""
    rng = np.random.default_rng(0)
    t = np.arange(4096) / RATE
    yield "noise", rng.standard_normal((2, 4096)) * 0.1, RATE
    yield "chord", np.stack([sum(np.sin(2 * np.pi * h * t) for h in (220, 277, 330, 3000))] * 2) * 0.1, RATE
    for path in sorted(MUSIC.glob("*.ogg")):
        for start_s in (3, 11):
            samples, rate = soundfile.read(path, start=start_s * 44100, frames=4096, dtype="float64")
            yield f"{path.stem} {start_s}", samples.T, float(rate)


@pytest.mark.parametrize(("name", "samples", "rate"), [pytest.param(*e, id=e[0]) for e in excerpts()])
def test_against_librosa(name, samples, rate):
    plan = plan_for(rate)
    frame = samples[:, -plan.window :].astype(np.float32)
    hop, spectra, timbre = Hop(), Spectra(plan, EDGES), Timbre()
    spectra.measure(frame, hop)
    timbre.retune(plan)
    window = power_window(plan).astype(np.float64)
    exact = (np.abs(np.fft.rfft((samples[:, -plan.window :]) * window)) ** 2).sum(axis=0)
    assert np.allclose(hop.power[64:], exact[64:], rtol=1e-2, atol=exact.max() * 1e-6)
    assert np.allclose(hop.power[8:], exact[8:], rtol=1e-2, atol=exact.max() * 1e-2), "a constant offset is taken out"
    fft_hz = librosa.fft_frequencies(sr=rate, n_fft=plan.window)
    power = hop.power.astype(np.float64)
    mel = librosa.filters.mel(sr=rate, n_fft=plan.window, n_mels=64, fmin=30.0, fmax=16000.0, norm=None) @ power
    assert np.allclose(hop.mel_power, mel, rtol=1e-3, atol=mel.max() * 1e-6)
    centroid_hz, rolloff_hz, flatness = timbre._measure(hop.power)
    audible = fft_hz <= 20000.0
    magnitude, fft_hz = np.sqrt(power[audible])[:, None], fft_hz[audible]
    assert centroid_hz == pytest.approx(librosa.feature.spectral_centroid(S=magnitude, freq=fft_hz).item(), rel=1e-3)
    theirs_hz = librosa.feature.spectral_rolloff(S=magnitude, freq=fft_hz, roll_percent=0.85).item()
    assert abs(rolloff_hz - theirs_hz) <= 1.01 * rate / plan.window
    part = slice(int(100.0 / fft_hz[1]), int(10000.0 / fft_hz[1]))
    flat = librosa.feature.spectral_flatness(S=power[part, None], amin=1e-14, power=1.0).item()
    assert flatness == pytest.approx(np.clip(1 + 10 * np.log10(flat) / 36, 0, 1), abs=0.01)


def test_rms_follows_librosa():
    rng = np.random.default_rng(1)
    samples = rng.standard_normal(48000) * np.linspace(0.02, 0.2, 48000)
    features = analyse(samples)
    theirs = librosa.feature.rms(y=samples, frame_length=2048, hop_length=256, center=False)[0]
    ours = 10 ** (np.array([f.values["audio/rms_db"] for f in features[7:]]) / 20)
    assert np.allclose(ours, theirs[: len(ours)], rtol=0.15)
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.02)


def test_a_tone_is_not_flat_and_noise_is():
    noise = 0.1 * np.random.default_rng(0).standard_normal((48000, 2))
    assert last(noise)["flatness"] > 0.9
    assert last(sine(440.0))["flatness"] < 0.05


@pytest.mark.parametrize("hz", [300.0, 1000.0, 4000.0, 9000.0])
@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_centroid_and_rolloff_of_a_tone(hz, rate):
    values = last(sine(hz, rate=rate), rate)
    assert values["centroid_hz"] == pytest.approx(hz, rel=0.12)
    assert values["rolloff_hz"] == pytest.approx(hz, abs=120.0)
    assert values["centroid"] == pytest.approx(np.log2(values["centroid_hz"] / 150) / np.log2(100), abs=1e-6)


def test_brighter_is_higher():
    values = [last(sine(200.0) + share * sine(6000.0))["centroid"] for share in (0.0, 0.1, 0.5, 2.0)]
    assert values == sorted(values) and values[3] - values[0] > 0.4


def test_width_of_known_pictures():
    rng = np.random.default_rng(0)
    a, b = 0.2 * rng.standard_normal((2, 48000))
    mono, out_of_phase, unrelated = (last(np.stack(p, axis=1)) for p in ((a, a), (a, -a), (a, b)))
    assert mono["width"] < 1e-3 and mono["correlation"] > 0.999
    assert out_of_phase["width"] > 0.999 and out_of_phase["correlation"] < -0.999
    assert unrelated["width"] == pytest.approx(0.5, abs=0.03) and abs(unrelated["correlation"]) < 0.1
    one_side = last(np.stack([a, np.zeros_like(a)], axis=1))
    assert one_side["width"] == pytest.approx(0.5, abs=0.01) and abs(one_side["correlation"]) < 0.01


def test_sound_out_of_phase_is_as_loud_as_in_phase():
    tone = sine(80.0) + sine(3000.0)
    same, opposite = last(np.stack([tone, tone], axis=1)), last(np.stack([tone, -tone], axis=1))
    for name in ("level", "bass/level", "highmid/level", "rms_db", "loudness", "chroma/3"):
        assert opposite[name] == pytest.approx(same[name], abs=1e-3)


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
@pytest.mark.parametrize("midi", [45, 48, 52, 57, 60, 62, 66, 69, 71, 78, 84, 93])
def test_chroma_of_a_note(midi, rate):
    hz = 440.0 * 2 ** ((midi - 69) / 12)
    values = last(sine(hz, rate=rate), rate)
    chroma = np.array([values[f"chroma/{i}"] for i in range(12)])
    assert chroma.argmax() == midi % 12 and chroma.max() > 0.95
    assert np.delete(chroma, midi % 12).max() < 0.3


def test_chroma_of_a_chord():
    tones = sum(sine(440.0 * 2 ** ((m - 69) / 12), loud=0.1) for m in (48, 52, 55, 60, 64, 67))
    values = last(tones)
    chroma = np.array([values[f"chroma/{i}"] for i in range(12)])
    assert set(np.argsort(chroma)[-3:]) == {0, 4, 7}
    assert np.sort(chroma)[-3] > 0.4 and np.sort(chroma)[-4] < 0.15


def test_chroma_hears_nothing_above_its_range_fold():
    values = last(sine(9000.0) + sine(13000.0))
    assert max(values[f"chroma/{i}"] for i in range(12)) < 0.2


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_the_spectrum_shows_a_tone_where_it_is(rate):
    for hz in (200.0, 1000.0, 8000.0, 15000.0):
        spectrum = analyse(sine(hz, rate=rate), rate)[-1].spectrum
        top = np.flatnonzero(spectrum == spectrum.max()).mean()
        assert abs((top + 0.5) * 22050 / 512 - hz) < 60.0
        assert spectrum.max() > 0.6


def test_the_mel_curve_uses_its_range():
    rng = np.random.default_rng(0)
    t = seconds(6)
    sound = 0.1 * rng.standard_normal(t.size) * np.exp(-(t % 0.5) * 12) + sine(110.0, 6)
    mel = np.array([f.mel for f in analyse(sound)[-300:]])
    assert mel.max() > 0.8 and mel[:, 40].max() - mel[:, 40].min() > 0.3
