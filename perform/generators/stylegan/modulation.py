"""The styles and demodulations of all layers at once: two products in place of two for each layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from .layers import EPS


class Known(NamedTuple):
    """What steers a layer: style [n, in] and demodulation [n, out], float32; and both once more in the numbers of
    the activations, as [n, in, 1, 1] and [n, out, 1, 1]. The demodulation is None where a layer has none."""

    style: Tensor
    scale: Tensor
    demod: Tensor | None = None
    unscale: Tensor | None = None


class Styled(Protocol):
    """What a layer brings: affine_weight [in, w_dim], affine_bias [in]; and if it demodulates, squares, the sums of its
    squared weights, and gain, a factor on the demodulation."""

    affine_weight: Tensor
    affine_bias: Tensor
    gain: float

    @property
    def squares(self) -> Tensor | None:
        """[in, out]; None where it does not demodulate."""


class Modulation:
    """Copies of the layers' matrices, one over the other, filled up with zeros to the widest."""

    def __init__(self, layers: Mapping[int, tuple[Styled, int]], dtype: torch.dtype) -> None:
        """layers: by their index, with the w that each listens to. dtype: of the activations."""
        self._dtype = dtype
        self._order = sorted(layers, key=lambda index: layers[index][0].squares is None)  # who demodulates comes first
        self._layers = [layers[index][0] for index in self._order]
        squares = [layer.squares for layer in self._layers if layer.squares is not None]
        self._inputs = [len(layer.affine_bias) for layer in self._layers]
        self._outputs = [part.shape[1] for part in squares]
        like, most = self._layers[0].affine_weight, max(self._inputs)
        self._rows = torch.tensor([layers[index][1] for index in self._order])
        self._affine = like.new_zeros(len(self._layers), like.shape[1], most)
        self._bias = like.new_zeros(len(self._layers), 1, most)
        self._squares = like.new_zeros(len(squares), most, max(self._outputs))
        self._eps = like.new_full((), EPS)
        self._gain = torch.tensor([layer.gain for layer in self._layers[: len(squares)]])[:, None, None]
        for index in self._order:
            self.renew(index)

    def renew(self, index: int) -> None:
        """Take over a layer's matrices anew."""
        at = self._order.index(index)
        layer, size = self._layers[at], self._inputs[at]
        self._affine[at, :, :size] = layer.affine_weight.T
        self._bias[at, 0, :size] = layer.affine_bias
        if layer.squares is not None:
            self._squares[at, :size, : self._outputs[at]] = layer.squares

    def __call__(self, ws: Tensor) -> dict[int, Known]:
        """ws [n, num_ws, w_dim] float32 -> what each layer is steered by, by its index."""
        steering = ws.transpose(0, 1).index_select(0, self._rows)
        styles = torch.baddbmm(self._bias, steering, self._affine)
        demods = torch.baddbmm(self._eps, styles[: len(self._outputs)].square(), self._squares)
        demods = demods.rsqrt_().mul_(self._gain)
        found = zip(_cut(styles, self._inputs, self._dtype), _cut(demods, self._outputs, self._dtype), strict=False)
        known = [Known(*style, *demod) for style, demod in found]
        known += [Known(*style) for style in _cut(styles[len(known) :], self._inputs[len(known) :], self._dtype)]
        return dict(zip(self._order, known, strict=True))


def _cut(rows: Tensor, sizes: list[int], dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    """rows [layers, n, most] -> for each layer [n, size], and the same as [n, size, 1, 1] in another type."""
    low, most = rows.to(dtype)[..., None, None], rows.shape[2]
    pairs = zip(rows.unbind(0), low.unbind(0), sizes, strict=True)
    return [(full, part) if size == most else (full[:, :size], part[:, :size]) for full, part, size in pairs]
