"""The delay of a screen, by a person's eye: a metronome clicks, the test card flashes, keys bring the two together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from perform.app import Rig, open_live
from perform.core.errors import DeviceError
from perform.core.types import ControlEvent
from perform.engine.pacing import Pacer
from perform.options import Options

STEP_S, SMALL_S = 0.005, 0.001
LEAST_S, MOST_S = -0.2, 0.5
KEYS = {"right": STEP_S, "left": -STEP_S, "up": SMALL_S, "down": -SMALL_S}
KEEP = ("enter", "kp_enter")


class Tuning:
    """The delay that is being turned. kept: whether the person said that it is right."""

    def __init__(self, rig: Rig, other: Callable[[ControlEvent], bool]) -> None:
        self._rig = rig
        self._other = other
        self.kept = False

    @property
    def delay_s(self) -> float:
        """Where it stands."""
        return self._rig.engine.lead.display_s

    def command(self, event: ControlEvent) -> bool:
        """Arrow keys turn it, enter keeps it and ends, every other key does what it always does."""
        key = event.address.removeprefix("key/") if event.value else ""
        if key in KEYS:
            self._rig.engine.lead.display_s = min(max(round(self.delay_s + KEYS[key], 4), LEAST_S), MOST_S)
        elif key in KEEP:
            self.kept, self._rig.show.running = True, False
        else:
            return self._other(event)
        return True

    def lines(self) -> list[str]:
        """What the HUD says."""
        return [
            f"delay of the display {1000.0 * self.delay_s:.0f} ms",
            "the sides flash and the ball crosses the line: on the click?",
            "light too late: right (5 ms) or up (1 ms) · too early: left or down",
            "enter keeps it · escape leaves it as it was",
        ]


def tune(options: Options, say: Callable[[str], None], bpm: float = 60.0) -> float | None:
    """Play the pattern until enter (the delay in s), or until escape, the window's end or `options.seconds` (None).

    Raises DeviceError where there is no window to look at.
    """
    rig = open_live(replace(options, audio=f"metronome:{bpm:g}", channels=None, trim_db=0.0, record=None), say)
    try:
        if not getattr(rig.show.stage, "has_window", False):
            raise DeviceError(
                "the delay of a display is found by eye, and there is no window here; give it as a number"
            )
        if rig.speaker is None:
            say("no sound output here: the clicks are not heard")
        tuning = Tuning(rig, rig.show.command)
        rig.engine.set_command(tuning.command)
        for path in ("out/testcard", "out/hud"):
            rig.engine.table.set(path, True)
        pacer = Pacer(options.fps or (30.0 if rig.software else 60.0), time.monotonic, time.sleep)
        while rig.show.running and (options.seconds is None or rig.clock() < options.seconds):
            rig.engine.tick(rig.clock())
            rig.show.stage.set_hud(tuning.lines(), {})
            pacer.wait()
        return tuning.delay_s if tuning.kept else None
    finally:
        rig.close()
