"""Practice for the beat tracker's judge: pieces with exact beats, lessons cut from them, a network that Judge reads."""

import numpy as np
import pytest

pytest.importorskip("torch")

from perform.features.beat.judge import BEATS, SUBDIVISIONS, Judge
from perform.features.beat.onset import BANDS
from perform.train import beat_judge
from perform.train.beat_band import NOT_MUSIC_EVERY, play
from perform.train.beat_styles import grooves


def test_every_groove_goes_round_with_its_bar():
    assert len({g.name for g in grooves()}) == len(grooves()) > 100
    for g in grooves():
        bar = g.metre * g.steps
        assert 2 <= g.metre <= 7 and 30 <= g.slowest_bpm < g.fastest_bpm <= 240, g.name
        for voice, row in g.rows.items():
            assert set(row) <= set("Xxo."), (g.name, voice)
            assert bar % len(row) == 0 or len(row) % bar == 0, (g.name, voice)


def test_a_piece_is_the_same_every_time_and_its_beats_are_where_they_sound():
    piece = play(3, 6.0)
    assert piece.name == "techno" and np.array_equal(piece.samples, play(3, 6.0).samples)
    assert piece.samples.dtype == np.float32 and np.abs(piece.samples).max() <= 1.0
    assert set(np.diff(piece.places)) <= {1, 1 - piece.metre} and (np.diff(piece.beats_s) > 0.4).all()
    assert len(play(NOT_MUSIC_EVERY - 1, 3.0).beats_s) == 0


def test_a_lesson_is_taught_and_the_judge_reads_the_weights(tmp_path):
    lessons = beat_judge.gather(range(3), tmp_path)
    assert lessons.cells.shape[2:] == (BEATS, SUBDIVISIONS * BANDS) and (lessons.place >= 0).all()
    again = beat_judge.gather(range(3), tmp_path)  # from the cache this time
    assert np.array_equal(lessons.cells, again.cells)
    network = beat_judge.teach(lessons, np.arange(len(lessons.seed)), 1)
    path = tmp_path / "judge.npz"
    np.savez(path, **network.arrays())
    judge = Judge(path)
    rng = np.random.default_rng(0)
    for _ in range(600):
        judge.hear(rng.random(BANDS, np.float32))
    last, period = float(judge.hop), 47.0
    import torch

    cells = beat_judge.cut(judge._ring[:600], np.array([last]), np.array([period]))
    side = np.concatenate([beat_judge.tempo_code(np.array([period])), np.ones((1, 1))], axis=1).astype(np.float32)
    network.eval()
    with torch.no_grad():
        score, _ = network(torch.from_numpy(cells), torch.from_numpy(side))
    assert judge.score(period - 2.0, period) == pytest.approx(float(score[0]), abs=0.02)
    text = beat_judge.card("0" * 64, 3, 1, beat_judge.measure(network, lessons, np.arange(len(lessons.seed))))
    assert "grid" in text and "synthesised by this project" in text
