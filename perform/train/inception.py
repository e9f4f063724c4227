"""Inception v3's features, from weights that you have: what the Fréchet Inception distance (FID) is measured in.

The network is written from Szegedy et al. (arXiv 1512.00567, section 6) and reads weights by the names that torchvision
gave them, whatever their widths. The weights that published FIDs are taken with end in 1008 classes, and their average
pools do not count the rim, and the last block takes a maximum (Heusel et al., arXiv 1706.08500, used TensorFlow's
graph); torchvision's own end in 1000, and give a distance that is comparable only with itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from perform.core.errors import ModelError

SIDE = 299
EPSILON = 1e-3
FID_CLASSES = 1008
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NEEDED = ("Conv2d_1a_3x3", "Mixed_5b.branch_pool", "Mixed_6e.branch7x7dbl_5", "Mixed_7c.branch3x3dbl_3b")
NOTE = "a state dict of Inception v3, as .pth or .safetensors"


def read(path: Path) -> Inception:
    """The network of a file; nothing in the file is ever run. Raises ModelError, one line."""
    from perform.generators.stylegan.convert.foreign import read_foreign

    if not path.is_file():
        raise ModelError(f"--inception {path}: there is no such file; FID needs {NOTE}, which is not fetched for you")
    try:
        state = read_foreign(path).tensors
    except ModelError as error:
        raise ModelError(f"{error}; FID needs {NOTE} (a TorchScript file would have to be run, and is not)") from None
    return Inception(state, str(path))


class Inception:
    """Pictures [n, 3, h, w] of -1..1 to features [n, d] (d is 2048 with the real weights). `kind`: fid, torchvision."""

    def __init__(self, state: Mapping[str, Tensor], where: str = "inception") -> None:
        missing = [f"{name}.conv.weight" for name in NEEDED if f"{name}.conv.weight" not in state]
        if missing:
            raise ModelError(f"{where}: no {missing[0]} in it; FID needs {NOTE}")
        self._state, self._where = {k: v.float() for k, v in state.items()}, where
        classes = self._state.get("fc.weight")
        self.kind = "fid" if classes is not None and len(classes) == FID_CLASSES else "torchvision"

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """The mean over the plane of the last block's answers."""
        x = F.interpolate(pictures.float(), size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        if self.kind == "torchvision":
            mean, spread = (torch.tensor(v)[:, None, None] for v in (MEAN, SPREAD))
            x = ((x + 1) / 2 - mean) / spread
        x = self._conv(x, "Conv2d_1a_3x3", 2)
        x = self._conv(self._conv(x, "Conv2d_2a_3x3", tight=True), "Conv2d_2b_3x3")
        x = self._conv(F.max_pool2d(x, 3, 2), "Conv2d_3b_1x1")
        x = F.max_pool2d(self._conv(x, "Conv2d_4a_3x3", tight=True), 3, 2)
        for letter in "bcd":
            x = self._near(x, f"Mixed_5{letter}")
        x = self._halve_near(x, "Mixed_6a")
        for letter in "bcde":
            x = self._far(x, f"Mixed_6{letter}")
        x = self._halve_far(x, "Mixed_7a")
        x = self._wide(x, "Mixed_7b", last=False)
        return self._wide(x, "Mixed_7c", last=True).mean((2, 3))

    def _conv(self, x: Tensor, name: str, stride: int = 1, tight: bool = False) -> Tensor:
        """Convolution, batch norm at rest, ReLU. tight: without a rim, as every halving one is."""
        try:
            weight = self._state[f"{name}.conv.weight"]
            keys = ("running_mean", "running_var", "weight", "bias")
            norm = [self._state[f"{name}.bn.{key}"] for key in keys]
            pad = (0, 0) if tight or stride > 1 else (weight.shape[2] // 2, weight.shape[3] // 2)
            x = F.conv2d(x, weight, None, stride, pad)
            return F.relu(F.batch_norm(x, *norm, eps=EPSILON))
        except KeyError as error:
            raise ModelError(f"{self._where}: no {error.args[0]} in it; FID needs {NOTE}") from None
        except RuntimeError as error:
            raise ModelError(f"{self._where}: {name} does not fit ({str(error).splitlines()[0][:80]})") from None

    def _row(self, x: Tensor, block: str, *names: str) -> Tensor:
        for name in names:
            x = self._conv(x, f"{block}.{name}")
        return x

    def _pooled(self, x: Tensor, block: str, most: bool = False) -> Tensor:
        fid = self.kind == "fid"
        if most and fid:
            x = F.max_pool2d(x, 3, 1, 1)
        else:
            x = F.avg_pool2d(x, 3, 1, 1, count_include_pad=not fid)
        return self._conv(x, f"{block}.branch_pool")

    def _near(self, x: Tensor, block: str) -> Tensor:
        return torch.cat([
            self._row(x, block, "branch1x1"), self._row(x, block, "branch5x5_1", "branch5x5_2"),
            self._row(x, block, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"), self._pooled(x, block),
        ], 1)  # fmt: skip

    def _halve_near(self, x: Tensor, block: str) -> Tensor:
        double = self._row(x, block, "branch3x3dbl_1", "branch3x3dbl_2")
        return torch.cat([self._conv(x, f"{block}.branch3x3", 2), self._conv(double, f"{block}.branch3x3dbl_3", 2),
                          F.max_pool2d(x, 3, 2)], 1)  # fmt: skip

    def _far(self, x: Tensor, block: str) -> Tensor:
        return torch.cat([
            self._row(x, block, "branch1x1"), self._row(x, block, *(f"branch7x7_{i}" for i in (1, 2, 3))),
            self._row(x, block, *(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5))), self._pooled(x, block),
        ], 1)  # fmt: skip

    def _halve_far(self, x: Tensor, block: str) -> Tensor:
        first = self._conv(self._row(x, block, "branch3x3_1"), f"{block}.branch3x3_2", 2)
        second = self._row(x, block, *(f"branch7x7x3_{i}" for i in (1, 2, 3)))
        return torch.cat([first, self._conv(second, f"{block}.branch7x7x3_4", 2), F.max_pool2d(x, 3, 2)], 1)

    def _wide(self, x: Tensor, block: str, last: bool) -> Tensor:
        single = self._row(x, block, "branch3x3_1")
        double = self._row(x, block, "branch3x3dbl_1", "branch3x3dbl_2")
        parts = [self._row(single, block, f"branch3x3_2{way}") for way in "ab"]
        more = [self._row(double, block, f"branch3x3dbl_3{way}") for way in "ab"]
        return torch.cat([self._row(x, block, "branch1x1"), *parts, *more, self._pooled(x, block, most=last)], 1)


def fid(network: Inception, real: Tensor, painted: Tensor, chunk: int = 8) -> dict[str, float]:
    """Fréchet distance of two sets of pictures [n, 3, h, w] of -1..1, under the name that the weights allow."""
    from perform.train.distances import frechet

    a, b = (torch.cat([network.features(part) for part in x.split(chunk)]).double() for x in (real, painted))
    name = "fid" if network.kind == "fid" else "frechet_in_torchvisions_inception"
    return {name: float(f"{frechet(a, b):.5g}"), f"{name}_of": min(len(a), len(b))}
