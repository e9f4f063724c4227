"""`perform train measure`, and the Fréchet Inception distance from weights that are at hand."""

import json
import warnings

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from small_gan import drawn, trained
from torch import nn

from perform.cli import main
from perform.core.errors import ModelError, UsageError
from perform.train import inception, worth
from perform.train.distances import frechet
from perform.train.shown import round_curve

pytestmark = pytest.mark.usefixtures("one_thread")

NEAR = {"branch1x1": 1, "branch5x5_1": 1, "branch5x5_2": 5, "branch3x3dbl_1": 1, "branch3x3dbl_2": 3,
        "branch3x3dbl_3": 3, "branch_pool": 1}  # fmt: skip
FAR = {"branch1x1": 1, "branch7x7_1": 1, "branch7x7_2": (1, 7), "branch7x7_3": (7, 1), "branch7x7dbl_1": 1,
       "branch7x7dbl_2": (7, 1), "branch7x7dbl_3": (1, 7), "branch7x7dbl_4": (7, 1), "branch7x7dbl_5": (1, 7),
       "branch_pool": 1}  # fmt: skip
WIDE = {"branch1x1": 1, "branch3x3_1": 1, "branch3x3_2a": (1, 3), "branch3x3_2b": (3, 1), "branch3x3dbl_1": 1,
        "branch3x3dbl_2": 3, "branch3x3dbl_3a": (1, 3), "branch3x3dbl_3b": (3, 1), "branch_pool": 1}  # fmt: skip
AFTER = {"branch5x5_2": "branch5x5_1", "branch3x3dbl_2": "branch3x3dbl_1", "branch3x3dbl_3": "branch3x3dbl_2",
         "branch3x3dbl_3a": "branch3x3dbl_2", "branch3x3dbl_3b": "branch3x3dbl_2", "branch3x3_2a": "branch3x3_1",
         "branch3x3_2b": "branch3x3_1", "branch3x3_2": "branch3x3_1"}  # fmt: skip
W = 2
"""Channels of every layer."""


def small_inception(classes=1008, seed=0):
    """Random weights in Inception v3's layout, two channels wide, and the width of its features."""
    torch.manual_seed(seed)
    state = {}

    def conv(name, inputs, kernel):
        size = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        state[f"{name}.conv.weight"] = torch.randn(W, inputs, *size) * (2 / (inputs * size[0] * size[1])) ** 0.5
        bn = nn.BatchNorm2d(W)
        state.update({f"{name}.bn.{k}": v for k, v in bn.state_dict().items()})

    def block(name, inputs, table):
        for branch, kernel in table.items():
            first = branch.endswith("_1") or "_" not in branch or branch == "branch_pool"
            conv(f"{name}.{branch}", inputs if first else W, kernel)

    for name, inputs, kernel in (
        ("1a_3x3", 3, 3),
        ("2a_3x3", W, 3),
        ("2b_3x3", W, 3),
        ("3b_1x1", W, 1),
        ("4a_3x3", W, 3),
    ):
        conv(f"Conv2d_{name}", inputs, kernel)
    inputs = W
    for letter in "bcd":
        block(f"Mixed_5{letter}", inputs, NEAR)
        inputs = 4 * W
    block("Mixed_6a", inputs, {"branch3x3": 3, "branch3x3dbl_1": 1, "branch3x3dbl_2": 3, "branch3x3dbl_3": 3})
    inputs += 2 * W
    for letter in "bcde":
        block(f"Mixed_6{letter}", inputs, FAR)
        inputs = 4 * W
    block("Mixed_7a", inputs, {"branch3x3_1": 1, "branch3x3_2": 3, "branch7x7x3_1": 1, "branch7x7x3_2": (1, 7),
                               "branch7x7x3_3": (7, 1), "branch7x7x3_4": 3})  # fmt: skip
    inputs += 2 * W
    for letter in "bc":
        block(f"Mixed_7{letter}", inputs, WIDE)
        inputs = 6 * W
    state["fc.weight"] = torch.zeros(classes, inputs)
    return state, inputs


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("inception") / "weights.safetensors"
    save_file(small_inception()[0], path)
    return path


def test_features_have_the_networks_width_and_the_kind_is_told_by_its_classes(weights, tmp_path):
    network = inception.read(weights)
    assert network.kind == "fid"
    assert network.features(torch.rand(2, 3, 40, 40) * 2 - 1).shape == (2, 6 * W)
    state, width = small_inception(classes=1000)
    torch.save(state, tmp_path / "torchvision.pth")
    other = inception.read(tmp_path / "torchvision.pth")
    assert other.kind == "torchvision" and other.features(torch.zeros(1, 3, 64, 64)).shape == (1, width)


def test_the_distance_of_a_set_to_itself_is_none_and_of_another_is_the_formulas(weights):
    network = inception.read(weights)
    chance = torch.Generator().manual_seed(3)
    a, b = (torch.rand(12, 3, 32, 32, generator=chance) * s - 1 for s in (2.0, 0.7))
    same, apart = inception.fid(network, a, a), inception.fid(network, a, b)
    assert same["fid"] == pytest.approx(0, abs=1e-3) and same["fid_of"] == 12
    x, y = network.features(a).double(), network.features(b).double()
    assert apart["fid"] == pytest.approx(frechet(x, y), abs=1e-3) and apart["fid"] > same["fid"]


def test_frechet_of_clouds_whose_answer_is_known():
    """Four points whose covariance is diagonal: (m1 - m2)² + (s1 - s2)² for each axis."""
    square = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
    scale = (4 / 3) ** 0.5  # of the standard deviation that four such points have
    other = square * torch.tensor([3.0, 2.0]) + torch.tensor([5.0, 0.0])
    assert frechet(square, other) == pytest.approx(25 + (2 * scale) ** 2 + (1 * scale) ** 2)


def test_what_is_no_inception_is_one_line(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        inception.read(tmp_path / "absent.pth")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match=r"no Conv2d_1a_3x3"):
        inception.read(tmp_path / "other.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "script.pt")
    with pytest.raises(ModelError, match="TorchScript"):
        inception.read(tmp_path / "script.pt")
    state, _ = small_inception()
    state["Mixed_5c.branch5x5_2.conv.weight"] = torch.zeros(2, 7, 5, 5)
    save_file(state, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=r"Mixed_5c.branch5x5_2 does not fit"):
        inception.read(tmp_path / "odd.safetensors").features(torch.zeros(1, 3, 32, 32))


@pytest.fixture(scope="module")
def small_set(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("measure") / "rules", 36, 16, 0.4)


@pytest.fixture(scope="module")
def small_model(small_set, tmp_path_factory):
    return trained(small_set, tmp_path_factory.mktemp("model"), 0.02)


def test_the_command_leaves_sheet_walk_neighbours_and_figures(small_set, small_model, weights, tmp_path, capsys):
    words = ["train", "measure", str(small_model), str(small_set), "--out", str(tmp_path), "--count", "12",
             "--walk", "1", "--inception", str(weights), "--json"]  # fmt: skip
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    kept = {
        "feature_distance",
        "precision",
        "recall",
        "nearest_ratio",
        "same_by_hash",
        "largest_over_median_step",
        "fid",
    }
    assert kept <= set(found) and found["fid"] > 0
    assert json.loads((tmp_path / "measures.json").read_text())["fid"] == found["fid"]
    with Image.open(tmp_path / "walk.webp") as walk, Image.open(tmp_path / "sheet.jpg") as sheet:
        assert walk.n_frames == 15 and walk.size == (16, 16) and sheet.size == (128, 128)
    assert (tmp_path / "neighbours.jpg").stat().st_size > 500


def test_weights_that_are_absent_are_one_line_before_any_work(small_set, small_model, tmp_path, capsys):
    words = ["train", "measure", str(small_model), str(small_set), "--out", str(tmp_path / "o")]
    assert main([*words, "--inception", str(tmp_path / "inception.pth")]) == ModelError.exit_code
    said = capsys.readouterr().err.strip().splitlines()
    assert "there is no such file" in said[-1] and not (tmp_path / "o").exists()


def test_too_few_held_out_pictures_are_said_before_anything_is_painted(small_model, tmp_path, capsys):
    few = drawn(tmp_path / "few", 12, 16, 0.1)
    assert main(["train", "measure", str(small_model), str(few), "--out", str(tmp_path / "o")]) == UsageError.exit_code
    assert "eight are the least" in capsys.readouterr().err and not list((tmp_path / "o").iterdir())


def test_a_picture_of_the_training_set_is_found_out():
    taught = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    fresh = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(2)) * 2 - 1
    assert worth.same_by_hash(taught[:3], taught) == 3 and worth.same_by_hash(fresh, taught) == 0


def test_a_walk_meets_its_keys_and_closes():
    keys = torch.randn(5, 2)
    assert torch.allclose(round_curve(keys, 3.0), keys[3]) and torch.allclose(round_curve(keys, 5.0), keys[0])
    near = (round_curve(keys, 4.999) - round_curve(keys, 0.001)).abs().max()
    assert float(near) < 0.05
