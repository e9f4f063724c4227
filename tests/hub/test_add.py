"""`perform models add`: from a hub on loopback, folders and single files; and nothing is fetched at show time."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "generators"))
from hub_server import REVISION, serving

from perform.cli import main
from perform.core.card import check_hash, read_card
from perform.core.errors import ModelError
from perform.generators.diffusion.families import open_parts
from perform.hub.choose import wanted


@pytest.fixture
def hub(monkeypatch):
    with serving() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield made


@pytest.fixture
def repo(hub, tiny_diffusion, tmp_path):
    """owner/model as such repositories are: halves beside wholes, pickles, pictures, a whole file at the top."""
    folder = tmp_path / "repo"
    shutil.copytree(tiny_diffusion, folder)
    (folder / "model.toml").unlink()
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (folder / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(
        next((folder / "unet").glob("*.safetensors")).read_bytes()
    )
    (folder / "whole.safetensors").write_bytes(b"x" * 1000)
    (folder / "cover.png").write_bytes(b"png")
    hub.repos["owner/model"] = folder
    hub.licences["owner/model"] = "mit"
    hub.repos["madebyollin/taesd"] = tiny_diffusion / "vae"
    return folder


def add(tmp_path, *words):
    return main(["models", "add", *words, "--into", str(tmp_path / "models")])


def test_a_repository_becomes_a_model_folder(hub, repo, tmp_path, capsys):
    assert add(tmp_path, "owner/model") == 0
    folder = tmp_path / "models" / "model"
    card = read_card(folder)
    check_hash(card)
    assert card.kind == "diffusion" and card.licence == "mit" and card.author == "owner"
    assert card.source["repo"] == "owner/model" and card.source["revision"] == REVISION
    assert card.source["tiny"] == "madebyollin/taesd" and (folder / "vae_tiny" / "config.json").is_file()
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert not any(
        n.endswith((".bin", ".md", ".png", ".part")) or "fp16" in n or n == "whole.safetensors" for n in names
    )
    asked = [path for path, _ in hub.requests]
    assert any("fp16" in p for p in asked) and not any("whole" in p or ".bin" in p for p in asked)
    assert open_parts(folder).family == "sd"
    assert "licence: mit" in capsys.readouterr().err
    assert not list((tmp_path / "models").glob(".*"))


def test_an_interrupted_fetch_goes_on_where_it_was(hub, repo, tmp_path, capsys):
    name = "unet/diffusion_pytorch_model.fp16.safetensors"
    for _ in range(1):
        hub.cut[name] = 5000
    import perform.hub.fetch as fetch

    tries, fetch.TRIES = fetch.TRIES, 1
    try:
        assert add(tmp_path, "owner/model") == ModelError.exit_code
    finally:
        fetch.TRIES = tries
    assert "add it again" in capsys.readouterr().err and not (tmp_path / "models" / "model").exists()
    hub.requests.clear()
    assert add(tmp_path, "owner/model") == 0
    assert ("/cdn/owner/model/" + name, "bytes=5000-") in hub.requests
    check_hash(read_card(tmp_path / "models" / "model"))


def test_a_lost_connection_is_taken_up_by_itself(hub, repo, tmp_path):
    hub.cut["unet/diffusion_pytorch_model.fp16.safetensors"] = 3000
    hub.cut["text_encoder/model.safetensors"] = 100
    assert add(tmp_path, "owner/model") == 0
    check_hash(read_card(tmp_path / "models" / "model"))


def test_a_wrong_hash_is_thrown_away(hub, repo, tmp_path, capsys):
    hub.wrong.add("vae/diffusion_pytorch_model.safetensors")
    assert add(tmp_path, "owner/model") == ModelError.exit_code
    assert "wrong hash" in capsys.readouterr().err and not (tmp_path / "models" / "model").exists()
    hub.wrong.clear()
    assert add(tmp_path, "owner/model") == 0


def test_a_token_goes_to_the_hub_and_not_to_the_store(hub, repo, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert add(tmp_path, "owner/model") == 0
    assert all(token is None for path, token in hub.tokens if path.startswith("/cdn/"))
    assert any(token == "Bearer hf_secret" for path, token in hub.tokens if "/resolve/" in path)


@pytest.mark.parametrize(("words", "said"), [
    (["owner/nothing"], "no such model"), (["owner/model", "--revision", "v9"], "no revision"),
    (["nonsense"], "no short name"), (["owner/gated"], "agree"),
])  # fmt: skip
def test_what_is_not_there_is_one_line(hub, repo, tmp_path, capsys, words, said):
    hub.repos["owner/gated"] = repo
    hub.gated.add("owner/gated")
    assert add(tmp_path, *words) != 0
    error = capsys.readouterr().err.strip()
    assert said in error and len(error.splitlines()) == 1


def test_no_network_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert add(tmp_path, "owner/model") == ModelError.exit_code
    assert "is there a network" in capsys.readouterr().err


def test_a_repository_of_pickles_is_refused(hub, repo, tmp_path, capsys):
    for path in repo.rglob("*.safetensors"):
        path.unlink()
    assert add(tmp_path, "owner/model") == ModelError.exit_code
    assert "convert it to safetensors" in capsys.readouterr().err


def test_code_in_a_repository_is_refused(hub, repo, tmp_path, capsys):
    (repo / "unet" / "my_unet.py").write_text("evil = 1")
    assert add(tmp_path, "owner/model") == ModelError.exit_code
    assert "code of its own" in capsys.readouterr().err


def test_a_full_disk_is_one_line(hub, repo, tmp_path, capsys, monkeypatch):
    import perform.hub.fetch as fetch

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "_stream", full)
    assert add(tmp_path, "owner/model") != 0
    assert "No space left" in capsys.readouterr().err


def test_a_local_folder_is_copied_and_checked(tiny_diffusion, tmp_path, capsys):
    assert add(tmp_path, str(tiny_diffusion), "--name", "mine", "--licence", "CC0-1.0", "--author", "me") == 0
    card = read_card(tmp_path / "models" / "mine")
    check_hash(card)
    assert card.licence == "CC0-1.0" and card.author == "me"
    assert add(tmp_path, str(tiny_diffusion), "--name", "mine") != 0 and "already" in capsys.readouterr().err


def test_a_lora_of_a_file_and_of_the_hub(hub, tiny_diffusion, tmp_path):
    from test_diffusion_families import lora_file

    parts = open_parts(tiny_diffusion)
    lora_file(tmp_path / "style.safetensors", parts.denoiser, "kohya")
    assert add(tmp_path, str(tmp_path / "style.safetensors"), "--licence", "mine") == 0
    card = read_card(tmp_path / "models" / "style")
    assert card.kind == "lora" and card.licence == "mine"
    hub.repos["owner/lora"] = tmp_path / "hubbed"
    hub.repos["owner/lora"].mkdir()
    shutil.copy(tmp_path / "style.safetensors", hub.repos["owner/lora"] / "pytorch_lora_weights.safetensors")
    assert add(tmp_path, "owner/lora", "--lora", "--name", "hubbed") == 0
    shutil.copytree(tiny_diffusion, tmp_path / "models" / "tiny")
    loras = open_parts(tmp_path / "models" / "tiny").loras
    assert loras.read("style").licence == "mine" and loras.read("hubbed").pairs


@pytest.mark.filterwarnings("ignore")
def test_a_whole_model_in_one_file(tiny_diffusion, tmp_path, capsys):
    """A checkpoint of the first release's layout and names, by the settings of a folder."""
    from safetensors.torch import save_file

    file = tmp_path / "whole.safetensors"
    save_file({"x": torch.zeros(2)}, file)
    assert add(tmp_path, str(file)) != 0 and "--config" in capsys.readouterr().err
    assert add(tmp_path, str(file), "--config", str(tiny_diffusion)) == ModelError.exit_code
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    (tmp_path / "old.ckpt").write_bytes(b"pickle")
    assert add(tmp_path, str(tmp_path / "old.ckpt")) == ModelError.exit_code
    assert "can run code" in capsys.readouterr().err


def test_halves_are_taken_only_where_they_are_whole():
    both = [
        "model_index.json",
        "unet/a.safetensors",
        "unet/a.fp16.safetensors",
        "vae/b.safetensors",
        "unet/config.json",
    ]
    found = wanted(both, "x")
    assert found["unet/a.fp16.safetensors"] == "unet/a.safetensors" and "vae/b.safetensors" in found
    parts = ["model_index.json", "unet/m-00001-of-00002.safetensors", "unet/m-00002-of-00002.safetensors",
             "unet/m.safetensors.index.json", "unet/config.json"]  # fmt: skip
    assert set(wanted(parts, "x")) == set(parts)


def test_nothing_is_fetched_at_show_time(tiny_diffusion, monkeypatch):
    """A model is opened and paints while every way out of this machine raises."""
    from perform.core.types import Moment, ParamFrame
    from perform.generators.diffusion.instrument import Instrument

    def no_way(*_args, **_more):
        raise AssertionError("something asked for the network")

    monkeypatch.setattr(socket.socket, "connect", no_way)
    monkeypatch.setattr(socket, "create_connection", no_way)
    monkeypatch.setattr(socket, "getaddrinfo", no_way)
    instrument = Instrument()
    instrument.open(read_card(tiny_diffusion), "cpu")
    instrument.prepare({"threads": 1})
    assert instrument.render(ParamFrame({}), {}, Moment(0.0, 0.0, 0)).image.ndim == 3


def test_the_short_names_are_listed_with_their_terms():
    from perform.hub.known import KNOWN

    assert {"sd_turbo", "sdxl_turbo", "sana_sprint", "flux2_klein", "z_image_turbo", "lcm_lora"} <= set(KNOWN)
    assert all(json.dumps(k.note) and "/" in k.repo and 1 <= k.steps <= 8 for k in KNOWN.values())
    guide = (Path(__file__).parents[2] / "docs" / "diffusion.md").read_text("utf-8")
    assert all(f"`{name}`" in guide for name in KNOWN)


def test_a_short_name_may_be_one_file_of_many(hub, tiny_diffusion, tmp_path, capsys):
    from test_diffusion_families import lora_file

    folder = tmp_path / "hyper"
    folder.mkdir()
    hub.repos["ByteDance/Hyper-SD"] = folder
    lora_file(folder / "Hyper-SD15-1step-lora.safetensors", open_parts(tiny_diffusion).denoiser, "kohya")
    shutil.copy(folder / "Hyper-SD15-1step-lora.safetensors", folder / "Hyper-SD15-2steps-lora.safetensors")
    assert add(tmp_path, "ByteDance/Hyper-SD", "--lora") != 0 and "name one" in capsys.readouterr().err
    assert add(tmp_path, "hyper_sd") == 0
    assert read_card(tmp_path / "models" / "hyper_sd").licence == "no stated licence: ask its authors"


@pytest.mark.parametrize("family", ["sd", "sd2", "sdxl"])
@pytest.mark.filterwarnings("ignore")
def test_a_file_of_the_first_releases_names_becomes_the_same_model(family, tiny_diffusion, tmp_path, capsys):
    import old_layout
    import tiny_families
    from diffusers import AutoencoderKL

    made = tmp_path / "made"
    if family == "sdxl":
        tiny_families.make("sdxl", made)
    else:
        shutil.copytree(tiny_diffusion, made)
    shutil.rmtree(made / "vae")
    AutoencoderKL(
        block_out_channels=(8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    ).save_pretrained(made / "vae")  # fmt: skip
    old_layout.write(made, tmp_path / "whole.safetensors", later=family == "sd2")
    settings = tmp_path / "settings"
    shutil.copytree(made, settings, ignore=shutil.ignore_patterns("*.safetensors", "model.toml"))
    assert add(tmp_path, str(tmp_path / "whole.safetensors"), "--config", str(settings)) == 0
    folder = tmp_path / "models" / "whole"
    check_hash(read_card(folder))
    for part in ("unet", "vae", "text_encoder", *(["text_encoder_2"] if family == "sdxl" else [])):
        theirs, ours = old_layout.weights(made / part), old_layout.weights(folder / part)
        assert theirs.keys() == ours.keys() and all(torch.equal(theirs[k], ours[k]) for k in theirs), part
    assert open_parts(folder).family == family.rstrip("2")
    whole = old_layout.weights(tmp_path)
    for start in ("model.diffusion_model.input_blocks.1.0", "first_stage_model.decoder.mid", "cond", "conditioner"):
        kept = {k: v for k, v in whole.items() if not k.startswith(start)}
        if len(kept) == len(whole):
            continue
        old_layout.save_file(kept, tmp_path / "part.safetensors")
        capsys.readouterr()
        assert add(tmp_path, str(tmp_path / "part.safetensors"), "--config", str(settings)) == ModelError.exit_code
        told = capsys.readouterr().err.strip()
        assert len(told.splitlines()) == 1 and "part.safetensors" in told, told
