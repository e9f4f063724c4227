"""StyleGAN3: against the paper's formulas as they stand in float64, and by what it was made for: equivariance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.signal import firwin
from scipy.special import j1

from perform.core.errors import ModelError
from perform.generators.stylegan import Network, StyleNetwork
from perform.generators.stylegan.alias_free import Architecture3, Generator3
from perform.generators.stylegan.alias_free.filters import down_reads, kaiser_low_pass, up_phases
from perform.generators.stylegan.alias_free.network import FilteredLayer
from perform.generators.stylegan.alias_free.schedule import Recipe, planned, planned_taller

TINY = Recipe(32, channel_base=512, channel_max=16, num_layers=6)
ROUND = replace(TINY, kernel=1, radial=True)
LEAST = Recipe(16, channel_base=64, channel_max=6, num_layers=4, clamp=0.8)
SIZES = {"z_dim": 8, "w_dim": 12}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(arch: Architecture3, filters: dict[str, torch.Tensor]) -> Generator3:
    torch.manual_seed(4)
    generator = Generator3(arch)
    generator.set_filters(filters)
    with torch.no_grad():
        generator.mapping.w_avg.normal_()
        waves = generator.synthesis.input
        waves.affine.weight.mul_(0.3)
        waves.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
        angles = torch.rand(len(waves.freqs)) * 2 * math.pi
        waves.freqs.copy_(torch.stack([angles.cos(), angles.sin()], 1) * arch.input.bandwidth)
        waves.phases.uniform_(-0.5, 0.5)
        for layer in generator.synthesis.filtered():
            layer.magnitude_ema.uniform_(0.5, 2.0)
            layer.bias.normal_(0, 0.2)
    return generator


KINDS: dict[str, tuple[Architecture3, dict[str, torch.Tensor]]] = {
    "t": planned(LEAST, **SIZES),
    "r": planned(replace(LEAST, kernel=1, radial=True), **SIZES),
    "classes": planned(LEAST, **SIZES, c_dim=3),
    "xl": planned(LEAST, **SIZES, c_dim=3, class_table=5, class_means=True, embed_features=8),
    "xl_head": planned_taller(LEAST, 2, 3, **SIZES, c_dim=3, class_table=5, class_means=True, embed_features=8),
}


MOVED = {"t": planned(TINY, **SIZES), "r": planned(ROUND, **SIZES)}


@pytest.fixture(scope="module", params=KINDS)
def generator(request: pytest.FixtureRequest) -> Generator3:
    return made(*KINDS[request.param])


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(((a - b).norm() / b.norm()).detach())


def latents(generator: Generator3, count: int = 2) -> torch.Tensor:
    """Some ws [count, num_ws, w_dim]."""
    torch.manual_seed(6)
    return torch.randn(count, generator.arch.num_ws, generator.arch.w_dim)


# --- the textbook, float64


def filtered_64(x: torch.Tensor, layer: FilteredLayer) -> torch.Tensor:
    """Equation 4 of arXiv 2106.12423 as it stands: zeros between samples, filter, activate, filter, drop samples."""
    s = layer.shape
    n, c, h, w = x.shape
    fine = torch.zeros(n * c, 1, h * s.up, w * s.up).double()
    fine[:, :, :: s.up, :: s.up] = x.reshape(n * c, 1, h, w)
    fine = F.pad(fine, (s.pad_before, s.pad_after) * 2)
    if s.up_taps > 1:
        kernel = torch.outer(layer.up_filter, layer.up_filter).double().flip(0, 1) * s.up**2
        fine = F.conv2d(fine, kernel[None, None])
    fine = F.leaky_relu(fine, 1.0 if s.colours else 0.2) * (1.0 if s.colours else math.sqrt(2))
    fine = fine if s.clamp is None else fine.clamp(-s.clamp, s.clamp)
    if s.down_taps > 1:
        kernel = layer.down_filter.double()
        kernel = torch.outer(kernel, kernel) if kernel.ndim == 1 else kernel
        fine = F.conv2d(fine, kernel.flip(0, 1)[None, None])
    fine = fine[:, :, :: s.down, :: s.down]
    return fine.reshape(n, c, *fine.shape[2:])


def layer_64(x: torch.Tensor, w: torch.Tensor, layer: FilteredLayer) -> torch.Tensor:
    """Modulated convolution with a kernel of its own for each sample, then the filtered activation."""
    style = F.linear(w, layer.affine.weight.double() / w.shape[1] ** 0.5, layer.affine.bias.double())
    weight = layer.weight.double()
    if layer.shape.colours:
        kernels = weight[None] * style[:, None, :, None, None] / weight[0].numel() ** 0.5
    else:
        weight = weight / weight.square().mean((1, 2, 3), keepdim=True).sqrt()
        style = style / style.square().mean(1, keepdim=True).sqrt()
        kernels = weight[None] * style[:, None, :, None, None]
        kernels = kernels / (kernels.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    kernels = kernels / layer.magnitude_ema.double().sqrt()
    parts = [F.conv2d(x[i : i + 1], kernels[i], padding=layer.shape.kernel - 1) for i in range(len(x))]
    return filtered_64(torch.cat(parts) + layer.bias.double()[:, None, None], layer)


def waves_64(generator: Generator3, w: torch.Tensor) -> torch.Tensor:
    """Appendix F, sample by sample and wave by wave."""
    waves = generator.synthesis.input
    s = waves.shape
    out = torch.empty(len(w), s.channels, s.size, s.size).double()
    for i, row in enumerate(w):
        turn = waves.affine.weight.double() @ row / len(row) ** 0.5 + waves.affine.bias.double()
        cos, sin, dx, dy = (turn / turn[:2].norm()).tolist()
        for y in range(s.size):
            for x in range(s.size):
                at = np.array([x - (s.size - 1) / 2, y - (s.size - 1) / 2]) / s.rate
                moved = np.array([cos * (at[0] - dx) - sin * (at[1] - dy), sin * (at[0] - dx) + cos * (at[1] - dy)])
                angle = waves.freqs.double() @ torch.from_numpy(moved) + waves.phases.double()
                out[i, :, y, x] = (2 * math.pi * angle).sin()
    return torch.einsum("nchw,oc->nohw", out, waves.weight.double() / s.channels**0.5)


def test_the_network_is_the_paper_in_float64(generator: Generator3) -> None:
    ws = latents(generator)
    network = Network(generator)
    x = waves_64(generator, ws[:, 0].double())
    assert relative(network.synthesis(ws, stop=0).double(), x) < 1e-5
    for n, layer in enumerate(generator.synthesis.filtered(), 1):
        x = layer_64(x, ws[:, n].double(), layer)
        if not layer.shape.colours:
            assert relative(network.synthesis(ws, stop=n).double(), x) < 1e-5
    assert relative(network.synthesis(ws).double(), x * 0.25) < 1e-5
    assert relative(network.synthesis(ws[:1]).double(), x[:1] * 0.25) < 1e-5


def test_mapping_with_classes_by_hand() -> None:
    """A class takes its row of the table, and psi draws to the class's own mean (arXiv 2202.00273)."""
    generator = made(*KINDS["xl"])
    m = generator.mapping
    with torch.no_grad():
        m.embed_proj.bias.normal_()
    network = Network(generator)
    z = torch.randn(2, 8)
    row = m.embed.weight[2] @ m.embed_proj.weight.T / 5**0.5 + m.embed_proj.bias
    row = F.leaky_relu(row, 0.2) * 2**0.5
    x = torch.cat([z / z.square().mean(1, keepdim=True).sqrt(), (row / row.square().mean().sqrt()).expand(2, -1)], 1)
    for layer in (m.fc0, m.fc1):
        x = F.linear(x, layer.weight * 0.01 / x.shape[1] ** 0.5, layer.bias * 0.01)
        x = F.leaky_relu(x, 0.2) * 2**0.5
    c = torch.eye(3)[[2, 2]]
    assert relative(network.mapping(z, c)[:, 0], x) < 1e-5
    drawn = network.mapping(z, c, psi=0.5, cutoff=2)
    assert relative(drawn[:, 1], (x + m.w_avg[2]) / 2) < 1e-5
    assert relative(drawn[:, 2], x) < 1e-5
    assert network.w_centres.shape == (3, 12)
    assert torch.allclose(network.w_avg, m.w_avg.mean(0))
    both = network.mapping(z, torch.tensor([[0.5, 0.5, 0.0]]).expand(2, 3), psi=0.0)
    assert torch.allclose(both[0, 0], (m.w_avg[0] + m.w_avg[1]) / 2, atol=1e-6)
    assert torch.equal(network.mapping(z), network.mapping(z, torch.eye(3)[[0, 0]]))


# --- low-passes


@pytest.mark.parametrize("taps", [12, 24])
def test_low_passes_are_kaiser_sincs(taps: int) -> None:
    for cutoff, width, rate in ((2.0, 4.57, 32.0), (5.4, 9.0, 64.0)):
        wanted = firwin(taps, cutoff, width=width, fs=rate)
        assert np.allclose(kaiser_low_pass(taps, cutoff, width, rate), wanted, atol=1e-12)
    assert kaiser_low_pass(1, 2.0, 4.0, 32.0) is None


def test_the_round_low_pass_is_round() -> None:
    kernel = kaiser_low_pass(12, 3.0, 6.0, 32.0, radial=True)
    assert kernel is not None and abs(kernel.sum() - 1) < 1e-12
    assert np.allclose(kernel, kernel.T) and np.allclose(kernel, np.rot90(kernel))
    at = (np.arange(12) - 5.5) / 32
    radius = np.hypot(*np.meshgrid(at, at)) * 6.0 * np.pi
    window = np.outer(*[np.kaiser(12, np.log(1))] * 2)  # a window of ones: only the jinc's own zeros are compared
    assert np.array_equal(np.sign(kernel).round(), np.sign(j1(radius) / radius * window).round())


@pytest.mark.parametrize(("up", "down", "pad"), [(2, 2, 3), (4, 2, -5), (4, 4, 7), (2, 1, 0), (1, 1, 4)])
def test_phases_are_the_filter(up: int, down: int, pad: int) -> None:
    rng = np.random.RandomState(up * 10 + down)
    x, first, second = rng.randn(9), rng.randn(6 * up), rng.randn(5 * down)
    stuffed = np.zeros(9 * up)
    stuffed[::up] = x
    padded = np.concatenate([np.zeros(max(pad, 0)), stuffed[max(-pad, 0) :], np.zeros(4)])
    fine = np.convolve(padded, first, "valid")
    wanted = np.convolve(fine, second, "valid")[::down]
    phases = up_phases(first, up, pad)

    def sample(i: int) -> float:
        return float(x[i]) if 0 <= i < 9 else 0.0

    made = [sum(t * sample(n // up + phases.offset + j) for j, t in enumerate(phases.taps[n % up])) for n in range(200)]
    assert np.allclose(made[: len(fine)], fine)
    reads, length = down_reads(len(second), up, down)
    turned, ratio = np.append(second[::-1], 0.0), up // down
    for m, value in enumerate(wanted):
        a, b = divmod(m, ratio)
        got = sum(turned[reads[b, r, j]] * made[(a + j) * up + r] for r in range(up) for j in range(length))
        assert np.isclose(got, value)


# --- what it was made for


def picture(network: Network, ws: torch.Tensor, **more: Any) -> torch.Tensor:
    return network.synthesis(ws, **more)


def turn(degrees: float) -> torch.Tensor:
    a = math.radians(degrees)
    return torch.tensor([[math.cos(a), -math.sin(a), 0.0], [math.sin(a), math.cos(a), 0.0], [0.0, 0.0, 1.0]])


def shift(x: float, y: float) -> torch.Tensor:
    return torch.tensor([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def fidelity_db(a: torch.Tensor, b: torch.Tensor, rim: int) -> float:
    """Signal to difference, in the middle of the picture."""
    a, b = a[..., rim:-rim, rim:-rim], b[..., rim:-rim, rim:-rim]
    return float(10 * torch.log10(b.var() / (a - b).square().mean()))


@pytest.mark.parametrize("kind", ["t", "r"])
def test_the_picture_moves_with_the_input(kind: str) -> None:
    """Four whole pixels to the right and two down: the same picture, moved."""
    network = Network(made(*MOVED[kind]))
    ws = latents(network.generator, 1)
    plain = picture(network, ws)
    moved = picture(network, ws, transform=shift(-4 / 32, -2 / 32))
    assert fidelity_db(moved, plain.roll((2, 4), (2, 3)), 6) > 30
    assert fidelity_db(moved, plain.roll((2, 4), (2, 3)), 6) > fidelity_db(moved, plain, 6) + 15
    part = picture(network, ws, transform=shift(-0.5 / 32, 0.0))  # half a pixel: what a perfect interpolator gives
    freq = torch.fft.fftfreq(32)
    wanted = torch.fft.ifft(torch.fft.fft(plain, dim=3) * torch.exp(-2j * math.pi * freq * 0.5), dim=3).real
    assert fidelity_db(part, wanted, 8) > fidelity_db(plain, wanted, 8) + 6


def test_the_round_one_turns_with_its_input_and_the_other_does_not() -> None:
    results = {}
    for kind in ("r", "t"):
        network = Network(made(*MOVED[kind]))
        ws = latents(network.generator, 1)
        plain, turned = picture(network, ws), picture(network, ws, transform=turn(90.0))
        results[kind] = max(fidelity_db(turned, plain.rot90(k, (2, 3)), 4) for k in (1, 3))
    assert results["r"] > 30 > 10 > results["t"]


def test_a_wide_picture_holds_the_square_one() -> None:
    """The plane has no end: what a wider picture adds lies beside what was there."""
    network = Network(made(*MOVED["t"]))
    ws = latents(network.generator, 1)
    plain = picture(network, ws)
    wide = picture(network, ws, shape=(4, 8))
    assert wide.shape == (1, 3, 32, 64)
    assert fidelity_db(wide[..., 16:48], plain, 4) > 25
    left = picture(network, ws, transform=shift(-0.25, 0.0))
    assert fidelity_db(wide[..., 8:40], left, 8) > 20


# --- the interface


def test_it_is_what_the_instrument_asks_for(generator: Generator3) -> None:
    network = Network(generator)
    assert isinstance(network, StyleNetwork)
    assert (network.family, network.num_layers, network.has_transform) == ("stylegan3", 0, True)
    assert [layer.ws for layer in network.layers] == list(range(network.num_ws))
    ws = latents(generator)
    seen: list[tuple[int, ...]] = []
    plain = network.synthesis(ws)
    again = network.synthesis(ws, each=lambda layer, x: (seen.append(tuple(x.shape)), x)[1])
    assert torch.equal(plain, again)
    assert seen == [(2, x.channels, x.side, x.side) for x in network.layers]
    for layer in network.layers:
        assert network.style_weight(layer).shape[1] == network.w_dim
        assert network.synthesis(ws, stop=layer.index).shape == (2, layer.channels, layer.side, layer.side)
        halved = network.synthesis(ws, each=lambda one, x, layer=layer: x * 0.5 if one is layer else x)
        assert relative(halved, plain) > 1e-3
    assert plain.dtype == torch.float32
    for noise in ("random", "none"):
        assert torch.equal(network.synthesis(ws, noise), plain)
    assert relative(torch.cat([network.synthesis(w[None]) for w in ws]), plain) < 1e-5


def test_bfloat16_is_near() -> None:
    generator = made(*KINDS["t"])
    ws = latents(generator)
    assert relative(Network(generator, dtype=torch.bfloat16).synthesis(ws), Network(generator).synthesis(ws)) < 0.05


def test_cards_of_it() -> None:
    for arch, _ in KINDS.values():
        assert Architecture3.from_table(arch.table()) == arch
    table = MOVED["t"][0].table()
    layers = table["layers"]
    for change, match in (
        ({"layers": layers[:-1]}, "the last layer"),
        ({"layers": [*layers[-2::-1], layers[-1]]}, "does not fit"),
        ({"layers": [{**layers[0], "pad_after": 9}, *layers[1:]]}, "does not fit"),
        ({"layers": [{**layers[0], "up": 10**9}, *layers[1:]]}, "up cannot be"),
        ({"layers": [{**layers[0], "name": "../x"}, *layers[1:]]}, "name cannot be"),
        ({"layers": []}, "list of 1"),
        ({"input": {**table["input"], "bandwidth": 99.0}}, "bandwidth"),
        ({"z_dim": "many"}, "z_dim cannot be"),
        ({"surprise": 1}, "surprise"),
        ({"resolution": 64}, "does not give"),
    ):
        with pytest.raises(ModelError, match=match):
            Architecture3.from_table({**table, **change})
