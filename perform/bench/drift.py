"""Feedback loops of the embedded diffusion model at the corners of its sliders, ten minutes of show time each: mean,
contrast, saturation and change per picture, at the start and at the end, and whether they stayed within bounds.

Bounds, each for every picture of the second half, against what the model paints without a loop: contrast at least 0.3
of it, mean within 0.3, no more than 0.4 more places at an end of the scale, saturation at least 0.2 of it and at most
0.4 more, change from picture to picture at most 0.35 of the scale; a whole half must not stand quite still either.
Pictures are small, and painted as fast as they can be; show time runs at 15 a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from perform.bench.diffusion import micro_folder
from perform.bench.machine import describe

FPS, MINUTES, SIDE = 15.0, 10.0, 64
WORDS = "rose and violet pearls"
LEAST_CONTRAST, MOST_MEAN, MOST_FULL = 0.3, 0.3, 0.4
CORNERS: dict[str, dict[str, Any]] = {
    "all of itself": {"feedback": 1.0, "feedback_limit": 1.0, "strength": 0.02},
    "flying in, turning": {"feedback": 1.0, "feedback_limit": 1.0, "strength": 0.3, "feedback_zoom": 4.0,
                           "feedback_turn": 180.0},
    "flying out, held": {"feedback": 1.0, "feedback_limit": 1.0, "strength": 0.6, "feedback_zoom": 0.25,
                         "coherence": 1.0},
    "bold": {"feedback": 0.9, "strength": 0.5, "backbone_coarse": 2.0, "backbone_fine": 2.0, "skip_fine": 2.0},
    "timid": {"feedback": 0.9, "strength": 0.5, "backbone_coarse": 0.2, "skip_coarse": 0.0, "attention_up": 0.0},
    "its own picture, again": {"strength": 0.3, "pixels": 1.0},
    "its own picture, hardly touched": {"strength": 0.02, "pixels": 1.0},
}  # fmt: skip

LEAST_COLOUR, MOST_COLOUR = 0.2, 0.4
LEAST_CHANGE, MOST_CHANGE = 1e-4, 0.35


def run(quick: bool = False) -> dict[str, Any]:
    """{"bench": "drift", "machine": …, "rows": […]}."""
    folder = micro_folder()
    rows: list[dict[str, Any]] = [{"what": "not taken: no diffusion model ships"}]
    if folder is not None:
        count = 30 if quick else round(FPS * MINUTES * 60)
        corners = dict(list(CORNERS.items())[:1]) if quick else CORNERS
        rows = taken(folder, corners, count)
    return {"bench": "drift", "machine": describe(), "rows": rows}


def taken(folder: Path, corners: dict[str, dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """A row for the model without a loop, and one for each corner."""
    from perform.generators.diffusion.families import open_parts

    parts = open_parts(folder)
    usual = looked(parts, folder, {"feedback": 0.0, "strength": 1.0}, 24)
    rows = [{"what": "no loop", **_row(usual)}]
    for name, values in corners.items():
        seen = looked(parts, folder, values, count)
        half = {key: value[count // 2 :] for key, value in seen.items()}
        broken = beyond(half, usual)
        told = "no: " + ", ".join(broken) if broken else "yes"
        rows.append({"what": name, "pictures": count, **_row(half), "within_bounds": told})
    return rows


def beyond(half: dict[str, np.ndarray], usual: dict[str, np.ndarray]) -> list[str]:
    """Which bounds the second half of a loop broke; usual: measures of the model without a loop."""
    within = {
        "contrast": half["contrast"].min() > LEAST_CONTRAST * usual["contrast"].mean(),
        "mean": abs(half["mean"] - usual["mean"].mean()).max() < MOST_MEAN,
        "ends of the scale": half["full"].max() < usual["full"].mean() + MOST_FULL,
        "little colour": half["saturation"].min() > LEAST_COLOUR * usual["saturation"].mean(),
        "much colour": half["saturation"].max() < usual["saturation"].mean() + MOST_COLOUR,
        "change": half["change"].max() < MOST_CHANGE,
        "standstill": half["change"].max() > LEAST_CHANGE,
    }
    return [name for name, good in within.items() if not good]


def _row(seen: dict[str, np.ndarray]) -> dict[str, float]:
    found = {}
    for key in ("mean", "contrast", "saturation", "change"):
        found[key] = round(float(seen[key].mean()), 4)
    found["saturation_least"], found["saturation_most"] = _ends(seen["saturation"])
    found["change_most"] = round(float(seen["change"].max()), 4)
    found["contrast_least"] = round(float(seen["contrast"].min()), 4)
    found["mean_least"], found["mean_most"] = _ends(seen["mean"])
    found["drift_most"] = round(float(seen["drift"].max()), 3)
    return found


def _ends(values: np.ndarray) -> tuple[float, float]:
    return round(float(values.min()), 3), round(float(values.max()), 3)


def looked(parts: Any, folder: Path, values: dict[str, Any], count: int) -> dict[str, np.ndarray]:
    """Measures of each picture of a loop: mean, contrast, saturation, change, full (share at an end), drift."""
    from perform.core.card import read_card
    from perform.core.types import Moment, ParamFrame, Picture
    from perform.generators.diffusion.instrument import Instrument

    instrument = Instrument(load=lambda *_: parts)
    instrument.open(read_card(folder), "cpu")
    instrument.prepare({})  # the first picture, unseen, says what is usual: the bounds go by it
    values = {"width": SIDE, "height": SIDE, "prompt_1": WORDS, "orbit": 0.3, **values}
    pixels, before = values.pop("pixels", 0.0), None
    rows: dict[str, list[float]] = {}
    for n in range(count):
        pictures = {"image": Picture(before, None, n, n / FPS)} if pixels and before is not None else {}
        moment = Moment(n / FPS, 1 / FPS if n else 0.0, n, n / FPS * 2)
        frame = instrument.render(ParamFrame(values), pictures, moment)
        told = {**measures(frame.image, frame.image if before is None else before), "drift": frame.signals["drift"]}
        for key, value in told.items():
            rows.setdefault(key, []).append(value)
        before = frame.image
    return {key: np.array(value) for key, value in rows.items()}


def measures(picture: np.ndarray, before: np.ndarray) -> dict[str, float]:
    """Of a picture [h, w, 3] uint8 and the one before, on a scale of 0..1: mean, contrast (spread of grey), saturation
    (mean distance of the largest and least colour), change (mean), full (share of values at an end of the scale)."""
    image, last = picture.astype(np.float32) / 255.0, before.astype(np.float32) / 255.0
    found = {
        "mean": image.mean(), "contrast": image.mean(2).std(), "full": ((image < 0.01) | (image > 0.99)).mean(),
        "saturation": (image.max(2) - image.min(2)).mean(), "change": abs(image - last).mean(),
    }  # fmt: skip
    return {key: float(value) for key, value in found.items()}
