"""The stream: block sizes, rates, gaps, hostile samples, names and ranges."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.contracts import Analyser
from perform.core.errors import ParamError
from perform.core.types import AudioBlock
from perform.features import OUTPUTS, PARAMS, FeatureAnalyser

RATE = 48000.0


def blocks_of(samples, sizes, rate=RATE, start_s=0.0):
    at = i = 0
    while at < len(samples):
        n = sizes[i % len(sizes)]
        yield AudioBlock(samples[at : at + n], rate, start_s + at / rate)
        at, i = at + n, i + 1


def analyse(samples, rate=RATE, size=1024, analyser=None, **settings_):
    analyser = analyser or FeatureAnalyser(rate)
    analyser.configure(settings_)
    samples = np.asarray(samples, np.float32)
    return [f for block in blocks_of(samples, [size], rate) for f in analyser.process(block)]


def groove(seconds, rate=RATE, seed=3):
    """[n, 2]: kicks, a bass note, hats and hiss, so that every feature has something to say."""
    t = np.arange(int(seconds * rate)) / rate
    beat = t % 0.5
    kick = np.sin(2 * np.pi * 55 * beat) * np.exp(-beat * 14)
    hat = np.random.default_rng(seed).standard_normal(t.size) * np.exp(-((t + 0.25) % 0.5) * 60) * 0.3
    note = 0.2 * np.sin(2 * np.pi * 220 * t) + 0.1 * np.sin(2 * np.pi * 1320 * t)
    return np.stack([kick + hat + note, kick + 0.6 * hat - 0.3 * note], axis=1).astype(np.float32) * 0.5


def assert_same(a, b):
    assert len(a) == len(b) > 0
    for x, y in zip(a, b, strict=True):
        assert x.time_s == y.time_s
        assert x.values == y.values
        for name in ("spectrum", "mel", "waveform"):
            assert np.array_equal(getattr(x, name), getattr(y, name))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 4096), min_size=1, max_size=6))
def test_block_size_leaves_no_trace(sizes):
    samples = groove(0.4)
    whole = FeatureAnalyser().process(AudioBlock(samples, RATE, 0.0))
    analyser = FeatureAnalyser()
    assert_same([f for b in blocks_of(samples, sizes) for f in analyser.process(b)], whole)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 4096])
def test_particular_block_sizes(size):
    samples = groove(0.15)
    assert_same(analyse(samples, size=size), FeatureAnalyser().process(AudioBlock(samples, RATE, 0.0)))


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([8000.0, 44100.0, 48000.0, 96000.0]),
    st.integers(1, 6),
    st.sampled_from([1e-6, 1e-3, 0.1, 1.0, 5.0, 1e30]),
)
def test_all_names_are_there_and_in_range(seed, rate, channels, loudness):
    rng = np.random.default_rng(seed)
    n = int(0.3 * rate)
    sound = rng.standard_normal((n, channels)) * np.repeat(rng.random(30), n // 30 + 1)[:n, None] ** 4 * loudness
    before = None
    for f in analyse(sound, rate, size=777):
        assert set(f.values) == set(OUTPUTS)
        for name, value in f.values.items():
            assert type(value) is float
            assert OUTPUTS[name].lo <= value <= OUTPUTS[name].hi, name
        assert f.spectrum.shape == (512,) and f.mel.shape == (64,) and f.waveform.shape == (1024, 2)
        assert {f.spectrum.dtype, f.mel.dtype, f.waveform.dtype} == {np.dtype(np.float32)}
        for array in (f.spectrum, f.mel):
            assert 0.0 <= array.min() and array.max() <= 1.0
        assert np.abs(f.waveform).max() <= 1.0
        for name in OUTPUTS:
            if before and name.endswith(("/time", "onsets", "/clip")):
                assert f.values[name] >= before[name]
        before = f.values


def test_contract_and_documentation():
    assert isinstance(FeatureAnalyser(), Analyser)
    assert all(o.doc and o.lo < o.hi for o in OUTPUTS.values())
    assert len({p.name for p in PARAMS}) == len(PARAMS) and all(p.doc for p in PARAMS)
    bands = [f"audio/{b}/{k}" for b in ("bass", "lowmid", "highmid", "treble") for k in ("level", "hit", "time")]
    assert set(bands) <= set(OUTPUTS)
    assert {f"audio/chroma/{i}" for i in range(12)} <= set(OUTPUTS)


def test_outputs_can_be_listed_as_json():
    assert all(np.isfinite([o.lo, o.hi]).all() for o in OUTPUTS.values())


def test_import_is_light():
    code = "import sys, perform.features; print({'librosa', 'scipy', 'torch', 'sounddevice'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_construction_needs_no_librosa():
    code = "import sys; from perform.features import FeatureAnalyser as F; F(); print('librosa' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_arrays_are_handed_over():
    features = analyse(groove(0.3))
    assert not any(a.flags.writeable for f in features for a in (f.spectrum, f.mel, f.waveform))
    kept = features[10].waveform.copy()
    assert np.array_equal(features[10].waveform, kept)


def test_waveform_is_the_newest_sound():
    samples = groove(0.2)
    feature = analyse(samples)[-1]
    end = round(feature.time_s * RATE)
    assert np.array_equal(feature.waveform, samples[end - 1024 : end])


def test_stream_time_is_counted_from_samples():
    times = [f.time_s for f in FeatureAnalyser().process(AudioBlock(groove(0.2), RATE, 7.0))]
    assert times[0] == pytest.approx(7.0 + 256 / RATE)
    assert np.allclose(np.diff(times), 256 / RATE)


def test_a_gap_resyncs_and_is_counted():
    analyser = FeatureAnalyser()
    analyser.process(AudioBlock(groove(0.1), RATE, 0.0))
    late = analyser.process(AudioBlock(groove(0.1), RATE, 5.0))
    assert analyser.counts()["gaps"] == 1
    assert late[-1].time_s == pytest.approx(5.1, abs=0.006)
    analyser.process(AudioBlock(groove(0.1), RATE, 5.1 + 1e-5))
    assert analyser.counts()["gaps"] == 1, "rounding of a stamp is no gap"
    analyser.process(AudioBlock(groove(0.1), RATE, float("nan")))
    assert analyser.counts()["gaps"] == 2


@pytest.mark.parametrize("other", [44100.0, 96000.0])
def test_rate_change_keeps_the_scale(other):
    analyser = FeatureAnalyser()
    before = analyse(groove(6.0), analyser=analyser)
    after = [f for b in blocks_of(groove(2.0, other), [512], other, 6.0) for f in analyser.process(b)]
    steady = analyse(groove(8.0))
    assert analyser.counts()["rate_changes"] == 1 and analyser.counts()["gaps"] == 0
    assert after[-1].time_s == pytest.approx(8.0, abs=0.01)
    for name in ("audio/bass/onsets", "audio/bass/time", "audio/onsets"):
        assert after[0].values[name] >= before[-1].values[name]
    for name in ("audio/bass/level", "audio/treble/level", "audio/level"):
        old, new = (np.mean([f.values[name] for f in part[-180:]]) for part in (steady, after))
        assert new == pytest.approx(old, abs=0.05)


@pytest.mark.parametrize("other", [44100.0, 96000.0])
def test_rates_agree(other):
    here, there = analyse(groove(4.0)), analyse(groove(4.0, other), other)
    at = np.linspace(1.0, 3.9, 200)
    for name, output in OUTPUTS.items():
        if name.endswith(("onsets", "clip", "_hz", "/time")) or "chroma" in name or "hit" in name or "onset" in name:
            continue
        a, b = (np.interp(at, [f.time_s for f in fs], [f.values[name] for f in fs]) for fs in (here, there))
        span = 60.0 if output.unit in ("dB", "LUFS") else 1.0
        loose = 0.2 if name == "audio/flux" else 0.08
        assert np.mean(np.abs(a - b)) / span < loose, name
    for band in ("bass", "lowmid", "highmid", "treble"):
        name = f"audio/{band}/time"
        assert there[-1].values[name] == pytest.approx(here[-1].values[name], rel=0.1)
    for name in ("audio/bass/onsets", "audio/treble/onsets"):
        assert abs(here[-1].values[name] - there[-1].values[name]) <= 1


def test_mono_and_dual_mono_agree():
    mono = groove(1.0)[:, :1]
    one, two = analyse(mono), analyse(np.repeat(mono, 2, axis=1))
    for a, b in zip(one, two, strict=True):
        for name in OUTPUTS:
            if name != "audio/loudness":
                assert a.values[name] == b.values[name]
    assert two[-1].values["audio/loudness"] - one[-1].values["audio/loudness"] == pytest.approx(3.01, abs=0.01)


def test_sound_on_any_of_many_channels_is_heard():
    for channel in range(6):
        samples = np.zeros((24000, 6), np.float32)
        samples[:, channel] = groove(0.5)[:, 0]
        assert max(f.values["audio/level"] for f in analyse(samples)) > 0.5


HOSTILE = {
    "nan": np.nan,
    "inf": np.inf,
    "minus inf": -np.inf,
    "absurd": 1e30,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_samples_stop_at_the_door(what):
    clean = groove(1.0)
    dirty = clean.copy()
    spots = np.arange(1000, len(dirty), 5000)
    dirty[spots, 0] = HOSTILE[what]
    analyser = FeatureAnalyser()
    features = analyse(dirty, analyser=analyser)
    assert analyser.counts()["bad_samples"] == len(spots)
    assert all(np.isfinite(list(f.values.values())).all() for f in features)
    assert features[-1].values["audio/rms_db"] == pytest.approx(analyse(clean)[-1].values["audio/rms_db"], abs=1.0)
    assert all(np.isfinite(f.waveform).all() and np.isfinite(f.spectrum).all() for f in features)


def test_a_stream_of_nothing_but_nan_is_silence():
    last = analyse(np.full((48000, 2), np.nan))[-1]
    assert last.values["audio/silence"] == 1.0 and last.values["audio/level"] == 0.0


def test_denormals_are_zeros_and_counted():
    analyser = FeatureAnalyser()
    features = analyse(np.full((24000, 2), 1e-40), analyser=analyser)
    assert analyser.counts()["faint_hops"] == len(features)
    assert not features[-1].waveform.any() and features[-1].values["audio/silence"] == 1.0


def test_a_constant_offset_is_no_sound():
    values = analyse(np.full((96000, 2), 0.5))[-1].values
    for name in ("audio/level", "audio/bass/level", "audio/bass/hit", "audio/onset", "audio/flux"):
        assert values[name] == 0.0
    assert values["audio/silence"] == 1.0


def test_an_offset_does_not_change_the_bands():
    plain, lifted = analyse(groove(3.0)), analyse(groove(3.0) + 0.3)
    for band in ("bass", "lowmid", "highmid", "treble"):
        a, b = (np.array([f.values[f"audio/{band}/level"] for f in fs[-187:]]) for fs in (plain, lifted))
        assert np.abs(a - b).max() < 0.1


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros((0, 2), np.float32), RATE),
        (np.zeros((8, 0), np.float32), RATE),
        (np.zeros((2, 2, 2), np.float32), RATE),
        (np.zeros((8, 2), np.float32), 0.0),
        (np.zeros((8, 2), np.float32), float("nan")),
        (np.zeros((8, 2), np.float32), 1e9),
    ],
)
def test_impossible_blocks_are_refused_and_counted(samples, rate):
    analyser = FeatureAnalyser()
    assert analyser.process(AudioBlock(samples, rate, 0.0)) == []
    assert analyser.counts()["refused_blocks"] == 1
    assert len(analyser.process(AudioBlock(groove(0.1), RATE, 0.0))) == 18


def test_one_dimensional_and_float64_blocks_are_taken():
    samples = groove(0.2)[:, 0]
    assert_same(
        FeatureAnalyser().process(AudioBlock(samples.astype(np.float64), RATE, 0.0)),
        FeatureAnalyser().process(AudioBlock(samples[:, None], RATE, 0.0)),
    )


def test_the_block_is_not_written_to():
    samples = groove(0.2)
    samples[100] = np.nan
    kept = samples.copy()
    samples.flags.writeable = False
    FeatureAnalyser().process(AudioBlock(samples, RATE, 0.0))
    assert np.array_equal(samples, kept, equal_nan=True)


def test_configure_clamps_and_refuses():
    analyser = FeatureAnalyser()
    analyser.configure({"gain_db": 500.0, "unknown": "x"})
    analyser.configure({"edge_low_hz": 500.0, "edge_mid_hz": 300.0, "edge_high_hz": 1500.0})
    assert analyser.process(AudioBlock(groove(0.1), RATE, 0.0))
    with pytest.raises(ParamError):
        analyser.configure({"gain_db": "loud"})


def test_gain_is_decibels():
    quiet, loud = analyse(groove(0.5)), analyse(groove(0.5), gain_db=6.0)
    difference = loud[-1].values["audio/rms_db"] - quiet[-1].values["audio/rms_db"]
    assert difference == pytest.approx(6.0, abs=0.01)


def test_moved_edges_move_a_tone():
    t = np.arange(96000) / RATE
    tone = np.stack([0.3 * np.sin(2 * np.pi * 300 * t)] * 2, axis=1)
    assert analyse(tone)[-1].values["audio/bass/level"] < 0.1
    assert analyse(tone, edge_low_hz=450.0)[-1].values["audio/bass/level"] > 0.2


def test_clipping_is_counted():
    samples = groove(0.5)
    samples[5000:5010] = 1.0
    samples[15000:15002] = -1.0
    analyser = FeatureAnalyser()
    assert analyse(samples, analyser=analyser)[-1].values["audio/clip"] == 2.0
    assert analyser.counts()["clipped_hops"] == 2


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_it_says_how_much_sound_completes_the_next_hop(rate: float) -> None:
    analyser, at = FeatureAnalyser(rate_hz=rate), 0
    rng = np.random.default_rng(3)
    for number in range(40):
        first = int(rng.integers(1, analyser.frames_to_hop)) if number % 3 else 0
        for n in (first, analyser.frames_to_hop - first):
            hops = analyser.process(AudioBlock(np.zeros((n, 2), np.float32), rate, at / rate)) if n else []
            at += n
        assert len(hops) == 1 and hops[0].time_s == pytest.approx(at / rate)
