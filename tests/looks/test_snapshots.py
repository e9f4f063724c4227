"""Moments that are kept, come back, and are morphed into."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hand import say, tick

from perform.core.preset import parse_preset

LOOK = """
[deck.a]
source = "shader:marbling"
[[deck.a.fx]]
shader = "mirror"
[lfo.sway]
period_s = 4.0
[[route]]
source = "lfo/sway"
target = "deck/a/source/glow"
depth = 0.2
[[route]]
source = "audio/level"
target = "deck/a/level"
depth = -0.3
"""


@pytest.fixture
def show(rig, monkeypatch):
    said = []
    monkeypatch.setattr(rig.show, "_say", said.append)
    rig.show.said = said
    rig.show.looks.snapshots._kept.clear()
    for group in ("macro", "snapshot"):
        rig.engine.table.reset(group)
    rig.show.play(parse_preset(LOOK, "look"))
    tick(rig.show)
    return rig.show


def value(show, path):
    return show.engine.table.value(path)


def looks_of(show):
    """What a capture says, without the names."""
    look = show.looks.capture()
    return look.decks, look.master, look.params, look.routes, look.free, look.mix


def changed(show):
    """Keep `home`, turn much, keep `away`; returns what both look like."""
    say(show, "snapshot/keep", "home")
    home = looks_of(show)
    for path, to in (
        ("deck/a/source/speed", 3.0), ("deck/a/fx/mirror/wet", 0.1), ("macro/2", 0.8), ("audio/gate_db", -40.0),
        ("route/1/depth", -0.6), ("route/2/on", False), ("route/add", "macro/2 deck/a/source/warp 0.4"),
        ("deck/a/fit", "fit"),
    ):  # fmt: skip
        say(show, path, to)
    say(show, "snapshot/keep", "away")
    away = looks_of(show)
    assert home != away
    return home, away


def test_a_snapshot_comes_back_whole_and_its_recall_is_undone(show):
    home, away = changed(show)
    say(show, "snapshot/recall", "home")
    assert looks_of(show) == home
    say(show, "preset/undo", True)
    assert looks_of(show) == away
    assert [kept.name for kept in show.looks.snapshots.all()] == ["home", "away"]


def test_a_morph_goes_from_the_one_to_the_other_and_arrives_exactly(show):
    home, away = changed(show)
    say(show, "snapshot/beats", 0)
    say(show, "snapshot/duration_s", 2.0)
    say(show, "snapshot/curve", "linear")
    say(show, "snapshot/morph", "home")
    seen = []
    while show.looks.snapshots.morphing and len(seen) < 100:
        seen.append({p: value(show, p) for p in ("macro/2", "deck/a/fit", "route/1/depth", "route/3/depth",
                                                   "snapshot/position")})  # fmt: skip
        tick(show)
    assert 18 <= len(seen) <= 22 and looks_of(show) == home
    macro = [s["macro/2"] for s in seen]
    assert macro == sorted(macro, reverse=True) and len(set(macro)) > 15
    assert [s["deck/a/fit"] for s in seen] == ["fit" if s["snapshot/position"] < 0.5 else "fill" for s in seen]
    assert seen[10]["route/3/depth"] == pytest.approx(0.4 * (1.0 - seen[10]["snapshot/position"]), abs=1e-6)
    assert "route/3/depth" not in show.engine.table
    say(show, "preset/undo", True)
    assert looks_of(show) == away


def test_it_takes_beats_and_comes_out_the_same_at_any_frame_rate(show):
    changed(show)
    say(show, "snapshot/beats", 4)
    places = []
    for dt_s in (0.02, 0.1):
        say(show, "snapshot/recall", "away")
        say(show, "snapshot/morph", "home")
        began, steps = show.engine.moment.beats, {}
        while show.engine.moment.beats - began < 3.0:
            tick(show, dt_s)
            steps[round(show.engine.moment.beats - began, 6)] = value(show, "macro/2")
        places.append(np.interp([0.5, 1.5, 2.5], list(steps), list(steps.values())))
        while show.looks.snapshots.morphing:
            tick(show, dt_s)
    assert places[0] == pytest.approx(places[1], abs=0.01)


def test_a_hand_takes_a_row_and_takes_the_whole_way(show):
    changed(show)
    say(show, "snapshot/curve", "linear")
    say(show, "snapshot/morph", "home")
    say(show, "deck/a/source/speed", 0.4)
    say(show, "snapshot/position", 0.25)
    at = value(show, "macro/2")
    assert at == pytest.approx(0.6)
    for _ in range(40):
        tick(show)
    assert value(show, "macro/2") == at and value(show, "deck/a/source/speed") == 0.4
    say(show, "snapshot/position", 1.0)
    tick(show)
    assert value(show, "macro/2") == 0.0


def test_a_way_laid_between_two_is_gone_along_by_a_route(show):
    changed(show)
    say(show, "snapshot/curve", "linear")
    say(show, "snapshot/between", "home")
    assert value(show, "macro/2") == pytest.approx(0.8)
    say(show, "route/add", "macro/7 snapshot/position 1.0")
    say(show, "macro/7", 1.0)
    for _ in range(30):
        tick(show)
    assert value(show, "macro/2") == pytest.approx(0.0, abs=1e-3)
    say(show, "macro/7", 0.0)
    for _ in range(30):
        tick(show)
    assert value(show, "macro/2") == pytest.approx(0.8, abs=1e-3)


def test_a_morph_to_other_sources_fades_over_and_arrives(show):
    say(show, "snapshot/keep", "home")
    home = looks_of(show)
    say(show, "preset/recall", "plotter")
    say(show, "macro/2", 0.9)
    say(show, "snapshot/beats", 0)
    say(show, "snapshot/duration_s", 1.0)
    say(show, "snapshot/morph", "home")
    assert show.decks.source("a") == "shader:marbling" and show.look_fade.running
    assert 0.3 < value(show, "macro/2") <= 0.9  # what both have goes on from where it stood
    for _ in range(14):
        tick(show)
    assert not show.look_fade.running and looks_of(show) == home


def test_a_recall_in_mid_morph_wins(show):
    changed(show)
    say(show, "snapshot/morph", "home")
    say(show, "preset/recall", "plotter")
    plain = looks_of(show)
    for _ in range(30):
        tick(show)
    assert looks_of(show) == plain and not show.looks.snapshots.morphing


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("snapshot/recall", "nobody"),
        ("snapshot/morph", "no/body"),
        ("snapshot/remove", "x"),
        ("snapshot/keep", "a\x07b"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(show, path, text):
    before = looks_of(show)
    say(show, path, text)
    assert len(show.said) == 1 and "snapshot" in show.said[0] and looks_of(show) == before


def test_pictures_come_and_removed_ones_go(show):
    say(show, "snapshot/keep", "one")
    ends = time.monotonic() + 5.0
    while not show.looks.snapshots.picture("one") and time.monotonic() < ends:
        time.sleep(0.01)
    assert show.looks.snapshots.picture("one")[:2] == b"\xff\xd8"
    say(show, "snapshot/remove", "one")
    assert show.looks.snapshots.all() == [] and show.looks.snapshots.picture("one") is None


def test_seeds_are_led_along_an_arc_and_the_walk_goes_on(rig):
    show = rig.show
    show.play(parse_preset('[deck.a]\nsource = "model:noctiluca"\n[deck.a.params]\nseed = 3\nspeed = 0.05\n', "one"))
    for _ in range(3):
        tick(show)
    say(show, "snapshot/keep", "three")
    say(show, "deck/a/source/seed", 40)
    for _ in range(8):
        tick(show)
    say(show, "snapshot/beats", 0)
    say(show, "snapshot/duration_s", 2.0)
    pictures, ways = [], []
    say(show, "snapshot/morph", "three")
    for _ in range(26):
        tick(show)
        pictures.append(np.asarray(show.engine.painters["a"].newest().image).astype(float))
        ways.append(tuple(value(show, f"deck/a/source/{name}") for name in ("seed", "seed_to", "seed_at")))
    steps = [float(np.abs(new - old).mean()) for old, new in pairwise(pictures)]
    assert ways[5][:2] == (40, 3) and 0.0 < ways[5][2] < 0.5 and ways[-1] == (3, 2, 0.0)
    whole = float(np.abs(pictures[-1] - pictures[0]).mean())
    assert max(steps) < 0.35 * whole, (steps, whole)  # no leap, neither on the way nor when it has arrived
