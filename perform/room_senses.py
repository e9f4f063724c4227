"""What the room itself tells: how much moves before a camera, how light it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perform.core.contracts import Control
from perform.core.types import ControlEvent
from perform.engine.engine import Engine

FILM = "video:"
"""In a camera's name: a film in its place, typed by the person who runs perform."""


class CameraWatch:
    """The camera's signals as one of the show's listeners: counted and closed with the others."""

    def __init__(self, name: str, clock: Callable[[], float], say: Callable[[str], None]) -> None:
        from perform.inputs.camera import open_camera
        from perform.inputs.camera_feed import film_pictures
        from perform.inputs.camera_signals import CameraSignals

        film = name.startswith(FILM)
        self.signals = CameraSignals(
            name.removeprefix(FILM), clock, lambda line: say(f"camera signals: {line}; looking for it again"),
            film_pictures if film else open_camera,
        )  # fmt: skip

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """Begin to look; a camera that is not there is waited for."""
        self.signals.start()

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        return self.signals.counts()

    def close(self) -> None:
        """Let the camera go."""
        self.signals.close()


def open_camera_watch(
    name: str | None, engine: Engine, clock: Callable[[], float], say: Callable[[str], None]
) -> list[Control]:
    """Signals of a camera, where they are wanted. name: "" or `auto` for the first camera; None for none."""
    if name is None or name == "none":
        return []
    watch = CameraWatch("" if name == "auto" else name, clock, say)
    watch.open(engine.queue.post)
    engine.senses.append(watch.signals)
    return [watch]
