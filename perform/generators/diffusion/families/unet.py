"""Stable Diffusion 1.5, 2.1 and Turbo, LCM, and the embedded micro model: one U-Net, one CLIP text encoder.

What the music moves inside is reached by hooks: cross-attention's part of each block, the features and the skip
connections on the way up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from perform.core.errors import ModelError

from ..parts import Embedding, Extras, Parts, variance_preserving
from .attention import use_plain
from .beside import beside_unet
from .opened import config_of, network, open_tokenizer

COARSE, OTHERS = 0, 1


def load(folder: Path, index: Mapping[str, Any], device: Any, dtype: torch.dtype) -> Parts:
    """The parts of a model folder. Raises ModelError."""
    from diffusers import UNet2DConditionModel

    unet = network(UNet2DConditionModel, folder / "unet", device, dtype)
    if device.type in ("cpu", "cuda"):
        unet = unet.to(memory_format=torch.channels_last)
    if device.type == "cpu":
        use_plain(unet)
    text = ClipText(folder, device, dtype)
    width, wanted = text.width, int(unet.config.cross_attention_dim)
    if width != wanted:
        raise ModelError(f"{folder}: the text encoder gives {width} numbers a word, the unet takes {wanted}")
    decoder = picture_coder(coder_folder(folder), device, dtype)
    scheduler = config_of(folder / "scheduler", "scheduler_config.json")
    channels = int(unet.config.in_channels)
    factor = decoder.factor
    denoise = UNetDenoise(unet, dtype)
    parts = Parts(
        family="sd", denoise=denoise, decoder=decoder, text=text,
        schedule=variance_preserving(alphas(scheduler, folder)),
        prediction=str(scheduler.get("prediction_type", "epsilon")), latent_channels=channels, device=device,
        dtype=dtype, factor=factor, native=int(unet.config.sample_size) * factor,
        multiple=factor << (len(unet.config.block_out_channels) - 1), steps=int(scheduler.get("perform_steps", 1)),
        denoiser=unet, networks={"unet": unet, "text_encoder": text.model, "vae": decoder.model},
    )  # fmt: skip
    parts.notices += decoder.notices
    return beside_unet(parts, folder, unet, denoise)


def alphas(scheduler: Mapping[str, Any], where: Path) -> Tensor:
    """ᾱ [T] of a scheduler's config. Raises ModelError for a schedule that is not known."""
    count = int(scheduler.get("num_train_timesteps", 1000))
    low, high = float(scheduler.get("beta_start", 0.00085)), float(scheduler.get("beta_end", 0.012))
    kind = scheduler.get("beta_schedule", "scaled_linear")
    if not 1 < count <= 10_000 or not 0.0 < low < high < 1.0:
        raise ModelError(f"{where}: its schedule of {count} steps from {low} to {high} makes no sense")
    if kind == "scaled_linear":
        betas = torch.linspace(low**0.5, high**0.5, count, dtype=torch.float64) ** 2
    elif kind == "linear":
        betas = torch.linspace(low, high, count, dtype=torch.float64)
    else:
        raise ModelError(f"{where}: beta_schedule {kind!r} is not known; scaled_linear and linear are")
    return torch.cumprod(1.0 - betas, 0)


class UNetDenoise:
    """A U-Net with its hooks. The last extras that it was called with are what the hooks read."""

    def __init__(self, unet: Any, dtype: torch.dtype) -> None:
        self._unet, self._dtype = unet, dtype
        self.extras: Extras | None = None
        for place, blocks in enumerate((unet.down_blocks, [unet.mid_block], unet.up_blocks)):
            for block in blocks:
                for attention in _to_words(block):
                    attention.register_forward_hook(self._attention(place))
        for number, block in enumerate(unet.up_blocks):
            block.register_forward_pre_hook(self._way_up(COARSE if number == 0 else OTHERS), with_kwargs=True)

    def __call__(self, x: Tensor, t: Tensor, embedding: Embedding, extras: Extras) -> Tensor:
        """See `parts.Denoise`."""
        self.extras = extras
        tokens, count = embedding.tokens.to(self._dtype), x.shape[0]
        if tokens.shape[0] != count:
            tokens = tokens.expand(count, -1, -1)
        more: dict[str, Any] = {}
        if extras.residuals is not None:
            gain = extras.control
            more["down_block_additional_residuals"] = tuple(r * gain for r in extras.residuals.down)
            more["mid_block_additional_residual"] = extras.residuals.mid * gain
        if told := self.added(x, embedding):
            more["added_cond_kwargs"] = told
        out: Tensor = self._unet(x.to(self._dtype), t, encoder_hidden_states=tokens, return_dict=False, **more)[0]
        return out.float()

    def added(self, x: Tensor, embedding: Embedding) -> dict[str, Any]:
        """What else the network is told, beside the words."""
        return {}

    def _attention(self, place: int) -> Any:
        def scaled(_: Any, __: Any, out: Tensor) -> Tensor | None:
            return None if self.extras is None else out * self.extras.attention[place]

        return scaled

    def _way_up(self, which: int) -> Any:
        def gained(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            if self.extras is None:
                return args, kwargs
            features, skip = kwargs["hidden_states"], self.extras.skip[which]
            half = features.shape[1] // 2
            gained = torch.cat([features[:, :half] * self.extras.backbone[which], features[:, half:]], 1)
            skips = tuple(r * skip for r in kwargs["res_hidden_states_tuple"])
            return args, {**kwargs, "hidden_states": gained, "res_hidden_states_tuple": skips}

        return gained


def _to_words(block: Any) -> Iterator[Any]:
    """Every attention of a block that looks at the words."""
    for module in block.modules() if block is not None else ():
        if isinstance(getattr(module, "attn2", None), torch.nn.Module):
            yield module.attn2
            if getattr(module, "only_cross_attention", False):  # then the first one does so, too
                yield module.attn1


class ClipText:
    """Tokenizer and text encoder of a model folder."""

    def __init__(self, folder: Path, device: Any, dtype: torch.dtype) -> None:
        from transformers import CLIPTextModel

        self.notices: list[str] = []
        self.model = network(CLIPTextModel, folder / "text_encoder", device, dtype)
        self._tokenizer = open_tokenizer(folder / "tokenizer")
        self._device, self._dtype = device, dtype
        self.width = int(self.model.config.hidden_size)
        self.length = int(self.model.config.max_position_embeddings)

    def encode(self, prompt: str) -> Embedding:
        """See `parts.Text`. Words beyond the encoder's length are left out, and said."""
        ids = words_to_ids(self._tokenizer, prompt, self.length, self.notices)
        with torch.inference_mode():
            tokens = self.model(ids.to(self._device), return_dict=False)[0]
        return Embedding(tokens.to(self._dtype))


def words_to_ids(tokenizer: Any, prompt: str, length: int, notices: list[str]) -> Tensor:
    """Token numbers [1, length]. Says what was left out, and which words it does not know."""
    asked = tokenizer(prompt, truncation=False, verbose=False)["input_ids"]
    if len(asked) > length:
        left = " ".join(str(tokenizer.decode(asked[length - 1 : -1])).split())
        notices.append(f"the prompt is longer than {length} tokens; left out from {left[:40]!r} on")
    unknown = getattr(tokenizer, "unk_token_id", None)
    ends = {tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.bos_token_id}
    if unknown is not None and unknown not in ends and unknown in asked:
        notices.append(f"the prompt {prompt[:60]!r} holds words that this model does not know")
    found = tokenizer(prompt, truncation=True, max_length=length, padding="max_length", return_tensors="pt")
    ids: Tensor = found["input_ids"]
    return ids


SLOW = "this model has no tiny decoder: the full one makes each picture some three times slower"


class PictureCoder:
    """An autoencoder's two halves."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        self.model, self._dtype = model, dtype
        self._tiny = type(model).__name__ == "AutoencoderTiny"
        self._scale = 1.0 if self._tiny else float(model.config.scaling_factor)
        stages = len(model.config.encoder_block_out_channels if self._tiny else model.config.block_out_channels)
        self.factor = 1 << (stages - 1)
        self.notices = [] if self._tiny else [SLOW]

    def encode(self, image: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        image = image.to(self._dtype)
        if self._tiny:
            return self.model.encode(image, return_dict=False)[0].float()
        return self.model.encode(image, return_dict=False)[0].mode().float() * self._scale

    def decode(self, latent: Tensor) -> Tensor:
        """See `parts.Decoder`."""
        return self.model.decode((latent / self._scale).to(self._dtype), return_dict=False)[0]


def coder_folder(folder: Path) -> Path:
    """The tiny autoencoder where there is one."""
    return folder / "vae_tiny" if (folder / "vae_tiny").is_dir() else folder / "vae"


def picture_coder(folder: Path, device: Any, dtype: torch.dtype) -> PictureCoder:
    """The autoencoder of a sub-folder: a tiny one, or the full one, which is slower than the network itself."""
    from diffusers import AutoencoderKL, AutoencoderTiny

    kind = config_of(folder, "config.json").get("_class_name", "AutoencoderTiny")
    known = {"AutoencoderTiny": AutoencoderTiny, "AutoencoderKL": AutoencoderKL}
    if kind not in known:
        raise ModelError(f"{folder}: {kind} is not known; {', '.join(known)} are")
    model = network(known[kind], folder, device, dtype)
    if device.type in ("cpu", "cuda"):
        model = model.to(memory_format=torch.channels_last)
    return PictureCoder(model, dtype)
