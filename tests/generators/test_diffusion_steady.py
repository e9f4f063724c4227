"""Feedback loops that live on: bounds, reference, meters, and 300 pictures at each corner of the sliders."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from perform.bench import drift
from perform.core.card import read_card
from perform.core.types import Moment, ParamFrame, Picture
from perform.generators.diffusion.families import open_parts
from perform.generators.diffusion.instrument import Instrument
from perform.generators.diffusion.steady import (
    MEAN_MOST,
    SPREAD_LEAST,
    SPREAD_MOST,
    Steady,
    allowed,
    moments,
)

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "lumen"
COUNT = 300
TALL = 64


def latent(mean=0.0, spread=1.0, seed=1):
    return mean + spread * torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed))


def test_bounds_hold_whatever_comes():
    steady = Steady(4, "cpu")
    for mean, spread in ((0, 1), (9, 1), (-4, 0.01), (0, 50), (0, 0)):
        found, wide = moments(steady.held(latent(mean, spread), torch.tensor(0.0)))
        assert float(found.abs().max()) <= MEAN_MOST + 1e-3
        assert float(wide.max()) <= SPREAD_MOST + 1e-3
        if spread > 0.2:
            assert float(wide.min()) >= SPREAD_LEAST - 1e-3
    x = latent(0.3, 0.9)
    assert torch.allclose(steady.held(x, torch.tensor(0.0)), x, atol=1e-5)
    assert torch.allclose(steady.bounded(x), x, atol=1e-5)
    assert float(moments(steady.bounded(latent(0, 0.01)))[1].max()) < 0.02  # a dark camera stays dark


def test_coherence_brings_colours_back_to_the_reference():
    steady = Steady(4, "cpu")
    steady.take(latent(0.5, 0.8))
    for share, off in ((1.0, 0.0), (0.5, 0.25), (0.0, 0.5)):
        mean, _ = moments(steady.held(latent(1.0, 0.8, seed=2), torch.tensor(share)))
        assert torch.allclose(mean - steady.mean, torch.full_like(mean, off), atol=0.15)


def test_meters_know_drift_and_flicker():
    steady = Steady(4, "cpu")

    def read(new, before):
        steady.note(new, before)
        steady.send()
        return steady.meters()

    still = latent()
    assert read(still, still)["flicker"] == 0.0 and read(still, still)["drift"] < 0.2
    assert read(latent(seed=3), still)["flicker"] > 0.4
    assert read(latent(1.5), still)["drift"] > 0.9 and read(latent(0, 0.4), still)["drift"] > 0.9


def test_feedback_gives_way_to_drift():
    assert allowed(0.9, 0.0) == 0.9 and allowed(0.9, 1.0) == 0.0
    assert 0.2 < allowed(0.9, 0.8) < 0.7


@pytest.fixture(scope="module")
def parts(tiny_diffusion):
    folder = SHIPPED if (SHIPPED / "model.toml").exists() else tiny_diffusion
    return folder, open_parts(folder)


def player(parts) -> Instrument:
    instrument = Instrument(load=lambda *_: parts[1])
    instrument.open(read_card(parts[0]), "cpu")
    instrument.prepare({"threads": 1})
    return instrument


def run(instrument: Instrument, values, count: int) -> np.ndarray:
    """[count, h, w, 3] uint8."""
    values = {"width": TALL, "height": TALL, "prompt_1": "rose and violet pearls", "orbit": 0.3, **values}
    pixels, seen = values.pop("pixels", 0.0), []
    for n in range(count):
        pictures = {"image": Picture(seen[-1], None, n, n / 15)} if pixels and seen else {}
        moment = Moment(n / 15, 1 / 15 if n else 0.0, n, n / 7.5)
        seen.append(instrument.render(ParamFrame(values), pictures, moment).image)
    return np.stack(seen)


def measured(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """What `perform bench drift` looks at, of each picture after the first."""
    rows = [drift.measures(new, old) for old, new in pairwise(pictures)]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


@pytest.mark.parametrize("corner", drift.CORNERS)
def test_a_loop_at_a_corner_neither_burns_out_nor_goes_grey(corner, parts):
    if "pixels" in drift.CORNERS[corner] and parts[0] != SHIPPED:
        pytest.skip("models/lumen is not there, and a random autoencoder does not give a picture back")
    instrument = player(parts)
    fresh = run(instrument, {"feedback": 0.0, "strength": 1.0}, 12)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        late = run(player(parts), drift.CORNERS[corner], COUNT)[COUNT // 2 :]
    finally:
        torch.set_num_threads(before)
    assert drift.beyond(measured(late), measured(fresh)) == []


def test_the_painter_publishes_its_meters(parts):
    instrument = player(parts)
    frame = instrument.render(ParamFrame({"width": TALL, "height": TALL}), {}, Moment(0.0, 0.0, 0))
    assert set(frame.signals) == {"drift", "flicker"} and all(0 <= v <= 2 for v in frame.signals.values())


def test_taking_a_reference_changes_what_the_loop_is_held_to(parts):
    instrument = player(parts)
    base = {"width": TALL, "height": TALL, "feedback": 0.8, "coherence": 1.0}
    for n, take in enumerate((3, 3, 4)):
        moment = Moment(n / 15, 1 / 15 if n else 0.0, n)
        instrument.render(ParamFrame({**base, "coherence_take": take}), {}, moment)
        steady = instrument.player._loop.steady
        assert (float(steady.mean.abs().max()) > 0) == (take == 4)
