"""From a latent to the numbers that a rule draws with, and what all rules share: plane, palette, light.

Every rule is a smooth function of a vector p of PARAMS standard normal numbers, and p is a fixed rotation of
the latent z. So z -> picture is one smooth map that a generator can be taught directly, picture for picture.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

PARAMS = 32
FAMILIES = ("marble", "silk", "creature", "cells", "nebula", "plot", "nave")
# where in p each group of numbers lies
PLACE, WARP, FORM, COLOUR = slice(5, 9), slice(9, 15), slice(15, 24), slice(24, 32)
FAMILY = dict(zip(FAMILIES, (0, 1, 2, 3, 4, 22, 23), strict=True))
"""Where in p it says how much of each family is wanted; the last two are of FORM too, which others hardly use."""


def rotation(z_dim: int = PARAMS) -> Tensor:
    """The fixed orthogonal matrix [PARAMS, z_dim] that turns z into p, the same on every machine."""
    square = np.random.RandomState(2026).randn(max(z_dim, PARAMS), max(z_dim, PARAMS))
    q, r = np.linalg.qr(square)
    return torch.from_numpy((q * np.sign(np.diag(r)))[:PARAMS, :z_dim]).float()


def parameters(z: Tensor) -> Tensor:
    """z [n, z_dim] -> p [n, PARAMS]; the length of z does not count, as in the mapping network."""
    unit = z * z.square().mean(1, keepdim=True).add(1e-8).rsqrt()
    return unit @ rotation(z.shape[1]).T


def column(p: Tensor, index: int) -> Tensor:
    """One number per picture, [n, 1, 1], ready to meet a plane [n, h, w]."""
    return p[:, index, None, None]


def plane(p: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """x and y [n, size, size], about -1..1, moved, turned and zoomed by PLACE."""
    axis = (torch.arange(size, dtype=torch.float32) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    place = p[:, PLACE]
    angle = 0.2 * column(place, 0)
    zoom = torch.exp(0.09 * column(place, 1))
    u = (x - 0.09 * column(place, 2)) * zoom
    v = (y - 0.09 * column(place, 3)) * zoom
    return u * angle.cos() - v * angle.sin(), u * angle.sin() + v * angle.cos()


def bend(x: Tensor, y: Tensor, p: Tensor, amount: float, steps: int = 3) -> tuple[Tensor, Tensor]:
    """Domain warping: each step pushes the plane along a wave of the step before, finer and weaker."""
    warp = p[:, WARP]
    for step in range(1, steps + 1):
        wave, push = 1.15 * step + 0.5, amount / step
        a, b = column(warp, (2 * step - 2) % 6) * 0.28, column(warp, (2 * step - 1) % 6) * 0.28
        x, y = (x + push * torch.sin(wave * y + a + 1.7 * step), y + push * torch.cos(wave * x + b - 0.9 * step))
    return x, y


def palette(t: Tensor, p: Tensor, shift: float = 0.0) -> Tensor:
    """t [n, h, w] (1 is one turn) -> colours [n, 3, h, w] of 0..1: one cosine for each of red, green and blue."""
    colour = p[:, COLOUR]
    base = 0.22 * column(colour, 0) + shift
    parts = []
    for index, rest in enumerate((0.0, 0.14, 0.30)):
        phase = base + rest + 0.17 * torch.tanh(column(colour, 1 + index))
        rate = 1.0 + 0.15 * torch.tanh(column(colour, 4)) * (index - 1)
        parts.append(0.5 + 0.5 * torch.cos(2 * math.pi * (t * rate + phase)))
    return torch.stack(parts, 1)


def tint(p: Tensor, first: int = 5) -> Tensor:
    """One saturated colour per picture, [n, 3, 1, 1], of mean brightness about one half."""
    raw = 1.1 * p[:, COLOUR][:, first : first + 3]
    return torch.softmax(raw, 1)[:, :, None, None] * 1.5


def slope(height: Tensor) -> tuple[Tensor, Tensor]:
    """How fast height [n, h, w] climbs along x and y, per unit of the plane (the picture is 2 wide)."""
    size = height.shape[-1]
    dy, dx = torch.gradient(height, spacing=2.0 / size, dim=(1, 2))
    return dx, dy


def lit(height: Tensor, p: Tensor, relief: float) -> tuple[Tensor, Tensor]:
    """Soft and glossy light [n, h, w] on a relief, from a lamp whose side COLOUR and PLACE decide."""
    dx, dy = slope(height)
    nx, ny = -relief * dx, -relief * dy
    norm = torch.rsqrt(nx * nx + ny * ny + 1.0)
    side = 0.7 * column(p, PLACE.start) + 0.9
    lx, ly, lz = 0.62 * side.cos(), -0.62 * side.sin(), 0.78
    diffuse = ((nx * lx + ny * ly + lz) * norm).clamp_min(0)
    # the half-way vector between the lamp and an eye straight above
    hz = lz + 1.0
    scale = torch.rsqrt(lx * lx + ly * ly + hz * hz)
    gloss = (((nx * lx + ny * ly + hz) * norm) * scale).clamp_min(0)
    return diffuse, gloss.pow(28)


def develop(light: Tensor) -> Tensor:
    """Light [n, 3, h, w] from 0 up -> picture of -1..1: richer colour, a film's shoulder, then display gamma."""
    grey = light.mean(1, keepdim=True)
    light = grey + 1.45 * (light - grey)
    return 2 * (1 - torch.exp(-light.clamp_min(0) * 1.6)).clamp_min(1e-6).pow(1 / 1.75) - 1
