"""MIDI clock in and out, without any MIDI: bytes and times in, a beat out, and the other way round."""

import mido
import numpy as np
import pytest

from perform.control.midi_clock import LOST_S, STOPPED, MidiClockIn, MidiClocks
from perform.control.midi_clock_out import MidiClockOut
from perform.core.types import BeatClock


def play(clock: MidiClockIn, bpm: float, ticks: int, since: float, jitter_s: float = 0.0) -> float:
    """Send ticks; returns the time of the one that would come next."""
    rng = np.random.default_rng(3)
    for n in range(ticks):
        clock.message(mido.Message("clock").bytes(), since + n * 2.5 / bpm + abs(float(rng.normal(0, jitter_s))))
    return since + ticks * 2.5 / bpm


def test_the_start_takes_effect_with_the_next_tick() -> None:
    clock = MidiClockIn()
    now = play(clock, 128.0, 100, 5.0)
    clock.message(mido.Message("start").bytes(), now - 0.003)
    now = play(clock, 128.0, 24 * 9 + 1, now) - 2.5 / 128.0
    word = clock.beat(now)
    assert word is not None and word.source == "midi" and word.beats_per_bar == 0
    assert word.beats == pytest.approx(9.0, abs=1e-6) and word.tempo_bpm == pytest.approx(128.0, rel=1e-6)
    later = clock.beat(now + 0.1)
    assert later is not None and later.beats == pytest.approx(9.0 + 0.1 * 128 / 60, abs=1e-5)


def test_stop_keeps_the_place_and_continue_goes_on_from_it() -> None:
    clock = MidiClockIn()
    clock.message([0xFA], 0.0)
    now = play(clock, 120.0, 24 * 5, 0.0)
    clock.message([0xFC], now)
    word = clock.beat(now)
    assert word is not None and word.confidence == STOPPED and not clock.playing
    now = play(clock, 120.0, 50, now)
    clock.message([0xFB], now)
    now = play(clock, 120.0, 24 + 1, now)
    word = clock.beat(now - 2.5 / 120)
    assert word is not None and clock.playing and word.confidence > 0.9
    assert word.beats == pytest.approx(6.0, abs=0.05)


def test_song_position_counts_sixteenths_standing_and_running() -> None:
    clock = MidiClockIn()
    now = play(clock, 120.0, 30, 0.0)
    clock.message(mido.Message("songpos", pos=1000).bytes(), now)
    clock.message([0xFB], now)
    now = play(clock, 120.0, 13, now)
    word = clock.beat(now - 2.5 / 120)
    assert word is not None and word.beats == pytest.approx(250.5, abs=1e-6)
    clock.message(mido.Message("songpos", pos=8).bytes(), now)
    now = play(clock, 120.0, 1, now)
    word = clock.beat(now - 2.5 / 120)
    assert word is not None and word.beats == pytest.approx(2.0, abs=1e-6)


def test_jitter_hardly_reaches_the_beat_and_silence_is_a_loss() -> None:
    clock = MidiClockIn()
    clock.message([0xFA], 0.0)
    now = play(clock, 140.0, 24 * 16 + 1, 0.0, jitter_s=0.003) - 2.5 / 140
    word = clock.beat(now)
    assert word is not None and word.beats == pytest.approx(16.0, abs=0.01)  # its mean delay is 2.4 ms
    assert word.tempo_bpm == pytest.approx(140.0, abs=1.0)
    assert clock.beat(now + LOST_S + 0.1) is None


def test_of_two_clocks_the_one_that_was_started_leads_and_the_other_takes_over() -> None:
    clocks = MidiClocks()
    for n in range(200):
        clocks.message("mixer", [0xF8], n * 2.5 / 100)
    assert clocks.beat(5.0) is not None
    clocks.message("daw", [0xFA], 5.0)
    for n in range(200):
        clocks.message("daw", [0xF8], 5.0 + n * 2.5 / 150)
        clocks.message("mixer", [0xF8], 5.0 + n * 2.5 / 100)
    word = clocks.beat(8.3)
    assert word is not None and word.tempo_bpm == pytest.approx(150.0, rel=0.01) and clocks.playing()
    for n in range(200):
        clocks.message("mixer", [0xF8], 10.0 + n * 2.5 / 100)
    word = clocks.beat(15.0)
    assert word is not None and word.tempo_bpm == pytest.approx(100.0, rel=0.01) and not clocks.playing()
    assert clocks.beat(30.0) is None


class Cable:
    """What a receiver of our clock sees, with a clock of its own that the test turns."""

    def __init__(self) -> None:
        self.now = 0.0
        self.got: list[tuple[float, list[int]]] = []
        self.out = MidiClockOut(lambda message: self.got.append((self.now, message)), lambda: self.now)

    def run(self, seconds: float, speak, frame_s: float = 1 / 60, wake_s: float = 0.0003) -> None:
        """As the thread does, with sleeps that end a little late."""
        ends, next_word = self.now + seconds, self.now
        while self.now < ends:
            if self.now >= next_word:
                self.out.tell(speak(self.now))
                next_word += frame_s
            wait = self.out.step(self.now)
            self.now += max(wait, 0.00002) + (wake_s if wait else 0.0)

    def times(self, status: int) -> list[float]:
        return [when for when, message in self.got if message[0] == status]


def straight(bpm: float, origin: float = 0.3):
    def speak(now: float) -> BeatClock:
        beats = origin + now * bpm / 60.0
        return BeatClock(now + 0.03, beats + 0.03 * bpm / 60, bpm, 4, 1.0, "x", ((beats + 0.03 * bpm / 60) / 4) % 1.0)

    return speak


@pytest.mark.parametrize("bpm", [61.7, 128.0, 200.0])
def test_ticks_go_out_on_our_beat_and_the_start_at_a_bar_line(bpm: float) -> None:
    cable = Cable()
    cable.run(8.0, straight(bpm))
    starts, ticks = cable.times(0xFA), np.array(cable.times(0xF8))
    assert len(starts) == 1
    assert (0.3 + starts[0] * bpm / 60) / 4 % 1.0 == pytest.approx(0.0, abs=0.002)
    where = (0.3 + ticks * bpm / 60) * 24
    assert np.abs(where - np.round(where)).max() * 2.5 / bpm < 0.0012
    assert np.all(np.diff(np.round(where)) == 1) and not cable.times(0xF2)


def test_our_clock_read_by_our_own_reader_is_our_beat() -> None:
    cable, reader = Cable(), MidiClockIn()
    cable.run(12.0, straight(126.0))
    for when, message in cable.got:
        reader.message(message, when)
    word = reader.beat(cable.now)
    assert word is not None and word.tempo_bpm == pytest.approx(126.0, abs=0.3)
    ours = 0.3 + cable.now * 126.0 / 60.0
    assert (word.beats - ours) % 4.0 == pytest.approx(0.0, abs=0.01) or (word.beats - ours) % 4.0 > 3.99


def test_a_leap_of_the_beat_tells_the_new_place_and_the_reader_lands_on_it() -> None:
    cable, reader = Cable(), MidiClockIn()
    cable.run(5.0, straight(120.0))
    cable.run(4.0, straight(120.0, 0.3 + 6.0))
    for when, message in cable.got:
        reader.message(message, when)
    assert [m[0] for _, m in cable.got if m[0] != 0xF8] == [0xFA, 0xFC, 0xF2, 0xFB]
    word = reader.beat(cable.now)
    assert word is not None
    apart = (word.beats - (6.3 + cable.now * 2.0)) % 4.0
    assert min(apart, 4.0 - apart) < 0.02
    assert cable.out.counts()["relocated"] == 1


def test_the_ticks_stop_with_the_show() -> None:
    cable = Cable()
    cable.run(4.0, straight(120.0))
    silent = cable.now
    while cable.now < silent + 3.0:
        cable.now += max(cable.out.step(cable.now), 1e-4)
    assert cable.got[-1][1] == [0xFC] and cable.times(0xF8)[-1] < silent + 1.2


def test_slewing_never_crowds_the_ticks() -> None:
    cable = Cable()
    cable.run(3.0, straight(120.0))
    cable.run(2.0, straight(120.0, 0.3 + 0.2))
    gaps = np.diff(cable.times(0xF8))
    assert gaps.min() > 0.45 * 2.5 / 120
