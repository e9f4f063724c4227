"""Model folders in diffusers layout: which family one is of, and the maker of `Parts` for it.

A family is a module here with `CLASSES` (the pipelines that `model_index.json` names) and
`load(folder, index, device, dtype) -> Parts`. Nothing is fetched, no pickle is opened, no code of a model is run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from perform.core.errors import ModelError

from ..parts import Parts

INDEX = "model_index.json"
FAMILIES = {
    "StableDiffusionPipeline": "unet",
    "StableDiffusionImg2ImgPipeline": "unet",
    "LatentConsistencyModelPipeline": "unet",
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusionXLImg2ImgPipeline": "sdxl",
    "SanaSprintPipeline": "sana",
    "SanaSprintImg2ImgPipeline": "sana",
    "Flux2KleinPipeline": "flux2",
    "ZImagePipeline": "zimage",
    "ZImageImg2ImgPipeline": "zimage",
}
"""The class that `model_index.json` names -> the module here that opens it."""


def read_index(folder: Path) -> Mapping[str, Any]:
    """`model_index.json`. Raises ModelError."""
    path = folder / INDEX
    try:
        index = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{folder}: no {INDEX} here; a diffusion model is a folder in diffusers layout") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if not isinstance(index, dict) or not isinstance(index.get("_class_name"), str):
        raise ModelError(f"{path}: names no _class_name")
    return index


def open_parts(folder: str | Path, device: Any = "cpu", dtype: Any = None) -> Parts:
    """A model folder as Parts. dtype: of the networks; float32 unless told otherwise. Raises ModelError, one line."""
    import torch

    folder = Path(folder)
    index = read_index(folder)
    name = index["_class_name"]
    if name not in FAMILIES:
        known = sorted({each.removesuffix("Pipeline").removesuffix("Img2Img") for each in FAMILIES})
        raise ModelError(f"{folder}: {name[:60]} is no family that perform plays; it knows {', '.join(known)}")
    family = import_module(f"{__name__}.{FAMILIES[name]}")
    parts: Parts = family.load(folder, index, torch.device(device), dtype or torch.float32)
    return parts
