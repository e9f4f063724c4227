"""StyleGAN2 as TensorFlow kept it: names and layouts of variables, translated. Version 4 of its networks and later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

from ..network import Architecture
from .foreign import Foreign
from .infer import stylegan2

ROWS = (
    (r"dlatent_avg", "mapping.w_avg", "as it is"),
    (r"mapping/LabelEmbed/weight", "mapping.embed.weight", "turned"),
    (r"mapping/LabelEmbed/bias", "mapping.embed.bias", "as it is"),
    (r"mapping/Dense(\d+)/weight", "mapping.fc{0}.weight", "turned"),
    (r"mapping/Dense(\d+)/bias", "mapping.fc{0}.bias", "as it is"),
    (r"synthesis/4x4/Const/const", "synthesis.b4.const", "first"),
    (r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1|ToRGB|Skip)/weight", "synthesis.b{0}.{1}.weight", "kernel"),
    (r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1|ToRGB)/bias", "synthesis.b{0}.{1}.bias", "as it is"),
    (r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1|ToRGB)/mod_weight", "synthesis.b{0}.{1}.affine.weight", "turned"),
    (r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1|ToRGB)/mod_bias", "synthesis.b{0}.{1}.affine.bias", "one more"),
    (r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1)/noise_strength", "synthesis.b{0}.{1}.noise_strength", "as it is"),
)
"""Name there -> name here, and what is done to the numbers."""
PARTS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb", "Skip": "skip"}
NOISE = re.compile(r"synthesis/noise(\d+)")
PASSED = re.compile(r"(?:.*/)?(?:lod|resample_kernel)|noise\d+")
"""Variables that only its training needed."""


def from_tensorflow(foreign: Foreign, where: str) -> tuple[Architecture, dict[str, Tensor], str]:
    """Raises ModelError for StyleGAN1, and for settings that change what the network does."""
    settings = foreign.settings
    version, kwargs = settings.get("version"), settings.get("static_kwargs")
    names = " ".join(foreign.tensors)
    if not isinstance(version, int) or version < 4 or "StyleMod" in names or "mod_weight" not in names:
        raise ModelError(f"{where}: is a StyleGAN of 2018, or a PGGAN, of which this instrument knows nothing; only "
                         "StyleGAN2 and later play")  # fmt: skip
    kwargs = kwargs if isinstance(kwargs, Mapping) else {}
    _check_settings(kwargs, where)
    state: dict[str, Tensor] = {}
    for name, value in foreign.tensors.items():
        if PASSED.fullmatch(name):
            continue
        noise = NOISE.fullmatch(name)
        here, found = _noise(int(noise.group(1)), value) if noise else _translated(name, value, where)
        state[here] = found
    scalars = settings.get("scalars")
    for name, number in (scalars if isinstance(scalars, Mapping) else {}).items():
        if not PASSED.fullmatch(name):
            here, found = _translated(name, torch.tensor(float(number)), where)
            state[here] = found
    known = {"mapping_lr_multiplier": kwargs.get("mapping_lrmul", 0.01), "conv_clamp": kwargs.get("conv_clamp")}
    arch, tensors = stylegan2(state, where, **known)
    return arch, tensors, "StyleGAN2 of TensorFlow"


def _check_settings(kwargs: Mapping[str, Any], where: str) -> None:
    for name, good in (("nonlinearity", "lrelu"), ("mapping_nonlinearity", "lrelu"), ("resample_kernel", [1, 3, 3, 1]),
                       ("normalize_latents", True)):  # fmt: skip
        value = kwargs.get(name)
        if value is not None and value != good:
            raise ModelError(f"{where}: was trained with {name} = {value!r}; only {good!r} is known")


def _noise(number: int, value: Tensor) -> tuple[str, Tensor]:
    """Patterns are counted through: 0 at 4 px, then two in each block."""
    size, part = 4 << ((number + 1) // 2), "conv0" if number % 2 else "conv1"
    return f"synthesis.b{size}.{part}.noise_const", value.reshape(value.shape[-2:])


def _translated(name: str, value: Tensor, where: str) -> tuple[str, Tensor]:
    for there, here, how in ROWS:
        match = re.fullmatch(there, name)
        if match is None:
            continue
        groups = [PARTS.get(g, g) for g in match.groups()]
        turns = match.groups()[1:] and match.group(2) in ("Conv0_up", "Skip")
        if how == "turned":
            value = value.T
        elif how == "first":
            value = value[0]
        elif how == "one more":
            value = value + 1.0
        elif how == "kernel" and value.ndim == 4:
            value = (value.flip(0, 1) if turns else value).permute(3, 2, 0, 1)
        return here.format(*groups), value
    raise ModelError(f"{where}: has the variable {name[:80]!r}, which no StyleGAN2 has")
