"""A show in a process of its own, whose every picture is timed: the inside of `perform bench latency`.

    python -m perform.bench._latency_show '{"device": "fake", "path": "hits", "seconds": 20, …}'

Stands in a folder with the preset of that path, and writes a JSON line: for each click how late its flash was.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from perform.bench._clicks import RATE_HZ, FakeDevice, at_random, on_the_beat, sound_with

RISE = 0.03
"""A flash is a picture brighter than the one before by this part of full light."""
LOCK_S = 8.0
"""What the beat gets to be found before its flashes count."""
HELD = 1.3
"""A flash was drawn at the full rate where the frames round it came within this many periods."""


class Watch:
    """Stands before the stage: every frame is drawn to its end, timed, and its light noted."""

    def __init__(self, stage: Any, clock: Any) -> None:
        self._stage, self._show, self._clock = stage, stage.show, clock
        self.shown_s: list[float] = []
        self.light: list[float] = []
        stage.show = self.show

    def show(self, *given: Any) -> None:
        """Show, wait until it is drawn, and look."""
        self._show(*given)
        image = self._stage.finish()
        self.shown_s.append(self._clock())
        self.light.append(float(image[::6, ::6].mean()) / 255.0)


def open_show(plan: Mapping[str, Any], clicks: np.ndarray) -> tuple[Any, Watch, Any]:
    """(rig, watch, who plays): a live show on the fake device, or on PulseAudio's."""
    from perform import app
    from perform.control.web.feed import Feed
    from perform.gl import open_stage
    from perform.inputs.microphone import Microphone
    from perform.options import Options

    clock = app.ShowClock()
    sound = sound_with(clicks, plan["seconds"])
    if plan["device"] == "fake":
        player: Any = FakeDevice(sound, time.monotonic)
        microphone = Microphone(None, backend=player)
    else:
        from perform.bench._pulse_clicks import PipeClicks, PulseClicks

        pipe = plan.get("pipe")
        player = PipeClicks(sound, Path.cwd(), Path(pipe)) if pipe else PulseClicks(sound, Path.cwd(), plan["device"])
        microphone = Microphone(plan["device"])
    options = Options(
        preset=plan["path"], source="testcard", size=tuple(plan["size"]), display="offscreen", osc_port=-1,
        fps=plan["fps"], seconds=plan["seconds"], device="cpu",
    )  # fmt: skip
    stage = open_stage(options.size or (160, 90), "offscreen")
    microphone.open()
    rig = app._assemble_live(options, lambda _line: None, clock, stage, microphone, Feed())
    return rig, Watch(stage, time.monotonic), player


def flashes(watch: Watch, either_way: bool) -> np.ndarray:
    """Numbers of the frames with which a flash begins, or, either way, with which it ends."""
    change = np.diff(np.array(watch.light))
    rises = (np.abs(change) if either_way else change) > RISE
    return np.flatnonzero(rises & ~np.concatenate([[False], rises[:-1]])) + 1


def judged(watch: Watch, clicks_s: np.ndarray, plan: Mapping[str, Any]) -> dict[str, list[Any]]:
    """For each click the flash that belongs to it: late_ms, and whether the frames round it held their rate."""
    shown = np.array(watch.shown_s)
    begin = flashes(watch, plan["path"] == "pictures")
    late_ms: list[float] = []
    held: list[bool] = []
    missed = 0
    before_s, after_s = (0.0, 0.25) if plan["path"] == "hits" else (0.15, 0.15)
    for click_s in clicks_s[(clicks_s > shown[0]) & (clicks_s < shown[-1] - 0.5)]:
        near = begin[(shown[begin] > click_s - before_s) & (shown[begin] < click_s + after_s)]
        if not len(near):
            missed += 1
            continue
        frame = near[0] if plan["path"] == "hits" else near[np.abs(shown[near] - click_s).argmin()]
        late_ms.append(float(shown[frame] - click_s) * 1000.0)
        gaps = np.diff(shown[max(frame - 3, 0) : frame + 1])
        held.append(bool((gaps < HELD / plan["fps"]).all()))
    return {"late_ms": late_ms, "held": held, "missed": [missed]}


def run(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Play, and judge."""
    from perform.options import Options
    from perform.play import _loop

    seconds = plan["seconds"]
    clicks = at_random(seconds, plan["seed"]) if plan["path"] == "hits" else on_the_beat(seconds, plan["bpm"])
    rig, watch, player = open_show(plan, clicks)
    try:
        report = _loop(rig, Options(fps=plan["fps"], seconds=seconds - 0.3), lambda _line: None, 0.0)
        engine = rig.engine
        lead = {"work_ms": engine.lead.work_s, "lead_ms": engine.ahead_s, "path_ms": rig.sound_path_s()}
        times_s = player.times_s(clicks)
    finally:
        rig.close()
        if hasattr(player, "close"):
            player.close()
    if plan["path"] != "hits":
        times_s = times_s[clicks / RATE_HZ > LOCK_S]
    spread_s = getattr(player, "spread_s", 0.0)
    return {
        **judged(watch, times_s, plan), **{name: 1e3 * s for name, s in lead.items()}, "spread_ms": 1e3 * spread_s,
        "frames": len(watch.shown_s), "fps": report["fps"], "sound": report["sound"],
        "held_share": float((np.diff(watch.shown_s) < HELD / plan["fps"]).mean()),
    }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.loads(sys.argv[1]))) + "\n")
