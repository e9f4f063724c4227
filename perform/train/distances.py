"""How near painted pictures are to real ones, by figures that need no download: in the fixed random features of
`measure.features`. They rank models of one set against each other; they are no FID, and say so.

Fréchet distance (Heusel et al., arXiv 1706.08500, eq. 6); precision and recall by nearest neighbours (Kynkäänniemi et
al., arXiv 1904.06991, section 2).
"""

from __future__ import annotations

import torch
from torch import Tensor

from perform.train.measure import features

NEIGHBOURS = 3
AXES = 64


def spaces(real: Tensor, painted: Tensor, axes: int = AXES) -> tuple[Tensor, Tensor]:
    """Features [n, axes] of both, along the main axes of the real ones, scaled to their total spread of one."""
    a, b = (torch.cat([features(part) for part in x.split(16)]).double() for x in (real, painted))
    mean = a.mean(0)
    count = min(axes, len(a) - 1)
    _, spread, turn = torch.linalg.svd(a - mean, full_matrices=False)
    scale = (spread.square().sum() / (len(a) - 1)).sqrt().clamp_min(1e-12)
    return (a - mean) @ turn[:count].T / scale, (b - mean) @ turn[:count].T / scale


def frechet(a: Tensor, b: Tensor) -> float:
    """|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½) of two clouds [n, d]."""
    ca, cb = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(ca)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cb @ root).clamp_min(0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + ca.trace() + cb.trace() - 2 * cross)


def precision_recall(real: Tensor, painted: Tensor, k: int = NEIGHBOURS) -> tuple[float, float]:
    """(share of painted pictures within the real ones' manifold, share of real ones within the painted ones')."""

    def within(points: Tensor, cloud: Tensor) -> float:
        own = torch.cdist(cloud, cloud)
        reach = own.kthvalue(min(k + 1, len(cloud)), dim=1).values
        return float((torch.cdist(points, cloud) <= reach).any(1).double().mean())

    return within(painted, real), within(real, painted)


def compare(real: Tensor, painted: Tensor) -> dict[str, float]:
    """All figures for two sets of pictures [n, 3, s, s] of -1..1."""
    a, b = spaces(real, painted)
    precision, recall = precision_recall(a, b)
    half = len(a) // 2
    return {
        "pictures": len(painted),
        "feature_distance": round(frechet(a, b), 4),
        "feature_distance_of_halves": round(frechet(a[:half], a[half : 2 * half]), 4),
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "pairwise_ratio": round(float(torch.pdist(b).mean() / torch.pdist(a).mean().clamp_min(1e-12)), 3),
    }
