"""Which files of a model are wanted: weights as safetensors, settings and vocabularies as text. Nothing that runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from perform.core.errors import ModelError

TEXT = (".json", ".txt", ".model", ".jinja", ".vocab")
PARTS = (
    "unet", "transformer", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler",
    "controlnet", "image_prompt",
)  # fmt: skip
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5")


def wanted(names: Iterable[str], where: str) -> dict[str, str]:
    """File -> its name in our folder, of a model in diffusers layout. Half-precision weights are taken where there are
    both. Raises ModelError: no such layout, weights only as pickles, code of its own."""
    names = sorted(names)
    if "model_index.json" not in names:
        if any(name.endswith(PICKLES) for name in names):
            raise ModelError(f"{where}: holds weights only in files that can run code ({_first(names, PICKLES)}); "
                             "convert them to safetensors first")  # fmt: skip
        raise ModelError(f"{where}: no model_index.json; a diffusion model is a folder in diffusers layout")
    found = {"model_index.json": "model_index.json"}
    for part in PARTS:
        own = [n for n in names if PurePosixPath(n).parts[0] == part and len(PurePosixPath(n).parts) > 1]
        code = _first(own, (".py",))
        if code:
            raise ModelError(f"{where}: brings code of its own ({code}), which perform never runs")
        weights = [n for n in own if n.endswith(".safetensors")]
        if not weights and any(n.endswith(PICKLES) for n in own):
            raise ModelError(f"{where}: {part} is there only as {_first(own, PICKLES)}, which can run code; convert it "
                             "to safetensors first")  # fmt: skip
        found |= halves(weights)
        found |= {n: n for n in own if n.endswith(TEXT) and not _of_weights(n)}
        if any("-of-" in name for name in found.values()):
            found |= {n: n for n in own if n.endswith(".index.json") and ".fp16." not in n}
    return found


def halves(names: list[str]) -> dict[str, str]:
    """Of weights that are there in several precisions, the half ones where they are whole -> their names here."""
    half = [n for n in names if ".fp16." in n and "-of-" not in n]
    plain = [n for n in names if ".fp16" not in n and ".non_ema" not in n and ".ema" not in n]
    if half and (not plain or len(plain) == len(half)):
        return {n: n.replace(".fp16.", ".") for n in half}
    return {n: n for n in plain}


def _of_weights(name: str) -> bool:
    return name.endswith(".index.json")


def _first(names: Iterable[str], ends: tuple[str, ...]) -> str:
    return next((n for n in names if n.endswith(ends)), "")


def lone_lora(names: Iterable[str], where: str) -> str:
    """The one safetensors file of a LoRA's repository. Raises ModelError where there is none, or several."""
    found = [n for n in names if n.endswith(".safetensors")]
    best = next((n for n in found if n.endswith("pytorch_lora_weights.safetensors")), "")
    if best or len(found) == 1:
        return best or found[0]
    if not found:
        raise ModelError(f"{where}: no safetensors here; perform opens no other weights")
    raise ModelError(f"{where}: {len(found)} LoRAs are in it; name one: {where}:{found[0]}")
