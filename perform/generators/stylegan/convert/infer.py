"""A StyleGAN2's architecture read off its tensors: `state` is named as public PyTorch checkpoints are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

from ..layers import FIR
from ..mapping import MappingNetwork
from ..network import Architecture, Generator

SAMPLES = 10_000  # of w, where a file keeps no mean of it
SAMPLE_SEED = 0
BLOCK = re.compile(r"synthesis\.b(\d+)\.")


def needed(state: Mapping[str, Tensor], name: str, axes: int, where: str) -> Tensor:
    """A tensor that must be there, with so many axes. Raises ModelError."""
    found = state.get(name)
    if found is None or found.ndim != axes:
        what = "lacks" if found is None else f"has, with {found.ndim} axes instead of {axes},"
        raise ModelError(f"{where}: the generator {what} {name}; the file is torn, or of another kind of network")
    return found


def mapping_numbers(state: Mapping[str, Tensor], where: str) -> dict[str, int]:
    """z_dim, w_dim, c_dim, num_mapping_layers, embed_features, layer_features of any mapping network."""
    count = 0
    while f"mapping.fc{count}.weight" in state:
        count += 1
    first = needed(state, "mapping.fc0.weight", 2, where)
    last = needed(state, f"mapping.fc{count - 1}.weight", 2, where)
    found = {"w_dim": last.shape[0], "num_mapping_layers": count, "c_dim": 0, "embed_features": 0}
    projection = state.get("mapping.embed_proj.weight")
    if projection is not None:
        table = needed(state, "mapping.embed.weight", 2, where)
        found |= {
            "c_dim": table.shape[0],
            "embed_features": needed(state, "mapping.embed_proj.weight", 2, where).shape[0],
        }
    elif "mapping.embed.weight" in state:
        embed = needed(state, "mapping.embed.weight", 2, where)
        found |= {"c_dim": embed.shape[1], "embed_features": embed.shape[0]}
    found["z_dim"] = first.shape[1] - found["embed_features"]
    found["layer_features"] = first.shape[0] if count > 1 else last.shape[0]
    return found


def stylegan2(state: dict[str, Tensor], where: str, **known: Any) -> tuple[Architecture, dict[str, Tensor]]:
    """(architecture, tensors as our network has them). known: entries that tensors do not tell, such as conv_clamp.

    Raises ModelError where something is missing, is left over, or has another shape.
    """
    numbers = mapping_numbers(state, where)
    sizes = sorted({int(m.group(1)) for m in map(BLOCK.match, state) if m})
    wanted = [4 << n for n in range(len(sizes))]
    if not sizes or sizes != wanted:
        raise ModelError(f"{where}: the generator's blocks are {sizes[:12]} px, not 4, 8, 16 ... px")
    widths = [needed(state, f"synthesis.b{size}.conv1.weight", 4, where).shape[0] for size in sizes]
    last = sizes[-1]
    const = needed(state, "synthesis.b4.const", 3, where)
    wiring = "resnet" if f"synthesis.b{last}.skip.weight" in state else (
        "skip" if "synthesis.b4.torgb.weight" in state else "orig")  # fmt: skip
    base, most = _rule(sizes, widths)
    table = numbers | {
        "resolution": last, "channel_base": base, "channel_max": most, "wiring": wiring,
        "rows": const.shape[1], "columns": const.shape[2],
        "img_channels": needed(state, f"synthesis.b{last}.torgb.weight", 4, where).shape[0],
    } | {k: v for k, v in known.items() if v is not None}  # fmt: skip
    arch = Architecture.from_table(table, where)
    if [arch.channels(size) for size in sizes] != widths:
        arch = replace(arch, widths=tuple(widths))
    return arch, _fitted(arch, dict(state), where)


def _rule(sizes: list[int], widths: list[int]) -> tuple[int, int]:
    """channel_base and channel_max that give these widths, as far as any do."""
    most = max(widths)
    less = [size * width for size, width in zip(sizes, widths, strict=True) if width < most]
    return (less[-1] if less else most * sizes[-1]), most


def _fitted(arch: Architecture, state: dict[str, Tensor], where: str) -> dict[str, Tensor]:
    """The tensors that the network has: filters checked and left out, what never was trained put in."""
    with torch.device("meta"):
        expected = {k: tuple(v.shape) for k, v in Generator(arch).state_dict().items()}
    tap = torch.tensor(FIR)
    for name in [n for n in state if n.rsplit(".", 1)[-1] == "resample_filter"]:
        kernel = state.pop(name)
        if kernel.shape != (4, 4) or not torch.allclose(kernel, torch.outer(tap, tap), atol=1e-5):
            raise ModelError(f"{where}: {name} is not the filter 1 3 3 1; generators with another one are not known")
    for name, shape in expected.items():
        if name.endswith(("noise_strength", "noise_const")) and name not in state:
            state[name] = torch.zeros(shape)  # trained without noise
    if "mapping.w_avg" not in state:
        state["mapping.w_avg"] = mean_w(arch, state)
    return fitted(state, expected, where)


def fitted(state: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], where: str) -> dict[str, Tensor]:
    """Exactly the expected tensors, all finite. Raises ModelError, naming the first that is not."""
    for name in sorted(set(expected) - set(state)):
        raise ModelError(f"{where}: the generator lacks {name}; the file is torn, or of another kind of network")
    for name in sorted(set(state) - set(expected)):
        raise ModelError(f"{where}: the generator has {name}, which no StyleGAN of this family has")
    out = {}
    for name, shape in expected.items():
        value = state[name].reshape(shape) if state[name].numel() == 1 == _count(shape) else state[name]
        if tuple(value.shape) != shape:
            raise ModelError(f"{where}: {name} has the shape {list(value.shape)}; {list(shape)} is needed")
        if not torch.isfinite(value).all():
            raise ModelError(f"{where}: {name} holds NaN or infinity; the training went wrong, use an earlier file")
        out[name] = value.float().contiguous()
    return out


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


@torch.inference_mode()
def mean_w(arch: Architecture, state: Mapping[str, Tensor]) -> Tensor:
    """The mean of w over SAMPLES z, for files that keep none."""
    with torch.device("meta"):
        mapping = MappingNetwork(arch.mapping)
    own = {k.removeprefix("mapping."): v for k, v in state.items() if k.startswith("mapping.")}
    mapping.load_state_dict(own | {"w_avg": torch.zeros(arch.w_dim)}, assign=True)
    z = torch.randn(SAMPLES, arch.z_dim, generator=torch.Generator().manual_seed(SAMPLE_SEED))
    return torch.cat([mapping(part) for part in z.split(1000)]).mean(dim=0)
