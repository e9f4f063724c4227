"""CLIP from a local folder in the layout of transformers: how well pictures go with words. Nothing is ever fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.errors import ModelError

MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures that CLIP was trained on (Radford et al., arXiv 2103.00020)."""


def find_clip(given: Path | None) -> Path:
    """The folder of a CLIP: the one given, else the first in a `perception/` folder of the search path.

    Raises ModelError, saying what to do.
    """
    from perform.content import search_path

    if given is not None:
        if not _is_clip(given):
            raise ModelError(f"{given}: no CLIP in the layout of transformers (a config.json with model_type clip)")
        return given
    for root in search_path():
        for folder in sorted((root / "perception").glob("*/")):
            if _is_clip(folder):
                return folder
    raise ModelError(
        "no CLIP here: put a folder in the layout of transformers (config.json, safetensors, tokenizer) into "
        f"{search_path()[0] / 'perception'}, or name one with --clip DIR; perform never fetches one by itself"
    )


def _is_clip(folder: Path) -> bool:
    try:
        return json.loads((folder / "config.json").read_text("utf-8")).get("model_type") == "clip"
    except (OSError, ValueError, AttributeError):
        return False


class Judge:
    """Scores pictures against a text: the mean cosine over several crops, so that one spot cannot fool it."""

    def __init__(self, folder: Path, text: str) -> None:
        """Raises ModelError where the folder cannot be loaded."""
        try:
            import torch
            from transformers import AutoTokenizer, CLIPModel
        except ImportError:
            raise ModelError("guidance by text needs transformers: pip install transformers") from None
        try:
            self._model = CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # noqa: BLE001 - the loader's own errors have no common base
            line = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
            raise ModelError(f"{folder}: this CLIP cannot be loaded ({line})") from None
        self._side = int(self._model.config.vision_config.image_size)
        with torch.no_grad():
            tokens = tokenizer([text], padding=True, truncation=True, return_tensors="pt")
            tokens = {k: v for k, v in tokens.items() if k in ("input_ids", "attention_mask")}
            self._wanted = _unit(self._embedding(self._model.get_text_features(**tokens)))

    def __call__(self, pictures: Any) -> np.ndarray:
        """pictures [n, 3, h, w] of -1..1 -> [n] cosine with the text."""
        import torch
        import torch.nn.functional as F

        side = pictures.shape[-1]
        total = torch.zeros(len(pictures))
        crops = ((0, 0, side), (0, 0, side * 3 // 4), (side // 4, side // 4, side * 3 // 4))
        mean, spread = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, SPREAD))
        with torch.no_grad():
            for x, y, size in crops:
                part = pictures[:, :, y : y + size, x : x + size]
                part = F.interpolate(part, size=(self._side, self._side), mode="bilinear", antialias=True)
                seen = self._embedding(self._model.get_image_features(pixel_values=((part + 1) / 2 - mean) / spread))
                total += (_unit(seen) @ self._wanted.T)[:, 0]
        scores: np.ndarray = (total / len(crops)).numpy()
        return scores

    @staticmethod
    def _embedding(found: Any) -> Any:
        """Newer versions of transformers give an object, older ones the tensor itself."""
        return getattr(found, "pooler_output", found)


def _unit(x: Any) -> Any:
    return x / x.norm(dim=-1, keepdim=True).clamp(min=1e-9)
