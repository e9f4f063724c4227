"""The command for a CUDA card: one line where there is none; and its rows, taken from tiny networks on the CPU."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

GPU = Path(__file__).resolve().parents[2] / "bench" / "gpu.py"


@pytest.fixture(scope="module")
def gpu() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_bench", GPU)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA card")
def test_without_a_card_it_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(GPU), "--save", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode != 0 and not list(tmp_path.iterdir())
    assert (done.stdout + done.stderr).splitlines() == ["no CUDA device: not taken"]


def test_its_rows_are_judged_before_they_are_timed(gpu: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = gpu.taken("cpu", gpu.SMALL, 1)
    assert sum(row.get("right") == "yes" for row in rows) == len(gpu.SMALL)
    assert all(row["ms_least"] > 0 for row in rows if "right" not in row) and len(rows) == 3 * len(gpu.SMALL)
    monkeypatch.setattr(gpu, "HALF_BOUND", 0.0)
    rows = gpu.taken("cpu", gpu.SMALL, 1)
    assert all(row["right"] == "no" for row in rows) and not any("ms_least" in row for row in rows)
