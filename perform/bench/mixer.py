"""What decks, mixing and the room cost, against one deck alone with the default chain in the same run; and how near the
pictures between two pictures come to those that were left out.

Whole frames, waited for. On a software renderer the ratio is taken from processor time of all threads together; runs of
both are taken in turn, so that a machine that is busy in between favours neither. On a GPU it is taken from the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from perform.bench.machine import describe
from perform.core.types import Frame, Moment, ParamFrame, Value

if TYPE_CHECKING:
    from perform.gl import GlStage

SIZE, FRAMES, ROUNDS = (640, 360), 12, 5
CHAIN = ("feedback", "punch_zoom")
MASTER = ("bloom", "rgb_split", "film_grade")
Values = Mapping[str, Value]


def run(quick: bool = False) -> dict[str, Any]:
    """{"bench": "mixer", "machine": …, "rows": […]}; `times_alone` is the cost in frames of one deck alone."""
    from perform.gl import describe as renderer
    from perform.gl import open_stage

    size, frames, rounds = ((64, 36), 2, 1) if quick else (SIZE, FRAMES, ROUNDS)
    rows: list[dict[str, Any]] = []
    stage = open_stage(size)
    try:
        facts = renderer(stage)
    finally:
        stage.close()
    for what, prepare, values in _cases():
        rows.append(_compared(what, prepare, values, size, frames, rounds, bool(facts["software"])))
    rows += _between(quick)
    return {"bench": "mixer", "machine": describe(str(facts["renderer"])), "rows": rows}


def _cases() -> list[tuple[str, Callable[[GlStage], None], Values]]:
    """(name, what is put on the stage besides, values)."""
    b: Values = {"mix/fade": 0.5}
    over: Values = {"mix/fade": 1.0}
    mask: Values = {"deck/b/layer/mask": "a", "deck/b/layer/scale": 0.7, "deck/b/layer/blend": "screen"}
    taken: Values = {"deck/a/fx/displace_by/other": "out"}
    return [
        ("deck b loaded, not seen", _second, {"mix/fade": 0.0}),
        ("two decks, a fade in light", _second, b),
        ("two decks, the transition luma_melt", _transition, b),
        ("b over a", _over, over),
        ("b over a, placed, masked, screen", _over, {**over, **mask}),
        ("displace_by on itself", _displaced, {}),
        ("displace_by, the finished picture fed back", _displaced, taken),
        ("a small picture for a generator", lambda stage: stage.want_pictures({"a": 128}), {}),
        ("the strobe limiter", lambda stage: None, {"out/safe": True}),
        ("interpolate fade, a new picture each fourth frame", lambda stage: None, {"deck/a/interpolate": "fade"}),
        ("interpolate flow, a new picture each fourth frame", lambda stage: None, {"deck/a/interpolate": "flow"}),
    ]


def _second(stage: GlStage) -> None:
    stage.set_source("b", None)


def _transition(stage: GlStage) -> None:
    from perform.mix import find_transition

    _second(stage)
    stage.set_transition(find_transition("luma_melt"))


def _over(stage: GlStage) -> None:
    _second(stage)
    stage.set_transition(None, over=True)


def _displaced(stage: GlStage) -> None:
    stage.set_chain("deck/a", [*_documents(CHAIN), *_documents(("displace_by",))])


def _documents(names: tuple[str, ...]) -> list[tuple[str, Any]]:
    from perform.content import find_shader
    from perform.isf import read_shader

    return [(name, read_shader(find_shader(name, "effects"))) for name in names]


def _compared(
    what: str,
    prepare: Callable[[GlStage], None],
    values: Values,
    size: tuple[int, int],
    frames: int,
    rounds: int,
    software: bool,
) -> dict[str, Any]:
    """One row: this case and one deck alone, in turn."""
    from perform.gl import open_stage

    stages = [open_stage(size), open_stage(size)]
    try:
        for stage in stages:
            stage.set_chain("deck/a", _documents(CHAIN))
            stage.set_chain("master", _documents(MASTER))
        prepare(stages[1])
        times = np.full((2, rounds + 1, 2), np.inf)
        for turn in range(rounds + 1):  # the first is for warming up
            for which, stage in enumerate(stages):
                times[which, turn] = _play(stage, values if which else {}, size, frames, turn * frames)
    finally:
        for stage in stages:
            stage.close()
    best = times[:, 1:].min(axis=1)
    by = 1 if software else 0
    return {
        "what": what,
        "ms": round(float(best[1, 0]), 3),
        "cpu_ms": round(float(best[1, 1]), 3),
        "alone_cpu_ms": round(float(best[0, 1]), 3),
        "times_alone": round(float(best[1, by] / max(best[0, by], 1e-6)), 3),
    }


def _play(stage: GlStage, values: Values, size: tuple[int, int], frames: int, first: int) -> tuple[float, float]:
    """(wall, processor) milliseconds of one frame."""
    rng = np.random.default_rng(first)
    pictures = rng.integers(0, 256, (frames // 4 + 1, 128, 128, 3), dtype=np.uint8)
    params = ParamFrame(dict(values))
    wall_s, busy_s = time.perf_counter(), time.process_time()
    for n in range(first, first + frames):
        moment = Moment(n / 60.0, 1.0 / 60.0, n)
        image = pictures[(n - first) // 4]
        stage.show({deck: Frame(image, n // 4 + 1, moment) for deck in "ab"}, params, None, moment)
        stage.finish()
    return (time.perf_counter() - wall_s) * 1e3 / frames, (time.process_time() - busy_s) * 1e3 / frames


def _between(quick: bool) -> list[dict[str, Any]]:
    """How near a picture half way between two comes to the true one, where all moves by 8 px and where all glows."""
    from PIL import Image

    rng = np.random.default_rng(3)
    size = (64, 36) if quick else (320, 180)
    small = rng.integers(0, 256, (2, size[1] // 6, size[0] // 6, 3), dtype=np.uint8)
    wide = [np.asarray(Image.fromarray(s).resize((size[0] + 80, size[1]), Image.Resampling.BICUBIC)) for s in small]

    def moved(k: float) -> np.ndarray:
        left = round(8 * k)
        return np.ascontiguousarray(wide[0][:, left : left + size[0]])

    def glowing(k: float) -> np.ndarray:
        share = 0.5 - 0.5 * np.cos(0.6 * k)
        mixed: np.ndarray = (1 - share) * wide[0][:, : size[0]] + share * wide[1][:, : size[0]]
        return mixed.astype(np.uint8)

    rows = []
    for what, painted in (("moves", moved), ("glows", glowing)):
        row: dict[str, Any] = {"what": f"half way between two pictures where all {what}: dB"}
        for mode in ("off", "fade", "flow"):
            row[mode] = round(_half_way(painted, mode, size), 1)
        rows.append(row)
    return rows


def _half_way(painted: Callable[[float], np.ndarray], mode: str, size: tuple[int, int]) -> float:
    """Peak signal over what differs, in dB, of the picture half way between the third and the fourth."""
    from perform.gl import open_stage

    stage = open_stage(size)
    try:
        for n in range(15):
            moment = Moment(n / 60.0, 1.0 / 60.0 if n else 0.0, n)
            frame = Frame(painted(n // 4), n // 4 + 1, moment)
            stage.show({"a": frame}, ParamFrame({"deck/a/interpolate": mode}), None, moment)
        shown = stage.finish().astype(float)
    finally:
        stage.close()
    rim = size[0] // 16
    off = (shown - painted(3.5 if mode == "off" else 2.5))[rim:-rim, rim:-rim]
    return float(10.0 * np.log10(255.0**2 / max(float(np.mean(off**2)), 1e-3)))
