"""The tracker's beats laid on the attacks: clicks and soft drums, and music whose onsets tell nothing."""

from __future__ import annotations

import numpy as np
import pytest

from perform.beats import TrackedBeats
from perform.bench._clicks import RATE_HZ, click, on_the_beat
from perform.core.types import AudioBlock
from perform.features import FeatureAnalyser
from perform.features.beat.anchor import MOST_S, ONSET_LATE_S, Anchor
from perform.features.beat.tracker import BeatState

SECONDS = 24.0


def soft_drum() -> np.ndarray:
    t = np.arange(round(0.2 * RATE_HZ)) / RATE_HZ
    return (0.8 * np.sin(2 * np.pi * 55.0 * t) * np.minimum(t / 0.004, 1.0) * np.exp(-t / 0.05)).astype(np.float32)


def played(one: np.ndarray, bpm: float) -> tuple[np.ndarray, np.ndarray]:
    at = on_the_beat(SECONDS, bpm)
    mono = np.random.default_rng(1).normal(0.0, 3e-4, round(SECONDS * RATE_HZ)).astype(np.float32)
    for number, start in enumerate(at):
        mono[start : start + len(one)] += one[: len(mono) - start] * (1.0 if number % 4 == 0 else 0.7)
    return mono[:, None], at / RATE_HZ


def words(samples: np.ndarray, block: int = 480) -> list[tuple[float, float]]:
    """(stream time, beats) by the newest word after each block."""
    beats, analyser, out = TrackedBeats(float(RATE_HZ)), FeatureAnalyser(float(RATE_HZ)), []
    for start in range(0, len(samples), block):
        piece = AudioBlock(samples[start : start + block], float(RATE_HZ), start / RATE_HZ)
        beats.note(analyser.process(piece))
        word = beats(piece)
        if word is not None:
            out.append((word.time_s, word.beats))
    return out


@pytest.mark.parametrize(("name", "bpm"), [("click", 124.0), ("soft", 100.0)])
def test_beats_fall_on_the_attack_whatever_the_drum(name: str, bpm: float) -> None:
    samples, true_s = played(click() if name == "click" else soft_drum(), bpm)
    told = np.array(words(samples))
    told = told[told[:, 0] > SECONDS / 2]
    whole = np.arange(np.ceil(told[0, 1]), np.floor(told[-1, 1]))
    found_s = np.interp(whole, told[:, 1], told[:, 0])
    apart = np.array([s - true_s[np.abs(true_s - s).argmin()] for s in found_s])
    assert len(apart) > 15 and abs(np.median(apart)) < 0.006, np.median(apart)


def state(time_s: float, bpm: float = 120.0) -> BeatState:
    beats = time_s * bpm / 60.0
    return BeatState(time_s, bpm, beats, beats % 1.0, 0.0, int(beats), 0, 4, 1.0, 0.0, 0.0)


def run(anchor: Anchor, late_s: np.ndarray, first: int = 0) -> list[float]:
    """Beats every half second, an onset `late_s` after each; NaN for none."""
    seen = []
    for n, late in enumerate(late_s, first):
        told = False
        for hop in range(50):
            now_s = n * 0.5 + hop * 0.01
            if not told and hop * 0.01 >= late:
                anchor.onset(n * 0.5 + late)
                told = True
            anchor.follow([state(now_s)])
            seen.append(anchor.late_s)
    return seen


def test_a_steady_distance_is_taken_off_and_never_by_a_jump() -> None:
    seen = run(Anchor(), np.full(40, 0.024))
    assert seen[-1] == pytest.approx(0.024 - ONSET_LATE_S, abs=1e-4)
    assert seen[: 3 * 50] == [0.0] * 150 and np.abs(np.diff(seen)).max() < 1.5e-3


def test_onsets_that_fall_anywhere_and_none_at_all_move_nothing() -> None:
    scattered = np.random.default_rng(2).uniform(-0.025, 0.05, 60)
    assert max(np.abs(run(Anchor(), scattered)[-1500:])) < 0.006
    assert run(Anchor(), np.full(20, np.nan))[-1] == 0.0


def test_it_is_bounded_and_holds_when_the_onsets_stop() -> None:
    anchor = Anchor()
    run(anchor, np.full(40, 0.049))
    held = anchor.late_s
    assert 0.02 < held <= MOST_S
    assert run(anchor, np.full(20, np.nan), first=40)[-1] == pytest.approx(MOST_S, abs=1e-3)


def test_the_same_whatever_the_block_size() -> None:
    samples, _ = played(click(), 124.0)
    a, b = words(samples[: 8 * RATE_HZ], 480), words(samples[: 8 * RATE_HZ], 960)
    assert [x for x in a if x in b] == b and len(b) > 100
