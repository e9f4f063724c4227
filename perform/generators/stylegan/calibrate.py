"""How far to bend, so that a full `coarse_move` is as visible in one model as in another.

A standard deviation of w means much in one model and little in the next. So a few pictures are painted at load: seeds,
and the same seeds bent by a known amount. The model's own variety (how far seeds lie apart) is the measure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from .latents import GROUPS, Anchors, Tables, bent

SEEDS = (11, 12)
PROBE = 3.0  # standard deviations that are tried
WANTED = (0.95, 0.80, 0.70)  # change by a full coarse, middle, fine move, as a part of the distance between seeds
PLAIN = 3.0  # standard deviations when nothing was measured
LEAST, MOST = 2.0, 4.5  # standard deviations: below nothing shows, beyond the model knows nothing
TOO_FAINT = 1.5  # a fine move that would need this many times MOST is extended
PIXELS_ON_CPU = 256 * 256  # larger pictures take seconds each on a CPU, and are not tried there
PRODUCTS_ON_CPU = 20e9  # nor are pictures of more products than this: 0.3 s each on two cores


@dataclass(frozen=True, slots=True)
class Moves:
    """depths [3]: standard deviations of w at a full coarse, middle, fine move. layers [3, num_ws] bool: which layers
    each moves."""

    depths: tuple[float, ...]
    layers: np.ndarray


def measure_moves(network: Any, tables: Tables, anchors: Anchors, psi: float) -> Moves:
    """How far each move must go in this model.

    Where the finest layers hardly matter (small models settle nearly everything earlier), the fine move takes in the
    next coarser ones, until it can be seen.
    """
    layers = np.stack([tables.ws_group == g for g in range(GROUPS)])
    on_cpu = getattr(getattr(network, "w_avg", None), "device", torch.device("cpu")).type == "cpu"
    if on_cpu and (network.resolution**2 > PIXELS_ON_CPU or products(network) > PRODUCTS_ON_CPU):
        return Moves((PLAIN,) * GROUPS, layers)
    styles = [psi * anchors(seed) for seed in SEEDS]
    plain = [picture(network, anchors.centre + np.ones((layers.shape[1], 1)) * style) for style in styles]
    variety = float((plain[0] - plain[1]).abs().mean())

    def needed(group: int) -> float:
        change = _change(network, tables, group, layers[group], styles, plain)
        return PROBE * WANTED[group] * variety / change if change > 1e-6 else math.inf

    depths = [needed(group) for group in range(GROUPS)]
    first, lowest = int(np.argmax(layers[2])), int(np.argmax(layers[1])) + 1
    while depths[2] > TOO_FAINT * MOST and first > lowest:
        first -= 1
        layers[2, first] = True
        depths[2] = needed(2)
    return Moves(tuple(min(max(depth, LEAST), MOST) for depth in depths), layers)


def products(network: Any) -> float:
    """About how many products a picture takes: what the convolutions of 3x3 do."""
    convs = [layer for layer in getattr(network, "layers", ()) if layer.kind != "colours"]
    return float(sum(9 * before.channels * layer.channels * layer.side**2 for before, layer in pairwise(convs)))


def _change(network: Any, tables: Tables, group: int, layers: np.ndarray, styles: list[np.ndarray],
            plain: list[torch.Tensor]) -> float:  # fmt: skip
    """Mean change of a picture, as levels of -1..1, when some layers are bent by PROBE."""
    changes = []
    for style, before in zip(styles, plain, strict=True):
        for turn in (0.0, 0.5 * math.pi):
            turned = bent(style, PROBE * tables.sway(group, style, turn))
            after = picture(network, tables.w_avg + np.where(layers[:, None], turned, style))
            changes.append(float((after - before).abs().mean()))
    return float(np.mean(changes))


def picture(network: Any, ws: np.ndarray) -> torch.Tensor:
    """ws [num_ws, w_dim] -> [3, h, w], -1..1, without grain, which would hide small changes."""
    return network.synthesis(torch.from_numpy(ws.astype(np.float32))[None], noise="none")[0].clamp(-1.0, 1.0)
