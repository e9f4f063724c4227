"""Convolution by fewer products: the same result, where it fits; and the network that uses it paints the same."""

from __future__ import annotations

import nets
import pytest
import torch
import torch.nn.functional as F

from perform.bench._textbook import synthesis
from perform.generators.stylegan import fused
from perform.generators.stylegan.winograd import Winograd, pays

CPU = torch.device("cpu")


@pytest.mark.parametrize(("m", "dtype", "bound"), [(2, torch.float32, 1e-5), (4, torch.float32, 1e-5),
                                                   (2, torch.bfloat16, 2e-2)])  # fmt: skip
@pytest.mark.parametrize("size", [(8, 8), (48, 20)])
def test_it_convolves(m: int, dtype: torch.dtype, bound: float, size: tuple[int, int]) -> None:
    torch.manual_seed(1)
    x, weight = torch.randn(2, 5, *size), torch.randn(7, 5, 3, 3)
    with torch.inference_mode():
        made = Winograd(weight, m, dtype)(x.to(dtype).contiguous(memory_format=torch.channels_last))
        right = F.conv2d(x.double(), weight.double(), padding=1)
    assert made.shape == right.shape and made.dtype == dtype
    assert (made.double() - right).norm() <= bound * right.norm()


def test_it_takes_whole_tiles_only() -> None:
    made = Winograd(torch.zeros(3, 3, 3, 3), 4, torch.float32)
    assert made.fits(torch.zeros(1, 3, 8, 28)) and not made.fits(torch.zeros(1, 3, 8, 30))


def test_narrow_layers_and_cards_convolve_directly() -> None:
    assert pays(512, 64, torch.float32, CPU) == 4 and pays(32, 128, torch.float32, CPU) == 0
    assert pays(512, 64, torch.float32, torch.device("cuda")) == 0 and pays(512, 4, torch.float32, CPU) == 0


def test_a_network_paints_the_textbooks_picture_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "pays", lambda channels, side, dtype, device: 4 if side >= 8 else 0)
    made = nets.two().requires_grad_(False)
    played = fused.FusedSynthesis(made.synthesis, torch.float32)
    ws = torch.randn(2, made.arch.num_ws, made.arch.w_dim)
    right = synthesis(made.synthesis, ws)
    for _ in range(2):
        shown = played(ws)
        assert (shown - right).norm() <= 1e-4 * right.norm()
    conv = played.blocks[-1].convs[1]
    assert conv.fewer is not None
    with torch.no_grad():
        made.synthesis.get_submodule("b16.conv1").weight.mul_(0.5).add_(0.1)
    played.renew(made.synthesis, next(layer for layer in played.layers if layer.name == "b16.conv1"))
    right = synthesis(made.synthesis, ws)
    for _ in range(2):
        assert (played(ws) - right).norm() <= 1e-4 * right.norm()
