"""Gamepads through GLFW, which knows the layouts of those that SDL knows. Plain events; no pad is no trouble.

Called in the window's thread, between pictures: a look at a pad is a few microseconds, and for new ones only now and
then.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from time import monotonic
from typing import Any

from perform.core.hands import MOST_PADS, PAD_AXES, PAD_BUTTONS, PAD_TRIGGERS
from perform.core.types import Value

LOOK_S = 0.5
"""Between two looks for a pad that has been plugged in."""
STILL = 0.004
MAPPINGS = "SDL_GAMECONTROLLERCONFIG"
"""Layouts of pads that GLFW does not know, as every program with SDL reads them from the environment."""
_UP = ("left_y", "right_y")


class Gamepads:
    """The pads at one machine, numbered from 1 as they come; a number is free again when its pad is gone."""

    def __init__(self, glfw: Any, clock: Callable[[], float] = monotonic) -> None:
        self._glfw, self._clock = glfw, clock
        self._pads: dict[int, _Pad] = {}
        self._looked_s = -LOOK_S
        text = os.environ.get(MAPPINGS, "")
        if text and len(text) < 1 << 20:
            glfw.update_gamepad_mappings(text)

    def events(self) -> list[tuple[str, Value]]:
        """What has changed: `pad_here/1` with a name, or "" when it is gone; `pad/a` with 0 or 1, `pad/left_x` with
        -1..1 (right and up above 0), `pad/left_trigger` with 0..1; `pad/2/a` for the second pad, and so on."""
        found: list[tuple[str, Value]] = []
        now_s = self._clock()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            found += self._look()
        for joystick, pad in list(self._pads.items()):
            state = self._glfw.get_gamepad_state(joystick)
            if state is None:
                del self._pads[joystick]
                found.append((f"pad_here/{pad.number}", ""))
            else:
                found += pad.changes(_controls(state))
        return found

    def _look(self) -> list[tuple[str, Value]]:
        glfw = self._glfw
        found: list[tuple[str, Value]] = []
        for joystick in range(16):
            if joystick in self._pads or len(self._pads) >= MOST_PADS or not glfw.joystick_is_gamepad(joystick):
                continue
            state = glfw.get_gamepad_state(joystick)
            if state is None:
                continue
            taken = {pad.number for pad in self._pads.values()}
            number = next(n for n in range(1, MOST_PADS + 1) if n not in taken)
            self._pads[joystick] = _Pad(number, _controls(state))
            found.append((f"pad_here/{number}", _plain(glfw.get_gamepad_name(joystick))))
        return found


def plugged() -> tuple[list[str], list[str]]:
    """Names of the pads that are there, and of joysticks that cannot be taken for one. GLFW has to be ready."""
    import glfw

    there = [joystick for joystick in range(16) if glfw.joystick_present(joystick)]
    pads = [joystick for joystick in there if glfw.joystick_is_gamepad(joystick)]
    others = [_plain(glfw.get_joystick_name(joystick)) for joystick in there if joystick not in pads]
    return [_plain(glfw.get_gamepad_name(joystick)) for joystick in pads], others


def _plain(name: bytes | str | None) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "gamepad")


class _Pad:
    """What a pad said last. Where it stands as it comes counts for nothing: some talk nonsense until touched."""

    def __init__(self, number: int, controls: dict[str, float]) -> None:
        self.number = number
        self._prefix = "pad/" if number == 1 else f"pad/{number}/"
        self._said = controls

    def changes(self, controls: dict[str, float]) -> list[tuple[str, Value]]:
        """What differs from the last time by more than trembling."""
        found: list[tuple[str, Value]] = []
        for name, value in controls.items():
            before = self._said[name]
            if abs(value - before) > STILL or (value != before and value in (-1.0, 0.0, 1.0)):
                self._said[name] = value
                found.append((self._prefix + name, value))
        return found


def _controls(state: Any) -> dict[str, float]:
    """Name -> value of all that is on a pad, from GLFW's state: buttons 0 or 1, axes -1..1 with down below."""
    found = {name: float(pressed != 0) for name, pressed in zip(PAD_BUTTONS, state.buttons, strict=False)}
    for name, value in zip(PAD_AXES, state.axes, strict=False):
        number = min(max(float(value), -1.0), 1.0) if value == value else 0.0
        if name in PAD_TRIGGERS:
            number = 0.5 + 0.5 * number
        found[name] = -number if name in _UP else number
    return found
