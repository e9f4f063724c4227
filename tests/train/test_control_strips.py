"""The pictures of the docs page are what the shipped model paints: a few of them, painted anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from perform.core.card import read_card
from perform.generators.stylegan.instrument import Instrument
from perform.generators.stylegan.load import load_network
from perform.train import control_strips

ROOT = Path(__file__).parents[2]
SOME = ("plane_x", "chroma_mix", "input_turn", "rgb_fine", "tap", "scale", "bend_1_on", "direction_2")


@pytest.fixture(scope="module")
def make() -> Any:
    card = read_card(ROOT / "models" / "noctiluca")
    network = load_network(card.folder)

    def again() -> Instrument:
        made = Instrument(load=lambda *_, **__: network)
        made.open(card, "cpu")
        made.prepare({"warm": False})
        return made

    return again


@pytest.mark.parametrize("name", SOME)
def test_a_strip_is_what_the_model_paints(make: Any, name: str) -> None:
    strip = next(s for s in control_strips.all_strips() if control_strips.file_name(s) == f"{name}.jpg")
    painted = np.asarray(control_strips.joined(list(control_strips.pictures(make, strip)))).astype(int)
    kept = np.asarray(Image.open(ROOT / "docs" / "stylegan" / f"{name}.jpg").convert("RGB")).astype(int)
    assert painted.shape == kept.shape
    off = np.abs(painted - kept)
    assert off.mean() < 8.0 and np.percentile(off, 99) < 60, off.mean()
    tiles = np.array_split(kept, len(strip.values) or control_strips.TILES, axis=1)
    assert np.abs(tiles[0][:, :100] - tiles[-1][:, :100]).mean() > 4.0  # and it shows something
