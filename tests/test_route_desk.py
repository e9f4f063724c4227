"""Cables laid and taken away while the show runs."""

from types import SimpleNamespace

import pytest

from perform.app import open_offline
from perform.core.preset import parse_preset
from perform.core.types import ControlEvent
from perform.options import Options

LOOK = '[deck.a]\nsource = "shader:marbling"\n[[route]]\nsource = "audio/level"\ntarget = "deck/a/source/speed"\n'


@pytest.fixture
def show(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = []
    rig = open_offline(Options(audio="silence", preset="northern", size=(48, 27)), said.append)
    rig.show.play(parse_preset(LOOK, "look"))
    made = SimpleNamespace(engine=rig.engine, after_tick=rig.show.after_tick, said=said)
    rig.engine.tick(0.05)
    yield made
    rig.close()


def say(show, path, value):
    show.engine.queue.post(ControlEvent(path, value, 0.0, "web"))
    show.engine.tick(show.engine.moment.seconds + 0.1)
    show.after_tick()


def cables(show):
    return [(r.source, r.target, r.depth) for r in show.engine.bank.routes]


def test_a_cable_is_laid_moves_its_target_and_is_taken_away(show):
    before = cables(show)
    say(show, "route/add", "macro/3 deck/a/source/glow 0.4")
    assert cables(show) == [*before, ("macro/3", "deck/a/source/glow", 0.4)]
    number = len(before) + 1
    assert show.engine.table.value("route/add") == ""
    show.engine.table.set("deck/a/source/glow", 0.2)
    say(show, "macro/3", 1.0)
    for _ in range(40):
        show.engine.tick(show.engine.moment.seconds + 0.1)
    assert show.engine.value("deck/a/source/glow") > show.engine.table.value("deck/a/source/glow")
    say(show, f"route/{number}/depth", -0.3)
    say(show, "route/add", "macro/4 deck/a/level")
    assert show.engine.table.value(f"route/{number}/depth") == -0.3  # what a hand has set stays
    say(show, "route/remove", str(number))
    assert cables(show) == [*before, ("macro/4", "deck/a/level", 0.5)]
    assert f"route/{number + 1}/depth" not in show.engine.table


@pytest.mark.parametrize(
    ("path", "text"),
    [("route/add", "nothing deck/a/level"), ("route/add", "macro/1"), ("route/add", "macro/1 deck/z/level"),
     ("route/add", "macro/1 preset/recall"), ("route/add", "macro/1 out/flip_x"), ("route/add", "macro/1 out/fit"),
     ("route/add", "macro/1 deck/a/level loud"), ("route/remove", "99"), ("route/remove", "-1"), ("route/remove", "x")],
)  # fmt: skip
def test_what_cannot_be_is_said_and_changes_nothing(show, path, text):
    before = cables(show)
    said = len(show.said)
    say(show, path, text)
    assert cables(show) == before
    assert show.said[said].startswith(path)


def test_curves_can_be_turned_while_it_plays(show):
    say(show, "route/add", "macro/3 deck/a/source/glow 1.0")
    number = len(show.engine.bank.routes)
    show.engine.table.set("deck/a/source/glow", 0.0)
    say(show, "macro/3", 0.5)
    for _ in range(40):
        show.engine.tick(show.engine.moment.seconds + 0.1)
    straight = show.engine.value("deck/a/source/glow")
    say(show, f"route/{number}/curve", "square")
    assert 0.0 < show.engine.value("deck/a/source/glow") < straight
