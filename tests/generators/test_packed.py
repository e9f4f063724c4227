"""What the played form prepares ahead on a CPU: the same numbers as the plain operators give."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from perform.generators.stylegan.double import MOST_SIDE, doubled
from perform.generators.stylegan.fused import FusedSynthesis
from perform.generators.stylegan.layers import upsample
from perform.generators.stylegan.network import Architecture, Generator
from perform.generators.stylegan.packed import Packed, packs

SMALL = Architecture(z_dim=8, w_dim=12, num_mapping_layers=2, resolution=32, channel_base=512, channel_max=48)


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a.float() - b.float()).norm() / b.float().norm())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("up", [False, True])
def test_packed_is_plain_for_any_picture(up: bool, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    weight = torch.randn(24, 40, 3, 3).to(dtype)
    if not up:
        weight = weight.transpose(0, 1).contiguous(memory_format=torch.channels_last)
    packed = Packed(weight, up)
    with torch.inference_mode():
        for shape in ((1, 24, 8, 8), (3, 24, 8, 8), (1, 24, 4, 12), (1, 24, 33, 17)):  # the first one is laid out for
            x = torch.randn(shape).to(dtype).contiguous(memory_format=torch.channels_last)
            wanted = F.conv_transpose2d(x, weight, stride=2) if up else F.conv2d(x, weight, padding=1)
            assert relative(packed(x), wanted) < (1e-6 if dtype == torch.float32 else 1e-2)


def test_without_the_operators_the_plain_ones_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    weight = torch.randn(5, 4, 3, 3)
    assert not packs(weight)
    x = torch.randn(1, 4, 6, 6)
    assert torch.equal(Packed(weight, False)(x), F.conv2d(x, weight, padding=1))


def test_float16_is_never_packed() -> None:
    assert not packs(torch.zeros(4, 4, 3, 3, dtype=torch.float16))


@pytest.mark.parametrize("shape", [(4, 4), (5, 12), (MOST_SIDE, 8), (MOST_SIDE + 1, 3)])
def test_doubled_is_upsampled_and_added(shape: tuple[int, int]) -> None:
    picture = torch.randn(2, 3, *shape)
    colours = torch.randn(2, 3, 2 * shape[0], 2 * shape[1])
    assert relative(doubled(picture, colours.clone()), upsample(picture) + colours) < 1e-6


@pytest.mark.parametrize("count", [1, 3])
def test_all_styles_at_once_are_those_of_each_layer(count: int) -> None:
    torch.manual_seed(0)
    played = FusedSynthesis(Generator(SMALL).eval().requires_grad_(False).synthesis, torch.float32)
    assert played.modulation is not None
    ws = torch.randn(count, SMALL.num_ws, SMALL.w_dim)
    whole = played(ws)
    known = played.modulation(ws)
    for layer in played.layers:
        if layer.kind == "conv" and layer.ws is not None:
            alone = played._part(layer)._steered(ws[:, layer.ws])  # type: ignore[union-attr]
            assert all(relative(a, b) < 1e-5 for a, b in zip(known[layer.index], alone, strict=True))
    played.modulation = None
    assert relative(whole, played(ws)) < 1e-5


def test_renewed_weights_are_played() -> None:
    torch.manual_seed(0)
    first, second = (Generator(SMALL).eval().requires_grad_(False).synthesis for _ in range(2))
    for synthesis in (first, second):
        for block in synthesis.blocks():
            for conv in block.convs:
                conv.noise_const.zero_()
    played, ws = FusedSynthesis(first, torch.float32), torch.randn(1, SMALL.num_ws, SMALL.w_dim)
    before = played(ws)
    for layer in played.layers:
        played.renew(second, layer)
    assert relative(played(ws), FusedSynthesis(second, torch.float32)(ws)) < 1e-6
    assert relative(before, played(ws)) > 0.1
