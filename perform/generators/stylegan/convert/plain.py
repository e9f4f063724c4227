"""State dicts without any description: the names say the family, the shapes the rest, and a config what neither tells.

A StyleGAN2 needs a config only where it was trained with other than the usual settings. A StyleGAN3's rates follow from
the numbers of its training; the usual ones are tried, and must give the very sizes that the layers' names state.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from perform.core.errors import ModelError

from ..alias_free import LayerShape
from ..alias_free.schedule import Recipe, planned, planned_taller
from .foreign import Foreign
from .infer import needed, stylegan2
from .nvidia import Translated, alias_free
from .rosinality import from_rosinality, is_rosinality

LAYER = re.compile(r"synthesis\.(L(\d{1,3})_(\d{1,5})_(\d{1,5}))\.weight")
WORDS = {"margin_size": "margin", "conv_kernel": "kernel", "use_radial_filters": "radial", "conv_clamp": "clamp"}
"""A training's own word -> ours."""
BOTH = ("conv_clamp", "mapping_lr_multiplier", "family")
GROWN = ("up_factor", "head_layers")
RECIPE = tuple(f.name for f in fields(Recipe) if f.name not in ("resolution", "img_channels", "kernel", "radial"))
KNOWN = sorted({*BOTH, *GROWN, *RECIPE, *WORDS, "output_scale"})


def read_config(path: Path) -> dict[str, Any]:
    """A TOML or JSON file of settings. Raises ModelError for one that cannot be read or that is not known."""
    try:
        text = path.read_text("utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: the config cannot be read ({str(error).splitlines()[0][:120]})") from None
    table = {**table, **table.pop("architecture", {})} if isinstance(table, dict) else {"": table}
    unknown = sorted(set(table) - set(KNOWN))
    if unknown:
        raise ModelError(f"{path}: the config has {unknown[0][:60]!r}; known are {', '.join(KNOWN)}")
    for key, value in table.items():
        if key != "family" and value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            if not (key == "use_radial_filters" and isinstance(value, bool)):
                raise ModelError(f"{path}: {key} must be a number, not {value!r}")
    return table


def from_state(foreign: Foreign, where: str, config: Mapping[str, Any]) -> Translated:
    """Raises ModelError when the names are of no family that is known, or shapes do not fit."""
    state = {re.sub(r"^(?:module\.|_orig_mod\.|G_ema\.|g_ema\.)+", "", k): v for k, v in foreign.tensors.items()}
    known = {k: config.get(k) for k in ("conv_clamp", "mapping_lr_multiplier")}
    if is_rosinality(state):
        return from_rosinality(state, where, {k: v for k, v in known.items() if v is not None})
    if "synthesis.input.freqs" in state:
        return _alias_free(state, where, config)
    if any(name.startswith("synthesis.b4.") for name in state):
        arch, tensors = stylegan2(state, where, **known)
        return arch, tensors, "StyleGAN2"
    some = ", ".join(sorted(state)[:3]) or "nothing"
    raise ModelError(f"{where}: holds tensors of no StyleGAN that is known ({some[:160]} ...)")


def _alias_free(state: dict[str, Tensor], where: str, config: Mapping[str, Any]) -> Translated:
    named = sorted((int(m[2]), m[1], int(m[3]), int(m[4])) for m in map(LAYER.fullmatch, state) if m)
    if len(named) < 2:
        raise ModelError(f"{where}: the synthesis has no layers named like L0_36_512; the file is torn")
    first = needed(state, f"synthesis.{named[0][1]}.weight", 4, where)
    round_ = any(k.endswith("down_filter") and v.ndim == 2 for k, v in state.items())
    own = {WORDS.get(k, k): v for k, v in config.items() if WORDS.get(k, k) in {f.name for f in fields(Recipe)}}
    grown = {k: int(config[k]) for k in GROWN if config.get(k) is not None}
    count = len(named) - 1
    recipe = Recipe(named[-1][2], num_layers=count, kernel=first.shape[2], radial=round_, img_channels=named[-1][3])
    recipe = replace(
        recipe, **{k: int(v) if k in ("num_layers", "num_critical", "margin") else v for k, v in own.items()}
    )
    sizes = {"z_dim": 1, "w_dim": 1}
    try:
        if len(grown) == 2:
            kept = named[-1][0] - grown["head_layers"] - 1
            stem = replace(recipe, resolution=recipe.resolution // grown["up_factor"],
                           num_layers=kept + recipe.num_critical)  # fmt: skip
            arch, _ = planned_taller(stem, grown["up_factor"], grown["head_layers"], **sizes)
        else:
            arch, _ = planned(recipe, **sizes)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ModelError(f"{where}: its config gives no network; see docs/your_checkpoint.md") from None
    if [layer.out_size for layer in arch.layers] != [size for _, _, size, _ in named]:
        raise ModelError(f"{where}: a StyleGAN3 trained with other than the usual numbers; state them in a config "
                         "(num_critical, first_cutoff, first_stopband, last_stopband_rel, margin_size; for a head of "
                         "StyleGAN-XL up_factor and head_layers), see docs/your_checkpoint.md")  # fmt: skip
    layers = tuple(
        _as_named(shape, state, name, where) for shape, (_, name, _, _) in zip(arch.layers, named, strict=True)
    )
    waves = replace(arch.input, channels=needed(state, "synthesis.input.freqs", 2, where).shape[0])
    lr_multiplier = float(config.get("mapping_lr_multiplier") or 0.01)
    return alias_free(state, layers, waves, float(config.get("output_scale") or 0.25), lr_multiplier, where)


def _as_named(shape: LayerShape, state: Mapping[str, Tensor], name: str, where: str) -> LayerShape:
    """A planned layer with the channels and filters that it really has."""
    weight = needed(state, f"synthesis.{name}.weight", 4, where)
    down = state.get(f"synthesis.{name}.down_filter")
    return replace(shape, name=name, inputs=weight.shape[1], outputs=weight.shape[0], kernel=weight.shape[2],
                   radial=down is not None and down.ndim == 2)  # fmt: skip
