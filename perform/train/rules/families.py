"""Five families of pictures that grow; those that are made are in `built`.

Each takes p [n, PARAMS] and a plane, and gives light [n, 3, h, w] from 0 up.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .space import COLOUR, FORM, bend, column, lit, palette, tint


def marble(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Oil on dark water: a thrice bent plane, lit as a glossy relief, coloured by a cosine palette."""
    form = p[:, FORM]
    u, v = bend(x * 1.1, y * 1.1, p, 0.95)
    band = u * (1.5 + 0.15 * column(form, 0)) + v * (1.2 + 0.15 * column(form, 1)) + 0.5 * column(form, 2)
    height = torch.sin(2.1 * band) + 0.35 * torch.sin(4.3 * band + 1.4 * u + 0.6 * column(form, 3))
    diffuse, gloss = lit(height, p, 0.42)
    depth = torch.sigmoid(2.2 * height + 0.5 * column(form, 4))
    body = palette(0.16 * height + 0.22 * u + 0.1 * v, p).pow(1.7)
    rim = torch.exp(-7.0 * (height - 0.35).square())
    light = body * (0.06 + 1.15 * depth * diffuse)[:, None]
    return light + palette(0.3 * v + 0.5, p, 0.35)[:] * (0.28 * rim)[:, None] + (0.9 * gloss * depth)[:, None]


def silk(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Sheets of light in a wind: each has one bright edge and fades away behind it."""
    form = p[:, FORM]
    u, v = bend(x, y, p, 0.42)
    light = torch.zeros_like(x)[:, None].repeat(1, 3, 1, 1)
    for sheet in range(6):
        swing = 0.55 * torch.sin(1.7 * u + 0.42 * column(form, sheet % 5) + 1.05 * sheet)
        swing = swing + 0.16 * torch.sin(4.1 * u + 0.42 * column(form, (sheet + 2) % 5) - 0.7 * sheet)
        away = v - (0.34 * (sheet - 2.5) + swing)
        edge = torch.exp(-(away / 0.022).square()) + 0.35 * torch.exp(-away.abs() / 0.05)
        veil = torch.sigmoid(away / 0.018) * torch.exp(-away.clamp_min(0) / (0.24 + 0.05 * math.sin(sheet)))
        fold = 0.62 + 0.38 * torch.sin(9.0 * u + 5.0 * away + 1.3 * sheet + 0.7 * column(form, 5))
        colour = palette(0.13 * sheet + 0.16 * u + 0.5 * away, p).pow(1.5)
        light = light + colour * (0.55 * veil * fold)[:, None] + (0.8 * colour + 0.14) * (0.6 * edge)[:, None]
    return light


def creature(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """A glowing animal of the deep: a lobed body of bands, a bright heart, arms that curl into the dark."""
    form = p[:, FORM]
    u, v = bend(x, y, p, 0.17)
    r = torch.sqrt(u * u + v * v + 1e-4)
    angle = torch.atan2(v, u) + 0.5 * torch.tanh(column(form, 0)) * (r - 0.4)
    lobes = (
        0.16 * torch.tanh(column(form, 1)) * torch.cos(3 * angle)
        + 0.15 * torch.tanh(column(form, 2)) * torch.cos(5 * angle)
        + 0.07 * torch.cos(8 * angle)
    )
    radius = (0.46 + 0.08 * torch.tanh(column(form, 3))) * (1 + lobes)
    d = r - radius
    inside = torch.sigmoid(-d / 0.012)
    dome = (radius.square() - r.square()).clamp_min(0).add(1e-3).sqrt()
    diffuse, gloss = lit(dome, p, 0.75)
    bands = 0.55 + 0.45 * torch.cos((20.0 + 2.0 * column(form, 4)) * d + 1.0 * column(form, 5))
    skin = palette(0.75 * r + 0.10 * torch.cos(3 * angle + column(form, 6)), p).pow(1.4)
    light = skin * (inside * bands * (0.12 + 0.95 * diffuse))[:, None] + (0.7 * gloss * inside)[:, None]
    rim = torch.exp(-(d / 0.020).square())
    light = light + (0.6 * palette(0.3 + 0.2 * torch.cos(angle), p, 0.3) + 0.35) * (0.9 * rim)[:, None]
    curl = angle + 0.9 * torch.tanh(column(form, 7)) * (r - radius)
    arms = torch.exp(-22.0 * torch.sin(4 * curl).square() * r) * torch.sigmoid(d / 0.02)
    halo = torch.exp(-d.clamp_min(0) / 0.16) * torch.sigmoid(d / 0.012)
    glow = tint(p) * (0.55 * halo)[:, None] + skin * (1.1 * arms * torch.exp(-d.clamp_min(0) / 0.32))[:, None]
    heart = torch.exp(-(r / (0.12 + 0.02 * column(form, 8))).square())
    return light + glow + (0.55 + 0.45 * tint(p)) * (0.85 * heart)[:, None]


def sites(p: Tensor, count: int, spread: float, sway: float) -> tuple[Tensor, Tensor]:
    """Points [n, count, 1, 1] of a sunflower head, each swayed by FORM in its own fixed direction."""
    index = torch.arange(count, dtype=torch.float32)
    turn, reach = index * 2.39996, spread * torch.sqrt((index + 0.5) / count)
    form = p[:, FORM]
    first, second = form[:, (index.long() * 5) % 9], form[:, (index.long() * 7 + 2) % 9]
    x = reach * torch.cos(turn) + sway * first
    y = reach * torch.sin(turn) + sway * second
    return x[:, :, None, None], y[:, :, None, None]


def cells(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Living tissue: drops round swaying points, dark seams lit from behind, a nucleus in each."""
    u, v = bend(x, y, p, 0.20)
    sx, sy = sites(p, 15, 1.25, 0.06)
    first, second = torch.full_like(u, 99.0), torch.full_like(u, 99.0)
    hue, total = torch.zeros_like(u), torch.full_like(u, 1e-9)
    for index in range(15):
        distance = (u - sx[:, index]).square() + (v - sy[:, index]).square()
        second = torch.minimum(second, torch.maximum(first, distance))
        first = torch.minimum(first, distance)
        share = torch.exp(-60.0 * distance)
        hue, total = hue + share * (0.06 * index), total + share
    hue, first, second = hue / total, (first + 1e-5).sqrt(), (second + 1e-5).sqrt()
    seam = second - first
    drop = torch.sigmoid((seam - 0.07) / 0.018)
    height = (1 - torch.exp(-seam * 5.0)) * 0.55
    diffuse, gloss = lit(height, p, 1.1)
    body = palette(hue + 0.45 * first, p).pow(1.6)
    ring = 0.6 + 0.4 * torch.cos(24.0 * first + 1.5 * column(p[:, COLOUR], 0))
    nucleus = torch.exp(-(first / 0.075).square())
    vein = torch.exp(-(seam / 0.045).square())
    light = body * (drop * ring * (0.08 + 0.8 * diffuse))[:, None] + (0.55 * gloss * drop)[:, None]
    light = light + (0.35 + 0.65 * tint(p)) * (1.0 * nucleus)[:, None]
    return light + tint(p) * (0.30 * vein)[:, None]


def nebula(p: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Clouds between stars: bent waves of four sizes multiplied, lit from within, with a few bright suns."""
    form = p[:, FORM]
    u, v = bend(x, y, p, 0.55)
    cloud = torch.zeros_like(x)
    turn, wave, weight = 0.4, 1.6, 0.5
    for octave in range(4):
        a, b = math.cos(turn), math.sin(turn)
        phase = 0.5 * column(form, octave)
        ridge = 1 - torch.sin(wave * (a * u + b * v) + phase).abs().add(1e-3)
        cloud = cloud + weight * ridge * (0.6 + 0.4 * torch.cos(wave * (a * v - b * u) + 0.7 * phase))
        u, v = u + 0.22 * weight * torch.sin(2 * v + phase), v + 0.22 * weight * torch.cos(2 * u - phase)
        turn, wave, weight = turn + 1.1, wave * 1.75, weight * 0.62
    glow = 1.5 * (cloud.clamp_min(0) * 1.25).pow(2.6)
    far = torch.exp(-0.9 * (x * x + y * y))
    gas = palette(0.55 * cloud + 0.12 * u, p).pow(1.8)
    light = gas * (1.9 * glow * far)[:, None] + tint(p) * (0.9 * glow.square() * far)[:, None]
    sx, sy = sites(p.flip(1), 11, 0.95, 0.05)
    star = torch.zeros_like(x)
    for index, power in enumerate((1.0, 0.4, 0.7, 0.3, 0.55, 0.3, 0.8, 0.35, 0.5, 0.3, 0.6)):
        distance = (x - sx[:, index]).square() + (y - sy[:, index]).square()
        far_glow = torch.exp(-(distance + 1e-5).sqrt() / 0.055)
        star = star + power * (torch.exp(-distance / 0.0007) + 0.11 * far_glow)
    return light + (0.75 + 0.35 * tint(p)) * (1.6 * star)[:, None]
