"""The interface that every family of StyleGAN offers to the instrument, on StyleGAN2 in its three wirings."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from perform.generators.stylegan import Architecture, Generator, Layer, Network, StyleNetwork
from perform.generators.stylegan.load import exact

WIRINGS = ("skip", "orig", "resnet")


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(((a - b).norm() / b.norm()).detach())


@pytest.fixture(scope="module", params=WIRINGS)
def network(request: pytest.FixtureRequest) -> Network:
    torch.manual_seed(5)
    arch = Architecture(
        z_dim=8, w_dim=12, num_mapping_layers=2, resolution=32, channel_base=256, channel_max=24, wiring=request.param
    )
    made = Generator(arch)
    with torch.no_grad():
        for name, value in made.named_parameters():
            if name.endswith(("bias", "noise_strength")):
                value.add_(torch.randn_like(value) * 0.3)
    return Network(made)


@pytest.fixture(scope="module")
def ws(network: Network) -> torch.Tensor:
    return network.mapping(torch.randn(2, 8, generator=torch.Generator().manual_seed(1)))


def test_it_is_what_the_instrument_asks_for(network: Network) -> None:
    assert isinstance(network, StyleNetwork)
    names = [layer.name for layer in network.layers]
    colours = ["b4.torgb"] if network.arch.wiring == "skip" else []
    assert names[:4] == ["b4.const", "b4.conv1", *colours, "b8.conv0", "b8.conv1"][:4]
    assert names[-1] == "b32.torgb"
    assert [layer.index for layer in network.layers] == list(range(len(names)))
    convs = [layer for layer in network.layers if layer.kind == "conv"]
    assert [layer.noise for layer in convs] == list(range(network.num_layers))
    assert [layer.ws for layer in convs] == list(range(network.num_ws - 1))
    assert network.layers[-1].ws == network.num_ws - 1
    assert network.w_centres.shape == (1, 12)
    for layer in network.layers[1:]:
        assert network.style_weight(layer).shape[1] == 12


@pytest.mark.parametrize("count", [1, 2])
def test_fused_is_plain_in_every_wiring(network: Network, ws: torch.Tensor, count: int) -> None:
    with torch.no_grad():
        plain = network.generator.synthesis(ws[:count], "const")
    assert relative(network.synthesis(ws[:count]), plain) < 1e-5


def test_the_residual_block_by_its_formula() -> None:
    """Figure 7c of arXiv 1912.04958 in float64: both branches at half power."""
    torch.manual_seed(2)
    arch = Architecture(z_dim=4, w_dim=5, resolution=8, channel_base=48, channel_max=6, wiring="resnet")
    block = Generator(arch).double().synthesis.get_submodule("b8")
    x, ws = torch.randn(2, 6, 4, 4).double(), torch.randn(2, 3, 5).double()
    got, colours = block(x, ws, [None, None])
    straight = F.conv2d(x, block.skip.weight / 6**0.5)
    spread = torch.zeros(2, 6, 8, 8).double()
    spread[:, :, ::2, ::2] = straight
    tap = torch.tensor([1.0, 3.0, 3.0, 1.0]).double() / 4
    straight = F.conv2d(F.pad(spread, (2, 1, 2, 1)), torch.outer(tap, tap).expand(6, 1, 4, 4), groups=6)
    block.conv1.gain = 2**0.5
    main = block.conv1(block.conv0(x, ws[:, 0], None), ws[:, 1], None)
    assert relative(got, (main + straight) / 2**0.5) < 1e-7
    assert relative(colours, block.torgb(got, ws[:, 2])) < 1e-6


def test_a_call_after_each_layer(network: Network, ws: torch.Tensor) -> None:
    seen: list[tuple[str, tuple[int, ...]]] = []

    def look(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        seen.append((layer.name, tuple(x.shape)))
        return x

    plain = network.synthesis(ws)
    assert torch.equal(network.synthesis(ws, each=look), plain)
    assert seen == [(x.name, (2, x.channels, x.side, x.side)) for x in network.layers]
    for at in network.layers:
        changed = network.synthesis(ws, each=lambda layer, x, at=at: x * 0.5 if layer is at else x)
        assert relative(changed, plain) > 1e-3, at.name


def test_an_early_end_gives_that_layer(network: Network, ws: torch.Tensor) -> None:
    kept: dict[int, torch.Tensor] = {}
    network.synthesis(ws, each=lambda layer, x: kept.setdefault(layer.index, x.clone().float()))
    for layer in network.layers:
        assert torch.equal(network.synthesis(ws, stop=layer.index), kept[layer.index])
    with pytest.raises(ValueError, match="stop must be"):
        network.synthesis(ws, stop=99)


def test_wide_and_high_pictures(network: Network, ws: torch.Tensor) -> None:
    plain = network.synthesis(ws)
    assert torch.equal(network.synthesis(ws, shape=(4, 4)), plain)
    for rows, columns in ((4, 7), (9, 4), (2, 3)):
        wide = network.synthesis(ws, shape=(rows, columns))
        assert wide.shape == (2, 3, 8 * rows, 8 * columns)
        assert wide.isfinite().all()
    middle = network.synthesis(ws, shape=(12, 12))[:, :, 32:64, 32:64]
    mirrored = network.synthesis(ws, shape=(12, 12))[:, :, 64:96, 32:64].flip(2)
    assert relative(middle, plain) < relative(mirrored.roll(7, 2), plain)
    with pytest.raises(ValueError, match="shape must be"):
        network.synthesis(ws, shape=(0, 4))
    with pytest.raises(ValueError, match="no transform"):
        network.synthesis(ws, transform=torch.eye(3))


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_alpha_come_out_as_colours(channels: int) -> None:
    arch = Architecture(z_dim=4, w_dim=4, resolution=8, channel_base=32, channel_max=4, img_channels=channels)
    made = Network(Generator(arch))
    assert made.synthesis(made.mapping(torch.randn(2, 4))).shape == (2, 3, 8, 8)


def test_float32_is_float32_on_a_graphics_card() -> None:
    before = torch.backends.cudnn.allow_tf32
    with exact(torch.device("cuda"), torch.float32):
        assert not torch.backends.cudnn.allow_tf32
    for device, dtype in (("cpu", torch.float32), ("cuda", torch.float16)):
        with exact(torch.device(device), dtype):
            assert torch.backends.cudnn.allow_tf32 == before
    assert torch.backends.cudnn.allow_tf32 == before


def test_a_model_that_is_not_square_plays_as_trained_and_in_any_shape() -> None:
    torch.manual_seed(7)
    arch = Architecture(z_dim=4, w_dim=4, resolution=16, channel_base=64, channel_max=8, rows=4, columns=2)
    made = Generator(arch)
    with torch.no_grad():
        for name, value in made.named_parameters():
            if name.endswith("noise_strength"):
                value.fill_(0.3)
    network = Network(made)
    assert network.cells == (4, 2)
    ws = network.mapping(torch.randn(2, 4))
    plain = network.synthesis(ws)
    assert plain.shape == (2, 3, 16, 8)
    with torch.no_grad():
        assert relative(plain, made.synthesis(ws, "const")) < 1e-5
    assert made.synthesis(ws, "random").shape == network.synthesis(ws, "random").shape == (2, 3, 16, 8)
    assert torch.equal(network.synthesis(ws, shape=(4, 2)), plain)
    assert network.synthesis(ws, shape=(4, 4)).shape == (2, 3, 16, 16)
