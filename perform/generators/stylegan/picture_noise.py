"""Another picture into a StyleGAN: its light and dark into the noise of the layers, its colours into the style.

Noise decides where things lie that the style leaves open ([K19] section 3.2), so a network bends its own forms to the
picture in place of copying it: rings drawn by a rule become rings of whatever the model knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from perform.core.params import Param
from perform.core.types import Picture

from .grain import LENT, Grain

NAME = "picture"
PARAMS: tuple[Param, ...] = (
    Param("noise_picture", "float", 0.0, 0.0, 1.0,
          doc="how strongly the picture at inputs/picture is pressed into the grain, light against dark"),
    Param("picture_style", "float", 0.0, -1.0, 1.0,
          doc="how far the colours of the picture at inputs/picture carry the style along the first four directions"),
)  # fmt: skip
STRENGTH = 4.0  # of a full imprint, in deviations of the noise as trained
SMALLEST_DEVIATION = 0.04  # of the picture's luminance: below that it says nothing and is not blown up
CLIP = 2.5


def light_of(picture: Picture) -> np.ndarray:
    """[h, w] float32, mean 0 and deviation 1, of what is bright and dark in a picture; 0 where it is flat."""
    image = np.asarray(picture.image)[..., :3].astype(np.float32) / 255.0
    luma = image @ np.array([0.30, 0.59, 0.11], np.float32)
    deviation = float(luma.std())
    flat = (luma - luma.mean()) / max(deviation, SMALLEST_DEVIATION)
    clipped: np.ndarray = np.clip(flat, -CLIP, CLIP)
    return clipped


def tone_of(picture: Picture) -> tuple[float, float, float, float]:
    """How bright, warm, green and rich in contrast a picture is, each about -1..1 with 0 for a middling one."""
    image = np.asarray(picture.image)[..., :3].astype(np.float32) / 255.0
    red, green, blue = (float(v) for v in image.mean(axis=(0, 1)))
    deviation = float((image @ np.array([0.30, 0.59, 0.11], np.float32)).std())
    bright = 0.30 * red + 0.59 * green + 0.11 * blue
    found = (2.0 * bright - 0.7, 2.5 * (red - blue), 3.0 * (green - 0.5 * (red + blue)), 5.0 * deviation - 0.8)
    return tuple(min(max(v, -1.0), 1.0) for v in found)  # type: ignore[return-value]


def styled(p: Mapping[str, Any], picture: Picture | None) -> Mapping[str, Any]:
    """The rows with the directions carried along by the picture's tone."""
    amount = float(p["picture_style"])
    if picture is None or amount == 0.0:
        return p
    carried = {
        f"direction_{n}": float(p[f"direction_{n}"]) + amount * part for n, part in enumerate(tone_of(picture), 1)
    }
    return {**p, **carried}


class PictureNoise:
    """Presses a picture into the noise that a Grain keeps in a network's fused layers."""

    def __init__(self, network: Any, grain: Grain) -> None:
        self._grain = grain
        self._layers = [c for b in getattr(getattr(network, "_fused", None), "blocks", ()) for c in b.convs]
        self._silent = [bool(layer.silent) for layer in self._layers]
        self._pressed = False

    def play(
        self, angle: float, gains: Sequence[float], picture: Picture | None = None, amount: float = 0.0
    ) -> list[float]:
        """`Grain.play`, and the picture on top. Returns the gains that the network is to be called with."""
        wanted = picture is not None and amount > 0.0 and bool(self._layers)
        if wanted or self._pressed:
            self._grain.forget()  # the patterns are laid out anew, without what was pressed into them
        called = self._grain.play(angle, gains)
        self._pressed = wanted
        if wanted:
            assert picture is not None
            self._press(torch.from_numpy(light_of(picture))[None, None], amount, called, gains)
        return called

    def _press(self, light: torch.Tensor, amount: float, called: list[float], gains: Sequence[float]) -> None:
        for index, layer in enumerate(self._layers):
            side = layer.const.shape[-2:]
            small = F.interpolate(light, size=tuple(side), mode="area").to(layer.const)
            if self._silent[index]:
                if layer.silent:
                    layer.const.zero_()
                    layer.silent = False
                layer.const.add_(small, alpha=amount * STRENGTH * LENT * gains[index])
            else:
                layer.const.add_(small * (layer.strength.to(layer.const) * (amount * STRENGTH)))
