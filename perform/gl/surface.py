"""Where finished pictures go: nowhere (offscreen) or into a window. Both are full members of one family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import moderngl

from perform.core.types import ControlEvent
from perform.gl.context import offscreen_context

_current: list[object] = []


class Surface(Protocol):
    """A place with a GL context."""

    ctx: moderngl.Context
    visible: bool

    def use(self) -> None:
        """Make the context current in this thread."""

    def present(self, draw: Callable[[moderngl.Framebuffer, tuple[int, int]], None]) -> None:
        """Let `draw(framebuffer, size_px)` paint the screen, and show it."""

    def poll(self, time_s: float) -> list[ControlEvent]:
        """What happened at the window since the last call."""

    def close(self) -> None:
        """Free the context. Safe to call twice."""


def claim(surface: object) -> bool:
    """Note that `surface` owns the current context; True where another one did before."""
    if _current and _current[0] is surface:
        return False
    _current[:] = [surface]
    return True


def forget(surface: object) -> None:
    """`surface` is gone."""
    if _current and _current[0] is surface:
        _current.clear()


class OffscreenSurface:
    """A context with no window. Raises DeviceError on opening."""

    visible = False

    def __init__(self) -> None:
        self.ctx = offscreen_context()
        self._open = True
        claim(self)

    def use(self) -> None:
        """Make the context current in this thread."""
        if claim(self):
            self.ctx.__enter__()

    def present(self, draw: Callable[[moderngl.Framebuffer, tuple[int, int]], None]) -> None:
        """Nothing to show; the picture stays in its texture, for reading back."""

    def poll(self, time_s: float) -> list[ControlEvent]:
        """No window, no events."""
        return []

    def close(self) -> None:
        """Free the context."""
        if self._open:
            self._open = False
            self.ctx.release()
            forget(self)
