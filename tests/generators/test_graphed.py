"""The recorded synthesis, with a recorder that remembers the call in place of a card: the same pictures as layer by
layer, whatever moves; and half precision's arithmetic, which runs on a CPU as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nets
import pytest
import tiny
import torch
from torch import Tensor

from perform.generators.stylegan.graphed import STILL, Graphed
from perform.generators.stylegan.load import Network


class Recorder:
    """Counts recordings and playings; the tensor that it hands out stays the same, as a graph's does."""

    def __init__(self) -> None:
        self.recorded = self.played = 0

    def __call__(self, call: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        self.recorded += 1
        out = call().clone()

        def replay() -> None:
            self.played += 1
            out.copy_(call())

        return replay, out


def graphed(network: Network) -> Recorder:
    recorder = Recorder()
    network.graph = Graphed(network._fused, network.num_layers, recorder)
    return recorder


@pytest.mark.parametrize("make", [tiny.stylegan2, tiny.stylegan3])
def test_a_recording_follows_what_moves(make: Callable[[], Network]) -> None:
    network, plain = make(), make()
    recorder = graphed(network)
    before = None
    for seed in range(4):
        ws = network.mapping(network.seed(seed))
        gains = torch.tensor([seed * 0.5] * network.num_layers) if network.num_layers else None
        right = plain.synthesis(ws, noise_gain=gains)
        shown = network.synthesis(ws, noise_gain=gains)
        assert torch.allclose(shown, right, atol=1e-5)
        assert before is None or not torch.equal(before, shown)
        before = shown
    assert (recorder.recorded, recorder.played) == (1, 4)


def test_a_picture_handed_out_stays_what_it_is() -> None:
    network = tiny.stylegan2()
    graphed(network)
    first = network.synthesis(network.mapping(network.seed(1)))
    kept = first.clone()
    network.synthesis(network.mapping(network.seed(2)))
    assert torch.equal(first, kept)


@pytest.mark.parametrize("more", [{"noise": "random"}, {"each": lambda layer, x: x}, {"stop": 3}, {"shape": (4, 6)}])
def test_what_a_recording_cannot_do_is_played_layer_by_layer(more: dict[str, Any]) -> None:
    network = tiny.stylegan2()
    recorder = graphed(network)
    network.synthesis(network.mapping(network.seed(1)), **more)
    assert recorder.recorded == 0


def test_changed_weights_show_at_once_and_are_recorded_when_they_hold_still() -> None:
    network = tiny.stylegan2()
    recorder = graphed(network)
    ws = network.mapping(network.seed(1))
    old = network.synthesis(ws)
    layer = next(one for one in network.layers if one.name == "b16.conv1")
    with torch.no_grad():
        network.generator.synthesis.get_submodule("b16.conv1").weight.normal_()
    network.renew(layer)
    new = network.synthesis(ws)
    assert not torch.allclose(old, new) and recorder.recorded == 1
    for _ in range(STILL):
        assert torch.allclose(network.synthesis(ws), new, atol=1e-5)
    assert recorder.recorded == 2


def test_a_card_that_cannot_record_plays_on() -> None:
    def broken(call: Callable[[], Tensor]) -> Any:
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    network = tiny.stylegan2()
    network.graph = Graphed(network._fused, network.num_layers, broken)
    ws = network.mapping(network.seed(1))
    assert torch.equal(network.synthesis(ws), tiny.stylegan2().synthesis(ws))
    assert network.graph.failed is not None and "capturing" in network.graph.failed


def test_half_precision_keeps_to_the_picture_where_plain_sums_would_overflow() -> None:
    made = nets.two()
    with torch.no_grad():
        for conv in (conv for block in made.synthesis.blocks() for conv in block.convs):
            conv.weight.mul_(3e4)  # demodulation takes it out again
    exact, half = Network(made), Network(made, dtype=torch.float16)
    ws = exact.mapping(exact.seed(1))
    right, shown = exact.synthesis(ws), half.synthesis(ws)
    assert torch.isfinite(shown).all() and (shown - right).norm() <= 1e-2 * right.norm()
