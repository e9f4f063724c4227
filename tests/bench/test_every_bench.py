"""Every bench runs in its quick form; what it measures means nothing here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perform import bench
from perform.bench._results import save
from perform.cli import main


@pytest.mark.parametrize("name", bench.NAMES)
def test_it_runs_and_tells_in_the_agreed_form(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", name, "--quick", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["bench"] == name and result["machine"] and result["rows"]
    for row in result["rows"]:
        assert row["what"]


def test_figures_are_kept_as_json_and_as_one_page(tmp_path: Path) -> None:
    rows = [{"what": "a", "ms_p50": 1.23456}, {"what": "b", "fps": 30}]
    page = save([{"bench": "x", "machine": {"cpu": "one"}, "rows": rows}], tmp_path)
    save([{"bench": "y", "machine": {"cpu": "two"}, "rows": rows}], tmp_path)
    text = page.read_text()
    assert "## x" in text and "## y" in text and "| a | 1.235 |  |" in text and "cpu two" in text
    assert json.loads((tmp_path / "x.json").read_text())["rows"] == rows
