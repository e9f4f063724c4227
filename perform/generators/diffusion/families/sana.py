"""SANA-Sprint ([C25] Chen et al., arXiv 2503.09641): a linear transformer under TrigFlow, whose cos and sin are the √ᾱ
and √(1−ᾱ) of the other families, so that one step is theirs with velocity prediction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..parts import Embedding, Extras, Parts, Schedule
from .beside import with_loras
from .llm import LanguageModel
from .opened import config_of, network

STEPS, TOP = 1000, 1.5708
WORDS = 300
GUIDANCE = 4.5
"""Embedded in the network; what its authors sample with."""


def load(folder: Path, index: Mapping[str, Any], device: Any, dtype: torch.dtype) -> Parts:
    """The parts of a model folder. Raises ModelError."""
    from diffusers import AutoencoderDC, SanaTransformer2DModel

    net = network(SanaTransformer2DModel, folder / "transformer", device, dtype)
    text = GemmaText(folder, device, dtype)
    coder = DeepCoder(network(AutoencoderDC, folder / "vae", device, dtype), dtype)
    angles = [TOP * (n + 1) / STEPS for n in range(STEPS)]
    scheduler = config_of(folder / "scheduler", "scheduler_config.json")
    denoise = SanaDenoise(net, dtype, device)
    parts = Parts(
        family="sana", denoise=denoise, decoder=coder, text=text,
        schedule=Schedule(tuple(math.sin(a) for a in angles), tuple(angles)), prediction="v_prediction",
        latent_channels=int(net.config.in_channels), device=device, dtype=dtype, factor=coder.factor,
        native=int(net.config.sample_size) * coder.factor, multiple=coder.factor * int(net.config.patch_size),
        steps=int(scheduler.get("perform_steps", 2)), guided=False, denoiser=net,
        networks={"transformer": net, "text_encoder": text.model, "vae": coder.model},
    )  # fmt: skip
    return with_loras(parts, folder, net, denoise)


class SanaDenoise:
    """The transformer, its input and output turned from TrigFlow's to what it was trained on ([C25], eq. 8 to 10)."""

    def __init__(self, net: Any, dtype: torch.dtype, device: Any) -> None:
        self._net, self._dtype = net, dtype
        self.extras: Extras | None = None
        scale = float(getattr(net.config, "guidance_embeds_scale", 0.1))
        self._guidance = torch.full((1,), GUIDANCE * scale, device=device, dtype=dtype)
        blocks = net.transformer_blocks
        for number, block in enumerate(blocks):
            if getattr(block, "attn2", None) is not None:
                block.attn2.register_forward_hook(self._attention(min(3 * number // len(blocks), 2)))

    def __call__(self, x: Tensor, t: Tensor, embedding: Embedding, extras: Extras) -> Tensor:
        """See `parts.Denoise`. t: angles of 0..π/2."""
        self.extras = extras
        count = x.shape[0]
        s = (torch.sin(t) / (torch.cos(t) + torch.sin(t))).float()
        column = s.view(-1, 1, 1, 1)
        root = torch.sqrt(column.square() + (1 - column).square())
        given = x * root
        tokens = embedding.tokens.to(self._dtype).expand(count, -1, -1)
        mask = None if embedding.mask is None else embedding.mask.expand(count, -1)
        found = self._net(
            given.to(self._dtype), encoder_hidden_states=tokens, encoder_attention_mask=mask,
            guidance=self._guidance.expand(count), timestep=s, return_dict=False,
        )[0]  # fmt: skip
        return ((1 - 2 * column) * given + (1 - 2 * column + 2 * column.square()) * found.float()) / root

    def _attention(self, place: int) -> Any:
        def scaled(_: Any, __: Any, out: Tensor) -> Tensor | None:
            return None if self.extras is None else out * self.extras.attention[place].to(out.dtype)

        return scaled


class GemmaText(LanguageModel):
    """Gemma 2's last hidden state of the words."""

    def __init__(self, folder: Path, device: Any, dtype: torch.dtype) -> None:
        from transformers import Gemma2Model

        super().__init__(folder, Gemma2Model, device, dtype, WORDS)
        self.tokenizer.padding_side = "right"
        self._dtype = dtype

    def encode(self, prompt: str) -> Embedding:
        """See `parts.Text`."""
        (last,), mask = self.hidden(prompt.lower().strip(), (-1,))
        return Embedding(last.to(self._dtype), None, mask)


class DeepCoder:
    """SANA's deep autoencoder, 32 pixels to a cell: `parts.Decoder`."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        self.model, self._dtype = model, dtype
        self._scale = float(model.config.scaling_factor)
        self.factor = 1 << (len(model.config.encoder_block_out_channels) - 1)

    def encode(self, image: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        return self.model.encode(image.to(self._dtype), return_dict=False)[0].float() * self._scale

    def decode(self, latent: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        out: Tensor = self.model.decode((latent / self._scale).to(self._dtype), return_dict=False)[0]
        return out
