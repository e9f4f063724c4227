"""The whole ear, intake, features and tracker, on sound that is not as it should be: nothing breaks, the tempo holds or
rests, and it is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest
from arrangement import RATE_HZ, arrange

from perform.beats import TrackedBeats, beats_of
from perform.core.errors import DeviceError
from perform.core.types import AudioBlock, BeatClock, Features
from perform.engine.hearing import LiveHearing, OfflineHearing
from perform.features import OUTPUTS, FeatureAnalyser

BPM = 124.0
SIZE = 480
GOOD_S, WHOLE_S = 4.8, 7.5
GOOD = round(GOOD_S * RATE_HZ / SIZE)


@cache
def groove(rate_hz: float = RATE_HZ) -> np.ndarray:
    """[n, 2], some ten seconds of drums and bass."""
    samples, _ = arrange(BPM, [("groove", 5)], rate_hz=rate_hz)
    samples.flags.writeable = False
    return samples


def blocks_of(samples: np.ndarray, rate_hz: float = RATE_HZ, start_s: float = 0.0) -> list[AudioBlock]:
    return [AudioBlock(samples[at : at + SIZE], rate_hz, start_s + at / rate_hz) for at in range(0, len(samples), SIZE)]


def spliced(change: Callable[[np.ndarray], np.ndarray], until_s: float = WHOLE_S) -> list[AudioBlock]:
    """The groove as blocks; what lies behind GOOD_S goes through `change`."""
    at, end = round(GOOD_S * RATE_HZ), round(until_s * RATE_HZ)
    return blocks_of(np.concatenate([groove()[:at], change(groove()[at:end].copy())]).astype(np.float32))


class Ear:
    """Analyser and tracker, as the hearing runs them."""

    def __init__(self) -> None:
        self.analyser, self.beats = FeatureAnalyser(RATE_HZ), TrackedBeats(RATE_HZ)
        self.words: list[BeatClock | None] = []
        self.hops: list[Features] = []

    def hear(self, blocks: Sequence[AudioBlock]) -> Ear:
        for block in blocks:
            hops = self.analyser.process(block)
            self.beats.note(hops)
            self.words.append(self.beats(block))
            self.hops += hops
        return self

    def check(self) -> None:
        """Everything finite, in range, and what only grows only grows."""
        for hop in self.hops:
            assert all(OUTPUTS[name].lo <= value <= OUTPUTS[name].hi for name, value in hop.values.items())
            assert np.isfinite(hop.spectrum).all() and np.isfinite(hop.waveform).all() and np.isfinite(hop.mel).all()
        told = [word for word in self.words if word is not None]
        assert all(np.isfinite([word.time_s, word.beats, word.tempo_bpm, word.bar_phase]).all() for word in told)
        assert (np.diff([word.beats for word in told]) >= 0.0).all()

    def holds(self, since_s: float = GOOD_S, within_bpm: float = 2.5) -> None:
        """The tempo is there, and right, at every word since then."""
        late = self.words[round(since_s * RATE_HZ / SIZE) :]
        assert late and all(word is not None and abs(word.tempo_bpm - BPM) < within_bpm for word in late)


def on_the_grid(word: BeatClock, first_s: float = 0.0) -> float:
    """How far the nearest beat of a word lies from the groove's own grid, in s."""
    beat_s = word.time_s - first_s - (word.beats - round(word.beats)) * 60.0 / word.tempo_bpm
    period_s = 60.0 / BPM
    return abs((beat_s + 0.5 * period_s) % period_s - 0.5 * period_s)


BAD: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "a constant under it": (lambda x: x * 0.5 + 0.4, "offset_hops"),
    "far too loud, clipped": (lambda x: np.clip(20.0 * x, -1.0, 1.0), "clipped_hops"),
    "not a number": (lambda x: np.where(np.arange(len(x))[:, None] % 1500 < 40, np.nan, x), "bad_samples"),
    "infinite": (lambda x: np.where(np.arange(len(x))[:, None] % 3001 == 7, np.inf, x), "bad_samples"),
    "absurd": (lambda x: np.where(np.arange(len(x))[:, None] % 3001 == 7, -3e38, x), "bad_samples"),
    "one channel dead": (lambda x: x * np.array([1.0, 0.0]), ""),
    "out of phase": (lambda x: x * np.array([1.0, -1.0]), ""),
    "very soft": (lambda x: 0.01 * x, ""),
}


@pytest.mark.parametrize("what", BAD)
def test_the_tempo_holds_and_it_is_counted(what: str) -> None:
    change, counted = BAD[what]
    ear = Ear().hear(spliced(change))
    ear.check()
    ear.holds()
    if counted:
        clean = Ear().hear(spliced(lambda x: x, GOOD_S + 0.5))
        assert ear.analyser.counts()[counted] > 0 == clean.analyser.counts()[counted]


def test_denormal_numbers_are_silence_at_the_price_of_silence() -> None:
    def cost(value: float) -> float:
        blocks = blocks_of(np.full((round(2 * RATE_HZ), 2), value, np.float32))
        took = []
        for _ in range(3):
            ear, began = Ear(), time.process_time()
            ear.hear(blocks)
            took.append(time.process_time() - began)
            assert ear.hops[-1].values["audio/silence"] == 1.0 and ear.words[-1] is None
            assert (ear.analyser.counts()["faint_hops"] > 300) == (value > 0.0)
        return min(took)

    assert cost(1e-40) < 4.0 * cost(0.0)


def test_another_rate_in_mid_stream() -> None:
    ear = Ear().hear(blocks_of(groove()[: round(GOOD_S * RATE_HZ)]))
    for rate_hz, start_s, end_s in ((32000.0, GOOD_S, 6.4), (RATE_HZ, 6.4, WHOLE_S)):
        ear.hear(blocks_of(groove(rate_hz)[round(start_s * rate_hz) : round(end_s * rate_hz)], rate_hz, start_s))
    ear.check()
    ear.holds(within_bpm=4.0)
    assert ear.analyser.counts()["rate_changes"] == ear.beats.counts()["rate_changes"] == 2
    assert ear.words[-1] is not None and on_the_grid(ear.words[-1]) < 0.04
    assert (np.diff([hop.time_s for hop in ear.hops]) > 0.0).all()


def test_a_device_that_cannot_make_up_its_mind_about_its_rate() -> None:
    ear, at_s = Ear(), 0.0
    for number, block in enumerate(blocks_of(groove()[:24000])):
        rate_hz = (24000.0, 44100.0)[number % 2]
        ear.hear([AudioBlock(block.samples, rate_hz, at_s)])
        at_s += len(block.samples) / rate_hz
    ear.check()
    assert ear.analyser.counts()["rate_changes"] == ear.beats.counts()["rate_changes"] == 49


def test_another_number_of_channels() -> None:
    blocks = spliced(lambda x: x)
    shaped = []
    for number, block in enumerate(blocks):
        kind = number // 60 % 3
        samples = block.samples if kind == 0 else block.samples[:, :1] if kind == 1 else np.tile(block.samples, 3)
        shaped.append(AudioBlock(samples if kind < 2 else samples / 3.0, block.rate_hz, block.start_s))
    ear = Ear().hear(shaped)
    ear.check()
    ear.holds()
    assert ear.analyser.counts()["channel_changes"] == len(shaped) // 60
    assert Ear().hear(blocks[:5]).analyser.counts()["channel_changes"] == 0


STAMPS: dict[str, Callable[[int, float], float]] = {
    "back to nought": lambda n, s: s if s < GOOD_S else s - GOOD_S,
    "back by a little, again and again": lambda n, s: s - 0.01 * (max(0, n - GOOD) // 25),
    "ahead by a little, again and again": lambda n, s: s + 0.02 * (max(0, n - GOOD) // 50),
    "no number": lambda n, s: s if n < GOOD or n % 5 else float("nan"),
}


@pytest.mark.parametrize("what", STAMPS)
def test_stamps_that_jump(what: str) -> None:
    blocks = [
        AudioBlock(block.samples, block.rate_hz, STAMPS[what](number, block.start_s))
        for number, block in enumerate(blocks_of(groove()[: round(WHOLE_S * RATE_HZ)]))
    ]
    ear = Ear().hear(blocks)
    ear.check()
    ear.holds()
    word, newest_s = ear.words[-1], ear.hops[-1].time_s
    assert word is not None and abs(word.time_s - newest_s) < 0.06, "beat and features stand on the same stamps"
    shift_s = newest_s - WHOLE_S if what != "no number" else 0.0
    assert on_the_grid(word, shift_s) < 0.04
    assert ear.analyser.counts()["gaps"] > 0
    if what != "no number":
        assert ear.beats.counts()["jumps"] > 0


def test_blocks_that_nobody_can_make_sense_of() -> None:
    good = blocks_of(groove()[: round(7.0 * RATE_HZ)])
    samples = good[0].samples
    bad = [
        AudioBlock(samples, 0.0, 5.0), AudioBlock(samples, float("nan"), 5.0), AudioBlock(samples, 1e9, 5.0),
        AudioBlock(samples[:0], RATE_HZ, 5.0), AudioBlock(samples[:, :0], RATE_HZ, 5.0),
        AudioBlock(np.zeros((2, 2, 2), np.float32), RATE_HZ, 5.0),
    ]  # fmt: skip
    ear = Ear().hear(good[:GOOD]).hear(bad).hear(good[GOOD:])
    ear.check()
    ear.holds(GOOD_S + 0.5)
    assert ear.analyser.counts()["refused_blocks"] == ear.beats.counts()["refused_blocks"] == len(bad)


def test_hours_of_silence_are_a_state_of_rest_and_the_music_is_found_again() -> None:
    """After half a minute nothing changes any more but what counts and what keeps time: so nothing will in hours."""
    ear = Ear().hear(blocks_of(groove()[: round(6.0 * RATE_HZ)]))
    quiet = np.zeros((round(20.0 * RATE_HZ), 2), np.float32)
    ear.hear(blocks_of(quiet, start_s=6.0))
    resting = ear.hops[-1].values
    assert ear.words[-1] is None and resting["audio/silence"] == resting["section/silence"] == 1.0
    ear.hear(blocks_of(quiet[: round(4 * RATE_HZ)], start_s=26.0))
    later = ear.hops[-1].values
    assert later == resting
    # The clock of a show that has run for eleven days.
    far_s = 30.0 + 1e6
    ear.hear(blocks_of(groove()[: round(8.0 * RATE_HZ)], start_s=far_s))
    ear.check()
    word = ear.words[-1]
    assert word is not None and abs(word.tempo_bpm - BPM) < 2.5 and on_the_grid(word, far_s) < 0.04
    assert ear.analyser.counts()["gaps"] == ear.beats.counts()["gaps"] == 1


class Scripted:
    """An input that hands out blocks as they are, and raises what is no block."""

    name, live, channels = "scripted", False, 2

    def __init__(self, script: Sequence[AudioBlock | Exception]) -> None:
        self._script = list(script)
        self._at = 0
        self.rate_hz = RATE_HZ

    def open(self) -> None:
        """Nothing to open."""

    def read(self, frames: int) -> AudioBlock | None:
        if self.finished:
            return None
        self._at += 1
        now = self._script[self._at - 1]
        if isinstance(now, Exception):
            raise now
        self.rate_hz = now.rate_hz
        return now

    def counts(self) -> dict[str, int]:
        return {}

    def beat(self) -> None:
        return None

    @property
    def finished(self) -> bool:
        return self._at >= len(self._script)

    def close(self) -> None:
        """Nothing to close."""


def horrors() -> list[AudioBlock | Exception]:
    """Five good seconds, then everything at once, then good again on stamps that began anew."""
    good = blocks_of(groove()[: round(WHOLE_S * RATE_HZ)])
    samples = good[0].samples
    return [
        *good[:GOOD],
        AudioBlock(np.full_like(samples, np.nan), RATE_HZ, 5.0),
        DeviceError("unplugged"),
        AudioBlock(samples, 0.0, float("inf")),
        ValueError("a driver's fault"),
        AudioBlock(np.full((SIZE, 6), 1e30, np.float32), 44100.0, 5.02),
        AudioBlock(samples[:0], RATE_HZ, 5.0),
        *(AudioBlock(block.samples, RATE_HZ, block.start_s - GOOD_S) for block in good[GOOD:]),
    ]


def test_the_live_ear_survives_it_all() -> None:
    sound = Scripted(horrors())
    hearing = LiveHearing(sound, FeatureAnalyser(RATE_HZ), time.monotonic, beats_of(sound))
    hearing.start()
    ends = time.monotonic() + 60.0
    while not hearing.finished and time.monotonic() < ends:
        time.sleep(0.02)
    while hearing.counts().get("analysis blocks", 0) < 370 and time.monotonic() < ends:
        time.sleep(0.02)
    heard = hearing.at(time.monotonic())
    hearing.close()
    counts = hearing.counts()
    assert heard is not None and heard.beat is not None and abs(heard.beat.tempo_bpm - BPM) < 2.5
    assert counts["hearing errors"] == 3 and counts["analysis bad_samples"] >= 3 * SIZE
    assert counts["analysis rate_changes"] == counts["beats rate_changes"] == 2
    assert counts["analysis refused_blocks"] == counts["beats refused_blocks"] == 1
    assert counts["analysis channel_changes"] == 2 and counts["beats jumps"] >= 1


def test_a_render_goes_on_through_a_change_of_rate() -> None:
    first = blocks_of(groove()[: round(3.0 * RATE_HZ)])
    second = blocks_of(groove(32000.0)[: round(3.0 * 32000.0)], 32000.0, 3.0)
    sound = Scripted([*first, *second])
    hearing = OfflineHearing(sound, FeatureAnalyser(RATE_HZ), beats_of(sound))
    for frame in range(1, 178):
        heard = hearing.at(frame / 30.0)
        assert heard is not None and abs(heard.features.time_s - frame / 30.0) < 0.05
