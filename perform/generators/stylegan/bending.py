"""Network bending: what a layer gives is turned, moved or cut before the rest of the network paints on with it.

After Broad, Leymarie and Grierson 2021, "Network Bending: Expressive Manipulation of Deep Generative Models",
section 4: deterministic transformations of feature maps, on all channels, on a random part of them, or on a cluster
of channels that draw alike. Every operation here goes over from nothing at amount 0 without a step, so that music
can drive it. Maps are [n, c, h, w] of any float type; lengths are parts of the map's side.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

FARTHEST = 0.5  # sides that a full translate goes
ZOOM = 4.0  # times that a full scale enlarges
SHEAR = 1.0  # sides that a full shear leans over the whole height
BLUR = 0.12  # deviation of a full blur, in sides
REACH = 0.12  # radius of a full erode or dilate, in sides
GAIN = 4.0  # times that a full gain amplifies
THRESHOLD = 2.0  # deviations from nothing to everything below the threshold
MOST_TAPS = 33  # of a blur


def affine(x: Tensor, matrix: np.ndarray) -> Tensor:
    """x resampled so that what was at p is at matrix @ p ([2, 3], in sides from the middle, x right, y down); beyond
    the rim it is mirrored."""
    n, _, height, width = x.shape
    whole = np.vstack([matrix, [0.0, 0.0, 1.0]])
    side = min(height, width)
    sides = np.diag([2.0 * side / width, 2.0 * side / height, 1.0])  # sides -> the sampler's -1..1
    back = (sides @ np.linalg.inv(whole) @ np.linalg.inv(sides))[:2]
    theta = torch.from_numpy(np.ascontiguousarray(back, np.float32)).to(x.device).expand(n, -1, -1)
    grid = F.affine_grid(theta, [n, 1, height, width], align_corners=False)
    moved = F.grid_sample(x.float(), grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return moved.to(x.dtype)


def translate(x: Tensor, amount: float, angle: float) -> Tensor:
    """Moves maps along `angle` (radians, 0 right, a quarter turn down)."""
    far = FARTHEST * amount
    return affine(x, np.array([[1.0, 0.0, far * math.cos(angle)], [0.0, 1.0, far * math.sin(angle)]]))


def rotate(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Turns maps, half a turn at the full amount, clockwise."""
    turn = math.pi * amount
    cos, sin = math.cos(turn), math.sin(turn)
    return affine(x, np.array([[cos, -sin, 0.0], [sin, cos, 0.0]]))


def scale(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Enlarges maps from their middle, below zero makes them smaller."""
    size = ZOOM**amount
    return affine(x, np.array([[size, 0.0, 0.0], [0.0, size, 0.0]]))


def shear(x: Tensor, amount: float, angle: float) -> Tensor:
    """Leans maps over along `angle`."""
    cos, sin = math.cos(angle), math.sin(angle)
    along, lean = np.array([cos, sin]), SHEAR * amount * np.array([-sin, cos])
    return affine(x, np.hstack([np.eye(2) + np.outer(along, lean), np.zeros((2, 1))]))


def flip(x: Tensor, amount: float, angle: float) -> Tensor:
    """Mirrors maps, left to right, or top to bottom where the angle is steep; half way both lie over one another."""
    axis = 2 if abs(math.sin(angle)) > math.sqrt(0.5) else 3
    return x.lerp(x.flip(axis), abs(amount))


def threshold(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Makes maps two-valued: what is over a threshold stands high, the rest is nothing. Below zero: the rest stands."""
    deviation = x.float().std(dim=(2, 3), keepdim=True).to(x.dtype)
    over = x > (x.mean(dim=(2, 3), keepdim=True) + 0.25 * deviation)
    return x.lerp(torch.where(over if amount > 0.0 else ~over, THRESHOLD * deviation, torch.zeros_like(x)), abs(amount))


def invert(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Turns maps upside down about their mean: hills become valleys."""
    return x.lerp(2.0 * x.mean(dim=(2, 3), keepdim=True) - x, abs(amount))


def blur(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Softens maps; below zero sharpens them by what a blur would take away."""
    side = min(x.shape[-2:])
    deviation = max(BLUR * abs(amount) * side, 1e-3)
    reach = min(max(math.ceil(3.0 * deviation), 1), MOST_TAPS // 2, side - 1)
    at = torch.arange(-reach, reach + 1, device=x.device, dtype=torch.float32)
    taps = torch.exp(-0.5 * (at / deviation) ** 2)
    taps = (taps / taps.sum()).to(x.dtype)
    across = taps.expand(x.shape[1], 1, 1, -1).contiguous()
    soft = F.conv2d(F.pad(x, (reach, reach, 0, 0), mode="reflect"), across, groups=x.shape[1])
    soft = F.conv2d(F.pad(soft, (0, 0, reach, reach), mode="reflect"), across.transpose(2, 3), groups=x.shape[1])
    return soft if amount > 0.0 else x + 2.0 * abs(amount) * (x - soft)


def _grown(x: Tensor, radius: float, sign: float) -> Tensor:
    """The largest (sign 1) or smallest (-1) value within `radius` px; radii between whole ones are mixed."""
    whole = int(radius)
    x = sign * x
    inner = F.max_pool2d(x, 2 * whole + 1, 1, whole) if whole else x
    outer = F.max_pool2d(x, 2 * whole + 3, 1, whole + 1)
    return sign * inner.lerp(outer, radius - whole)


def dilate(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Lets what is high in the maps grow; below zero it shrinks."""
    return _grown(x, REACH * abs(amount) * min(x.shape[-2:]), 1.0 if amount > 0.0 else -1.0)


def erode(x: Tensor, amount: float, angle: float) -> Tensor:
    """Lets what is high in the maps shrink; below zero it grows."""
    return dilate(x, -amount, angle)


def ablate(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Silences maps."""
    return x * (1.0 - abs(amount))


def gain(x: Tensor, amount: float, _angle: float) -> Tensor:
    """Amplifies maps, below zero turns them down."""
    return x * GAIN**amount


OPERATIONS: dict[str, Callable[[Tensor, float, float], Tensor]] = {
    "translate": translate,
    "rotate": rotate,
    "scale": scale,
    "shear": shear,
    "flip": flip,
    "threshold": threshold,
    "invert": invert,
    "blur": blur,
    "erode": erode,
    "dilate": dilate,
    "ablate": ablate,
    "gain": gain,
}
"""Name -> what it does to maps, given an amount of -1..1, never 0, and an angle in radians."""


def apply(x: Tensor, operation: str, amount: float, angle: float, channels: Tensor | None) -> Tensor:
    """Bend all maps, or those whose numbers stand in `channels` [k] int64; x itself stays as it is."""
    if amount == 0.0:
        return x
    work = OPERATIONS[operation]
    if channels is None:
        return work(x, amount, angle).contiguous(memory_format=torch.channels_last)
    if len(channels) == 0:
        return x
    return x.index_copy(1, channels, work(x.index_select(1, channels), amount, angle))
