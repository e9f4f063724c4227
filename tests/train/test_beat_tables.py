"""The tables of the beat tracker: renders with known beats, and what is counted in them."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from perform.features.beat import tables as shipped
from perform.features.beat.onset import BANDS
from perform.train import beat_renders, beat_tables


@pytest.fixture(scope="module")
def piece() -> beat_renders.Piece:
    return beat_renders.render(0, 6.0)


@pytest.fixture(scope="module")
def heard(piece: beat_renders.Piece) -> beat_tables.Heard:
    return beat_tables.listen(piece.samples, beat_renders.RATE_HZ)


def test_a_piece_is_the_same_every_time(piece: beat_renders.Piece) -> None:
    again = beat_renders.render(0, 6.0)
    assert again.samples.tobytes() == piece.samples.tobytes()
    assert np.isfinite(piece.samples).all() and 0.1 < np.abs(piece.samples).max() <= 1.0
    assert beat_renders.render(len(beat_renders.STYLES), 3.0).samples.tobytes() != piece.samples[: 3 * 44100].tobytes()


def test_rows_fill_whole_bars() -> None:
    for style in beat_renders.STYLES:
        for row in style.rows.values():
            assert len(row) == style.metre * style.steps, style.name
            assert set(row) <= {".", *beat_renders.LOUDNESS}


def test_beats_are_even_and_counted_in_bars(piece: beat_renders.Piece) -> None:
    assert np.allclose(np.diff(piece.beats_s), piece.period_s)
    assert piece.beats_s[-1] < 6.0
    assert (piece.places == np.arange(len(piece.beats_s)) % 4).all()


def test_onsets_are_stronger_where_notes_are_written(piece: beat_renders.Piece, heard: beat_tables.Heard) -> None:
    sample = beat_tables.places(piece, heard)
    assert (sample.on[0].mean(axis=0) > sample.anywhere.mean(axis=0)).all()
    assert sample.used.tolist()[:2] == [True, True]  # kicks on beats, hats halfway
    assert sample.anywhere.shape[1] == BANDS


def test_the_line_is_the_ratio_of_two_normals() -> None:
    rng = np.random.default_rng(3)
    a, b = beat_tables.line(rng.normal(1.0, 1.0, 60_000), rng.normal(0.0, 1.0, 20_000))
    assert b == pytest.approx(1.0, abs=0.03)  # of N(1, 1) against N(0, 1): x - 1/2
    assert a == pytest.approx(-0.5, abs=0.03)


def test_cues_are_standardised(piece: beat_renders.Piece, heard: beat_tables.Heard) -> None:
    table = beat_tables.cues(piece, heard)
    assert table.shape[1] == 3
    assert np.abs(table.mean(axis=0)).max() < 0.2
    assert table.std(axis=0).max() < 1.1


def test_the_module_reads_back_and_holds_what_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat_tables, "render", lambda seed: beat_renders.render(seed, 5.0))
    tables = beat_tables.derive(range(2))
    assert tables == beat_tables.derive(range(2))
    lines = [node for node in ast.parse(beat_tables.module_text(tables, 2)).body if isinstance(node, ast.Assign)]
    held = {ast.unparse(line.targets[0]): ast.literal_eval(line.value) for line in lines}
    for name, values in tables.items():
        assert held[name.upper()] == values
        assert len(getattr(shipped, name.upper())) == len(values)
