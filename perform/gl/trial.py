"""Running one shader by itself: small first, timed, and looked at. What `perform shaders check` and a first trial see.

The unit is the one that the stage draws with; only pictures and sound are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import moderngl
import numpy as np

from perform.core.types import Features, Moment, Value
from perform.gl import unlocked
from perform.gl.chain import one_line
from perform.gl.context import context_facts, offscreen_context
from perform.gl.shared import Shared
from perform.gl.targets import Target, smooth, working_dtype
from perform.gl.unit import Unit
from perform.isf import Document, Input

SMALL = (16, 16)
STEP_S = 1.0 / 30.0
START_S = 0.0
DARK = 2.5 / 255.0
MORE_FRAMES = 24
"""How many more a shader gets that was black so far: some fill a row of buffers first."""
PREFIX = "tried"


@dataclass(frozen=True, slots=True)
class Tried:
    """How it went. outcome: ok, blank, compile or render. message: why, one line. ms: a frame at the asked size.

    first_ms: the first, small frame, which includes what the driver compiles late.
    """

    outcome: str
    message: str = ""
    ms: float = 0.0
    first_ms: float = 0.0


class Trial:
    """An offscreen context of its own in which shaders are tried one after the other. Raises DeviceError."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.ctx = offscreen_context()
        self.size = size
        facts = context_facts(self.ctx)
        self.renderer, self.software = str(facts["renderer"]), bool(facts["software"])
        self._dtype = working_dtype(self.ctx)
        self._pictures = [self._texture(_picture(seed)) for seed in (1, 2)]

    def run(self, document: Document, frames: int = 4, *, look: bool = True) -> Tried:
        """Compile, draw one small frame, then `frames` at the full size. look: tell a blank picture from others."""
        shared = Shared(self.ctx, SMALL, self._dtype)
        try:
            try:
                unit = Unit(shared, PREFIX, PREFIX, document)
            except Exception as error:  # noqa: BLE001 - whatever a foreign text does to a compiler is an answer
                return Tried("compile", one_line(error))
            try:
                return self._drawn(shared, unit, frames, look)
            except Exception as error:  # noqa: BLE001 - whatever a driver does with a foreign shader is an answer
                return Tried("render", one_line(error))
            finally:
                unit.release()
        finally:
            shared.release()
            _ = self.ctx.error

    def still(self, document: Document, values: Mapping[str, Value], start_s: float, frames: int = 1) -> np.ndarray:
        """The last of `frames` from `start_s` on, [h, w, 3] float32, bottom row first.

        values: by parameter; the rest as it is at rest. Raises ShaderError where it does not compile.
        """
        shared = Shared(self.ctx, self.size, self._dtype)
        try:
            unit = Unit(shared, PREFIX, PREFIX, document)
            try:
                for index in range(frames):
                    picture = self._frame(shared, unit, index, values, start_s)[0]
                return picture
            finally:
                unit.release()
        finally:
            shared.release()

    def _drawn(self, shared: Shared, unit: Unit, frames: int, look: bool) -> Tried:
        first_ms = self._frame(shared, unit, 0, {})[1]
        shared.size = self.size
        seen, times = 0.0, []
        for index in range(1, frames + 1):
            picture, ms = self._frame(shared, unit, index, {"progress": index / (frames + 1.0)})
            seen = max(seen, float(picture.max()))
            times.append(ms)
        error = self.ctx.error
        if error != "GL_NO_ERROR":
            return Tried("render", f"OpenGL says {error}", 0.0, first_ms)
        ms = float(np.median(times))
        if look and seen <= DARK:
            return Tried("blank", self._explained(shared, unit, frames), ms, first_ms)
        return Tried("ok", "", ms, first_ms)

    def _frame(
        self, shared: Shared, unit: Unit, index: int, values: Mapping[str, Value], start_s: float = START_S
    ) -> tuple[np.ndarray, float]:
        """One frame as ([h, w, 3] float32, milliseconds)."""
        moment = Moment(start_s + index * STEP_S, STEP_S, index, date=(2024, 5, 17, 40_000.0))
        shared.begin({f"{PREFIX}/{k}": v for k, v in values.items()}, _sound(index), moment)
        out = Target(self.ctx, shared.size, self._dtype)
        began_s = perf_counter()
        drawn = unit.render(out, self._shown(unit.document), 1.0)
        unlocked.finish()()
        ms = (perf_counter() - began_s) * 1e3
        if drawn is not out.texture:
            shared.copy(drawn, out)
        data = out.framebuffer.read(components=3, dtype="f4")
        out.release()
        picture = np.frombuffer(data, np.float32).reshape(shared.size[1], shared.size[0], 3)
        return np.nan_to_num(picture, nan=0.0, posinf=1.0, neginf=0.0), ms

    def _shown(self, document: Document) -> dict[str, moderngl.Texture]:
        names = document.pictures()
        return {name: self._pictures[name not in ("inputImage", "startImage")] for name in names}

    def _explained(self, shared: Shared, unit: Unit, frames: int) -> str:
        """What a shader that is black by default needs before it shows something."""
        for index in range(frames + 1, frames + MORE_FRAMES):
            if float(self._frame(shared, unit, index, {})[0].max()) > DARK:
                return f"black for its first {index} frames"
        for what, values, start_s in _stirrings(unit.document):
            for index in range(frames + MORE_FRAMES, frames + MORE_FRAMES + 3):
                if float(self._frame(shared, unit, index, values, start_s)[0].max()) > DARK:
                    return f"black until {what}"
                values = {k: v + 1 if k in _events(unit.document) else v for k, v in values.items()}
        return "black whatever its inputs are"

    def _texture(self, pixels: np.ndarray) -> moderngl.Texture:
        return smooth(self.ctx.texture((pixels.shape[1], pixels.shape[0]), 4, data=pixels.tobytes()))

    def close(self) -> None:
        """Free the context."""
        for texture in self._pictures:
            texture.release()
        self.ctx.release()


def _events(document: Document) -> set[str]:
    return {item.name for item in document.inputs if item.type == "event"}


def _stirrings(document: Document) -> list[tuple[str, dict[str, Any], float]]:
    """(what is done, values, time): one input after the other, then all together, then later."""
    moved = [(item.name, *_moved(item)) for item in document.inputs if item.type in _MOVES]
    single = [(f"{name} {how}", {name: value}, START_S) for name, how, values in moved for value in values]
    together = {name: values[-1] for name, _, values in moved}
    many = [("several inputs are moved together", together, START_S)] if len(moved) > 1 else []
    return [*single, *many, ("some seconds have passed", {}, START_S + 7.0)]


_MOVES = frozenset({"event", "bool", "long", "float", "color", "color3", "point2D", "int2"})


def _moved(item: Input) -> tuple[str, list[Any]]:
    """(in words, values) that are not the default."""
    if item.type == "event":
        return "is fired", [1]
    if item.type == "bool":
        return ("is off", [False]) if item.default else ("is on", [True])
    if item.type == "long":
        values = [v for v in (item.labels or (item.lo, item.hi)) if v is not None]
        return "is changed", values[:8]
    if item.type in ("color", "color3"):
        return "is white", [(1.0, 1.0, 1.0, 1.0)]
    if item.type in ("point2D", "int2"):
        middle = tuple(0.5 * (a + b) for a, b in zip(item.lo, item.hi, strict=True))
        return "is moved", [middle]
    return "is turned", [item.lo + share * (item.hi - item.lo) for share in (0.5, 1.0, 0.0, 0.25)]


def _picture(seed: int) -> np.ndarray:
    """[h, w, 4] uint8: patches of every colour with fine structure over them."""
    rng = np.random.default_rng(seed)
    coarse = np.repeat(np.repeat(rng.integers(40, 256, (9, 16, 3)), 10, axis=0), 10, axis=1)
    fine = rng.integers(-24, 25, coarse.shape[:2])[..., None]
    rgb = np.clip(coarse + fine, 0, 255).astype(np.uint8)
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def _sound(index: int) -> Features:
    """One loud hop that changes from frame to frame."""
    bins = np.linspace(0.0, 1.0, 512, dtype=np.float32)
    spectrum = np.clip(0.9 - 0.6 * bins + 0.1 * np.sin(40.0 * bins + index), 0.0, 1.0).astype(np.float32)
    wave = 0.8 * np.sin(np.linspace(0.0, 40.0, 1024, dtype=np.float32) + 0.7 * index)
    return Features(index * STEP_S, {}, spectrum, np.stack([wave, wave], axis=1))
