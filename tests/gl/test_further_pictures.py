"""What a generator paints besides its picture: a source for a deck, and a picture for shaders and generators."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from perform.app import open_offline
from perform.core.errors import UsageError
from perform.core.params import Param
from perform.core.preset import parse_preset
from perform.core.types import Frame, Moment, ParamFrame, Picture
from perform.deck_source import SourcePlan, plan_source
from perform.options import Options

SIZE = (64, 36)
STEPS = {"step_1": (200, 0, 0), "step_2": (0, 200, 0)}


class Painter:
    """Grey; its first step is red, its second green."""

    def __init__(self) -> None:
        self.seen: list = []

    def render(self, params: ParamFrame, pictures: dict[str, Picture], moment: Moment) -> Frame:
        self.seen.append(pictures.get("picture"))
        extra = {name: np.full((36, 64, 3), colour, np.uint8) for name, colour in STEPS.items()}
        return Frame(np.full((36, 64, 3), 99, np.uint8), moment.frame + 1, moment, extra)

    def close(self) -> None: ...


@pytest.fixture
def show(monkeypatch):
    painter = Painter()
    rig = open_offline(Options(audio="silence", preset="northern", size=SIZE), lambda _line: None)
    made = SourcePlan("testcard", (Param("x"),), ("picture",), make=lambda: painter)
    monkeypatch.setattr(
        "perform.looks.bring_in.plan_source", lambda t, *_, **__: made if t == "testcard" else plan_source(t)
    )
    yield SimpleNamespace(rig=rig, painter=painter, stage=rig.show.stage)
    rig.close()


def play(show, preset: str, ticks: int = 5) -> np.ndarray:
    show.rig.show.play(parse_preset(preset, "look"))
    for _ in range(ticks):
        show.rig.engine.tick(show.rig.engine.moment.seconds + 0.05)
        show.rig.show.after_tick()
    return np.asarray(show.stage.finish())[18, 32].astype(int)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_plays_on_another_deck(show, name):
    look = f'[deck.a]\nsource = "testcard"\n[deck.b]\nsource = "deck:a/{name}"\n'
    assert np.abs(play(show, look) - 99).max() < 3
    show.rig.engine.table.set("mix/fade", 1.0)
    show.rig.engine.tick(show.rig.engine.moment.seconds + 0.05)
    show.rig.engine.tick(show.rig.engine.moment.seconds + 0.05)
    assert np.abs(np.asarray(show.stage.finish())[18, 32].astype(int) - STEPS[name]).max() < 4


def test_a_step_is_a_picture_for_a_generator(show):
    play(show, '[deck.a]\nsource = "testcard"\n[deck.a.inputs]\npicture = "a/step_2"\n')
    assert np.abs(show.painter.seen[-1].image[4, 4].astype(int) - STEPS["step_2"]).max() < 4


def test_a_step_that_is_not_there_is_black_and_the_show_goes_on(show):
    picture = play(show, '[deck.a]\nsource = "testcard"\n[deck.a.inputs]\npicture = "b/step_3"\n')
    assert np.abs(picture - 99).max() < 3 and show.painter.seen[-1] is None


def test_a_name_that_is_no_step_is_refused_in_one_line():
    with pytest.raises(UsageError, match="steps like deck:a/step_1"):
        plan_source("deck:a/step_9")
