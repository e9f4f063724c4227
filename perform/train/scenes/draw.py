"""From a scene and a noise to a picture.

Everything is a function of four smooth fields, each the low part of a channel of the noise, and of their slopes at the
same place: no global coordinate, so a convolution can learn it, and any size or format is drawn alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from . import forms
from .words import COLOURS, FAMILIES, Scene

FACTOR = 8  # pixels per cell of the noise
SMOOTH = 1.9  # cells: sigma of the low-pass
TALL = (4.5, 1.1)  # cells: the same for curtains, down and across
CHANNELS = 4  # of the noise, that are looked at
IMAGE_POWER = 0.55  # about how much of a picture's latent (of variance one) survives the low-pass

HUE = {
    "red": (0.62, 0.235, 27), "orange": (0.74, 0.185, 55), "gold": (0.86, 0.17, 92), "green": (0.70, 0.20, 145),
    "turquoise": (0.78, 0.135, 195), "blue": (0.56, 0.21, 262), "violet": (0.56, 0.23, 300),
    "magenta": (0.65, 0.28, 335), "rose": (0.80, 0.12, 5), "copper": (0.58, 0.095, 52), "white": (0.90, 0.006, 250),
}  # fmt: skip
"""Colour -> OKLCH of its brightest plain shade: lightness, chroma, hue in degrees (Ottosson, 2020)."""
_LMS = torch.tensor(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548]]
)
_RGB = torch.tensor(
    [[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.707614701]]
)  # fmt: skip


def _gauss(sigma: float) -> Tensor:
    reach = math.ceil(3 * sigma)
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    return taps / taps.sum()


def smooth(noise: Tensor, down: float, across: float) -> Tensor:
    """The low part of [n, c, h, w], of variance one for white noise everywhere, borders too."""
    for taps, axis in ((_gauss(down), 2), (_gauss(across), 3)):
        pad = len(taps) // 2
        shape = [1, 1, 1, 1]
        shape[axis] = len(taps)
        kernel = taps.view(shape).expand(noise.shape[1], 1, *shape[2:])
        padding = (pad, 0) if axis == 2 else (0, pad)
        one = torch.ones(1, noise.shape[1], *noise.shape[2:])
        spread = F.conv2d(one, kernel**2, padding=padding, groups=noise.shape[1]).sqrt()
        noise = F.conv2d(noise, kernel, padding=padding, groups=noise.shape[1]) / spread
    return noise


def _spline() -> Tensor:
    """A cubic B-spline of one cell between its knots, sampled at the pixels: [4 * FACTOR]."""
    box = torch.ones(1, 1, FACTOR) / FACTOR
    taps = box
    for _ in range(3):
        taps = F.conv1d(F.pad(taps, (FACTOR - 1, FACTOR - 1)), box)
    return F.pad(taps[0, 0] * FACTOR, (1, 2))


def _enlarge(cells: Tensor) -> Tensor:
    """Cells to pixels, with slopes that are smooth too (bicubic's show the grid in anything that is lit)."""
    c, taps = cells.shape[1], _spline()
    for axis in (2, 3):
        shape, stride, pads = [c, 1, 1, 1], [1, 1], [0, 0, 0, 0]
        shape[axis], stride[axis - 2] = len(taps), FACTOR
        pads[2 * (3 - axis)] = pads[2 * (3 - axis) + 1] = 2
        cells = F.pad(cells, pads, mode="replicate")
        cells = F.conv_transpose2d(cells, taps.view(1, 1, *shape[2:]).expand(*shape), stride=stride, groups=c)
        off = 2 * FACTOR + (len(taps) - FACTOR) // 2
        cells = cells.narrow(axis, off, cells.shape[axis] - 2 * off)
    return cells


def _blocks(seen: Tensor, cells: int, share: Tensor) -> Tensor:
    """Means over blocks of cells x cells, of about variance one: what has a place of its own in each block."""
    power = (1 - share**2) / cells**2 + share**2 * IMAGE_POWER
    return F.avg_pool2d(seen, cells) * power.rsqrt()[:, None, None, None]


def fields(noisy: Tensor, clean_share: Tensor) -> dict[str, Tensor]:
    """The smooth fields of a noisy latent [n, c, h, w], at the picture's size and of about variance one.

    clean_share [n]: sqrt(alpha_bar), how much of the latent is a picture and not noise: a picture's power is low, white
    noise's is not, and the fields are brought back to one.
    """
    seen = noisy[:, :CHANNELS]
    gain = []
    for down, across in ((SMOOTH, SMOOTH), TALL):
        white = float((_gauss(down) ** 2).sum() * (_gauss(across) ** 2).sum())
        power = (1 - clean_share**2) + clean_share**2 * IMAGE_POWER / white
        gain.append(power.rsqrt()[:, None, None, None])
    return {
        "round": _enlarge(smooth(seen, SMOOTH, SMOOTH) * gain[0]),
        "tall": _enlarge(smooth(seen, *TALL) * gain[1]),
        "fine": _enlarge(smooth(seen, 0.7, 0.7) * gain[0]),
        "grain": seen[:, :1],
        **{f"block_{n}": _blocks(seen, n, clean_share) for n in (1, 2, 4)},
    }


def _number(scenes: Sequence[Scene], name: str, low: float, mid: float, high: float) -> Tensor:
    values = {-1: low, 0: mid, 1: high}
    return torch.tensor([values[getattr(s, name)] for s in scenes])[:, None, None]


def _oklch(light: Tensor, chroma: Tensor, hue: Tensor) -> Tensor:
    lab = torch.stack((light, chroma * hue.cos(), chroma * hue.sin()), 1)
    lms = torch.einsum("ij,njhw->nihw", _LMS, lab) ** 3
    return torch.einsum("ij,njhw->nihw", _RGB, lms).clamp_min(0)


def _shades(scenes: Sequence[Scene], value: Tensor, drift: Tensor) -> Tensor:
    """Linear light of a palette: value 0..1 from its first colour to its second, or to a neighbour of the first."""
    out = []
    for names in ([s.colour for s in scenes], [s.second or s.colour for s in scenes]):
        out.append(torch.tensor([HUE.get(n, (0.74, 0.16, 0.0)) for n in names]))
    every = torch.tensor([not s.colour for s in scenes])[:, None, None]
    pair = torch.tensor([bool(s.second) for s in scenes])[:, None, None]
    t = torch.where(pair, (2.4 * value - 0.7).clamp(0, 1), value)
    ends = [[part[:, i, None, None] for i in range(3)] for part in out]
    turn = torch.where(pair, 0.0, 0.16 * torch.tanh(drift))
    first = _oklch(ends[0][0] + 0 * t, ends[0][1] + 0 * t, torch.deg2rad(ends[0][2]) + turn)
    lift = torch.where(pair, 0.0, 0.10 * t)
    second = _oklch(
        (ends[1][0] + lift).clamp_max(0.97), ends[1][1] * (1 - 0.25 * lift / 0.1), torch.deg2rad(ends[1][2]) + turn
    )
    rainbow = _oklch(0.72 + 0 * t, 0.15 + 0 * t, 1.6 * drift + 2.2 * value)
    mixed = first + (second - first) * t[:, None]
    return torch.where(every[:, None], rainbow, mixed)


@torch.no_grad()
def draw(scenes: Sequence[Scene], field: dict[str, Tensor]) -> Tensor:
    """Pictures [n, 3, h, w] of -1..1 for scenes, on the fields of `fields`."""
    kind = [s.family for s in scenes]
    knobs = forms.Knobs(
        _number(scenes, "density", 0.62, 1.0, 1.6),
        _number(scenes, "motion", 0.25, 1.0, 1.9),
        _number(scenes, "edge", 0.45, 1.0, 2.2),
    )
    shape = field["round"].shape
    value, light, glow = (torch.zeros(shape[0], *shape[2:]) for _ in range(3))
    for name in {*kind}:
        rows = torch.tensor([i for i, k in enumerate(kind) if k == name])
        part = {key: part[rows] for key, part in field.items()}
        drawer = getattr(forms, name or "fog")
        value[rows], light[rows], glow[rows] = drawer(part, knobs.at(rows))
    shade = _shades(scenes, value.clamp(0, 1), field["round"][:, 3])
    lit = shade * light.clamp_min(0)[:, None] + (0.6 * shade + 0.4) * glow.clamp_min(0)[:, None]
    exposure = _number(scenes, "light", 0.42, 1.0, 1.75)[:, None]
    bright = (lit * torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]).sum(1, keepdim=True) * 1.5 * exposure + 1e-6
    linear = lit * 1.5 * exposure * (1 - torch.exp(-bright)) / bright  # brightness is bent, the hue stays
    over = (linear.amax(1, keepdim=True) - 1).clamp_min(0)
    return (linear.clamp(0, 1) + 0.35 * over).clamp(0, 1) ** (1 / 2.2) * 2 - 1


assert set(HUE) == set(COLOURS)
assert all(hasattr(forms, name) for name in FAMILIES)
