"""The engine's musical time: outside clocks beside the sound, and the hand's words on their way to the tracker."""

from __future__ import annotations

import time

import numpy as np
import pytest
from fakes import MemoryStage, ScriptedHearing, features

from perform.beats import KnownBeats, TrackedBeats
from perform.core import clock as tempo_clock
from perform.core.params import ParamTable
from perform.core.types import AudioBlock, BeatClock, ControlEvent, HandWord
from perform.engine.engine import Engine
from perform.engine.hearing import Heard, OfflineHearing
from perform.engine.mailbox import ControlQueue

TICK_S = 1 / 50
STREAM_S = 100.0  # the sound's own clock is that far ahead of the show's


class Outside:
    """A clock by script."""

    def __init__(self, name: str, bpm: float, since: float = 0.0, until: float = 1e9, beats: float = 0.0) -> None:
        self.name, self.bpm, self.since, self.until, self.beats = name, bpm, since, until, beats

    def beat(self, seconds: float) -> BeatClock | None:
        if not self.since <= seconds < self.until:
            return None
        at = seconds - 0.004
        return BeatClock(at, self.beats + at * self.bpm / 60.0, self.bpm, 0, 1.0, self.name)

    def counts(self) -> dict[str, int]:
        return {"words": 3}


def tracked(bpm: float):
    def script(seconds: float) -> Heard:
        heard_at = seconds + STREAM_S - 0.05
        beat = BeatClock(heard_at, 7.0 + (heard_at - STREAM_S) * bpm / 60.0, bpm, 4, 0.8, "tracker", 0.0)
        return Heard(features(heard_at), beat, seconds, age_s=0.05)

    return ScriptedHearing(script)


def make(hearing=None, *sources: Outside) -> tuple[Engine, list[HandWord]]:
    table = ParamTable()
    table.add(tempo_clock.PARAMS, "tempo")
    queue = ControlQueue(lambda a: a in table and table[a].kind == "trigger")
    engine = Engine(table, MemoryStage(), hearing or ScriptedHearing(), queue, time.perf_counter)
    words: list[HandWord] = []
    engine.musical.steer = words.append
    engine.musical.sources += sources
    return engine, words


def run(engine: Engine, seconds: float, start: float = 0.0) -> list[str]:
    leaders = []
    for n in range(round(start / TICK_S), round((start + seconds) / TICK_S)):
        engine.tick(n * TICK_S)
        leaders.append(engine.tempo.source)
    return leaders


def send(engine: Engine, address: str, value: object = True, at: float = 0.0) -> None:
    engine.queue.post(ControlEvent(address, value, at, "test"))


def test_link_midi_and_the_ear_hand_over_in_their_order_and_the_beat_never_stops() -> None:
    link, midi = Outside("link", 126.0, since=2.0, until=5.0), Outside("midi", 126.0, until=9.0, beats=2.5)
    engine, _ = make(tracked(126.0), link, midi)
    shown, before = [], 0.0
    for n in range(700):
        engine.tick(n * TICK_S)
        assert engine.moment.beats >= before
        before = engine.moment.beats
        shown.append((n * TICK_S, engine.tempo.source, engine.moment.tempo_bpm))
    assert [s for _, s, _ in shown if s] and {bpm for _, _, bpm in shown[1:]} == {126.0}
    order = [name for n, (_, name, _) in enumerate(shown) if n == 0 or name != shown[n - 1][1]]
    assert order == ["midi", "link", "midi", "tracker"]
    assert engine.report()["tempo"]["source"] == "tracker" and engine.report()["tempo"]["link words"] == 3


def test_the_age_of_a_word_from_outside_and_the_lead_are_counted_in() -> None:
    engine, _ = make(None, Outside("link", 120.0))
    engine.table.set("tempo/lead_s", 0.1)
    run(engine, 3.0)
    assert engine.moment.beats == pytest.approx(2.0 * (engine.moment.seconds + 0.1), abs=1e-6)


def test_one_source_can_be_chosen_and_manual_shuts_all_out() -> None:
    engine, _ = make(tracked(90.0), Outside("link", 120.0))
    send(engine, "tempo/source", "tracker")
    assert run(engine, 1.0)[-1] == "tracker"
    send(engine, "tempo/source", "manual")
    send(engine, "tempo/bpm", 101.0)
    run(engine, 8.0, 1.0)
    assert engine.tempo.source == "manual" and engine.tempo.bpm == 101.0
    send(engine, "tempo/source", "auto")
    send(engine, "tempo/resync")
    assert run(engine, 1.0, 9.0)[-1] == "link"


def test_taps_count_when_they_were_made_and_reach_the_tracker_on_its_own_clock() -> None:
    engine, words = make(tracked(90.0))
    for n in range(200):
        if n % 25 == 13:
            send(engine, "tempo/tap", at=n * TICK_S - 0.013)
        engine.tick(n * TICK_S)
    assert engine.tempo.bpm == pytest.approx(120.0, rel=1e-3)
    assert [w.kind for w in words] == ["beat"] * 7 and words[-1].weight > words[0].weight
    assert words[-1].time_s == pytest.approx(188 * TICK_S - 0.013 + STREAM_S, abs=1e-6)
    now = engine.moment
    assert (now.beats - (now.seconds - (188 * TICK_S - 0.013)) * 2.0 + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=0.01)


def test_every_hand_is_an_observation_for_the_tracker() -> None:
    engine, words = make(tracked(90.0))
    run(engine, 1.0)
    for address, value in (("double", True), ("one", True), ("halve", True), ("bpm", 97.0)):
        send(engine, f"tempo/{address}", value, at=engine.moment.seconds)
        run(engine, 0.1, engine.moment.seconds + TICK_S)
    send(engine, "tempo/resync")
    run(engine, 1.0, engine.moment.seconds + TICK_S)
    send(engine, "tempo/nudge", 1.0)
    run(engine, 1.0, engine.moment.seconds + TICK_S)
    send(engine, "tempo/nudge", 0.0)
    run(engine, 0.1, engine.moment.seconds + TICK_S)
    assert [(w.kind, round(w.tempo_bpm)) for w in words] == [
        ("beat", 180), ("one", 0), ("beat", 90), ("beat", 97), ("beat", 90),
    ]  # fmt: skip


def clicks(bpm: float, seconds: float, rate: int = 44100) -> np.ndarray:
    """Kick, hat, snare, hat: at this tempo, or at half of it with twice the notes, as one likes to hear it."""
    rng = np.random.default_rng(1)
    sound = np.zeros(int(seconds * rate), np.float32)
    t = np.arange(int(0.12 * rate)) / rate
    kick = np.sin(2 * np.pi * 60 * t) * np.exp(-t * 30)
    hat = rng.normal(0, 0.2, len(t)) * np.exp(-t * 120)
    for n in range(int(seconds * bpm / 60)):
        at = int(n * 60 / bpm * rate)
        piece = (kick if n % 2 == 0 else hat)[: len(sound) - at]
        sound[at : at + len(piece)] += piece.astype(np.float32)
    return sound


@pytest.mark.parametrize("factor", [2.0, 0.5])
def test_the_trackers_own_filter_takes_the_hands_double_and_half(factor: float) -> None:
    beats = TrackedBeats(44100.0)
    sound = clicks(100.0, 20.0)
    told = []
    for n in range(0, len(sound), 441):
        if n == 441 * 1000:
            last = told[-1]
            assert last is not None
            period_s = 60.0 / last.tempo_bpm
            next_s = last.time_s + (1.0 - last.beats % 1.0) * period_s
            beats.steer(HandWord("beat", next_s, last.tempo_bpm * factor))
        told.append(beats(AudioBlock(sound[n : n + 441, None], 44100.0, n / 44100.0)))
    before, after = told[999], told[1010]
    assert before is not None and after is not None
    assert after.tempo_bpm == pytest.approx(before.tempo_bpm * factor, rel=0.04)


def test_the_trackers_bar_begins_where_the_hand_says() -> None:
    beats = TrackedBeats(44100.0)
    sound = clicks(120.0, 16.0)
    places, told = [], None
    for n in range(0, len(sound), 441):
        if n == 441 * 1000:
            beats.steer(HandWord("one", 10.0))  # a beat with a kick, and not the one so far
        told = beats(AudioBlock(sound[n : n + 441, None], 44100.0, n / 44100.0)) or told
        if told is not None and told.time_s % 2.0 >= 0.99 and told.time_s % 2.0 < 1.0:
            places.append((told.time_s, told.bar_phase))
    assert told is not None and told.beats_per_bar == 4
    before = [phase for time_s, phase in places if 8.0 < time_s < 10.0]
    after = [phase for time_s, phase in places if time_s > 12.0]
    assert before == pytest.approx([0.0], abs=0.06) and after == pytest.approx([0.5, 0.5], abs=0.06)


def test_nonsense_from_a_hand_is_counted_and_a_band_plays_on() -> None:
    beats = TrackedBeats(44100.0)
    beats.steer(HandWord("beat", float("nan"), -3.0))
    assert beats(AudioBlock(np.zeros((441, 1), np.float32), 44100.0, 0.0)) is None and beats.refused == 1
    word = BeatClock(0.0, 1.0, 100.0)

    class Band:
        def beat(self) -> BeatClock:
            return word

    band = KnownBeats(Band())  # type: ignore[arg-type]
    band.steer(HandWord("one", 0.0))
    assert band(AudioBlock(np.zeros((4, 1), np.float32), 44100.0, 0.0)) is word


class Tape:
    """Sound at hand, as an input."""

    name, rate_hz, channels, live, finished = "tape", 44100.0, 1, False, False

    def __init__(self, samples: np.ndarray) -> None:
        self.samples, self.read_so_far = samples, 0

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, frames: int) -> AudioBlock:
        start, self.read_so_far = self.read_so_far, self.read_so_far + frames
        return AudioBlock(self.samples[start : self.read_so_far, None], self.rate_hz, start / self.rate_hz)

    def counts(self) -> dict[str, int]:
        return {}


class NoFeatures:
    def process(self, block: AudioBlock) -> list:
        return [features(block.start_s + len(block.samples) / block.rate_hz)]


def test_taps_at_twice_what_the_ear_takes_it_for_are_believed_and_the_lead_goes_back_to_the_ear() -> None:
    bpm = 174.0
    beats = TrackedBeats(44100.0)
    engine, _ = make(OfflineHearing(Tape(clicks(bpm, 26.0)), NoFeatures(), beats))  # type: ignore[arg-type]
    engine.musical.steer = beats.steer
    rng = np.random.default_rng(3)
    taps = [(24 + k) * 60.0 / bpm + float(rng.normal(0.0, 0.012)) for k in range(6)]
    sources = set()
    for n in range(round(25.0 / TICK_S)):
        now = n * TICK_S
        for when in taps:
            if now - TICK_S < when <= now:
                send(engine, "tempo/tap", at=when)
        engine.tick(now)
        if 12.0 < now < 25.0:
            sources.add(engine.tempo.source)
            assert engine.tempo.bpm == pytest.approx(bpm, rel=0.03)
    assert "tracker" in sources
    assert (engine.tempo.beats - now * bpm / 60.0 + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=0.15)
