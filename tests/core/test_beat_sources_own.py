"""Pulses and loops that live on the beat: they peak on it, they never drift, they read strictly and round-trip."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.beat_sources import Loop, Pulse
from perform.core.params import Param, ParamTable
from perform.core.preset import parse_preset
from perform.core.preset_text import write_preset
from perform.core.routes import Route, RouteBank
from perform.core.sources import Lfo, Random, wander
from perform.core.types import Moment


def moment(beats: float, metre: int = 4, first: float = 0.0, bpm: float = 120.0) -> Moment:
    bars = (beats - first) / metre
    return Moment(beats * 60.0 / bpm, 0.02, 0, beats, bars % 1.0, bpm, 1.0, bars=bars, beats_per_bar=metre)


def course(unit: object, start: float = 0.0, end: float = 8.0, steps: int = 1600, **more: float) -> np.ndarray:
    return np.array([unit.at(moment(b, **more)) for b in np.linspace(start, end, steps, endpoint=False)])  # type: ignore[attr-defined,arg-type]


@pytest.mark.parametrize(
    ("every", "beats"), [("1/4", 1.0), ("1/8", 0.5), ("1/8T", 1 / 3), ("1/16", 0.25), ("1/2", 2.0), ("bar", 4.0)]
)
def test_a_pulse_is_highest_on_its_note_and_falls_after_it(every: str, beats: float) -> None:
    pulse = Pulse("p", every=every, decay=every)
    for n in range(int(16 / beats)):
        assert pulse.at(moment(n * beats)) == pytest.approx(1.0, abs=1e-6)
    one = course(pulse, 0.0, beats * 0.999, 200)
    assert (np.diff(one) < 0).all() and one[-1] == pytest.approx(0.05, abs=0.005)


def test_the_attack_ends_on_the_beat_or_begins_there() -> None:
    before = course(Pulse("p", attack="1/8", decay="1/8"), 0.0, 1.0, 1000)
    after = course(Pulse("p", attack="1/8", decay="1/8", rise="after"), 0.0, 1.0, 1000)
    assert before[0] == 1.0 and before.argmin() < 600 and (np.diff(before[700:]) >= 0).all() and before[-1] > 0.99
    assert after[0] < 0.1 and abs(int(after.argmax()) - 500) <= 2 and after.max() == pytest.approx(1.0, abs=0.01)


def test_seconds_and_notes_as_times() -> None:
    for bpm in (60.0, 120.0, 174.0):
        pulse = Pulse("p", every="bar", decay=0.2)
        assert pulse.at(moment(0.2 * bpm / 60.0, bpm=bpm)) == pytest.approx(0.05, abs=1e-6)
        pulse = Pulse("p", every="bar", decay="1/4")
        assert pulse.at(moment(1.0, bpm=bpm)) == pytest.approx(0.05, abs=1e-6)


def test_sustain_length_and_release() -> None:
    pulse = Pulse("p", every="bar", decay=0.0, sustain=0.6, length=0.5, release="1/4")
    assert pulse.at(moment(1.0)) == pytest.approx(0.6) and pulse.at(moment(2.0)) == pytest.approx(0.6)
    assert pulse.at(moment(3.0)) == pytest.approx(0.6 * 0.05)
    cut = Pulse("p", every="bar", decay=0.0, sustain=0.6, length=0.5)
    assert cut.at(moment(2.01)) == 0.0


def test_a_pattern_begins_at_the_bar_line() -> None:
    pulse = Pulse("p", every="1/8", decay="1/16", pattern=(1.0, 0.0, 0.5, 0.0))
    tops = [pulse.at(moment(3.0 + n * 0.5, first=3.0)) for n in range(8)]
    assert tops == pytest.approx([1.0, 0.0, 0.5, 0.0] * 2, abs=1e-6)


def test_an_offset_puts_it_off_the_beat() -> None:
    pulse = Pulse("p", every="1/4", decay="1/8", offset=0.5)
    assert pulse.at(moment(7.5)) == pytest.approx(1.0) and pulse.at(moment(7.0)) < 0.06


@given(
    beats=st.floats(0.0, 1e5), bpm=st.floats(30, 240), attack=st.floats(0, 2), decay=st.floats(0, 2),
    sustain=st.floats(0, 1), release=st.floats(0, 2), length=st.floats(0, 1), rise=st.sampled_from(["before", "after"]),
    every=st.sampled_from(["1/16", "1/8T", "1/4", "3 bars"]), metre=st.integers(2, 7),
)  # fmt: skip
def test_a_pulse_stays_in_range(beats: float, bpm: float, metre: int, **made: object) -> None:
    assert 0.0 <= Pulse("p", **made).at(moment(beats, metre, bpm=bpm)) <= 1.0  # type: ignore[arg-type]


def test_loops_pass_through_their_points_at_their_beats() -> None:
    loop = Loop("l", "2 bars", points=((0.0, 5.0), (2.0, 9.0), (7.0, -1.0)))
    for beats, value in ((0.0, 5.0), (1.0, 7.0), (2.0, 9.0), (4.5, 4.0), (7.0, -1.0), (7.5, 2.0), (8.0, 5.0)):
        assert loop.at(moment(beats)) == pytest.approx(value), beats
    held = Loop("l", 8, points=((1.0, 5.0), (2.0, 9.0)), way="step")
    assert [held.at(moment(b)) for b in (0.0, 0.99, 1.0, 1.99, 2.0, 7.9)] == [9.0, 9.0, 5.0, 5.0, 9.0, 9.0]


def test_values_are_spread_evenly_over_bars_of_any_length() -> None:
    for metre in (3, 4, 7):
        loop = Loop("l", "2 bars", values=(10.0, 20.0, 30.0, 40.0), way="step")
        seen = [loop.at(moment(b * metre / 2.0, metre)) for b in range(8)]
        assert seen == [10.0, 20.0, 30.0, 40.0] * 2
    smooth = course(Loop("l", "2 bars", values=(0.0, 1.0), way="smooth"))
    assert np.abs(np.diff(smooth)).max() < 0.003 and smooth.max() == pytest.approx(1.0, abs=1e-4)


def test_one_point_is_a_constant() -> None:
    assert Loop("l", 3, points=((1.0, 0.7),)).at(moment(2.5)) == 0.7
    assert Loop("l", 3, values=(0.7,)).at(moment(0.5)) == 0.7


def test_a_loop_does_not_drift_in_a_week() -> None:
    loop = Loop("l", "4 bars", points=((0.0, 0.0), (3.7, 1.0), (9.3, 0.25)))
    week = math.floor(7 * 24 * 3600 * 120 / 60 / 16) * 16.0
    for beats in np.linspace(0.0, 15.99, 40):
        assert loop.at(moment(week + beats)) == pytest.approx(loop.at(moment(beats)), abs=1e-6)


def test_frame_rate_and_order_do_not_matter() -> None:
    loop, pulse = Loop("l", "bar", values=(0.0, 1.0, 0.5)), Pulse("p", attack=0.05)
    fine = {b: (loop.at(moment(b)), pulse.at(moment(b))) for b in np.arange(0, 16, 0.125)}
    for b in reversed(np.arange(0, 16, 1.0)):
        assert (loop.at(moment(b)), pulse.at(moment(b))) == fine[b]


def test_a_loop_plays_seeds_as_they_are() -> None:
    row = Param("seed", "int", 0, 0, 9_999_999)
    seeds = (5.0, 1_234_567.0, 99.0, 9_999_999.0)
    table, route = ParamTable([row]), Route("loop/l", "seed", depth=1.0, lo=0.0, hi=9_999_999.0)
    loop = Loop("l", "bar", values=seeds, way="step")
    for beat in range(8):
        frame = RouteBank([route]).apply(table, {"loop/l": loop.at(moment(float(beat)))}, 0.02)
        assert frame.values["seed"] == seeds[beat % 4]


def test_lfos_and_walks_take_notes() -> None:
    lfo = Lfo("a", "saw", every="3 bars")
    assert lfo.at(moment(4.5, 3)) == pytest.approx(0.5)
    assert Lfo("a", "saw", every="1/8T").at(moment(1 / 6)) == pytest.approx(0.5)
    assert Random("w", every="bar", seed=3).at(moment(6.0)) == wander(1.5, 3)


@pytest.mark.parametrize(
    "text",
    [
        '[lfo.a]\nevery = "1/3"', '[lfo.a]\nevery = 4', '[lfo.a]\nevery = "bar"\nbeats = 4', '[random.a]\nevery = "x"',
        '[pulse.a]\nevery = "soon"', '[pulse.a]\nevery = 1', '[pulse.a]\nattack = -1', '[pulse.a]\ndecay = "1/5"',
        '[pulse.a]\ndecay = true', '[pulse.a]\nsustain = 2', '[pulse.a]\nrise = "up"', '[pulse.a]\npattern = [2]',
        '[pulse.a]\npattern = "1010"', '[pulse.a]\npattern = 3', '[pulse.a]\nlength = nan', '[loop.a]',
        '[loop.a]\nvalues = [1]\npoints = [[0, 1]]', '[loop.a]\nvalues = ["x"]', '[loop.a]\npoints = [[1, 0], [0, 1]]',
        '[loop.a]\npoints = [[0]]', '[loop.a]\npoints = [1]', '[loop.a]\nlength = 4\npoints = [[4, 1]]',
        '[loop.a]\nlength = 0\nvalues = [1]', '[loop.a]\nlength = "soon"\nvalues = [1]',
        '[loop.a]\nlength = true\nvalues = [1]',
        '[loop.a]\nvalues = [1]\nway = "jump"', '[loop.a]\nvalues = [inf]', "loop = 3", "pulse = [1]",
        "[loop.a]\nvalues = [" + "1," * 1025 + "]",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_skipped_with_one_line(text: str) -> None:
    preset = parse_preset(text)
    assert not preset.free and len(preset.problems) == 1 and "\n" not in preset.problems[0], preset.problems


def test_they_round_trip_and_may_be_written_as_a_list() -> None:
    text = """
        [lfo.a]
        every = "1/8T"
        [pulse.kick]
        every = "1/4"
        attack = "1/32"
        decay = 0.2
        pattern = [1, 0.5]
        [[loop]]
        name = "places"
        length = "8 bars"
        points = [[0, 0.0], [4.5, 1.0]]
        way = "smooth"
    """
    preset = parse_preset(text)
    assert not preset.problems and [u.source for u in preset.free] == ["lfo/a", "pulse/kick", "loop/places"]
    assert parse_preset(write_preset(preset)).free == preset.free
