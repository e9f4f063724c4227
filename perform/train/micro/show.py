"""Looks at what the micro model has learned: sheets of words by noises, from a checkpoint or a folder."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from .shape import LATENT, Micro, alphas, tokens


@torch.no_grad()
def paint(micro: Micro, texts: list[str], noise: Tensor) -> Tensor:
    """One step from noise [n, LATENT, h, w]: pictures [n, 3, 8 h, 8 w] of -1..1."""
    bar = alphas()[999]
    words = micro.text(tokens(texts)).last_hidden_state
    velocity = micro.unet(noise, torch.tensor([999]), words).sample
    return micro.vae.decode(bar**0.5 * noise - (1 - bar) ** 0.5 * velocity).sample.clamp(-1, 1)


def noises(count: int, height: int, width: int, seed: int = 0) -> Tensor:
    """[count, LATENT, height, width] of a seed."""
    return torch.randn(count, LATENT, height, width, generator=torch.Generator().manual_seed(seed))


def sheet(rows: list[Tensor], path: Path) -> None:
    """Rows of pictures [n, 3, h, w] as one PNG or JPEG."""
    whole = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    pixels = whole.add(1).mul(127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(path, quality=90)
