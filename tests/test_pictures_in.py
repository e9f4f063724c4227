"""A deck's picture on its way into a generator: small, upright, one frame late, and only when somebody asks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from perform.app import open_offline
from perform.core.params import Param
from perform.core.preset import parse_preset
from perform.core.types import Frame, Moment, ParamFrame, Picture
from perform.deck_source import SourcePlan
from perform.options import Options

SIZE = (64, 36)


class Taker:
    """Shows the picture it takes in, and remembers it."""

    def __init__(self, seen: list) -> None:
        self.seen = seen

    def render(self, params: ParamFrame, pictures: dict[str, Picture], moment: Moment) -> Frame:
        self.seen.append((moment.frame, pictures.get("picture")))
        return Frame(np.full((4, 4, 3), 99, np.uint8), 1, moment)

    def close(self) -> None: ...


class Counter:
    """Deck b: its left half is as bright as the number of the frame, its lower half blue."""

    def render(self, params: ParamFrame, pictures: dict[str, Picture], moment: Moment) -> Frame:
        image = np.zeros((36, 64, 3), np.uint8)
        image[:, :32, 0] = 10 * moment.frame + 10
        image[18:, :, 2] = 200
        return Frame(image, moment.frame + 1, moment)

    def close(self) -> None: ...


@pytest.fixture
def show(monkeypatch):
    seen: list = []
    plans = {
        "testcard": SourcePlan("testcard", (Param("x"),), ("picture",), make=lambda: Taker(seen)),
        "image:b": SourcePlan("image:b", (), make=Counter),
    }
    rig = open_offline(Options(audio="silence", preset="northern", size=SIZE), lambda _line: None)
    monkeypatch.setattr("perform.looks.bring_in.plan_source", lambda text, *_, **__: plans[text])
    yield SimpleNamespace(rig=rig, seen=seen, table=rig.engine.table, stage=rig.show.stage)
    rig.close()


LOOK = '[deck.a]\nsource = "testcard"\n[deck.a.inputs]\npicture = "b"\n[deck.b]\nsource = "image:b"\n'


def tick(show, count: int) -> None:
    for _ in range(count):
        show.rig.engine.tick(show.rig.engine.moment.seconds + 0.05)
        show.rig.show.after_tick()


def test_it_comes_small_upright_and_one_frame_late(show) -> None:
    show.rig.show.play(parse_preset(LOOK, "look"))
    tick(show, 6)
    assert show.seen[0][1] is None
    for frame, picture in show.seen[2:]:
        assert picture.image.shape == (36, 64, 3) and picture.alpha.shape == (36, 64), "no larger than the stage"
        assert picture.image[5, 20, 0] == pytest.approx(10 * frame, abs=2), "that of the frame before"
        assert picture.image[5, 20, 2] == 0 and picture.image[33, 20, 2] == 200
    assert show.stage.seen == {"a", "b"}, "deck b is not seen, but taken in"


def test_nobody_asks_nothing_is_read(show) -> None:
    show.rig.show.play(parse_preset(LOOK.replace('"b"\n[deck.b]', '"none"\n[deck.b]'), "look"))
    tick(show, 3)
    assert all(picture is None for _, picture in show.seen) and not show.stage.pictures()
    assert show.stage.seen == {"a"} and not show.stage._scene.glimpses._held
    show.table.set("deck/a/inputs/picture", "out")
    tick(show, 3)
    assert show.seen[-1][1].image[30, 60, 0] == pytest.approx(99, abs=1)
    show.table.set("deck/a/inputs/picture", "none")
    tick(show, 1)
    assert not show.stage._scene.glimpses._held


def test_who_wants_it_larger_gets_it_larger(gl_free_stage) -> None:
    stage = gl_free_stage
    grey = Frame(np.full((36, 64, 3), 80, np.uint8), 1, Moment(0.0, 0.0, 0))
    for side, shape in ((16, (9, 16, 3)), (32, (18, 32, 3))):
        stage.want_pictures({"a": side})
        for n in range(2):
            stage.show({"a": grey}, ParamFrame({}), None, Moment(n / 60, 1 / 60, n))
        picture = stage.pictures()["a"]
        assert picture.image.shape == shape and (picture.image == 80).all()
    stage.want_pictures({})
    assert stage.pictures() == {}


@pytest.fixture
def gl_free_stage():
    from perform.gl import open_stage

    stage = open_stage(SIZE)
    yield stage
    stage.close()
