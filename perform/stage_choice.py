"""Which stage a show gets: a window or none, and of what size where nobody has said it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perform.core.errors import DeviceError
from perform.options import Options

SIZE = (1280, 720)
SOFTWARE_SIZE = (640, 360)
"""Of the picture where no graphics card draws it: a window shows it larger."""


def chosen_display(options: Options) -> str:
    """`window` or `offscreen`, looked at before anything is opened."""
    if options.display != "auto":
        return options.display
    from perform.gl import display_available

    return "window" if display_available() else "offscreen"


def open_stage_for(options: Options, display: str, say: Callable[[str], None]) -> Any:
    """The stage, of the size asked for, else of one that this machine's renderer can keep up with."""
    if display == "offscreen":
        return _of_fitting_size(options, _offscreen)

    def window(size: tuple[int, int]) -> Any:
        from perform.gl import open_stage

        return open_stage(
            size, "window", monitor=options.monitor or 0, fullscreen=options.fullscreen, title="perform", vsync=True,
            window_size=SIZE if options.size is None else None,
        )  # fmt: skip

    try:
        return _of_fitting_size(options, window)
    except DeviceError as error:
        if options.display != "auto":
            raise
        say(f"no window ({error}); playing offscreen")
        return _of_fitting_size(options, _offscreen)


def _offscreen(size: tuple[int, int]) -> Any:
    from perform.gl import open_stage

    return open_stage(size, "offscreen")


def _of_fitting_size(options: Options, make: Callable[[tuple[int, int]], Any]) -> Any:
    """The renderer is known once a stage is open: a card gets a larger one in its place."""
    from perform.gl import describe

    if options.size is not None:
        return make(options.size)
    stage = make(SOFTWARE_SIZE)
    if describe(stage).get("software", True):
        return stage
    stage.close()
    return make(SIZE)
