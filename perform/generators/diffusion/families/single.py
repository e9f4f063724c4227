"""Whole checkpoints in one file: taken apart once, by the settings of a local folder, into diffusers layout."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from perform.core.errors import ModelError

from .opened import check_finite, failing_as_model_error, quiet

SINGLE = {
    "StableDiffusionPipeline": "StableDiffusionPipeline",
    "LatentConsistencyModelPipeline": "StableDiffusionPipeline",
    "StableDiffusionXLPipeline": "StableDiffusionXLPipeline",
}
NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2")


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
    import diffusers

    from . import read_index

    keys(path)
    index = read_index(config)
    name = SINGLE.get(str(index["_class_name"]))
    if name is None:
        raise ModelError(f"{config}: {index['_class_name']} in one file is not known; {', '.join(sorted(SINGLE))} are")
    quiet()
    with failing_as_model_error(path):
        more: dict[str, Any] = {"safety_checker": None} if name == "StableDiffusionPipeline" else {}
        pipe = getattr(diffusers, name).from_single_file(str(path), config=str(config), local_files_only=True, **more)
        for part in NETWORKS:
            net = getattr(pipe, part, None)
            if net is not None:
                check_finite(net, path)
                net.save_pretrained(out / part, safe_serialization=True)
    for part in ("tokenizer", "tokenizer_2", "scheduler"):
        if (config / part).is_dir():
            shutil.copytree(config / part, out / part, ignore=shutil.ignore_patterns("*.py", "*.bin"))
    shutil.copyfile(config / "model_index.json", out / "model_index.json")
