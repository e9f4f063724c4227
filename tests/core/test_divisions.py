"""Note lengths by name, and where they begin."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.divisions import Division, division_of, parse_division
from perform.core.errors import PresetError
from perform.core.types import Moment


@pytest.mark.parametrize(
    ("text", "beats"),
    [("1/1", 4.0), ("1/2", 2.0), ("1/4", 1.0), ("1/8", 0.5), ("1/8T", 1 / 3), ("1/16", 0.25), ("1/4D", 1.5),
     ("1/4.", 1.5), ("1/64", 1 / 16), ("3 1/8", 1.5), ("beat", 1.0), ("7 beats", 7.0), ("1/2T", 4 / 3)],
)  # fmt: skip
def test_names_of_lengths(text: str, beats: float) -> None:
    assert parse_division(text).in_beats(3) == pytest.approx(beats)


@pytest.mark.parametrize(("text", "beats"), [("bar", 3.0), ("3 bars", 9.0), ("1 bar", 3.0), ("16 bars", 48.0)])
def test_bars_are_those_of_the_music(text: str, beats: float) -> None:
    assert parse_division(text).in_beats(3) == beats


@pytest.mark.parametrize(
    "text",
    ["", "1/3", "1/0", "2/4", "1/128", "1/4t", "1/4TT", "1/8 T", " 1/4", "1/4 ", "bars", "beats", "0 bars", "-1 bars",
     "1.5 bars", "257 bars", "3bars", "3  bars", "quarter", "1/4\n", "1/4T.", "999999999999 1/4", "٣ bars x"],
)  # fmt: skip
def test_everything_else_is_refused_with_one_line(text: str) -> None:
    with pytest.raises(PresetError) as caught:
        parse_division(text)
    assert "\n" not in str(caught.value).replace("\\n", "")


@pytest.mark.parametrize("number", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_numbers_of_beats_have_a_range(number: float) -> None:
    with pytest.raises(PresetError):
        division_of(number)


def moment(beats: float, metre: int = 4, first: float = 0.0) -> Moment:
    bars = (beats - first) / metre
    return Moment(0.0, 0.0, 0, beats, bars % 1.0, 120.0, 1.0, bars=bars, beats_per_bar=metre)


def test_long_notes_begin_on_the_one_and_short_ones_on_the_beat() -> None:
    half, eighth, bar = parse_division("1/2"), parse_division("1/8"), parse_division("2 bars")
    assert half.count(moment(9.0, first=1.0)) == 4.0  # the bar began at beat 9
    assert eighth.count(moment(9.25, first=1.0)) == 18.5
    assert bar.count(moment(9.0, first=1.0)) == 1.0


@given(
    beats=st.floats(0.0, 1e6), metre=st.integers(2, 7),
    text=st.sampled_from(["1/1", "1/2", "1/4", "1/8T", "1/16D", "3 bars"]),
)  # fmt: skip
def test_the_next_one_lies_ahead_by_at_most_its_length(beats: float, metre: int, text: str) -> None:
    division, now = parse_division(text), moment(beats, metre)
    ahead = division.beats_to(now)
    assert 0.0 < ahead <= division.in_beats(metre) * (1 + 1e-9)
    assert division.count(moment(beats + ahead, metre)) == pytest.approx(
        math.floor(division.count(now) + 1e-9) + 1, abs=1e-3
    )


def test_a_line_reached_but_for_rounding_has_begun() -> None:
    assert Division(beats=1.0).beats_to(moment(8.0 - 1e-12)) == pytest.approx(1.0)
