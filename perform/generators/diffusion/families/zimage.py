"""Z-Image (Turbo): a flow transformer that takes words and picture as one sequence, words from Qwen 3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..parts import Embedding, Extras, Parts
from .beside import with_loras
from .flux2 import shifted
from .llm import LanguageModel, thirds
from .opened import config_of, network
from .unet import coder_folder, picture_coder

WORDS = 512
FULL = "this model has no tiny decoder: the full one takes a good part of the time of each picture"


def load(folder: Path, index: Mapping[str, Any], device: Any, dtype: torch.dtype) -> Parts:
    """The parts of a model folder. Raises ModelError."""
    from diffusers import AutoencoderKL, ZImageTransformer2DModel

    net = network(ZImageTransformer2DModel, folder / "transformer", device, dtype)
    text = QwenText(folder, device, dtype)
    tiny = coder_folder(folder).name != "vae"
    coder: Any = (
        picture_coder(coder_folder(folder), device, dtype)
        if tiny
        else ShiftCoder(network(AutoencoderKL, folder / "vae", device, dtype), dtype)
    )
    scheduler = config_of(folder / "scheduler", "scheduler_config.json")
    native = int(scheduler.get("perform_native", 1024))
    denoise = ZImageDenoise(net, dtype)
    parts = Parts(
        family="zimage", denoise=denoise, decoder=coder, text=text,
        schedule=shifted(size_shift(scheduler, (native // coder.factor // 2) ** 2)), prediction="flow",
        latent_channels=int(net.config.in_channels), device=device, dtype=dtype, factor=coder.factor, native=native,
        multiple=coder.factor * 2, steps=int(scheduler.get("perform_steps", 4)), guided=False, denoiser=net,
        networks={"transformer": net, "text_encoder": text.model, "vae": coder.model},
    )  # fmt: skip
    parts.notices += [] if tiny else [FULL]
    return with_loras(parts, folder, net, denoise)


def size_shift(scheduler: Mapping[str, Any], tokens: int) -> float:
    """mu by picture size, on a straight line between the two that the scheduler names."""
    low, high = float(scheduler.get("base_image_seq_len", 256)), float(scheduler.get("max_image_seq_len", 4096))
    first, last = float(scheduler.get("base_shift", 0.5)), float(scheduler.get("max_shift", 1.15))
    return first + (last - first) * (tokens - low) / (high - low)


class ZImageDenoise:
    """The transformer; what it gives is the way from noise to picture, the other way round than elsewhere."""

    def __init__(self, net: Any, dtype: torch.dtype) -> None:
        self._net, self._dtype = net, dtype
        self.extras: Extras | None = None
        thirds(net.layers, self, None)

    def __call__(self, x: Tensor, t: Tensor, embedding: Embedding, extras: Extras) -> Tensor:
        """See `parts.Denoise`. t: levels of 0..1."""
        self.extras = extras
        pictures = list(x.to(self._dtype).unsqueeze(2).unbind(0))
        tokens = embedding.tokens.to(self._dtype)
        words = [tokens[min(n, len(tokens) - 1)] for n in range(len(pictures))]
        found = self._net(pictures, 1.0 - t, words, return_dict=False)[0]
        return -torch.stack([f.float() for f in found]).squeeze(2)


class QwenText(LanguageModel):
    """The last but one hidden state of Qwen 3, of the words alone."""

    def __init__(self, folder: Path, device: Any, dtype: torch.dtype) -> None:
        from transformers import Qwen3Model

        super().__init__(folder, Qwen3Model, device, dtype, WORDS)
        self._dtype = dtype

    def encode(self, prompt: str) -> Embedding:
        """See `parts.Text`. All prompts have one length here, so that they can be blended and recorded: the rest
        repeats the last word."""
        (state,), mask = self.hidden(self.chat(prompt, thinking=True), (-2,))
        kept = state[0][mask[0].bool()]
        if len(kept) < FIXED:
            kept = torch.cat([kept, kept[-1:].expand(FIXED - len(kept), -1)])
        return Embedding(kept[None, :FIXED].to(self._dtype))


FIXED = 128
"""Words of an embedding."""


class ShiftCoder:
    """An autoencoder whose latents are shifted and scaled: `parts.Decoder`."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        self.model, self._dtype = model, dtype
        self._scale, self._shift = float(model.config.scaling_factor), float(model.config.shift_factor or 0.0)
        self.factor = 1 << (len(model.config.block_out_channels) - 1)

    def encode(self, image: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        latent = self.model.encode(image.to(self._dtype), return_dict=False)[0].mode().float()
        return (latent - self._shift) * self._scale

    def decode(self, latent: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        out: Tensor = self.model.decode((latent / self._scale + self._shift).to(self._dtype), return_dict=False)[0]
        return out
