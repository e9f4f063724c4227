"""Planes, loops of noise, keyframes by name, pace for the eye, walks in z: without a network where that will do."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import instrument, stylegan2

from perform.core.types import Moment, ParamFrame
from perform.generators.stylegan.anchors import Anchors, Mixture
from perform.generators.stylegan.even import CELLS, LEAST, MOST, Even
from perform.generators.stylegan.instrument import checked
from perform.generators.stylegan.keys import eased, parse
from perform.generators.stylegan.travel import Place, Travel
from perform.generators.stylegan.walk import noise_loop, plane, trail

W_DIM = 64


@lru_cache(maxsize=4096)
def anchor(seed: int) -> np.ndarray:
    return np.random.RandomState(seed % (1 << 32)).randn(W_DIM)


def moments(seconds: float, fps: float) -> list[Moment]:
    return [
        Moment(n / fps, 1.0 / fps if n else 0.0, n, n / fps * 2.0, n / fps / 2 % 1.0)
        for n in range(round(seconds * fps) + 1)
    ]


def walked(seconds: float, fps: float, travel: Travel, **values: Any) -> list[Place]:
    p = checked(ParamFrame(values))
    return [travel.step(p, m) for m in moments(seconds, fps)]


# --- the plane


def test_whole_numbers_of_the_plane_are_seeds_as_other_tools_lay_them_out() -> None:
    for x, y in ((0, 0), (3, 0), (0, 2), (-1, 1), (5, -2)):
        assert np.array_equal(plane(anchor, 1000, x, y), anchor(1000 + x + 100 * y))


@given(st.floats(-8, 8), st.floats(-8, 8))
@settings(max_examples=40)
def test_the_plane_has_no_step(x: float, y: float) -> None:
    here = plane(anchor, 500, x, y)
    for dx, dy in ((1e-6, 0.0), (0.0, 1e-6)):
        assert np.linalg.norm(plane(anchor, 500, x + dx, y + dy) - here) < 1e-3
    assert 5.0 < np.linalg.norm(here) < 11.0


# --- loops


def test_the_noise_loop_begins_in_its_seed_closes_and_grows_with_its_reach() -> None:
    assert np.array_equal(noise_loop(anchor, 4, 0.3, 0.0), anchor(4))
    assert np.allclose(noise_loop(anchor, 4, 0.0, 1.0), anchor(4))
    assert np.allclose(noise_loop(anchor, 4, 0.3, 0.8), noise_loop(anchor, 4, 1.3, 0.8))
    far = [
        max(np.linalg.norm(noise_loop(anchor, 4, n / 40, r) - anchor(4)) for n in range(40)) for r in (0.2, 0.6, 1.0)
    ]
    assert far[0] < far[1] < far[2]


@pytest.mark.parametrize("walk", ["loop", "noise_loop"])
def test_loops_follow_the_beat_alone(walk: str) -> None:
    """Whatever the path in time, at the same beat the loop is at the same place: nothing adds up."""
    values = {"walk": walk, "loop_beats": 4, "keyframes": 3, "glide_s": 0.0, "ease": 0.4}
    slow = walked(10.0, 24.0, Travel(anchor), **values)[-1]
    fast = walked(10.0, 144.0, Travel(anchor), **values)[-1]
    alone = Travel(anchor).step(checked(ParamFrame(values)), Moment(999.0, 0.0, 7, 20.0))
    assert np.allclose(slow.first, fast.first) and np.allclose(slow.first, alone.first)


@given(st.floats(0, 0.999), st.integers(1, 16), st.floats(-1, 1))
def test_easing_keeps_keyframes_in_time(phase: float, count: int, ease: float) -> None:
    assert eased(phase, count, 0.0) == phase
    moved = eased(phase, count, ease)
    assert int(phase * count) / count - 1e-9 <= moved <= (int(phase * count) + 1) / count + 1e-9
    for k in range(count):
        assert math.isclose(eased(k / count, count, ease), k / count, abs_tol=1e-9)


def test_landing_and_leaping() -> None:
    assert eased(0.25, 2, 1.0) < 0.1 < 0.4 < eased(0.25, 2, -1.0)


def test_keys_are_read_from_any_text() -> None:
    assert parse("12 40, fish 7") == (12, 40, "fish", 7)
    assert parse("") == () and parse("!!! ../etc 5 -3") == (5,)
    assert len(parse("1 " * 5000)) == 32
    assert parse("99999999999999999999999") == (9999999999 % (1 << 32),)


def test_keyframes_by_name_with_a_w_for_each_layer() -> None:
    layers = 3
    saved = {"fish": np.random.RandomState(9).randn(layers * W_DIM)}
    travel = Travel(anchor, None, saved.get)
    values = {"walk": "loop", "loop_beats": 2, "keys": "5 fish", "glide_s": 0.0}
    places = [travel.step(checked(ParamFrame(values)), Moment(b / 2, 0.1, n, b)) for n, b in enumerate((0.0, 1.0, 2.0))]
    assert np.allclose(places[0].first, np.tile(anchor(5), layers))
    assert np.allclose(places[1].first, saved["fish"]) and np.allclose(places[2].first, places[0].first)


def test_a_latent_that_is_not_there_is_left_out_and_comes_in_gliding() -> None:
    shelf: dict[str, np.ndarray] = {}
    travel = Travel(anchor, None, shelf.get)
    p = checked(ParamFrame({"walk": "loop", "loop_beats": 4, "keys": "late 5", "glide_s": 1.0}))
    before = travel.step(p, Moment(0.0, 0.0, 0, 0.0)).first
    assert np.allclose(before, anchor(5))
    shelf["late"] = np.random.RandomState(9).randn(2 * W_DIM)
    after = travel.step(p, Moment(0.01, 0.01, 1, 0.0)).first
    assert np.allclose(after, np.tile(before, 2), atol=0.5)  # still there: the new loop glides in


# --- pace for the eye


def uneven(deviation: np.ndarray) -> np.ndarray:
    """A model whose picture hardly changes on one side of its space and wildly on the other."""
    return np.asarray(deviation * np.exp(0.35 * deviation[0]))


def changes(even: float, fps: float = 40.0) -> np.ndarray:
    travel = Travel(anchor, Even(uneven, anchor))  # type: ignore[arg-type]
    places = walked(12.0, fps, travel, walk="drift", speed=4.0, even=even, glide_s=0.0, seed=3)
    pictures = [uneven(place.first) for place in places]
    step = np.array([np.abs(b - a).mean() for a, b in pairwise(pictures)])
    return step.reshape(-1, 10).sum(axis=1)  # in a quarter of a second


def test_an_even_walk_changes_the_picture_by_the_same_amount_each_second() -> None:
    plain, half, even = (changes(amount) for amount in (0.0, 0.5, 1.0))
    spread = [float(c.std() / c.mean()) for c in (plain, half, even)]
    assert spread[2] < 0.5 * spread[0] and spread[2] < spread[1] < spread[0]


def test_an_even_walk_is_the_same_at_any_frame_rate() -> None:
    ends = []
    for fps in (25.0, 150.0):
        travel = Travel(anchor, Even(uneven, anchor))  # type: ignore[arg-type]
        ends.append(walked(6.0, fps, travel, walk="drift", speed=3.0, even=1.0, glide_s=0.0)[-1].first)
    assert np.allclose(*ends, atol=1e-6)


def test_rates_are_bounded_and_a_dead_model_walks_on() -> None:
    wild = Even(lambda d: d * np.exp(3.0 * d[0]), anchor)  # type: ignore[arg-type]
    rates = [wild.rate("k", lambda u: trail(anchor, 5, u), cell) for cell in range(40)]
    assert min(rates) >= LEAST and max(rates) <= MOST and len(set(rates)) > 3
    dead = Even(lambda d: np.zeros(3), anchor)  # type: ignore[arg-type]
    assert dead.advance("k", lambda u: trail(anchor, 5, u), 0.2, 0.7, 1.0) == pytest.approx(0.9)


def test_an_even_loop_stays_in_time() -> None:
    travel = Travel(anchor, Even(uneven, anchor))  # type: ignore[arg-type]
    p = checked(ParamFrame({"walk": "loop", "loop_beats": 8, "keyframes": 4, "even": 1.0, "glide_s": 0.0, "seed": 20}))
    for beat in range(9):
        place = travel.step(p, Moment(beat / 2, 0.1, beat, float(2 * beat)))
        assert np.allclose(place.first, anchor(20 + beat % 4), atol=1e-6)
    assert CELLS == 8


# --- z, classes


def test_walks_in_z_and_in_w_meet_at_their_seeds_and_part_between() -> None:
    import torch

    network = stylegan2()
    anchors = Anchors(network)
    with torch.inference_mode():
        assert np.allclose(anchors.from_z(anchors.z(7)), anchors(7), atol=1e-4)
        for phase, apart in ((0.0, False), (1 / 8, True)):
            places = [
                Travel(anchors).step(
                    checked(ParamFrame({"walk": "loop", "loop_beats": 4, "space": s})), Moment(0.0, 0.0, 0, 4 * phase)
                )
                for s in ("w", "z")
            ]
            assert (np.abs(places[0].first - places[1].first).max() > 0.01) == apart


def test_classes_blend_from_one_to_the_other() -> None:
    import torch

    network = stylegan2(c_dim=4)
    anchors = Anchors(network)
    with torch.inference_mode():
        ends = []
        for label in (0, 2):
            anchors.choose(Mixture(label, label, 0.0))
            one = torch.nn.functional.one_hot(torch.tensor([label]), 4).float()
            wanted = network.mapping(network.seed(5), one)[0, 0].double().numpy()
            assert np.allclose(anchors.centre + anchors(5), wanted, atol=1e-6)
            ends.append(anchors(5))
        anchors.choose(Mixture(0, 2, 0.5))
        middle = anchors(5)
        assert np.linalg.norm(middle - ends[0]) < np.linalg.norm(ends[1] - ends[0])
        anchors.choose(Mixture(0, 99, 1.0))  # past the end: the last one
        assert np.isfinite(anchors(5)).all()


def test_another_class_glides_in() -> None:
    made = instrument(stylegan2(c_dim=4))
    values = {"walk": "hold", "glide_s": 1.0}
    images = [
        made.render(ParamFrame(values | more), {}, Moment(t, 0.02 if n else 0.0, n)).image.astype(int)
        for n, (t, more) in enumerate([(0.0, {}), (0.02, {"class_1": 2}), (0.04, {"class_1": 2})])
    ]
    there = instrument(stylegan2(c_dim=4)).render(ParamFrame(values | {"class_1": 2}), {}, Moment(0.0, 0.0, 0)).image
    whole = np.abs(there.astype(int) - images[0]).mean()
    assert np.abs(images[1] - images[0]).mean() < 0.3 * whole
