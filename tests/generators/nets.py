"""Tiny networks of every family, with random weights that show."""

from __future__ import annotations

import math

import torch

from perform.generators.stylegan import Architecture, Generator
from perform.generators.stylegan.alias_free import Architecture3, Generator3
from perform.generators.stylegan.alias_free.schedule import Recipe, planned, planned_taller

LEAST = Recipe(16, channel_base=64, channel_max=6, num_layers=4)
SIZES = {"z_dim": 8, "w_dim": 8}
CLASSES = {"c_dim": 3, "class_table": 5, "class_means": True, "embed_features": 8}
TWO = {"resolution": 16, "channel_base": 128, "channel_max": 12, "num_mapping_layers": 2, **SIZES}


def two(**more: object) -> Generator:
    """A StyleGAN2."""
    torch.manual_seed(3)
    made = Generator(Architecture(**{**TWO, **more}))  # type: ignore[arg-type]
    with torch.no_grad():
        for name, value in made.named_parameters():
            if name.endswith(("bias", "noise_strength")):
                value.add_(torch.randn_like(value) * 0.3)
        made.mapping.w_avg.normal_()
    return made


def three(kind: str = "t") -> Generator3:
    """t, r: StyleGAN3. classes: with labels. xl, xl_head: StyleGAN-XL, the second with its head for twice the size."""
    plan: dict[str, tuple[Architecture3, dict[str, torch.Tensor]]] = {
        "t": planned(LEAST, **SIZES),
        "r": planned(Recipe(16, channel_base=64, channel_max=6, num_layers=4, kernel=1, radial=True), **SIZES),
        "classes": planned(LEAST, **SIZES, c_dim=3),
        "xl": planned(LEAST, **SIZES, **CLASSES),
        "xl_head": planned_taller(LEAST, 2, 3, **SIZES, **CLASSES),
    }
    torch.manual_seed(4)
    arch, filters = plan[kind]
    made = Generator3(arch)
    made.set_filters(filters)
    with torch.no_grad():
        made.mapping.w_avg.normal_()
        waves = made.synthesis.input
        waves.affine.weight.mul_(0.3)
        waves.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
        angles = torch.rand(len(waves.freqs)) * 2 * math.pi
        waves.freqs.copy_(torch.stack([angles.cos(), angles.sin()], 1) * arch.input.bandwidth)
        waves.phases.uniform_(-0.5, 0.5)
        for layer in made.synthesis.filtered():
            layer.magnitude_ema.uniform_(0.5, 2.0)
            layer.bias.normal_(0, 0.2)
    return made
