"""Sections: pieces made to order, the built-in band, two annotated excerpts, silence, and what must not happen."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from arrangement import RATE_HZ, arrange
from needs import need

from perform.core.params import Param, ParamTable
from perform.core.routes import Route, RouteBank, is_counter, route_rows
from perform.core.types import AudioBlock
from perform.features import OUTPUTS, FeatureAnalyser
from perform.features.climb import Climb, steady_rise
from perform.inputs.synth import SynthBand

SET = Path(__file__).resolve().parents[3] / "shared" / "audio" / "beats"
NAMES = tuple(name for name in OUTPUTS if name.startswith("section/"))
CLUB = (("groove", 8), ("break", 8), ("build", 8), ("drop", 6))


def heard(samples, rate=RATE_HZ, analyser=None, start_s=0.0, size=4096):
    """Times [n] and the curve [n] of each section feature."""
    analyser = analyser or FeatureAnalyser(rate)
    rows = [
        (f.time_s, *(f.values[name] for name in NAMES))
        for at in range(0, len(samples), size)
        for f in analyser.process(AudioBlock(samples[at : at + size], rate, start_s + at / rate))
    ]
    table = np.array(rows).T
    return table[0], dict(zip(NAMES, table[1:], strict=True))


@cache
def piece(bpm, *form):
    samples, starts = arrange(bpm, list(form))
    return (*heard(samples), starts)


def drops(t, curves):
    return t[1:][np.diff(curves["section/drops"]) > 0]


def within(t, curve, start_s, end_s):
    return curve[(t >= start_s) & (t < end_s)]


def test_a_steady_rise_is_told_from_a_step():
    assert steady_rise([0, 1, 2, 3, 4, 5]) == pytest.approx(3.0)
    assert steady_rise([0, 0, 0, 6, 6, 6]) == 0.0
    assert steady_rise([0, 0, 3, 6, 6, 6]) == 0.0
    assert steady_rise([5, 0, 1, 2, 3, 4]) == pytest.approx(2.0), "what came before the rise does not matter"
    assert steady_rise([5, 4, 3, 2, 1, 0]) == 0.0


def test_the_trend_is_of_the_whole_and_signed():
    climb = Climb((0.0, 1.0), 0)
    for k in range(18):
        climb.add((-0.5 * k, 0.0))
    assert -0.7 < climb.trend < -0.4 and climb.climb == 0.0
    climb.clear()
    assert climb.trend == 0.0


def test_a_club_form_is_read():
    t, curves, (_, break_s, build_s, drop_s, end_s) = piece(126, *CLUB)
    assert drops(t, curves) == pytest.approx([drop_s], abs=0.08)
    assert curves["section/breaks"][-1] == 1.0
    breaking, build, energy = (curves[f"section/{name}"] for name in ("break", "build", "energy"))
    assert within(t, breaking, 0, break_s).max() < 0.1
    assert within(t, breaking, break_s + 4.6, build_s).min() > 0.95
    assert within(t, build, 0, build_s).max() < 0.5
    assert within(t, build, drop_s - 4.0, drop_s).min() > 0.8
    assert within(t, breaking, drop_s + 0.6, end_s).max() < 0.05
    assert within(t, energy, break_s + 4, build_s).max() < 0.6 < within(t, energy, drop_s + 3, end_s).min()
    pulse = curves["section/drop"]
    assert within(t, pulse, 0, drop_s).max() == 0.0 and pulse.max() > 0.99
    assert np.interp(drop_s + 8.1, t, pulse) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("how", ["kick_build", "roll_build", "filter_build"])
def test_kinds_of_build_up(how):
    t, curves, (_, build_s, drop_s, _) = piece(124, ("groove", 6), (how, 8), ("drop", 2))
    assert drops(t, curves) == pytest.approx([drop_s], abs=0.08)
    assert within(t, curves["section/build"], 0, build_s).max() < 0.5
    assert within(t, curves["section/build"], drop_s - 2.0, drop_s).max() > 0.8


def test_a_build_up_whose_kick_never_stops_drops_a_little_late():
    t, curves, (_, _, drop_s, _) = piece(128, ("groove", 6), ("gapless_build", 8), ("drop", 3))
    (at,) = drops(t, curves)
    assert drop_s < at < drop_s + 1.1


def test_a_break_alone_ends_in_a_drop_when_all_is_back():
    t, curves, (_, break_s, back_s, _) = piece(120, ("groove", 8), ("sub_break", 4), ("groove", 2))
    (at,) = drops(t, curves)
    assert back_s < at < back_s + 0.6
    assert within(t, curves["section/break"], break_s + 4.6, back_s).min() > 0.9, "a held bass note is no drum"


def test_what_is_no_drop_and_no_break():
    t, curves, _ = piece(100, ("intro", 4), ("groove", 6), ("verse", 4), ("groove", 4))
    assert not len(drops(t, curves)) and curves["section/breaks"][-1] == 0.0
    assert curves["section/build"].max() < 0.5, "layers that come in are no build-up"
    assert within(t, curves["section/energy"], 12, 24).mean() > 0.85


def test_pads_alone_have_neither():
    t, curves, _ = piece(80, ("ambient", 8))
    assert not len(drops(t, curves)) and curves["section/breaks"][-1] == 0.0
    assert curves["section/build"].max() < 0.3


def test_silence_rests_and_a_short_stop_is_no_section():
    t, curves, (_, stop_s, on_s, silence_s, end_s) = piece(
        122, ("groove", 6), ("silence", 1), ("groove", 3), ("silence", 6)
    )
    silence = curves["section/silence"]
    assert within(t, silence, 0, stop_s + 1.2).max() < 0.1 and within(t, silence, on_s + 0.5, silence_s).max() == 0.0
    assert within(t, silence, silence_s + 4.3, end_s).min() == 1.0
    assert not len(drops(t, curves)) and curves["section/breaks"][-1] == 0.0
    assert all(curves[f"section/{name}"][-1] == 0.0 for name in ("energy", "trend", "build", "break"))


def test_the_built_in_band_knows_its_form():
    band = SynthBand(live=False, rate_hz=RATE_HZ, start_s=44.0)
    band.open()
    t, curves = heard(np.concatenate([band.read(24000).samples for _ in range(86)]))
    names = np.array([band.section(x - 1e-3) for x in t])
    truth = t[1:][(names[1:] == "drop") & (names[:-1] != "drop")]
    found = drops(t, curves)
    assert len(found) == len(truth) == 2 and np.abs(found - truth).max() < 0.25
    breaking = curves["section/break"]
    assert breaking[names == "break"].mean() > 0.7 and breaking[names == "drop"].max() < 0.05
    for drop_s in truth:
        assert within(t, curves["section/build"], drop_s - 3.0, drop_s - 0.3).min() > 0.5
        assert within(t, curves["section/build"], drop_s + 0.3, drop_s + 25.0).max() < 0.5


@pytest.mark.parametrize("name", ["s02_deephouse118_break", "s09_ambient_no_beat"])
def test_annotated_excerpts(name):
    need(SET.is_dir(), "the annotated excerpts are not beside the checkout")
    samples, rate = soundfile.read(SET / f"{name}.ogg", dtype="float32", always_2d=True)
    t, curves = heard(samples, float(rate))
    if name.startswith("s09"):
        assert curves["section/drops"][-1] == curves["section/breaks"][-1] == 0.0
    else:  # no drums from 11.0 to 19.1 s
        assert drops(t, curves) == pytest.approx([19.1], abs=0.5)
        assert within(t, curves["section/break"], 15.0, 19.0).min() > 0.9
        assert within(t, curves["section/break"], 0, 12.0).max() == 0.0


def test_block_size_and_loudness_leave_no_mark():
    samples, _ = arrange(140, [("groove", 4), ("break", 3), ("groove", 1)])
    _, whole = heard(samples, size=len(samples))
    again = heard(samples, size=509)[1]
    assert all(np.array_equal(whole[name], again[name]) for name in NAMES)
    soft = heard(0.1 * samples)[1]
    assert soft["section/drops"][-1] == whole["section/drops"][-1] == 1.0
    assert np.abs(soft["section/break"] - whole["section/break"]).mean() < 0.02


def test_a_change_of_rate_keeps_what_is_known():
    analyser = FeatureAnalyser(RATE_HZ)
    samples, (_, end_s) = arrange(124, [("groove", 6)])
    heard(samples, analyser=analyser)
    samples, (_, back_s, _) = arrange(124, [("break", 4), ("groove", 2)], rate_hz=32000.0)
    t, curves = heard(samples, 32000.0, analyser, end_s)
    assert within(t, curves["section/break"], end_s + 4.6, end_s + back_s).min() > 0.9
    assert drops(t, curves) == pytest.approx([end_s + back_s + 0.3], abs=0.3)


def test_a_drop_can_fire_a_trigger():
    assert is_counter("section/drops") and is_counter("section/breaks") and not is_counter("section/drop")
    route = Route("section/drops", "go")
    table = ParamTable([Param("go", "trigger", False)])
    table.add(route_rows([route]))
    bank = RouteBank([route])
    fired = [bank.apply(table, {"section/drops": float(n)}, 0.02).values["go"] for n in (0, 0, 1, 1, 2)]
    assert fired == [0, 0, 1, 1, 2]
