"""SDXL, SDXL-Turbo and Lightning: the U-Net of `unet.py`, two text encoders, and the size told beside the words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

from ..parts import Embedding, Parts, variance_preserving
from .beside import beside_unet
from .opened import config_of, failing_as_model_error, network
from .unet import UNetDenoise, alphas, coder_folder, picture_coder, words_to_ids

FAMILY = "sdxl"


def load(folder: Path, index: Mapping[str, Any], device: Any, dtype: torch.dtype) -> Parts:
    """The parts of a model folder. Raises ModelError."""
    from diffusers import UNet2DConditionModel

    unet = network(UNet2DConditionModel, folder / "unet", device, dtype)
    if device.type in ("cpu", "cuda"):
        unet = unet.to(memory_format=torch.channels_last)
    text = TwoTexts(folder, device, dtype)
    width, wanted = text.width, int(unet.config.cross_attention_dim)
    if width != wanted:
        raise ModelError(f"{folder}: the text encoders give {width} numbers a word, the unet takes {wanted}")
    decoder = picture_coder(coder_folder(folder), device, dtype)
    scheduler = config_of(folder / "scheduler", "scheduler_config.json")
    denoise = SizedDenoise(unet, dtype, device, decoder.factor)
    parts = Parts(
        family=FAMILY, denoise=denoise, decoder=decoder, text=text,
        schedule=variance_preserving(alphas(scheduler, folder)),
        prediction=str(scheduler.get("prediction_type", "epsilon")), latent_channels=int(unet.config.in_channels),
        device=device, dtype=dtype, factor=decoder.factor, native=int(unet.config.sample_size) * decoder.factor,
        multiple=decoder.factor << (len(unet.config.block_out_channels) - 1),
        steps=int(scheduler.get("perform_steps", 1)), denoiser=unet,
        networks={"unet": unet, "text_encoder": text.models[0], "text_encoder_2": text.models[1],
                  "vae": decoder.model},
    )  # fmt: skip
    parts.notices += decoder.notices
    return beside_unet(parts, folder, unet, denoise)


class SizedDenoise(UNetDenoise):
    """The U-Net that is told the picture's size and the pooled words. [P23] Podell et al., arXiv 2307.01952, 2.2."""

    def __init__(self, unet: Any, dtype: torch.dtype, device: Any, factor: int) -> None:
        super().__init__(unet, dtype)
        self._factor, self._device = factor, device
        self._sizes: dict[tuple[int, int], Tensor] = {}

    def added(self, x: Tensor, embedding: Embedding) -> dict[str, Any]:
        """`added_cond_kwargs`: pooled words [n, p], and (height, width, 0, 0, height, width) for each."""
        count, size = x.shape[0], (x.shape[2] * self._factor, x.shape[3] * self._factor)
        if size not in self._sizes:  # before a recording: each shape runs once by itself
            self._sizes[size] = torch.tensor([[*size, 0, 0, *size]], device=self._device, dtype=self._dtype)
        pooled = embedding.pooled
        if pooled is None:
            raise ModelError("SDXL: these words have no pooled embedding")
        pooled = pooled.to(self._dtype)
        pooled = pooled if pooled.shape[0] == count else pooled.expand(count, -1)
        return {"text_embeds": pooled, "time_ids": self._sizes[size].expand(count, -1)}


class TwoTexts:
    """CLIP-L's and bigG's last but one layer, side by side, and the pooled words of the second."""

    def __init__(self, folder: Path, device: Any, dtype: torch.dtype) -> None:
        from transformers import AutoTokenizer, CLIPTextModel, CLIPTextModelWithProjection

        self.notices: list[str] = []
        self.models = (
            network(CLIPTextModel, folder / "text_encoder", device, dtype),
            network(CLIPTextModelWithProjection, folder / "text_encoder_2", device, dtype),
        )
        self._tokenizers = []
        for name in ("tokenizer", "tokenizer_2"):
            if not (folder / name).is_dir():
                raise ModelError(f"{folder / name}: is missing; the model is not complete")
            with failing_as_model_error(folder / name):
                found = AutoTokenizer.from_pretrained(folder / name, local_files_only=True, trust_remote_code=False)
            self._tokenizers.append(found)
        self._device, self._dtype = device, dtype
        self.width = sum(int(m.config.hidden_size) for m in self.models)
        self.length = min(int(m.config.max_position_embeddings) for m in self.models)

    def encode(self, prompt: str) -> Embedding:
        """See `parts.Text`."""
        layers, pooled = [], None
        for number, (tokenizer, model) in enumerate(zip(self._tokenizers, self.models, strict=True)):
            told: list[str] = self.notices if number == 0 else []
            ids = words_to_ids(tokenizer, prompt, self.length, told)
            with torch.inference_mode():
                out = model(ids.to(self._device), output_hidden_states=True)
            layers.append(out.hidden_states[-2])
            pooled = out[0]
        return Embedding(torch.cat(layers, -1).to(self._dtype), pooled)
