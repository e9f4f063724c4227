"""A whole model in diffusers layout with seeded random weights: small enough for tests, shaped like the real ones."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from perform.core.card import FILE
from perform.core.card_text import card_text

SAMPLE = 8  # latent cells a side
WIDTH = 32  # numbers a word
WORDS = 24  # tokens that a prompt has room for


def write_tiny(
    folder: str | Path,
    seed: int = 1,
    name: str = "tiny",
    channels: tuple[int, ...] = (32, 64),
    sample: int = SAMPLE,
    **unet: Any,
) -> Path:
    """Write a model folder and its card; returns it. unet: more for the U-Net's config. Same seed, same bytes."""
    from .families.opened import quiet

    quiet()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _networks(folder, channels, sample, unet)
    _tokenizer(folder / "tokenizer")
    scheduler = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012}
    scheduler |= {"beta_schedule": "scaled_linear", "prediction_type": "epsilon"}
    _json(folder / "scheduler" / "scheduler_config.json", scheduler)
    _json(folder / "model_index.json", {"_class_name": "StableDiffusionPipeline"})
    write_card(folder, name, "Random weights: a stand-in for a model, for tests.")
    return folder


def write_card(folder: Path, name: str, description: str) -> None:
    """A card beside the files, with the hash of each."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != FILE)
    hashes = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    entries = {"name": name, "kind": "diffusion", "title": name, "description": description}
    entries |= {"licence": "Apache-2.0", "author": "the perform authors"}
    (folder / FILE).write_text(card_text({**entries, "files": hashes}), "utf-8")


def _networks(folder: Path, channels: tuple[int, ...], sample: int, unet: dict[str, Any]) -> None:
    from diffusers import AutoencoderTiny, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    end = len(channels) - 1
    down = tuple("DownBlock2D" if n == end else "CrossAttnDownBlock2D" for n in range(len(channels)))
    up = tuple(kind.replace("Down", "Up") for kind in reversed(down))
    shape: dict[str, Any] = {"sample_size": sample, "in_channels": 4, "out_channels": 4, "layers_per_block": 1}
    shape |= {"block_out_channels": channels, "down_block_types": down, "up_block_types": up}
    shape |= {"cross_attention_dim": WIDTH, "attention_head_dim": 8, "norm_num_groups": 8}
    UNet2DConditionModel(**(shape | unet)).save_pretrained(folder / "unet")
    coder = AutoencoderTiny(
        encoder_block_out_channels=(16,) * 4, decoder_block_out_channels=(16,) * 4, num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    )  # fmt: skip
    last = coder.decoder.layers[-1]
    with torch.no_grad():  # pictures of middling grey with something in them, in place of near black
        last.weight.mul_(8.0)
        last.bias.fill_(0.5)
    coder.save_pretrained(folder / "vae")
    size = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4}
    ends = {"vocab_size": 514, "bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513}
    text = CLIPTextConfig(max_position_embeddings=WORDS, hidden_act="gelu", **size, **ends)
    CLIPTextModel(text).save_pretrained(folder / "text_encoder")


def _tokenizer(folder: Path) -> None:
    """CLIP's, with its 256 bytes and no merges: every word is known, letter by letter."""
    letters = _bytes()
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    _json(folder / "vocab.json", {word: number for number, word in enumerate(words)})
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    ends = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    more = {"unk_token": "<|endoftext|>", "model_max_length": WORDS, "tokenizer_class": "CLIPTokenizer"}
    _json(folder / "tokenizer_config.json", {**ends, **more})


def _bytes() -> list[str]:
    """One printable letter for each byte, as byte-level vocabularies write them (Radford et al. 2019)."""
    kept = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(n) if n in kept else chr(next(others)) for n in range(256)]


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
