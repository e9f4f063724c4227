"""Pictures on their way into a diffusion model: fitted to its frame so that loops through the screen stay put."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from perform.core.types import Picture

from .rows import BANDS


def fitted(picture: Picture, size: tuple[int, int], device: Any) -> Tensor:
    """[1, 3, h, w] float32 0..1 on the device. All of its width; too low a picture has its edges mirrored outwards,
    where it is too high its middle is taken: just what a deck shows of a square picture on a wide stage."""
    pixels = torch.from_numpy(np.ascontiguousarray(np.asarray(picture.image)[..., :3])).to(device)
    image = pixels.permute(2, 0, 1)[None].float().mul_(1.0 / 255.0)
    height, width = size
    tall = max(round(image.shape[2] * width / image.shape[3]), 1)
    if tall < height:
        image = F.interpolate(image, (tall, width), mode="bilinear", align_corners=False, antialias=True)
        return padded(image, height)
    image = F.interpolate(image, (tall, width), mode="bilinear", align_corners=False, antialias=True)
    top = (tall - height) // 2
    return image[:, :, top : top + height]


def padded(image: Tensor, height: int) -> Tensor:
    """Rows mirrored outwards, as often as it takes."""
    while image.shape[2] < height:
        most = image.shape[2] - 1
        above = min((height - image.shape[2] + 1) // 2, most)
        below = min(height - image.shape[2] - above, most)
        if most == 0:
            return image.expand(-1, -1, height, -1)
        image = F.pad(image, (0, 0, above, below), mode="reflect")
    return image


def light(picture: Picture, cells: tuple[int, int], size: tuple[int, int], device: Any) -> Tensor:
    """[1, 1, rows, columns] 0..1: how bright a picture is in each latent cell of a frame of `size`."""
    image = fitted(picture, size, device)
    weights = torch.tensor([0.299, 0.587, 0.114], device=device).view(1, 3, 1, 1)
    return F.interpolate((image * weights).sum(1, keepdim=True), cells, mode="area")


def spectrum_field(bands: list[float], shape: str, cells: tuple[int, int]) -> np.ndarray:
    """[rows, columns] 0..1: bands from low to high as columns, rows (low at the foot) or rings, joined softly."""
    rows, columns = cells
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5
    if shape == "rows":
        place = 1.0 - y / rows
    elif shape == "rings":
        place = np.hypot(x / columns - 0.5, y / rows - 0.5) / np.hypot(0.5, 0.5)
    else:
        place = x / columns
    centres = (np.arange(BANDS) + 0.5) / BANDS
    return np.interp(place, centres, bands).astype(np.float32)


class Where:
    """Where noise goes in a frame: the picture at inputs/noise_mask, and the bands of the music."""

    def __init__(self) -> None:
        self._asked: Any = None

    def write(
        self, field: Tensor, p: Mapping[str, Any], pictures: Mapping[str, Picture], size: tuple[int, int]
    ) -> None:
        """Fill a loop's `where`, if anything about it is new."""
        amount, spectrum = float(p["noise_mask"]), float(p["noise_spectrum"])
        picture = pictures.get("noise_mask") if amount > 0.0 else None
        bands = [float(p[f"noise_band_{n}"]) for n in range(1, BANDS + 1)] if spectrum > 0.0 else []
        mark = (id(field), picture and (picture.sequence, picture.time_s), amount, spectrum, bands, p["noise_shape"])
        if mark == self._asked:
            return
        self._asked = mark
        cells = (int(field.shape[2]), int(field.shape[3]))
        found = torch.ones_like(field)
        if picture is not None:
            found = 1.0 - amount * (1.0 - light(picture, cells, size, field.device))
        if bands:
            flat = torch.from_numpy(spectrum_field(bands, str(p["noise_shape"]), cells)).to(field.device)
            found = found * (1.0 - spectrum * (1.0 - flat))
        field.copy_(found)
