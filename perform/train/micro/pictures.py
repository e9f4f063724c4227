"""What the micro model is shown: captioned scenes, and other pictures to begin from."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from perform.train import rules, scenes

from .shape import LATENT


@dataclass(frozen=True)
class Batch:
    """Scenes on noise: `noise` [n, LATENT, s/8, s/8], `image` [n, 3, s, s] of -1..1, and their words."""

    scenes: list[scenes.Scene]
    texts: list[str]
    noise: Tensor
    image: Tensor


def scene_batch(count: int, size: int, chance: random.Random, often: Mapping[str, float] | None = None) -> Batch:
    """Scenes by chance, drawn on new noise. often: as in `scenes.some`."""
    wanted = [scenes.some(chance, often) for _ in range(count)]
    noise = torch.randn(count, LATENT, size // 8, size // 8, generator=seeded(chance))
    image = scenes.draw(wanted, scenes.fields(noise, torch.zeros(count)))
    return Batch(wanted, [scenes.caption(s, chance) for s in wanted], noise, image)


def seeded(chance: random.Random) -> torch.Generator:
    """A torch generator that follows `chance`."""
    return torch.Generator().manual_seed(chance.getrandbits(48))


def others(count: int, size: int, chance: random.Random) -> Tensor:
    """Pictures from elsewhere [count, 3, size, size]: other rules, dimmed and tinted like a camera's."""
    generator = seeded(chance)
    z = torch.randn(count, rules.PARAMS, generator=generator)
    image = rules.draw(z, size, oversample=1)
    gain = torch.rand(count, 3, 1, 1, generator=generator) * 1.1 + 0.35
    lift = torch.rand(count, 3, 1, 1, generator=generator) * 0.5
    image = ((image + 1) / 2 * gain + lift * (torch.rand(count, 1, 1, 1, generator=generator) < 0.5)).clamp(0, 1)
    return image * 2 - 1
