"""What may lie beside a U-Net: LoRAs by name, a ControlNet in `controlnet/`, an image prompt in `image_prompt/`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from perform.core.card import FILE, check_hash, read_card
from perform.core.errors import ModelError

from ..lora import LiveLoras
from ..parts import Embedding, Parts, Residuals
from .opened import check_finite, failing_as_model_error, network


def lora_places(folder: Path) -> list[Path]:
    """Where LoRAs are looked for by name: inside the model, beside it, in the folder you stand in, in the user's."""
    import platformdirs

    own = platformdirs.user_data_path("perform", appauthor=False) / "models"
    return [folder / "loras", folder.parent, Path("models"), own]


def with_loras(parts: Parts, folder: Path, network: Any, denoise: Any) -> Parts:
    """Let a network play LoRAs. denoise: holds the extras of the frame at hand."""
    parts.loras = LiveLoras(network, lambda: denoise.extras, lora_places(folder), parts.dtype)
    return parts


def beside_unet(parts: Parts, folder: Path, unet: Any, denoise: Any) -> Parts:
    """Add what is there. Raises ModelError for what is there and does not fit."""
    with_loras(parts, folder, unet, denoise)
    if (folder / "controlnet").is_dir():
        parts.control = ControlNet(folder / "controlnet", unet, denoise, parts)
        parts.used += (told(folder / "controlnet", "control"),)
    if (folder / "image_prompt").is_dir():
        parts.image_prompt = ImagePrompt(folder / "image_prompt", unet, denoise, parts)
        parts.used += (told(folder / "image_prompt", "image_prompt"),)
    return parts


def told(folder: Path, kind: str) -> dict[str, str]:
    """What a manifest says of a sub-folder: by its card, whose hashes are checked, or by its weights. Raises
    ModelError."""
    if (folder / FILE).is_file():
        card = read_card(folder)
        check_hash(card)
        return {kind: card.name, "sha256": card.sha256, "licence": card.licence}
    path = min(folder.glob("*.safetensors"))
    with path.open("rb") as file:
        return {kind: path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest(), "licence": ""}


class ControlNet:
    """A ControlNet of diffusers' layout: `parts.Control`."""

    def __init__(self, folder: Path, unet: Any, denoise: Any, parts: Parts) -> None:
        from diffusers import ControlNetModel

        self._net = network(ControlNetModel, folder, parts.device, parts.dtype)
        for what in ("in_channels", "cross_attention_dim"):
            own, wanted = self._net.config[what], unet.config[what]
            if own != wanted:
                raise ModelError(
                    f"{folder}: its {what} is {own}, the model's is {wanted}; it is made for another family"
                )
        if self._net.config.block_out_channels != unet.config.block_out_channels:
            raise ModelError(f"{folder}: its blocks are others than the model's; it is for another family")
        self._denoise, self._dtype = denoise, parts.dtype

    def __call__(self, x: Tensor, t: Tensor, embedding: Embedding, picture: Tensor) -> Residuals:
        """See `parts.Control`."""
        tokens = embedding.tokens.to(self._dtype)
        if tokens.shape[0] != x.shape[0]:
            tokens = tokens.expand(x.shape[0], -1, -1)
        added = self._denoise.added(x, embedding)
        down, mid = self._net(
            x.to(self._dtype), t, encoder_hidden_states=tokens, controlnet_cond=picture.to(self._dtype),
            added_cond_kwargs=added or None, return_dict=False,
        )  # fmt: skip
        return Residuals(tuple(down), mid)


class ImagePrompt:
    """An IP-Adapter (Ye et al., arXiv 2308.06721): a picture becomes a few words of its own, which every
    cross-attention looks at beside the prompt.

    The folder holds `image_encoder/` (CLIP's vision model with projection) and `ip_adapter.safetensors`, with the keys
    that the adapter's authors use: `image_proj.…` and `ip_adapter.N.to_k_ip.weight`.
    """

    def __init__(self, folder: Path, unet: Any, denoise: Any, parts: Parts) -> None:
        from safetensors.torch import load_file
        from transformers import CLIPVisionModelWithProjection

        self._eye = network(CLIPVisionModelWithProjection, folder / "image_encoder", parts.device, parts.dtype)
        path = folder / "ip_adapter.safetensors"
        if not path.is_file():
            raise ModelError(f"{path}: is missing; an image prompt needs its adapter as safetensors")
        with failing_as_model_error(path):
            weights = load_file(path)
        proj = {k.removeprefix("image_proj."): v for k, v in weights.items() if k.startswith("image_proj.")}
        if "proj.weight" not in proj or "norm.weight" not in proj:
            raise ModelError(f"{path}: this kind of adapter is not known; the plain one (image_proj.proj, .norm) is")
        wide = int(proj["norm.weight"].shape[0])
        if wide != int(unet.config.cross_attention_dim):
            raise ModelError(f"{path}: gives {wide} numbers a word, the model takes {unet.config.cross_attention_dim}")
        self._device, self._dtype, self._wide = parts.device, parts.dtype, wide
        self._proj, self._norm = _linear(proj, "proj", parts), nn.LayerNorm(wide).to(parts.device, parts.dtype)
        self._norm.load_state_dict({"weight": proj["norm.weight"], "bias": proj["norm.bias"]})
        check_finite(self._proj, path)
        self._hang(unet, denoise, weights, path)
        size = int(self._eye.config.image_size)
        self._size = (size, size)
        self._mean = torch.tensor(CLIP_MEAN, device=parts.device).view(1, 3, 1, 1)
        self._spread = torch.tensor(CLIP_SPREAD, device=parts.device).view(1, 3, 1, 1)

    def _hang(self, unet: Any, denoise: Any, weights: dict[str, Tensor], path: Path) -> None:
        """Each cross-attention gets keys and values of its own for the picture. The adapter numbers all attentions in
        the order of diffusers' processors, the odd ones being the cross-attentions."""
        crossing = [n for n in unet.attn_processors if "attn2" in n]
        for number, name in enumerate(crossing):
            where = unet.get_submodule(name.removesuffix(".processor"))
            pair = [weights.get(f"ip_adapter.{2 * number + 1}.to_{kind}_ip.weight") for kind in ("k", "v")]
            if pair[0] is None or pair[1] is None:
                raise ModelError(f"{path}: has no weights for {name}; it is for another family")
            if pair[0].shape[1] != self._wide or pair[0].shape[0] != where.to_k.out_features:
                raise ModelError(f"{path}: its weights for {name} have another shape; it is for another family")
            keys, values = (p.to(self._device, self._dtype) for p in pair if p is not None)
            where.register_forward_hook(_seen(denoise, keys, values))

    def __call__(self, picture: Tensor) -> Tensor:
        """A picture [1, 3, h, w] of 0..1 as words [1, m, d]."""
        small = nn.functional.interpolate(picture.float(), self._size, mode="bicubic", antialias=True).clamp(0, 1)
        with torch.inference_mode():
            seen = self._eye(((small - self._mean) / self._spread).to(self._dtype)).image_embeds
            words = self._proj(seen).reshape(seen.shape[0], -1, self._wide)
            found: Tensor = self._norm(words)
        return found


CLIP_MEAN, CLIP_SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def _linear(weights: dict[str, Tensor], name: str, parts: Parts) -> nn.Linear:
    weight = weights[f"{name}.weight"]
    made = nn.Linear(weight.shape[1], weight.shape[0]).to(parts.device, parts.dtype).requires_grad_(False)
    made.load_state_dict({"weight": weight, "bias": weights[f"{name}.bias"]})
    return made


def _seen(denoise: Any, keys: Tensor, values: Tensor) -> Any:
    """A cross-attention's answer with the picture's added: softmax(q·k′)·v′, through the same last layer but without
    its bias, so that the sum is what the adapter's own attention gives."""

    def added(layer: Any, args: tuple[Tensor, ...], out: Tensor) -> Tensor:
        extras = denoise.extras
        if extras is None or extras.image_tokens is None:
            return out
        hidden = args[0]
        words = extras.image_tokens.to(hidden.dtype).expand(hidden.shape[0], -1, -1)
        heads = layer.heads

        def split(x: Tensor) -> Tensor:
            return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)

        query = split(layer.to_q(hidden))
        key, value = split(words @ keys.T), split(words @ values.T)
        found = nn.functional.scaled_dot_product_attention(query, key, value)
        found = found.transpose(1, 2).reshape(hidden.shape[0], hidden.shape[1], -1)
        through = nn.functional.linear(found, layer.to_out[0].weight)
        gain = extras.image_scale.to(out.dtype) / getattr(layer, "rescale_output_factor", 1.0)
        return out + gain * through

    return added
