"""All that the rows say about w, put together: one w for each layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import rows
from .anchors import Anchors
from .calibrate import Moves
from .held import Holding
from .latents import GROUPS, Tables, bent
from .travel import Place
from .walk import SEEDS, between, mix

DIRECTION_DEPTH = 3.0  # standard deviations of w at a full direction slider


@dataclass(frozen=True, slots=True)
class Parts:
    """What a picture is made of. centre [w_dim]: where psi draws to, and where deviations count from. pull: deviation
    [w_dim] that psi draws to in its place. chroma: (deviation, amount). axes [SLIDERS, w_dim]: of the sliders."""

    place: Place
    centre: np.ndarray
    axes: np.ndarray
    pull: np.ndarray | None = None
    held: Holding | None = None
    chroma: tuple[np.ndarray, float] | None = None


def compose(tables: Tables, moves: Moves, parts: Parts, p: Mapping[str, Any]) -> np.ndarray:
    """The w of every layer, [num_ws, w_dim] float64.

    w_i = centre + psi_i * d(group), bent by the group's move and by the directions. Psi rules the walk alone: what the
    music moves keeps its size at any psi, and a saved latent is shown as it was saved.
    """
    psi = np.ones(len(tables.ws_group))
    cutoff = int(p["cutoff"])
    psi[: len(psi) if cutoff >= rows.ALL_LAYERS else cutoff] = float(p["psi"])
    styles = _Styles(parts, p, len(parts.centre))
    bends = _bends(tables, moves, styles, parts.place.turn, p)
    slides = _slides(parts.axes, p)
    done: dict[Any, np.ndarray] = {}
    ws = np.empty((len(psi), len(parts.centre)))
    for layer, group in enumerate(tables.ws_group):
        acting = tuple(g for g in range(GROUPS) if moves.layers[g, layer] and bends[g] is not None)
        key = (styles.row(layer, group), psi[layer], acting)  # most layers of a group are the same
        if key not in done:
            style = styles.at(layer, group, psi[layer])
            done[key] = parts.centre + bent(style, sum((bends[g] for g in acting), slides[group]))
        ws[layer] = done[key]
    return ws


class _Styles:
    """The style of each layer before it is bent."""

    def __init__(self, parts: Parts, p: Mapping[str, Any], w_dim: int) -> None:
        first = parts.place.first
        self._first = first.reshape(-1, w_dim)
        self._parts = parts
        self._mix = [float(p[name]) for name in rows.LAYERS]
        self._held = parts.held if float(p["latent_mix"]) > 0.0 else None
        self._held_mix = float(p["latent_mix"])
        self._tones: list[float] = [0.0] * GROUPS
        if parts.chroma is not None:
            self._tones = [parts.chroma[1] * acts for acts in layers_of(p["chroma_layers"])]

    def row(self, layer: int, group: int) -> tuple[int, int]:
        """What tells one style from another: the group, where all its layers are alike, else the layer."""
        return (group, layer if len(self._first) > 1 or self._held is not None else -1)

    def at(self, layer: int, group: int, psi: float) -> np.ndarray:
        """[w_dim] of a layer."""
        style = self._drawn(self._first[layer if len(self._first) > 1 else 0], psi)
        if self._held is not None:
            style = between(style, self._saved(style, layer), self._held_mix)
        if self._mix[group] > 0.0:
            style = between(style, self._drawn(self._parts.place.second, psi), self._mix[group])
        if self._tones[group] > 0.0 and self._parts.chroma is not None:
            style = between(style, self._drawn(self._parts.chroma[0], psi), self._tones[group])
        return style

    def _drawn(self, style: np.ndarray, psi: float) -> np.ndarray:
        """Truncated: towards the centre, or towards what pulls."""
        pull = self._parts.pull
        return psi * style if pull is None else psi * style + (1.0 - psi) * pull

    def _saved(self, walked: np.ndarray, layer: int) -> np.ndarray:
        assert self._held is not None
        before, now = (
            walked if ws is None else ws[layer] - self._parts.centre for ws in (self._held.before, self._held.now)
        )
        return between(before, now, self._held.share)


def _bends(tables: Tables, moves: Moves, styles: _Styles, turn: float, p: Mapping[str, Any]) -> list[np.ndarray | None]:
    """Where the music swings each group, None where it does not."""
    found: list[np.ndarray | None] = []
    for group, name in enumerate(rows.LAYERS):
        amount = float(p[f"{name}_move"]) * moves.depths[group]
        layer = int(np.argmax(tables.ws_group == group))
        found.append(amount * tables.sway(group, styles.at(layer, group, 1.0), turn) if amount > 0.0 else None)
    return found


def _slides(axes: np.ndarray, p: Mapping[str, Any]) -> list[np.ndarray]:
    """What the direction sliders add to each group."""
    slid = np.array([float(p[f"direction_{n + 1}"]) for n in range(rows.SLIDERS)]) * DIRECTION_DEPTH
    slide = slid @ axes
    return [slide * acts for acts in layers_of(p["direction_layers"])]


def layers_of(which: str) -> list[float]:
    """1 for each group of layers that a choice of `all`, `coarse`, `middle`, `fine` means, else 0."""
    return [float(which in ("all", name)) for name in rows.LAYERS]


def chroma(anchors: Anchors, p: Mapping[str, Any]) -> tuple[np.ndarray, float] | None:
    """The mix of twelve seeds by how loud their tones are, and how far it is the picture; None where it is nothing.

    In silence, when no tone is heard, the walk comes through again.
    """
    amount = float(p["chroma_mix"])
    if amount <= 0.0:
        return None
    weights = [float(p[f"chroma_{n}"]) for n in range(rows.TONES)]
    total = sum(weights)
    if total <= 1e-6:
        return None
    first = int(p["chroma_seed"])
    sounding = [(anchors((first + n) % SEEDS), weight / total) for n, weight in enumerate(weights) if weight > 0.0]
    return mix([a for a, _ in sounding], [w for _, w in sounding]), amount * min(1.0, total)


def noise_gains(tables: Tables, p: Mapping[str, Any]) -> list[float]:
    """One factor for each layer's noise."""
    gains = [float(p[f"noise_{name}"]) for name in rows.LAYERS]
    own = [float(p.get(f"noise_layer_{n}", 1.0)) for n in range(len(tables.noise_group))]
    return [gains[g] * alone for g, alone in zip(tables.noise_group, own, strict=True)]
