"""The built-in band: exact beats, the same samples whatever the block size, a piece with a shape."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.contracts import AudioInput
from perform.inputs import open_input
from perform.inputs import synth_score as score
from perform.inputs.synth import CEILING, SynthBand

RATE = 48000
CYCLE_S = score.CYCLE_STEPS * 60 / (score.TEMPO_BPM * score.STEPS_PER_BEAT)


@functools.cache
def warm(rate_hz: float) -> SynthBand:
    """One-shots depend on seed and rate alone; made once, they are lent to all bands of these tests."""
    band = SynthBand(live=False, rate_hz=rate_hz)
    band.open()
    return band


def opened(start_s: float = 0.0, rate_hz: float = RATE) -> SynthBand:
    band, lender = SynthBand(live=False, rate_hz=rate_hz, start_s=start_s), warm(rate_hz)
    for name in ("_shots", "_pads", "_riser", "_longest_steps", "_pump"):
        setattr(band, name, getattr(lender, name))
    band.open()
    return band


def play(start_s: float, seconds: float, rate_hz: float = RATE) -> np.ndarray:
    block = opened(start_s, rate_hz).read(round(seconds * rate_hz))
    assert block is not None
    return block.samples


def section_start_s(name: str, nth: int = 0) -> float:
    bars = 0
    for section in score.SECTIONS:
        if section.name == name:
            if nth == 0:
                return bars * 240 / score.TEMPO_BPM
            nth -= 1
        bars += section.bars
    raise KeyError(name)


def loudness(samples: np.ndarray, rate_hz: float = RATE) -> float:
    """Integrated loudness, LUFS, by ITU-R BS.1770: the K filter in the frequency domain, 400 ms blocks, both gates."""
    size = 1 << (len(samples) - 1).bit_length()  # other sizes can be very slow
    spectrum = np.fft.rfft(samples.astype(np.float64), size, axis=0)
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / rate_hz) / 48000.0)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    cut = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weighted = np.fft.irfft(spectrum * (shelf * cut)[:, None], size, axis=0)[: len(samples)]
    size = round(0.4 * rate_hz)
    power = np.array([(weighted[i : i + size] ** 2).mean(0).sum() for i in range(0, len(samples) - size, size // 4)])
    levels = -0.691 + 10 * np.log10(power + 1e-12)
    loud = power[levels > -70]
    gate = -0.691 + 10 * np.log10(loud.mean()) - 10
    return float(-0.691 + 10 * np.log10(power[levels > max(gate, -70)].mean()))


def test_loudness_meter_reads_the_standards_reference() -> None:
    # BS.1770: 997 Hz at 0 dBFS in one channel reads -3.01 LKFS.
    tone = np.zeros((RATE * 4, 2))
    tone[:, 0] = np.sin(2 * np.pi * 997 * np.arange(RATE * 4) / RATE)
    assert loudness(tone) == pytest.approx(-3.01, abs=0.1)


def test_keeps_the_contract() -> None:
    band = open_input("synth", live=False)
    assert isinstance(band, AudioInput)
    assert (band.rate_hz, band.channels, band.live) == (48000.0, 2, False)
    assert band.read(64) is None, "not open yet"
    band.open()
    first, second = band.read(1000), band.read(24)
    assert first is not None and second is not None
    assert first.samples.shape == (1000, 2) and first.samples.dtype == np.float32
    assert (first.start_s, second.start_s) == (0.0, 1000 / 48000)
    assert not band.finished
    band.close()
    band.close()


@settings(max_examples=12, deadline=None)
@given(sizes=st.lists(st.integers(1, 9000), min_size=1, max_size=12), start_s=st.floats(0, 200))
def test_block_size_does_not_matter(sizes: list[int], start_s: float) -> None:
    whole = play(start_s, sum(sizes) / RATE)
    band = opened(start_s)
    parts = [band.read(n).samples for n in sizes]
    assert np.array_equal(np.concatenate(parts), whole)


def test_same_seed_same_samples_other_seed_others() -> None:
    takes = []
    for seed in (1, 1, 2):
        band = SynthBand(live=False, seed=seed, rate_hz=16000)
        band.open()
        takes.append(band.read(16000 * 4).samples)
    assert np.array_equal(takes[0], takes[1])
    assert not np.array_equal(takes[0], takes[2])


def test_starting_later_is_the_same_piece() -> None:
    whole = play(60.0, 6.0)
    assert np.array_equal(play(63.0, 2.0), whole[3 * RATE : 5 * RATE])


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000, 96000])
def test_kicks_stand_on_the_beats_it_names(rate_hz: int) -> None:
    band = opened(0.1, rate_hz)
    samples = band.read(rate_hz * 6).samples.mean(axis=1)
    beats = band.beat_times(0.0, 5.9)
    assert len(beats) == 12
    for beat_s in beats:
        at = round(beat_s * rate_hz)
        # The kick's click: the step within 2 ms after the beat is far above anything in the 2 ms before it.
        span = rate_hz // 500
        steps = np.abs(np.diff(samples[at - span : at + span]))
        before, after = steps[: span - 2].max(), steps[span - 2 :].max()
        assert after > 1.5 * before
        onset = int(np.argmax(steps > 0.5 * after)) - span
        assert abs(onset) <= max(2, 0.0003 * rate_hz)


def test_beat_clock_follows_the_read_position() -> None:
    band = opened(10.0)
    band.read(12345)
    clock = band.beat()
    assert clock.time_s == 12345 / RATE
    assert clock.beats == pytest.approx((10.0 + 12345 / RATE) * score.TEMPO_BPM / 60)
    assert (clock.tempo_bpm, clock.beats_per_bar, clock.confidence, clock.source) == (122.0, 4, 1.0, "synth")
    times = band.beat_times(0.0, 20.0)
    assert np.allclose(np.diff(times), 60 / 122)
    assert np.allclose((times + 10.0) * 122 / 60, np.rint((times + 10.0) * 122 / 60))


def test_sections_come_in_order_and_for_ever() -> None:
    band = opened()
    names = [section.name for section in score.SECTIONS]
    at = 0.0
    for section in score.SECTIONS:
        length = section.bars * 240 / score.TEMPO_BPM
        for lap in (0.0, CYCLE_S, 7 * CYCLE_S):
            assert band.section(lap + at + 0.01) == section.name
            assert band.section(lap + at + length - 0.01) == section.name
        at += length
    assert at == pytest.approx(CYCLE_S)
    assert set(names) == {"intro", "verse", "build", "drop", "break", "outro"}
    assert 64 <= score.CYCLE_BARS <= 96


def low_level(samples: np.ndarray) -> float:
    """RMS below 120 Hz of a mono mix."""
    return band_level(samples, 20, 120)


def high_level(samples: np.ndarray) -> float:
    """RMS above 5 kHz of a mono mix."""
    return band_level(samples, 5000, 24000)


def band_level(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=1)))
    f = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(np.sqrt(2 * (spectrum[(f > low_hz) & (f < high_hz)] ** 2).sum()) / len(samples))


def test_sections_differ_as_a_dance_floor_expects() -> None:
    drop, pause = play(section_start_s("drop"), 4.0), play(section_start_s("break") + 4, 4.0)
    build_start, build_end = play(section_start_s("build"), 4.0), play(section_start_s("build") + 10.0, 3.0)
    intro = play(0.0, 4.0)
    assert low_level(drop) > 2.5 * low_level(pause)
    assert high_level(drop) > 4 * high_level(pause)
    assert high_level(build_end) > 1.5 * high_level(build_start)
    assert high_level(intro) < 0.3 * high_level(drop)
    assert loudness(drop) > loudness(pause) + 2


def test_loudness_and_ceiling() -> None:
    parts = [play(section_start_s(name) + 3.0, 4.0) for name in ("intro", "verse", "build", "drop", "break", "outro")]
    whole = np.concatenate(parts)
    assert float(np.abs(whole).max()) <= CEILING + 1e-6
    assert -16.0 < loudness(whole) < -12.0
    assert np.abs(whole.mean(axis=0)).max() < 0.01, "no constant offset"
    sides = whole[:, 0] - whole[:, 1]
    assert 0.02 < sides.std() / whole.mean(axis=1).std() < 0.8, "stereo, and it survives a mono system"


def test_loops_without_a_seam() -> None:
    around = play(CYCLE_S - 2.0, 4.0)
    # A click would be a step between two samples larger than the music itself has nearby; kicks do bring a step of
    # their own, so the seam is compared with the other beats.
    steps = np.abs(np.diff(around, axis=0)).max(axis=1)
    beat = 60 / score.TEMPO_BPM
    at_beats = [steps[round((2.0 + k * beat) * RATE) - 200 :][:400].max() for k in (-3, -2, -1, 0, 1, 2, 3)]
    assert at_beats[3] <= 1.3 * max(at_beats[:3] + at_beats[4:])
    # And the piece of the second lap is that of the first (its steps may begin half a sample apart).
    first, second = play(20.0, 2.0), play(20.0 + CYCLE_S, 2.0)
    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) > 0.9


def test_no_click_between_steps() -> None:
    band = opened(section_start_s("break") + 6.0)
    samples = band.read(RATE * 4).samples.astype(np.float64)
    # The break has no drums: its second difference is small everywhere, edges of steps included.
    bend = np.abs(np.diff(samples, 2, axis=0)).max(axis=1)
    edges = [band._edge(s) - band._first for s in range(band._step_of(band._first) + 2, band._step_of(band._at) - 1)]
    at_edges = np.array([bend[e - 3 : e + 3].max() for e in edges])
    assert at_edges.max() <= 1.2 * np.percentile(bend, 99.9)


def test_every_named_voice_exists() -> None:
    voices = {note.voice for step in range(score.CYCLE_STEPS) for note in score.notes(step, 1)}
    assert voices <= set(opened()._shots)
    unused = set(opened()._shots) - voices
    assert not unused


def test_one_shots_begin_and_end_quietly() -> None:
    for name, shot in opened()._shots.items():
        assert np.isfinite(shot).all(), name
        assert np.abs(shot[-1]).max() < 1e-3, name
