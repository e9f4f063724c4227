"""One training at a time in a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from perform import cli
from perform.train.place import at_work

HOLDS = """
import sys, time
from pathlib import Path
from perform.train.place import at_work
with at_work(Path(sys.argv[1])):
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process that is at work in tmp_path."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "there\n"
        yield process
        process.kill()


@pytest.mark.parametrize("kind", ["gan", "micro"])
def test_a_second_training_in_a_folder_is_refused_in_one_line(tmp_path, other, capsys, kind) -> None:
    recipe = {"gan": "noctiluca", "micro": "lumen"}[kind]
    assert cli.main(["train", kind, "--recipe", recipe, "--out", str(tmp_path), "--minutes", "1"]) == 64
    told = capsys.readouterr().err
    assert f"{tmp_path}: another training is at work there" in told and told.count("\n") == 1


def test_a_killed_training_leaves_its_folder_free(tmp_path, other) -> None:
    other.kill()
    other.wait(timeout=10)
    with at_work(tmp_path):
        assert (tmp_path / "work").is_dir()
    with at_work(tmp_path):
        pass
