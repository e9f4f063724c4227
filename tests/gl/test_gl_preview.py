"""Previews: the right picture, the right way up, once for each time it was asked for, and nothing otherwise."""

import numpy as np
import pytest

from perform.core.types import Features, Frame, Moment, ParamFrame
from perform.gl import open_stage

HEARD = Features(0.0, {}, np.zeros(64, np.float32), np.zeros((64, 2), np.float32))


def halves(top, bottom):
    image = np.zeros((90, 160, 3), np.uint8)
    image[:45], image[45:] = top, bottom
    return image


@pytest.fixture
def stage():
    stage = open_stage((160, 90), "offscreen")
    yield stage
    stage.close()


class Shows:
    def __init__(self, stage):
        self.stage, self.frame, self.values = stage, 0, {}
        self.pictures = {"a": halves((200, 0, 0), (0, 0, 100))}

    def next(self):
        moment = Moment(self.frame / 30.0, 1 / 30, self.frame)
        frames = {k: Frame(image, 1, moment) for k, image in self.pictures.items()}
        self.stage.show(frames, ParamFrame(self.values), HEARD, moment)
        self.frame += 1


def got(shows, asked):
    found = shows.stage.ask_previews(asked)
    for _ in range(3):
        shows.next()
        found |= shows.stage.ask_previews({})
    return found


def test_output_and_deck_come_small_and_the_right_way_up(stage):
    shows = Shows(stage)
    shows.next()
    found = got(shows, {"out": 80, "a": 40})
    assert found["out"].shape == (45, 80, 3)
    assert found["a"].shape == (22, 40, 3) or found["a"].shape == (23, 40, 3)
    for image in found.values():
        assert image[2, 5].tolist() == pytest.approx([200, 0, 0], abs=2)
        assert image[-3, 5].tolist() == pytest.approx([0, 0, 100], abs=2)


def test_the_output_is_seen_as_the_screen_shows_it(stage):
    shows = Shows(stage)
    shows.values = {"out/blackout": True, "out/fade_s": 0.0}
    shows.next()
    found = got(shows, {"out": 80, "a": 80})
    assert found["out"].max() <= 1
    assert found["a"].max() > 150


def test_each_is_handed_over_once_and_costs_nothing_unasked(stage):
    shows = Shows(stage)
    shows.next()
    assert set(got(shows, {"out": 80})) == {"out"}
    assert got(shows, {}) == {}
    assert not stage._previews.busy
    assert stage.seen == {"a"}


def test_a_deck_that_is_not_on_air_is_drawn_for_whoever_looks(stage):
    stage.set_source("b", None)
    shows = Shows(stage)
    shows.pictures["b"] = halves((0, 120, 0), (0, 0, 0))
    shows.next()
    assert stage.seen == {"a"}
    found = stage.ask_previews({"b": 80})
    shows.next()
    assert stage.seen == {"a", "b"}
    shows.next()
    found |= stage.ask_previews({})
    assert found["b"][2, 2, 1] == pytest.approx(120, abs=2)
    assert stage.seen == {"a"}
