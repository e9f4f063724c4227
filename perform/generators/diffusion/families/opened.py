"""Networks out of the sub-folders of a model: safetensors only, from this disk only, every number finite."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from perform.core.errors import ModelError, PerformError


def config_of(folder: Path, name: str) -> dict[str, Any]:
    """The JSON `name` of a sub-folder. Raises ModelError."""
    path = folder / name
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: is missing") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if not isinstance(found, dict):
        raise ModelError(f"{path}: is no table")
    return found


def network(kind: Any, folder: Path, device: Any, dtype: torch.dtype) -> Any:
    """A network of diffusers or transformers from its sub-folder, ready to play. Raises ModelError: missing or foreign
    files, shapes that do not fit, weights that lack or are not finite."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: is missing; the model is not complete")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(f"{folder}: holds no safetensors; perform opens no other weights")
    quiet()
    with failing_as_model_error(folder):
        made, told = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype, output_loading_info=True
        )
        lacking = sorted(told.get("missing_keys", ()))
        if lacking:
            raise ModelError(f"{folder}: {len(lacking)} weights are missing, the first is {lacking[0]}")
        if told.get("mismatched_keys"):
            raise ModelError(f"{folder}: the weight {next(iter(told['mismatched_keys']))[0]} has another shape")
        made = made.eval().requires_grad_(False)
        check_finite(made, folder)
        return made.to(device)


def quiet() -> None:
    """No progress bars and no advice of the libraries on the terminal: what matters is said by our own errors."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    for log in (of_diffusers, of_transformers):
        log.set_verbosity_error()  # type: ignore[no-untyped-call]
        log.disable_progress_bar()  # type: ignore[no-untyped-call]


def check_finite(made: torch.nn.Module, where: Path) -> None:
    """Raises ModelError, naming the first weight that holds NaN or infinity."""
    for name, weight in made.state_dict().items():
        if weight.is_floating_point() and not bool(torch.isfinite(weight.sum(dtype=torch.float64))):
            raise ModelError(f"{where}: the weight {name} holds NaN or infinity; fetch the model again")


def open_tokenizer(where: Path) -> Any:
    """The tokenizer of a folder, by transformers, from this disk alone. Raises ModelError."""
    from transformers import AutoTokenizer

    if not where.is_dir():
        raise ModelError(f"{where}: is missing; the model is not complete")
    with failing_as_model_error(where):
        return AutoTokenizer.from_pretrained(where, local_files_only=True, trust_remote_code=False)


@contextmanager
def failing_as_model_error(where: Path) -> Iterator[None]:
    """Whatever a library raises while it opens `where`, as one line of ModelError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries about their own future
            yield
    except PerformError:
        raise
    except Exception as error:  # files from anywhere fail in any way
        line = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{where}: cannot be opened ({line})") from error
