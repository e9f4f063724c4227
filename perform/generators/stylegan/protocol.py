"""What every family of StyleGAN offers to the instrument: one interface, whatever network is inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

NOISES = ("const", "random", "none")
CELLS = 4  # the constant of a square picture is 4 by 4; `shape` counts in these cells


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a synthesis network; `network.layers` holds them from coarse to fine, in the order they run.

    name: as in checkpoints: `b8.conv0`, `b8.torgb`, `L3_52_512`. kind: "input" gives what everything begins with
    (StyleGAN2's constant, StyleGAN3's waves), "conv" gives features, "colours" gives the picture so far ([n, 3, h, w]
    about -1..1, 1 channel in a grey model). ws: index of the w that steers it; StyleGAN2's constant has none. side: of
    its output in px, of a square picture; StyleGAN3's layers have a margin around the picture, so that there `side` is
    more than `rate`, which is how many of these px the picture's own side has. channels: of its output. noise: its
    index into `noise_gain`, None where it takes no noise.
    """

    index: int
    name: str
    kind: str
    ws: int | None
    side: int
    rate: int
    channels: int
    noise: int | None = None


Each = Callable[[Layer, Tensor], Tensor]
"""Called after each layer with its output, [n, channels, h, w], any memory format: features in the network's dtype,
colours in float32. What it returns, of the same shape, goes on through the network. It may write in place, but not into
an "input": return a new one, which may also be wider or higher than what came (then `shape` is not needed)."""


@runtime_checkable
class StyleNetwork(Protocol):
    """A StyleGAN of any family, loaded and ready to play."""

    family: str  # stylegan2, stylegan3
    z_dim: int
    w_dim: int
    c_dim: int
    num_ws: int
    resolution: int
    num_layers: int  # layers that take noise, 0 in StyleGAN3
    layers: tuple[Layer, ...]
    cells: tuple[int, int]  # `shape` as trained: (4, 4) is square
    has_transform: bool  # whether `synthesis` takes `transform`
    device: torch.device
    dtype: torch.dtype
    card: Any

    @property
    def w_avg(self) -> Tensor:
        """The mean of w, [w_dim] float32; of a model with a mean for each class, the mean of those."""

    @property
    def w_centres(self) -> Tensor:
        """The means of w that `psi` draws to, [1 or c_dim, w_dim] float32: one, or one for each class."""

    def style_weight(self, layer: Layer) -> Tensor:
        """The linear map from w to the styles of a layer, [inputs, w_dim] float32, without its bias."""

    def mapping(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """z [n, z_dim], c [n, c_dim] or None -> [n, num_ws, w_dim]; psi draws the first `cutoff` to the mean."""

    def synthesis(
        self,
        ws: Tensor,
        noise: str = "const",
        noise_gain: Tensor | None = None,
        generator: torch.Generator | None = None,
        *,
        each: Each | None = None,
        stop: int | None = None,
        shape: tuple[int, int] | None = None,
        transform: Tensor | None = None,
    ) -> Tensor:
        """ws [n, num_ws, w_dim] -> pictures [n, 3, h, w] float32, about -1..1.

        noise: "const" (stored patterns), "random" (drawn from `generator`, or torch's own) or "none". noise_gain:
        [num_layers] factors on each layer's noise. each: see `Each`. stop: index of a layer whose output (after
        `each`) is returned instead, [n, channels, h, w] float32; nothing after it is computed. shape: (rows, columns)
        of the picture, in quarters of `resolution`, so that (4, 7) of a 256 px model is 448 wide and 256 high; as
        trained (`cells`) unless given. transform: [3, 3], StyleGAN3's placement of the picture on its endless plane: a
        point (x, y, 1) of the picture, in picture widths from its middle, shows what lies at transform @ (x, y, 1).
        """
