"""Operations on feature maps: known answers, no step at rest, every type and shape; and what is learnt of layers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tiny import stylegan2

from perform.generators.stylegan import bending, centres, rows_inside
from perform.generators.stylegan.anchors import Anchors
from perform.generators.stylegan.paint import filled
from perform.generators.stylegan.plane import extended
from perform.generators.stylegan.study import CLUSTERS, Study

SHAPES = [(1, 3, 4, 4), (1, 5, 16, 16), (2, 4, 8, 20)]


def maps(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    made = torch.randn(shape, generator=torch.Generator().manual_seed(7))
    return made.to(dtype).contiguous(memory_format=torch.channels_last)


def test_the_rows_offer_every_operation() -> None:
    assert rows_inside.OPERATIONS == ("off", *bending.OPERATIONS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", bending.OPERATIONS)
def test_it_bends_gently_from_nothing_and_leaves_its_input(
    name: str, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    x = maps(shape, dtype)
    kept = x.clone()
    assert bending.apply(x, name, 0.0, 0.5, None) is x
    for amount in (1.0, -1.0, 0.4):
        y = bending.apply(x, name, amount, 0.5, None)
        assert y.shape == x.shape and y.dtype == x.dtype and torch.isfinite(y.float()).all()
        assert abs(amount) < 1.0 or not torch.equal(y, x)
    little = bending.apply(x, name, 1e-5, 0.5, None)
    assert float((little.float() - x.float()).abs().max()) < 0.05
    assert torch.equal(x, kept)


def spot(row: int, column: int, side: int = 16) -> torch.Tensor:
    x = torch.zeros(1, 1, side, side)
    x[0, 0, row, column] = 1.0
    return x


def test_where_things_go() -> None:
    x = spot(4, 6)
    right = bending.translate(x, 0.5, 0.0)[0, 0]  # a quarter of a side
    assert float(right[4, 10]) == pytest.approx(1.0, abs=1e-5)
    down = bending.translate(x, 0.5, math.pi / 2)[0, 0]
    assert float(down[8, 6]) == pytest.approx(1.0, abs=1e-4)
    quarter = bending.rotate(x, 0.5, 0.0)[0, 0]  # clockwise: from above to the right
    assert float(quarter[6, 11]) == pytest.approx(1.0, abs=1e-4)
    assert torch.allclose(bending.rotate(x, 1.0, 0.0), x.flip(2, 3), atol=1e-4)
    assert torch.allclose(bending.flip(x, 1.0, 0.0), x.flip(3))
    assert torch.allclose(bending.flip(x, 1.0, math.pi / 2), x.flip(2))
    wide = torch.zeros(1, 1, 16, 32)
    wide[0, 0, 4, 6] = 1.0
    assert float(bending.translate(wide, 0.5, 0.0)[0, 0, 4, 10]) == pytest.approx(1.0, abs=1e-4)


def test_scale_keeps_the_middle_and_shear_the_middle_line() -> None:
    x = maps((1, 2, 17, 17))
    for amount in (0.5, -0.5):
        assert torch.allclose(bending.scale(x, amount, 0.0)[..., 8, 8], x[..., 8, 8], atol=1e-4)
    leaned = bending.shear(x, 0.5, 0.0)
    assert torch.allclose(leaned[:, :, 8], x[:, :, 8], atol=1e-4)
    assert not torch.allclose(leaned[:, :, 2], x[:, :, 2], atol=1e-2)


def test_values() -> None:
    x = maps((1, 3, 8, 8))
    assert not bending.ablate(x, 1.0, 0.0).any()
    assert torch.allclose(bending.gain(x, 1.0, 0.0), x * bending.GAIN)
    mean = x.mean(dim=(2, 3), keepdim=True)
    assert torch.allclose(bending.invert(x, 1.0, 0.0) - mean, mean - x, atol=1e-5)
    two = bending.threshold(x, 1.0, 0.0)
    assert all(len(two[0, c].unique()) == 2 for c in range(3))
    soft = bending.blur(x, 1.0, 0.0)
    assert (soft.std(dim=(2, 3)) < 0.7 * x.std(dim=(2, 3))).all()
    sharp = bending.blur(x, -0.5, 0.0)
    assert (sharp.std(dim=(2, 3)) > x.std(dim=(2, 3))).all()
    assert (bending.dilate(x, 0.7, 0.0) >= x - 1e-6).all() and (bending.erode(x, 0.7, 0.0) <= x + 1e-6).all()
    assert torch.equal(bending.erode(x, 0.7, 0.0), bending.dilate(x, -0.7, 0.0))


def test_a_dilate_of_whole_radius_is_the_greatest_neighbour() -> None:
    x = maps((1, 2, 25, 25))
    amount = 2.0 / (bending.REACH * 25)
    wanted = torch.nn.functional.max_pool2d(x, 5, 1, 2)
    assert torch.allclose(bending.dilate(x, amount, 0.0), wanted, atol=1e-5)


def test_only_the_chosen_channels_are_bent() -> None:
    x = maps((1, 6, 8, 8))
    y = bending.apply(x, "invert", 1.0, 0.0, torch.tensor([1, 4]))
    same = [c for c in range(6) if torch.equal(x[:, c], y[:, c])]
    assert same == [0, 2, 3, 5]
    assert torch.equal(bending.apply(x, "invert", 1.0, 0.0, torch.tensor([], dtype=torch.int64)), x)


def test_a_wide_constant_is_filled_from_its_middle() -> None:
    const = maps((1, 2, 4, 4))
    wide = extended(const, 4, 9)
    again = filled(wide, (4, 9), "repeat")
    assert torch.equal(again[..., 2:6], const) and torch.equal(again[..., 6], const[..., 0])
    stretched = filled(wide, (4, 9), "stretch")
    assert torch.allclose(stretched[..., 0], const[..., 0]) and torch.allclose(stretched[..., -1], const[..., -1])


# --- what is learnt of a layer


def test_a_study_depends_on_the_model_alone() -> None:
    network = stylegan2()
    first, second = (Study(network, Anchors(network)) for _ in range(2))
    with torch.inference_mode():
        for number in (0, 3, 6):
            layer = first.feature(number)
            one, two = first.known(layer), second.known(layer)
            assert one is first.known(layer) and torch.equal(one.basis, two.basis)
            members = torch.cat(one.clusters)
            assert len(one.clusters) == CLUSTERS and sorted(members.tolist()) == list(range(layer.channels))
    assert first.feature(99) is first.features[-1]


def test_a_random_part_has_its_size_and_its_seed() -> None:
    study = Study(stylegan2(), Anchors(stylegan2()))
    cpu = torch.device("cpu")
    assert len(study.part(32, 0.25, 0, cpu)) == 8 and len(study.part(32, 0.0, 0, cpu)) == 0
    assert torch.equal(study.part(32, 0.25, 0, cpu), study.part(32, 0.25, 0, cpu))
    assert not torch.equal(study.part(32, 0.25, 0, cpu), study.part(32, 0.25, 1, cpu))
    assert torch.equal(study.part(32, 1.0, 5, cpu), torch.arange(32))


def test_clusters_are_found_where_they_are() -> None:
    rng = np.random.default_rng(3)
    homes = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = np.concatenate([home + rng.normal(0.0, 0.5, (n, 2)) for home, n in zip(homes, (50, 30, 20), strict=True)])
    found = centres.clusters(points, 3)
    assert np.allclose(found, homes, atol=0.5)  # and the largest first
    assert np.array_equal(found, centres.clusters(points, 3))
    assert np.isfinite(centres.clusters(np.zeros((5, 2)), 3)).all()
    assert np.allclose(centres.nearest(np.array([9.8, 0.1]), found), homes[1], atol=0.6)
    middle = centres.nearest(np.array([5.0, 0.0]), found)
    assert 1.0 < middle[0] < 9.0  # between two it goes over softly
