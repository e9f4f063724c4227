"""The judge of grids, the choice of a level, blends, breaks, long silence, what is told ahead."""

import hashlib
import itertools
import tomllib
import tracemalloc

import numpy as np
import pytest

from perform.core.errors import UsageError
from perform.core.types import AudioBlock
from perform.features.beat import BeatTracker, announce, upcoming
from perform.features.beat.choice import RELATIVES, Chooser
from perform.features.beat.judge import BEATS, WEIGHTS, Judge
from perform.features.beat.onset import BANDS
from perform.features.beat.pulse import PulseFilter

RATE = 22050.0


def sound(kind):
    t = np.arange(int(0.15 * RATE)) / RATE
    noise = np.random.default_rng(7).standard_normal(len(t))
    return {
        "kick": 0.9 * np.sin(2 * np.pi * 55 * t) * np.exp(-t * 25) + 0.1 * noise * np.exp(-t * 400),
        "snare": 0.4 * noise * np.exp(-t * 35) + 0.2 * np.sin(2 * np.pi * 190 * t) * np.exp(-t * 40),
        "hat": 0.15 * np.diff(noise, prepend=0.0) * np.exp(-t * 100),
        "stab": 0.15 * sum(np.sin(2 * np.pi * f * t) for f in (330, 415, 495, 660)) * np.exp(-t * 20),
    }[kind]


def groove(rows, steps, bpm, seconds, start_s=0.2):
    """rows: voice -> letters, one a step; X loud, x less. Returns (samples [n, 1], beats_s)."""
    step_s = 60.0 / bpm / steps
    out = np.zeros(int((seconds + 1) * RATE))
    for voice, row in rows.items():
        hit = sound(voice)
        for k in range(int((seconds - start_s) / step_s)):
            if row[k % len(row)] != ".":
                at = round((start_s + k * step_s) * RATE)
                out[at : at + len(hit)] += hit * (1.0 if row[k % len(row)] == "X" else 0.6)
    samples = out[: int(seconds * RATE), None].astype(np.float32)
    return samples, np.arange(start_s, seconds, 60.0 / bpm)


def run(samples, tracker=None, start_s=0.0, rate=RATE):
    return (tracker or BeatTracker(rate)).process(AudioBlock(samples, rate, start_s))


def hits(beats, states, after_s):
    found = np.array([t for t, _, _ in announce(states)])
    late = beats[beats > after_s]
    return np.mean(np.abs(late[:, None] - found[None, :]).min(axis=1) < 0.05) if len(found) else 0.0


ROCK = {"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."}
HOUSE = {"kick": "X...X...X...X...", "hat": "..x...x...x...x.", "snare": "....X.......X..."}


def test_the_weights_are_those_of_the_card():
    card = tomllib.loads(WEIGHTS.with_suffix(".toml").read_text("utf-8"))
    assert card["sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert card["licence"] == "Apache-2.0" and "synthesised by this project" in card["training"]["data"]
    assert WEIGHTS.stat().st_size < 100_000


def test_the_true_grid_is_judged_best_among_its_relatives():
    judge, period = Judge(), 50.0
    rng = np.random.default_rng(0)
    for hop in range(1000):  # a rock beat at 120, an event lasting five hops
        place, since = divmod((hop - 3) % 200 + 0.5, 12.5)
        event = np.zeros(BANDS, np.float32)
        if since < 5:
            event[0] = 0.7 if ROCK["kick"][int(place)] != "." else 0.0
            event[1:3] = 0.6 if ROCK["snare"][int(place)] != "." else 0.1
            event[3] = 0.5 if ROCK["hat"][int(place)] != "." else 0.0
        judge.hear(event + np.float32(0.02) * rng.random(BANDS, np.float32))
    to_go = (3 - 999) % 50 or 50
    true = judge.score(to_go, period)
    others = [
        judge.score((to_go + shift * period) % (length * period), length * period) for length, shift in RELATIVES[1:]
    ]
    assert true > max(others)
    assert judge.places(to_go, period).shape == (27,)


def test_nothing_heard_is_nothing_judged_and_the_ring_never_ends():
    judge = Judge()
    judge.hear(np.zeros(BANDS, np.float32))
    assert np.isfinite(judge.score(10.0, 50.0))
    late = Judge()
    rng = np.random.default_rng(1)
    late.hop = 10**9 * 2048 - 1  # two centuries later; the ring is in step
    for _ in range(900):
        late.hear(rng.random(BANDS, np.float32))
    early = Judge()
    early.hop = 2047 + 2048
    rng = np.random.default_rng(1)
    for _ in range(900):
        early.hear(rng.random(BANDS, np.float32))
    assert late.score(7.3, 61.7) == pytest.approx(early.score(7.3, 61.7), abs=1e-4)


def test_relatives_are_grids_in_reach():
    chooser = Chooser(PulseFilter(), Judge())
    for turn in range(len(RELATIVES)):
        period, to_go = chooser._relative(turn)
        assert 0.0 < to_go <= period
    assert RELATIVES[0] == (1.0, 0.0) and len(set(RELATIVES)) == len(RELATIVES) and BEATS == 8


@pytest.mark.parametrize(
    ("rows", "steps", "bpm"),
    [
        ({"kick": "X.........X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."}, 4, 172),
        (ROCK, 4, 84),
        (ROCK, 4, 150),
        (HOUSE, 4, 126),
        ({"kick": "X.....X.....", "snare": "...X.....X..", "hat": "x.xx.xx.xx.x"}, 3, 112),
    ],
)
def test_grooves_are_counted_at_their_level(rows, steps, bpm):
    samples, beats = groove(rows, steps, bpm, 14.0)
    states = run(samples)
    assert np.median([s.tempo_bpm for s in states[-400:]]) == pytest.approx(bpm, rel=0.015)
    assert hits(beats, states, 8.0) > 0.9


def test_slow_triplets_are_not_three_against_two():
    rows = {"kick": "X.....", "snare": "...X..", "hat": "xxx"}
    samples, _ = groove(rows, 3, 64, 18.0)
    level = np.median([s.tempo_bpm for s in run(samples)[-500:]]) / 64
    assert min(abs(level - one) for one in (1, 2, 3)) < 0.03


def test_a_blend_into_another_tempo_is_followed_within_seconds():
    old, _ = groove(HOUSE, 4, 120, 16.0)
    new, beats = groove(HOUSE, 4, 127, 16.0, start_s=0.31)
    rise = np.clip((np.arange(len(old)) / RATE - 5.0) / 5.0, 0.0, 1.0)[:, None].astype(np.float32)
    both = np.concatenate(
        [old * (1 - rise) + new * rise, groove(HOUSE, 4, 127, 4.0, start_s=float(beats[-1] + 60 / 127 - 16))[0]]
    )
    states = run(both)
    assert np.median([s.tempo_bpm for s in states[1400:]]) == pytest.approx(127, abs=1.5)
    assert hits(beats, states, 14.0) > 0.85


def test_a_break_of_held_sound_keeps_its_phase_with_falling_confidence():
    samples, beats = groove(HOUSE, 4, 124, 10.0)
    t = np.arange(int(6 * RATE)) / RATE
    held = 0.1 * sum(np.sin(2 * np.pi * f * t) for f in (220, 277, 330))[:, None].astype(np.float32)
    states = run(np.concatenate([samples, held]))
    assert states[1590].confidence < states[1000].confidence
    grid = beats[-1] + np.arange(1, 7) * 60 / 124
    crossed = [b.time_s for a, b in itertools.pairwise(states) if b.beat_count > a.beat_count and b.time_s > 10.2]
    assert np.median([np.abs(grid - c).min() for c in crossed if c < grid[-1]]) < 0.06


def test_minutes_of_silence_leave_nothing_behind_and_music_is_found_again():
    rate = 8000.0
    tracker = BeatTracker(rate)
    states = tracker.process(AudioBlock(np.zeros((int(90 * rate), 1), np.float32), rate, 0.0))
    assert announce(states) == [] and np.isfinite([s.tempo_bpm for s in states]).all()
    samples = groove(HOUSE, 4, 125, 12.0)[0][:, 0]
    at = np.arange(int(12 * rate)) * RATE / rate
    again = np.interp(at, np.arange(len(samples)), samples)[:, None].astype(np.float32)
    states = tracker.process(AudioBlock(again, rate, 90.0))
    assert states[-1].tempo_bpm == pytest.approx(125, abs=2) and states[-1].confidence > 0.5


def test_beats_and_bars_are_told_ahead():
    samples, beats = groove(ROCK, 4, 120, 10.0)
    tracker = BeatTracker(RATE)
    assert tracker.upcoming(3) == []
    state = run(samples, tracker)[-1]
    ahead = tracker.upcoming(9)
    assert ahead == upcoming(state, 9) and len(ahead) == 9
    times = [t for t, _ in ahead]
    assert times[0] == state.next_beat_s
    assert np.diff(times) == pytest.approx(60.0 / state.tempo_bpm)
    assert np.abs((np.array(times[:4]) - beats[0]) / 0.5 % 1.0 - 0.5).min() > 0.4
    downs = [t for t, place in ahead if place == 1]
    assert downs[0] == pytest.approx(state.next_bar_s) and np.diff(downs) == pytest.approx(4 * 60.0 / state.tempo_bpm)
    for wrong in (-1, 10**6):
        with pytest.raises(UsageError):
            tracker.upcoming(wrong)


def test_a_hop_keeps_no_memory():
    samples = groove(ROCK, 4, 120, 6.0)[0]
    tracker, hop = BeatTracker(RATE), int(RATE / 100)
    blocks = [AudioBlock(samples[at : at + hop], RATE, at / RATE) for at in range(0, len(samples) - hop, hop)]
    for block in blocks[:300]:
        tracker.process(block)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for block in blocks[300:500]:
        tracker.process(block)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now - before < 20_000
    assert peak - before < 120_000


@pytest.mark.parametrize("bpm", [30, 45, 100, 180, 240])
def test_bare_clicks_from_the_slowest_to_the_fastest_are_counted_in_whole_parts(bpm):
    samples, _ = groove({"snare": "X"}, 1, bpm, 18.0)
    ratio = np.median([s.tempo_bpm for s in run(samples)[1200:]]) / bpm
    whole = ratio if ratio >= 1.0 else 1.0 / ratio
    assert whole == pytest.approx(round(whole), abs=0.05) and round(whole) <= 4


@pytest.mark.parametrize(("metre", "counted"), [(2, (2, 4)), (6, (3, 6)), (7, (7,))])
def test_bars_of_two_six_and_seven(metre, counted):
    rows = {"kick": "X" + "." * (2 * metre - 1), "snare": ".." + "x." * (metre - 1), "hat": "x"}
    samples, beats = groove(rows, 2, 125, 22.0)
    states = run(samples)
    assert states[-1].beats_per_bar in counted
    downs = [t for t, place, _ in announce(states) if place == 1 and t > 15.0]
    ones = beats[:: min(counted)]
    assert len(downs) >= 2 and np.mean([np.abs(ones - t).min() < 0.06 for t in downs]) > 0.7
