"""The latent studio: pictures are found, work goes on after a kill, sheets show what the instrument paints."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "generators"))
import tiny

from perform.cli import main
from perform.core.errors import MediaError, ModelError
from perform.generators.stylegan.saved import read_latent
from perform.studio import likeness
from perform.studio.clip import Judge, find_clip
from perform.studio.evolve import Breed, evolve
from perform.studio.explore import explore
from perform.studio.project import Search, project
from perform.studio.sheet import read_picture

ROOT = Path(__file__).resolve().parents[2]


def quiet(_done: int, _total: int) -> None:
    pass


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return tiny.stylegan2()


def own_picture(network, path: Path, seed: int = 7) -> Path:
    """One of the model's own pictures, as a file: there is a latent to be found."""
    made = network.synthesis(network.mapping(network.seed(seed), psi=0.7))[0].clamp(-1, 1)
    Image.fromarray(((made + 1) * 127.5).byte().permute(1, 2, 0).numpy()).save(path)
    return path


@pytest.mark.parametrize("family", ["stylegan2", "stylegan3"])
def test_gradients_pass_through_every_family_and_the_picture_is_the_same(family: str) -> None:
    network = getattr(tiny, family)()
    ws = network.mapping(network.seed(3)).clone().requires_grad_(True)
    picture = network.traced(ws)
    picture.square().mean().backward()
    assert torch.isfinite(ws.grad).all() and ws.grad.abs().max() > 0
    played = network.synthesis(ws.detach())
    assert float((picture.detach() - played).norm() / played.norm()) < 1e-4


def test_a_picture_of_the_model_is_found_again(network, tmp_path: Path) -> None:
    found = project(network, own_picture(network, tmp_path / "own.png"), tmp_path / "out", 120, quiet)
    assert found.distance < 0.5 * found.start
    assert found.ws.shape[1:] == (network.num_ws, network.w_dim) and len(found.ws) > 10
    assert Image.open(tmp_path / "out" / "preview.png").size[0] == 2 * network.resolution


def test_a_search_that_was_killed_ends_where_one_that_was_not_does(network, tmp_path: Path) -> None:
    target = read_picture(own_picture(network, tmp_path / "own.png"), network.resolution)
    whole = Search(network, target, 30, likeness.plain)
    for _ in range(30):
        whole.step()
    first = Search(network, target, 30, likeness.plain)
    for _ in range(20):
        first.step()
    first.save(tmp_path / "state.safetensors")
    second = Search(network, target, 30, likeness.plain)
    assert second.restore(tmp_path / "state.safetensors") and second.done == 20
    for _ in range(10):
        second.step()
    assert torch.equal(second.w, whole.w) and second.best == whole.best
    other = Search(network, target, 31, likeness.plain)
    assert not other.restore(tmp_path / "state.safetensors"), "another search must not take it up"


def test_a_broken_state_is_said(network, tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
    search = Search(network, np.zeros((32, 32, 3), np.uint8), 20, likeness.plain)
    with pytest.raises(ModelError, match="delete it"):
        search.restore(tmp_path / "state.safetensors")


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_pictures_that_are_none_are_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(MediaError, match=r"bad\.png") as caught:
        read_picture(tmp_path / "bad.png", 32)
    assert "\n" not in str(caught.value)
    with pytest.raises(MediaError, match="no such picture"):
        read_picture(tmp_path / "none.png", 32)


def lpips_file(path: Path) -> Path:
    """Random weights in the shape of LPIPS on AlexNet."""
    from safetensors.torch import save_file

    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    chance = torch.Generator().manual_seed(1)
    weights = {}
    for index, (number, (out, into, side)) in enumerate(shapes.items()):
        weights[f"features.{number}.weight"] = 0.05 * torch.randn(out, into, side, side, generator=chance)
        weights[f"features.{number}.bias"] = torch.zeros(out)
        weights[f"lin{index}.model.1.weight"] = torch.rand(1, out, 1, 1, generator=chance)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path)
    return path


def test_lpips_is_taken_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert likeness.chosen()[1] == "plain"
    lpips_file(tmp_path / "perception" / likeness.LPIPS_FILE)
    distance, name = likeness.chosen()
    assert name == "lpips"
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    near, far = (picture + 0.05).clamp(-1, 1), -picture
    assert float(distance(picture, picture)) < float(distance(near, picture)) < float(distance(far, picture))
    (tmp_path / "perception" / likeness.LPIPS_FILE).write_bytes(b"broken")
    with pytest.raises(ModelError, match="LPIPS"):
        likeness.chosen()


def redness(pictures) -> np.ndarray:
    """A judge that needs no network: how much redder than green."""
    return (pictures[:, 0] - pictures[:, 1]).mean((1, 2)).numpy()


def test_breeding_climbs_and_goes_on_after_a_kill(network, tmp_path: Path) -> None:
    whole = evolve(network, redness, tmp_path / "whole", 12, quiet)
    first = float(redness(whole.pictures([np.zeros(len(whole.mean))]))[0])
    assert whole.best > first + 0.02 and len(whole.way) == 12
    evolve(network, redness, tmp_path / "parts", 5, quiet)
    parts = evolve(network, redness, tmp_path / "parts", 12, quiet)
    assert parts.best == whole.best and np.array_equal(parts.mean, whole.mean)
    assert (tmp_path / "parts" / "sheet.png").is_file() and (tmp_path / "parts" / "preview.png").is_file()


def test_a_judge_that_breaks_is_said(network) -> None:
    with pytest.raises(ModelError, match="not finite"):
        Breed(network, 1).generation(lambda pictures: np.full(len(pictures), np.nan))


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIP with random weights, in the layout of transformers."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("perception") / "tiny_clip"
    text = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "max_position_embeddings": 16, "eos_token_id": 1}  # fmt: skip
    vision = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
              "image_size": 32, "patch_size": 8}  # fmt: skip
    torch.manual_seed(5)
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)
    transformers.CLIPModel(config).save_pretrained(folder)
    words = {word: n for n, word in enumerate(["<pad>", "<end>", "<unknown>", "red", "blue", "marble"])}
    own = Tokenizer(models.WordLevel(words, unk_token="<unknown>"))
    own.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=own, pad_token="<pad>", eos_token="<end>", unk_token="<unknown>"
    ).save_pretrained(folder)
    return folder


def test_a_local_clip_judges(network, clip_folder: Path) -> None:
    judge = Judge(find_clip(clip_folder), "red marble")
    pictures = torch.stack([torch.full((3, 32, 32), v) for v in (-0.8, 0.0, 0.9)])
    scores = judge(pictures)
    assert scores.shape == (3,) and np.isfinite(scores).all() and np.abs(scores).max() <= 1.0
    other = Judge(find_clip(clip_folder), "blue blue")(pictures)
    assert not np.allclose(scores, other), "the words should matter"


def test_without_a_clip_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="--clip"):
        find_clip(None)
    with pytest.raises(ModelError, match="no CLIP"):
        find_clip(tmp_path)


def test_sheets_show_what_the_instrument_paints(network, tmp_path: Path) -> None:
    index = explore(tiny.instrument(network), tmp_path, quiet, seeds=5, directions=2, side=24)
    page = index.read_text("utf-8")
    for name in ("seeds", "directions_sefa", "directions_pca", "layers", "truncation"):
        assert f"{name}.png" in page
        picture = np.asarray(Image.open(tmp_path / f"{name}.png"))
        assert picture.std() > 5.0, name


def test_the_commands_from_a_picture_to_a_latent_in_a_show(tmp_path: Path, monkeypatch, capsys) -> None:
    """With the model that ships: project, then play the latent through a preset."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 30), (180, 40, 20)).save("red.png")
    assert main(["project", "red.png", "--model", "noctiluca", "--steps", "20", "--name", "red"]) == 0
    latent = read_latent(tmp_path / "latents" / "red")
    assert latent.model == "noctiluca" and latent.made["picture"] == "red.png"
    assert (tmp_path / "latents" / "red" / "way.mp4").stat().st_size > 1000
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "own.toml").write_text(
        'version = 1\n[deck.a]\nsource = "model:noctiluca"\n[deck.a.params]\nlatent = "red"\nwalk = "hold"\n'
    )
    capsys.readouterr()
    assert main(["render", "synth", "--frames", "out", "--preset", "own", "--size", "64x64", "--seconds", "0.1"]) == 0
    assert "latent" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["project", "none.png", "--model", "noctiluca"],
        ["project", "none.png", "--model", "nothing_there"],
        ["project", "none.png", "--model", "noctiluca", "--steps", "1"],
        ["evolve", "--model", "noctiluca", "--text", " "],
        ["evolve", "--model", "noctiluca", "--text", "red"],
        ["explore", "--model", "noctiluca", "--seeds", "0"],
        ["explore", "--model", "nothing_there"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_one_line(words: list[str], tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) != 0
    err = capsys.readouterr().err.strip()
    assert err.startswith("perform: ") and "\n" not in err and "something broke" not in err
