"""The low envelope: what passes, what rises, and every kick of the built-in band."""

import numpy as np
import pytest

from perform.core.types import AudioBlock
from perform.features import FeatureAnalyser
from perform.features.frame import Hop
from perform.features.kick import RISE_MAX_DB, LowRise, kick_matrix
from perform.features.slow import Slow
from perform.features.tables import plan_for
from perform.inputs import open_input

RATE = 48000.0


def rises(samples, rate=RATE):
    """Rise of every hop of mono `samples` [n], straight from the envelope."""
    plan = plan_for(rate)
    slow, low, hop = Slow(plan), LowRise(), Hop(scale=0.05)
    low.retune(plan, 150.0)
    padded = np.concatenate([np.zeros(plan.window), samples]).astype(np.float32)
    out = []
    for end in range(plan.window + plan.hop, padded.size + 1, plan.hop):
        hop.history = np.repeat(padded[None, end - plan.window : end], 2, axis=0)
        slow.step(hop)
        low.step(hop)
        out.append(low.rise_db)
    return np.array(out)


@pytest.mark.parametrize("rate", [8000.0, 44100.0, 48000.0, 96000.0])
def test_bass_passes_and_all_else_does_not(rate):
    plan = plan_for(rate)
    matrix = kick_matrix(plan, 150.0)
    t = np.arange(matrix.shape[0]) / plan.slow_rate_hz
    gain = {hz: np.abs(np.exp(2j * np.pi * hz * t) @ matrix[:, 0]) for hz in (0.0, 60.0, 500.0, 1000.0, 2000.0)}
    assert gain[0.0] < 1e-6
    assert 0.6 < gain[60.0] < 1.2
    assert max(gain[500.0], gain[1000.0], gain[2000.0]) < 0.05


@pytest.mark.parametrize("hz", [35.0, 41.2, 55.0, 82.4, 130.0])
def test_a_steady_tone_rises_once_and_never_again(hz):
    rise = rises(0.3 * np.sin(2 * np.pi * hz * np.arange(96000) / RATE))
    assert rise[:12].max() > 6.0
    assert rise[30:].max() < 0.5


def test_an_attack_rises_within_three_hops_and_never_over_the_top():
    t = np.arange(48000) / RATE
    tone = np.where(t >= 0.5, 0.5 * np.sin(2 * np.pi * 60.0 * (t - 0.5)), 0.0)
    rise = rises(tone)
    first = int(0.5 * RATE / 256)
    assert rise[:first].max() == 0.0
    assert rise[first : first + 4].max() > 3.5
    assert rise.max() <= RISE_MAX_DB


def test_a_constant_offset_is_no_bass():
    assert rises(np.full(48000, 0.3))[30:].max() == 0.0


def test_every_kick_of_the_built_in_band_hits():
    band = open_input("synth", live=False, start_s=22.0)
    band.open()
    seconds = 9
    beats = band.beat_times(1.0, seconds - 0.5)
    analyser, features = FeatureAnalyser(RATE), []
    for _ in range(seconds * 10):
        features += analyser.process(band.read(4800))
    band.close()
    times = np.array([f.time_s for f in features])
    hit = np.array([f.values["audio/bass/hit"] for f in features])
    count = np.array([f.values["audio/bass/onsets"] for f in features])
    for beat_s in beats:
        first, last = np.searchsorted(times, [beat_s, beat_s + 0.05])
        assert count[last] > count[first - 1], f"no onset at {beat_s:.2f} s"
        assert hit[first:last].max() > 0.7, f"a faint hit at {beat_s:.2f} s"


def test_hits_are_the_same_whatever_the_block_size():
    t = np.arange(48000) / RATE
    sound = (0.5 * np.sin(2 * np.pi * 55 * t) * np.exp(-(t % 0.3) * 15)).astype(np.float32)[:, None]
    whole = FeatureAnalyser(RATE).process(AudioBlock(sound, RATE, 0.0))
    parts, at = FeatureAnalyser(RATE), 0
    pieces = []
    for size in (100, 1, 4096, 999, 256, 20000, 48000):
        pieces += parts.process(AudioBlock(sound[at : at + size], RATE, at / RATE)) if at < len(sound) else []
        at += size
    assert [f.values for f in pieces] == [f.values for f in whole]
