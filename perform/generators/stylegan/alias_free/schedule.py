"""Which sizes, rates and low-passes the layers of a StyleGAN3 have, from the few numbers of its training ([K21] 3.2).

Checkpoints state all of it layer by layer; this is for state dicts without any description, and for new networks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .filters import kaiser_low_pass
from .shape import Architecture3, InputShape, LayerShape

GRID = 2  # the activation's grid is this many times finer than the finer of its ends
TAPS = 6  # of a low-pass, per sample of the coarser grid


@dataclass(frozen=True, slots=True)
class Recipe:
    """A StyleGAN3 in the words of its training. `t` is the default; `r` turns as well as it moves ([K21] appendix G):
    kernel 1, radial True, and twice the channels. num_layers: without the last one, which gives colours."""

    resolution: int
    channel_base: int = 32768
    channel_max: int = 512
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin: int = 10
    kernel: int = 3
    radial: bool = False
    clamp: float | None = 256.0
    img_channels: int = 3


@dataclass(frozen=True, slots=True)
class Steps:
    """The progressions of a stretch of layers: one entry for each, the first being what comes in."""

    cutoffs: np.ndarray
    half_widths: np.ndarray
    rates: np.ndarray
    sizes: np.ndarray
    channels: np.ndarray


def steps(recipe: Recipe, layers: int, cutoff: float, stopband: float, rate: int | None = None) -> Steps:
    """From a first cutoff and stop band (and rate, where something is built upon) to those of the picture."""
    last = recipe.resolution / 2
    part = np.minimum(np.arange(layers + 1) / (layers - recipe.num_critical), 1)
    cutoffs = cutoff * (last / cutoff) ** part
    stopbands = stopband * (last * recipe.last_stopband_rel / stopband) ** part
    rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, recipe.resolution))))
    rates[0] = rates[0] if rate is None else rate
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    sizes = rates + recipe.margin * 2
    sizes[-2:] = recipe.resolution
    channels = np.rint(np.minimum(recipe.channel_base / 2 / cutoffs, recipe.channel_max))
    channels[-1] = recipe.img_channels
    return Steps(cutoffs, half_widths, rates, sizes, channels)


def stretch(recipe: Recipe, s: Steps, first: int = 0) -> tuple[list[LayerShape], dict[str, Tensor]]:
    """Layers and their low-passes, `L3_52_512.up_filter` and so on. first: number of the first of them."""
    shapes: list[LayerShape] = []
    filters: dict[str, Tensor] = {}
    count = len(s.rates) - 1
    for n in range(count + 1):
        before, colours = max(n - 1, 0), n == count
        grid = max(s.rates[before], s.rates[n]) * (1 if colours else GRID)
        up, down = round(grid / s.rates[before]), round(grid / s.rates[n])
        up_taps, down_taps = (1 if colours or factor == 1 else TAPS * factor for factor in (up, down))
        kernel = 1 if colours else recipe.kernel
        size, out = int(s.sizes[before]), int(s.sizes[n])
        pad = (out - 1) * down + 1 - (size + kernel - 1) * up + up_taps + down_taps - 2
        is_round = recipe.radial and n < count - recipe.num_critical and down_taps > 1
        name = f"L{first + n}_{out}_{int(s.channels[n])}"
        shapes.append(LayerShape(
            name, int(s.channels[before]), int(s.channels[n]), size, out, int(s.rates[before]), int(s.rates[n]), kernel,
            up, down, up_taps, down_taps, (pad + up) // 2, pad - (pad + up) // 2, is_round, colours, recipe.clamp,
        ))  # fmt: skip
        above = kaiser_low_pass(up_taps, s.cutoffs[before], s.half_widths[before] * 2, grid)
        below = kaiser_low_pass(down_taps, s.cutoffs[n], s.half_widths[n] * 2, grid, radial=is_round)
        for word, found in (("up", above), ("down", below)):
            if found is not None:
                filters[f"{name}.{word}_filter"] = torch.from_numpy(found).float()
    return shapes, filters


def planned(recipe: Recipe, **mapping: Any) -> tuple[Architecture3, dict[str, Tensor]]:
    """A whole StyleGAN3. mapping: the entries of Architecture3 that are not about synthesis (z_dim, w_dim, ...)."""
    s = steps(recipe, recipe.num_layers, recipe.first_cutoff, recipe.first_stopband)
    shapes, filters = stretch(recipe, s)
    first = InputShape(int(s.channels[0]), int(s.sizes[0]), int(s.rates[0]), float(s.cutoffs[0]))
    more = {"resolution": recipe.resolution, "img_channels": recipe.img_channels} | mapping
    return Architecture3(input=first, layers=tuple(shapes), **more), filters


def planned_taller(stem: Recipe, up: int, head_layers: int, **mapping: Any) -> tuple[Architecture3, dict[str, Tensor]]:
    """A StyleGAN-XL grown by a head ([S22] arXiv 2202.00273, section 3.2): a stem without its critically sampled
    layers, and `head_layers` more, up to `up` times its resolution."""
    s = steps(stem, stem.num_layers, stem.first_cutoff, stem.first_stopband)
    shapes, filters = stretch(stem, s)
    kept = stem.num_layers - stem.num_critical
    grown = replace(stem, resolution=stem.resolution * up)
    cutoff = s.cutoffs[kept - 1]
    head = steps(grown, head_layers, cutoff, cutoff + s.half_widths[kept - 1], int(s.rates[kept - 1]))
    head.channels[0] = s.channels[kept - 1]
    head.sizes[0] = s.sizes[kept - 1]
    more_shapes, more_filters = stretch(grown, head, kept + 1)  # public checkpoints number the head so
    first = InputShape(int(s.channels[0]), int(s.sizes[0]), int(s.rates[0]), float(s.cutoffs[0]))
    names = {shape.name for shape in shapes[:kept]}
    filters = {k: v for k, v in filters.items() if k.split(".")[0] in names} | more_filters
    more = {"resolution": grown.resolution, "img_channels": grown.img_channels} | mapping
    return Architecture3(input=first, layers=(*shapes[:kept], *more_shapes), **more), filters
