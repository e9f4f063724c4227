"""Hooks inside a network: nothing at rest, exact where they can be, of the right size where they widen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from perform.generators.stylegan.inside import FILLS, Inside, moved, placed, reach, spread, widened
from perform.generators.stylegan.load import Network
from perform.generators.stylegan.network import Architecture, Generator


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(5)
    made = Generator(Architecture(16, 16, 0, 2, 32, 512, 16))
    with torch.no_grad():
        for block in made.synthesis.blocks():
            for conv in block.convs:
                conv.noise_strength.fill_(0.3)
    return Network(made)


@pytest.fixture(scope="module")
def ws(network: Network) -> torch.Tensor:
    return network.mapping(network.seed(3))


def test_nothing_asked_is_nothing_done(network: Network, ws: torch.Tensor) -> None:
    plain = network.synthesis(ws)
    for inside in (Inside(), Inside(layer=lambda _, x: x), Inside(cells=(4, 4)), Inside(rgb=[1.0] * 7)):
        assert torch.equal(plain, network.synthesis(ws, inside=inside))


def test_every_layer_is_called_once_in_order(network: Network, ws: torch.Tensor) -> None:
    seen: list[tuple[int, tuple[int, ...]]] = []

    def look(index: int, x: torch.Tensor) -> torch.Tensor:
        seen.append((index, tuple(x.shape)))
        return x

    network.synthesis(ws.repeat(2, 1, 1), inside=Inside(layer=look))
    assert [index for index, _ in seen] == list(range(network.num_layers))
    assert [shape[2] for _, shape in seen] == list(network.layer_sizes) == [4, 8, 8, 16, 16, 32, 32]
    assert all(shape[0] == 2 and shape[2] == shape[3] for _, shape in seen)


def test_what_a_layer_call_gives_goes_on(network: Network, ws: torch.Tensor) -> None:
    plain = network.synthesis(ws)
    for layer in range(network.num_layers):
        changed = network.synthesis(ws, inside=Inside(layer=lambda i, x, n=layer: x * 0.5 if i == n else x))
        assert not torch.equal(plain, changed)


def test_the_last_layer_ends_it_with_the_colours_so_far(network: Network, ws: torch.Tensor) -> None:
    sides = [network.synthesis(ws, inside=Inside(last=n)).shape[-1] for n in range(7)]
    assert sides == list(network.layer_sizes)
    assert torch.equal(network.synthesis(ws), network.synthesis(ws, inside=Inside(last=6)))


def test_colours_of_a_size_can_be_left_out(network: Network, ws: torch.Tensor) -> None:
    only_first = network.synthesis(ws, inside=Inside(rgb=[1.0, 0, 0, 0, 0, 0, 0]))
    small = network.synthesis(ws, inside=Inside(last=0))
    assert torch.allclose(only_first.mean(), small.mean(), atol=0.25 * float(small.abs().mean()))
    assert not network.synthesis(ws, inside=Inside(rgb=[0.0] * 7)).any()


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("cells", [(4, 7), (7, 4), (6, 9), (4, 16)])
def test_pictures_grow_with_their_cells(network: Network, ws: torch.Tensor, fill: str, cells: tuple[int, int]) -> None:
    for noise in ("const", "none"):
        wide = network.synthesis(ws, noise, inside=Inside(cells=cells, fill=fill))
        assert wide.shape == (1, 3, 8 * cells[0], 8 * cells[1]) and torch.isfinite(wide).all()
        assert float(wide.std()) > 0.2 * float(network.synthesis(ws).std())


def test_reaching_keeps_the_trained_cells_in_the_middle() -> None:
    for fill in ("mirror", "repeat"):
        for count in range(4, 20):
            index, first = reach(4, count, fill), (count - 4) // 2
            assert index[first : first + 4].tolist() == [0, 1, 2, 3]
            assert 0 <= int(index.min()) and int(index.max()) < 4
    assert reach(4, 12, "mirror").tolist() == [3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0]
    assert reach(4, 12, "repeat").tolist() == [0, 1, 2, 3] * 3
    const = torch.randn(1, 3, 4, 4)
    assert torch.equal(widened(const, (4, 8), "mirror")[..., 2:6], const)
    assert torch.equal(spread(const[:, :1], (4, 4)), const[:, :1])


def test_a_shift_goes_right_and_down_and_a_full_turn_comes_home() -> None:
    x = torch.zeros(1, 1, 16, 16)
    x[0, 0, 4, 6] = 1.0
    transform = placed(0.25, 0.125)
    assert transform is not None
    there = moved(x, transform)[0, 0]
    assert float(there[6, 10]) == pytest.approx(1.0, abs=1e-5)
    turned = moved(x, placed(turn_deg=90.0))[0, 0]  # type: ignore[arg-type]
    assert float(turned[6, 11]) == pytest.approx(1.0, abs=1e-5)  # clockwise: up goes right
    full = moved(x, np.linalg.matrix_power(placed(turn_deg=90.0), 4))  # type: ignore[arg-type]
    assert torch.allclose(full, x, atol=1e-5)
    assert placed() is None
    wide = torch.zeros(1, 1, 16, 32)
    wide[0, 0, 4, 6] = 1.0
    assert float(moved(wide, transform)[0, 0, 6, 10]) == pytest.approx(1.0, abs=1e-5)
