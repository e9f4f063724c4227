"""What the instrument knows of a model's latent space: anchors, layer groups, and directions worth bending along.

Directions follow closed-form factorisation (SeFa: Shen and Zhou 2021, "Closed-Form Factorization of Latent
Semantics in GANs", eq. 4 to 6: eigenvectors of A^T A, A being the stacked style weights), taken in the space in
which w is white. There an eigenvector is the change that moves the styles most among changes of equal likelihood,
so that bending along it stays among pictures which the model knows. Computed at load from weights and a thousand
samples of w; nothing is rendered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .anchors import Anchors, as_array, seed_z
from .centres import clusters

__all__ = [
    "Anchors",
    "Tables",
    "as_array",
    "bent",
    "compute",
    "directions",
    "kinds",
    "layer_groups",
    "principal",
    "seed_z",
]

SAMPLES = 1024  # of w, for its mean length and covariance
SAMPLE_SEED = 20
AXES = 4  # directions kept for each group of layers
SLIDERS = 8  # directions kept for all layers together
PRINCIPAL_SAMPLES = 16384  # of w, where its principal directions are asked for
GROUPS = 3  # coarse, middle, fine


@dataclass(frozen=True, slots=True)
class Tables:
    """ws_group [num_ws], noise_group [num_layers]: 0 coarse, 1 middle, 2 fine. group_axes [3, AXES, w_dim] and
    axes [SLIDERS, w_dim]: directions in w, each as long as one standard deviation of w along it. group_readers
    [3, AXES, w_dim]: a deviation times these is where it lies on its group's axes, in standard deviations."""

    w_avg: np.ndarray
    ws_group: np.ndarray
    noise_group: np.ndarray
    group_axes: np.ndarray
    group_readers: np.ndarray
    axes: np.ndarray

    def sway(self, group: int, style: np.ndarray, turn: float) -> np.ndarray:
        """Where music takes a layer group from `style` [w_dim], one standard deviation far, [w_dim].

        Along the group's four strongest axes and square to where the style lies on them, so that it always leads
        away and never further into what is there already. There are three such ways (a unit quaternion times i, j,
        k); `turn` in radians goes from the first to the second.
        """
        a, b, c, d = self.group_readers[group] @ style
        size = max(math.sqrt(a * a + b * b + c * c + d * d), 1e-9)
        along, across = math.cos(turn) / size, math.sin(turn) / size
        ways = along * np.array((-b, a, -d, c)) + across * np.array((-c, d, a, -b))
        way: np.ndarray = ways @ self.group_axes[group]
        return way


def compute(network: Any) -> Tables:
    """Everything that can be known of a network before it plays."""
    samples = sampled(network, SAMPLES)
    samples -= samples.mean(axis=0)
    spread = samples.T @ samples / len(samples)
    variance, basis = np.linalg.eigh(spread)
    deviation = np.sqrt(np.maximum(variance, 0.0))
    root = basis * deviation @ basis.T  # spread = root @ root
    known = deviation > 1e-6 * deviation.max()
    whiten = basis * np.where(known, 1.0 / np.where(known, deviation, 1.0), 0.0) @ basis.T
    ws_group = layer_groups(network.num_ws, network.num_ws)
    weights = style_weights(network)
    per_group = [directions(root, [w for i, w in weights if ws_group[i] == g]) for g in range(GROUPS)]
    everything = directions(root, [w for _, w in weights], SLIDERS)
    noise_group = layer_groups(getattr(network, "num_layers", network.num_ws - 1), network.num_ws)
    axes = np.stack(per_group)
    return Tables(as_array(network.w_avg), ws_group, noise_group, axes, axes @ whiten @ whiten, everything)


def sampled(network: Any, count: int) -> np.ndarray:
    """[count, w_dim] places of w, of all classes alike, drawn from a fixed seed."""
    chance = np.random.RandomState(SAMPLE_SEED)
    classes = int(getattr(network, "c_dim", 0) or 0)
    found = []
    for begin in range(0, count, SAMPLES):
        z = torch.from_numpy(chance.randn(min(SAMPLES, count - begin), network.z_dim).astype(np.float32))
        c = torch.eye(classes)[chance.randint(classes, size=len(z))] if classes else None
        found.append(as_array(network.mapping(z, c)[:, 0]))
    return np.concatenate(found)


def kinds(network: Any) -> np.ndarray:
    """Deviations from w_avg round which samples of w gather, [centres.COUNT, w_dim]."""
    return clusters(sampled(network, SAMPLES) - as_array(network.w_avg))


def principal(network: Any) -> np.ndarray:
    """The principal directions of w [SLIDERS, w_dim], each as long as w's standard deviation along it (Härkönen et
    al. 2020, "GANSpace", section 2.1, which for StyleGAN is a principal component analysis of w)."""
    samples = sampled(network, PRINCIPAL_SAMPLES)
    samples -= samples.mean(axis=0)
    variance, basis = np.linalg.eigh(samples.T @ samples / len(samples))
    return directions(basis * np.sqrt(np.maximum(variance, 0.0)) @ basis.T, [], SLIDERS)


def layer_groups(count: int, num_ws: int) -> np.ndarray:
    """[count] 0, 1, 2: thirds of the resolutions. Layer 0 is alone at 4 px, then two share each doubling."""
    sizes = max(num_ws // 2, 1)
    size = np.minimum((np.arange(count) + 1) // 2, sizes - 1)
    return size * GROUPS // sizes


def style_weights(network: Any) -> list[tuple[int, np.ndarray]]:
    """(index of the w that steers the layer, its affine weight [channels, w_dim]) of every convolution.

    Each row has length 1 on the whole layer's mean, so that a wide layer does not speak louder than a narrow one.
    """
    found: list[tuple[int, np.ndarray]] = []
    for layer in getattr(network, "layers", ()):
        if layer.kind == "conv":
            weight = as_array(network.style_weight(layer))
            found.append((layer.ws, weight / max(float(np.linalg.norm(weight)), 1e-12)))
    return found


def directions(root: np.ndarray, weights: list[np.ndarray], count: int = AXES) -> np.ndarray:
    """The strongest directions [count, w_dim] of some layers; root: the square root of w's covariance.

    With no weights: the principal directions of w. Signs are fixed, so that a slider keeps its sense.
    """
    white = np.concatenate(weights) @ root if weights else root
    strength, vectors = np.linalg.eigh(white.T @ white)
    chosen = vectors[:, np.argsort(strength)[::-1][:count]].T
    found = chosen @ root
    if len(found) < count:
        found = np.resize(found, (count, found.shape[1]))
    largest = np.abs(found).argmax(axis=1)
    signs = np.sign(found[np.arange(count), largest])
    return found * np.where(signs == 0.0, 1.0, signs)[:, None]


def bent(style: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """A deviation with a bend added, [w_dim], no longer than the longer of the two: a hard bend turns the picture into
    what lies that way, and does not blow it up into something that the model never learnt."""
    most = max(style @ style, bend @ bend)
    total = style + bend
    length = total @ total
    return total * math.sqrt(most / length) if length > most > 0.0 else total
