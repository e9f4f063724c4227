"""How far to bend, so that a full `coarse_move` is as visible in one model as in another.

A standard deviation of w means much in one model and little in the next. So a few pictures are painted at load: seeds,
and the same seeds bent by a known amount. The model's own variety (how far seeds lie apart) is the measure.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from .latents import GROUPS, Anchors, Tables, bent

SEEDS = (11, 12)
PROBE = 3.0  # standard deviations that are tried
WANTED = (1.10, 0.85, 0.70)  # change by a full coarse, middle, fine move, as a part of the distance between seeds
PLAIN = 3.0  # standard deviations when nothing was measured
LEAST, MOST = 2.0, 6.0  # standard deviations: below nothing shows, beyond the model knows nothing
PIXELS_ON_CPU = 256 * 256  # larger pictures take seconds each on a CPU, and are not tried there


def move_depths(network: Any, tables: Tables, anchors: Anchors, psi: float) -> tuple[float, ...]:
    """Standard deviations of w for a full move of each layer group, [3]."""
    on_cpu = getattr(getattr(network, "w_avg", None), "device", torch.device("cpu")).type == "cpu"
    if on_cpu and network.resolution**2 > PIXELS_ON_CPU:
        return (PLAIN,) * GROUPS
    styles = [psi * anchors(seed) for seed in SEEDS]
    ones = np.ones((len(tables.ws_group), 1))
    plain = [picture(network, tables.w_avg + ones * style) for style in styles]
    variety = float((plain[0] - plain[1]).abs().mean())
    depths = []
    for group in range(GROUPS):
        layers = tables.ws_group == group
        changes = []
        for style, before in zip(styles, plain, strict=True):
            for turn in (0.0, 0.5 * math.pi):
                turned = bent(style, PROBE * tables.sway(group, style, turn))
                ws = tables.w_avg + np.where(layers[:, None], turned, style)
                changes.append(float((picture(network, ws) - before).abs().mean()))
        change = float(np.mean(changes))
        depth = PROBE * WANTED[group] * variety / change if change > 1e-6 else PLAIN
        depths.append(min(max(depth, LEAST), MOST))
    return tuple(depths)


def picture(network: Any, ws: np.ndarray) -> torch.Tensor:
    """ws [num_ws, w_dim] -> [3, h, w], -1..1, without grain, which would hide small changes."""
    return network.synthesis(torch.from_numpy(ws.astype(np.float32))[None], noise="none")[0].clamp(-1.0, 1.0)
