"""Saved latents: places in a model's w, found by projecting a picture, by text, or by hand, kept to be played.

A latent is a folder, as a model is: `latents/NAME/` with a card `latent.toml` and one safetensors file, whose tensor
`ws` is [k, num_ws, w_dim] float32: k pictures, the last of them the latent itself, those before it the way there.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from perform.core.card_text import toml_value
from perform.core.errors import ModelError

VERSION = 1
FILE = "latent.toml"
TENSORS = "latent.safetensors"
MOST_BYTES = 512 << 20
MOST_VALUE = 1e4  # w lies within some tens


@dataclass(frozen=True, slots=True)
class Latent:
    """A saved latent. ws: [k, num_ws, w_dim] float32; k > 1 where the way to it was kept. model, model_sha256: what it
    is a latent of. made: how it came about, as its maker states it."""

    name: str
    ws: np.ndarray
    model: str = ""
    model_sha256: str = ""
    title: str = ""
    author: str = ""
    licence: str = ""
    made: Mapping[str, Any] = field(default_factory=dict)

    def at(self, part: float) -> np.ndarray:
        """[num_ws, w_dim] after 0..1 of the way to it."""
        place = min(max(part, 0.0), 1.0) * (len(self.ws) - 1)
        before = int(place)
        after = min(before + 1, len(self.ws) - 1)
        found: np.ndarray = self.ws[before] + (place - before) * (self.ws[after] - self.ws[before])
        return found


def save_latent(folder: str | Path, latent: Latent) -> Path:
    """Write a latent as a folder, tensors first, so that a card always speaks of whole files. Returns the folder."""
    folder = Path(folder)
    ws = np.ascontiguousarray(_checked(latent.ws, str(folder)), np.float32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"ws": ws}, folder / TENSORS)
        digest = hashlib.sha256((folder / TENSORS).read_bytes()).hexdigest()
        words = {"name": latent.name, "title": latent.title, "author": latent.author, "licence": latent.licence,
                 "model": latent.model, "model_sha256": latent.model_sha256, "sha256": digest}  # fmt: skip
        lines = [
            f"version = {VERSION}",
            *(f"{key} = {toml_value(value)}" for key, value in words.items()),
            "",
            "[made]",
        ]
        lines += [f"{key} = {toml_value(value)}" for key, value in latent.made.items()]
        (folder / FILE).write_text("\n".join(lines) + "\n", "utf-8")
    except OSError as error:
        raise ModelError(f"{folder}: the latent cannot be written ({error.strerror})") from None
    return folder


def read_latent(folder: str | Path) -> Latent:
    """Read a latent's folder. Raises ModelError, one line, where card or tensor are missing, broken or not a pair."""
    folder = Path(folder)
    card = _card(folder / FILE)
    path = folder / TENSORS
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"{path}: more than {MOST_BYTES >> 20} MiB; this is no latent")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != str(card.get("sha256", digest)).lower():
            raise ModelError(f"{path}: not the tensors that its card speaks of; save the latent again")
        tensors = load_file(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - the reader's own errors have no common base
        raise ModelError(f"{path}: cannot be read ({str(error).splitlines()[0][:120]})") from None
    if "ws" not in tensors:
        raise ModelError(f"{path}: holds no tensor `ws`")
    text = {key: str(card.get(key, "")) for key in ("model", "model_sha256", "title", "author", "licence")}
    made = card.get("made", {})
    return Latent(str(card.get("name", folder.name)), _checked(tensors["ws"], str(path)), **text,
                  made=made if isinstance(made, dict) else {})  # fmt: skip


def fitting(latent: Latent, num_ws: int, w_dim: int) -> Latent:
    """The latent itself, if it is one of a model of this shape. Raises ModelError."""
    if latent.ws.shape[1:] != (num_ws, w_dim):
        of = f"of {latent.model}, " if latent.model else ""
        raise ModelError(
            f"latent {latent.name}: {of}[{latent.ws.shape[1]}, {latent.ws.shape[2]}], but this model needs "
            f"[{num_ws}, {w_dim}]; play it with its own model"
        )
    return latent


def _card(path: Path) -> dict[str, Any]:
    try:
        card = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path.parent}: no {FILE} here; a latent is a folder with a card and safetensors") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    version = card.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise ModelError(f"{path}: latent version {version!r} is newer than this perform knows ({VERSION})")
    return card


def _checked(ws: np.ndarray, where: str) -> np.ndarray:
    ws = np.asarray(ws)
    if ws.ndim != 3 or 0 in ws.shape or ws.dtype.kind != "f":
        raise ModelError(f"{where}: `ws` should be [k, num_ws, w_dim] floats, not {list(ws.shape)} {ws.dtype}")
    ws = ws.astype(np.float32)
    if not np.isfinite(ws).all() or np.abs(ws).max() > MOST_VALUE:
        raise ModelError(f"{where}: `ws` holds NaN, infinity or numbers that no model has; save the latent again")
    return ws
