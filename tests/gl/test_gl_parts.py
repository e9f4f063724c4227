"""The parts that need no context: fitting, letterboxing, sound rows, HUD and test card drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.errors import MediaError
from perform.gl.hud import draw_panel
from perform.gl.present import letterbox
from perform.gl.sound import spectrum_row, waveform_rows
from perform.gl.testcard import draw_card
from perform.gl.upload import cover, pixels_of

SIDES = st.integers(1, 4000)


@given(SIDES, SIDES, SIDES, SIDES)
def test_letterbox_is_whole_and_centred(w: int, h: int, screen_w: int, screen_h: int) -> None:
    x, y, width, height = letterbox((w, h), (screen_w, screen_h))
    assert 0 <= x and 0 <= y and width >= 1 and height >= 1
    assert x + width <= screen_w and y + height <= screen_h
    assert width == screen_w or height == screen_h
    assert abs((screen_w - width) - 2 * x) <= 1


@given(SIDES, SIDES, SIDES, SIDES)
def test_cover_fills_and_keeps_the_shape(w: int, h: int, stage_w: int, stage_h: int) -> None:
    x, y = cover((w, h), (stage_w, stage_h))
    assert 0 < x <= 1 and 0 < y <= 1 and max(x, y) == 1
    assert (w * x) / (h * y) == pytest.approx(stage_w / stage_h)


def test_waveform_rows() -> None:
    wave = np.stack([np.linspace(-1, 1, 8), np.zeros(8)], axis=1)
    full = waveform_rows(wave, 8)
    assert full.shape == (2, 8) and full.dtype == np.float32
    assert full[0] == pytest.approx(np.linspace(0, 1, 8)) and full[1] == pytest.approx(np.full(8, 0.5))
    assert waveform_rows(wave, 3)[0] == pytest.approx(np.linspace(0, 1, 8)[-3:])
    assert waveform_rows(wave, 15)[0] == pytest.approx(np.linspace(0, 1, 15))
    assert waveform_rows(0.3 * wave, 1)[0, 0] == pytest.approx(0.65)
    assert waveform_rows(np.zeros((0, 2)), 4) == pytest.approx(np.full((1, 4), 0.5))
    assert np.isfinite(waveform_rows(np.full((4, 1), np.nan), 4)).all()


def test_spectrum_row() -> None:
    bands = np.arange(8) / 8
    assert spectrum_row(bands, 8)[0] == pytest.approx(bands)
    assert spectrum_row(bands, 4)[0] == pytest.approx(bands.reshape(4, 2).mean(axis=1))
    assert spectrum_row(bands, 1)[0, 0] == pytest.approx(bands.mean())
    assert spectrum_row(bands, 15)[0] == pytest.approx(np.linspace(0, 7 / 8, 15))
    assert spectrum_row(np.zeros(0), 3)[0] == pytest.approx(np.zeros(3))
    assert spectrum_row(np.array([np.nan, 7.0]), 2)[0] == pytest.approx([0.0, 1.0])


@given(st.integers(1, 70), st.integers(1, 200))
def test_spectrum_keeps_its_mean_when_joined(bands: int, columns: int) -> None:
    values = np.random.default_rng(bands).random(bands)
    row = spectrum_row(values, columns)
    assert row.shape == (1, columns)
    if columns <= bands:
        assert row.mean() == pytest.approx(values.mean(), abs=1e-4)
    assert values.min() - 1e-6 <= row.min() and row.max() <= values.max() + 1e-6


def test_pictures_of_any_layout() -> None:
    base = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    for image in (base, base[::-1], base[:, ::-1], np.asfortranarray(base)):
        assert np.array_equal(pixels_of(image), image) and pixels_of(image).flags.c_contiguous
    for bad in (np.zeros((2, 2, 4), np.uint16), np.zeros((0, 2, 3), np.uint8), object()):
        with pytest.raises(MediaError, match="picture"):
            pixels_of(bad)


def test_a_card_image_is_asked_for_main_memory() -> None:
    class OnCard:
        def __dlpack__(self, **_: object) -> object:
            raise BufferError("on another device")

        def __dlpack_device__(self) -> tuple[int, int]:
            return (2, 0)

        def cpu(self) -> np.ndarray:
            return np.full((2, 3, 3), 9, np.uint8)

    assert pixels_of(OnCard()).shape == (2, 3, 3)


def test_panel() -> None:
    panel = draw_panel(["60 fps", "x" * 500], {"bass": 0.5, "treble": 1.0, "odd": -3.0}, 14)
    assert panel.dtype == np.uint8 and panel.shape[2] == 4
    assert panel[:, :, 3].max() >= 200 and panel[0, 0, 3] < 50
    assert draw_panel([], {}, 12).shape[2] == 4
    assert draw_panel(["a"] * 100, {}, 12).shape[0] < 24 * 20


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360), (90, 160), (16, 9), (1, 1)])
def test_card(size: tuple[int, int]) -> None:
    card = draw_card(size)
    assert card.shape == (size[1], size[0], 3) and card.dtype == np.uint8
