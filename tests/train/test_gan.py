"""The recipe in miniature: it learns, stops, goes on, and writes a model that loads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from perform.core.card import read_card
from perform.generators.stylegan import load_network
from perform.train import gan
from perform.train.export import export, mean_w
from perform.train.measure import features, fine_power, measure, pairwise, record

TINY = replace(gan.ARCHITECTURE, w_dim=16, num_mapping_layers=2, resolution=32, channel_base=128, channel_max=8)
STAGES = (gan.Stage(8, 0.5, 4), gan.Stage(16, 0.7, 4, adversarial=True), gan.Stage(32, 1.01, 4, adversarial=True))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainer(folder: Path) -> gan.Trainer:
    return gan.Trainer(TINY, STAGES, 1.0, folder, dtype=torch.float32)


def test_two_steps_then_resume_in_every_stage(tmp_path: Path) -> None:
    first = trainer(tmp_path)
    for spent in (0.0, 40.0, 50.0):
        first.spent = spent
        first.step()
        first.step()
    first.save()
    assert first.pictures == 24
    second = trainer(tmp_path)
    second.resume(tmp_path / "checkpoint.pt")
    assert (second.pictures, second.steps, second.spent) == (first.pictures, first.steps, first.spent)
    pairs = zip(first.generator.state_dict().values(), second.generator.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    second.step()
    assert second.pictures == 28


def test_it_learns(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    z, wanted = gan.Pool(8, TINY.z_dim, 1).batch(8)

    def apart() -> float:
        with torch.no_grad():
            return float(gan.difference(made.generator(z, "none", until=8), wanted))

    before = apart()
    for _ in range(40):
        made.spent = 1.0
        made.step()
    assert apart() < before


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).save()
    other = gan.Trainer(replace(TINY, w_dim=8), STAGES, 1.0, tmp_path)
    with pytest.raises(SystemExit, match="another architecture"):
        other.resume(tmp_path / "checkpoint.pt")


def test_export_loads_and_measures(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    mean_w(made.mean, 100)
    export(made.mean, tmp_path / "model", 8, 0.1)
    network = load_network(tmp_path / "model")
    assert network.card is not None
    assert network.card.training["pictures_seen"] == 8
    figures = measure(network, count=4, walks=1)
    record(tmp_path / "model", figures)
    assert read_card(tmp_path / "model").training["measures"] == figures
    assert set(figures) == {
        "seeds",
        "distance_ratio",
        "nearest_ratio",
        "nearest_ratio_of_training",
        "fine_power_ratio",
        "largest_over_median_step",
    }


def test_features_are_fixed_and_tell_pictures_apart() -> None:
    pictures = torch.stack([torch.zeros(3, 32, 32), torch.zeros(3, 32, 32), torch.ones(3, 32, 32)])
    distances = pairwise(features(pictures))
    assert distances[0] == 0
    assert distances[1] > 0.1


def test_fine_power_sees_only_what_is_fine() -> None:
    axis = torch.arange(64) / 64
    slow = torch.sin(2 * torch.pi * 4 * axis).expand(1, 3, 64, 64)
    quick = torch.sin(2 * torch.pi * 26 * axis).expand(1, 3, 64, 64)
    assert fine_power(quick) > 1e3 * fine_power(slow)
