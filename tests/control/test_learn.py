"""Learning by moving something."""

from __future__ import annotations

import pytest

from perform.control.learn import GIVE_UP_S, LISTEN_S, Learner, Seen
from perform.control.midi_decode import MidiDecoder


class Lesson:
    """A learner that hears MIDI."""

    def __init__(self) -> None:
        self.learner, self.now = Learner(), 0.0
        self.decoders: dict[str, MidiDecoder] = {}
        self.learner.arm("macro/1", 0.0)

    def play(self, *messages: list[int], device: str = "box", gap_s: float = 0.01) -> None:
        decoder = self.decoders.setdefault(device, MidiDecoder())
        for message in messages:
            self.now += gap_s
            for move in decoder.moves(message):
                self.learner.feed(device, move.control, move.value, move.raw, self.now)

    def end(self) -> Seen | None:
        self.now += LISTEN_S + 0.1
        return self.learner.choice(self.now)


def turn(number: int, *values: int) -> list[list[int]]:
    return [[0xB0, number, value] for value in values]


def test_the_control_that_moved_most_is_meant_and_a_trembling_one_is_not() -> None:
    lesson = Lesson()
    lesson.play(*turn(3, 64, 65, 64, 65, 64))
    assert lesson.learner.choice(lesson.now + 1.0) is None  # nothing has really moved
    lesson.play(*turn(7, *range(20, 90)), *turn(8, 10, 20, 30))
    lesson.play(*turn(9, 0, 20), device="other")
    seen = lesson.end()
    assert seen is not None and (seen.device, seen.control) == ("box", "cc/1/7") and not seen.button()
    assert seen.encoding() == ""


def test_a_button_is_known_as_one() -> None:
    lesson = Lesson()
    lesson.play([0x90, 36, 80], [0x80, 36, 0])
    seen = lesson.end()
    assert seen is not None and seen.control == "note/1/36" and seen.button()
    lesson = Lesson()
    lesson.play(*turn(41, 127, 0))
    seen = lesson.end()
    assert seen is not None and seen.control == "cc/1/41" and seen.button()


@pytest.mark.parametrize(("values", "encoding"), [
    ((1, 1, 1, 2, 1, 1), "twos"), ((1, 1, 127, 127, 126, 127), "twos"), ((1, 1, 65, 65, 66, 65), "signed_bit"),
    ((65, 65, 63, 63, 62, 63), "offset"), ((65, 65, 65, 66, 65), "offset"), (tuple(range(3, 20)), ""),
    (tuple(range(56, 73)), ""), ((60, 61, 62, 63, 64, 65, 66, 67), ""),
])  # fmt: skip
def test_encoders_are_told_from_dials(values: tuple[int, ...], encoding: str) -> None:
    lesson = Lesson()
    lesson.play(*turn(7, *values))
    seen = lesson.end()
    assert seen is not None and seen.control == "cc/1/7" and seen.encoding() == encoding


def test_a_fine_dial_is_learnt_as_one() -> None:
    lesson = Lesson()
    for value in range(2000, 9000, 130):
        lesson.play([0xB0, 7, value >> 7], [0xB0, 39, value & 127], gap_s=0.001)
    seen = lesson.end()
    assert seen is not None and seen.control == "cc14/1/7"
    lesson = Lesson()
    lesson.play([0xB0, 99, 2], [0xB0, 98, 44], *turn(6, *range(20, 90)))
    seen = lesson.end()
    assert seen is not None and seen.control == "nrpn/1/300"
    lesson = Lesson()
    lesson.play(*([0xE0, value & 127, value >> 7] for value in range(0, 9000, 200)))
    seen = lesson.end()
    assert seen is not None and seen.control == "pitch/1"


def test_it_gives_up_and_can_be_called_off() -> None:
    lesson = Lesson()
    assert lesson.learner.choice(GIVE_UP_S + 1.0) is None and not lesson.learner.armed
    lesson.learner.arm("macro/2", 50.0)
    lesson.learner.arm("", 51.0)
    lesson.play([0x90, 1, 1])
    assert lesson.learner.choice(60.0) is None
