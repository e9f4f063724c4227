"""z to w, for every family: a few fully connected layers ([K19] arXiv 1812.04948, section 2), and truncation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .layers import FullyConnected, drawn, normalise


@dataclass(frozen=True, slots=True)
class MappingShape:
    """embed_features: of the embedded class. layer_features: of all layers but the last. class_table: width of a
    table with one row for each class (StyleGAN-XL), which a layer then brings to embed_features; 0: a linear layer.
    class_means: a mean of w for each class."""

    z_dim: int
    w_dim: int
    c_dim: int
    num_ws: int
    num_layers: int
    lr_multiplier: float
    embed_features: int
    layer_features: int
    class_table: int = 0
    class_means: bool = False


class ClassTable(nn.Module):
    """One row of numbers for each class, `weight` [c_dim, width]."""

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(drawn(rows, width))

    def forward(self, shares: Tensor) -> Tensor:
        """Shares of the classes [n, c_dim] -> [n, width]."""
        return shares @ self.weight


class MappingNetwork(nn.Module):
    """z, and a class where there are classes, to w ([K19] section 2); truncation ([K19] appendix B)."""

    def __init__(self, shape: MappingShape) -> None:
        super().__init__()
        self.shape = shape
        if shape.class_table:
            self.embed: nn.Module = ClassTable(shape.c_dim, shape.class_table)
            self.embed_proj = FullyConnected(shape.class_table, shape.embed_features, activation=True)
        elif shape.c_dim:
            self.embed = FullyConnected(shape.c_dim, shape.embed_features)
        inputs = shape.z_dim + (shape.embed_features if shape.c_dim else 0)
        for index in range(shape.num_layers):
            outputs = shape.w_dim if index == shape.num_layers - 1 else shape.layer_features
            layer = FullyConnected(inputs, outputs, activation=True, lr_multiplier=shape.lr_multiplier)
            self.add_module(f"fc{index}", layer)
            inputs = outputs
        means = (shape.c_dim, shape.w_dim) if shape.class_means else (shape.w_dim,)
        self.register_buffer("w_avg", torch.zeros(means))

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """z [n, z_dim], c [n, c_dim] when the model has classes -> w [n, w_dim]."""
        x = normalise(z)
        if self.shape.c_dim:
            c = torch.zeros(len(z), self.shape.c_dim, device=z.device, dtype=z.dtype) if c is None else c.to(z)
            x = torch.cat([x, normalise(self._embedded(c))], dim=1)
        for index in range(self.shape.num_layers):
            x = self.get_submodule(f"fc{index}")(x)
        return x

    def _embedded(self, c: Tensor) -> Tensor:
        """Labels [n, c_dim] -> [n, embed_features]. A table is read by weighted rows: one-hot labels take their row."""
        embedded: Tensor = self.embed_proj(self.embed(_shares(c))) if self.shape.class_table else self.embed(c)
        return embedded

    def truncate(self, w: Tensor, psi: float = 1.0, cutoff: int | None = None, c: Tensor | None = None) -> Tensor:
        """w [n, w_dim] -> [n, num_ws, w_dim], the first `cutoff` of them drawn towards the mean by psi."""
        ws = w[:, None, :].repeat(1, self.shape.num_ws, 1)
        if psi != 1.0:
            count = self.shape.num_ws if cutoff is None else max(0, min(int(cutoff), self.shape.num_ws))
            ws[:, :count] = self.centre(w, c).lerp(ws[:, :count], psi)
        return ws

    def centre(self, w: Tensor, c: Tensor | None) -> Tensor:
        """The mean that w [n, w_dim] is drawn to, [w_dim], or [n, 1, w_dim] where each class has its own."""
        if not self.shape.class_means:
            return self.w_avg
        c = torch.zeros(len(w), self.shape.c_dim, device=w.device, dtype=w.dtype) if c is None else c.to(w)
        return (_shares(c) @ self.w_avg)[:, None]


def _shares(c: Tensor) -> Tensor:
    """Labels [n, c_dim] as weights of sum 1, so that classes can be blended; no label at all is the first class."""
    c = c.clamp_min(0.0)
    total = c.sum(dim=1, keepdim=True)
    first = torch.zeros_like(c)
    first[:, 0] = 1.0
    return torch.where(total > 0.0, c / total.clamp_min(1e-12), first)
