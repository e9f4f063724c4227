"""Networks of exactly SD-Turbo's and SDXL-Turbo's shape with random weights, and what one call of them counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SD_UNET: Mapping[str, Any] = {
    "sample_size": 64, "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2, "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3, "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20), "use_linear_projection": True,
}  # fmt: skip
SDXL_UNET: Mapping[str, Any] = {
    "sample_size": 64, "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280),
    "layers_per_block": 2, "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10), "attention_head_dim": (5, 10, 20), "cross_attention_dim": 2048,
    "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
TINY_UNET: Mapping[str, Any] = {**SD_UNET, "block_out_channels": (32, 32, 64, 64), "norm_num_groups": 8,
                                "attention_head_dim": 8, "cross_attention_dim": 64}  # fmt: skip
TOKENS = 77


@dataclass(frozen=True)
class Model:
    """A model's shape. aims: frames a second that text-to-image and image-to-image aim at, at batch 1 and 512 px on an
    H100. params: that the U-Net must count, as a check of the shape."""

    name: str
    unet: Mapping[str, Any]
    words: int
    pooled: int = 0
    params: int = 0
    aims: tuple[float, float] = (0.0, 0.0)
    side: int = 512


MODELS = (
    Model("SD-Turbo", SD_UNET, 1024, params=865_910_724, aims=(200.0, 170.0)),
    Model("SDXL-Turbo", SDXL_UNET, 2048, pooled=1280, params=2_567_463_684, aims=(90.0, 0.0)),
)
SMALL = (Model("a small U-Net", TINY_UNET, 64, side=128),)


def networks(model: Model, device: str, dtype: Any) -> tuple[Any, Any]:
    """(U-Net, tiny autoencoder) on a device; on `meta` they have shapes and no numbers."""
    import torch
    from diffusers import AutoencoderTiny, UNet2DConditionModel

    with torch.device(device), torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        unet, vae = UNet2DConditionModel(**model.unet), AutoencoderTiny()
    made = [net.to(dtype).eval().requires_grad_(False) for net in (unet, vae)]
    if device != "meta":
        made = [net.to(memory_format=torch.channels_last) for net in made]
    return made[0], made[1]


class Words:
    """Stands for the text encoder: random embeddings of the right shape."""

    def __init__(self, model: Model, device: str, dtype: Any) -> None:
        self.notices: list[str] = []
        self._model, self._device, self._dtype = model, device, dtype

    def encode(self, prompt: str) -> Any:
        """See `parts.Text`."""
        import torch

        from perform.generators.diffusion.parts import Embedding

        chance = torch.Generator().manual_seed(len(prompt))
        tokens = torch.randn(1, TOKENS, self._model.words, generator=chance).to(self._device, self._dtype)
        pooled = torch.randn(1, self._model.pooled, generator=chance).to(self._device, self._dtype)
        return Embedding(tokens, pooled if self._model.pooled else None)


def parts_of(model: Model, unet: Any, vae: Any, device: str, dtype: Any) -> Any:
    """The networks as the player takes them."""
    import torch

    from perform.generators.diffusion.families.sdxl import SizedDenoise
    from perform.generators.diffusion.families.unet import PictureCoder, UNetDenoise, alphas
    from perform.generators.diffusion.parts import Parts, variance_preserving

    decoder = PictureCoder(vae, dtype)
    where = torch.device(device)
    denoise = SizedDenoise(unet, dtype, where, decoder.factor) if model.pooled else UNetDenoise(unet, dtype)
    return Parts(
        family="sdxl" if model.pooled else "sd", denoise=denoise, decoder=decoder, text=Words(model, device, dtype),
        schedule=variance_preserving(alphas({}, model.name)), prediction="epsilon", latent_channels=4, device=where,
        dtype=dtype, factor=decoder.factor, native=model.side, denoiser=unet, networks={"unet": unet, "vae": vae},
    )  # fmt: skip


def stages(model: Model, unet: Any, vae: Any, device: str, dtype: Any) -> dict[str, Callable[[], Any]]:
    """Calls of the single networks at the model's size."""
    import torch

    cells = model.side // 8

    def drawn(*shape: int) -> Any:  # not zeros: a card is faster with those
        return torch.randn(shape, device=device, dtype=dtype)

    x, image, t = drawn(1, 4, cells, cells), drawn(1, 3, model.side, model.side), torch.full((1,), 999.0, device=device)
    added = None
    if model.pooled:
        added = {"text_embeds": drawn(1, model.pooled), "time_ids": drawn(1, 6)}
    words = drawn(1, TOKENS, model.words)
    return {
        "encode": lambda: vae.encode(image, return_dict=False),
        "denoise": lambda: unet(x, t, encoder_hidden_states=words, added_cond_kwargs=added, return_dict=False),
        "decode": lambda: vae.decode(x, return_dict=False),
    }


def counted(call: Callable[[], Any]) -> dict[str, float]:
    """GMAC and operations that start a kernel, of one call on `meta`; an attention is one, as a card has it."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode

    class Kernels(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if not _is_view(func):
                Kernels.count += 1
            return func(*args, **(kwargs or {}))

    class Attention(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is not scaled_dot_product_attention:
                return func(*args, **(kwargs or {}))
            Kernels.count += 1
            query, _, value = args[:3]
            return torch.empty((*query.shape[:-1], value.shape[-1]), device=query.device, dtype=query.dtype)

    with torch.inference_mode(), FlopCounterMode(display=False) as flops:
        call()
    with torch.no_grad(), Attention(), Kernels():
        call()
    return {"gmac": round(flops.get_total_flops() / 2e9, 2), "kernels": Kernels.count}


def _is_view(func: Any) -> bool:
    """Whether an operation only looks at memory in another way."""
    if any(r.alias_info is not None and not r.alias_info.is_write for r in func._schema.returns):
        return True
    return func._schema.name.split("::")[1] in (
        "detach",
        "_unsafe_view",
        "_to_copy",
        "empty",
        "zeros",
        "ones",
        "arange",
    )
