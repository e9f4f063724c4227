"""State dicts of the widespread re-implementation of StyleGAN2 by rosinality, translated by name.

Its convolutions scale their weights at run time by 1 / sqrt(inputs * 9), and demodulate afterwards; the scale goes into
the weights here, so that even what is added against division by zero is the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

from ..layers import FIR
from ..network import Architecture
from .infer import stylegan2

LAYER = re.compile(r"(conv1|convs\.(\d+)|to_rgb1|to_rgbs\.(\d+))\.(.+)")
INSIDE = {
    "conv.weight": "weight", "conv.modulation.weight": "affine.weight", "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength", "activate.bias": "bias", "bias": "bias",
}  # fmt: skip
FILTERS = ("conv.blur.kernel", "upsample.kernel")


def is_rosinality(state: Mapping[str, Tensor]) -> bool:
    """Whether the names are that code's."""
    return "conv1.conv.weight" in state and "style.1.weight" in state


def from_rosinality(
    found: Mapping[str, Tensor], where: str, known: Mapping[str, Any]
) -> tuple[Architecture, dict[str, Tensor], str]:
    """known: what tensors do not tell. Raises ModelError for a name that the code does not use."""
    state: dict[str, Tensor] = {}
    for name, value in found.items():
        here = _named(name, value, where)
        if here is not None:
            state[here[0]] = here[1]
    arch, tensors = stylegan2(state, where, **({"mapping_lr_multiplier": 0.01} | dict(known)))
    return arch, tensors, "StyleGAN2 of rosinality"


def _named(name: str, value: Tensor, where: str) -> tuple[str, Tensor] | None:
    if match := re.fullmatch(r"style\.(\d+)\.(weight|bias)", name):
        return f"mapping.fc{int(match[1]) - 1}.{match[2]}", value
    if match := re.fullmatch(r"noises\.noise_(\d+)", name):
        number = int(match[1])
        size, part = 4 << ((number + 1) // 2), "conv0" if number % 2 else "conv1"
        return f"synthesis.b{size}.{part}.noise_const", value.reshape(value.shape[-2:])
    if name == "input.input":
        return "synthesis.b4.const", value[0]
    if name == "latent_avg":
        return "mapping.w_avg", value.flatten()
    match = LAYER.fullmatch(name)
    if match is None:
        raise ModelError(f"{where}: the generator has {name[:80]!r}, which rosinality's has not")
    place, inside = _place(match), match[4]
    if inside in FILTERS:
        tap = torch.tensor(FIR)
        if value.shape != (4, 4) or not torch.allclose(value, 4 * torch.outer(tap, tap), atol=1e-4):
            raise ModelError(f"{where}: {name} is not the filter 1 3 3 1; generators with another one are not known")
        return None
    if inside not in INSIDE:
        raise ModelError(f"{where}: the generator has {name[:80]!r}, which rosinality's has not")
    if inside == "conv.weight":
        value = value[0]
        value = value if place.endswith("torgb") else value / math.sqrt(value[0].numel())
    elif inside == "bias":
        value = value.flatten()
    return f"synthesis.{place}.{INSIDE[inside]}", value


def _place(match: re.Match[str]) -> str:
    if match[1] == "conv1":
        return "b4.conv1"
    if match[1] == "to_rgb1":
        return "b4.torgb"
    if match[2] is not None:
        return f"b{8 << (int(match[2]) // 2)}.conv{int(match[2]) % 2}"
    return f"b{8 << int(match[3])}.torgb"
