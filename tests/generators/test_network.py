"""The StyleGAN2 network: formulas worked by hand, fused against plain, and files that lie."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from perform.core.errors import ModelError
from perform.generators.stylegan import Architecture, Generator, Network, load_network, seed_z
from perform.generators.stylegan.layers import Convolution, ToRGB, blur_kernel, upsample

SMALL = Architecture(z_dim=8, w_dim=12, num_mapping_layers=2, resolution=32, channel_base=256, channel_max=24)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(3)
    made = Generator(SMALL)
    with torch.no_grad():
        made.mapping.w_avg.normal_()
        for name, value in made.named_parameters():
            if name.endswith("noise_strength"):
                value.normal_(0, 0.3)
            if name.endswith("bias"):
                value.add_(torch.randn_like(value) * 0.2)
    return made


@pytest.fixture(scope="module")
def network(generator: Generator) -> Network:
    return Network(generator)


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(((a - b).norm() / b.norm()).detach())


def write_model(folder: Path, generator: Generator, state: dict[str, torch.Tensor] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    state = state or {k: v.detach().clone() for k, v in generator.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    write_card(folder, generator)
    return folder


def write_card(folder: Path, generator: Generator) -> None:
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    a = generator.arch
    (folder / "model.toml").write_text(
        f'version = 1\nname = "t"\nkind = "stylegan2"\nweights = "weights.safetensors"\nsha256 = "{digest}"\n'
        f"[architecture]\nz_dim = {a.z_dim}\nw_dim = {a.w_dim}\nnum_mapping_layers = {a.num_mapping_layers}\n"
        f"resolution = {a.resolution}\nchannel_base = {a.channel_base}\nchannel_max = {a.channel_max}\n"
    )


def test_shapes_and_counts(network: Network) -> None:
    assert (network.z_dim, network.w_dim, network.c_dim, network.num_ws, network.resolution) == (8, 12, 0, 8, 32)
    assert network.num_layers == 7
    ws = network.mapping(torch.randn(3, 8))
    assert ws.shape == (3, 8, 12)
    picture = network.synthesis(ws)
    assert picture.shape == (3, 3, 32, 32)
    assert picture.dtype == torch.float32
    assert network.w_avg.shape == (12,)


def test_parameter_names_are_the_public_ones(generator: Generator) -> None:
    names = set(generator.state_dict())
    for name in (
        "mapping.w_avg",
        "mapping.fc0.weight",
        "synthesis.b4.const",
        "synthesis.b4.conv1.noise_const",
        "synthesis.b8.conv0.affine.weight",
        "synthesis.b8.conv0.noise_strength",
        "synthesis.b32.torgb.bias",
    ):
        assert name in names
    assert "synthesis.b4.conv0.weight" not in names


def test_seeds_follow_the_convention() -> None:
    assert np.allclose(seed_z(42, 16).numpy(), np.random.RandomState(42).randn(1, 16), atol=1e-6)


@pytest.mark.parametrize("up", [False, True])
def test_convolution_against_the_textbook(up: bool) -> None:
    """Equations 1 to 3 of arXiv 1912.04958 as they stand: per-sample weights, grouped convolution, float64."""
    torch.manual_seed(0)
    conv = Convolution(5, 6, 7, (16, 16) if up else (8, 8), up=up).double()
    with torch.no_grad():
        conv.bias.normal_()
        conv.noise_strength.fill_(0.4)
    x, w = torch.randn(3, 5, 8, 8).double(), torch.randn(3, 7).double()
    noise = conv.noise_const[None, None]
    style = F.linear(w, conv.affine.weight / 7**0.5, conv.affine.bias)
    weight = conv.weight[None] * style[:, None, :, None, None]
    weight = weight / (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    if up:
        parts = [F.conv_transpose2d(x[i : i + 1], weight[i].transpose(0, 1), stride=2) for i in range(3)]
        tap = torch.tensor([1.0, 3.0, 3.0, 1.0]).double() / 4
        ringed = F.pad(torch.cat(parts), (1, 1, 1, 1)).reshape(18, 1, 19, 19)
        wanted = F.conv2d(ringed, torch.outer(tap, tap)[None, None])
        wanted = wanted.reshape(3, 6, 16, 16)
    else:
        wanted = F.conv2d(x.reshape(1, 15, 8, 8), weight.reshape(18, 5, 3, 3), padding=1, groups=3).reshape(3, 6, 8, 8)
    wanted = F.leaky_relu(wanted + noise * 0.4 + conv.bias[:, None, None], 0.2) * 2**0.5
    assert relative(conv(x, w, noise), wanted) < 1e-7  # the blur taps are exact; eps stands inside the root in both


def test_torgb_by_hand() -> None:
    layer = ToRGB(4, 3).double()
    x, w = torch.ones(1, 4, 2, 2).double(), torch.zeros(1, 3).double()
    wanted = layer.weight[:, :, 0, 0].sum(1) / 4**0.5  # at w = 0 every style is its bias, one
    assert torch.allclose(layer(x, w)[0, :, 0, 0], wanted)


def test_upsample_is_the_filter_zero_outside() -> None:
    x = torch.randn(2, 3, 5, 7)
    spread = torch.zeros(2, 3, 10, 14)
    spread[:, :, ::2, ::2] = x
    wanted = F.conv2d(F.pad(spread, (2, 1, 2, 1)), blur_kernel(3, 4.0, x), groups=3)
    assert relative(upsample(x), wanted) < 1e-6


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("noise", ["const", "none"])
def test_fused_is_plain(generator: Generator, network: Network, count: int, noise: str) -> None:
    ws = network.mapping(torch.randn(count, 8))
    with torch.no_grad():
        plain = generator.synthesis(ws, noise)
    assert relative(network.synthesis(ws, noise), plain) < 1e-4


def test_clamp_is_kept() -> None:
    torch.manual_seed(1)
    arch = Architecture(**{**{f: getattr(SMALL, f) for f in SMALL.__dataclass_fields__}, "conv_clamp": 0.5})
    made = Generator(arch)
    ws = Network(made).mapping(torch.randn(2, 8))
    with torch.no_grad():
        plain = made.synthesis(ws, "none")
    assert relative(Network(made).synthesis(ws, "none"), plain) < 1e-4
    assert relative(Network(made).synthesis(ws[:1], "none"), plain[:1]) < 1e-4


def test_classes_reach_the_picture() -> None:
    torch.manual_seed(1)
    arch = Architecture(**{**{f: getattr(SMALL, f) for f in SMALL.__dataclass_fields__}, "c_dim": 3})
    net = Network(Generator(arch))
    z = torch.randn(1, 8).repeat(3, 1)
    ws = net.mapping(z, torch.eye(3))
    assert not torch.allclose(ws[0], ws[1])


def test_batch_is_single(network: Network) -> None:
    ws = network.mapping(torch.randn(3, 8))
    together = network.synthesis(ws)
    alone = torch.cat([network.synthesis(w[None]) for w in ws])
    assert relative(together, alone) < 1e-5


def test_bfloat16_is_near(generator: Generator, network: Network) -> None:
    ws = network.mapping(torch.randn(1, 8))
    assert relative(Network(generator, dtype=torch.bfloat16).synthesis(ws), network.synthesis(ws)) < 0.05


def test_noise(network: Network) -> None:
    ws = network.mapping(torch.randn(1, 8))
    assert torch.equal(network.synthesis(ws, "none"), network.synthesis(ws, "none"))
    assert torch.equal(network.synthesis(ws, "const"), network.synthesis(ws, "const"))
    assert not torch.equal(network.synthesis(ws, "none"), network.synthesis(ws, "const"))
    assert torch.equal(network.synthesis(ws, "const", torch.zeros(7)), network.synthesis(ws, "none"))
    assert torch.allclose(network.synthesis(ws, "const", torch.ones(7)), network.synthesis(ws, "const"), atol=1e-5)
    seeded = [network.synthesis(ws, "random", generator=torch.Generator().manual_seed(5)) for _ in range(2)]
    assert torch.equal(*seeded)
    with pytest.raises(ValueError, match="noise must be one of"):
        network.synthesis(ws, "loud")
    with pytest.raises(ValueError, match="7 values"):
        network.synthesis(ws, "const", torch.ones(3))


def test_truncation(network: Network) -> None:
    z = torch.randn(2, 8)
    assert torch.allclose(network.mapping(z, psi=0.0), network.w_avg.expand(2, 8, 12), atol=1e-6)
    cut = network.mapping(z, psi=0.0, cutoff=3)
    assert torch.allclose(cut[:, :3], network.w_avg.expand(2, 3, 12), atol=1e-6)
    assert torch.equal(cut[:, 3:], network.mapping(z)[:, 3:])
    middle = (network.mapping(z) + network.w_avg) / 2
    assert torch.allclose(network.mapping(z, psi=0.5), middle, atol=1e-5)


def test_saved_and_loaded_is_the_same(tmp_path: Path, generator: Generator, network: Network) -> None:
    loaded = load_network(write_model(tmp_path / "t", generator))
    ws = network.mapping(torch.randn(1, 8))
    assert torch.equal(loaded.synthesis(ws), network.synthesis(ws))
    assert loaded.card is not None
    assert loaded.card.name == "t"


def refuse(folder: Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        load_network(folder)
    assert "\n" not in str(caught.value)


def test_files_that_lie(tmp_path: Path, generator: Generator) -> None:
    good = write_model(tmp_path / "good", generator)
    state = load_file(good / "weights.safetensors")

    def variant(name: str, change: dict[str, torch.Tensor | None]) -> Path:
        altered = {k: v for k, v in {**state, **change}.items() if v is not None}
        return write_model(tmp_path / name, generator, altered)

    bias = "synthesis.b8.conv1.bias"
    refuse(variant("nan", {bias: torch.full_like(state[bias], float("nan"))}), "NaN")
    refuse(variant("infinite", {bias: torch.full_like(state[bias], float("inf"))}), "infinity")
    refuse(variant("shape", {bias: torch.zeros(5)}), "conv1.bias is F32")
    refuse(variant("missing", {bias: None}), "lacks synthesis.b8.conv1.bias")
    refuse(variant("more", {"extra": torch.zeros(1)}), "extra")
    refuse(variant("kind", {bias: torch.zeros_like(state[bias], dtype=torch.int32)}), "I32")

    changed = tmp_path / "hash"
    shutil.copytree(good, changed)
    data = bytearray((changed / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (changed / "weights.safetensors").write_bytes(data)
    refuse(changed, "sha256")


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 8, b"\xff" * 64, b"\x02" + b"\0" * 7 + b"[]", None])
def test_files_that_are_no_safetensors(tmp_path: Path, generator: Generator, content: bytes | None) -> None:
    folder = write_model(tmp_path / "t", generator)
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    write_card(folder, generator)  # so that the hash is right and the file itself is looked at
    refuse(folder, "weights.safetensors")


def test_a_card_that_asks_for_too_much(tmp_path: Path, generator: Generator) -> None:
    folder = write_model(tmp_path / "t", generator)
    card = (folder / "model.toml").read_text()
    for old, new, match in (
        ("resolution = 32", "resolution = 48", "power of two"),
        ("resolution = 32", "resolution = 1048576", "resolution must be"),
        ("z_dim = 8", "z_dim = true", "z_dim must be"),
        ("w_dim = 12", "w_dim = 12\nsurprise = 1", "surprise"),
        ("w_dim = 12\n", "", "lacks w_dim"),
        ("resolution = 32", "resolution = 64", "lacks synthesis"),
        ('kind = "stylegan2"', 'kind = "other"', "kind"),
    ):
        (folder / "model.toml").write_text(card.replace(old, new))
        refuse(folder, match)
