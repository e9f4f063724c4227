"""Whole folders of each family's layout with seeded random weights, as small as the layouts allow."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from perform.generators.diffusion.tiny import write_card, write_tiny

WORDS = [
    "<pad>",
    "<unk>",
    "<s>",
    "</s>",
    "user",
    "assistant",
    "a",
    "red",
    "fish",
    "blue",
    "smoke",
    "in",
    "the",
    "night",
]
CHAT = "{% for m in messages %}user {{ m['content'] }} {% endfor %}{% if add_generation_prompt %}assistant{% endif %}"
FLOW = {"num_train_timesteps": 1000, "shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15,
        "base_image_seq_len": 256, "max_image_seq_len": 4096, "perform_native": 64}  # fmt: skip


def words_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
                                   eos_token="</s>", model_max_length=512)  # fmt: skip
    made.chat_template = CHAT
    made.save_pretrained(folder)


def scheduler(folder: Path, **config) -> None:
    (folder / "scheduler").mkdir(parents=True)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))


def index(folder: Path, name: str, **parts) -> None:
    (folder / "model_index.json").write_text(json.dumps({"_class_name": name, **parts}))


def sdxl(folder: Path) -> Path:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    write_tiny(folder, seed=3)
    second = {"vocab_size": 514, "bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513}
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
    text = CLIPTextConfig(max_position_embeddings=24, hidden_act="gelu", projection_dim=16, **size, **second)
    CLIPTextModelWithProjection(text).save_pretrained(folder / "text_encoder_2")
    import shutil

    shutil.copytree(folder / "tokenizer", folder / "tokenizer_2")
    UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2), attention_head_dim=(4, 8), cross_attention_dim=64, norm_num_groups=8,
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 16,
    ).save_pretrained(folder / "unet")  # fmt: skip
    index(folder, "StableDiffusionXLPipeline")
    write_card(folder, "tiny_sdxl", "random")
    return folder


def sana(folder: Path) -> Path:
    from diffusers import AutoencoderDC, SanaTransformer2DModel
    from transformers import Gemma2Config, Gemma2Model

    SanaTransformer2DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=4, num_layers=3,
        num_cross_attention_heads=2, cross_attention_head_dim=4, cross_attention_dim=8, caption_channels=8,
        sample_size=8, guidance_embeds=True, qk_norm="rms_norm_across_heads",
    ).save_pretrained(folder / "transformer")  # fmt: skip
    AutoencoderDC(
        latent_channels=4, attention_head_dim=2, encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"), encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8), encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)),
        encoder_layers_per_block=(1, 1), decoder_layers_per_block=(1, 1), downsample_block_type="conv",
        upsample_block_type="interpolate", decoder_norm_types="rms_norm", decoder_act_fns="silu",
        scaling_factor=0.41407,
    ).save_pretrained(folder / "vae")  # fmt: skip
    Gemma2Model(Gemma2Config(
        vocab_size=len(WORDS), hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=4, pad_token_id=0, bos_token_id=2, eos_token_id=3,
    )).save_pretrained(folder / "text_encoder")  # fmt: skip
    words_tokenizer(folder / "tokenizer")
    scheduler(folder, _class_name="SCMScheduler", num_train_timesteps=1000, sigma_data=0.5, prediction_type="trigflow")
    index(folder, "SanaSprintPipeline")
    write_card(folder, "tiny_sana", "random")
    return folder


def qwen(folder: Path, kind: str, layers: int) -> None:
    import transformers

    config = transformers.Qwen3Config(
        vocab_size=len(WORDS), hidden_size=8, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=2,
        num_key_value_heads=1, head_dim=4, pad_token_id=0, bos_token_id=2, eos_token_id=3, max_position_embeddings=600,
    )  # fmt: skip
    getattr(transformers, kind)(config).save_pretrained(folder / "text_encoder")
    words_tokenizer(folder / "tokenizer")


def flux2(folder: Path) -> Path:
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

    Flux2Transformer2DModel(
        patch_size=1, in_channels=16, num_layers=2, num_single_layers=2, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=24, timestep_guidance_channels=16, axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    ).save_pretrained(folder / "transformer")  # fmt: skip
    vae = AutoencoderKLFlux2(
        down_block_types=("DownEncoderBlock2D",), up_block_types=("UpDecoderBlock2D",), block_out_channels=(8,),
        layers_per_block=1, latent_channels=4, norm_num_groups=1, sample_size=32,
    )  # fmt: skip
    with torch.no_grad():
        vae.bn.running_mean.normal_(0, 0.1)
        vae.bn.running_var.uniform_(0.5, 1.5)
    vae.save_pretrained(folder / "vae")
    qwen(folder, "Qwen3ForCausalLM", 4)
    scheduler(folder, _class_name="FlowMatchEulerDiscreteScheduler", **FLOW)
    index(folder, "Flux2KleinPipeline", is_distilled=True)
    write_card(folder, "tiny_flux2", "random")
    return folder


def zimage(folder: Path) -> Path:
    from diffusers import AutoencoderKL, ZImageTransformer2DModel

    made = ZImageTransformer2DModel(
        in_channels=4, dim=32, n_layers=3, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=8,
        axes_dims=[8, 4, 4], axes_lens=[768, 64, 64],
    )  # fmt: skip
    with torch.no_grad():  # some of its weights are left as they come from the memory
        for weight in made.parameters():
            weight.normal_(0, 0.05)
    made.save_pretrained(folder / "transformer")
    AutoencoderKL(
        block_out_channels=(8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, scaling_factor=0.3611,
        shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False,
    ).save_pretrained(folder / "vae")  # fmt: skip
    qwen(folder, "Qwen3Model", 3)
    scheduler(folder, _class_name="FlowMatchEulerDiscreteScheduler", **FLOW)
    index(folder, "ZImagePipeline")
    write_card(folder, "tiny_zimage", "random")
    return folder


def make(name: str, folder: Path) -> Path:
    """A folder of the family, the same every time."""
    from perform.generators.diffusion.families.opened import quiet

    quiet()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return globals()[name](folder)


def controlnet(folder: Path) -> None:
    """A ControlNet beside a U-Net, with weights that do something."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        net = ControlNetModel.from_unet(
            UNet2DConditionModel.from_pretrained(folder / "unet"), conditioning_embedding_out_channels=(8, 8, 16, 16)
        )
        with torch.no_grad():
            for weight in net.parameters():
                if float(weight.abs().sum()) == 0:
                    weight.normal_(0, 0.05)
    net.save_pretrained(folder / "controlnet")


def image_prompt(folder: Path) -> dict[str, torch.Tensor]:
    """An IP-Adapter beside a U-Net; returns its weights."""
    from diffusers import UNet2DConditionModel
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    unet = UNet2DConditionModel.from_pretrained(folder / "unet")
    wide = unet.config.cross_attention_dim
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        eye = CLIPVisionModelWithProjection(CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32,
            patch_size=8, projection_dim=16,
        ))  # fmt: skip
        eye.save_pretrained(folder / "image_prompt" / "image_encoder")
        weights = {"image_proj.proj.weight": torch.randn(4 * wide, 16) * 0.2,
                   "image_proj.proj.bias": torch.zeros(4 * wide),
                   "image_proj.norm.weight": torch.ones(wide), "image_proj.norm.bias": torch.zeros(wide)}  # fmt: skip
        crossing = [n for n in unet.attn_processors if "attn2" in n]
        for number, name in enumerate(crossing):
            out = unet.get_submodule(name.removesuffix(".processor")).to_k.out_features
            for kind in "kv":
                weights[f"ip_adapter.{2 * number + 1}.to_{kind}_ip.weight"] = torch.randn(out, wide) * 0.2
    save_file(weights, folder / "image_prompt" / "ip_adapter.safetensors")
    return weights
