"""Checkpoints of every family, as their own trainings write them, become models with the very same numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forged
import nets
import pytest
import torch
from safetensors.torch import save_file

from perform.cli import main
from perform.core.errors import ModelError
from perform.generators.stylegan import Network, load_network
from perform.generators.stylegan.convert import Stated, convert_file

TWO: dict[str, dict[str, Any]] = {
    "plain": {}, "classes": {"c_dim": 3, "embed_features": 5}, "clamped": {"conv_clamp": 0.8, "layer_features": 9},
    "orig": {"wiring": "orig"}, "resnet": {"wiring": "resnet"}, "grey": {"img_channels": 1},
    "uneven": {"widths": (12, 5, 7)}, "high": {"columns": 2}, "wide": {"columns": 7, "wiring": "resnet"},
}  # fmt: skip
THREE = ("t", "r", "classes", "xl", "xl_head")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def imported(tmp_path: Path, content: bytes, name: str = "mine.pkl", **more: Any) -> Network:
    path = tmp_path / name
    path.write_bytes(content)
    card = convert_file(path, tmp_path / "models" / "mine", Stated("mine"), **more)
    return load_network(card.folder)


def same(found: Network, generator: Any, tolerance: float = 0.0) -> None:
    """Architecture, tensors and pictures of the imported model against the network that was written down."""
    wanted = Network(generator)
    own, other = wanted.generator.state_dict(), found.generator.state_dict()
    assert own.keys() == other.keys()
    for name, value in own.items():
        assert float((value - other[name]).abs().max()) <= tolerance, name
    z = torch.randn(2, wanted.z_dim)
    c = torch.eye(wanted.c_dim)[[1, 2]] if wanted.c_dim else None
    ws = wanted.mapping(z, c, 0.7, 3)
    assert torch.allclose(found.mapping(z, c, 0.7, 3), ws, atol=1e-5)
    assert torch.allclose(found.synthesis(ws), wanted.synthesis(ws), atol=1e-4)
    assert (found.z_dim, found.w_dim, found.c_dim, found.num_ws) == (
        wanted.z_dim,
        wanted.w_dim,
        wanted.c_dim,
        wanted.num_ws,
    )


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_stylegan2_at_every_protocol(tmp_path: Path, protocol: int) -> None:
    generator = nets.two()
    same(imported(tmp_path, forged.pickled(forged.snapshot(forged.stylegan2(generator)), protocol)), generator)


@pytest.mark.parametrize("kind", TWO)
def test_stylegan2_in_every_shape(tmp_path: Path, kind: str) -> None:
    generator = nets.two(**TWO[kind])
    found = imported(tmp_path, forged.pickled(forged.snapshot(forged.stylegan2(generator))))
    same(found, generator)
    assert found.arch.conv_clamp == generator.arch.conv_clamp
    assert found.arch.wiring == generator.arch.wiring


@pytest.mark.parametrize("kind", THREE)
def test_stylegan3_and_xl(tmp_path: Path, kind: str) -> None:
    generator = nets.three(kind)
    found = imported(tmp_path, forged.pickled(forged.snapshot(forged.stylegan3(generator)), 4))
    same(found, generator)
    assert found.arch.layers == generator.arch.layers
    family = {"t": "StyleGAN3-T", "r": "StyleGAN3-R", "classes": "StyleGAN3-T"}.get(kind, "StyleGAN-XL")
    assert found.card.source["family"] == family


@pytest.mark.parametrize("kind", ["plain", "classes", "orig", "resnet"])
def test_stylegan2_of_tensorflow(tmp_path: Path, kind: str) -> None:
    generator = nets.two(**{k: v for k, v in TWO[kind].items() if k != "embed_features"})
    same(imported(tmp_path, forged.pickled(forged.tensorflow(generator))), generator, 1e-6)


def test_a_single_network_of_tensorflow_and_one_written_by_python_2(tmp_path: Path) -> None:
    generator = nets.two()
    content = forged.pickled(forged.tensorflow(generator)[2], 2)
    same(imported(tmp_path, content), generator, 1e-6)


@pytest.mark.parametrize("form", ["zip", "legacy", "inside"])
@pytest.mark.parametrize("average", [True, False])
def test_rosinality(tmp_path: Path, form: str, average: bool) -> None:
    generator = nets.two()
    state = forged.rosinality(generator)
    entries, storages = forged.beside(state)
    whole: dict[str, Any] = {"g_ema": entries, "args": forged.Call(forged.Global("argparse", "Namespace"))}
    if average:
        whole["latent_avg"] = forged.tensor(generator.mapping.w_avg)
    if form == "zip":
        forged.zip_file(tmp_path / "mine.pt", whole, {k: data for k, (data, _) in storages.items()})
        content = (tmp_path / "mine.pt").read_bytes()
    elif form == "legacy":
        content = forged.legacy_file(whole, storages)
    else:
        content = forged.pickled(whole | {"g_ema": forged.ordered(**{k: forged.tensor(v) for k, v in state.items()})})
    found = imported(tmp_path, content, "mine.pt")
    if not average:
        with torch.no_grad():
            z = torch.randn(20_000, 8, generator=torch.Generator().manual_seed(1))
            w = generator.mapping(z)
        assert float((found.w_avg - w.mean(0)).norm() / w.std()) < 0.1
        generator.mapping.w_avg.copy_(found.w_avg)
    same(found, generator, 1e-6)


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_a_bare_state_dict(tmp_path: Path, form: str) -> None:
    generator = nets.two()
    state = {k: v.detach().clone() for k, v in generator.state_dict().items()}
    if form == "safetensors":
        save_file(state, tmp_path / "mine.pt")
        content = (tmp_path / "mine.pt").read_bytes()
    else:
        entries, storages = forged.beside(state)
        forged.zip_file(tmp_path / "z", entries, {k: data for k, (data, _) in storages.items()})
        content = (tmp_path / "z").read_bytes() if form == "zip" else forged.legacy_file(entries, storages)
    found = imported(tmp_path, content, "mine.pt")
    generator.arch = found.arch
    same(found, generator)


@pytest.mark.parametrize("kind", ["t", "r", "classes", "xl_head"])
def test_a_bare_state_dict_of_stylegan3(tmp_path: Path, kind: str) -> None:
    generator = nets.three(kind)
    save_file({k: v.detach().clone() for k, v in generator.state_dict().items()}, tmp_path / "mine.safetensors")
    config = tmp_path / "mine.toml"
    if kind == "xl_head":
        with pytest.raises(ModelError, match=r"up_factor and head_layers\), see docs/your_checkpoint"):
            convert_file(tmp_path / "mine.safetensors", tmp_path / "m", Stated("m"))
        config.write_text("up_factor = 2\nhead_layers = 3\n")
    card = convert_file(tmp_path / "mine.safetensors", tmp_path / "m", Stated("m"))
    found = load_network(card.folder)
    assert found.arch.input == generator.arch.input
    assert found.arch.layers == generator.arch.layers
    same(found, generator)


def test_a_config_says_what_tensors_cannot(tmp_path: Path) -> None:
    generator = nets.two(conv_clamp=0.5, mapping_lr_multiplier=0.1)
    save_file({k: v.detach().clone() for k, v in generator.state_dict().items()}, tmp_path / "mine.safetensors")
    config = tmp_path / "other.json"
    config.write_text('{"conv_clamp": 0.5, "mapping_lr_multiplier": 0.1}')
    card = convert_file(tmp_path / "mine.safetensors", tmp_path / "m", Stated("m"), config)
    same(load_network(card.folder), generator)
    for text, match in (
        ("{", "cannot be read"),
        ('{"speed": 1}', "'speed'; known are"),
        ('{"conv_clamp": "x"}', "number"),
    ):
        config.write_text(text)
        with pytest.raises(ModelError, match=match):
            convert_file(tmp_path / "mine.safetensors", tmp_path / "n", Stated("n"), config)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_kinds_of_number_and_other_layouts(tmp_path: Path, kind: torch.dtype) -> None:
    generator = nets.two()
    state = {k: v.detach().to(kind) for k, v in generator.state_dict().items()}
    entries = {k: forged.tensor(v) for k, v in state.items()}
    name = "synthesis.b8.conv1.weight"
    last = state[name].permute(0, 2, 3, 1).contiguous()  # channels last: the same tensor, laid out otherwise
    entries[name] = forged.tensor(last, stride=tuple(last.permute(0, 3, 1, 2).stride()))
    entries[name].args = (*entries[name].args[:2], tuple(state[name].shape), *entries[name].args[3:])
    found = imported(tmp_path, forged.pickled({"G_ema": forged.ordered(**entries)}))
    generator.load_state_dict({k: v.float() for k, v in state.items()})
    same(found, generator)


def test_trained_without_noise(tmp_path: Path) -> None:
    generator = nets.two()
    state = {k: v.detach().clone() for k, v in generator.state_dict().items() if "noise" not in k}
    save_file(state, tmp_path / "mine.safetensors")
    found = load_network(convert_file(tmp_path / "mine.safetensors", tmp_path / "m", Stated("m")).folder)
    ws = found.mapping(torch.randn(1, 8))
    assert torch.equal(found.synthesis(ws, "const"), found.synthesis(ws, "none"))
    assert torch.allclose(found.synthesis(ws), Network(generator).synthesis(ws, "none"), atol=1e-4)


# --- the card, the cache, the command


def test_the_card_says_what_is_known_and_what_is_not(tmp_path: Path) -> None:
    content = forged.pickled(forged.snapshot(forged.stylegan2(nets.two())))
    (tmp_path / "x.pkl").write_bytes(content)
    card = convert_file(tmp_path / "x.pkl", tmp_path / "a", Stated("a"))
    assert (card.author, card.licence, card.training["data"]) == ("unknown", "unknown", "not stated")
    assert card.source["file"] == "x.pkl" and card.source["format"] == "pickle" and card.source["part"] == "G_ema"
    assert len(card.source["sha256"]) == 64
    said = Stated("b", 'CC BY 4.0 "or so"', "Ada\nLovelace", "7 000 drawings\x7f")
    card = convert_file(tmp_path / "x.pkl", tmp_path / "b", said)
    assert (card.licence, card.author, card.training["data"]) == (said.licence, said.author, said.data)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "x.pkl"]
    assert sorted(p.name for p in card.folder.iterdir()) == ["model.toml", "weights.safetensors"]


def test_a_foreign_file_is_loaded_by_its_path_and_converted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = nets.three("r")
    path = tmp_path / "Her Best (2).pkl"
    path.write_bytes(forged.pickled(forged.snapshot(forged.stylegan3(generator))))
    same(load_network(path), generator)
    kept = list((tmp_path / "cache" / "perform" / "models").iterdir())
    assert len(kept) == 1 and kept[0].name.startswith("her_best_2_")
    monkeypatch.setattr("perform.generators.stylegan.convert.cache.convert_file", None)
    same(load_network(path), generator)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def perform(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    monkeypatch.chdir(tmp_path)
    generator = nets.two()
    (tmp_path / "My Net.pkl").write_bytes(forged.pickled(forged.snapshot(forged.stylegan2(generator))))
    code, _, said = perform("models", "import", "My Net.pkl", "--licence", "CC0")
    assert code == 0 and "StyleGAN2, 16 px" in said and "perform play --model my_net" in said
    same(load_network(tmp_path / "data" / "perform" / "models" / "my_net"), generator)
    out = perform("models", "info", "my_net")[1]
    assert "licence: CC0" in out and "author: unknown" in out
    assert json.loads(perform("models", "info", "my_net", "--json")[1])["source"]["file"] == "My Net.pkl"
    assert "my_net" in perform("models", "list")[1]
    for arguments, code, match in (
        (("models", "import", "My Net.pkl"), 64, "is there already"),
        (("models", "import", "My Net.pkl", "--name", "../x"), 64, "made of a-z"),
        (("models", "import", "gone.pkl"), 65, "gone.pkl: cannot be read"),
        (("models", "import", "."), 65, "is no file"),
        (("models", "info", "nobody"), 65, "no model 'nobody'"),
        (
            ("play", "--model", "My Net.pkl", "--display", "offscreen", "--seconds", "1"),
            64,
            "perform models import My Net",
        ),
    ):
        got, _, said = perform(*arguments)
        assert got == code and match in said and said.count("\n") == 1, said


@pytest.mark.parametrize("family", ["two", "t", "r", "classes", "xl", "xl_head"])
def test_every_family_plays(tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str) -> None:
    """A show, offscreen, with the family's tiny network, to its last frame."""
    value = forged.stylegan2(nets.two()) if family == "two" else forged.stylegan3(nets.three(family))
    (tmp_path / "tiny.pkl").write_bytes(forged.pickled(forged.snapshot(value)))
    convert_file(tmp_path / "tiny.pkl", tmp_path / "tiny", Stated("tiny"))
    options = ("--display", "offscreen", "--size", "96x64", "--seconds", "2", "--osc-port", "-1", "--device", "cpu")
    assert main(["play", "--json", "--model", str(tmp_path / "tiny"), *options]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["counts"]["deck a frames"] > 3, said.err
    assert report["decks"]["a"]["failures"] == 0, report["decks"]
