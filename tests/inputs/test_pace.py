"""Live sources keep the real pace, by a clock that is handed in; blocks are stamped by counting."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.contracts import AudioInput
from perform.core.errors import UsageError
from perform.inputs import open_input
from perform.inputs.array import ArrayInput, SilenceInput
from perform.inputs.clock import WAIT_S, Pace
from perform.inputs.level import Door, parse_channels
from perform.inputs.synth import SynthBand


class Time:
    """A clock that moves only when someone sleeps, or when told."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.longest_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.longest_s = max(self.longest_s, seconds)

    def pace(self, rate_hz: float) -> Pace:
        return Pace(rate_hz, lambda: self.now_s, self.sleep)


def ramp(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.float32)[:, None] / 1e6


def test_live_delivers_at_the_real_pace() -> None:
    time = Time()
    source = ArrayInput(ramp(100000), 1000.0, live=True, pace=time.pace)
    source.open()
    time.now_s += 5.0  # other parts start up slowly: costs nothing
    got, started_s = 0, time.now_s
    while time.now_s < started_s + 10.0:
        block = source.read(16)
        if block is not None:
            assert block.start_s == got / 1000.0
            got += len(block.samples)
    assert got == pytest.approx(10000, abs=20)
    assert time.longest_s <= WAIT_S
    assert source.counts()["dropped"] == 0


def test_a_late_reader_catches_up_without_loss() -> None:
    time = Time()
    source = ArrayInput(ramp(100000), 1000.0, live=True, pace=time.pace)
    source.open()
    source.read(10)
    time.now_s += 0.9
    blocks = [source.read(100) for _ in range(9)]
    assert [len(b.samples) for b in blocks] == [100] * 9
    assert source.counts()["dropped"] == 0


def test_a_stalled_reader_loses_what_it_missed_and_time_stays_true() -> None:
    time = Time()
    source = ArrayInput(ramp(100000), 1000.0, live=True, pace=time.pace)
    source.open()
    source.read(10)
    time.now_s += 30.0
    block = source.read(100)
    assert block.start_s == pytest.approx(29.91, abs=0.05)
    assert block.samples[0, 0] == pytest.approx(block.start_s * 1000 / 1e6)
    assert source.counts()["dropped"] == pytest.approx(29900, abs=50)


def test_nothing_due_is_none_within_the_allowed_wait() -> None:
    time = Time()
    source = ArrayInput(ramp(1000), 10.0, live=True, pace=time.pace)
    source.open()
    assert source.read(10) is None
    assert time.longest_s == WAIT_S


def test_live_and_offline_synth_are_the_same_sound() -> None:
    time = Time()
    live = SynthBand(live=True, rate_hz=16000, pace=time.pace)
    still = SynthBand(live=False, rate_hz=16000)
    live.open()
    still.open()
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < 16000:
        block = live.read(256)
        if block is not None:
            parts.append(block.samples)
    heard = np.concatenate(parts)
    assert np.array_equal(heard, still.read(len(heard)).samples)


def test_offline_delivers_exactly_then_ends() -> None:
    source = ArrayInput(ramp(1000), 48000.0)
    source.open()
    assert [len(source.read(n).samples) for n in (300, 300, 300)] == [300, 300, 300]
    assert not source.finished
    last = source.read(300)
    assert len(last.samples) == 100 and last.start_s == 900 / 48000
    assert source.finished and source.read(300) is None
    source.open()
    assert len(source.read(10).samples) == 10 and not source.finished, "opening again starts again"


def test_array_input_faults() -> None:
    time = Time()
    source = ArrayInput(ramp(100000), 1000.0, live=True, pace=time.pace)
    source.open()
    source.read(100)
    source.stop()
    time.now_s += 60
    assert source.read(100) is None and not source.finished
    source.resume()
    assert source.read(100).start_s == pytest.approx(0.04, abs=0.061)
    before = source.read(40)
    source.change_rate(2000.0)
    after = source.read(40)
    assert after.rate_hz == 2000.0
    assert after.start_s == pytest.approx(before.start_s + len(before.samples) / 1000.0, abs=1e-3)


def test_silence_is_zeros() -> None:
    source = open_input("silence", live=False, rate_hz=44100.0)
    assert isinstance(source, SilenceInput) and isinstance(source, AudioInput)
    source.open()
    block = source.read(441)
    assert block.rate_hz == 44100.0 and not block.samples.any()
    assert source.beat() is None and set(source.counts().values()) == {0}


def test_door_trims_picks_and_counts_clipping() -> None:
    door = Door(parse_channels("3,1"), -6.0206)
    samples = np.zeros((4, 4), np.float32)
    samples[:, 0], samples[:, 2], samples[1, 2], samples[2, 0] = 0.5, 0.25, 1.0, np.nan
    out = door(samples)
    assert out.shape == (4, 2)
    assert out[0] == pytest.approx([0.125, 0.25], abs=1e-4)
    assert out[2, 1] == 0.0 and np.isnan(samples[2, 0]), "cleaned, in a copy"
    assert (door.clipped, door.errors) == (1, 1)
    loud = Door(None, 20.0)
    loud(np.full((3, 1), 0.2, np.float32))
    assert loud.clipped == 3, "clipping by the trim counts too"


@pytest.mark.parametrize("text", ["0", "1,,2", "a", "1,-2", "", "1.5", "9999"])
def test_bad_channel_lists_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="channel"):
        open_input("synth", live=False, channels=text)


def test_a_channel_that_is_not_there() -> None:
    source = open_input("synth", live=False, channels="1,3")
    with pytest.raises(UsageError, match=r"channel 3 .* has 2"):
        source.open()


@pytest.mark.parametrize(
    ("spec", "message"),
    [("mic", "offline"), ("device:x", "offline"), ("", "no audio"), ("file:", "exist|no audio")],
)
def test_specs_that_make_no_sense_offline(spec: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        open_input(spec, live=False).open()


def test_more_specs_that_make_no_sense() -> None:
    for kwargs in ({"rate_hz": 0.0}, {"rate_hz": float("nan")}, {"trim_db": 100.0}, {"trim_db": float("nan")}):
        with pytest.raises(UsageError):
            open_input("synth", live=False, **kwargs)
    with pytest.raises(UsageError, match="name"):
        open_input("device: ", live=True)
    with pytest.raises(UsageError, match="start"):
        open_input("x.wav", live=False, start_s=-1.0)
