"""Networks of torch that were pickled whole, each module with its class's name and settings: StyleGAN2-ADA, StyleGAN3
and StyleGAN-XL. Their tensors have our names already."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

from ..alias_free import Architecture3, Generator3, InputShape, LayerShape
from ..network import Architecture
from .foreign import Foreign
from .infer import fitted, mapping_numbers, needed, stylegan2

GENERATORS = ("Generator", "SuperresGenerator")
Translated = tuple[Architecture | Architecture3, dict[str, Tensor], str]
"""(architecture, tensors, what the family is called)."""


def from_modules(foreign: Foreign, where: str) -> Translated:
    """Raises ModelError when it is no generator of these families."""
    modules = {str(m["path"]): m for m in foreign.modules}
    kind = str(modules[""]["class"])
    if kind not in GENERATORS:
        raise ModelError(f"{where}: holds a network of class {kind}; StyleGAN's own is called Generator")
    if "mapping" not in modules or "synthesis" not in modules:
        raise ModelError(f"{where}: its generator has no mapping or no synthesis; it is of another kind, or torn")
    state = dict(foreign.tensors)
    if "synthesis.input" in modules:
        return _alias_free(modules, state, where)
    known = {"mapping_lr_multiplier": _setting(modules, "mapping.fc0", "bias_gain", where), "conv_clamp": None}
    for path, module in modules.items():
        values = module["values"]
        activation = values.get("activation", "lrelu")
        if path.startswith(("synthesis.", "mapping.fc")) and activation not in ("lrelu", "linear"):
            raise ModelError(f"{where}: {path} uses {activation!r}; only leaky ReLU is known")
        if path.endswith((".conv1", ".torgb")):
            known["conv_clamp"] = values.get("conv_clamp")
    arch, tensors = stylegan2(state, where, **known)
    return arch, tensors, "StyleGAN2"


def _setting(modules: Mapping[str, Any], path: str, name: str, where: str, kind: type = float) -> Any:
    """A number that a module keeps. Raises ModelError."""
    value = modules.get(path, {}).get("values", {}).get(name)
    if isinstance(value, list) and value and all(v == value[0] for v in value):
        value = value[0]  # sizes are kept as width and height
    whole = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not whole or kind(value) != value:
        raise ModelError(f"{where}: {path} does not say its {name}; the file is torn, or of another kind of network")
    return kind(value)


def _alias_free(modules: Mapping[str, Any], state: dict[str, Tensor], where: str) -> Translated:
    """StyleGAN3 and StyleGAN-XL: layer by layer, from what each says of itself."""
    names = modules["synthesis"]["values"].get("layer_names")
    if not isinstance(names, list) or not names or not all(f"synthesis.{n}" in modules for n in names):
        raise ModelError(f"{where}: the synthesis does not say its layers; the file is torn")
    layers = tuple(_layer(modules, state, name, where) for name in names)
    first = InputShape(*(_setting(modules, "synthesis.input", k, where, t) for k, t in (
        ("channels", int), ("size", int), ("sampling_rate", int), ("bandwidth", float))))  # fmt: skip
    scale = _setting(modules, "synthesis", "output_scale", where)
    lr_multiplier = _setting(modules, "mapping.fc0", "bias_gain", where)
    return alias_free(state, layers, first, scale, lr_multiplier, where)


def _layer(modules: Mapping[str, Any], state: Mapping[str, Tensor], name: str, where: str) -> LayerShape:
    path = f"synthesis.{name}"
    values = modules[path]["values"]

    def number(key: str) -> int:
        return int(_setting(modules, path, key, where, int))

    pad = values.get("padding")
    if not (isinstance(pad, list) and len(pad) == 4 and pad[:2] == pad[2:] and all(type(p) is int for p in pad)):
        raise ModelError(f"{where}: {path} has an edge of its own on each side; only square pictures are known")
    up, down = state.get(f"{path}.up_filter"), state.get(f"{path}.down_filter")
    colours, clamp = values.get("is_torgb") is True, values.get("conv_clamp")
    return LayerShape(
        name, number("in_channels"), number("out_channels"), number("in_size"), number("out_size"),
        number("in_sampling_rate"), number("out_sampling_rate"), number("conv_kernel"), number("up_factor"),
        number("down_factor"), 1 if up is None else len(up), 1 if down is None else len(down), pad[0], pad[1],
        down is not None and down.ndim == 2, colours, float(clamp) if isinstance(clamp, int | float) else None,
    )  # fmt: skip


def alias_free(
    state: dict[str, Tensor], layers: tuple[LayerShape, ...], first: InputShape, scale: float, lr_multiplier: float,
    where: str,
) -> Translated:  # fmt: skip
    """A StyleGAN3 whose layers are known, put together and checked."""
    means = state.get("mapping.w_avg")
    if "mapping.embed_proj.weight" not in state:
        if "mapping.embed.weight" in state and "mapping.embed.bias" not in state:
            del state["mapping.embed.weight"]  # StyleGAN-XL keeps its table of classes even where there are none
    elif means is not None and means.ndim == 2:
        table = needed(state, "mapping.embed.weight", 2, where)
        state["mapping.embed.weight"] = table[: len(means)]  # and all of its thousand rows where there are fewer
    numbers = mapping_numbers(state, where)
    numbers.pop("layer_features")
    is_table = "mapping.embed_proj.weight" in state
    arch = Architecture3(
        **numbers, resolution=layers[-1].out_size, input=first, layers=layers, img_channels=layers[-1].outputs,
        output_scale=scale, mapping_lr_multiplier=lr_multiplier,
        class_table=needed(state, "mapping.embed.weight", 2, where).shape[1] if is_table else 0,
        class_means=means is not None and means.ndim == 2,
    )  # fmt: skip
    arch = Architecture3.from_table(arch.table(), where)
    with torch.device("meta"):
        expected = {k: tuple(v.shape) for k, v in Generator3(arch).state_dict().items()}
    grown = is_table or not layers[-1].name.startswith(f"L{len(layers) - 1}_")
    family = "StyleGAN-XL" if grown else "StyleGAN3-R" if layers[0].radial else "StyleGAN3-T"
    return arch, fitted(state, expected, where), family
