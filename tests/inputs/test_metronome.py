"""The metronome: a click on every beat, a beat that it knows, the same whatever the block size."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.errors import UsageError
from perform.inputs import open_input


def sound(spec: str, seconds: float, block: int = 4096) -> np.ndarray:
    source = open_input(spec, live=False)
    source.open()
    blocks = []
    while sum(map(len, blocks)) < seconds * 48000:
        read = source.read(block)
        assert read is not None
        blocks.append(read.samples)
    source.close()
    return np.concatenate(blocks)[: round(seconds * 48000)]


@pytest.mark.parametrize("bpm", [60.0, 97.0, 240.0])
def test_a_click_on_every_beat(bpm: float) -> None:
    loud = np.abs(sound(f"metronome:{bpm}", 10.0)[:, 0]) > 0.05
    starts = [n for n in np.flatnonzero(loud) if not loud[max(0, n - 2000) : n].any()]
    assert len(starts) == int(np.ceil(10.0 * bpm / 60.0))
    assert np.abs(np.array(starts) / 48000 - np.arange(len(starts)) * 60.0 / bpm).max() < 0.001


def test_it_knows_its_beat_and_the_block_size_leaves_no_trace() -> None:
    source = open_input("metronome:90", live=False)
    source.open()
    source.read(48000)
    beat = source.beat()
    assert beat is not None and (beat.time_s, beat.beats, beat.tempo_bpm) == (1.0, 1.5, 90.0)
    assert (sound("metronome:90", 3.0, 97) == sound("metronome:90", 3.0, 5000)).all()


@pytest.mark.parametrize("spec", ["metronome:fast", "metronome:5", "metronome:inf", "metronome:-60"])
def test_tempi_that_are_none(spec: str) -> None:
    with pytest.raises(UsageError):
        open_input(spec, live=False)
