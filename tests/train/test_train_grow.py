"""`perform train gan --grow`: a painter gets one more block, and paints what it painted until that has learned."""

import pytest
import torch
from PIL import Image
from small_gan import drawn, trained

from perform.cli import main
from perform.core.card import check_hash, read_card
from perform.core.errors import UsageError
from perform.generators.stylegan.layers import upsample
from perform.generators.stylegan.network import Architecture, Generator
from perform.train.adversarial import begin
from perform.train.adversarial.recipe import read_recipe
from perform.train.adversarial.run import Training
from perform.train.adversarial.settings import Settings
from perform.train.discriminator import Discriminator

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Architecture(z_dim=16, w_dim=16, num_mapping_layers=2, resolution=16, channel_base=256, channel_max=16)


@pytest.fixture(scope="module")
def set_of_32(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("grow") / "rules", 48, 32, 0.2)


@pytest.fixture(scope="module")
def parent(set_of_32, tmp_path_factory):
    """A folder of `train gan`, of 16 px, with its discriminator beside."""
    return trained(set_of_32, tmp_path_factory.mktemp("parent"), 0.03)


def test_at_first_it_paints_the_parents_picture_made_larger():
    small = Generator(SMALL)
    large = begin.grown(small)
    assert large.arch.resolution == 32 and large.arch.num_ws == SMALL.num_ws + 2
    z = torch.randn(3, 16)
    with torch.no_grad():
        assert torch.equal(small.mapping(z), large.mapping(z))
        assert torch.allclose(large(z, "const"), upsample(small(z, "const")), atol=1e-5)


@pytest.mark.parametrize(("arch", "said"), [
    (Architecture(z_dim=8, w_dim=8, num_mapping_layers=2, resolution=16, channel_base=64, channel_max=8,
                  wiring="resnet"), "wired"),
    (Architecture(z_dim=8, w_dim=8, num_mapping_layers=2, resolution=1024, channel_base=1024, channel_max=4), "1024"),
])  # fmt: skip
def test_what_cannot_grow_says_so(arch, said):
    with pytest.raises(UsageError, match=said):
        begin.grown(Generator(arch))


def test_the_discriminator_keeps_what_it_knew():
    small, large = Discriminator(16, 256, 16), Discriminator(32, 512, 16)
    state = begin.grown_critic(small.state_dict())
    left = large.load_state_dict(state, strict=False)
    assert not left.unexpected_keys
    assert {k.split(".")[0] + k.split(".")[1][:1] for k in left.missing_keys} == {"coloursw", "coloursb", "downs0"}
    assert torch.equal(large.downs[1].conv0.weight, small.downs[0].conv0.weight)
    assert torch.equal(large.out.weight, small.out.weight)


def test_alone_only_the_new_block_learns_then_all_do(parent, set_of_32, tmp_path):
    settings = Settings(batch=4, width=16, grow=True, alone=0.5, augment="none", minutes=5, freeze_d=1)
    training = Training(set_of_32, tmp_path, "c", settings, parent)
    painter = training.duel.painter
    before = {name: value.clone() for name, value in painter.named_parameters()}
    frozen = [p.clone() for p in training.duel.critic.downs[1].parameters()]

    def moved():
        return {name.split(".")[1] if name.startswith("synthesis") else "mapping"
                for name, value in painter.named_parameters() if not torch.equal(value, before[name])}  # fmt: skip

    for _ in range(2):
        training._step()
    assert moved() == {"b32"}
    training.run.spent = 0.6 * training.run.seconds
    training._step()
    assert {"b4", "b8", "b16", "b32", "mapping"} <= moved()
    assert all(torch.equal(a, b) for a, b in zip(frozen, training.duel.critic.downs[1].parameters(), strict=True))


def test_the_command_writes_a_model_twice_as_wide_that_names_its_parent(parent, set_of_32, tmp_path):
    words = ["train", "gan", str(set_of_32), "--out", str(tmp_path), "--from", str(parent), "--grow", "--name", "large",
             "--width", "16", "--batch", "4"]  # fmt: skip
    assert main([*words, "--minutes", "0.03"]) == 0
    card = read_card(tmp_path / "large")
    check_hash(card)
    assert card.architecture["resolution"] == 32
    assert card.training["parents"][0]["sha256"] == read_card(parent).sha256
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.width == 8 * 32
    seen = torch.load(tmp_path / "work" / "gan.pt", weights_only=True)["pictures"]
    assert main([*words, "--minutes", "0.05"]) == 0  # the same command goes on
    assert torch.load(tmp_path / "work" / "gan.pt", weights_only=True)["pictures"] > seen


@pytest.mark.parametrize(("more", "said"), [(["--grow"], "--from"), (["--alone", "2"], "between 0 and 1")])
def test_growing_from_nothing_is_one_line(set_of_32, tmp_path, capsys, more, said):
    assert main(["train", "gan", str(set_of_32), "--out", str(tmp_path), *more]) == UsageError.exit_code
    assert said in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_recipe_says_what_the_command_does_not(set_of_32, tmp_path, capsys):
    (tmp_path / "r.toml").write_text(
        'kind = "gan"\nname = "by_recipe"\nsize = 16\nwidth = 16\nbatch = 4\nrate = 0.003\n'
    )
    words = ["train", "gan", str(set_of_32), "--recipe", str(tmp_path / "r.toml"), "--out", str(tmp_path / "o"),
             "--minutes", "0.02", "--width", "32"]  # fmt: skip
    assert main(words) == 0
    told = read_card(tmp_path / "o" / "by_recipe").training["recipe"]
    assert (told["size"], told["batch"], told["rate"], told["width"]) == (16, 4, 0.003, 32)
    assert told["recipe"] == "r"
    for text, said in (
        ('kind = "micro"', "kind"),
        ('kind = "gan"\nsise = 3', "sise"),
        ('kind = "gan"\nsize = "x"', "no int"),
    ):
        (tmp_path / "r.toml").write_text(text)
        assert main(words) == UsageError.exit_code
        assert said in capsys.readouterr().err.strip().splitlines()[-1]


def test_shipped_recipes_of_a_gan_can_be_read():
    found = read_recipe("noctiluca_256")
    assert found["size"] == 256 and Settings(**{k: v for k, v in found.items() if k != "name"}).r1 > 0
