"""A preset that fades in: the old look plays on and gives way, the new has the addresses, nothing is left behind."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from perform.app import open_offline
from perform.core.errors import PerformError
from perform.core.preset import parse_preset
from perform.core.types import ControlEvent, Frame, Moment, ParamFrame
from perform.deck_source import SourcePlan, plan_source
from perform.options import Options

SIZE = (48, 27)


class Paint:
    """Fills the picture with one grey, and counts."""

    def __init__(self, grey: int) -> None:
        self.grey, self.calls, self.closed = grey, 0, False

    def render(self, params: ParamFrame, pictures: object, moment: Moment) -> Frame:
        self.calls += 1
        return Frame(np.full((27, 48, 3), self.grey, np.uint8), self.calls, moment)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def show(monkeypatch):
    made: dict[str, Paint] = {}

    def plan(text: str, *more: object, **options: object) -> SourcePlan:
        if not text.startswith("image:"):
            return plan_source(text, "cpu")

        def make() -> Paint:
            made[text] = Paint(int(text.removeprefix("image:")))
            return made[text]

        return SourcePlan(text, (), make=make)

    monkeypatch.setattr("perform.looks.bring_in.plan_source", plan)
    said: list[str] = []
    rig = open_offline(Options(audio="silence", preset="northern", size=SIZE), said.append)
    table = rig.engine.table

    def tick(count: int, dt_s: float = 0.1) -> list[int]:
        """The grey of each frame."""
        greys = []
        for _ in range(count):
            rig.engine.tick(rig.engine.moment.seconds + dt_s)
            rig.show.after_tick()
            greys.append(int(rig.show.stage.finish()[13, 24, 0]))
        return greys

    def play(text: str) -> None:
        rig.show.play(parse_preset(text, "look"))

    yield SimpleNamespace(rig=rig, table=table, tick=tick, play=play, made=made, said=said, stage=rig.show.stage)
    rig.close()


def grey(level: int, more: str = "") -> str:
    return f'[deck.a]\nsource = "image:{level}"\n{more}'


def start(show, duration_s: float = 1.0) -> None:
    show.play(grey(0))
    show.tick(2)
    show.table.set("preset/fade", True)
    show.table.set("mix/duration_s", duration_s)
    show.tick(1)


def test_without_it_a_preset_cuts(show) -> None:
    show.play(grey(0))
    show.tick(2)
    show.play(grey(255))
    assert not show.rig.show.look_fade.running and show.stage._leaving is None
    assert show.tick(30)[-1] == 255


def test_it_fades_in_light_over_the_time_it_is_told(show) -> None:
    start(show)
    show.play(grey(255))
    greys = show.tick(14)
    assert greys[0] == 0 and greys == sorted(greys) and greys[-1] == 255
    middle = [g for g in greys if 0 < g < 255]
    assert len(middle) == 9 and middle[4] == pytest.approx(188, abs=2)
    assert not show.rig.show.look_fade.running and show.stage._leaving is None
    assert show.made["image:0"].closed and not show.made["image:255"].closed


def test_both_looks_go_on_while_they_fade(show) -> None:
    start(show, 2.0)
    before = show.made["image:0"].calls
    show.play(grey(255))
    show.tick(8)
    assert show.made["image:0"].calls >= before + 6 and show.made["image:255"].calls >= 6


def test_the_old_look_keeps_its_values_and_its_chains(show) -> None:
    show.play(grey(200, "level = 0.5\n[master]\n"))
    show.tick(2)
    show.table.set("preset/fade", True)
    show.table.set("mix/duration_s", 10.0)
    show.tick(1)
    show.play(grey(40))
    assert show.table.value("deck/a/level") == 1.0, "the addresses are those of the new look"
    assert show.tick(3)[-1] == pytest.approx(100, abs=3), "the old one is as dim as it was"


def test_by_the_beat_and_by_a_transition(show) -> None:
    start(show)
    show.table.set("mix/beats", 4)
    show.table.set("mix/transition", "push")
    show.tick(2)
    show.play(grey(255))
    seen = []
    for _ in range(18):
        show.tick(1)
        picture = show.stage.finish()[..., 0]
        seen.append(float((picture > 127).mean()))
    halves = [s for s in seen if 0.1 < s < 0.9]
    assert seen[0] == 0.0 and len(halves) >= 8
    show.tick(10)
    assert (show.stage.finish()[..., 0] == 255).all()


def test_a_source_that_both_want_goes_over_and_is_not_made_twice(show) -> None:
    start(show)
    painter = show.rig.engine.painters["a"]
    show.play(grey(0, "level = 0.5\n"))
    show.tick(3)
    assert show.rig.engine.painters["a"] is painter and not show.made["image:0"].closed
    show.tick(12)
    assert not show.made["image:0"].closed


def test_a_recall_in_mid_fade_begins_anew_from_the_newest(show) -> None:
    start(show)
    show.play(grey(255))
    show.tick(6)
    show.play(grey(90))
    assert show.made["image:0"].closed
    greys = show.tick(14)
    assert greys[0] == 255 and greys[-1] == 90 and show.made["image:255"].closed


def test_a_preset_that_cannot_play_leaves_all_as_it_was(show) -> None:
    start(show)
    painter = show.rig.engine.painters["a"]

    def broken(*_: object) -> None:
        raise PerformError("no")

    load, show.rig.show.decks.load = show.rig.show.decks.load, broken
    with pytest.raises(PerformError):
        show.play(grey(255))
    show.rig.show.decks.load = load
    assert show.tick(3) == [0, 0, 0] and show.rig.engine.painters["a"] is painter
    assert show.stage._leaving is None and not show.rig.show.look_fade.running


def test_panic_ends_it(show) -> None:
    start(show, 10.0)
    show.play(grey(255))
    show.tick(3)
    show.rig.engine.queue.post(ControlEvent("out/panic", True, 0.0, "osc"))
    show.tick(2)
    assert not show.rig.show.look_fade.running and show.tick(1) == [255]


def test_looks_of_several_decks_fade_whole(show) -> None:
    show.play(grey(0, '[deck.b]\nsource = "image:100"\n[mix]\nfade = 1.0\n'))
    assert show.tick(3)[-1] == 100
    show.table.set("preset/fade", True)
    show.table.set("mix/duration_s", 0.5)
    show.tick(1)
    show.play(grey(30, '[deck.c]\nsource = "image:220"\n'))
    greys = show.tick(12)
    assert greys[0] == 100 and greys[-1] == 220
    assert show.made["image:0"].closed and show.made["image:100"].closed
    assert not show.stage.counts()["stage_errors"]
    assert not show.said
