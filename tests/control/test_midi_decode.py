"""MIDI bytes into moves: every kind of control, and no message that breaks it."""

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.control.midi_decode import MidiDecoder, control_name, encoder_steps, parse_control


def moves(*messages: mido.Message) -> dict[str, float]:
    """The last value of every control."""
    decoder = MidiDecoder()
    return {m.control: m.value for message in messages for m in decoder.moves(message.bytes())}


def cc(control: int, value: int, channel: int = 0) -> mido.Message:
    return mido.Message("control_change", control=control, value=value, channel=channel)


def test_notes_controllers_bend_and_pressure() -> None:
    found = moves(
        mido.Message("note_on", note=36, velocity=127, channel=9), mido.Message("note_on", note=37, velocity=64),
        mido.Message("note_off", note=37, velocity=9), cc(74, 127), mido.Message("pitchwheel", pitch=8191, channel=2),
        mido.Message("aftertouch", value=127), mido.Message("polytouch", note=3, value=0),
        mido.Message("program_change", program=127),
    )  # fmt: skip
    assert found == {
        "note/10/36": 1.0, "note/1/37": 0.0, "cc/1/74": 1.0, "pitch/3": 1.0, "pressure/1": 1.0, "touch/1/3": 0.0,
        "program/1": 1.0,
    }  # fmt: skip
    assert moves(mido.Message("pitchwheel", pitch=0))["pitch/1"] == pytest.approx(0.5, abs=1e-4)


def test_a_14_bit_controller_is_read_whole_and_alone_when_the_low_part_never_comes() -> None:
    assert moves(cc(7, 127))["cc14/1/7"] == 1.0
    found = moves(cc(7, 64), cc(39, 5))
    assert found["cc14/1/7"] == pytest.approx((64 * 128 + 5) / 16383) and found["cc/1/7"] == pytest.approx(64 / 127)
    decoder = MidiDecoder()
    for message in (cc(7, 10), cc(39, 3)):
        decoder.moves(message.bytes())
    assert [m.control for m in decoder.moves(cc(7, 11).bytes())] == ["cc/1/7"]  # the low part will say it


def test_nrpn_with_one_and_two_parts_steps_and_none() -> None:
    select = (cc(99, 2), cc(98, 44))
    assert moves(*select, cc(6, 127))["nrpn/1/300"] == 1.0
    assert moves(*select, cc(6, 64), cc(38, 5))["nrpn/1/300"] == pytest.approx((64 * 128 + 5) / 16383)
    assert "nrpn/1/300" not in moves(*select, cc(99, 127), cc(98, 127), cc(6, 5))
    assert "nrpn/1/300" not in moves(*select, cc(101, 0), cc(100, 0), cc(6, 5))
    decoder = MidiDecoder()
    for message in (*select, cc(6, 64), cc(38, 0)):
        decoder.moves(message.bytes())
    steps = [m.steps for message in (cc(96, 0), cc(97, 0)) for m in decoder.moves(message.bytes()) if m.steps]
    assert steps == [1, -1]


@pytest.mark.parametrize(("encoding", "up", "down"), [("signed_bit", 1, 65), ("offset", 65, 63), ("twos", 1, 127)])
def test_three_kinds_of_endless_encoder(encoding: str, up: int, down: int) -> None:
    assert (encoder_steps(encoding, up), encoder_steps(encoding, down)) == (1, -1)
    further = {"signed_bit": (5, 69), "offset": (69, 59), "twos": (5, 123)}[encoding]
    assert (encoder_steps(encoding, further[0]), encoder_steps(encoding, further[1])) == (5, -5)


@given(st.lists(st.lists(st.integers(0, 255), max_size=4), max_size=60))
def test_no_message_breaks_it(messages: list[list[int]]) -> None:
    decoder = MidiDecoder()
    for message in messages:
        for move in decoder.moves(message):
            assert 0.0 <= move.value <= 1.0
            assert control_name(*parse_control(move.control)) == move.control


@pytest.mark.parametrize("wrong", ["", "cc", "cc/1", "cc/0/3", "cc/17/3", "cc/1/128", "cc14/1/32", "pitch/1/2", "x/1/2",
                                   "note/1/-1", "cc/1/1000000", "nrpn/1/16383", "cc/१/2/3"])  # fmt: skip
def test_names_that_are_none(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"control|channels"):
        parse_control(wrong)
