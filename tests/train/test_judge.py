"""The judge of colour and form: it learns its captions, and its verdict counts what it says."""

import json

import pytest
import torch

from perform.cli import main
from perform.core.errors import ModelError
from perform.train.micro import judge as judging
from perform.train.micro import verdict
from perform.train.scenes import COLOURS, FAMILIES, read

pytestmark = pytest.mark.usefixtures("one_thread")


def test_agreement_is_by_the_strongest_words():
    scene = read("violet and turquoise nebula")
    colours, families = judging.answers([scene])
    assert colours.sum() == 2 and families.tolist() == [list(FAMILIES).index("nebula")]
    assert judging.right((colours * 5 - 2, torch.eye(12)[families]), [scene]) == ([True], [True])
    one = torch.zeros(1, 11)
    one[0, list(COLOURS).index("violet")] = 3.0
    one[0, list(COLOURS).index("red")] = 2.0
    assert judging.right((one, torch.eye(12)[:1]), [scene]) == ([False], [False])
    assert judging.right((one, torch.eye(12)[:1]), [read("violet marble")]) == ([True], [True])


def test_prompts_hold_every_family_and_colour():
    scenes = [read(text) for text in verdict.PROMPTS]
    assert len(set(verdict.PROMPTS)) == 30
    assert {s.family for s in scenes} == set(FAMILIES) and {s.colour for s in scenes} == set(COLOURS)


def test_it_learns_from_captions(monkeypatch):
    """After some batches of small pictures it reads unseen ones far better than chance (1 in 11, 1 in 12)."""
    monkeypatch.setattr(judging, "SIDE", 32)
    torch.manual_seed(1)
    judge = judging.Judge((12, 16, 24))
    judging.teach(judge, judging.Lesson(1600, 1), lambda *_: None)
    found = judging.held_out(judge, 96, 32)
    assert found["colour"] > 0.12 and found["family"] > 0.2


def test_a_file_that_holds_no_judge_is_one_line(tmp_path):
    (tmp_path / "judge.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="no judge in it"):
        judging.load(tmp_path / "judge.safetensors")


def test_the_command_paints_as_a_show_does_and_says_its_figures(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(verdict, "SIDE", 64)
    monkeypatch.setattr(verdict, "HELD_OUT", {64: 8, 128: 4})
    monkeypatch.setattr(verdict, "PROMPTS", ("red marble", "green cells"))
    words = ["train", "judge", "--out", str(tmp_path), "--pictures", "64", "--samples", "2", "--json"]
    assert main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["pictures"] == 4 and len(said["rows"]) == 2 and {"64_px", "128_px"} == set(said["judge_on_held_out"])
    assert (tmp_path / "judged.jpg").stat().st_size > 1000
    kept = (tmp_path / "judge.safetensors").read_bytes()
    assert main(words) == 0 and (tmp_path / "judge.safetensors").read_bytes() == kept
    assert json.loads((tmp_path / "verdict.json").read_text()) == said
