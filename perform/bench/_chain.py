"""How a chain's cost grows with its length, what upload and read-back cost, and what the first trial of a foreign
shader costs beside the show. Rows of `perform bench shaders`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perform.core.types import Frame, Moment, ParamFrame

if TYPE_CHECKING:
    from perform.gl import GlStage

EFFECT = "film_grade"
"""Stands for an effect of middling cost."""
LONGEST = 8
UPLOADS = ((256, 256), (640, 360), (1280, 720), (1920, 1080))
READBACKS = ((640, 360), (1280, 720), (1920, 1080))
ROUNDS = 3
Measure = Callable[[], None]


def timed(act: Measure, times: int) -> np.ndarray:
    """[times, 2] float: wall and processor milliseconds of each call."""
    found = np.zeros((times, 2))
    for index in range(times):
        wall_s, busy_s = time.perf_counter(), time.process_time()
        act()
        found[index] = (time.perf_counter() - wall_s) * 1e3, (time.process_time() - busy_s) * 1e3
    return found


def growth(size: tuple[int, int], frames: int, picture: np.ndarray) -> list[dict[str, Any]]:
    """Chains of 0 to 8 of one effect, then the straight line through them.

    The lengths take turns, and each one's quietest round counts: what else the machine does then hits all alike.
    """
    from perform.content import find_shader
    from perform.gl import open_stage
    from perform.isf import read_shader

    document = read_shader(find_shader(EFFECT, "effects"))
    stage = open_stage(size, display="offscreen")
    cost = np.full((LONGEST + 1, 2), np.inf)
    try:
        player = _Player(stage, picture)
        for _ in range(ROUNDS):
            for length in range(LONGEST + 1):
                stage.set_chain("master", [(f"slot_{n}", document) for n in range(length)])
                timed(player.show, 2)
                cost[length] = np.minimum(cost[length], np.median(timed(player.show, frames), axis=0))
    finally:
        stage.close()
    return [*(_row(f"chain of {n} x {EFFECT} at {_text(size)}", c) for n, c in enumerate(cost)), _line(cost)]


def _line(cost: np.ndarray) -> dict[str, Any]:
    """Least squares over the lengths, by processor time."""
    lengths = np.arange(len(cost))
    slope, start = np.polyfit(lengths, cost[:, 1], 1)
    off = np.abs(cost[:, 1] - (start + slope * lengths)).max()
    return {
        "what": f"each further {EFFECT}, by a straight line through 0 to {LONGEST}",
        "ms_p50": round(float(np.polyfit(lengths, cost[:, 0], 1)[0]), 3),
        "cpu_ms_p50": round(float(slope), 3),
        "farthest_from_line_percent": round(float(100.0 * off / cost[-1, 1]), 1),
    }


def transfers(stage_size: tuple[int, int], frames: int, sizes: Sequence[tuple[int, int]] = ()) -> list[dict[str, Any]]:
    """A new picture in each frame against the same one, by its size; then a frame read back against one that is not."""
    from perform.gl import open_stage

    rows = []
    stage = open_stage(stage_size, display="offscreen")
    try:
        for size in sizes or UPLOADS:
            player = _Player(stage, np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8))
            player.show()
            cost = _apart(lambda p=player: p.show(new=True), lambda p=player: p.show(new=False), frames)  # type: ignore[misc]
            rows.append(_row(f"upload of {_text(size)} into {_text(stage_size)}", cost))
    finally:
        stage.close()
    for size in sizes or READBACKS:
        stage = open_stage(size, display="offscreen")
        try:
            player = _Player(stage, np.zeros((16, 16, 3), np.uint8))
            player.show()
            cost = _apart(lambda p=player: p.show(read=True), lambda p=player: p.show(), frames)  # type: ignore[misc]
            rows.append(_row(f"read-back of {_text(size)}, a frame late", cost))
        finally:
            stage.close()
    return rows


def trials(quick: bool) -> list[dict[str, Any]]:
    """What the first trial of a shader costs, in the child process that it runs in (wall time, by its parent)."""
    from perform.content import find_shader
    from perform.trial.runner import Runner

    text = find_shader(EFFECT, "effects").read_text("utf-8")
    runner = Runner(gentle=True)
    try:
        started = timed(runner.start, 1)[0]
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"try_{n}.fs" for n in range(2 if quick else 8)]
            for number, file in enumerate(files):
                # Another number each time: the driver's cache must not know it.
                salt = f"    gl_FragColor.r += {time.time_ns() % 100_000_007 + number}.0e-15;\n"
                head, _, tail = text.rpartition("}")
                file.write_text(f"{head}{salt}}}{tail}", "utf-8")
            each = [timed(lambda file=file: runner.run(file, 2, look=False), 1)[0, 0] for file in files]  # type: ignore[misc]
    finally:
        runner.close()
    return [
        {"what": "trials: the process starts", "ms_p50": round(float(started[0]), 1)},
        {"what": f"trials: each {EFFECT} at 160x90", "ms_p50": round(float(np.median(each)), 1)},
    ]


class _Player:
    """Shows one picture, again and again."""

    def __init__(self, stage: GlStage, picture: np.ndarray) -> None:
        self._stage = stage
        self._picture = picture
        self._index = 0
        self._sequence = 0

    def show(self, *, new: bool = False, read: bool = False) -> None:
        """One frame, waited for. new: the picture counts as another one. read: it is collected, too."""
        from perform.gl import unlocked

        self._index += 1
        self._sequence += new
        moment = Moment(self._index / 60.0, 1.0 / 60.0, self._index)
        self._stage.show({"a": Frame(self._picture, self._sequence, moment)}, ParamFrame({}), None, moment)
        if read:
            self._stage.read_back()
        unlocked.finish()()


def _apart(with_it: Measure, without: Measure, frames: int) -> np.ndarray:
    """[2] float: how much more one costs than the other; they take turns, and the quietest round counts."""
    found = np.full((2, 2), np.inf)
    for _ in range(ROUNDS):
        for place, act in enumerate((with_it, without)):
            timed(act, 2)
            found[place] = np.minimum(found[place], np.median(timed(act, frames), axis=0))
    return np.maximum(found[0] - found[1], 1e-3)


def _row(what: str, cost: np.ndarray) -> dict[str, Any]:
    return {"what": what, "ms_p50": round(float(cost[0]), 3), "cpu_ms_p50": round(float(cost[1]), 3)}


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
