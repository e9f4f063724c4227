"""Set files: what they say, and what becomes of those that make no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.countdown import Countdown
from perform.core.cues import MOST_CUES, Fade, Span, parse_set, read_set
from perform.core.errors import PresetError
from perform.core.types import Moment

WHOLE = """
version = 1
title = "A night"
tags = ["club"]
loop = true
quantise = "bar"
transition = "iris"
fade_beats = 8
[[cue]]
name = "doors"
note = "people come in"
preset = "northern"
follow_s = 90
[[cue]]
preset = "night_drive"
fade_s = 0
follow_bars = 32
quantise = "4 bars"
[cue.values]
"macro/1" = 0.5
"deck/a/source/ink" = [1.0, 0.5, 0.0]
[[cue]]
name = "dark"
blackout = true
follow_beats = 16
"""


def test_it_says_what_comes_how_and_for_how_long():
    found = parse_set(WHOLE, "night")
    doors, drive, dark = found.cues
    assert (found.name, found.title, found.loop, found.quantise, found.problems) == (
        "night",
        "A night",
        True,
        "bar",
        (),
    )
    assert doors.fade == Fade("iris", 8.0, True) and doors.follow == Span(90.0, "s") and doors.note == "people come in"
    assert drive.name == "night_drive" and drive.fade == Fade("iris", 0.0) and drive.follow == Span(32.0, "bars")
    assert drive.quantise == "4 bars" and drive.values == {"macro/1": 0.5, "deck/a/source/ink": (1.0, 0.5, 0.0)}
    assert dark.blackout and dark.preset == "" and dark.follow == Span(16.0, "beats")
    assert [found.find(word) for word in ("doors", "2", "3", "4", "0", "none", "-1", "9" * 99)] == [0, 1, 2, *[-1] * 5]


ODD = {
    "an unknown key": ('speed = 3\n[[cue]]\npreset = "a"', "speed"),
    "an unknown key of a cue": ('[[cue]]\npreset = "a"\nfollow = "3 bars"', "follow"),
    "a name that is none": ('[[cue]]\nname = 7\npreset = "a"', "name"),
    "a name of two lines": ('[[cue]]\nname = "a\\nb"\npreset = "a"', "name"),
    "a name without end": (f'[[cue]]\nname = "{"a" * 900}"\npreset = "a"', "name"),
    "a time that is none": ('[[cue]]\npreset = "a"\nfollow_s = nan', "follow_s"),
    "a time for ever": ('[[cue]]\npreset = "a"\nfollow_s = inf', "follow_s"),
    "a time backwards": ('[[cue]]\npreset = "a"\nfollow_bars = -4', "follow_bars"),
    "no time at all": ('[[cue]]\npreset = "a"\nfollow_s = 0', "follow_s"),
    "two times": ('[[cue]]\npreset = "a"\nfollow_s = 9\nfollow_bars = 4', "follow_s and follow_bars"),
    "a fade as a text": ('[[cue]]\npreset = "a"\nfade_s = "slowly"', "fade_s"),
    "true for a number": ('[[cue]]\npreset = "a"\nfade_s = true', "fade_s"),
    "no such length": ('[[cue]]\npreset = "a"\nquantise = "fortnight"', "quantise"),
    "a light that is a word": ('[[cue]]\npreset = "a"\nblackout = "yes"', "blackout"),
    "values that are none": ('[[cue]]\npreset = "a"\nvalues = 3', "values"),
    "a value that is a table": ('[[cue]]\npreset = "a"\n[cue.values]\nx = { y = 1 }', "x"),
    "a look and a snapshot": ('[[cue]]\npreset = "a"\nsnapshot = "b"', "snapshot"),
    "tags as a text": ('tags = "club"\n[[cue]]\npreset = "a"', "tags"),
    "a cue that is a number": ('cue = [1, { preset = "a" }]', "cue 1"),
}


@pytest.mark.parametrize("what", ODD)
def test_what_makes_no_sense_is_listed_and_the_rest_loads(what):
    text, word = ODD[what]
    found = parse_set(text)
    assert len(found.problems) == 1 and word in found.problems[0]
    assert [cue.preset for cue in found.cues] == ["a"]


@pytest.mark.parametrize(
    "text", ["= =", "version = 99", 'version = "1"', "a = " + "[" * 5000, "a = " + "9" * 5000, "version = true", "\0"]
)
def test_what_is_no_set_at_all_is_refused_with_one_line(text, tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match=r"odd\.toml"):
        read_set(path)


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path):
    path = tmp_path / "odd.toml"
    for body in (b"#" * (2 << 20), b"\xff\xfe\x00", None):
        path.unlink(missing_ok=True)
        if body is not None:
            path.write_bytes(body)
        with pytest.raises(PresetError, match=r"odd\.toml"):
            read_set(path)


def test_names_are_told_apart_and_there_is_an_end_to_them():
    found = parse_set('[[cue]]\npreset = "a"\n' * (MOST_CUES + 5))
    assert len(found.cues) == MOST_CUES == len({cue.name for cue in found.cues})
    assert found.cues[1].name == "a 2" and str(MOST_CUES) in found.problems[0]


@given(st.text(max_size=60), st.sampled_from(["preset", "name", "follow_s", "fade_beats", "values", "quantise"]))
def test_whatever_stands_in_it_nothing_else_is_raised(text, key):
    for body in (text, f"[[cue]]\n{key} = {text}"):
        try:
            parse_set(body)
        except PresetError as error:
            assert "\n" not in str(error)[:1]


# Counting down

DT_S, BPM = 1 / 30, 120.0


def moments(count, start=0):
    for frame in range(start, start + count):
        beats = frame * DT_S * BPM / 60.0
        yield Moment(frame * DT_S, DT_S, frame, beats, beats / 4 % 1.0, BPM, 1.0, bars=beats / 4)


def ends(span, start, length="", held=lambda frame: False):
    """The frame after the one in which the end is told."""
    counting, ticks = Countdown(), list(moments(1200, start))
    counting.begin(span, ticks[0])
    return next(m.frame + 1 for m in ticks if counting.is_next(m, length, held(m.frame)))


def test_it_ends_in_the_first_frame_that_has_passed_the_line():
    assert ends(Span(2.0), 7) == 67  # 60 frames a 2 s
    assert ends(Span(4.0, "beats"), 2) == 60  # begun just after a beat: four beats from that beat
    assert ends(Span(2.0, "bars"), 56) == 180  # begun just before a bar: two bars from that bar
    assert ends(Span(1.0), 7, "bar") == 60  # seconds that wait for the bar
    assert ends(Span(1.0), 20, "beat") == 60


def test_while_it_is_held_nothing_passes_and_then_it_ends_on_a_whole_one():
    hold = lambda frame: 20 <= frame < 37  # noqa: E731
    assert ends(Span(2.0), 0, held=hold) == 77
    assert ends(Span(4.0, "beats"), 0, held=hold) == 90
    assert ends(Span(1.0, "bars"), 0, held=hold) == 120


def test_it_tells_what_is_left():
    counting, ticks = Countdown(), list(moments(61))
    assert counting.left_s(ticks[0]) == counting.progress(ticks[0]) == 0.0
    counting.begin(Span(2.0, "bars"), ticks[0])
    assert counting.left_s(ticks[30]) == pytest.approx(3.0) and counting.progress(ticks[60]) == pytest.approx(0.5)
