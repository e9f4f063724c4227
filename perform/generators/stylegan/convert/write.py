"""The whole way from a checkpoint to a model folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from perform import __version__
from perform.core.card import FILE, Card, read_card
from perform.core.card_text import card_text
from perform.core.errors import ModelError

from ..alias_free import Architecture3
from ..network import Architecture
from .foreign import Foreign, read_foreign
from .nvidia import Translated, from_modules
from .plain import from_state, read_config
from .tensorflow import from_tensorflow

WEIGHTS = "weights.safetensors"
UNKNOWN = "unknown"
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person says of a model; what is empty is written down as unknown."""

    name: str
    licence: str = ""
    author: str = ""
    data: str = ""


def translate(foreign: Foreign, config: Mapping[str, Any] | None = None) -> Translated:
    """A foreign generator as (architecture, tensors, family). Raises ModelError."""
    where = str(foreign.path)
    if foreign.kind == "modules":
        return from_modules(foreign, where)
    if foreign.kind == "tensorflow":
        return from_tensorflow(foreign, where)
    return from_state(foreign, where, config or {})


def convert_file(path: str | Path, folder: Path, stated: Stated, config: Path | None = None) -> Card:
    """Convert a checkpoint into a model folder, which must not be there yet. Nothing is left behind on failure.

    config: settings for a state dict that does not tell them; a .toml of the file's own name beside it is found by
    itself. Raises ModelError.
    """
    path = Path(path)
    settings = read_config(config) if config else None
    foreign = read_foreign(path)
    arch, tensors, family = translate(foreign, settings_beside(path) if settings is None else settings)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
            made = Path(place) / "model"
            made.mkdir()
            _write(made, arch, tensors, stated, _source(path, foreign, family))
            made.chmod(0o755)
            os.rename(made, folder)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror}); is there a model of that name?") from None
    return read_card(folder)


def settings_beside(path: Path) -> dict[str, Any]:
    """The settings in a .toml of the file's own name beside it, if there is one."""
    near = path.with_suffix(".toml")
    return read_config(near) if near.is_file() and near.name != FILE else {}


def _source(path: Path, foreign: Foreign, family: str) -> dict[str, Any]:
    return {"file": path.name, "sha256": file_hash(path), "format": foreign.form, "part": foreign.part or None,
            "family": family, "converted_by": f"perform {__version__}"}  # fmt: skip


def file_hash(path: Path) -> str:
    """sha256 of a file, lower-case hex. Raises ModelError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None


def _write(
    folder: Path, arch: Architecture | Architecture3, tensors: dict[str, Tensor], stated: Stated, source: dict[str, Any]
) -> None:
    if shutil.disk_usage(folder).free < sum(4 * t.numel() for t in tensors.values()) + (16 << 20):
        raise ModelError(f"{folder.parent.parent}: the disk is too full for this model")
    save_file(tensors, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # the writer keeps it to its owner; a model is for all
    entries: dict[str, Any] = {
        "name": stated.name, "kind": "stylegan3" if isinstance(arch, Architecture3) else "stylegan2",
        "title": stated.name.replace("_", " ").capitalize(),
        "description": f"{source['family']}, {arch.resolution} px" + (f", {arch.c_dim} classes" if arch.c_dim else ""),
        "author": stated.author or UNKNOWN, "licence": stated.licence or UNKNOWN, "weights": WEIGHTS,
        "sha256": file_hash(folder / WEIGHTS), "architecture": architecture_table(arch),
        "training": {"data": stated.data or NOT_STATED}, "source": source,
    }  # fmt: skip
    (folder / FILE).write_text(card_text(entries), "utf-8")


def architecture_table(arch: Architecture | Architecture3) -> dict[str, Any]:
    """An architecture as a card states it: what is as usual is left out."""
    if isinstance(arch, Architecture3):
        usual = {f.name: f.default for f in fields(type(arch.layers[0]))}
        table = arch.table()
        layers = [{k: v for k, v in layer.items() if v != usual[k]} for layer in table.pop("layers")]
        return {**table, "layers": layers}
    usual = {
        f.name: f.default
        for f in fields(Architecture)
        if f.name in ("wiring", "img_channels", "widths", "rows", "columns")
    }
    return {k: v for k, v in asdict(arch).items() if v is not None and (k not in usual or v != usual[k])}
