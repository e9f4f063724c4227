"""LoRAs in a network that plays: low-rank pairs beside its layers, each slot with a scale on the device.

out += scale · up(down(x)) (Hu et al., arXiv 2106.09685). Files as diffusers and peft write them and as kohya's trainers
do (`lora_unet_…`, with alpha). Nothing is fused, so a scale may change with every picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from perform.core.card import FILE, check_hash, read_card
from perform.core.errors import ModelError

from .parts import Extras

BASES = {768: "Stable Diffusion 1.5", 1024: "Stable Diffusion 2.1 and Turbo", 2048: "SDXL"}
"""Numbers a word, by which a family is known."""
_ENDS = re.compile(
    r"(?P<where>.+?)(?:\.lora_(?P<ab>[AB])(?:\.[\w-]+)?|[._]lora\.(?P<du>down|up)|\.lora_(?P<kohya>down|up))\.weight$"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_TEXT = ("text_encoder.", "text_encoder_2.", "lora_te_", "lora_te1_", "lora_te2_")


@dataclass(frozen=True)
class Lora:
    """A LoRA made ready for one network. pairs: module name -> (down, up), alpha already in `up`."""

    name: str
    pairs: Mapping[str, tuple[Tensor, Tensor]]
    sha256: str = ""
    licence: str = ""
    notice: str = ""


def find_lora(name: str, places: list[Path]) -> tuple[Path, Any]:
    """(weights, card or None) of a LoRA by name: a model folder, or NAME.safetensors. Raises ModelError."""
    if not _NAME.fullmatch(name):
        raise ModelError(f"LoRA {name[:60]!r}: this is no name; name a LoRA in the folder of models, never a path")
    for place in places:
        folder = place / name
        if (folder / FILE).is_file():
            card = read_card(folder)
            check_hash(card)
            return card.weights_path, card
        lone = place / f"{name.removesuffix('.safetensors')}.safetensors"
        if lone.is_file():
            return lone, None
    raise ModelError(f"LoRA {name!r} is not there; looked in {', '.join(str(p) for p in places)}")


def read_pairs(weights: Mapping[str, Tensor], names: Mapping[str, str]) -> tuple[dict[str, list[Tensor | None]], int]:
    """({module name: [down, up, alpha]}, how many weights belong to a text encoder) of a file's weights.

    names: of the network's modules, by themselves and with `_` for every dot.
    """
    found: dict[str, list[Tensor | None]] = {}
    words = 0
    for key, value in weights.items():
        if key.startswith(_TEXT):
            words += 1
            continue
        alpha = key.removesuffix(".alpha") if key.endswith(".alpha") else None
        match = None if alpha else _ENDS.match(key)
        if alpha is None and match is None:
            continue
        where = names.get(_plain(alpha or (match["where"] if match else "")))
        if where is None:
            raise ModelError(f"its weight {key[:90]!r} fits no layer of this model")
        part = found.setdefault(where, [None, None, None])
        if match is None:
            part[2] = value
        else:
            part[0 if "A" == match["ab"] or "down" in (match["du"], match["kohya"]) else 1] = value
    return found, words


def _plain(where: str) -> str:
    """A module's name with `_` for dots and without prefixes, as it is looked up."""
    for prefix in ("base_model.model.", "unet.", "lora_unet_", "transformer.", "lora_transformer_"):
        where = where.removeprefix(prefix)
    where = where.replace(".processor", "")
    return re.sub(r"\.to_out$", ".to_out.0", where).replace(".", "_")


class LiveLoras:
    """The slots of one network: `parts.Loras`. extras: how to ask for the tensors of the frame at hand."""

    def __init__(self, network: nn.Module, extras: Callable[[], Extras | None], places: list[Path], dtype: Any) -> None:
        self._network, self._extras, self._places, self._dtype = network, extras, places, dtype
        layers = {n: m for n, m in network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)}
        self._layers = layers
        self._names = {name.replace(".", "_"): name for name in layers}
        self._slots: dict[int, Lora] = {}
        self._hooks: dict[str, Any] = {}
        self.notices: list[str] = []

    @property
    def used(self) -> tuple[Mapping[str, Any], ...]:
        """What plays, for manifests."""
        return tuple({"lora": v.name, "sha256": v.sha256, "licence": v.licence} for v in self._slots.values())

    def read(self, name: str) -> Lora:
        """See `parts.Loras`."""
        import hashlib

        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path, card = find_lora(name, self._places)
        try:
            weights = load_file(path)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"LoRA {name}: {path} cannot be read ({error})") from None
        weights = self._translated(weights)
        try:
            found, words = read_pairs(weights, self._names)
            pairs = {where: self._fitting(where, part) for where, part in found.items()}
        except ModelError as error:
            raise ModelError(f"LoRA {name}: {error}{self._family(weights)}") from None
        if not pairs:
            raise ModelError(f"LoRA {name}: {path} holds no LoRA that perform knows (diffusers, peft or kohya)")
        notice = f"LoRA {name}: what it says to the text encoder is left out" if words else ""
        if notice:
            self.notices.append(notice)
        digest = card.sha256 if card else hashlib.sha256(path.read_bytes()).hexdigest()
        return Lora(name, pairs, digest, card.licence if card else "", notice)

    def _translated(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Kohya's SDXL files count blocks as the first release did; diffusers knows how."""
        if any("input_blocks" in key or "output_blocks" in key for key in weights):
            from diffusers.loaders.lora_conversion_utils import _maybe_map_sgm_blocks_to_diffusers

            config = getattr(self._network, "config", None)
            try:
                return dict(_maybe_map_sgm_blocks_to_diffusers(weights, config))
            except (ValueError, KeyError, AttributeError):
                return weights
        return weights

    def _fitting(self, where: str, part: list[Tensor | None]) -> tuple[Tensor, Tensor]:
        down, up, alpha = part
        if down is None or up is None:
            raise ModelError(f"the pair of {where} is not whole")
        layer = self._layers[where]
        linear = isinstance(layer, nn.Linear)
        wide = layer.in_features if linear else layer.in_channels
        high = layer.out_features if linear else layer.out_channels
        if linear and down.ndim == 4:
            down, up = down[:, :, 0, 0], up[:, :, 0, 0]
        if down.shape[1] != wide or up.shape[0] != high or down.shape[0] != up.shape[1]:
            raise ModelError(f"{where} takes {wide} numbers and gives {high}, the LoRA's has {down.shape[1]} and "
                             f"{up.shape[0]}")  # fmt: skip
        if not bool(torch.isfinite(down.float().sum() + up.float().sum())):
            raise ModelError(f"its weights for {where} hold NaN or infinity")
        scale = 1.0 if alpha is None else float(alpha) / down.shape[0]
        device = layer.weight.device
        return down.to(device, self._dtype), (up.float() * scale).to(device, self._dtype)

    def _family(self, weights: Mapping[str, Tensor]) -> str:
        """What the LoRA is made for, where it can be told and is another."""
        own = self._width({n: m.weight for n, m in self._layers.items()}, -1)
        theirs = self._width({k: v for k, v in weights.items() if "down" in k or "lora_A" in k}, 1)
        if theirs is None or own is None or own == theirs:
            return ""
        return f"; it is made for {BASES.get(theirs, f'{theirs} numbers a word')}, this model is " + BASES.get(
            own, f"of {own} numbers a word"
        )

    @staticmethod
    def _width(weights: Mapping[str, Tensor], axis: int) -> int | None:
        found = next((v for k, v in weights.items() if "attn2" in k and "to_k" in k), None)
        return None if found is None or found.ndim < 2 else int(found.shape[axis])

    def put(self, slot: int, lora: Lora | None) -> bool:
        """See `parts.Loras`."""
        before = self._slots.pop(slot, None)
        if lora is not None:
            self._slots[slot] = lora
        shapes = {w: p[0].shape for w, p in before.pairs.items()} if before else {}
        if lora is not None and before is not None and shapes == {w: p[0].shape for w, p in lora.pairs.items()}:
            for where, (down, up) in lora.pairs.items():  # the same places: what is recorded goes on to hold
                before.pairs[where][0].copy_(down)
                before.pairs[where][1].copy_(up)
            self._slots[slot] = Lora(lora.name, before.pairs, lora.sha256, lora.licence, lora.notice)
            return False
        self._hang()
        return before is not lora

    def _hang(self) -> None:
        wanted = {where for lora in self._slots.values() for where in lora.pairs}
        for where in set(self._hooks) - wanted:
            self._hooks.pop(where).remove()
        for where in wanted - set(self._hooks):
            self._hooks[where] = self._layers[where].register_forward_hook(self._added(where))

    def _added(self, where: str) -> Any:
        def added(layer: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> Tensor:
            extras = self._extras()
            if extras is None:
                return out
            for slot, lora in self._slots.items():
                pair = lora.pairs.get(where)
                if pair is not None:
                    out = out + extras.lora[slot].to(out.dtype) * _through(layer, args[0], *pair)
            return out

        return added


def _through(layer: nn.Module, x: Tensor, down: Tensor, up: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return F.linear(F.linear(x, down), up)
    assert isinstance(layer, nn.Conv2d)
    padding: Any = layer.padding
    return F.conv2d(F.conv2d(x, down, None, layer.stride, padding, layer.dilation), up)
