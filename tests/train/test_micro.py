"""`perform train micro`: a few steps of it, its checkpoints, and the folder that comes out."""

import json

import pytest
import torch

from perform.cli import main
from perform.core.card import check_hash, read_card
from perform.core.errors import ModelError, PerformError, UsageError
from perform.train.micro import shape
from perform.train.micro.painter import Task, repaint_share, train
from perform.train.micro.teach import read_recipe
from perform.train.running import Run

SECONDS = 4.0


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    out = tmp_path_factory.mktemp("micro")
    recipe = out / "r.toml"
    recipe.write_text('kind = "micro"\nname = "mine"\nsize = 64\nseed = 5\n')
    assert (
        main(
            [
                "train",
                "micro",
                "--out",
                str(out),
                "--recipe",
                str(recipe),
                "--minutes",
                str(SECONDS / 60),
                "--workers",
                "1",
            ]
        )
        == 0
    )
    return out


def test_a_model_folder_comes_out_that_diffusers_reads(taught):
    card = read_card(taught / "mine")
    check_hash(card)
    assert card.kind == "diffusion" and card.training["pictures_seen"] > 0 and card.licence == "Apache-2.0"
    assert (taught / "sheet.jpg").stat().st_size > 10_000
    total = sum(p.stat().st_size for p in (taught / "mine").rglob("*") if p.is_file())
    assert total < 40 << 20
    from diffusers import AutoencoderTiny, UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(taught / "mine" / "unet", local_files_only=True)
    vae = AutoencoderTiny.from_pretrained(taught / "mine" / "vae", local_files_only=True)
    assert unet.config.cross_attention_dim == 128 and vae.config.latent_channels == shape.LATENT


def test_the_same_command_goes_on_from_its_checkpoint(taught, capsys):
    before = torch.load(taught / "work" / "painter.pt", weights_only=True)["run"]
    train(Task(taught / "work", 2 * SECONDS / 60, 64, 5, torch.float32))
    after = torch.load(taught / "work" / "painter.pt", weights_only=True)["run"]
    assert after[0] > before[0] and after[1] > before[1] and "100.0 %" in capsys.readouterr().err


def test_a_model_is_gone_on_from_and_named_as_the_parent(taught, tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text('kind = "micro"\nname = "further"\nsize = 64\n')
    words = [
        "train",
        "micro",
        "--recipe",
        str(recipe),
        "--out",
        str(tmp_path / "o"),
        "--minutes",
        str(SECONDS / 60),
        "--workers",
        "1",
    ]
    assert main([*words, "--from", str(taught / "mine")]) == 0
    card = read_card(tmp_path / "o" / "further")
    assert card.training["parents"][0]["name"] == "mine" and card.training["steps"] > 0
    assert not (tmp_path / "o" / "work" / "autoencoder.pt").exists()


def test_a_folder_of_another_kind_is_no_parent(tmp_path, capsys):
    words = ["train", "micro", "--out", str(tmp_path / "o"), "--from", "noctiluca"]
    assert main(words) == ModelError.exit_code
    error = capsys.readouterr().err.strip().splitlines()
    assert (
        "not a micro model's" in error[-1]
        and len(error) == 1
        and error[0].endswith("safetensors is not there")
        and not (tmp_path / "o").exists()
    )


def test_a_checkpoint_is_whole_or_the_old_one(tmp_path):
    run = Run(tmp_path / "c.pt", 10)
    run.count(4, {"a": 1.0})
    run.save({"x": torch.ones(3)})
    (tmp_path / "c.new").write_bytes(b"half a file, as a kill leaves it")
    again = Run(tmp_path / "c.pt", 10)
    assert torch.equal(again.resume()["x"], torch.ones(3)) and again.pictures == 4


def test_a_loss_that_is_no_number_stops_with_a_line(tmp_path):
    with pytest.raises(PerformError, match=r"'a' is no number .* resume from"):
        Run(tmp_path / "c.pt", 10).count(1, {"a": float("nan")})


@pytest.mark.parametrize(("text", "said"), [
    ('kind = "gan"', "kind"), ('kind = "micro"\nsteps = 4', "unknown key 'steps'"), ("kind = ", "cannot be read"),
    ('kind = "micro"\nseed = "x"', "invalid literal"),
])  # fmt: skip
def test_a_recipe_that_makes_no_sense_is_one_line(tmp_path, capsys, text, said):
    (tmp_path / "r.toml").write_text(text)
    words = ["train", "micro", "--recipe", str(tmp_path / "r.toml"), "--out", str(tmp_path / "o")]
    assert main(words) == UsageError.exit_code
    error = capsys.readouterr().err.strip()
    assert said in error and len(error.splitlines()) == 1
    assert (
        main(["train", "micro", "--recipe", "nothing"]) == UsageError.exit_code and "lumen" in capsys.readouterr().err
    )


def test_the_shipped_recipe_reads():
    assert read_recipe("lumen").name == "lumen"


def test_the_tokenizer_and_the_trainer_number_words_alike():
    texts = ["Red and blue marble, jellyfish", "an unheard-of thing", ""]
    said = shape.tokenizer()(texts, padding="max_length", max_length=shape.TOKENS, truncation=True).input_ids
    ours = shape.tokens([t.replace("-", " ") for t in texts])
    assert said == ours.tolist()


def test_the_schedule_is_the_one_in_the_folder(taught):
    from diffusers import DDIMScheduler

    told = json.loads((taught / "mine" / "scheduler" / "scheduler_config.json").read_text())
    assert told["prediction_type"] == "v_prediction"
    theirs = DDIMScheduler.from_config(told).alphas_cumprod
    assert torch.allclose(theirs, shape.alphas(), atol=1e-6)


def test_more_noise_repaints_more():
    share = repaint_share(torch.linspace(0, 1, 50))
    assert share[0] == 0 and share[-1] == 1 and (share.diff() >= 0).all()
