"""`perform models add … --to MODEL`: a ControlNet and an image prompt beside a model, with cards of their own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "generators"))
import tiny_families
from hub_server import REVISION, serving

from perform.cli import main
from perform.core.card import check_hash, read_card
from perform.core.errors import ModelError, UsageError
from perform.generators.diffusion.families import open_parts


@pytest.fixture
def hub(monkeypatch):
    with serving() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield made


@pytest.fixture
def model(tiny_diffusion, tmp_path):
    return Path(shutil.copytree(tiny_diffusion, tmp_path / "models" / "tiny"))


@pytest.fixture(scope="module")
def extras(tiny_diffusion, tmp_path_factory):
    """A model with both beside it, to take them from."""
    folder = Path(shutil.copytree(tiny_diffusion, tmp_path_factory.mktemp("extras") / "full"))
    tiny_families.controlnet(folder)
    tiny_families.image_prompt(folder)
    return folder


def add(model, *words):
    return main(["models", "add", *words, "--to", model.name, "--into", str(model.parent)])


def unchanged(model):
    check_hash(read_card(model))
    return not [p for p in model.parent.iterdir() if p.name.startswith(".")]


def test_a_controlnet_of_a_folder_and_of_the_hub(hub, model, extras, tmp_path, capsys):
    hub.repos["owner/lines"] = Path(shutil.copytree(extras / "controlnet", tmp_path / "lines"))
    hub.licences["owner/lines"] = "openrail"
    (hub.repos["owner/lines"] / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    hub.cut["diffusion_pytorch_model.safetensors"] = 3000
    assert add(model, "owner/lines") == 0 and "deck/a/inputs/control" in capsys.readouterr().err
    card = read_card(model / "controlnet")
    assert (card.kind, card.licence, card.source["revision"]) == ("control", "openrail", REVISION)
    assert unchanged(model) and not (model / "controlnet" / "diffusion_pytorch_model.bin").exists()
    parts = open_parts(model)
    assert parts.control is not None
    assert parts.used == ({"control": "lines", "sha256": card.sha256, "licence": "openrail"},)
    assert add(model, str(extras / "controlnet")) == UsageError.exit_code and "already" in capsys.readouterr().err
    shutil.rmtree(model / "controlnet")
    assert add(model, str(extras / "controlnet"), "--name", "mine", "--licence", "CC0-1.0") == 0
    assert open_parts(model).used[0]["control"] == "mine"


def test_what_stopped_halfway_goes_on(hub, model, extras, tmp_path, monkeypatch):
    from perform.hub import fetch

    monkeypatch.setattr(fetch, "TRIES", 1)
    hub.repos["owner/lines"] = extras / "controlnet"
    hub.cut["diffusion_pytorch_model.safetensors"] = 3000
    assert add(model, "owner/lines") == ModelError.exit_code
    assert not (model / "controlnet").exists() and open_parts(model).control is None
    assert add(model, "owner/lines") == 0 and unchanged(model)
    assert any(span == "bytes=3000-" for _, span in hub.requests)


def test_what_was_left_of_another_one_is_not_taken_for_this_one(hub, model, extras, tmp_path, monkeypatch):
    """Two ControlNets of one family have files of the same names and sizes."""
    from perform.hub import fetch

    monkeypatch.setattr(fetch, "TRIES", 1)
    for name in ("lines", "depth"):
        hub.repos[f"owner/{name}"] = Path(shutil.copytree(extras / "controlnet", tmp_path / name))
    path = hub.repos["owner/depth"] / "config.json"
    path.write_text(path.read_text()[:-1] + " ")
    hub.cut["diffusion_pytorch_model.safetensors"] = 3000
    assert add(model, "owner/lines") == ModelError.exit_code
    assert add(model, "owner/depth") == 0
    assert (model / "controlnet" / "config.json").read_bytes() == path.read_bytes() and unchanged(model)


def test_an_image_prompt_of_the_hub_brings_its_eye(hub, model, extras, tmp_path):
    repo = hub.repos["owner/adapters"] = tmp_path / "adapters"
    shutil.copytree(extras / "image_prompt" / "image_encoder", repo / "models" / "image_encoder")
    shutil.copy(extras / "image_prompt" / "ip_adapter.safetensors", repo / "models" / "ip-adapter_sd15.safetensors")
    (repo / "models" / "other.safetensors").write_bytes(b"x")
    assert add(model, "owner/adapters:models/ip-adapter_sd15.safetensors") == 0
    card = read_card(model / "image_prompt")
    assert card.kind == "image_prompt" and card.source["file"] == "models/ip-adapter_sd15.safetensors"
    assert sorted(card.files) == ["image_encoder/config.json", "image_encoder/model.safetensors",
                                  "ip_adapter.safetensors"]  # fmt: skip
    assert open_parts(model).image_prompt is not None and unchanged(model)


def _pickles(folder):
    next(folder.glob("*.safetensors")).rename(folder / "diffusion_pytorch_model.bin")


def _other_family(folder):
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"cross_attention_dim": 32', '"cross_attention_dim": 40'))


@pytest.mark.parametrize("how, said", [(_pickles, "can run code"), (_other_family, "controlnet")])
def test_what_does_not_fit_is_one_line_and_leaves_the_model_as_it_was(model, extras, tmp_path, capsys, how, said):
    folder = Path(shutil.copytree(extras / "controlnet", tmp_path / "other"))
    how(folder)
    assert add(model, str(folder)) == ModelError.exit_code
    told = capsys.readouterr().err.strip()
    assert said in told and len(told.splitlines()) == 1 and ".trial" not in told
    assert unchanged(model) and open_parts(model).control is None


def test_without_a_card_the_weights_are_told(extras):
    used = open_parts(extras).used
    assert [next(iter(u)) for u in used] == ["control", "image_prompt"] and all(len(u["sha256"]) == 64 for u in used)


def test_weights_that_are_not_the_cards_are_refused(model, extras):
    assert add(model, str(extras / "controlnet")) == 0
    path = model / "controlnet" / "config.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(ModelError, match="is not that of the card"):
        open_parts(model)
