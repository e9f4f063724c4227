"""Two families that are made, not grown: ink lines in order and disorder, and a nave with lit windows."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from .space import FORM, bend, column, palette, tint

PITCH = 0.5
"""Side of a plotted cell, of a picture that is 2 wide."""
AWAY = 16
"""Cells are numbered from -AWAY to AWAY - 1."""
RIBS = 0.85
"""Distance between the ribs of a nave, in its half widths."""
POINT = 1 / 128
"""What a picture of 256 px is drawn with, of one that is 2 wide: edges far away are no sharper than that."""
SPRING, FLOOR = 0.40, 0.62
"""Where a vault begins above, and the floor lies below, the eye, in half widths."""


def plot(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Ink of light: nested frames in rows that lose their order downwards, and ruled lines that bulge over hills.

    After the plotter drawings of the 1960s (Nees, "Schotter"; Molnar, "(Des)Ordres"): the same figure again and again,
    each turned and moved by chance, the more the further down.
    """
    form = p[:, FORM]
    ruled = torch.sigmoid(5.0 * column(form, 3))
    light = (1 - ruled)[:, None] * _frames(p, x, y)
    return light + ruled[:, None] * _ruled(p, x, y)


def _ink(away: Tensor, width: float) -> Tensor:
    """A line of light with a faint glow, by how far away it is."""
    return torch.exp(-(away / width).square()) + 0.14 * torch.exp(-away.abs() / (3 * width))


def _frames(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    form = p[:, FORM]
    i, j = torch.floor(x / PITCH), torch.floor(y / PITCH)
    a, b = x / PITCH - i - 0.5, y / PITCH - j - 0.5
    edge = torch.sigmoid((0.485 - torch.maximum(a.abs(), b.abs())) / 0.012)
    number = torch.remainder((j + AWAY) * 2 * AWAY + i + AWAY, 4 * AWAY * AWAY).long()
    turned, right, down, kind = (_chances(key)[number] for key in range(4))
    disorder = torch.sigmoid(1.4 * column(form, 0) + 1.5 * (j + 0.5) * PITCH - 0.4)
    turn = disorder * 1.2 * turned + 0.20 * torch.tanh(column(form, 1)) * (i + j + 1)
    a, b = a - 0.10 * disorder * right, b - 0.10 * disorder * down
    a, b = a * turn.cos() - b * turn.sin(), a * turn.sin() + b * turn.cos()
    round_ = torch.sigmoid(2.2 * column(form, 2) + 1.2 * disorder * kind)
    square = torch.maximum(a.abs(), b.abs())
    d = round_ * (a * a + b * b + 1e-5).sqrt() + (1 - round_) * square
    light = torch.zeros_like(x)[:, None]
    for ring in range(3):
        size = 0.40 - 0.12 * ring * (1 + 0.10 * torch.tanh(column(form, 4)))
        colour = palette(0.09 * ring + 0.05 * (i - j) + 0.10 * kind * disorder, p).pow(1.3)
        ink = _ink((d - size) * PITCH, 0.012) * edge
        light = light + (colour + 0.22) * (1.05 * ink)[:, None]
    heart = torch.sigmoid((0.10 - d) / 0.012) * torch.sigmoid(3.0 * (kind - 0.2)) * edge
    body = torch.sigmoid((0.40 - d) / 0.02) * edge
    return light + tint(p) * (0.9 * heart + 0.10 * body)[:, None]


@cache
def _chances(key: int) -> Tensor:
    """Fixed numbers of -1..1, one for each cell."""
    chance = torch.Generator().manual_seed(1968 + key)
    return torch.rand(4 * AWAY * AWAY, generator=chance) * 2 - 1


def _ruled(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Rows of one line each, lifted by hills, dark below each line."""
    form = p[:, FORM]
    hill = torch.zeros_like(x)
    for index, (cx, cy, power) in enumerate(((-0.45, -0.3, 1.0), (0.5, 0.15, -0.8), (-0.1, 0.6, 0.9))):
        dx = x - cx - 0.09 * column(form, index)
        dy = y - cy - 0.09 * column(form, 4 + index)
        hill = hill + power * torch.exp(-(dx * dx + dy * dy) / 0.13)
    lean = 0.16 * torch.tanh(column(form, 1))
    lifted = (y + lean * x + (0.24 + 0.08 * torch.tanh(column(form, 0))) * hill) / 0.16
    part = lifted - torch.floor(lifted)
    near = torch.minimum(part, 1 - part)
    number = torch.floor(lifted + 0.5)
    colour = palette(0.045 * number + 0.30 * hill, p).pow(1.3)
    ink = _ink(near * 0.16, 0.015)
    return (colour + 0.20) * (1.05 * ink)[:, None] + colour * (0.16 * hill.abs() * (1 - part))[:, None]


def nave(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """A vaulted hall by night, along its middle: ribs one behind the other, lit windows between, a floor that shines.

    One-point perspective: what lies m of the way from the vanishing point is 1 / m away.
    """
    form = p[:, FORM]
    u, v = bend(x, y, p, 0.03)
    u = u - 0.14 * torch.tanh(column(form, 0))
    v = v - 0.12 - 0.06 * torch.tanh(column(form, 1))
    wide = 0.82 * torch.exp(0.14 * torch.tanh(column(form, 2)))
    side, low = u.abs() / wide, v / FLOOR
    vault = _vault(side, v, 0.45 + 0.45 * torch.tanh(column(form, 5)))
    m = torch.maximum(torch.maximum(torch.where(v < -SPRING * side, vault, side), low), torch.full_like(u, 0.02))
    on_floor = torch.sigmoid((low - side) / 0.010)
    on_vault = torch.sigmoid((-v - SPRING * side) / 0.015) * (1 - on_floor)
    bay = 1 / (m * RIBS) + 0.3 * torch.tanh(column(form, 3))
    number = torch.floor(bay)
    part = bay - number
    point = POINT / (RIBS * m * m)  # of a bay, that one point of the picture spans along a wall
    fog = torch.exp(-0.13 / m) * torch.sigmoid((m - 0.16) / 0.04)

    colour = palette(0.10 * number + 0.12 * torch.tanh(u / 0.02) * torch.tanh(column(form, 4)), p).pow(1.3)
    stone = 0.25 + 0.75 * palette(0.45 + 0.08 * v / m, p, 0.1)
    thick = (0.002 + (1.2 * point).square()).sqrt()
    pier = torch.exp(-(((part - 0.5).abs() - 0.5) / thick).square()) * (0.045 / thick).sqrt()
    across = side / m
    thick = (0.006 + (2.4 * point).square()).sqrt()
    groin = torch.exp(-((across - (2 * part - 1).abs()) / thick).square()) * (0.077 / thick).sqrt() * on_vault
    ridge = torch.exp(-(across / 0.05).square()) * on_vault
    window = _window(part, v / m, point, 1.3 * POINT / m) * (1 - on_floor) * (1 - on_vault)
    wall = 0.55 * pier + 0.40 * groin + 0.25 * ridge + 0.030 + 0.045 * on_vault * part
    light = (colour * (1.6 * window)[:, None] + stone * (wall * (1 - on_floor))[:, None]) * fog[:, None]

    lane = u / wide / low.clamp_min(0.02)
    tile = 0.5 + 0.5 * torch.tanh(12.0 * m * torch.cos(2.5 * math.pi * lane) * torch.cos(2 * math.pi * bay))
    mirrored = torch.exp(-((part - 0.5) / 0.20).square()) * torch.sigmoid((lane.abs() - 0.45) / 0.12)
    floor = stone * (0.05 + 0.13 * tile)[:, None] + colour * (0.75 * mirrored * (0.55 + 0.45 * tile))[:, None]
    light = light + floor * (on_floor * fog)[:, None]

    far = torch.exp(-((u / wide).square() + (v * 1.15).square()) / 0.020)
    halo = torch.exp(-(u * u + v * v + 1e-4).sqrt() / 0.24)
    return light + (0.5 + 0.5 * tint(p)) * (1.2 * far)[:, None] + tint(p) * (0.20 * halo)[:, None]


def _vault(side: Tensor, v: Tensor, point: Tensor) -> Tensor:
    """m of two arcs that rise from the walls at SPRING and meet above; point: 0 a half circle, 1 a steep lancet.

    Each arc has its centre at (-point, -SPRING) and the radius 1 + point, of which a share m of the way goes through
    (side, v): the positive root of a quadratic equation.
    """
    a = 1 + 2 * point - SPRING**2
    b = 2 * (v * SPRING + side * point)
    return (b + (b * b + 4 * a * (side * side + v * v)).clamp_min(0).sqrt()) / (2 * a)


def _window(part: Tensor, height: Tensor, wide: Tensor, high: Tensor) -> Tensor:
    """A pointed opening with bars: along the wall part 0..1, down the wall height. wide, high: softness of edges."""
    along = (part - 0.5) / 0.30
    top = -0.34 + 0.42 * along.square() * (1 - 0.3 * along.square())
    soft = (high * high + (1.5 * wide).square()).sqrt()  # of the slanting edge above
    inside = torch.sigmoid((1 - along.abs()) / (3 * wide)) * torch.sigmoid((height - top) / soft)
    inside = inside * torch.sigmoid((0.40 - height) / high)
    thick = (0.008 + (4 * wide).square()).sqrt()
    bars = 0.8 * torch.exp(-(along / thick).square()) * (0.09 / thick).clamp_max(1)
    bars = bars + 0.6 * torch.exp(-((height - 0.05) / (0.03 + high)).square())
    return inside * (1 - bars).clamp_min(0)
