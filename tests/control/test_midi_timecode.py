"""MIDI timecode: all four rates, drop-frame, forward, backward, wound, torn."""

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.control.midi_timecode import DROP, NOMINAL, STILL_S, MidiTimecode, Timecode

codes = st.builds(
    Timecode, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 29), st.integers(0, 3)
).filter(lambda code: code.valid)


def after(code: Timecode, frames: int = 1) -> Timecode:
    """So many frames later, by counting as a tape does."""
    h, m, s, f = code.hours, code.minutes, code.seconds, code.frames
    for _ in range(frames):
        f += 1
        if f == NOMINAL[code.rate]:
            s, f = s + 1, 0
        if s == 60:
            m, s = m + 1, 0
            if code.rate == DROP and m % 10:
                f = 2
        if m == 60:
            h, m = (h + 1) % 24, 0
    return Timecode(h, m, s, f, code.rate)


def pieces(code: Timecode) -> list[int]:
    """The data bytes of the eight quarter frames, as the standard lays them out."""
    values = (code.frames & 15, code.frames >> 4, code.seconds & 15, code.seconds >> 4, code.minutes & 15,
              code.minutes >> 4, code.hours & 15, code.hours >> 4 | code.rate << 1)  # fmt: skip
    return [number << 4 | value for number, value in enumerate(values)]


def play(reader: MidiTimecode, code: Timecode, rounds: int, now: float = 0.0, speed: float = 1.0) -> float:
    """Send whole times, two frames each, at `speed`; returns the time after the last quarter."""
    quarter = 0.25 / code.fps / speed
    for _ in range(rounds):
        for data in pieces(code):
            message = mido.Message("quarter_frame", frame_type=data >> 4, frame_value=data & 15).bytes()
            reader.quarter(message[1], now)
            now += quarter
        code = after(code, 2)
    return now


@settings(max_examples=150, deadline=None)
@given(codes)
def test_every_time_is_read_at_every_rate(code: Timecode) -> None:
    reader = MidiTimecode()
    now = play(reader, code, 4)
    found = reader.at(now)
    assert found is not None and reader.refused == 0 and reader.rate == code.rate
    day = 24 * 3600.0
    apart = (found[0] - (code.time_s + 8 / code.fps) + day / 2) % day - day / 2
    if after(code, 8).hours >= code.hours:  # at midnight a drop-frame day is 86 ms short of ours
        assert apart == pytest.approx(0.0, abs=1e-3)
    assert found[1] == pytest.approx(1.0, abs=0.01)


@given(codes)
def test_the_number_of_a_frame_grows_by_one_frame_by_frame(code: Timecode) -> None:
    later = after(code)
    if later.hours >= code.hours:
        assert later.valid and later.number == code.number + 1


def test_drop_frame_keeps_time() -> None:
    assert Timecode(1, 0, 0, 0, DROP).time_s == pytest.approx(3600.0, abs=0.01)
    assert not Timecode(0, 1, 0, 1, DROP).valid and Timecode(0, 10, 0, 1, DROP).valid


def test_the_place_goes_on_between_quarter_frames_and_stands_when_they_stop() -> None:
    reader = MidiTimecode()
    start = Timecode(1, 2, 3, 0, 1)
    now = play(reader, start, 10)
    found = reader.at(now + 0.004)
    assert found is not None and found[0] == pytest.approx(start.time_s + now + 0.004, abs=1e-3)
    still = reader.at(now + STILL_S + 0.1)
    assert still is not None and still[1] == 0.0
    assert still[0] == pytest.approx(start.time_s + now, abs=0.03)
    assert reader.beat(now + 5.0) is None


def test_a_full_frame_winds_the_tape() -> None:
    reader = MidiTimecode()
    play(reader, Timecode(0, 0, 10, 0, 1), 10)
    data = [0x7F, 0x7F, 1, 1, 1 << 5 | 5, 6, 7, 8]
    assert reader.full(mido.Message("sysex", data=data).bytes()[1:-1], 3.0)
    assert reader.at(4.0) == (pytest.approx(5 * 3600 + 6 * 60 + 7 + 8 / 25), 0.0)
    assert reader.signals(4.0)["mtc/running"] == 0.0
    assert not reader.full([0x7E, 0, 6, 1], 4.0)
    now = play(reader, Timecode(5, 6, 7, 8, 1), 6, 10.0)
    found = reader.at(now)
    assert found is not None and found[0] == pytest.approx(5 * 3600 + 6 * 60 + 7 + 8 / 25 + now - 10.0, abs=1e-3)


def test_backwards() -> None:
    reader, code, now = MidiTimecode(), Timecode(0, 1, 0, 0, 1), 0.0
    for _ in range(6):
        for data in reversed(pieces(code)):
            reader.quarter(data, now)
            now += 0.01
        code = Timecode(0, 0, 59, (code.frames - 2) % 25, 1)
    found = reader.at(now)
    assert found is not None and found[1] == pytest.approx(-1.0, abs=0.01)
    assert found[0] == pytest.approx(60.0 - 12 / 25, abs=0.13)


def test_a_torn_time_is_not_believed_and_the_next_whole_one_is() -> None:
    reader = MidiTimecode()
    good = pieces(Timecode(0, 0, 30, 0, 3))
    for n, data in enumerate(good[3:] + good[:5]):
        reader.quarter(data, n * 0.25 / 30)
    assert reader.received == 0
    now = play(reader, Timecode(0, 0, 30, 0, 3), 3, 1.0)
    found = reader.at(now)
    assert found is not None and found[0] == pytest.approx(30.0 + now - 1.0, abs=1e-3)
    for n, data in enumerate(pieces(Timecode(31, 0, 0, 0, 3))):
        reader.quarter(data, 9.0 + n * 0.25 / 30)
    assert reader.refused == 1


@given(st.lists(st.tuples(st.integers(0, 127), st.floats(0.0, 0.5)), max_size=60))
def test_nonsense_is_survived(data: list[tuple[int, float]]) -> None:
    reader, now = MidiTimecode(), 0.0
    for value, gap in data:
        now += gap
        reader.quarter(value, now)
        found = reader.at(now)
        assert found is None or 0.0 <= found[0] < 24 * 3600.0


def test_beats_are_counted_at_the_hands_tempo() -> None:
    reader = MidiTimecode(lambda: 90.0)
    now = play(reader, Timecode(0, 0, 40, 0, 3), 10)
    word = reader.beat(now)
    assert word is not None and word.source == "mtc" and word.tempo_bpm == 90.0
    assert word.beats == pytest.approx((40.0 + now) * 1.5, abs=0.002)
