"""Convolutions whose weights lie ready in oneDNN's own order, on a CPU.

torch lays a convolution's weights out anew at every call; for small pictures with many maps that is most of the time
(on one core of a Zen 5, bfloat16, 128 maps: 75 us for 29 at 4 px, 212 for 167 at 16 px). The operators that torch keeps
for its compiler take weights that were laid out once. Where they are missing, the plain ones serve.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_ONE = (1, 1)
_ALONE: tuple[str, list[float], str] = ("none", [], "")  # nothing fused behind it


def packs(weight: Tensor) -> bool:
    """Whether weights of this kind can be laid out ahead here."""
    ops = torch.ops.mkldnn
    known = weight.is_cpu and torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled
    if not known or not all(hasattr(ops, name) for name in ("_convolution_pointwise", "_reorder_convolution_weight")):
        return False
    if weight.dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return weight.dtype == torch.float32 and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


class Packed:
    """3x3 weights of a convolution with padding 1, or of a transposed one of stride 2 where `up`.

    They are laid out at the first call, for pictures of that size; others are served, too, but no faster than plain.
    """

    def __init__(self, weight: Tensor, up: bool) -> None:
        """weight: [out, in, 3, 3]; [in, out, 3, 3] where up."""
        self._plain, self._up = weight, up
        self._laid: Tensor | None = None
        self.works = packs(weight)

    def __call__(self, x: Tensor) -> Tensor:
        """x [n, in, h, w] -> [n, out, h, w], or [n, out, 2h + 1, 2w + 1] where up."""
        if not self.works:
            return F.conv_transpose2d(x, self._plain, stride=2) if self._up else F.conv2d(x, self._plain, padding=1)
        ops, laid, size = torch.ops.mkldnn, self._laid, tuple(x.shape)
        if self._up:
            if laid is None:
                pack = ops._reorder_convolution_transpose_weight
                self._laid = laid = pack(self._plain, (0, 0), (0, 0), (2, 2), _ONE, 1, size)
            return ops._convolution_transpose_pointwise.default(x, laid, None, (0, 0), (0, 0), (2, 2), _ONE, 1, *_ALONE)  # type: ignore[no-any-return]
        if laid is None:
            self._laid = laid = ops._reorder_convolution_weight(self._plain, _ONE, _ONE, _ONE, 1, size)
        return ops._convolution_pointwise.default(x, laid, None, _ONE, _ONE, _ONE, 1, *_ALONE)  # type: ignore[no-any-return]
