"""The test card: what its bars say is what went in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.contracts import Generator
from perform.core.errors import ModelError
from perform.core.types import Moment, ParamFrame
from perform.generators import make
from perform.generators.testcard import BARS, PARAMS, Instrument, read_bars

NOW = Moment(1.25, 1 / 60, 75, 2.5, 0.625, 120.0)


def card(size: tuple[int, int] = (320, 180)) -> Instrument:
    made = Instrument()
    made.open(None, "cpu")
    made.prepare({"size": size, "name": "hello"})
    return made


def test_is_a_generator_and_is_found_by_its_name() -> None:
    made = make("testcard")
    assert isinstance(made, Generator)
    assert made.PICTURES_OUT == ("main",)
    with pytest.raises(ModelError, match="no generator"):
        make("nonsense")
    with pytest.raises(ModelError, match="no generator"):
        make("../still")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=len(BARS), max_size=len(BARS)))
def test_bars_show_the_parameters(values: list[float]) -> None:
    frame = card().render(ParamFrame(dict(zip(BARS, values, strict=True))), {}, NOW)
    assert np.allclose(read_bars(frame.image), values, atol=0.01)


@pytest.mark.parametrize("tint", [(1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.1, 0.1, 0.2, 0.5)])
def test_bars_can_be_read_in_any_tint(tint: tuple[float, ...]) -> None:
    frame = card().render(ParamFrame({"bass": 0.5, "tint": tint}), {}, NOW)
    assert abs(read_bars(frame.image)[1] - 0.5) < 0.01


@pytest.mark.parametrize("size", [(64, 36), (640, 360), (300, 500), (1001, 333)])
def test_any_size_with_a_white_edge(size: tuple[int, int]) -> None:
    image = card(size).render(ParamFrame({}), {}, NOW).image
    assert image.shape == (size[1], size[0], 3)
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    assert (image[0] == 255).all() and (image[-1] == 255).all() and (image[:, 0] == 255).all()


def test_time_moves_it_and_the_same_moment_repeats_it() -> None:
    first, second = card(), card()
    params = ParamFrame({"level": 0.3})
    later = Moment(1.5, 0.25, 90, 3.0, 0.75, 120.0)
    assert np.array_equal(first.render(params, {}, NOW).image, second.render(params, {}, NOW).image)
    assert not np.array_equal(first.render(params, {}, later).image, second.render(params, {}, NOW).image)


def test_frames_are_handed_over() -> None:
    made = card()
    one, two = made.render(ParamFrame({}), {}, NOW), made.render(ParamFrame({}), {}, NOW)
    one.image[:] = 0
    assert two.sequence == one.sequence + 1
    assert np.array_equal(made.render(ParamFrame({}), {}, NOW).image, two.image)


def test_cost_sleeps_through_the_given_clock_and_fail_fails() -> None:
    slept: list[float] = []
    made = Instrument(sleep=slept.append)
    made.prepare({"size": (64, 36)})
    made.render(ParamFrame({}), {}, NOW)
    made.render(ParamFrame({"cost_ms": 40.0}), {}, NOW)
    assert slept == [0.04]
    with pytest.raises(ModelError, match="told to fail"):
        made.render(ParamFrame({"fail": True}), {}, NOW)
    assert made.render(ParamFrame({"fail": False}), {}, NOW).image.any()


@pytest.mark.parametrize("bad", [float("nan"), "loud", None, 99.0, -3, (1, 2)])
def test_bad_values_take_their_default_or_the_edge(bad: object) -> None:
    frame = card().render(ParamFrame({row.name: bad for row in PARAMS if row.name not in ("cost_ms", "fail")}), {}, NOW)  # type: ignore[misc]
    wanted = 1.0 if bad == 99.0 else 0.0
    assert np.allclose(read_bars(frame.image), wanted, atol=0.01)


def test_a_size_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ModelError, match="no size"):
        Instrument().prepare({"size": (0, 99999)})
