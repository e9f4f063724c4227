"""Augmentations of what the discriminator sees, so that it cannot learn a small picture set by heart.

Each is applied with probability p, to real and painted pictures alike, and lets gradients through. With p adapted as
in [K20b] (Karras et al., "Training GANs with limited data", arXiv 2006.06676, sections 2.2 and 3) the painter never
learns the augmentations themselves as long as p stays well below 1; with all of them at p = 1 and small strengths it is
DiffAugment (Zhao et al., arXiv 2006.10738).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

TARGET = 0.6
"""Of r_t, the mean sign of the discriminator's answers to real pictures ([K20b], eq. 1)."""
MOST_P = 0.85
SHIFT, ZOOM = 0.125, 0.2
LUMA = torch.tensor([0.299, 0.587, 0.114])


def augment(x: Tensor, p: float, chance: torch.Generator) -> Tensor:
    """Pictures [n, 3, s, s] of -1..1, each step with probability p per picture."""
    if p <= 0:
        return x
    return _cut(_colours(_place(x, p, chance), p, chance), p, chance)


def _some(n: int, p: float, chance: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=chance) < p).float()


def _uniform(n: int, chance: torch.Generator) -> Tensor:
    return torch.rand(n, generator=chance) * 2 - 1


def _place(x: Tensor, p: float, chance: torch.Generator) -> Tensor:
    """Shift, scale, turn by a quarter, turn a little: one resampling for all of it, mirrored beyond the rim."""
    n = len(x)
    quarter = torch.randint(0, 4, (n,), generator=chance) * (math.pi / 2) * _some(n, p, chance)
    angle = quarter + 0.35 * _uniform(n, chance) * _some(n, p * 0.5, chance)
    scale = torch.exp(-ZOOM * _uniform(n, chance) * _some(n, p, chance))
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift = 2 * SHIFT * torch.stack([_uniform(n, chance), _uniform(n, chance)], 1) * _some(n, p, chance)[:, None]
    rows = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], 1).view(n, 2, 3)
    still = (rows - torch.eye(2, 3)).abs().sum((1, 2)) < 1e-6
    if bool(still.all()):
        return x
    grid = F.affine_grid(rows.to(x.device, x.dtype), list(x.shape), align_corners=False)
    moved = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return torch.where(still.to(x.device)[:, None, None, None], x, moved)


def _colours(x: Tensor, p: float, chance: torch.Generator) -> Tensor:
    """Brightness, contrast, a turn of the hue, saturation, as one matrix a picture."""
    n = len(x)
    turn = math.pi * _uniform(n, chance) * _some(n, p, chance)
    saturation = torch.exp(0.7 * _uniform(n, chance) * _some(n, p, chance))
    contrast = torch.exp(0.35 * _uniform(n, chance) * _some(n, p, chance))
    lift = 0.2 * _uniform(n, chance) * _some(n, p, chance)
    axis = torch.ones(3) / 3**0.5
    cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / 3**0.5
    grey = LUMA.expand(3, 3)
    eye, outer = torch.eye(3), torch.outer(axis, axis)
    cos, sin = torch.cos(turn)[:, None, None], torch.sin(turn)[:, None, None]
    hue = cos * eye + (1 - cos) * outer + sin * cross  # Rodrigues' turn about the grey axis
    vivid = grey + (eye - grey) * saturation[:, None, None]
    matrix = (contrast[:, None, None] * (vivid @ hue)).to(x.device, x.dtype)
    return torch.einsum("nij,njhw->nihw", matrix, x) + lift.to(x.device, x.dtype)[:, None, None, None]


def _cut(x: Tensor, p: float, chance: torch.Generator) -> Tensor:
    """A grey square of half the side somewhere."""
    n, side = len(x), x.shape[-1]
    centre = torch.rand(n, 2, generator=chance) * side
    place = torch.arange(side) + 0.5
    inside = ((place[None] - centre[:, :1]).abs() < side / 4)[:, :, None] & (
        (place[None] - centre[:, 1:]).abs() < side / 4
    )[:, None, :]
    gone = inside & (_some(n, p * 0.6, chance) > 0)[:, None, None]
    return x * (~gone).to(x.device, x.dtype)[:, None]


class Adaptive:
    """p follows how sure the discriminator is of real pictures. pictures: after how many p may have gone 0 to 1."""

    def __init__(self, pictures: float = 60_000, p: float = 0.0) -> None:
        self.p, self._pictures, self._sum, self._count = p, pictures, 0.0, 0

    def heard(self, logits: Tensor) -> None:
        """The discriminator's answers to real pictures."""
        self._sum += float(logits.detach().sign().sum())
        self._count += len(logits)
        if self._count >= 256:
            step = self._count / self._pictures
            self.p = min(max(self.p + math.copysign(step, self._sum / self._count - TARGET), 0.0), MOST_P)
            self._sum, self._count = 0.0, 0
