"""How alike two pictures look, for optimisation: without any downloaded network by default, by LPIPS where its weights
lie in a local folder.

The default needs no weights: a Laplacian pyramid tells how far colours and edges are off at every size, and rectified
answers of fixed random filters tell which kind of texture lies where (Ustyuzhaninov et al., arXiv 1606.00021). LPIPS
(Zhang et al., arXiv 1801.03924, eq. 1) compares unit-normalised AlexNet features, weighted per channel.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from perform.core.errors import ModelError

LPIPS_FILE = "lpips_alex.safetensors"
"""In a `perception/` folder of the search path: AlexNet's `features.N.{weight,bias}` and `lin0..4.model.1.weight`."""
CONVS = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))
"""Of AlexNet's features: (number, stride, padding)."""
POOL_BEFORE = (1, 2)
Distance = Callable[[Any, Any], Any]
"""(made, wanted), both [n, 3, h, w] of -1..1 -> a scalar tensor, 0 for the same."""


def plain(made: Any, wanted: Any) -> Any:
    """The distance that needs no weights."""
    from perform.train.losses import difference, texture

    total = difference(made, wanted, fine=0.5)
    return total + texture(made, wanted) if made.shape[-1] >= 16 else total


def find_lpips() -> Path | None:
    """The LPIPS weights of the search path, if any."""
    from perform.content import search_path

    found = [root / "perception" / LPIPS_FILE for root in search_path()]
    return next((path for path in found if path.is_file()), None)


def lpips(path: Path) -> Distance:
    """LPIPS on AlexNet with the weights of a file. Raises ModelError."""
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file

    try:
        weights = load_file(path)
        convs = [(weights[f"features.{n}.weight"], weights[f"features.{n}.bias"]) for n, _, _ in CONVS]
        scales = [weights[f"lin{i}.model.1.weight"].flatten().view(1, -1, 1, 1) for i in range(len(CONVS))]
    except Exception as error:  # noqa: BLE001 - the reader's own errors have no common base
        raise ModelError(f"{path}: not the weights of LPIPS on AlexNet ({error!r})") from None
    if any(len(conv[0]) != scale.shape[1] for conv, scale in zip(convs, scales, strict=True)):
        raise ModelError(f"{path}: its feature weights do not fit its convolutions")
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    spread = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)

    def features(x: Any) -> list[Any]:
        x, out = (x - shift) / spread, []
        for index, ((weight, bias), (_, stride, padding)) in enumerate(zip(convs, CONVS, strict=True)):
            if index in POOL_BEFORE and min(x.shape[-2:]) >= 3:
                x = F.max_pool2d(x, 3, 2)
            x = F.relu(F.conv2d(x, weight.float(), bias.float(), stride=stride, padding=padding))
            out.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return out

    def distance(made: Any, wanted: Any) -> Any:
        pairs = zip(features(made), features(wanted), scales, strict=True)
        parts = [((a - b).square() * scale.float()).sum(1).mean() for a, b, scale in pairs]
        return torch.stack(parts).sum() + 0.1 * plain(made, wanted)

    return distance


def chosen() -> tuple[Distance, str]:
    """(the distance to use, its name): LPIPS where its weights are, else the plain one."""
    path = find_lpips()
    return (plain, "plain") if path is None else (lpips(path), "lpips")
