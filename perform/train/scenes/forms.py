"""The families of forms. Each takes fields (values of about -2..2, [n, 4, h, w]) and knobs, and gives three maps
[n, h, w]: where on the palette (0..1), how much light falls there, and what glows by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Maps = tuple[Tensor, Tensor, Tensor]
Fields = dict[str, Tensor]


@dataclass(frozen=True)
class Knobs:
    """density, motion, edge: [n, 1, 1], 1 at rest."""

    density: Tensor
    motion: Tensor
    edge: Tensor

    def at(self, rows: Tensor) -> Knobs:
        """Those of some pictures."""
        return Knobs(self.density[rows], self.motion[rows], self.edge[rows])


def _step(x: Tensor, low: float, high: float) -> Tensor:
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _slope(x: Tensor) -> tuple[Tensor, Tensor]:
    """Change per pixel, right and down."""
    padded = F.pad(x[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    return (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2, (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2


def _four(field: Fields, knobs: Knobs, name: str = "round") -> list[Tensor]:
    """The four fields, the first two folded into each other by the motion."""
    a, b, c, d = field[name].unbind(1)
    m = 0.45 * knobs.motion
    return [a + m * torch.sin(1.7 * b + c), b + m * torch.sin(1.7 * a - d), c, d]


def fog(field: Fields, knobs: Knobs) -> Maps:
    """What no words ask for: a quiet grey-lit haze."""
    a, b, _, _ = field["round"].unbind(1)
    return 0.5 + 0.2 * b, 0.12 + 0.05 * torch.tanh(a), 0 * a


def marble(field: Fields, knobs: Knobs) -> Maps:
    """Ink folded into itself."""
    a, b, c, _ = _four(field, knobs)
    turn = knobs.density * (1.2 * a + 0.8 * knobs.motion * torch.sin(1.2 * b + 0.8 * a))
    band = 0.5 + 0.5 * torch.sin(2 * turn)
    vein = torch.exp(-((torch.sin(turn + 0.5 * c) * 2.4 * knobs.edge) ** 2))
    return band, 0.10 + 0.95 * band**1.6 + 0.1 * torch.tanh(c), 0.35 * vein * band


def rings(field: Fields, knobs: Knobs) -> Maps:
    """Thin bright contours, height lines of a drowned land."""
    a, b, _, _ = _four(field, knobs)
    turn = 2.3 * knobs.density * a
    line = torch.exp(-((torch.sin(turn) * 2.6 * knobs.edge) ** 2))
    deep = _step(a, -2.0, 2.0)
    return deep, 0.05 + 0.22 * deep + 0.95 * line, 0.25 * line * (0.5 + 0.5 * torch.tanh(b))


def zebra(field: Fields, knobs: Knobs) -> Maps:
    """Two tones, broad bands with an edge."""
    a, b, _, _ = _four(field, knobs)
    wave = torch.sin(2.7 * knobs.density * (0.75 * a + 0.35 * b))
    band = torch.sigmoid(4.5 * knobs.edge * wave)
    return band * 0.9 + 0.05, 0.03 + 1.1 * band, 0 * a


def _pixels(field: Fields, period: int) -> tuple[Tensor, Tensor]:
    """Where a pixel lies in its block, right and down, -1..1: [1, 1, w] and [1, h, 1]."""
    height, width = field["round"].shape[2:]
    spot = (torch.arange(max(height, width)) % period + 0.5) / period * 2 - 1
    return spot[None, None, :width], spot[None, :height, None]


def _per_block(value: Tensor, period: int) -> Tensor:
    return value.repeat_interleave(period, 1).repeat_interleave(period, 2)


def _choose(knobs: Knobs, sparse: int, mid: int, dense: int) -> list[tuple[int, Tensor]]:
    """(block side in px, the pictures that have it) for the density of each."""
    density = knobs.density[:, 0, 0]
    sides = torch.where(density < 0.9, sparse, torch.where(density > 1.1, dense, mid))
    return [(int(side), torch.nonzero(sides == side)[:, 0]) for side in sides.unique()]


def _by_side(field: Fields, knobs: Knobs, sides: tuple[int, int, int], drawer: Callable[..., Maps]) -> Maps:
    out = [torch.zeros_like(field["round"][:, 0]) for _ in range(3)]
    for side, rows in _choose(knobs, *sides):
        part = {key: value[rows] for key, value in field.items()}
        for whole, piece in zip(out, drawer(part, knobs.at(rows), side), strict=True):
            whole[rows] = piece
    return out[0], out[1], out[2]


def _nearest(field: Fields, side: int, stray: float) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Cellular pattern (Worley, 1996) with one strayed point in each block of `side` px.

    Gives the distance to the nearest point and to the second, in blocks; which point (0..1); and the way to it.
    """
    block = field[f"block_{side // 8}"]
    h, w = block.shape[2:]
    padded = F.pad(block, (1, 1, 1, 1), mode="replicate")
    x, y = _pixels(field, side)
    gone, own, ways = [], [], []
    for j in range(3):
        for i in range(3):
            part = padded[:, :, j : j + h, i : i + w]
            point = [i - 1 + 0.5 * stray * torch.tanh(part[:, 0]), j - 1 + 0.5 * stray * torch.tanh(part[:, 1])]
            dx, dy = (_per_block(p, side) - 0.5 * q for p, q in zip(point, (x, y), strict=True))
            gone.append((dx * dx + dy * dy).sqrt())
            own.append(_per_block(0.5 + 0.5 * torch.tanh(0.9 * part[:, 2]), side))
            ways.append((dx, dy))
    stack = torch.stack(gone, 1)
    two = stack.topk(2, dim=1, largest=False)
    take = two.indices[:, :1]
    which, dx, dy = (torch.stack(p, 1).gather(1, take)[:, 0] for p in (own, [w[0] for w in ways], [w[1] for w in ways]))
    return two.values[:, 0], two.values[:, 1], which, dx, dy


def cells(field: Fields, knobs: Knobs) -> Maps:
    """Rounded stones with dark seams."""

    def drawer(field: Fields, knobs: Knobs, side: int) -> Maps:
        first, second, which, dx, dy = _nearest(field, side, 0.85)
        body = _step(second - first, 0.03, 0.03 + 0.30 / float(knobs.edge.mean()))
        facing = (0.62 - 0.75 * (-dx - dy)).clamp(0, 1.3)
        sheen = torch.exp(-(((dx - 0.14) ** 2 + (dy - 0.14) ** 2) / 0.012))
        return 0.1 + 0.8 * which, body * (0.16 + 0.8 * facing * (0.4 + 0.6 * which)), 0.45 * body * sheen

    return _by_side(field, knobs, (32, 32, 16), drawer)


def dots(field: Fields, knobs: Knobs) -> Maps:
    """Lit beads in rows, as large as a field says."""

    def drawer(field: Fields, knobs: Knobs, side: int) -> Maps:
        a, b, _, _ = _four(field, knobs)
        x, y = _pixels(field, side)
        gone = (x * x + y * y).sqrt()
        size = 0.30 + 0.58 * _step(a, -1.5, 1.5)
        bead = torch.sigmoid((size - gone) * 1.1 * side * knobs.edge / 2)
        facing = 0.45 + 0.75 * (0.75 - 0.5 * ((x + 0.25) ** 2 + (y + 0.3) ** 2) / size**2).clamp(0, 1)
        sheen = torch.exp(-(((x + 0.3 * size) ** 2 + (y + 0.3 * size) ** 2) / (0.10 * size**2)))
        return _step(b, -1.5, 1.5), 0.015 + bead * facing, 0.35 * bead * sheen

    return _by_side(field, knobs, (32, 16, 8), drawer)


def jelly(field: Fields, knobs: Knobs) -> Maps:
    """Translucent bodies with a bright rim and threads inside, in dark water."""
    a, b, c, _ = _four(field, knobs)
    shape = a + 0.22 * torch.sin(3.0 * knobs.density * b)
    body = _step(shape, 0.05, 1.5)
    rim = torch.exp(-(((shape - 0.22) * 4.6 * knobs.edge) ** 2))
    thread = torch.exp(-((torch.sin(4.2 * knobs.density * (b + 0.4 * c)) * 2.4) ** 2)) * _step(shape, 0.15, 0.7)
    return 0.15 + 0.75 * body, 0.02 + 0.34 * body + 0.95 * rim + 0.42 * thread, 0.22 * rim + 0.16 * thread


def silk(field: Fields, knobs: Knobs) -> Maps:
    """Cloth lit from the upper left."""
    a, b, c, _ = _four(field, knobs)
    height = 15 * (a + 0.42 * torch.sin(2.5 * knobs.density * (b + 0.5 * a)))
    right, down = _slope(height)
    norm = (right**2 + down**2 + 1).rsqrt()
    facing = (0.55 * -right + 0.62 * -down + 0.56) * norm
    sheen = facing.clamp_min(0) ** (7 * knobs.edge)
    return _step(a + 0.4 * c, -1.8, 1.8), 0.06 + 0.85 * facing.clamp_min(0), 0.42 * sheen


def lightning(field: Fields, knobs: Knobs) -> Maps:
    """Glowing threads, white at the core."""
    a, b, c, _ = _four(field, knobs, "round")
    light, core = 0.015 + 0 * a, 0 * a
    for x, y in ((a, b), (b, c)):
        off = (torch.sin(1.3 * knobs.density * x) + 0.14 * torch.sin(2.2 * y)).abs()
        near = 1 / (1 + (off * 6 * knobs.edge) ** 2)
        light, core = light + 0.62 * near, core + near**3
    return _step(b, -1.5, 1.5), light, 0.85 * core


def nebula(field: Fields, knobs: Knobs) -> Maps:
    """Clouds of gas, and stars where the noise is highest."""
    a, b, c, _ = _four(field, knobs)
    fine = field["fine"]
    cloud = a + 0.33 * knobs.edge * fine[:, 2] + 0.5 * torch.sin(1.4 * knobs.density * b)
    gas = _step(cloud, -0.7, 2.4)
    lane = _step(c + 0.3 * fine[:, 3], -0.4, 1.0)
    return _step(b, -1.6, 1.6), 0.02 + 1.25 * gas * (0.35 + 0.65 * lane), 0.35 * gas**3 + stars(field["grain"], knobs)


def stars(grain: Tensor, knobs: Knobs) -> Tensor:
    """A soft point in the middle of each cell whose noise is high, [n, h, w]."""
    cells = ((grain - 1.75).clamp_min(0) * 1.1).clamp_max(1.1)
    large = F.interpolate(cells, scale_factor=8, mode="nearest")[:, 0]
    along = (torch.arange(8) - 3.5) ** 2
    spot = torch.exp(-(along[:, None] + along[None]) / 2.6)
    return large * spot.repeat(grain.shape[2], grain.shape[3])


def crystal(field: Fields, knobs: Knobs) -> Maps:
    """Facets, each with its own slope to the light, and bright edges."""

    def drawer(field: Fields, knobs: Knobs, side: int) -> Maps:
        first, second, which, dx, dy = _nearest(field, side, 0.9)
        angle = 3.1 * which
        ramp = 0.5 + 0.9 * (dx * torch.cos(angle) + dy * torch.sin(angle))
        edge = torch.exp(-(((second - first) * 9 * knobs.edge) ** 2))
        light = 0.06 + 0.85 * ramp.clamp(0, 1.2) * (0.25 + 0.75 * which)
        return 0.15 + 0.7 * ramp.clamp(0, 1), light, 0.65 * edge * ramp.clamp(0.1, 1)

    return _by_side(field, knobs, (32, 32, 16), drawer)


def aurora(field: Fields, knobs: Knobs) -> Maps:
    """Curtains of light that hang and burn."""
    a, b, c, d = _four(field, knobs, "tall")
    ray = 0.5 + 0.5 * torch.sin(3.2 * knobs.density * (b + 0.3 * d))
    body = _step(a, -0.7, 1.8)
    fade = _step(field["round"][:, 2], -1.6, 1.0)
    return (
        _step(0.7 * a + 0.7 * c, -1.5, 1.7),
        0.02 + body * fade * (0.22 + 1.5 * ray ** (1.6 * knobs.edge)),
        0.3 * body * fade * ray**6,
    )


def mosaic(field: Fields, knobs: Knobs) -> Maps:
    """Square tiles, one light each, with seams."""

    def drawer(field: Fields, knobs: Knobs, side: int) -> Maps:
        tile = [_per_block(F.avg_pool2d(p[:, None], side)[:, 0], side) for p in _four(field, knobs)]
        x, y = _pixels(field, side)
        own = _per_block(torch.tanh(field[f"block_{side // 8}"][:, 3]), side)
        body = torch.sigmoid((0.84 - torch.maximum(x.abs(), y.abs())) * 0.9 * side * knobs.edge)
        bright = _step(tile[0] + 0.55 * own, -1.3, 1.5)
        return _step(tile[1], -1.4, 1.4), body * (0.05 + 1.05 * bright * (1 - 0.18 * (x + y))), 0.2 * body * bright**4

    return _by_side(field, knobs, (32, 16, 8), drawer)
