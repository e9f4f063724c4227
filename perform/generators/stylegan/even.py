"""Pace for the eye: a walk re-timed so that the picture, and not a number, changes evenly.

Equal steps through w are not equal steps in the picture. So the path is looked at ahead in small pictures: how much
each eighth of the way from seed to seed changes them, against what is usual in this model, is that stretch's rate.
The rate of a stretch depends on the path alone, never on when it was measured, so a show stays replayable.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from .anchors import Anchors
from .walk import trail

CELLS = 8  # stretches from seed to seed
LEAST, MOST = 0.25, 4.0  # rates: a dead stretch is not leapt over, a wild one not frozen
USUAL_SEED, USUAL_SEEDS = 11, 3  # the trail that tells what is usual
SIDE_PX = 32  # of the pictures that are looked at
KEPT = 512

Path = Callable[[float], np.ndarray]
"""Seeds travelled -> deviation [w_dim]."""


class Even:
    """The rates of stretches of paths. look: deviation -> a small picture, any array of floats."""

    def __init__(self, look: Callable[[np.ndarray], np.ndarray], anchors: Anchors) -> None:
        self._look, self._anchors = look, anchors
        self._usual = 0.0
        self._seen: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._rates: OrderedDict[Hashable, float] = OrderedDict()

    def rate(self, key: Hashable, path: Path, cell: int) -> float:
        """How fast the picture changes in a stretch (from cell/CELLS to (cell + 1)/CELLS seeds), 1 as usual. key: what
        the path depends on."""
        found = self._rates.get((key, cell))
        if found is None:
            change = self._change(key, path, cell)
            found = min(max(change / self.usual, LEAST), MOST) if self.usual > 0.0 else 1.0
            self._rates[key, cell] = found
            while len(self._rates) > KEPT:
                self._rates.popitem(last=False)
        return found

    @property
    def usual(self) -> float:
        """Mean change of a stretch in this model; measured when it is first asked for."""
        if self._usual == 0.0:
            changes = [
                self._change("usual", lambda u: trail(self._anchors, USUAL_SEED, u), cell)
                for cell in range(CELLS * USUAL_SEEDS)
            ]
            self._usual = float(np.mean(changes))
        return self._usual

    def _change(self, key: Hashable, path: Path, cell: int) -> float:
        return float(np.abs(self._picture(key, path, cell + 1) - self._picture(key, path, cell)).mean())

    def _picture(self, key: Hashable, path: Path, at: int) -> np.ndarray:
        found = self._seen.get((key, at))
        if found is None:
            self._seen[key, at] = found = self._look(path(at / CELLS))
            while len(self._seen) > 4 * CELLS:
                self._seen.popitem(last=False)
        return found

    def advance(self, key: Hashable, path: Path, u: float, way: float, amount: float) -> float:
        """Where a walk at `u` is after a way of `way` seeds, `amount` (0..1) of it evened out. Exact for any step: the
        pace is constant within a stretch."""
        left = way
        for _ in range(64 * CELLS):
            cell = int(u * CELLS)
            rate = 1.0 + amount * (self.rate(key, path, cell) - 1.0)
            rest = (cell + 1) / CELLS - u
            if left < rest * rate:
                return u + left / rate
            left -= rest * rate
            u = (cell + 1) / CELLS
        return u

    def timed(self, key: Hashable, path: Path, segment: int, part: float, amount: float) -> float:
        """Where (0..1) in a segment from one keyframe to the next to be after `part` of its time, so that the picture
        changes evenly on the way; the keyframes themselves stay in time."""
        rates = [1.0 + amount * (self.rate(key, path, segment * CELLS + n) - 1.0) for n in range(CELLS)]
        ends = np.concatenate([[0.0], np.cumsum(rates)]) / sum(rates)
        return float(np.interp(part, ends, np.linspace(0.0, 1.0, CELLS + 1)))


def looker(network: Any, anchors: Anchors) -> Callable[[np.ndarray], np.ndarray]:
    """deviation [w_dim] -> the model's picture of it at about SIDE_PX, [c, h, w], without grain. Small pictures are
    read off an early layer where the network lets go of them there, and are box means of whole ones elsewhere."""
    import torch
    import torch.nn.functional as F

    colours = [layer for layer in getattr(network, "layers", ()) if layer.kind == "colours" and layer.side >= SIDE_PX]
    more = {"stop": colours[0].index} if colours else {}

    def look(deviation: np.ndarray) -> np.ndarray:
        w = torch.from_numpy((anchors.centre + deviation).astype(np.float32))
        with torch.inference_mode():
            picture = network.synthesis(w.expand(1, network.num_ws, -1), noise="none", **more).float().clamp(-1.0, 1.0)
            if picture.shape[-1] > SIDE_PX:
                picture = F.interpolate(picture, size=(SIDE_PX, SIDE_PX), mode="area")
        seen: np.ndarray = picture[0].cpu().numpy()
        return seen

    return look
