"""What the arrangements of the synthesis cost beside the textbook's, what each control of the latent instrument costs,
what an even walk evens out, and what a change of model costs the screen.

Costs are processor time, all threads together, as a ratio to the picture with everything at rest in the same run: they
hold when something else is using the machine. Frame times of the change are wall-clock times, as they are seen.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from perform.bench._arrangements import arrangements
from perform.bench.machine import describe
from perform.bench.model import model_folders

FPS = 30.0
ROUNDS = 5  # changes of model; the middle one counts
TONES: Mapping[str, Any] = {f"chroma_{n}": 0.5 for n in range(12)}
CONTROLS: Mapping[str, Mapping[str, Any]] = {
    "walk = drift": {"walk": "drift"},
    "walk = loop": {"walk": "loop"},
    "walk = noise_loop": {"walk": "noise_loop"},
    "walk = plane": {"walk": "plane", "plane_x": 0.4, "plane_y": 0.3},
    "space = z": {"walk": "drift", "space": "z"},
    "even": {"walk": "drift", "even": 1.0},
    "centre = nearest": {"centre": "nearest"},
    "coarse, middle, fine": {"coarse": 0.5, "middle": 0.5, "fine": 0.5},
    "moves of all layers": {"coarse_move": 0.5, "middle_move": 0.5, "fine_move": 0.5},
    "eight directions": {f"direction_{n}": 0.2 for n in range(1, 9)},
    "chroma_mix, twelve tones": {"chroma_mix": 1.0, **TONES},
    "noise_drift": {"noise_drift": 1.0},
    "input moved and turned": {"input_x": 0.2, "input_turn": 30.0},
    "width = 7": {"width": 7},
    "rgb_fine": {"rgb_fine": 0.5},
    "tap = rgb at layer 5": {"tap": "rgb", "tap_layer": 5},
    "tap = pca at layer 5": {"tap": "pca", "tap_layer": 5},
    "tap = pca, half mixed": {"tap": "pca", "tap_layer": 5, "tap_mix": 0.5},
    **{
        f"bending: {name}": {"bend_1": name, "bend_1_amount": 0.5, "bend_1_layer": 6}
        for name in ("translate", "rotate", "scale", "shear", "flip", "threshold", "invert", "blur", "erode", "dilate",
                     "ablate", "gain")
    },
    "bending: rotate on half of the maps": {"bend_1_amount": 0.5, "bend_1_layer": 6, "bend_1_on": "random"},
    "bending: three slots": {f"bend_{n}_amount": 0.5 for n in (1, 2, 3)},
    "second model, half of its weights": {"blend_model": "second", "blend_coarse": 0.5, "blend_fine": 0.5},
}  # fmt: skip
MOVING = "second model, weights moving every frame"


def run(quick: bool = False) -> dict[str, Any]:
    """{"bench": "stylegan", "machine": …, "rows": […]}; `times_rest` is the cost in pictures at rest."""
    import torch

    folder = model_folders()[0]
    machine = {**describe(), "torch_threads": torch.get_num_threads()}
    rows = [*arrangements(folder, quick), *_costs(folder, quick), *_evenness(folder, quick)]
    rows += _changes(folder, 1 if quick else ROUNDS, quick)
    return {"bench": "stylegan", "machine": machine, "rows": rows}


def _instrument(folder: Path) -> Any:
    from perform.core.card import read_card
    from perform.deck_source import _quick_dtype
    from perform.generators.stylegan.instrument import Instrument

    made = Instrument()
    made.open(read_card(folder), "cpu")
    made.prepare({"dtype": _quick_dtype("cpu"), "find_model": lambda _: folder})
    return made


class _Player:
    """Paints one frame after the other."""

    def __init__(self, instrument: Any) -> None:
        self._instrument = instrument
        self._frame = 0

    def frames(self, count: int, values: Callable[[int], Mapping[str, Any]]) -> list[np.ndarray]:
        """So many pictures, a thirtieth of a second apart."""
        from perform.core.types import Moment, ParamFrame

        shown = []
        for number in range(count):
            t = self._frame / FPS
            moment = Moment(t, 1 / FPS if self._frame else 0.0, self._frame, 2.0 * t, t / 2.0 % 1.0)
            shown.append(self._instrument.render(ParamFrame({"psi": 0.9, **values(number)}), {}, moment).image)
            self._frame += 1
        return shown

    def cost(self, count: int, values: Callable[[int], Mapping[str, Any]]) -> tuple[float, float]:
        """(wall, processor) milliseconds of a picture."""
        wall_s, busy_s = time.perf_counter(), time.process_time()
        self.frames(count, values)
        return (time.perf_counter() - wall_s) * 1e3 / count, (time.process_time() - busy_s) * 1e3 / count


def _costs(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """One row for each control, against the picture at rest just before it; the least of some repeats."""
    player = _Player(_instrument(folder))
    count, repeats = (1, 1) if quick else (10, 9)
    still = {"walk": "hold"}
    asked: dict[str, Callable[[int], Mapping[str, Any]]] = {
        what: (lambda _, v=values: still | v) for what, values in list(CONTROLS.items())[:: 7 if quick else 1]
    }
    asked[MOVING] = lambda n: still | {"blend_model": "second", "blend_middle": n % 30 / 30}
    player.frames(2, lambda _: still)
    rest = [player.cost(count, lambda _: still) for _ in range(repeats)]
    rows = [{"what": f"{folder.name}: all at rest", **_row(min(w for w, _ in rest), min(c for _, c in rest), 1.0)}]
    for what, values in asked.items():
        ground = still | {k: v for k, v in values(0).items() if k == "blend_model"}  # it is loaded once
        player.frames(2, values)  # what is learnt or loaded when it is first asked for is not what it costs
        spent, ratios = [], []
        for _ in range(repeats):
            rests = player.cost(count, lambda _, g=ground: g)[1]  # type: ignore[misc]
            spent.append(player.cost(count, values))
            ratios.append(spent[-1][1] / max(rests, 1e-9))
        rows.append(
            {"what": what, **_row(min(w for w, _ in spent), min(c for _, c in spent), float(np.median(ratios)))}
        )
        player.frames(1, lambda _: still)
    return rows


def _row(wall_ms: float, cpu_ms: float, times: float) -> dict[str, Any]:
    return {
        "ms_p50": round(wall_ms, 2),
        "cpu_ms": round(cpu_ms, 2),
        "times_rest": round(times, 2),
        "fps": round(1e3 / max(wall_ms, 1e-9), 1),
    }


def _evenness(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """How unevenly the picture changes along a walk: deviation over mean of the change in a quarter of a second."""
    seconds = 2 if quick else 24
    rows = []
    for even in (0.0, 1.0):
        shown = _Player(_instrument(folder)).frames(
            round(seconds * FPS), lambda _, e=even: {"walk": "drift", "speed": 3.0, "even": e, "seed": 40}
        )
        small = np.stack([_shrunk(picture) for picture in shown])
        change = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2, 3))
        quarter = change[: len(change) // 8 * 8].reshape(-1, 8).sum(axis=1)
        spread, most = quarter.std() / quarter.mean(), quarter.max() / max(quarter.min(), 1e-9)
        figures = {"spread": round(float(spread), 3), "most_over_least": round(float(most), 2)}
        rows.append({"what": f"walk = drift, even = {even:g}", **figures})
    return rows


def _shrunk(picture: np.ndarray) -> np.ndarray:
    """Box means of 4 by 4 pixels, float."""
    height, width = picture.shape[0] // 4 * 4, picture.shape[1] // 4 * 4
    small: np.ndarray = picture[:height, :width].reshape(height // 4, 4, width // 4, 4, 3).mean(axis=(1, 3))
    return small


def _changes(folder: Path, rounds: int, quick: bool) -> list[dict[str, Any]]:
    """A live show, 320x180 at 30 frames a second without a graphics card: frame times before a change of model, while
    the next one loads beside it, and while it fades in over two beats."""
    from perform.app import open_live
    from perform.options import Options

    size = (96, 54) if quick else (320, 180)
    options = Options(
        audio="synth", source=f"model:{folder}", size=size, display="offscreen", osc_port=-1, device="cpu"
    )
    rig = open_live(options, lambda _line: None)
    try:
        with _quiet():
            live = _Live(rig)
            live.until(lambda n: n >= (10 if quick else 90))
            found = [live.change(folder, 15 if quick else 150) for _ in range(rounds)]
    finally:
        rig.close()
    rows = []
    for part in ("before", "loading", "fading"):
        times = np.concatenate([one[part] for one in found])
        rows.append({"what": f"model changed live: {part}", "ms_p50": round(float(np.percentile(times, 50)), 2),
                     "ms_p99": round(float(np.percentile(times, 99)), 2), "frames": len(times)})  # fmt: skip
    ratios = [
        np.percentile(np.concatenate([one["loading"], one["fading"]]), 99) / np.percentile(one["before"], 99)
        for one in found
    ]
    rows.append({"what": f"model changed live: p99 over p99 before, middle of {rounds} changes",
                 "ratio": round(float(np.median(ratios)), 2), "worst": round(float(max(ratios)), 2)})  # fmt: skip
    return rows


class _Live:
    """A live show, frame by frame."""

    def __init__(self, rig: Any) -> None:
        from perform.engine.pacing import Pacer

        self._rig = rig
        self._pacer = Pacer(FPS, time.monotonic, time.sleep)
        self._loaded = 0

    def until(self, done: Callable[[int], bool], most: int = 3000) -> np.ndarray:
        """Play until `done(frames)`; the times of the frames in ms."""
        times = []
        began_s = time.monotonic()
        while len(times) < most and (not times or not done(len(times))):
            self._rig.engine.tick(self._rig.clock())
            self._rig.show.after_tick()
            self._pacer.wait()
            ended_s = time.monotonic()
            times.append((ended_s - began_s) * 1e3)
            began_s = ended_s
        return np.array(times)

    def change(self, folder: Path, frames: int) -> dict[str, np.ndarray]:
        """Put the model on the deck again, by another of its paths, so that it loads anew."""
        from perform.deck_source import plan_source

        engine, show = self._rig.engine, self._rig.show
        before = self.until(lambda n: n >= frames)
        self._loaded += 1
        text = f"model:{folder}/." if self._loaded % 2 else f"model:{folder}"
        show.decks.load("a", plan_source(text, "cpu", trusted=True, fast=True))
        show.decks.mount()
        loading = self.until(lambda _: not engine.coming)
        fading = self.until(lambda _: not engine.handovers.under_way)
        return {"before": before, "loading": loading, "fading": fading}


@contextlib.contextmanager
def _quiet() -> Any:
    """No collection of the whole heap, as in a show."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
