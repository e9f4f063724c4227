"""Every shipped model: small enough, with a whole card, and worth showing by the figures of perform.train.measure."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from perform.core.card import check_hash, read_card
from perform.generators.stylegan import load_network
from perform.train.measure import measure

ALL = sorted(card.parent for card in (Path(__file__).parents[2] / "models").glob("*/model.toml"))
MODELS = [folder for folder in ALL if read_card(folder).kind.startswith("stylegan")]
MOST = {"stylegan2": 16 << 20, "diffusion": 40 << 20}


def test_there_is_one() -> None:
    assert MODELS


@pytest.mark.parametrize("folder", ALL, ids=lambda f: f.name)
def test_card_and_size(folder: Path) -> None:
    card = read_card(folder)
    check_hash(card)
    assert card.name == folder.name
    assert card.author
    assert card.licence
    assert "rules" in card.training["data"]
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) <= MOST[card.kind]


@pytest.mark.parametrize("folder", MODELS, ids=lambda f: f.name)
def test_figures(folder: Path) -> None:
    torch.set_num_threads(1)
    figures = measure(load_network(folder), count=24, walks=1)
    assert figures["distance_ratio"] >= 0.7
    # The aim is 1. The rules' own pictures reach about 0.8 (see perform.train.measure), the model less: its card says
    # how much. Here only that no two seeds have fallen together.
    assert figures["nearest_ratio"] >= 0.5
    assert figures["fine_power_ratio"] >= 0.5
    assert figures["largest_over_median_step"] <= 4.0


@pytest.mark.parametrize("folder", MODELS, ids=lambda f: f.name)
def test_pictures_use_the_range_and_differ(folder: Path) -> None:
    network = load_network(folder)
    z = torch.cat([network.seed(i) for i in range(4)])
    pictures = network.synthesis(network.mapping(z))
    assert torch.isfinite(pictures).all()
    assert pictures.abs().max() < 4
    assert (pictures.flatten(1).std(1) > 0.15).all()
    assert (pictures[0] - pictures[1]).abs().mean() > 0.05
