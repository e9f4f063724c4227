"""Whole checkpoints in one file, in the layout and names of the first releases of Stable Diffusion and SDXL, made of a
folder in diffusers' layout: the other way round than `perform` reads them."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}  # fmt: skip
OUTER = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
}  # fmt: skip
CODER = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next(folder.glob("*.safetensors")))


def unet_key(key: str, layers: int, attended: set[int]) -> str:
    """attended: up blocks that look at the words."""
    name, kind = key.rsplit(".", 1)
    if name in OUTER:
        return f"{OUTER[name]}.{kind}"
    if match := re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.+)", key):
        way, block, what, layer, rest = match.groups()
        number = int(block) * (layers + 1) + int(layer) + (way == "down")
        side = "input" if way == "down" else "output"
        inner = rest if what == "attentions" else f"{RESNET[rest.rsplit('.', 1)[0]]}.{kind}"
        return f"{side}_blocks.{number}.{int(what == 'attentions')}.{inner}"
    if match := re.match(r"down_blocks\.(\d+)\.downsamplers", key):
        return f"input_blocks.{(int(match[1]) + 1) * (layers + 1)}.0.op.{kind}"
    if match := re.match(r"up_blocks\.(\d+)\.upsamplers", key):
        block = int(match[1])
        return f"output_blocks.{block * (layers + 1) + layers}.{1 + (block in attended)}.conv.{kind}"
    if match := re.match(r"mid_block\.attentions\.0\.(.+)", key):
        return f"middle_block.1.{match[1]}"
    match = re.match(r"mid_block\.resnets\.(\d)\.(.+)\.\w+$", key)
    assert match, key
    return f"middle_block.{2 * int(match[1])}.{RESNET[match[2]]}.{kind}"


def coder_key(key: str, blocks: int) -> str:
    key = key.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", key)
    if "mid_block.attentions.0" in key:
        key = key.replace("mid_block.attentions.0", "mid.attn_1")
        for new, old in CODER.items():
            key = key.replace(f"attn_1.{new}.", f"attn_1.{old}.")
    key = re.sub(r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block.", key)
    key = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", key)
    key = re.sub(r"up_blocks\.(\d+)\.resnets\.", lambda m: f"up.{blocks - 1 - int(m[1])}.block.", key)
    return re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{blocks - 1 - int(m[1])}.upsample", key)


def open_clip(made: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A CLIP text model by OpenCLIP's names, queries, keys and values in one."""
    made = {k.removeprefix("text_model."): v for k, v in made.items()}
    found = {
        "positional_embedding": made["embeddings.position_embedding.weight"],
        "token_embedding.weight": made["embeddings.token_embedding.weight"],
        "ln_final.weight": made["final_layer_norm.weight"], "ln_final.bias": made["final_layer_norm.bias"],
    }  # fmt: skip
    if "text_projection.weight" in made:
        found["text_projection"] = made["text_projection.weight"].T.contiguous()
    names = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
             "self_attn.out_proj": "attn.out_proj"}  # fmt: skip
    count = 1 + max(int(m[1]) for k in made if (m := re.match(r"encoder\.layers\.(\d+)", k)))
    for n in range(count):
        for kind in ("weight", "bias"):
            for new, old in names.items():
                found[f"transformer.resblocks.{n}.{old}.{kind}"] = made[f"encoder.layers.{n}.{new}.{kind}"]
            parts = [made[f"encoder.layers.{n}.self_attn.{q}_proj.{kind}"] for q in "qkv"]
            found[f"transformer.resblocks.{n}.attn.in_proj_{kind}"] = torch.cat(parts)
    return found


def write(folder: Path, file: Path, layers: int = 1, later: bool = False) -> None:
    """folder: of Stable Diffusion, or of SDXL where it has two text encoders; its vae an AutoencoderKL. later: Stable
    Diffusion 2's names."""
    unet = weights(folder / "unet")
    attended = {int(m[1]) for k in unet if (m := re.match(r"up_blocks\.(\d+)\.attentions", k))}
    out = {f"model.diffusion_model.{unet_key(k, layers, attended)}": v for k, v in unet.items()}
    coder = weights(folder / "vae")
    blocks = 1 + max(int(m[1]) for k in coder if (m := re.match(r"encoder\.down_blocks\.(\d+)", k)))
    for key, value in coder.items():
        old = coder_key(key, blocks)
        flat = "attn_1" in old and old.endswith("weight") and "norm" not in old
        out[f"first_stage_model.{old}"] = value[:, :, None, None].contiguous() if flat else value
    text = {
        k if k.startswith("text_model.") else f"text_model.{k}": v for k, v in weights(folder / "text_encoder").items()
    }
    double = (folder / "text_encoder_2").is_dir()
    place = "conditioner.embedders.0.transformer." if double else "cond_stage_model.transformer."
    if later:
        out |= {f"cond_stage_model.model.{k}": v for k, v in open_clip(text).items()}
    else:
        out |= {place + k: v for k, v in text.items()}
    if double:
        second = open_clip(weights(folder / "text_encoder_2"))
        out |= {f"conditioner.embedders.1.model.{k}": v for k, v in second.items()}
    save_file({k: v.clone() for k, v in out.items()}, file)
