"""The whole show at work: tick, stage and generator beside each other, offscreen, with the default preset."""

from __future__ import annotations

from typing import Any

from perform.options import Options
from perform.play import play

SIZE = (640, 360)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Play the built-in band for some seconds, unpaced by a display, and report what each stage took."""
    seconds = 3.0 if quick else 20.0
    options = Options(size=SIZE, display="offscreen", seconds=seconds, osc_port=-1, fps=30.0, device="cpu")
    report = play(options, lambda _line: None)
    rows: list[dict[str, Any]] = []
    for name, stage in report["stages"].items():
        rows.append({"what": f"{name} at {SIZE[0]}x{SIZE[1]}", "ms_p50": stage["ms_p50"], "ms_p99": stage["ms_p99"]})
    deck = report["decks"].get("a", {})
    rows.append({"what": "generator beside the chain", "fps": deck.get("fps"), "ms_p50": deck.get("ms_p50")})
    screen = {"fps": report["fps"], "missed_frames": report["missed"], "frames": report["frames"]}
    return [*rows, {"what": "screen, paced to 30", **screen}]
