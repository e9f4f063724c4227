"""One offscreen context for the whole session: making one takes longer than most tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import need

from perform.core.errors import DeviceError
from perform.core.types import Features, Frame, Moment, ParamFrame
from perform.gl import GlStage
from perform.isf import Document, read_shader

FIXTURES = Path(__file__).parents[1] / "isf" / "fixtures"
SIZE = (32, 24)


class Player:
    """Shows frames on a small stage, one sixtieth of a second apart."""

    def __init__(self, stage: GlStage) -> None:
        self.stage = stage
        self.frame = 0

    def show(
        self,
        image: np.ndarray | None = None,
        sequence: int | None = None,
        features: Features | None = None,
        moment: Moment | None = None,
        others: dict[str, np.ndarray] | None = None,
        **values: Any,
    ) -> np.ndarray:
        """One frame; `deck__a__level=0.5` is the parameter deck/a/level. Returns the picture [h, w, 3].

        image: of deck a. others: of further decks.
        """
        now = moment or Moment(self.frame / 60, 1 / 60 if self.frame else 0.0, self.frame)
        images = ({} if image is None else {"a": image}) | (others or {})
        frames = {k: Frame(v, self.frame if sequence is None else sequence, now) for k, v in images.items()}
        params = {name.replace("__", "/"): value for name, value in values.items()}
        self.stage.show(frames, ParamFrame(params), features, now)
        self.frame += 1
        return self.stage.finish()


@pytest.fixture(scope="session")
def gl_surface() -> Iterator[Any]:
    from perform.gl.surface import OffscreenSurface

    try:
        surface = OffscreenSurface()
    except DeviceError as error:
        need(False, f"no offscreen OpenGL here: {error}")
    yield surface
    surface.close()


class _Borrowed:
    """The session's surface, which a stage must not close."""

    visible = False

    def __init__(self, surface: Any) -> None:
        self._surface = surface
        self.ctx = surface.ctx

    def use(self) -> None:
        self._surface.use()

    def present(self, draw: Any) -> None:
        pass

    def poll(self, time_s: float) -> list[Any]:
        return []

    def close(self) -> None:
        pass


@pytest.fixture
def gl_player(gl_surface: Any) -> Iterator[Player]:
    gl_surface.use()
    stage = GlStage(_Borrowed(gl_surface), SIZE)
    yield Player(stage)
    error = gl_surface.ctx.error
    stage.close()
    assert error == "GL_NO_ERROR"


@pytest.fixture
def gl_make_player(gl_surface: Any) -> Iterator[Callable[[tuple[int, int]], Player]]:
    made: list[GlStage] = []

    def make(size: tuple[int, int]) -> Player:
        gl_surface.use()
        made.append(GlStage(_Borrowed(gl_surface), size))
        return Player(made[-1])

    yield make
    for stage in made:
        stage.close()


@pytest.fixture
def gl_noise() -> np.ndarray:
    """A picture of the stage's size with every byte value in it."""
    rng = np.random.default_rng(3)
    return rng.permutation(np.arange(SIZE[0] * SIZE[1] * 3) % 256).astype(np.uint8).reshape(SIZE[1], SIZE[0], 3)


@pytest.fixture
def gl_shader() -> Callable[[str], Document]:
    """Reads one of the hand-written ISF files by name."""
    return lambda name: read_shader(FIXTURES / f"{name}.fs")
