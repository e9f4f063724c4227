"""What an instrument may do inside a network while it paints: bend a layer, stop early, move or widen the input.

Every family of networks takes one `Inside` in `synthesis(..., inside=...)`, or None for the network as it is, which
then costs nothing. Layers are counted from 0, the coarsest; layer i is steered by w number i.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

FILLS = ("mirror", "repeat", "stretch")
LayerCall = Callable[[int, Tensor], Tensor]
"""(number of the layer, its output [n, c, h, w] after the activation) -> what goes on, of the same shape."""


@dataclass(frozen=True, slots=True)
class Inside:
    """layer: called with what each layer gives. last: the number of the layer to end with; the picture is then the
    colours so far, at their own size ([n, 3, h, w]; for families without colours in between, the layer's first three
    maps). rgb: [num_layers] factors on the colours that are read after a layer (skip architecture only).
    transform: [3, 3] where the picture goes, in parts of its side around its centre, x to the right and y down (SG3:
    of the sampled input; others: of the constant). cells: (rows, columns) of the input in quarters of the trained
    side, so (4, 4) is square as trained and (4, 7) is 1.75 times as wide. fill: how a constant is made to reach, one
    of FILLS.
    """

    layer: LayerCall | None = None
    last: int | None = None
    rgb: Sequence[float] | None = None
    transform: np.ndarray | None = None
    cells: tuple[int, int] | None = None
    fill: str = "mirror"

    def start(self, const: Tensor) -> Tensor:
        """A learned constant [1, c, 4, 4] widened and moved."""
        if self.cells is not None and self.cells != tuple(const.shape[-2:]):
            const = widened(const, self.cells, self.fill)
        return const if self.transform is None else moved(const, self.transform)


def widened(const: Tensor, cells: tuple[int, int], fill: str) -> Tensor:
    """const [1, c, h, w] -> [1, c, rows, columns], the trained cells in the middle of what is mirrored or repeated."""
    if fill == "stretch":
        wide = F.interpolate(const.float(), size=cells, mode="bilinear", align_corners=True)
        return wide.to(const.dtype).contiguous(memory_format=torch.channels_last)
    for axis, count in ((2, cells[0]), (3, cells[1])):
        const = const.index_select(axis, reach(const.shape[axis], count, fill).to(const.device))
    return const.contiguous(memory_format=torch.channels_last)


def reach(size: int, count: int, fill: str) -> Tensor:
    """[count] indices into `size` cells, centred: ... 1 0 0 1 2 3 3 2 ... (mirror) or ... 2 3 0 1 2 3 0 1 ... (repeat).

    Odd rests go to the far side.
    """
    index = torch.arange(count) - (count - size) // 2
    index = index.remainder(2 * size if fill == "mirror" else size)
    return torch.where(index < size, index, 2 * size - 1 - index)


def spread(pattern: Tensor, size: tuple[int, int]) -> Tensor:
    """A noise pattern [1, 1, h, w] made to reach over `size` by mirroring; as it is where it fits already."""
    for axis, wanted in ((2, size[0]), (3, size[1])):
        if pattern.shape[axis] != wanted:
            index = reach(pattern.shape[axis], wanted, "mirror")
            pattern = pattern.index_select(axis, index.to(pattern.device))
    return pattern


def moved(x: Tensor, transform: np.ndarray) -> Tensor:
    """x [n, c, h, w] resampled so that the picture goes where `transform` says; beyond the rim it is mirrored.

    Units are sides of the square picture; a wide one is as many sides wide as it is wider than high. float32 inside,
    as samplers on CPUs know little else.
    """
    height, width = x.shape[-2:]
    scale = np.diag([2.0 * min(height, width) / width, 2.0 * min(height, width) / height, 1.0])
    back = scale @ np.linalg.inv(transform) @ np.linalg.inv(scale)
    theta = torch.from_numpy(back[None, :2].astype(np.float32)).to(x.device)
    grid = F.affine_grid(theta.expand(len(x), -1, -1), [len(x), 1, height, width], align_corners=False)
    sampled = F.grid_sample(x.float(), grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return sampled.to(x.dtype).contiguous(memory_format=torch.channels_last)


def placed(x: float = 0.0, y: float = 0.0, turn_deg: float = 0.0, zoom: float = 1.0) -> np.ndarray | None:
    """The [3, 3] transform of a shift (in sides, x right, y down), a turn (clockwise) and a zoom; None at rest."""
    if x == 0.0 and y == 0.0 and turn_deg == 0.0 and zoom == 1.0:
        return None
    angle = np.deg2rad(turn_deg)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y], [0.0, 0.0, 1.0]])
