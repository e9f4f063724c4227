"""The machine in words, and benches found by their file's name."""

import json
import sys
import types
from pathlib import Path

import pytest

from perform import bench
from perform.bench import machine
from perform.core.errors import UsageError


def test_the_machine_is_described_in_json():
    about = json.loads(json.dumps(machine.describe("llvmpipe")))
    assert set(about) == {"cpu", "cores", "memory_gib", "os", "python", "torch", "gl"}
    assert about["cores"] >= 1
    assert about["memory_gib"] > 0.1
    assert about["python"].startswith("3.")
    assert about["gl"] == "llvmpipe"
    assert machine.describe()["gl"] is None


def test_a_machine_that_tells_nothing_is_described_all_the_same(monkeypatch):
    def gone(self, *args, **kwargs):
        raise OSError("no such file")

    monkeypatch.setattr(machine.Path, "read_text", gone)
    monkeypatch.setattr(machine.platform, "freedesktop_os_release", lambda: {})
    monkeypatch.setattr(machine, "version", lambda name: (_ for _ in ()).throw(machine.PackageNotFoundError(name)))
    about = machine.describe()
    assert about["cpu"]
    assert about["os"]
    assert about["torch"] is None


def test_benches_are_the_files_of_the_folder():
    files = {p.stem for p in Path(bench.__file__).parent.glob("*.py")} - {"__init__", "machine"}
    assert set(bench.NAMES) == {name for name in files if not name.startswith("_")}
    with pytest.raises(UsageError, match="no bench 'nonsense'"):
        bench.run("nonsense")
    with pytest.raises(UsageError):
        bench.run("machine")


@pytest.mark.parametrize("whole", [False, True])
def test_rows_come_with_the_machine(whole, monkeypatch):
    rows = [{"what": "x", "ms_p50": 1.0, "quick": True}]
    fake = types.ModuleType("perform.bench.fake")
    fake.run = lambda quick: {"rows": rows, "machine": {"gl": "llvmpipe"}} if whole and quick else rows
    monkeypatch.setitem(sys.modules, "perform.bench.fake", fake)
    monkeypatch.setattr(bench, "NAMES", ("fake",))
    result = bench.run("fake", True)
    assert result["bench"] == "fake"
    assert result["rows"] == rows
    assert result["machine"]["gl"] == ("llvmpipe" if whole else None)
    assert result["machine"]["cores"] >= 1
