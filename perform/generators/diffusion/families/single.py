"""Whole checkpoints in one file: taken apart once, by the settings of a local folder, into diffusers layout."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from torch import Tensor

from perform.core.errors import ModelError

from .opened import check_finite, failing_as_model_error, quiet

SINGLE = {
    "StableDiffusionPipeline": ("text_encoder",),
    "LatentConsistencyModelPipeline": ("text_encoder",),
    "StableDiffusionXLPipeline": ("text_encoder", "text_encoder_2"),
}
"""Class of `model_index.json` -> the text encoders in such a file."""
CLIP = {
    "text_encoder": ("cond_stage_model.transformer.", "conditioner.embedders.0.transformer."),
    "text_encoder_2": (),
}
OPEN_CLIP = {"text_encoder": "cond_stage_model.model.", "text_encoder_2": "conditioner.embedders.1.model."}
"""Text encoder -> how its weights begin in such a file: by CLIP's names, by OpenCLIP's."""


def keys(path: Path) -> list[str]:
    """Names of the weights in a file. Raises ModelError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return list(file.keys())
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None


def unpack(path: Path, config: Path, out: Path) -> None:
    """PATH's networks into OUT, as CONFIG's `model_index.json` and settings say. Raises ModelError."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from safetensors.torch import load_file

    from . import read_index

    keys(path)
    index = read_index(config)
    texts = SINGLE.get(str(index["_class_name"]))
    if texts is None:
        raise ModelError(f"{config}: {index['_class_name']} in one file is not known; {', '.join(sorted(SINGLE))} are")
    quiet()
    with failing_as_model_error(path):
        weights = load_file(path)
        for part, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL)):
            made = kind.from_single_file(dict(weights), config=str(config), subfolder=part, local_files_only=True)
            _save(made, path, out / part)
        for part in texts:
            _save(_text_encoder(part, config / part, weights, path), path, out / part)
    for part in ("tokenizer", "tokenizer_2", "scheduler", "vae_tiny"):
        if (config / part).is_dir():
            shutil.copytree(config / part, out / part, ignore=shutil.ignore_patterns("*.py", "*.bin"))
    shutil.copyfile(config / "model_index.json", out / "model_index.json")


def _save(made: Any, path: Path, folder: Path) -> None:
    if any(weight.is_meta for weight in made.state_dict().values()):
        raise ModelError(f"{path}: holds not all weights of the {folder.name} that the settings speak of")
    check_finite(made, path)
    made.save_pretrained(folder, safe_serialization=True)


def _text_encoder(part: str, config: Path, weights: dict[str, Tensor], path: Path) -> Any:
    """One of the file's text encoders. Raises ModelError where it is not there, or not whole."""
    from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    kind = CLIPTextModelWithProjection if part == "text_encoder_2" else CLIPTextModel
    made = kind(CLIPTextConfig.from_pretrained(config, local_files_only=True))
    found = {}
    for prefix in CLIP[part]:
        found |= {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    if not found and any(key.startswith(OPEN_CLIP[part]) for key in weights):
        found = convert_open_clip_checkpoint(made, weights, prefix=OPEN_CLIP[part])
    if not found:
        raise ModelError(f"{path}: holds no {part}; a whole model in one file is needed")
    wanted = made.state_dict().keys()
    if not any(key.startswith("text_model.") for key in wanted):  # as transformers names them, by version
        found = {key.removeprefix("text_model."): value for key, value in found.items()}
    lacking = sorted(wanted - found.keys())
    if lacking:
        raise ModelError(f"{path}: of its {part} {len(lacking)} weights are missing, the first is {lacking[0]}")
    made.load_state_dict({key: found[key] for key in wanted})
    return made
