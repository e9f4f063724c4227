"""What plays on a CUDA card, against the plain arithmetic. Where no card is, the kernels are played by plain stand-ins
that do what the kernels' docstrings say, and all around them is as on a card."""

# ruff: noqa: N803 - capitals are what a kernel is compiled for
from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import Tensor

from perform.generators.stylegan import card
from perform.generators.stylegan.alias_free import Generator3
from perform.generators.stylegan.alias_free.schedule import Recipe, planned
from perform.generators.stylegan.load import Network

CUDA = torch.cuda.is_available()


class Kernel:
    """Called as kernel[grid](...)."""

    def __init__(self, call: Callable[..., None]) -> None:
        self.call = call

    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]:
        return self.call


def fir(x: Tensor, taps: Tensor, bias: Tensor, out: Tensor, length: int, made: int, inner: int, channels: int,
        first: int, slope: float, clamp: float, UP: int, DOWN: int, REACH: int, BIASED: bool, BENT: bool,
        CLAMPED: bool, **sizes: int) -> None:  # fmt: skip
    flat = x.permute(0, 2, 3, 1).reshape(-1, length, inner).float()
    if BIASED:
        flat = flat + bias.float().repeat(inner // channels)
    m = torch.arange(made)
    total = torch.zeros(len(flat), made, inner)
    for j in range(REACH):
        at = first + m // UP * DOWN + j
        there = (at >= 0) & (at < length)
        total += flat[:, at.clamp(0, length - 1)] * (there * taps[m % UP, j])[:, None]
    total = F.leaky_relu(total, slope) if BENT else total
    total = total.clamp(-clamp, clamp) if CLAMPED else total
    n, c, h, w = out.shape
    out.copy_(total.reshape(n, h, w, c).permute(0, 3, 1, 2))


def finish(y: Tensor, scale: Tensor, bias: Tensor, noise: Tensor, out: Tensor, high: int, wide: int, channels: int,
           noise_step: int, slope: float, clamp: float, WAY: int, NOISY: bool, CLAMPED: bool,
           **sizes: int) -> None:  # fmt: skip
    y = y.float()
    if WAY in (card.PACKED, card.FOLDED):
        n, _, h, w = y.shape
        y = y.view(n, 2, 2, channels, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, channels, 2 * h, 2 * w)
    if WAY in (card.PACKED, card.SHARED):
        tap = torch.tensor([0.25, 0.75, 0.75, 0.25])
        y = F.conv2d(F.pad(y[:, :, : high + 1, : wide + 1], (1, 1, 1, 1)),
                     torch.outer(tap, tap).expand(channels, 1, 4, 4), groups=channels)  # fmt: skip
    y = y * scale[:, :, None, None] + bias[:, None, None]
    y = F.leaky_relu(y + noise.float() if NOISY else y, slope)
    out.copy_(y.clamp(-clamp, clamp) if CLAMPED else y)


def modulate(style: Tensor, squares: Tensor, level: Tensor, small: Tensor, demod: Tensor, inputs: int, outputs: int,
             gain: float, eps: float, **sizes: int) -> None:  # fmt: skip
    most = style.abs().amax(1, keepdim=True)
    small.copy_(style / most)
    demod.copy_(gain * most / (style.square() @ squares.T + eps).sqrt() / level)


def colour(x: Tensor, weight: Tensor, bias: Tensor, before: Tensor, out: Tensor, high: int, wide: int, channels: int,
           clamp: float, GROWN: bool, CLAMPED: bool, **sizes: int) -> None:  # fmt: skip
    y = torch.einsum("nchw,nkc->nkhw", x.float(), weight) + bias[:, None, None]
    y = y.clamp(-clamp, clamp) if CLAMPED else y
    if GROWN:
        tap = torch.tensor([0.25, 0.75, 0.75, 0.25])
        y += F.conv_transpose2d(before, torch.outer(tap, tap).expand(3, 1, 4, 4), stride=2, padding=1, groups=3)
    out.copy_(y)


STANDING_IN = SimpleNamespace(fir=Kernel(fir), finish=Kernel(finish), modulate=Kernel(modulate), colour=Kernel(colour))


def turning() -> Network:
    """StyleGAN3-R: kernels of one, round low-passes, numbers of channels that 16 does not divide."""
    arch, filters = planned(Recipe(32, channel_base=640, channel_max=20, num_layers=6, kernel=1, radial=True), z_dim=16,
                            w_dim=16)  # fmt: skip
    torch.manual_seed(4)
    made = Generator3(arch)
    made.set_filters(filters)
    return Network(made.eval())


@pytest.fixture(params=[tiny.stylegan2, tiny.stylegan3, turning])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Network, Network]:
    """(plain, on a card), float16."""
    generator = request.param().generator
    generator = generator.cuda() if CUDA else generator
    monkeypatch.setattr(card, "_found", [None])
    plain = Network(generator, dtype=torch.float16)
    monkeypatch.setattr(card, "_found", [] if CUDA else [STANDING_IN])
    monkeypatch.setenv("TRITON_INTERPRET", "0" if CUDA else "1")
    fast = Network(generator, dtype=torch.float16)
    plain.graph = fast.graph = None
    return plain, fast


def far(shown: Tensor, right: Tensor) -> float:
    return float((shown.float() - right.float()).norm() / right.float().norm())


def ws_of(network: Network, count: int) -> Tensor:
    return torch.cat([network.mapping(network.seed(seed)) for seed in range(count)])


@pytest.mark.parametrize("count", [1, 2])
def test_the_pictures_are_the_plain_ones(both: tuple[Network, Network], count: int) -> None:
    plain, fast = both
    ws = ws_of(plain, count)
    assert 0 < far(fast.synthesis(ws), plain.synthesis(ws)) < 5e-3  # not the same arithmetic, so not the same bits


@pytest.mark.parametrize("more", [{"noise": "random"}, {"shape": (4, 6)}, {"stop": 3}])
def test_so_are_those_of_other_shapes_noises_and_lengths(both: tuple[Network, Network], more: dict[str, Any]) -> None:
    plain, _ = both
    ws, pictures = ws_of(plain, 2), []
    for network in both:
        torch.manual_seed(7)
        pictures.append(network.synthesis(ws, **more))
    assert pictures[0].shape == pictures[1].shape and far(pictures[1], pictures[0]) < 5e-3


def test_each_layer_shows_its_own_channels_only(both: tuple[Network, Network]) -> None:
    plain, _ = both
    ws, seen = ws_of(plain, 1), ([], [])
    for network, kept in zip(both, seen, strict=True):
        network.synthesis(ws, each=lambda layer, x, kept=kept: (kept.append(x.clone()), x)[1])
    assert len(seen[0]) == len(seen[1]) > 3
    for shown, right in zip(seen[1], seen[0], strict=True):
        assert shown.shape == right.shape and far(shown, right) < 5e-3


def test_all_ways_of_doubling_agree(both: tuple[Network, Network]) -> None:
    plain, fast = both
    if not hasattr(fast._fused, "blocks"):
        return  # StyleGAN3 has none
    ws = ws_of(plain, 1)
    right = plain.synthesis(ws)
    for way in (card.SHARED, card.PACKED, card.FOLDED):
        for conv in (conv for block in fast._fused.blocks for conv in block.convs if conv.up):
            conv.card = card.CardConvolution(conv.card.kernels, conv, way)
        assert far(fast.synthesis(ws), right) < 5e-3


def test_weights_that_change_are_taken_over(both: tuple[Network, Network], monkeypatch: pytest.MonkeyPatch) -> None:
    plain, fast = both
    ws: Any = ws_of(plain, 1)
    before = fast.synthesis(ws)
    with torch.no_grad():
        for name, values in fast.generator.synthesis.named_parameters():
            if name.endswith("weight") and "affine" not in name:
                values.mul_(
                    torch.linspace(0.5, 1.5, len(values), device=values.device).view(-1, *[1] * (values.ndim - 1))
                )
    for network in (fast, plain):
        if network is plain:
            monkeypatch.setattr(card, "_found", [None])
        for layer in network.layers:
            network._fused.renew(network.generator.synthesis, layer)
    assert far(fast.synthesis(ws), plain.synthesis(ws)) < 5e-3 < far(fast.synthesis(ws), before)
