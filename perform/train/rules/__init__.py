"""Pictures drawn by rule, the only thing the shipped model ever saw."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from . import built, families
from .space import FAMILIES, FAMILY, PARAMS, develop, parameters, plane, tint

__all__ = ["FAMILIES", "PARAMS", "chosen", "draw", "parameters", "shares"]

DRAWERS = {name: getattr(built if hasattr(built, name) else families, name) for name in FAMILIES}


def chosen(names: Sequence[object]) -> tuple[str, ...]:
    """Families by name. Raises ValueError, one line that lists them, for others, for one twice, and for none."""
    known = [name for name in FAMILIES if name in names]
    if not known or len(known) != len(names):
        raise ValueError(f"families are some of {', '.join(FAMILIES)}, each once")
    return tuple(str(name) for name in names)


def shares(p: Tensor, among: Sequence[str] = FAMILIES) -> Tensor:
    """How bright each of these families is in a picture, [n, len(among)] of 0..0.83: mostly one or two of them, and
    every mixture.

    Of two families in equal parts each stays almost as bright as alone; one of less than 6 % is not drawn at all. The
    more there are, the more clearly the strongest stand out.
    """
    wanted = p[:, [FAMILY[name] for name in among]]
    share = (torch.softmax(3.4 * (len(among) / 5) ** 1.1 * wanted, 1) - 0.06).clamp_min(0)
    return share / (share + 0.2)


@torch.no_grad()
def draw(z: Tensor, size: int, oversample: int = 2, among: Sequence[str] = FAMILIES) -> Tensor:
    """z [n, z_dim] -> pictures [n, 3, size, size] of -1..1, the same for the same z, whatever the batch.

    Drawn `oversample` times larger and averaged down, so that edges are soft at every size. among: the families that
    take part.
    """
    p = parameters(z.float())
    x, y = plane(p, size * oversample)
    weight = shares(p, among)
    light = torch.zeros(len(p), 3, *x.shape[1:])
    for index, name in enumerate(among):
        rows = torch.nonzero(weight[:, index])[:, 0]
        if len(rows):
            light[rows] += weight[rows, index, None, None, None] * DRAWERS[name](p[rows], x[rows], y[rows])
    ground = 0.014 + 0.03 * tint(p) * torch.exp(-1.1 * (x * x + y * y))[:, None]
    picture = develop(light * 1.3 + ground)
    return F.avg_pool2d(picture, oversample) if oversample > 1 else picture
