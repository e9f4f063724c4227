"""From what was kept on the way to pages of pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perform.analysis.lanes import NAMES, Lanes
from perform.analysis.path import Beat
from perform.analysis.summary import clock
from perform.features.beat import TRUSTED

FINE_S, USUAL_S = 30.0, 60.0
"""Seconds a row has at most: where the sound fits on one page, and where it does not."""
PAGES = 12
"""No more of them; longer sounds get longer rows."""


def draw(path: Path, summary: Mapping[str, Any], lanes: Lanes, beats: Sequence[Beat]) -> list[Path]:
    """Write the page or pages: `path`, then `NAME_2.png`, `NAME_3.png`, …; which they are. Raises MediaError."""
    from perform.outputs.chart import save_chart
    from perform.outputs.sound_chart import KEPT, ROWS, SoundChart, draw_page, rows_of

    seconds = float(summary["seconds"])
    chart = SoundChart(
        seconds, lanes.column_s, {name: lanes.lane(name) for name in NAMES}, lanes.mel,
        [(time_s, place) for time_s, place, _ in beats],
        [(row["start_s"], row["end_s"], row["kind"]) for row in summary["sections"]],
        head_of(summary), row_length_s(seconds, ROWS), float(summary["start_s"]), TRUSTED,
    )  # fmt: skip
    written: list[Path] = []
    for page, first in enumerate(range(0, rows_of(chart), ROWS)):
        target = path if page == 0 else path.with_name(f"{path.stem}_{page + 1}{path.suffix}")
        save_chart(target, draw_page(chart, first, min(ROWS, rows_of(chart) - first)), KEPT)
        written.append(target)
    return written


def row_length_s(seconds: float, rows: int) -> float:
    """Seconds a row, all rows the same. rows: on a page."""
    count = math.ceil(seconds / FINE_S)
    if count > rows:
        count = max(rows, min(math.ceil(seconds / USUAL_S), rows * PAGES))
    return seconds / max(count, 1)


def head_of(summary: Mapping[str, Any]) -> list[str]:
    """The lines over the picture."""
    tempo, confidence = summary["tempo"], summary["confidence"]
    heard = "no beat that could be trusted"
    if tempo["bpm"] is not None:
        heard = (
            f"{tempo['bpm']:.1f} bpm, bars of {summary['beats_per_bar']} · {summary['beats']} beats in"
            f" {summary['bars']} bars · trusted {100 * confidence['trusted_share']:.0f} % of the time"
        )
    drops = ", ".join(clock(s + summary["start_s"]) for s in summary["drops_s"])
    about = f"{clock(summary['seconds'])} · {summary['rate_hz']:g} Hz" + (f" · drops at {drops}" if drops else "")
    return [Path(str(summary["file"])).name, heard, about]
