"""The shape of the micro model, as diffusers and transformers know it, and its folder in their layout."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from perform.core.errors import ModelError
from perform.train.scenes import VOCABULARY

STEPS = 1000
TOKENS = 24
LATENT = 8
PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<start>", "<end>"
WORDS = (PAD, UNKNOWN, START, END, *VOCABULARY)
BETAS = (0.00085, 0.012)  # of Stable Diffusion, so that every few-step recipe's times mean the same here


@dataclass
class Micro:
    """The three networks, in training."""

    vae: nn.Module
    unet: nn.Module
    text: nn.Module

    def state(self) -> dict[str, dict[str, Tensor]]:
        """All weights by network."""
        return {name: getattr(self, name).state_dict() for name in ("vae", "unet", "text")}

    def load(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Take weights over."""
        for name, weights in state.items():
            getattr(self, name).load_state_dict(weights)


def alphas() -> Tensor:
    """alpha_bar [STEPS], float32 ("scaled linear" betas, Rombach et al. 2022)."""
    betas = torch.linspace(BETAS[0] ** 0.5, BETAS[1] ** 0.5, STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float()


def autoencoder(width: int = 32, latent: int = LATENT) -> Any:
    """AutoencoderTiny: eight pixels to a cell of `latent` numbers."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        num_encoder_blocks=(1, 1, 2, 2),
        num_decoder_blocks=(3, 2, 1, 1),
        latent_channels=latent,
    )


def painter(widths: tuple[int, ...] = (64, 128, 192), latent: int = LATENT, words: int = 128) -> Any:
    """The U-Net. It has no self-attention, so what it learns at 128 px holds at any size."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=32,
        in_channels=latent,
        out_channels=latent,
        block_out_channels=widths,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=words,
        attention_head_dim=8,  # of heads: so diffusers reads it
        only_cross_attention=True,
        norm_num_groups=16,
        use_linear_projection=True,
    )


def text_encoder(width: int = 128, layers: int = 2) -> Any:
    """CLIP's text model, of whole words."""
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(WORDS),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            hidden_act="gelu",
            projection_dim=width,
            pad_token_id=0,
            bos_token_id=2,
            eos_token_id=3,
        )
    )


def tokenizer() -> Any:
    """Whole words of the small vocabulary; what it does not hold becomes `<unk>`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token=UNKNOWN))
    inner.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("removed")])
    inner.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, WORDS.index(START)), (END, WORDS.index(END))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        model_max_length=TOKENS,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
        padding_side="right",
    )


def tokens(texts: list[str]) -> Tensor:
    """[n, TOKENS] numbers of words."""
    ids = torch.zeros(len(texts), TOKENS, dtype=torch.long)
    known = {word: i for i, word in enumerate(WORDS)}
    for row, text in zip(ids, texts, strict=True):
        found = [known.get(word, 1) for word in text.lower().replace(",", " ").split()][: TOKENS - 2]
        whole = torch.tensor([2, *found, 3])
        row[: len(whole)] = whole
    return ids


def build() -> Micro:
    """New networks with random weights."""
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    return Micro(autoencoder(), painter(), text_encoder())


def save(micro: Micro, folder: Path) -> None:
    """The folder in diffusers' layout, weights in half precision."""
    for name, part in (("vae", micro.vae), ("unet", micro.unet), ("text_encoder", micro.text)):
        half = {k: v.detach().to(torch.float16) if v.is_floating_point() else v for k, v in part.state_dict().items()}
        part.save_pretrained(folder / name, state_dict=half, safe_serialization=True) if name == "text_encoder" else (
            _save_half(part, folder / name)
        )
    tokenizer().save_pretrained(folder / "tokenizer")
    (folder / "scheduler").mkdir(parents=True, exist_ok=True)
    write(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    write(folder / "model_index.json", INDEX)


def load(micro: Micro, folder: Path) -> None:
    """Take over the weights of a folder that `save` wrote. Raises ModelError for one of another shape."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    places = {"vae": "vae/diffusion_pytorch_model", "unet": "unet/diffusion_pytorch_model",
              "text": "text_encoder/model"}  # fmt: skip
    for name, place in places.items():
        part: nn.Module = getattr(micro, name)
        path = folder / f"{place}.safetensors"
        if not path.is_file():
            raise ModelError(f"{folder}: not a micro model's folder, {place}.safetensors is not there")
        try:
            part.load_state_dict(part.state_dict() | load_file(path))
        except (OSError, SafetensorError, RuntimeError) as error:
            raise ModelError(f"{path}: not a micro model's ({str(error).splitlines()[0][:80]})") from None


def _save_half(part: Any, folder: Path) -> None:
    from safetensors.torch import save_file

    part.save_config(folder)
    state = {k: v.detach().half().contiguous() for k, v in part.state_dict().items()}
    save_file(state, folder / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
    (folder / "diffusion_pytorch_model.safetensors").chmod(0o644)


def write(path: Path, value: Any) -> None:
    """JSON, readable."""
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")


SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "beta_start": BETAS[0],
    "beta_end": BETAS[1],
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": STEPS,
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "clip_sample": False,
    "set_alpha_to_one": True,
}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "safety_checker": [None, None],
    "requires_safety_checker": False,
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderTiny"],
}
