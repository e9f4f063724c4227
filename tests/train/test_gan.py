"""The recipe in miniature: it learns, stops, goes on, and writes a model that loads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from perform import cli
from perform.core.card import read_card
from perform.core.errors import ModelError, UsageError
from perform.generators.stylegan import load_network
from perform.train import by_rule, gan, rules
from perform.train.measure import features, fine_power, measure, pairwise, record
from perform.train.muon import orthogonal

MODELS = Path(__file__).parents[2] / "models"
TINY = replace(gan.ARCHITECTURE, w_dim=16, num_mapping_layers=2, resolution=32, channel_base=128, channel_max=8)
STAGES = (
    gan.Stage(8, 0.5, 4),
    gan.Stage(16, 0.7, 4, adversarial=True),
    gan.Stage(32, 0.9, 4, adversarial=True),
    gan.Stage(32, 1.01, 4, adversarial=True, window=16),
)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from threads, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainer(folder: Path) -> gan.Trainer:
    return gan.Trainer(TINY, STAGES, 1.0, folder, dtype=torch.float32)


def test_two_steps_then_resume_in_every_stage(tmp_path: Path) -> None:
    first = trainer(tmp_path)
    for spent in (0.0, 40.0, 50.0, 57.0):
        first.spent = spent
        first.step()
        first.step()
    first.save()
    assert first.pictures == 32
    second = trainer(tmp_path)
    second.resume(tmp_path / "checkpoint.pt")
    assert (second.pictures, second.steps, second.spent) == (first.pictures, first.steps, first.spent)
    pairs = zip(first.generator.state_dict().values(), second.generator.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    second.step()
    assert second.pictures == 36


@pytest.mark.parametrize("at", [(0, 0), (0, 32), (32, 32), (14, 6), (2, 30), (26, 8)])
def test_a_window_of_the_last_block_is_what_the_whole_shows_there(at: tuple[int, int]) -> None:
    torch.manual_seed(4)
    made = gan.Generator(replace(TINY, resolution=64))
    z, (row, column) = torch.randn(2, TINY.z_dim), at
    with torch.no_grad():
        whole = made(z, "none")
        part = made(z, "none", window=(row, column, 32))
    assert part.shape == (2, 3, 32, 32)
    assert torch.allclose(part, whole[:, :, row : row + 32, column : column + 32], atol=1e-5)


def test_it_learns(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    z, wanted = gan.Pool(8, TINY.z_dim, 1).batch(8)

    def apart() -> float:
        with torch.no_grad():
            return float(gan.difference(made.generator(z, "none", until=8), wanted))

    before = apart()
    for _ in range(40):
        made.spent = 1.0
        made.step()
    assert apart() < before


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).save()
    other = gan.Trainer(replace(TINY, w_dim=8), STAGES, 1.0, tmp_path)
    with pytest.raises(ModelError, match="another architecture"):
        other.resume(tmp_path / "checkpoint.pt")


def recipe(tmp_path: Path, more: str = "", side: str = "16", until: str = "1") -> str:
    path = tmp_path / "quick.toml"
    stage = f"[[stage]]\nside = {side}\nuntil = {until}\nbatch = 4\n"
    path.write_text(f'version = 1\nkind = "rules"\nname = "quick"\nminutes = 0.02\n{more}\n{stage}', "utf-8")
    return str(path)


def test_a_recipe_makes_a_model_that_loads_with_its_origin_in_the_card(tmp_path: Path) -> None:
    assert by_rule.is_by_rule(recipe(tmp_path))
    shipped = MODELS / "noctiluca"
    folder = by_rule.teach(by_rule.read_recipe(recipe(tmp_path)), tmp_path / "out", shipped, 1)
    network = load_network(folder)
    assert network.resolution == 16
    assert network.card is not None
    told = network.card.training
    assert told["pictures_seen"] >= 4
    assert told["parents"][0]["sha256"] == read_card(shipped).sha256
    assert told["recipe"] == "perform train gan --recipe quick"
    assert set(told["measures"]) == {
        "seeds",
        "distance_ratio",
        "nearest_ratio",
        "nearest_ratio_of_training",
        "fine_power_ratio",
        "largest_over_median_step",
    }
    assert (folder / "thumb.jpg").stat().st_size > 500
    figures = measure(network, count=4, walks=1)
    record(folder, figures)
    assert read_card(folder).training["measures"] == figures


def test_another_trainings_checkpoint_is_never_taken_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out"), "--workers", "1"]
    assert cli.main(["train", "gan", "--recipe", recipe(tmp_path), *out]) == 0
    kept = (tmp_path / "out" / "work" / "checkpoint.pt").read_bytes()
    capsys.readouterr()
    assert cli.main(["train", "gan", "--recipe", recipe(tmp_path, side="32"), *out]) == 64
    said = capsys.readouterr().err
    assert "is of another training (stages: 16 px to 1, not 32 px to 1): give another --out" in said
    assert (tmp_path / "out" / "work" / "checkpoint.pt").read_bytes() == kept
    for broken in (kept[:1000], b"", b"no checkpoint at all" * 40):
        (tmp_path / "out" / "work" / "checkpoint.pt").write_bytes(broken)
        assert cli.main(["train", "gan", "--recipe", recipe(tmp_path), *out]) == 64
        assert "remove it to begin anew" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--name", "work"], "a model cannot be called 'work'"),
        (["--batch", "16"], "--batch does not go with"),
        (["--out", "FILE"], "file: cannot be a folder"),
    ],
)
def test_what_a_rule_training_does_not_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    (tmp_path / "file").write_text("here")
    words = [str(tmp_path / "file") if w == "FILE" else w for w in words]
    usual = [] if "--out" in words else ["--out", str(tmp_path / "out")]
    assert cli.main(["train", "gan", "--recipe", recipe(tmp_path), *usual, *words]) == 64
    assert says in capsys.readouterr().err


def test_a_name_stays_in_its_folder_and_ctrl_c_keeps_what_was_learned(tmp_path: Path) -> None:
    told = by_rule.with_given(by_rule.read_recipe(recipe(tmp_path)), "../esc ape", None, None)
    assert told.name == "esc_ape"
    made = trainer(tmp_path)
    made.step()
    made.team.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        gan.train(made)
    again = trainer(tmp_path)
    again.resume(tmp_path / "checkpoint.pt")
    assert again.pictures == made.pictures == 4


def test_the_command_teaches_by_a_recipe_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--recipe", recipe(tmp_path), "--out", str(tmp_path / "out"), "--name", "mine"]
    assert cli.main(["train", "gan", *given, "--workers", "1", "--debug"]) == 0, capsys.readouterr().err
    assert load_network(tmp_path / "out" / "mine").resolution == 16


def test_a_parent_of_this_shape_is_gone_on_from_unchanged_and_another_refused(tmp_path: Path) -> None:
    made = gan.Trainer(gan.ARCHITECTURE, STAGES, 1.0, tmp_path)
    shipped = load_network(MODELS / "noctiluca")
    made.begin_from(MODELS / "noctiluca")
    z = torch.randn(2, shipped.z_dim)
    with torch.no_grad():
        own = made.generator(z, "none", until=shipped.resolution)
        theirs = shipped.generator(z, "none")
    assert torch.allclose(own, theirs, atol=1e-5)
    with pytest.raises(ModelError, match="another shape"):
        trainer(tmp_path).begin_from(MODELS / "noctiluca")


def test_a_recipe_goes_on_from_a_study_that_lies_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(MODELS / "noctiluca", tmp_path / "study")
    card = (tmp_path / "study" / "model.toml").read_text("utf-8").replace('name = "noctiluca"', 'name = "study"', 1)
    (tmp_path / "study" / "model.toml").write_text(card, "utf-8")
    given = ["--recipe", recipe(tmp_path, more='from = "study"'), "--out", str(tmp_path / "out"), "--name", "mine"]
    assert cli.main(["train", "gan", *given, "--workers", "1", "--debug"]) == 0, capsys.readouterr().err
    (parent,) = read_card(tmp_path / "out" / "mine").training["parents"]
    assert parent["name"] == "study" and parent["sha256"] == read_card(MODELS / "noctiluca").sha256


def test_the_shipped_model_is_of_all_families_of_its_recipe() -> None:
    told = by_rule.read_recipe("noctiluca")
    assert told.often == {"plot": 3, "nave": 3} and told.families == rules.FAMILIES
    assert tuple(read_card(MODELS / "noctiluca").training["families"]) == told.families


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"more": "colour = 1"}, "unknown key 'colour'"),
        ({"more": 'families = ["silk", "cube"]'}, "families are some of marble, silk"),
        ({"more": "families = [[1]]"}, "families are some of"),
        ({"more": 'families = ["silk", "silk"]'}, "families are some of"),
        ({"more": "families = []"}, "families are some of"),
        ({"more": "often = { cube = 2 }"}, "often: cube = 2; families are marble, silk"),
        ({"more": "often = { nave = 9 }"}, "often: nave = 9; families are"),
        ({"more": 'seed = "one"'}, "seed = 'one' is of the wrong kind"),
        ({"side": "17"}, "stage 1: side is one of 4, 8, 16, 32, 64, 128, 256"),
        ({"side": '"a"'}, "stage 1: side is one of"),
        ({"until": "0.5"}, "the last end at 1"),
        ({"until": "0"}, "until is a share of the time"),
        ({"side": "16\nadversarial = true"}, "stage 1: a discriminator needs 32 px"),
        ({"until": "0.5\nbatch = 4\n[[stage]]\nside = 8\nuntil = 1"}, "may not fall"),
        ({"more": "seed = 99999999999999"}, "seed from 0"),
        ({"side": "64\nwindow = 64"}, "stage 1: window is from 32 px to below the side"),
        ({"side": "64\nwindow = 33"}, "stage 1: window is from 32 px"),
        ({"side": "64\ndetail = -1"}, "stage 1: detail is how hard it pulls, 0 to 4"),
        ({"side": "64\ndetail = nan"}, "stage 1: detail is how hard it pulls, 0 to 4"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_in_one_line(tmp_path: Path, told: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=r"quick\.toml") as refused:
        by_rule.read_recipe(recipe(tmp_path, **told))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_shipped_recipe_is_whole_and_the_command_knows_what_does_not_go_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert by_rule.read_recipe("noctiluca").stages[-1] == gan.Stage(
        256, 1.0, 12, adversarial=True, window=128, detail=0.3
    )
    assert cli.main(["train", "gan", "--recipe", "noctiluca", "--width", "32"]) == 64
    assert "--width does not go with --recipe noctiluca" in capsys.readouterr().err
    assert cli.main(["train", "gan", "a_set", "--workers", "2"]) == 64
    assert "--workers goes with a recipe" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["train", "gan", "--recipe", "noctiluca", "--workers", "0.5"])
    assert "'0.5' is not a whole number over 0" in capsys.readouterr().err
    assert cli.main(["train", "gan"]) == 64
    assert "a picture set is wanted" in capsys.readouterr().err


def test_muon_makes_every_direction_count_alike() -> None:
    torch.manual_seed(0)
    tall, wide = torch.randn(40, 8) * torch.logspace(-1, 0, 8), torch.randn(8, 40)
    for matrix in (tall, wide):
        made = orthogonal(matrix) / max(matrix.shape) ** 0.5
        values = torch.linalg.svdvals(made)
        assert made.shape == matrix.shape
        assert 0.5 < values.min()
        assert values.max() < 1.3


def test_features_are_fixed_and_tell_pictures_apart() -> None:
    pictures = torch.stack([torch.zeros(3, 32, 32), torch.zeros(3, 32, 32), torch.ones(3, 32, 32)])
    distances = pairwise(features(pictures))
    assert distances[0] == 0
    assert distances[1] > 0.1


def test_fine_power_sees_only_what_is_fine() -> None:
    axis = torch.arange(64) / 64
    slow = torch.sin(2 * torch.pi * 4 * axis).expand(1, 3, 64, 64)
    quick = torch.sin(2 * torch.pi * 26 * axis).expand(1, 3, 64, 64)
    assert fine_power(quick) > 1e3 * fine_power(slow)
