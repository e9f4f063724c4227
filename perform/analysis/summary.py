"""What was heard, in figures: as an object for `--json`, and as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from perform.analysis.form import Stretch
from perform.analysis.lanes import Lanes
from perform.analysis.path import Beat
from perform.features.beat import TRUSTED


def summary_of(
    sound: Mapping[str, Any], lanes: Lanes, beats: Sequence[Beat], stretches: Sequence[Stretch], metres: Counter[int]
) -> dict[str, Any]:
    """sound: what is known of the file, goes first. metres: tracker hops at each length of bar, trusted ones."""
    tempo, confidence = lanes.lane("tempo"), lanes.lane("confidence")
    trusted = confidence >= TRUSTED
    first = int(np.argmax(trusted)) if trusted.any() else -1
    low, middle, high = np.percentile(tempo[trusted], (5, 50, 95)) if trusted.any() else (None, None, None)
    return {
        **sound,
        "tempo": {"bpm": _round(middle), "bpm_low": _round(low), "bpm_high": _round(high)},
        "confidence": {
            "mean": _round(confidence.mean() if len(lanes) else 0.0, 3),
            "trusted_share": _round(trusted.mean() if len(lanes) else 0.0, 3),
            "first_trusted_s": _round((first + 1) * lanes.column_s) if first >= 0 else None,
        },
        "beats": len(beats),
        "bars": sum(place == 1 for _, place, _ in beats),
        "beats_per_bar": metres.most_common(1)[0][0] if metres else None,
        "drops_s": [round(s.start_s, 2) for s in stretches if s.kind == "drop"],
        "sections": [_stretch(stretch, lanes, beats) for stretch in stretches],
    }


def _stretch(stretch: Stretch, lanes: Lanes, beats: Sequence[Beat]) -> dict[str, Any]:
    first = int(stretch.start_s / lanes.column_s)
    part = slice(first, max(first + 1, int(stretch.end_s / lanes.column_s)))
    confidence, tempo, energy = (lanes.lane(name)[part] for name in ("confidence", "tempo", "energy"))
    trusted = confidence >= TRUSTED
    bars = sum(place == 1 and stretch.start_s <= time_s < stretch.end_s for time_s, place, _ in beats)
    return {
        "kind": stretch.kind,
        "start_s": round(stretch.start_s, 2),
        "end_s": round(stretch.end_s, 2),
        "bars": bars,
        "energy": _round(energy.mean(), 2) if energy.size else 0.0,
        "tempo_bpm": _round(np.median(tempo[trusted])) if trusted.any() else None,
        "confidence": _round(confidence.mean(), 2) if confidence.size else 0.0,
    }


def _round(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(float(value), digits)


def clock(seconds: float) -> str:
    """`1:02.9`, `1:00:02.9`."""
    tenths = round(seconds * 10.0)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"


def table_of(summary: Mapping[str, Any]) -> str:
    """The summary as text."""
    tempo, confidence = summary["tempo"], summary["confidence"]
    lines = [
        f"{summary['file']}   {clock(summary['seconds'])} · {summary['rate_hz']:g} Hz · {summary['channels']} in"
        f" · heard {summary['times_faster']:g} times as fast as it plays"
    ]
    if tempo["bpm"] is None:
        lines.append("tempo       none that could be trusted")
    else:
        lines.append(f"tempo       {tempo['bpm']:.1f} bpm, from {tempo['bpm_low']:.1f} to {tempo['bpm_high']:.1f}")
    first = confidence["first_trusted_s"]
    since = "" if first is None else f", from {clock(first)} on"
    lines.append(
        f"confidence  {confidence['mean']:.2f} on average; trusted {100 * confidence['trusted_share']:.0f} % of the"
        f" time{since}"
    )
    metre = f", bars of {summary['beats_per_bar']}" if summary["beats_per_bar"] else ""
    lines.append(f"beats       {summary['beats']} that a live show acts on; {summary['bars']} bars{metre}")
    lines.append(f"drops       {', '.join(clock(s) for s in summary['drops_s']) or 'none'}")
    lines += ["", f"{'section':<9}{'start':>10}{'end':>10}{'bars':>7}{'energy':>9}{'tempo':>9}{'confidence':>13}"]
    for row in summary["sections"]:
        bpm = "-" if row["tempo_bpm"] is None else f"{row['tempo_bpm']:.1f}"
        lines.append(
            f"{row['kind']:<9}{clock(row['start_s']):>10}{clock(row['end_s']):>10}{row['bars']:>7}"
            f"{row['energy']:>9.2f}{bpm:>9}{row['confidence']:>13.2f}"
        )
    return "\n".join(lines)
