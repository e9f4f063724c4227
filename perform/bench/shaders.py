"""What each shipped shader costs, against a plain copy pass in the same run, and what a whole chain of five costs; how
that grows with the chain, and what upload, read-back and the first trial of a foreign shader cost.

On a software renderer the ratio is taken from processor time, all threads together: it holds when something else is
using the machine. On a GPU it is taken from the clock.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from perform.bench import _chain
from perform.bench.machine import describe
from perform.core.types import Features, Frame, Moment, ParamFrame, Value

if TYPE_CHECKING:
    from perform.gl import GlStage
    from perform.isf import Document

SMALL, WHOLE = (320, 180), (640, 360)
CHAIN = ("feedback", "punch_zoom", "bloom", "rgb_split", "film_grade")
_COPY = '/*{"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]}*/\n'
_COPY += "void main() { gl_FragColor = IMG_THIS_PIXEL(inputImage); }\n"
_EMPTY = '/*{"ISFVSN": "2", "INPUTS": []}*/\nvoid main() { gl_FragColor = vec4(0.2, 0.2, 0.2, 1.0); }\n'
_REPEATS = 3
"""Slots of the same effect in the chain that is timed: the cost of one stands out from that of the stage."""


def run(quick: bool = False) -> dict[str, Any]:
    """{"bench": "shaders", "machine": …, "rows": […]}; `times_copy` is the cost in plain copy passes."""
    from perform.content import list_shaders
    from perform.gl import describe as renderer
    from perform.gl import open_stage
    from perform.isf import parse_shader, read_shader

    size, frames = ((64, 36), 3) if quick else (SMALL, 24)
    stage = open_stage(size, display="offscreen")
    try:
        facts = renderer(stage)
        timer = _Timer(stage, size, frames, bool(facts["software"]))
        copy, empty = parse_shader(_COPY, "copy.fs"), parse_shader(_EMPTY, "empty.fs")
        timer.learn_copy(copy, empty)
        rows = [timer.row("copy pass", timer.copy)]
        for kind in ("effects", "generators"):
            for path in list_shaders(kind):
                document = read_shader(path)
                rows.append(timer.row(document.name, timer.cost(document), len(document.passes)))
    finally:
        stage.close()
    whole, few = ((96, 54), 4) if quick else (WHOLE, 40)
    rows.extend(_whole_chain(whole, 6 if quick else 120))
    rows.extend(_chain.growth(whole, few, _picture(whole)))
    rows.extend(_chain.transfers(whole, few, (whole,) if quick else ()))
    rows.extend(_chain.trials(quick))
    return {"bench": "shaders", "machine": describe(str(facts["renderer"])), "rows": rows}


def _whole_chain(size: tuple[int, int], frames: int) -> list[dict[str, Any]]:
    """Whole frames (upload, chain, output, read-back) with no effect and with the five of CHAIN."""
    from perform.content import find_shader
    from perform.gl import open_stage
    from perform.isf import read_shader

    rows = []
    stage = open_stage(size, display="offscreen")
    try:
        for names in ((), CHAIN):
            documents = [read_shader(find_shader(name, "effects")) for name in names]
            times = _play(stage, size, [(d.name, d) for d in documents], None, frames)
            what = f"default chain of {len(names)}" if names else "stage with no effect"
            rows.append(
                {
                    "what": f"{what} at {size[0]}x{size[1]}",
                    "ms_p50": round(float(np.percentile(times[:, 0], 50)), 3),
                    "ms_p99": round(float(np.percentile(times[:, 0], 99)), 3),
                    "cpu_ms_p50": round(float(np.percentile(times[:, 1], 50)), 3),
                    "cpu_ms_p99": round(float(np.percentile(times[:, 1], 99)), 3),
                }
            )
    finally:
        stage.close()
    return rows


class _Timer:
    """Costs as (wall ms, processor ms) of one pass of a document, everything else of the frame taken off."""

    def __init__(self, stage: GlStage, size: tuple[int, int], frames: int, software: bool) -> None:
        self._stage = stage
        self._size = size
        self._frames = frames
        self._by = 1 if software else 0
        self.copy = self._bare = self._ground = np.ones(2)

    def learn_copy(self, copy: Document, empty: Document) -> None:
        """Time the baselines: the bare stage, an empty generator, and the copy pass."""
        self._bare = self._middle([], None)
        self._ground = self._middle([], empty)
        self.copy = self.cost(copy)

    def cost(self, document: Document) -> np.ndarray:
        """[2] float: wall and processor milliseconds of one run of `document`."""
        if document.kind == "generator":
            return np.maximum(self._middle([], document) - self._ground + self.copy, 1e-3)
        slots = [(f"slot_{i}", document) for i in range(_REPEATS)]
        return np.maximum((self._middle(slots, None) - self._bare) / _REPEATS, 1e-3)

    def row(self, what: str, cost: np.ndarray, passes: int = 1) -> dict[str, Any]:
        """One row of the result. passes: among which the cost is divided."""
        times = float(cost[self._by] / self.copy[self._by])
        return {
            "what": what,
            "ms_p50": round(float(cost[0]), 3),
            "cpu_ms_p50": round(float(cost[1]), 3),
            "times_copy": round(times, 1),
            "passes": passes,
            "cpu_ms_per_pass": round(float(cost[1]) / passes, 3),
        }

    def _middle(self, slots: Sequence[tuple[str, Document]], source: Document | None) -> np.ndarray:
        return np.median(_play(self._stage, self._size, slots, source, self._frames), axis=0)


def _play(
    stage: GlStage,
    size: tuple[int, int],
    slots: Sequence[tuple[str, Document]],
    source: Document | None,
    frames: int,
) -> np.ndarray:
    """[frames, 2] float: wall and processor milliseconds of whole frames, each waited for."""
    stage.set_source("a", source)
    stage.set_chain("master", list(slots))
    values: dict[str, Value] = {}
    for prefix, document in [*((f"master/fx/{s}", d) for s, d in slots), ("deck/a/source", source)]:
        for item in document.inputs if document else ():
            if item.name in ("amount", "punch", "glow"):
                values[f"{prefix}/{item.name}"] = 0.6
    params = ParamFrame(values)
    picture, heard = _picture(size), _sound()
    times = np.zeros((frames, 2))
    warm = 3
    for index in range(-warm, frames):
        moment = Moment((index + warm) / 60.0, 1.0 / 60.0, index + warm)
        decks = {} if source else {"a": Frame(picture, index + warm, moment)}
        wall_s, busy_s = time.perf_counter(), time.process_time()
        stage.show(decks, params, heard, moment)
        stage.finish()
        if index >= 0:
            times[index] = (time.perf_counter() - wall_s) * 1e3, (time.process_time() - busy_s) * 1e3
    return times


def _picture(size: tuple[int, int]) -> np.ndarray:
    """[h, w, 3] uint8: seeded patches of light on dark, so that no effect has an easy time."""
    coarse = np.random.default_rng(1).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    rows = np.arange(size[1]) * 9 // size[1]
    columns = np.arange(size[0]) * 16 // size[0]
    return np.ascontiguousarray(coarse[rows][:, columns])


def _sound() -> Features:
    """One loud hop."""
    spectrum = np.linspace(1.0, 0.1, 64, dtype=np.float32)
    wave = np.sin(np.linspace(0.0, 40.0, 1024, dtype=np.float32))
    return Features(0.0, {}, spectrum, np.stack([wave, wave], axis=1))
