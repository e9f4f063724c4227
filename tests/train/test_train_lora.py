"""`perform train lora` in miniature: it learns a set's colours, goes on, and plays live."""

import numpy as np
import pytest
import torch
from PIL import Image

from perform.cli import main
from perform.core.card import check_hash, read_card
from perform.core.errors import UsageError
from perform.generators.diffusion.families import open_parts
from perform.generators.diffusion.tiny import write_tiny
from perform.train.dataset.store import Writer, card_hash

SECONDS = 9.0  # of training; a machine that does other things as well has got far enough by then


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A model, and a set of warm stripes."""
    place = tmp_path_factory.mktemp("lora")
    write_tiny(place / "models" / "base", name="base")
    writer, rng = Writer(place / "set", held=0.0), np.random.default_rng(1)
    for i in range(24):
        stripes = np.sin(np.linspace(0, rng.uniform(6, 20), 64))[None, :, None] * 0.5 + 0.5
        writer.add(
            Image.fromarray((np.ones((64, 1, 1)) * stripes * [255, 120, 20]).astype(np.uint8)), f"s{i}", "stripes"
        )
    writer.finish({"name": "stripes", "licence": "CC0-1.0", "author": "a rule"})
    return place


def words(room, out, *more, minutes=SECONDS / 60):
    return ["train", "lora", str(room / "set"), "--model", str(room / "models" / "base"), "--out", str(out),
            "--minutes", str(minutes), "--rank", "4", "--name", "warm", "--device", "cpu", *more]  # fmt: skip


@pytest.fixture(scope="module")
def taught(room):
    out = room / "models" / "out"
    assert main(words(room, out)) == 0
    return out


def test_a_lora_folder_comes_out_that_says_where_from(taught, room):
    card = read_card(taught / "warm")
    check_hash(card)
    assert card.kind == "lora" and card.licence == "CC0-1.0"
    assert card.training["data_sha256"] == card_hash(room / "set")
    assert card.training["parents"][0]["name"] == "base" and card.training["pictures_seen"] > 20
    assert (taught / "sheet.jpg").stat().st_size > 1000


def test_it_plays_live_and_brings_the_loss_down(taught, room):
    from perform.generators.diffusion.parts import Extras

    parts = open_parts(room / "models" / "base")
    parts.loras._places = [taught]
    assert parts.loras.put(0, parts.loras.read("warm"))
    extras = Extras.at_rest("cpu", torch.float32)
    chance = torch.Generator().manual_seed(3)
    image = torch.from_numpy(np.array(Image.open(next((room / "set" / "train").glob("*.png"))))).permute(2, 0, 1)[None]
    x0 = parts.decoder.encode(image.float() / 127.5 - 1)
    words = parts.text.encode("stripes")

    def loss(scale):
        extras.lora[0] = scale
        chance.manual_seed(3)
        total = 0.0
        for i in (300, 500, 700, 900):
            noise = torch.randn(x0.shape, generator=chance)
            x = parts.schedule.signal(i) * x0 + parts.schedule.levels[i] * noise
            total += float((parts.denoise(x, torch.tensor([float(i)]), words, extras) - noise).square().mean())
        return total

    with torch.inference_mode():
        assert loss(1.0) < 0.9 * loss(0.0)


def test_the_same_command_goes_on(taught, room):
    before = torch.load(taught / "work" / "lora.pt", weights_only=True)["run"]
    assert main(words(room, taught, minutes=SECONDS / 60 + 0.02)) == 0
    assert torch.load(taught / "work" / "lora.pt", weights_only=True)["run"][1] > before[1]


@pytest.mark.parametrize(("more", "said"), [
    (["--rank", "0"], "between 1 and 256"), (["--model", "noctiluca"], "taught on a diffusion model"),
    (["--model", "nobody"], "nobody"),
])  # fmt: skip
def test_what_cannot_be_is_one_line(room, tmp_path, capsys, more, said):
    assert main(words(room, tmp_path, *more)) != 0
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and said in error[0]


def test_an_empty_set_is_one_line(room, tmp_path, capsys):
    Writer(tmp_path / "none", held=0.0).finish({"name": "none"})
    text = words(room, tmp_path / "o")
    text[2] = str(tmp_path / "none")
    assert main(text) == UsageError.exit_code and "no pictures" in capsys.readouterr().err
