"""What analyze is made of: bounded memory, tables on disk, sections by name, the size of rows."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from perform.analysis import columns, lanes
from perform.analysis.columns import Archive, Rows, Spool
from perform.analysis.form import Form
from perform.analysis.lanes import Lanes
from perform.analysis.path import beat_lines
from perform.analysis.picture import row_length_s
from perform.analysis.summary import clock
from perform.core.errors import MediaError
from perform.core.types import Features
from perform.features import OUTPUTS

REST = dict.fromkeys(OUTPUTS, 0.0)


def hop(time_s: float, wave: float = 0.0, **values: float) -> Features:
    named = {name.replace("__", "/"): value for name, value in values.items()}
    waveform = np.full((1024, 2), wave, np.float32)
    return Features(time_s, REST | named, np.zeros(512, np.float32), waveform, np.full(64, abs(wave), np.float32))


def test_memory_is_bounded_and_peaks_survive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "CAPACITY", 4096)
    kept = Lanes(0.005)
    total = 4096 * lanes.EVERY * 3
    for number in range(total):
        kept.add(hop(number * 0.005, 0.9 if number == 7003 else 0.1, audio__bass__hit=float(number == 5000)), None)
    assert len(kept) <= 4096 and kept.column_s == pytest.approx(0.02 * 4)
    assert len(kept) * kept.column_s == pytest.approx(total * 0.005, rel=0.01)
    assert kept.lane("high").argmax() * kept.column_s == pytest.approx(7003 * 0.005, abs=0.1)
    assert kept.lane("high").max() == pytest.approx(0.9)
    assert kept.lane("bass hit").argmax() * kept.column_s == pytest.approx(25.0, abs=0.1)
    assert kept.mel.shape == (len(kept), 64) and kept.mel.max() == int(0.9 * 255)


@pytest.mark.parametrize("rows", [0, 3, 8, 21])
def test_tables_on_disk_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(columns, "CHUNK", 8)
    table = np.random.default_rng(rows).standard_normal((rows, 3))
    spool, wide = Spool({"a": "f8", "b/c": "f4", "d": "f8"}, tmp_path), Rows("wide", 5, tmp_path)
    for row in table:
        spool.add(row)
        wide.add(np.resize(row, 5))
    with Archive(tmp_path / "out.npz") as archive:
        spool.write(archive.file)
        wide.write(archive.file)
        archive.put("names", np.array(["a", "b/c"]))
    with np.load(tmp_path / "out.npz", allow_pickle=False) as data:
        assert np.array_equal(data["a"], table[:, 0]) and np.array_equal(data["b/c"], table[:, 1].astype(np.float32))
        assert data["d"].shape == (rows,) and data["wide"].shape == (rows, 5) and data["names"][1] == "b/c"
    assert [p.name for p in tmp_path.iterdir()] == ["out.npz"], "the spools have no name and leave nothing"


def test_a_table_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.npz"
    with pytest.raises(MediaError, match="no space"), Archive(path) as archive:
        archive.put("a", np.zeros(3))
        raise OSError(28, "no space left")
    with pytest.raises(ValueError), Archive(path):
        raise ValueError("a fault of ours")
    assert not list(tmp_path.iterdir())
    with pytest.raises(MediaError), Archive(tmp_path / "nowhere" / "out.npz"):
        pass
    with Archive(path) as archive:
        archive.put("a", np.zeros(3))
    assert zipfile.is_zipfile(path)


def kinds(form: Form) -> list[tuple[str, float]]:
    return [(s.kind, round(s.start_s, 1)) for s in form.stretches]


def feed(form: Form, start_s: float, seconds: float, **values: float) -> None:
    for number in range(round(seconds * 50)):
        form.step(start_s + number / 50.0, REST | {f"section/{name}": value for name, value in values.items()})


def test_sections_by_name() -> None:
    form = Form()
    feed(form, 0.0, 5.0)
    feed(form, 5.0, 0.6, build=0.9)
    feed(form, 5.6, 4.4)
    feed(form, 10.0, 4.0, build=0.8)
    feed(form, 14.0, 6.0, drop=0.9, drops=1.0)
    feed(form, 20.0, 4.0, drops=1.0)
    feed(form, 24.0, 4.0, drops=1.0, **{"break": 1.0})
    feed(form, 28.0, 3.0, drops=2.0, drop=1.0, **{"break": 0.6})
    feed(form, 31.0, 4.0, drops=2.0, drop=0.2, trend=-0.5)
    feed(form, 35.0, 3.0, drops=2.0, silence=1.0)
    assert kinds(form) == [
        ("play", 0.0), ("build", 10.0), ("drop", 14.0), ("break", 24.0), ("drop", 28.0), ("play", 31.0),
        ("silence", 35.0),
    ]  # fmt: skip
    assert all(a.end_s == b.start_s for a, b in zip(form.stretches[:-1], form.stretches[1:], strict=True))
    assert form.stretches[-1].end_s == pytest.approx(38.0, abs=0.05)


def test_times_and_lines() -> None:
    assert [clock(s) for s in (0.0, 62.94, 3605.0)] == ["0:00.0", "1:02.9", "1:00:05.0"]
    assert clock(59.96) == "1:00.0"
    assert beat_lines([(1.25, 1, 1.2601), (1.75, 2, 1.7)]) == "1.2500\t1\t1.2601\n1.7500\t2\t1.7000\n"


def test_rows_are_even_and_pages_few() -> None:
    for seconds in (0.5, 20.0, 61.0, 119.0, 121.0, 400.0, 3600.0, 40000.0):
        row_s = row_length_s(seconds, 4)
        rows = round(seconds / row_s)
        assert rows * row_s == pytest.approx(seconds) and rows <= 48
        assert row_s <= 60.0 or rows == 48
        assert rows <= 4 or row_s > 29.0
