"""OpenGL: contexts, targets, passes, chains, upload, read-back, HUD. moderngl and glfw live here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perform.core.errors import UsageError
from perform.gl.rows import FIXED_ROWS, SLOT_ROWS

if TYPE_CHECKING:
    from perform.gl.stage import GlStage

__all__ = ["FIXED_ROWS", "SLOT_ROWS", "GlStage", "describe", "display_available", "open_stage"]

MAX_SIDE_PX = 8192


def open_stage(
    size: tuple[int, int],
    display: str = "offscreen",
    *,
    monitor: int = 0,
    fullscreen: bool = False,
    title: str = "perform",
    vsync: bool = True,
    window_size: tuple[int, int] | None = None,
) -> GlStage:
    """A stage of `size` pixels, offscreen or in a window. Raises DeviceError or UsageError, one line each.

    window_size: of the window where it differs from the picture, which is then shown whole with black beside it.
    """
    from perform.gl.stage import GlStage

    if not (1 <= min(size) and max(size) <= MAX_SIDE_PX):
        raise UsageError(f"a stage of {size[0]}x{size[1]} cannot be made; sides are 1..{MAX_SIDE_PX} pixels")
    if display == "offscreen":
        from perform.gl.surface import OffscreenSurface

        return GlStage(OffscreenSurface(), size)
    if display != "window":
        raise UsageError(f"unknown display {display!r}; use offscreen or window")
    from perform.gl.window import WindowSurface

    shown = window_size or size
    return GlStage(WindowSurface(shown, title=title, monitor=monitor, fullscreen=fullscreen, vsync=vsync), size)


def display_available() -> bool:
    """True where a window could be opened."""
    from perform.gl.context import display_available as available

    return available()


def describe(stage: GlStage) -> dict[str, Any]:
    """The renderer of an open stage: vendor, renderer, version, glsl, software (bool)."""
    from perform.gl.context import context_facts

    stage.surface.use()
    return context_facts(stage.surface.ctx)


def __getattr__(name: str) -> Any:
    if name == "GlStage":
        from perform.gl.stage import GlStage

        return GlStage
    raise AttributeError(name)
