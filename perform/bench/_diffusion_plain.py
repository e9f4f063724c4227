"""The plain diffusers pipelines round the same networks, and text encoders of the large models' shapes."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from perform.bench._diffusion_shapes import TOKENS, Model

SCHEDULE = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "timestep_spacing": "trailing"}
CLIP_H = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16,
          "hidden_act": "gelu", "projection_dim": 512}  # fmt: skip
CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
          "hidden_act": "quick_gelu"}  # fmt: skip
BIG_G = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20,
         "hidden_act": "gelu", "projection_dim": 1280}  # fmt: skip
ENCODERS = {"SD-Turbo": (CLIP_H,), "SDXL-Turbo": (CLIP_L, BIG_G)}
SMALL_ENCODER = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}


def pipelines(model: Model, unet: Any, vae: Any, device: str, dtype: Any) -> dict[str, Callable[[], Any]]:
    """One step of text to image and of image to image, as the pipelines do it: [1, h, w, 3] float32 numpy.

    The words are handed in as embeddings, so that neither side encodes them for each picture.
    """
    import diffusers
    import torch

    from perform.generators.diffusion.families.opened import quiet

    quiet()
    kind = "StableDiffusionXL" if model.pooled else "StableDiffusion"
    words = {"prompt_embeds": torch.randn(1, TOKENS, model.words).to(device, dtype)}
    if model.pooled:
        words["pooled_prompt_embeds"] = torch.randn(1, model.pooled).to(device, dtype)
    image = torch.rand(1, 3, model.side, model.side)
    size = {"height": model.side, "width": model.side}
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "text to image": ("Pipeline", {"num_inference_steps": 1, **size}),
        "image to image": ("Img2ImgPipeline", {"image": image, "num_inference_steps": 2, "strength": 0.5}),
    }
    return {way: _call(getattr(diffusers, kind + name), unet, vae, device, {**words, **more})
            for way, (name, more) in ways.items()}  # fmt: skip


def _call(kind: Any, unet: Any, vae: Any, device: str, given: dict[str, Any]) -> Callable[[], Any]:
    from diffusers import EulerAncestralDiscreteScheduler

    absent = {"text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2", "safety_checker", "feature_extractor"}
    told = inspect.signature(kind.__init__).parameters
    parts = {name: None for name in absent & told.keys()}
    more = {"requires_safety_checker": False} if "requires_safety_checker" in told else {"add_watermarker": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = kind(unet=unet, vae=vae, scheduler=EulerAncestralDiscreteScheduler(**SCHEDULE), **parts, **more)
    pipe.set_progress_bar_config(disable=True)
    pipe.to(device)

    def call() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pipe(**given, guidance_scale=0.0, output_type="np").images

    return call


def text_call(model: Model, device: str, dtype: Any) -> Callable[[], Any]:
    """One prompt through encoders of the model's shapes, random weights."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.device(device), torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        nets = [CLIPTextModel(CLIPTextConfig(**shape)).to(dtype).eval()
                for shape in ENCODERS.get(model.name, (SMALL_ENCODER,))]  # fmt: skip
    ids = torch.randint(0, 49000, (1, TOKENS), device=device)
    return lambda: [net(ids) for net in nets]
