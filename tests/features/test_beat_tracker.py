"""Tempo, beat and bar: known click trains, metres, ramps, silence, hostile samples, invariance."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import need

from perform.core.errors import UsageError
from perform.core.types import AudioBlock
from perform.features.beat import Announcer, BeatTracker, announce, beat_in_bar, track_file_samples
from perform.features.beat.core import BarListener

RATE = 22050.0
"""Half the usual rate: the analysis scales with it, and the tests take half as long."""

SET = Path(__file__).resolve().parents[3] / "shared" / "audio"


def click(kind, rate=RATE):
    """One drum-like sound [n]: low (kick), high (snare-like noise) or hat."""
    t = np.arange(int(0.12 * rate)) / rate
    if kind == "low":
        return 0.8 * np.sin(2 * np.pi * 60 * t) * np.exp(-t * 30) + 0.2 * np.sin(2 * np.pi * 900 * t) * np.exp(-t * 200)
    noise = np.random.default_rng(7).standard_normal(len(t))
    if kind == "high":
        return 0.4 * noise * np.exp(-t * 40)
    return 0.15 * np.diff(noise, prepend=0.0) * np.exp(-t * 120)


def mix(events, seconds, rate=RATE):
    """events: (time_s, kind) -> samples [n, 1] float32."""
    out = np.zeros((int(seconds * rate) + int(rate), 1))
    sounds = {kind: click(kind, rate) for kind in ("low", "high", "hat")}
    for time_s, kind in events:
        at = round(time_s * rate)
        out[at : at + len(sounds[kind]), 0] += sounds[kind]
    return out[: int(seconds * rate)].astype(np.float32)


def pattern(bpm, seconds, metre=4, start_s=0.3, swing=0.5, backbeat=True):
    """A drum pattern: low on one (and on three of four), high on the other beats, hats on beats and halves.

    Returns (samples [n, 1], beats_s).
    """
    beat_s = 60.0 / bpm
    beats = np.arange(start_s, seconds - 0.1, beat_s)
    events = []
    for k, time_s in enumerate(beats):
        place = k % metre
        events.append((time_s, "low" if place == 0 or (backbeat and metre == 4 and place == 2) else "high"))
        events += [(time_s, "hat"), (min(time_s + swing * beat_s, seconds - 0.13), "hat")]
    return mix(events, seconds), beats


def run(samples, rate=RATE, size=4410):
    tracker = BeatTracker(rate)
    out = []
    for at in range(0, len(samples), size):
        out += tracker.process(AudioBlock(samples[at : at + size], rate, at / rate))
    return out


def share_hit(beats, found, after_s, within_s=0.05):
    """How many of `beats` later than after_s have a found one near, and how many found ones have none."""
    found = np.array([f[0] for f in found])
    late = beats[beats > after_s]
    if not len(found):
        return 0.0, 0
    hits = np.abs(late[:, None] - found[None, :]).min(axis=1) < within_s
    extra = np.abs(found[found > after_s + 0.2][:, None] - beats[None, :]).min(axis=1) > within_s
    return hits.mean(), int(extra.sum())


@pytest.mark.parametrize("bpm", [62, 78, 90, 100, 110, 120, 128, 140, 155, 174, 190, 210])
def test_drum_patterns_at_many_tempi(bpm):
    samples, beats = pattern(bpm, 14.0)
    states = run(samples)
    tempo = np.median([s.tempo_bpm for s in states[700:]])
    octave = np.log2(tempo / bpm)
    assert abs(octave - round(octave)) < 0.015 and abs(round(octave)) <= 1
    if 95 <= bpm <= 180:  # outside, double or half is as good an answer
        assert round(octave) == 0
        hit, extra = share_hit(beats, announce(states), 5.0)
        assert hit > 0.9 and extra <= 1


@pytest.mark.parametrize("bpm", [60, 80, 120, 160, 200, 220])
def test_bare_clicks_land_on_a_level_of_the_pulse(bpm):
    beats = np.arange(0.25, 15.0, 60.0 / bpm)
    states = run(mix([(b, "high") for b in beats], 16.0))
    octave = np.log2(np.median([s.tempo_bpm for s in states[900:]]) / bpm)
    assert abs(octave - round(octave)) < 0.03
    late = beats[beats > 9.0]
    found = np.array([f[0] for f in announce(states)])
    if bpm <= 140:  # every click is a beat, whatever else is
        assert np.mean(np.abs(late[:, None] - found).min(axis=1) < 0.05) > 0.9


@pytest.mark.parametrize("metre", [3, 4, 5])
def test_metres(metre):
    samples, beats = pattern(125, 20.0, metre=metre, backbeat=False)
    states = run(samples)
    assert states[-1].beats_per_bar == metre
    downs = [t for t, place, _ in announce(states) if place == 1 and t > 14.0]
    truth = beats[::metre]
    assert len(downs) >= 2
    assert np.mean([np.abs(truth - t).min() < 0.06 for t in downs]) > 0.7


def test_a_bar_of_four_that_could_be_two_is_counted_as_four():
    samples, _ = pattern(120, 10.0)
    assert run(samples)[-1].beats_per_bar == 4


def test_states_are_consistent():
    samples, _ = pattern(120, 8.0)
    states = run(samples)
    assert len(states) == 800
    times = np.array([s.time_s for s in states])
    assert np.allclose(np.diff(times), 0.01, atol=1e-4)
    for s in states:
        assert 29.0 <= s.tempo_bpm <= 245.0
        assert 0.0 <= s.beat_phase < 1.0 and 0.0 <= s.bar_phase < 1.0
        assert s.beat_count == int(s.beats)
        assert 0.0 <= s.confidence <= 1.0
        assert s.time_s <= s.next_beat_s <= s.next_bar_s
        assert 2 <= s.beats_per_bar <= 7
        assert 1 <= beat_in_bar(s) <= s.beats_per_bar


def test_confidence_comes_within_seconds_and_the_next_beat_is_known():
    samples, beats = pattern(126, 10.0)
    states = run(samples)
    assert next(s.time_s for s in states if s.confidence >= 0.5) < 4.0
    errors = [np.abs(beats - s.next_beat_s).min() for s in states[500:900]]
    assert np.median(errors) < 0.02


@given(seed=st.integers(0, 1000))
@settings(max_examples=3, deadline=None)
def test_any_block_size_gives_the_same_states_bit_for_bit(seed):
    rng = np.random.default_rng(seed)
    samples, _ = pattern(float(rng.uniform(80, 170)), 4.0)
    want = run(samples)
    tracker, got, at = BeatTracker(RATE), [], 0
    while at < len(samples):
        n = int(rng.integers(0, 900))
        got += tracker.process(AudioBlock(samples[at : at + n], RATE, at / RATE))
        at += n
    assert got == want


def test_beats_never_fall_whatever_the_sound():
    rng = np.random.default_rng(2)
    parts = [
        pattern(100, 5.0)[0],
        np.zeros((int(RATE), 1), np.float32),
        pattern(133, 5.0, start_s=0.11)[0],
        rng.standard_normal((int(2 * RATE), 1)).astype(np.float32),
        pattern(70, 5.0)[0],
    ]
    states = run(np.concatenate(parts))
    for name in ("time_s", "beats", "beat_count", "bar_count"):
        values = np.array([getattr(s, name) for s in states])
        assert (np.diff(values) >= 0).all(), name
    bars = np.array([s.bar_count + s.bar_phase for s in states])
    assert (np.diff(bars) > -1e-9).all()
    rate = np.diff([s.beats for s in states]) * 6000.0
    assert rate.max() < 700.0  # it slews: no more than the fastest tempo times the slewing limit


def test_bars_never_fall_when_the_metre_changes():
    bars = BarListener(np.geomspace(40.0, 8000.0, 60))
    for metre, place in ((4, 0), (4, 1), (4, 2), (7, 3), (7, 4), (2, 1), (2, 0), (3, 1), (6, 2)):
        end = bars.bar_count + (bars.place + 1) / bars.metre
        bars._next = (metre, place)
        bars.crossed()
        assert bars.bar_count + bars.place / bars.metre > end - 1e-9


def test_a_new_tempo_is_found_within_seconds():
    first, second = pattern(120, 10.0)[0], pattern(131, 10.0)
    states = run(np.concatenate([first, second[0]]))
    assert abs(np.median([s.tempo_bpm for s in states[1500:]]) - 131) < 2
    hit, _ = share_hit(second[1] + 10.0, announce(states), 15.0)
    assert hit > 0.9


def test_a_ramp_is_followed():
    beats, t = [], 0.3
    while t < 19.0:
        beats.append(t)
        t += 60.0 / (110 + 1.2 * t)
    events = [(b, "low" if k % 2 == 0 else "high") for k, b in enumerate(beats)]
    events += [((a + b) / 2, "hat") for a, b in itertools.pairwise(beats)]
    states = run(mix(events, 19.5))
    hit, extra = share_hit(np.array(beats), announce(states), 6.0, within_s=0.07)
    assert hit > 0.9 and extra <= 1


def test_swing_is_not_another_tempo():
    samples, beats = pattern(132, 14.0, swing=0.66)
    states = run(samples)
    assert abs(np.median([s.tempo_bpm for s in states[700:]]) - 132) < 2
    hit, _ = share_hit(beats, announce(states), 6.0)
    assert hit > 0.9


def test_a_break_keeps_the_phase_with_falling_confidence():
    groove, beats = pattern(124, 10.0)
    samples = np.concatenate([groove, np.zeros((int(6 * RATE), 1), np.float32)])
    states = run(samples)
    confidence = [s.confidence for s in states]
    assert confidence[1590] < confidence[1000]
    grid = beats[-1] + np.arange(1, 8) * 60 / 124
    found = np.array([t for t, _, _ in announce(states) if t > 10.0])
    assert len(found) >= 4
    assert np.median([np.abs(grid - t).min() for t in found if t < grid[-1]]) < 0.05


@pytest.mark.parametrize("kind", ["silence", "drone", "pad", "noise", "dc"])
def test_no_beat_where_there_is_none(kind):
    t = np.arange(int(10 * RATE)) / RATE
    sound = {
        "silence": 0 * t,
        "drone": 0.3 * np.sin(2 * np.pi * 55 * t) + 0.2 * np.sin(2 * np.pi * 110.3 * t) * (1 + 0.3 * np.sin(1.9 * t)),
        "pad": sum(
            0.1 * np.sin(2 * np.pi * f * t + 3 * np.sin(g * t)) * (1 + np.sin(h * t))
            for f, g, h in ((110, 1.2, 0.8), (165, 1.9, 1.3), (220, 1.1, 0.5), (277, 2.5, 0.7))
        ),
        "noise": 0.1 * np.random.default_rng(1).standard_normal(len(t)),
        "dc": 0 * t + 0.9,
    }[kind]
    assert track_file_samples(sound.astype(np.float32), RATE) == []


def test_hostile_samples_and_levels_leave_the_beat_alone():
    samples, beats = pattern(120, 9.0)
    samples[5000:5100] = np.nan
    samples[60000:60010] = np.inf
    samples[80000] = -np.inf
    states = run(samples * 1e-2)
    assert all(np.isfinite([s.beats, s.tempo_bpm, s.confidence, s.next_beat_s, s.next_bar_s]).all() for s in states)
    assert abs(states[-1].tempo_bpm - 120) < 2
    hit, _ = share_hit(beats, announce(states), 5.0)
    assert hit > 0.8


def test_a_constant_under_the_sound_is_not_heard():
    samples, beats = pattern(120, 9.0)
    hit, _ = share_hit(beats, announce(run(samples * 1e-2 + 0.3)), 5.0)
    assert hit > 0.8


def test_sound_on_one_side_or_out_of_phase_counts_as_well():
    samples, _ = pattern(120, 6.0)
    one_side = np.concatenate([samples, 0 * samples], axis=1)
    inverted = np.concatenate([samples, -samples], axis=1)
    for stereo in (one_side, inverted):
        assert abs(run(stereo)[-1].tempo_bpm - 120) < 2


@pytest.mark.parametrize("rate", [8000.0, 44100.0, 48000.0, 96000.0])
def test_any_rate(rate):
    beats = np.arange(0.3, 6.0, 0.5)
    events = [(b, "low" if k % 2 == 0 else "high") for k, b in enumerate(beats)] + [(b + 0.25, "hat") for b in beats]
    states = run(mix(events, 6.5, rate), rate, 4096)
    assert abs(states[-1].tempo_bpm - 120) < 2
    assert np.abs(beats - states[550].next_beat_s).min() < 0.03


def test_a_rate_change_and_a_gap_in_mid_stream_keep_the_beat():
    samples, _ = pattern(120, 6.0)
    other = mix([(b, "low") for b in np.arange(0.3, 3.0, 0.5)], 3.0, 44100.0)
    tracker = BeatTracker(RATE)
    before = tracker.process(AudioBlock(samples, RATE, 0.0))
    after = tracker.process(AudioBlock(other, 44100.0, 6.0))
    assert tracker.counts["rate_changes"] == 1
    assert after[0].time_s == pytest.approx(6.01, abs=1e-3)
    assert after[0].beats >= before[-1].beats
    assert abs(after[-1].tempo_bpm - 120) < 3
    late = tracker.process(AudioBlock(other, 44100.0, 11.0))
    assert tracker.counts["gaps"] == 1
    assert late[0].time_s == pytest.approx(11.01, abs=1e-3)
    assert late[0].beats == pytest.approx(after[-1].beats + 4.0, abs=0.7)


def test_beats_can_be_announced_ahead():
    samples, beats = pattern(125, 12.0)
    ahead = track_file_samples(samples, RATE, ahead_s=0.1)
    assert all(time_s - emit_s >= 0.1 - 1e-9 for time_s, _, emit_s in ahead)
    hit, extra = share_hit(beats, ahead, 5.0)
    assert hit > 0.9 and extra <= 1
    now = track_file_samples(samples, RATE)
    assert all(-0.011 <= time_s - emit_s <= 0.0 for time_s, _, emit_s in now)
    assert len({round(t, 2) for t, _, _ in ahead}) == len(ahead)
    far = announce(run(samples), ahead_s=1.0)
    assert np.median(np.diff([t for t, _, _ in far])) == pytest.approx(0.48, abs=0.01)
    assert all(1 <= place <= 7 for _, place, _ in far)


def test_announcements_need_trust():
    samples, _ = pattern(125, 5.0)
    states = run(samples)
    assert announce(states, threshold=1.1) == []
    feed = Announcer()
    assert [b for s in states for b in feed.feed(s)] == announce(states)


def test_a_hand_can_set_the_tempo_and_the_one():
    samples, beats = pattern(140, 9.0)
    tracker = BeatTracker(RATE)
    at = int(6.0 * RATE)
    before = tracker.process(AudioBlock(samples[:at], RATE, 0.0))
    assert abs(before[-1].tempo_bpm - 140) < 2
    beat = int(np.abs(beats - 6.0).argmin()) - 3
    tracker.suggest(float(beats[beat]), 70.0)
    tracker.set_one(float(beats[beat] + 4 * 60 / 70 / 2))
    after = tracker.process(AudioBlock(samples[at:], RATE, 6.0))
    assert abs(after[40].tempo_bpm - 70) < 2
    assert after[-1].beats > before[-1].beats
    for wrong in ((1.0, 0.0), (float("nan"), 120.0), (1.0, float("inf"))):
        with pytest.raises(UsageError):
            tracker.suggest(*wrong)


def test_the_one_can_be_set_by_hand():
    samples, _ = pattern(120, 9.0)
    tracker = BeatTracker(RATE)
    at = int(6.1 * RATE)
    state = tracker.process(AudioBlock(samples[:at], RATE, 0.0))[-1]
    wanted = state.next_beat_s + (0.5 if state.next_bar_s < state.next_beat_s + 0.1 else 0.0)
    tracker.set_one(wanted)
    states = tracker.process(AudioBlock(samples[at:], RATE, 6.1))
    assert states[10].next_bar_s == pytest.approx(wanted, abs=0.05)


def test_an_impossible_rate_is_refused():
    for rate in (0.0, -1.0, float("nan"), 1e7):
        with pytest.raises(UsageError, match="rate"):
            BeatTracker(rate)


def test_the_development_set_is_tracked():
    bench = pytest.importorskip("perform.bench.beats")
    scorer = bench.load_scorer(SET)
    need(scorer is not None, "the development set of annotated excerpts is not beside the checkout")
    names = ("s01_techno135_acid", "l04_zen_140_offbeat", "m03_keep_rolling_104swing", "g01_waltz_3-4_pop140")
    scores = [bench.score_one(scorer, SET / "beats" / f"{name}.beats") for name in names]
    assert np.mean([now["liveF"] for now, _ in scores]) > 0.85
    assert np.mean([now["AMLt"] for now, _ in scores]) > 0.8
    assert np.nanmean([now["dbF"] for now, _ in scores]) > 0.4
    assert np.mean([ahead["liveF"] for _, ahead in scores]) > 0.83
    silent, _ = bench.score_one(scorer, SET / "beats" / "s09_ambient_no_beat.beats")
    assert silent["false"] == 0
