"""A model that gives way to another: both pictures in one, in light, and nothing of it when it is over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

RED = np.zeros((24, 32, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
BLUE = np.zeros((24, 32, 3), np.uint8) + np.array([0, 0, 255], np.uint8)


def srgb(light: float) -> float:
    return 255.0 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_the_old_picture_fades_into_the_new_one_in_light(gl_player: Any, share: float) -> None:
    shown = gl_player.show(BLUE, others={"a/before": RED}, deck__a__change=share)
    wanted = [srgb(1.0 - share), 0.0, srgb(share)]
    assert np.abs(shown.reshape(-1, 3).astype(float) - wanted).max() <= 2.0


def test_when_it_is_over_only_the_new_one_is_seen(gl_player: Any) -> None:
    gl_player.show(BLUE, others={"a/before": RED}, deck__a__change=0.3)
    after = gl_player.show(BLUE)
    assert np.array_equal(after, np.broadcast_to(BLUE, after.shape))


def test_pictures_of_different_sizes_and_a_broken_old_one(gl_player: Any) -> None:
    small = np.full((7, 9, 3), 200, np.uint8)
    shown = gl_player.show(BLUE, others={"a/before": small}, deck__a__change=0.0)
    assert np.abs(shown.astype(int) - 200).max() <= 2
    shown = gl_player.show(BLUE, others={"a/before": np.zeros((4, 4), np.uint8)}, deck__a__change=0.5)
    assert shown.any()
    assert gl_player.stage.counts()["upload_errors"] >= 1
