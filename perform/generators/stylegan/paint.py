"""From steering vectors to a picture, with whatever is asked for inside the network on the way.

`plan` reads the rows and says what the network is to be called with; with every row at rest that is nothing at all,
and the network runs as it always does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from . import bending, rows
from .layers import upsample
from .study import Study

CELLS = 4  # of a square picture's input
SQUARE = (CELLS, CELLS)
MOST_CELLS = 64  # of a picture, whatever width and height ask for: four squares


@dataclass(frozen=True, slots=True)
class Bend:
    """One slot at work: what is done to which channels."""

    operation: str
    amount: float
    angle: float
    channels: Tensor | None


@dataclass(frozen=True, slots=True)
class Tap:
    """What is shown in the picture's place. kind: rgb, maps or pca. mix: 0..1 over the picture."""

    kind: str
    layer: Any
    channel: int
    mix: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen inside. bends: by index of the layer. rgb: factors on the colours of each size, by index of
    their layer. placed: [2, 3] where the input goes, in sides from the middle; None where it is."""

    shape: tuple[int, int] = SQUARE
    fill: str = "mirror"
    placed: np.ndarray | None = None
    bends: Mapping[int, Sequence[Bend]] | None = None
    rgb: Mapping[int, float] | None = None
    tap: Tap | None = None


REST = Plan()


def plan(p: Mapping[str, Any], study: Study, group_of: np.ndarray) -> Plan:
    """What the rows ask for; REST itself when that is nothing. group_of [num_ws]: 0 coarse, 1 middle, 2 fine."""
    width = int(p["width"])
    shape = (min(int(p["height"]), MOST_CELLS // width), width)
    placed, bends, rgb, tap = _placed(p), _bends(p, study), _rgb(p, study, group_of), _tap(p, study)
    if shape == SQUARE and placed is None and not bends and not rgb and tap is None:
        return REST
    return Plan(shape, str(p["fill"]), placed, bends, rgb, tap)


def _placed(p: Mapping[str, Any]) -> np.ndarray | None:
    x, y, turn, zoom = (float(p[f"input_{name}"]) for name in ("x", "y", "turn", "zoom"))
    if (x, y, turn, zoom) == (0.0, 0.0, 0.0, 1.0):
        return None
    cos, sin = zoom * math.cos(math.radians(turn)), zoom * math.sin(math.radians(turn))
    return np.array([[cos, -sin, x], [sin, cos, y]])


def _bends(p: Mapping[str, Any], study: Study) -> dict[int, list[Bend]] | None:
    found: dict[int, list[Bend]] = {}
    for slot in range(1, rows.SLOTS + 1):
        operation, amount = str(p[f"bend_{slot}"]), float(p[f"bend_{slot}_amount"])
        layer = study.feature(int(p[f"bend_{slot}_layer"])) if amount != 0.0 and operation != "off" else None
        if layer is None:
            continue
        on, channels = p[f"bend_{slot}_on"], None
        pick = int(p[f"bend_{slot}_pick"])
        if on == "cluster":
            groups = study.known(layer).clusters
            channels = groups[pick % len(groups)]
        elif on == "random":
            device = getattr(study.network, "device", torch.device("cpu"))
            channels = study.part(layer.channels, float(p[f"bend_{slot}_part"]), pick, device)
        angle = math.radians(float(p[f"bend_{slot}_angle"]))
        found.setdefault(layer.index, []).append(Bend(operation, amount, angle, channels))
    return found or None


def _rgb(p: Mapping[str, Any], study: Study, group_of: np.ndarray) -> dict[int, float] | None:
    gains = [float(p[f"rgb_{name}"]) for name in rows.LAYERS]
    if gains == [1.0] * len(gains):
        return None
    colours = [layer for layer in getattr(study.network, "layers", ()) if layer.kind == "colours"]
    if len(colours) < 2:  # all colours come at once: there is nothing to weigh
        return None
    return {layer.index: gains[group_of[_first_of(layer)]] for layer in colours}


def _first_of(colours: Any) -> int:
    """The w that stands for the size of a colours layer: that of the last features before it."""
    return max(int(colours.ws) - 1, 0)


def _tap(p: Mapping[str, Any], study: Study) -> Tap | None:
    kind, mix = str(p["tap"]), float(p["tap_mix"])
    layer = study.feature(int(p["tap_layer"])) if kind != "off" and mix > 0.0 else None
    if layer is None:
        return None
    if kind == "rgb":
        colours = [c for c in study.network.layers if c.kind == "colours" and c.index > layer.index]
        if not colours:
            return None
        layer = colours[0]
    return Tap(kind, layer, int(p["tap_channel"]), mix)


def paint(
    network: Any, ws: np.ndarray, gains: list[float], plan: Plan = REST, study: Study | None = None
) -> np.ndarray:
    """ws [num_ws, w_dim] -> picture [h, w, 3] uint8, an array of its own. -1..1 becomes 0..255."""
    steering = torch.from_numpy(np.asarray(ws, dtype=np.float32))[None]
    noise_gain = torch.tensor(gains)
    if plan is REST or study is None:
        picture = network.synthesis(steering, noise="const", noise_gain=noise_gain)[0]
    else:
        picture = _reached_into(network, steering, noise_gain, plan, study)[0]
    levels = picture.float().mul(127.5).add_(128.0).nan_to_num_(128.0).clamp_(0.0, 255.0)
    return levels.to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()


def _reached_into(network: Any, steering: Tensor, noise_gain: Tensor, plan: Plan, study: Study) -> Tensor:
    more: dict[str, Any] = {}
    if plan.shape != SQUARE:
        more["shape"] = plan.shape
    waves = bool(getattr(network, "has_transform", False))
    if plan.placed is not None and waves:
        more["transform"] = torch.from_numpy(np.linalg.inv(np.vstack([plan.placed, [0.0, 0.0, 1.0]]))).float()
    each = _Each(plan, network, waves)
    alone = plan.tap is not None and plan.tap.mix >= 1.0
    if alone:
        assert plan.tap is not None
        more["stop"] = plan.tap.layer.index
    picture = network.synthesis(steering, noise="const", noise_gain=noise_gain, each=each, **more)
    if plan.tap is None or each.seen is None:
        return picture
    shape = plan.shape if "shape" in more else getattr(network, "cells", SQUARE)
    size = tuple(network.resolution * cells // CELLS for cells in shape)
    shown = _shown(plan.tap, each.seen, study)
    shown = F.interpolate(shown, size=size, mode="bicubic", align_corners=False)
    return shown if alone else picture.lerp(shown.to(picture.dtype), plan.tap.mix)


MOVED_PX = 16  # side at which a picture that grows from a constant is moved: below it the constant rules its place


def moved_at(layers: Sequence[Any]) -> tuple[int, ...]:
    """Indices of the layers to move together: the last features of MOVED_PX (or of the model's largest size, if that
    is smaller), and the colours so far, which are added to what these paint."""
    conv = [layer for layer in layers if layer.kind == "conv"]
    if not conv:
        return ()
    side = min(MOVED_PX, conv[-1].side)
    features = [layer.index for layer in conv if layer.side == side][-1]
    colours = [layer.index for layer in layers if layer.kind == "colours" and layer.index < features]
    return (features, *colours[-1:])


class _Each:
    """Called after each layer: widens the input, moves, bends features, weighs colours, looks at the tapped layer."""

    def __init__(self, plan: Plan, network: Any, waves: bool) -> None:
        self._plan, self._waves = plan, waves
        self._moved = () if waves or plan.placed is None else moved_at(network.layers)
        self._bends, self._rgb = plan.bends or {}, plan.rgb or {}
        self._tapped = -1 if plan.tap is None else plan.tap.layer.index
        self._before: Tensor | None = None
        self.seen: Tensor | None = None

    def __call__(self, layer: Any, x: Tensor) -> Tensor:
        if layer.kind == "input" and not self._waves and self._plan.fill != "mirror" and self._plan.shape != SQUARE:
            x = filled(x, self._plan.shape, self._plan.fill)
        if layer.index in self._moved and self._plan.placed is not None:
            x = bending.affine(x, self._plan.placed)
        for bend in self._bends.get(layer.index, ()):
            x = bending.apply(x, bend.operation, bend.amount, bend.angle, bend.channels)
        if layer.index in self._rgb:
            x = self._colours(x, self._rgb[layer.index])
        if layer.index == self._tapped:
            self.seen = x.float()
            margin = (layer.side - layer.rate) // 2
            if margin > 0:
                self.seen = self.seen[:, :, margin:-margin, margin:-margin]
        return x

    def _colours(self, so_far: Tensor, gain: float) -> Tensor:
        """`so_far` holds what was handed on before, enlarged, and this size's own colours: those are weighed."""
        before = 0.0 if self._before is None else upsample(self._before)
        self._before = so_far if gain == 1.0 else before + gain * (so_far - before)
        return self._before


def filled(const: Tensor, shape: tuple[int, int], fill: str) -> Tensor:
    """A constant [n, c, rows, columns] that was mirrored outwards, made anew from its middle 4 by 4 cells: repeated,
    or stretched over all of them."""
    rows_, columns = const.shape[-2:]
    top, left = (rows_ - CELLS) // 2, (columns - CELLS) // 2
    if min(rows_, columns) < CELLS:
        return const
    middle = const[:, :, top : top + CELLS, left : left + CELLS]
    if fill == "stretch":
        return F.interpolate(middle.float(), size=shape, mode="bilinear", align_corners=True).to(const.dtype)
    down = (torch.arange(rows_) - top).remainder(CELLS).to(const.device)
    along = (torch.arange(columns) - left).remainder(CELLS).to(const.device)
    return middle.index_select(2, down).index_select(3, along)


def _shown(tap: Tap, seen: Tensor, study: Study) -> Tensor:
    """What a tapped layer gave [1, c, h, w] as colours [1, 3, h, w], about -1..1."""
    if tap.kind == "rgb":
        return seen if seen.shape[1] == 3 else seen[:, :1].expand(-1, 3, -1, -1)
    if tap.kind == "pca":
        known = study.known(tap.layer)
        flat = torch.einsum("nchw,ck->nkhw", seen - known.mean[:, None, None], known.basis)
        return torch.tanh(0.7 * flat)
    channels = (torch.arange(3, device=seen.device) + tap.channel) % seen.shape[1]
    maps = seen.index_select(1, channels)
    deviation = maps.std(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    return torch.tanh(0.7 * (maps - maps.mean(dim=(2, 3), keepdim=True)) / deviation)
