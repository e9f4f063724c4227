"""`perform train gan` in miniature: it learns, stops, goes on, is taught further, and survives what fails."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from perform.cli import main
from perform.core.card import check_hash, read_card
from perform.core.errors import PerformError, UsageError
from perform.generators.stylegan import load_network
from perform.train.adversarial import augment as aug
from perform.train.adversarial.pictures import Deck, load
from perform.train.adversarial.run import Training
from perform.train.adversarial.settings import Settings
from perform.train.adversarial.trainer import Duel
from perform.train.dataset.store import Writer, card_hash
from perform.train.distances import compare, frechet, precision_recall

TINY = {"size": 16, "batch": 8, "width": 16, "z_dim": 16, "w_dim": 16}
SECONDS = 6.0


pytestmark = pytest.mark.usefixtures("one_thread")


def discs(count, seed=0, side=16):
    """Bright discs on the dark, [n, side, side, 3] uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    out = np.zeros((count, side, side, 3))
    for picture in out:
        cx, cy, r = *rng.uniform(5, side - 5, 2), rng.uniform(2, 5)
        picture[:] = np.clip(r - np.hypot(x - cx, y - cy), 0, 1)[..., None] * rng.uniform(120, 255, 3)
    return out.astype(np.uint8)


@pytest.fixture(scope="module")
def discs_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set") / "discs"
    writer = Writer(folder, held=0.1)
    for i, pixels in enumerate(discs(200)):
        writer.add(Image.fromarray(pixels), f"disc {i}")
    writer.finish({"name": "discs", "licence": "CC0-1.0", "author": "a rule", "sources": []})
    return folder


def words(data, out, *more, minutes=SECONDS / 60):
    return ["train", "gan", str(data), "--out", str(out), "--minutes", f"{minutes}", "--size", "16", "--batch", "8",
            "--width", "16", "--augment", "ada", *more]  # fmt: skip


@pytest.fixture(scope="module")
def taught(discs_set, tmp_path_factory):
    out = tmp_path_factory.mktemp("gan")
    assert main(words(discs_set, out)) == 0
    return out


def test_a_model_comes_out_that_plays_and_says_where_from(taught, discs_set):
    card = read_card(taught / "discs")
    check_hash(card)
    assert card.licence == "CC0-1.0" and card.author == "a rule"
    assert card.training["data_sha256"] == card_hash(discs_set) and card.training["pictures_seen"] > 100
    assert {"feature_distance", "precision", "recall", "fine_power_ratio"} <= set(card.training["measures"])
    network = load_network(taught / "discs")
    picture = network.synthesis(network.mapping(network.seed(1)))
    assert picture.shape == (1, 3, 16, 16) and torch.isfinite(picture).all()
    for left in ("sheet.jpg", "sheet_of_the_set.jpg", "losses.csv", "losses.png", "work/gan.pt"):
        assert (taught / left).stat().st_size > 100, left


def test_the_same_command_goes_on(taught, discs_set, capsys):
    before = torch.load(taught / "work" / "gan.pt", weights_only=True)
    assert main(words(discs_set, taught, minutes=SECONDS / 60 + 0.03)) == 0
    after = torch.load(taught / "work" / "gan.pt", weights_only=True)
    assert after["pictures"] > before["pictures"] and after["run"][0] > before["run"][0]


def test_it_learns_what_the_set_looks_like(discs_set):
    """After some hundred steps the painter is nearer to the set than at the start."""
    settings = Settings(**TINY, augment="none", rate=4e-3)
    deck = Deck(load(discs_set, 16), False, 1)
    duel = Duel(settings.architecture, settings, torch.device("cpu"), _alone())
    held = torch.from_numpy(discs(64, seed=9)).permute(0, 3, 1, 2).float() / 127.5 - 1

    def apart():
        from perform.train.adversarial.leave import paint

        return compare(held, paint(duel.mean, 64))["feature_distance"]

    before = apart()
    for _ in range(260):
        duel.step(deck)
    assert apart() < 0.5 * before


def _alone():
    from perform.train.team import Team

    return Team()


def test_a_kill_loses_only_the_last_moments(discs_set, tmp_path):
    code = (
        "import perform.train.adversarial.run as r; r.SAVE_EVERY_S = 0.5; from perform.cli import main; import sys; "
        f"sys.exit(main({words(discs_set, tmp_path, minutes=5)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        for _ in range(400):
            if (tmp_path / "work" / "gan.pt").exists():
                break
            time.sleep(0.1)
        time.sleep(1.0)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    kept = torch.load(tmp_path / "work" / "gan.pt", weights_only=True)
    assert kept["pictures"] > 0
    training = Training(discs_set, tmp_path, "discs", Settings(**{**TINY, "z_dim": 64, "w_dim": 192}, minutes=5))
    assert training.duel.pictures == kept["pictures"]


def test_a_model_is_taught_further_and_names_its_parent(taught, discs_set, tmp_path):
    assert main(words(discs_set, tmp_path, "--from", str(taught / "discs"), "--freeze-d", "2", "--name", "child",
                      minutes=0.03)) == 0  # fmt: skip
    parent, child = read_card(taught / "discs"), read_card(tmp_path / "child")
    assert child.training["parents"][0]["sha256"] == parent.sha256
    assert child.architecture["resolution"] == 16


def test_another_sets_checkpoint_is_not_taken_up_and_values_said_count_though_they_are_usual(
    discs_set, tmp_path, monkeypatch
):
    first = Training(discs_set, tmp_path, "c", Settings(**TINY))
    first._step()
    first.save()
    with pytest.raises(UsageError, match=r"another training .name: c, not d"):
        Training(discs_set, tmp_path, "d", Settings(**TINY))
    seen = []
    monkeypatch.setattr("perform.train.adversarial.run.Training.__init__", lambda *a, **_: seen.append(a[4]) or 1 / 0)
    words = ["train", "gan", str(discs_set), "--recipe", "noctiluca_256", "--batch", "16", "--out", str(tmp_path / "e")]
    assert main(words) != 0
    assert (seen[0].batch, seen[0].rate, seen[0].augment) == (16, 0.0025, "none")


def test_frozen_blocks_stay(taught, discs_set, tmp_path):
    settings = Settings(**{**TINY, "z_dim": 64, "w_dim": 192}, freeze_d=1)
    training = Training(discs_set, tmp_path, "c", settings, taught / "discs")
    before = [p.clone() for p in training.duel.critic.colours.parameters()]
    training.duel.step(training.deck)
    assert all(torch.equal(a, b) for a, b in zip(before, training.duel.critic.colours.parameters(), strict=True))


def test_the_shipped_model_can_be_a_parent(discs_set, tmp_path):
    settings = Settings(batch=2, width=32)
    training = Training(discs_set, tmp_path, "c", settings, Path(__file__).parents[2] / "models" / "noctiluca")
    assert (training.settings.size, training.settings.z_dim) == (256, 32)  # the parent's, in the card too
    assert all(math.isfinite(v) for v in training.duel.step(training.deck).values())


def test_losses_that_are_no_numbers_go_back_to_the_checkpoint(discs_set, tmp_path, capsys):
    training = Training(discs_set, tmp_path, "c", Settings(**TINY, minutes=5))
    for _ in range(3):
        training._step()
    training.save()
    kept = training.duel.pictures
    for _ in range(4):
        with torch.no_grad():
            training.duel.painter.synthesis.b4.const.fill_(float("nan"))
        training._step()
        if training.duel.pictures == kept:
            break
    assert training.duel.pictures == kept and "back to the checkpoint" in capsys.readouterr().err
    assert all(torch.isfinite(p).all() for p in training.duel.painter.parameters())
    assert training.duel.p_adam.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_out_of_memory_halves_the_batch(discs_set, tmp_path, capsys, monkeypatch):
    training = Training(discs_set, tmp_path, "c", Settings(**TINY))
    step = training.duel.step

    def tight(deck):
        if training.duel.batch > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return step(deck)

    monkeypatch.setattr(training.duel, "step", tight)
    for _ in range(3):
        training._step()
    assert training.duel.batch == 2 and training.duel.pictures == 2
    assert "goes on with a batch of 2" in capsys.readouterr().err

    def never(deck):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(training.duel, "step", never)
    with pytest.raises(PerformError, match="--size or --width"):
        for _ in range(5):
            training._step()


def test_a_full_disk_is_said_and_the_training_goes_on(discs_set, tmp_path, capsys, monkeypatch):
    training = Training(discs_set, tmp_path, "c", Settings(**TINY))
    training._step()

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    training.save()
    assert "No space left" in capsys.readouterr().err and not training.run.due()
    training._step()


@pytest.mark.parametrize(("more", "said"), [
    (["--size", "100"], "power of two"), (["--from", "nothing_there"], "nothing_there"), (["--freeze-d", "1", "--from",
     "noctiluca"], "discriminator that has learned"), (["--batch", "0"], "between 1"),
])  # fmt: skip
def test_what_cannot_be_is_one_line(discs_set, tmp_path, capsys, more, said):
    text = ["train", "gan", str(discs_set), "--out", str(tmp_path), *more]
    assert main(text) != 0
    error = capsys.readouterr().err.strip().splitlines()
    assert said in error[-1]


def test_a_set_of_one_is_no_set(tmp_path, capsys):
    writer = Writer(tmp_path / "s", 0.0)
    writer.add(Image.fromarray(discs(1)[0]), "x")
    writer.finish({"name": "s"})
    assert main(["train", "gan", str(tmp_path / "s"), "--out", str(tmp_path / "o")]) == UsageError.exit_code
    assert "a few hundred are a start" in capsys.readouterr().err
    assert main(["train", "gan", str(tmp_path), "--out", str(tmp_path / "o")]) == UsageError.exit_code


def test_augmenting_keeps_shape_range_of_p_and_gradient():
    x = torch.rand(16, 3, 32, 32) * 2 - 1
    assert aug.augment(x, 0.0, torch.Generator()) is x
    seen = x.clone().requires_grad_(True)
    out = aug.augment(seen, 0.8, torch.Generator().manual_seed(1))
    assert out.shape == x.shape and float((out - x).detach().abs().mean()) > 0.05
    out.square().sum().backward()
    assert torch.isfinite(seen.grad).all() and float(seen.grad.abs().sum()) > 0
    adaptive = aug.Adaptive(pictures=1000)
    for _ in range(40):
        adaptive.heard(torch.full((64,), 5.0))
    assert adaptive.p == aug.MOST_P
    for _ in range(80):
        adaptive.heard(torch.full((64,), -5.0))
    assert adaptive.p == 0.0


def test_distances_know_like_from_unlike():
    same = torch.from_numpy(discs(128, 1)).permute(0, 3, 1, 2).float() / 127.5 - 1
    alike = torch.from_numpy(discs(128, 2)).permute(0, 3, 1, 2).float() / 127.5 - 1
    other = torch.rand(128, 3, 16, 16) * 2 - 1
    near, far = compare(same, alike), compare(same, other)
    assert near["feature_distance"] < 0.2 * far["feature_distance"]
    assert near["precision"] > 0.7 and near["recall"] > 0.7 and far["precision"] < 0.1
    one = compare(same, same[:1].repeat(128, 1, 1, 1))
    assert one["recall"] < 0.2 and one["pairwise_ratio"] < 0.01


def test_frechet_of_two_gaussians_is_the_formula():
    chance = torch.Generator().manual_seed(1)
    a = torch.randn(20000, 3, generator=chance, dtype=torch.float64)
    b = 2 * torch.randn(20000, 3, generator=chance, dtype=torch.float64) + 1
    assert frechet(a, b) == pytest.approx(3 * 1 + 3 * (2 - 1) ** 2, rel=0.05)
    assert precision_recall(a[:200], a[:200]) == (1.0, 1.0)
