"""The help on the screen fits any window, is readable, and says what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.types import Moment, ParamFrame
from perform.gl.help_sheet import Drawn, _columns, _like, _Line, draw_sheet

SHEET = (
    ("Keys", tuple((f"k{n}", f"what the key number {n} does", "0.50" if n % 2 else "") for n in range(20))),
    ("A Pad", tuple((f"right trigger {n}", "macro", "on") for n in range(18))),
)


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (320, 240), (400, 900), (64, 36), (1, 1)])
def test_it_is_never_larger_than_the_window(size: tuple[int, int]) -> None:
    pixels = draw_sheet(SHEET, size, "f1 closes this")
    assert pixels.shape[1] <= size[0] and pixels.shape[0] <= size[1] and pixels.shape[2] == 4


def test_a_large_window_shows_all_and_larger() -> None:
    small, large = draw_sheet(SHEET, (640, 360)), draw_sheet(SHEET, (1920, 1080))
    assert large.shape[0] > 2 * small.shape[0]
    bright = [(image[:, :, :3].max(axis=2) > 150).sum() for image in (small, large)]
    assert bright[1] > 3 * bright[0] > 0


def test_only_how_things_stand_is_drawn_anew() -> None:
    later = tuple(
        (title, tuple((key, doc, "0.75" if now else "off") for key, doc, now in rows)) for title, rows in SHEET
    )
    drawn = Drawn(SHEET, (900, 600))
    assert np.array_equal(drawn.with_values(SHEET), draw_sheet(SHEET, (900, 600)))
    assert np.array_equal(drawn.with_values(later), draw_sheet(later, (900, 600)))
    assert not np.array_equal(drawn.with_values(later), drawn.with_values(SHEET))
    longer = tuple((title, tuple((key, doc, "a long word of it") for key, doc, _ in rows)) for title, rows in SHEET)
    assert _like(later, (900, 600)) == drawn.like != _like(longer, (900, 600))


def test_columns_are_even_and_no_title_stands_at_a_foot() -> None:
    lines = [_Line("a"), *[_Line(row=("k", "d", "")) for _ in range(4)], _Line("b"), _Line(row=("k", "d", ""))]
    for count in (1, 2, 3):
        columns = _columns(lines, count)
        assert [line for column in columns for line in column] == lines and len(columns) <= count
        assert not any(column[-1].title for column in columns)


def test_nothing_to_say_and_odd_text_are_no_trouble() -> None:
    assert draw_sheet((), (200, 100)).shape[2] == 4
    odd = (("\u0000 " * 40, (("\u2190" * 90, "\u6f22\n" * 90, "x" * 200),)),)
    assert draw_sheet(odd, (300, 200)).shape[1] <= 300


def test_it_is_drawn_over_a_picture(gl_make_player) -> None:
    """In the middle, over the frame, once `out/help` is on."""
    stage = gl_make_player((320, 180)).stage
    stage.hud_in_output = True
    stage.set_help(SHEET)

    def shown(on: bool) -> int:
        for n in range(3):
            stage.show({}, ParamFrame({"out/help": on, "out/blackout": True}), None, Moment(n / 60, 1 / 60, n))
            if stage._help._thread is not None:
                stage._help._thread.join()
        return int(stage.finish().max())

    assert shown(False) < 30
    assert shown(True) > 150
    assert shown(False) < 30
    assert not stage.messages
