"""Several centres of w to be truncated towards, so that calm pictures need not all be one picture.

k-means over mapped samples (Lloyd 1982; started as k-means++, Arthur and Vassilvitskii 2007), seeded, numpy alone.
"""

from __future__ import annotations

import numpy as np

COUNT = 8
ROUNDS = 25
SEED = 31
SOFTNESS = 0.15  # of the squared distance between centres: how gently `nearest` goes from one to the next


def clusters(samples: np.ndarray, count: int = COUNT, seed: int = SEED) -> np.ndarray:
    """samples [n, d] -> centres [count, d], those of most samples first. Empty clusters take the farthest sample."""
    rng = np.random.default_rng(seed)
    centres = samples[rng.integers(len(samples))][None]
    while len(centres) < count:
        far = distances(samples, centres).min(axis=1)
        total = far.sum()
        pick = rng.choice(len(samples), p=far / total) if total > 0.0 else rng.integers(len(samples))
        centres = np.concatenate([centres, samples[pick][None]])
    for _ in range(ROUNDS):
        apart = distances(samples, centres)
        label = apart.argmin(axis=1)
        moved = np.stack([
            samples[label == k].mean(axis=0) if (label == k).any() else samples[apart.min(axis=1).argmax()]
            for k in range(count)
        ])  # fmt: skip
        if np.allclose(moved, centres):
            break
        centres = moved
    sizes = np.bincount(distances(samples, centres).argmin(axis=1), minlength=count)
    return np.ascontiguousarray(centres[np.argsort(-sizes, kind="stable")])


def distances(samples: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances [n, count], never below zero."""
    squares = (samples**2).sum(axis=1)[:, None] - 2.0 * samples @ centres.T + (centres**2).sum(axis=1)[None]
    return np.maximum(squares, 0.0)


def nearest(style: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The centre that lies nearest to `style` [d], [d]; between two it goes over softly, so that a walk never leaps."""
    apart = distances(style[None], centres)[0]
    scale = max(float(distances(centres, centres).mean()) * SOFTNESS, 1e-12)
    weight = np.exp(-(apart - apart.min()) / scale)
    found: np.ndarray = weight @ centres / weight.sum()
    return found
