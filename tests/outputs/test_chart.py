"""The canvas: exact coverage, pixels of time, colours that stay; and the pages made with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perform.core.errors import MediaError
from perform.outputs.chart import Canvas, heat, per_pixel, save_chart
from perform.outputs.sound_chart import KEPT, KIND_COLOURS, SoundChart, clock_label, draw_page, rows_of

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def test_an_area_covers_what_it_should_to_a_part_of_a_pixel() -> None:
    canvas = Canvas(3, 10, BLACK)
    canvas.area(0, 0, 10, np.zeros(3), np.array([0.5, 0.55, 2.0]), WHITE)
    column = canvas.pixels()[:, :, 0].astype(float) / 255.0
    assert column.sum(axis=0) == pytest.approx([5.0, 5.5, 10.0], abs=0.01)
    assert column[4, 1] == pytest.approx(0.5, abs=0.01) and column[3, 1] == 0.0


def test_a_line_is_as_thick_as_it_is_told_and_stops_where_there_is_nothing() -> None:
    canvas = Canvas(6, 20, BLACK)
    canvas.line(0, 0, 20, np.array([0.5, 0.5, np.nan, 0.2, 0.2, 0.2]), WHITE, thick=2.0)
    column = canvas.pixels()[:, :, 0].astype(float) / 255.0
    assert column.sum(axis=0) == pytest.approx([2, 2, 0, 2, 2, 2], abs=0.02)
    steep = Canvas(2, 20, BLACK)
    steep.line(0, 0, 20, np.array([0.1, 0.9]), WHITE, thick=1.0)
    assert steep.pixels()[:, :, 0].astype(float).sum() / 255.0 == pytest.approx(18.0, abs=0.1), "without a hole"


def test_an_upright_falls_between_pixels() -> None:
    canvas = Canvas(5, 2, BLACK)
    canvas.upright(2.0, 0, 2, WHITE)
    assert canvas.pixels()[0, :, 0].tolist() == [0, 128, 128, 0, 0]
    canvas.upright(99.0, 0, 2, WHITE)
    canvas.box(-5, 0, 6, 1, (10, 20, 30), 0.5)
    assert canvas.pixels()[0, 0].tolist() == [5, 10, 15]


def test_time_becomes_pixels() -> None:
    values = np.array([0.0, 1.0, 0.0, 0.0, -2.0, 4.0], np.float32)
    edges = np.linspace(0, 6, 4)
    assert per_pixel(values, edges, "max").tolist() == [1.0, 0.0, 4.0]
    assert per_pixel(values, edges, "min").tolist() == [0.0, 0.0, -2.0]
    assert per_pixel(values, edges, "mean").tolist() == [0.5, 0.0, 1.0]
    assert per_pixel(values, np.linspace(4, 10, 4), "max").tolist() == [4.0, 0.0, 0.0], "nothing after the end"
    fine = per_pixel(values[:2], np.linspace(0, 2, 9), "max")
    assert (np.diff(fine) >= 0).all() and fine[0] == 0.0 and fine[-1] == 1.0
    assert per_pixel(np.zeros((0, 3)), edges, "max").shape == (3, 3)


def test_heat_goes_through_its_stops() -> None:
    stops = ((0.0, BLACK), (0.5, (200, 100, 0)), (1.0, WHITE))
    assert heat(np.array([0.0, 0.25, 0.5, 1.0]), stops)[:, 0].tolist() == [0.0, 100.0, 200.0, 255.0]


def test_colours_that_matter_stay_in_a_small_palette(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 90, (200, 200, 3)).astype(np.uint8)
    pixels[0, : len(KEPT)] = KEPT
    save_chart(tmp_path / "a.png", pixels, KEPT)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P" and np.array_equal(np.asarray(image.convert("RGB"))[0, : len(KEPT)], KEPT)
    with pytest.raises(MediaError):
        save_chart(tmp_path / "nowhere" / "a.png", pixels)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def chart(seconds: float, row_s: float, columns: int = 2000) -> SoundChart:
    from perform.analysis.lanes import NAMES

    rng = np.random.default_rng(3)
    lanes = {name: rng.random(columns).astype(np.float32) for name in NAMES}
    lanes["low"] = -lanes["low"]
    lanes["tempo"] = lanes["tempo"] * 4 + 120
    beats = [(t, k % 4 + 1) for k, t in enumerate(np.arange(0.2, seconds, 0.5))]
    sections = [(0.0, seconds / 2, "build"), (seconds / 2, seconds, "drop")]
    mel = rng.integers(0, 255, (columns, 64)).astype(np.uint8)
    return SoundChart(seconds, seconds / columns, lanes, mel, beats, sections, ["title", "line"], row_s)


@pytest.mark.parametrize(("seconds", "row_s", "rows"), [(0.05, 0.05, 1), (42.0, 21.0, 2), (3600.0, 60.0, 60)])
def test_pages(seconds: float, row_s: float, rows: int) -> None:
    made = chart(seconds, row_s)
    assert rows_of(made) == rows
    first, last = draw_page(made, 0, 1), draw_page(made, rows - 1, 1)
    assert first.shape[1] == last.shape[1] == 1920 and first.shape[0] > last.shape[0] - 1
    colour = np.array(KIND_COLOURS["drop" if rows > 1 else "build"])
    assert (np.abs(last.astype(int) - colour).sum(axis=2) == 0).sum() > 1000


def test_labels_of_time() -> None:
    assert [clock_label(s, 1.0) for s in (5.0, 65.0, 3665.0)] == ["0:05", "1:05", "1:01:05"]
    assert clock_label(1.5, 0.5) == "0:01.5"
