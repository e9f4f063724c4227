"""A picture pressed into a StyleGAN's noise, and its colours into the style: it shows, and it goes without a trace."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.types import Moment, ParamFrame, Picture
from perform.deck_source import plan_source
from perform.generators.stylegan.picture_noise import light_of, tone_of

NOW = Moment(0.0, 0.0, 0)


def a_picture(image: np.ndarray) -> Picture:
    return Picture(image.astype(np.uint8), None, 1, 0.0)


def bars(count: int) -> np.ndarray:
    across = 127.5 + 127.5 * np.sin(np.linspace(0.0, 2 * np.pi * count, 128))
    return np.broadcast_to(across[None, :, None], (72, 128, 3))


@pytest.fixture(scope="module")
def model():
    made = plan_source("model:noctiluca").make()
    yield made
    made.close()


def paint(model, picture: Picture | None = None, **rows: object) -> np.ndarray:
    pictures = {} if picture is None else {"picture": picture}
    return model.render(ParamFrame({"walk": "hold", "seed": 32, **rows}), pictures, NOW).image.astype(float)


@pytest.mark.parametrize("x", [-0.8, -0.3, 0.3, 0.8])
def test_its_lines_stand_in_what_is_painted(model, x: float) -> None:
    there = {"walk": "plane", "plane_x": x, "plane_y": 0.4}
    plain = paint(model, **there)
    power = {}
    for count in (11, 17):
        drawn = paint(model, a_picture(bars(count)), noise_picture=1.0, **there) - plain
        columns = drawn.mean(axis=(0, 2))
        power[count] = np.abs(np.fft.rfft((columns - columns.mean()) * np.hanning(len(columns))))
    assert power[11][11] > 3.0 * power[17][11] and power[17][17] > 3.0 * power[11][17], power


def test_more_of_it_changes_more(model) -> None:
    plain = paint(model)
    off = [np.abs(paint(model, a_picture(bars(6)), noise_picture=a) - plain).mean() for a in (0.0, 0.3, 1.0)]
    assert off[0] == 0.0 and 0.5 < off[1] < off[2]


def test_without_it_the_model_is_as_it_was_byte_for_byte(model) -> None:
    rows = {"noise_drift": 0.3, "noise_fine": 1.4}
    plain = paint(model, **rows)
    for _ in range(3):
        paint(model, a_picture(bars(7)), noise_picture=1.0, **rows)
    assert np.array_equal(paint(model, a_picture(bars(7)), **rows), plain)
    assert np.array_equal(paint(model, None, noise_picture=1.0, **rows), plain)


def test_it_does_not_pile_up(model) -> None:
    first = paint(model, a_picture(bars(6)), noise_picture=0.7)
    for _ in range(4):
        again = paint(model, a_picture(bars(6)), noise_picture=0.7)
    assert np.array_equal(first, again)


def test_a_flat_picture_presses_nothing(model) -> None:
    assert np.abs(paint(model, a_picture(np.full((72, 128, 3), 90)), noise_picture=1.0) - paint(model)).max() <= 1.0


def test_colours_carry_the_style(model) -> None:
    red, blue = np.zeros((8, 8, 3)), np.zeros((8, 8, 3))
    red[..., 0], blue[..., 2] = 255, 255
    painted = [paint(model, a_picture(image), picture_style=1.0) for image in (red, blue)]
    assert np.abs(painted[0] - painted[1]).mean() > 4.0
    assert np.array_equal(paint(model, a_picture(red), picture_style=0.0), paint(model))


def test_light_and_tone_are_bounded() -> None:
    rng = np.random.default_rng(0)
    for image in (rng.integers(0, 256, (9, 16, 3)), np.zeros((4, 4, 3)), np.full((4, 4, 4), 255), bars(3)):
        light = light_of(a_picture(image))
        assert light.shape == image.shape[:2] and np.isfinite(light).all() and np.abs(light).max() <= 2.5
        assert all(-1.0 <= v <= 1.0 for v in tone_of(a_picture(image)))
    assert light_of(a_picture(bars(3))).mean() == pytest.approx(0.0, abs=1e-3)
    assert tone_of(a_picture(np.full((4, 4, 3), 255)))[0] == 1.0
