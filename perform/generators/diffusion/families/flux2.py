"""FLUX.2 klein: a flow transformer over 2x2 patches of a batch-normed latent, words from three layers of Qwen 3."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..parts import Embedding, Extras, Parts, Schedule
from .beside import with_loras
from .llm import LanguageModel, thirds
from .opened import config_of, network

LEVELS = 1000
WORDS = 512
LAYERS = (9, 18, 27)


def load(folder: Path, index: Mapping[str, Any], device: Any, dtype: torch.dtype) -> Parts:
    """The parts of a model folder. Raises ModelError."""
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

    net = network(Flux2Transformer2DModel, folder / "transformer", device, dtype)
    text = QwenLayers(folder, device, dtype)
    coder = PatchCoder(network(AutoencoderKLFlux2, folder / "vae", device, dtype), dtype)
    scheduler = config_of(folder / "scheduler", "scheduler_config.json")
    steps, native = int(scheduler.get("perform_steps", 4)), int(scheduler.get("perform_native", 1024))
    tokens = (native // coder.factor) ** 2
    denoise = Flux2Denoise(net, dtype, device)
    parts = Parts(
        family="flux2", denoise=denoise, decoder=coder, text=text,
        schedule=shifted(empirical_shift(tokens, steps)), prediction="flow",
        latent_channels=int(net.config.in_channels), device=device, dtype=dtype, factor=coder.factor, native=native,
        multiple=coder.factor, steps=steps, guided=False, denoiser=net,
        networks={"transformer": net, "text_encoder": text.model, "vae": coder.model},
    )  # fmt: skip
    return with_loras(parts, folder, net, denoise)


def shifted(mu: float) -> Schedule:
    """A flow's levels 0..1, drawn to the noisy end by e^mu (Esser et al., arXiv 2403.03206, 5.3.2). The model is
    told the level itself."""
    even = [(n + 1) / LEVELS for n in range(LEVELS)]
    push = math.exp(mu)
    levels = tuple(push / (push + 1.0 / s - 1.0) for s in even)
    return Schedule(levels, levels, flow=True)


def empirical_shift(tokens: int, steps: int) -> float:
    """mu of FLUX.2's schedule: by picture size, the less the more steps."""
    from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

    return float(compute_empirical_mu(image_seq_len=tokens, num_steps=steps))


class Flux2Denoise:
    """The transformer on latents [n, c, h, w] of patches."""

    def __init__(self, net: Any, dtype: torch.dtype, device: Any) -> None:
        self._net, self._dtype, self._device = net, dtype, device
        self.extras: Extras | None = None
        self._places: dict[tuple[int, int, int], tuple[Tensor, Tensor]] = {}
        thirds(net.transformer_blocks, self, 1)
        thirds(net.single_transformer_blocks, self, None)

    def __call__(self, x: Tensor, t: Tensor, embedding: Embedding, extras: Extras) -> Tensor:
        """See `parts.Denoise`. t: levels of 0..1."""
        self.extras = extras
        count, _, rows, columns = x.shape
        tokens = embedding.tokens.to(self._dtype).expand(count, -1, -1)
        there, words = self._ids(rows, columns, tokens.shape[1])
        found = self._net(
            hidden_states=x.flatten(2).transpose(1, 2).to(self._dtype), timestep=t.to(self._dtype), guidance=None,
            encoder_hidden_states=tokens, txt_ids=words.expand(count, -1, -1), img_ids=there.expand(count, -1, -1),
            return_dict=False,
        )[0]  # fmt: skip
        return found[:, : rows * columns].transpose(1, 2).reshape(x.shape).float()

    def _ids(self, rows: int, columns: int, length: int) -> tuple[Tensor, Tensor]:
        """Places (time, row, column, word) of patches and words, [1, n, 4] each."""
        key = (rows, columns, length)
        if key not in self._places:
            zero = torch.arange(1)
            there = torch.cartesian_prod(zero, torch.arange(rows), torch.arange(columns), zero)
            words = torch.cartesian_prod(zero, zero, zero, torch.arange(length))
            self._places[key] = (there[None].to(self._device), words[None].to(self._device))
        return self._places[key]


class QwenLayers(LanguageModel):
    """Three hidden states of Qwen 3 side by side."""

    def __init__(self, folder: Path, device: Any, dtype: torch.dtype) -> None:
        from transformers import Qwen3ForCausalLM

        super().__init__(folder, Qwen3ForCausalLM, device, dtype, WORDS)
        self._dtype = dtype
        most = int(self.model.config.num_hidden_layers)
        self._layers = LAYERS if most >= LAYERS[-1] else tuple(max(1, most * n // 4) for n in (1, 2, 3))

    def encode(self, prompt: str) -> Embedding:
        """See `parts.Text`."""
        states, _ = self.hidden(self.chat(prompt, thinking=False), self._layers)
        stacked = torch.stack(states, 1).to(self._dtype)
        n, layers, length, wide = stacked.shape
        return Embedding(stacked.permute(0, 2, 1, 3).reshape(n, length, layers * wide))


class PatchCoder:
    """FLUX.2's autoencoder with its 2x2 patches and batch norm taken in: `parts.Decoder`."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        self.model, self._dtype = model, dtype
        self.factor = 2 << (len(model.config.block_out_channels) - 1)
        self._mean = model.bn.running_mean.view(1, -1, 1, 1).float()
        self._spread = (model.bn.running_var.view(1, -1, 1, 1).float() + float(model.config.batch_norm_eps)).sqrt()

    def encode(self, image: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        latent = self.model.encode(image.to(self._dtype), return_dict=False)[0].mode().float()
        return (torch.nn.functional.pixel_unshuffle(latent, 2) - self._mean) / self._spread

    def decode(self, latent: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        whole = torch.nn.functional.pixel_shuffle(latent.float() * self._spread + self._mean, 2)
        out: Tensor = self.model.decode(whole.to(self._dtype), return_dict=False)[0]
        return out
