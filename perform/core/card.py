"""Model cards: who made a model, from what, under which licence, and the hash of its weights."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from perform.core.errors import ModelError

VERSION = 1
FILE = "model.toml"
PAINTING = ("unet/", "transformer/")
"""Where the network lies that paints, in a model of several."""
MOST_TRIM_PX = 8


NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Card:
    """A model's card. folder: where it lies. weights: file name inside the folder, always safetensors.

    sha256: of the weights file, lower-case hex. architecture, training: tables as the card states them.
    source: what the model was converted from: file, sha256, format, family.
    trim_px: rim of the picture that is not shown, where a network's padding leaves a line.
    files: of a model that is a folder of several files, each one's path inside it -> its sha256; weights and sha256
    are then those of the network that paints.
    """

    name: str
    kind: str
    folder: Path
    weights: str
    sha256: str
    title: str = ""
    description: str = ""
    author: str = ""
    licence: str = ""
    architecture: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    trim_px: int = 0
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def terms(self) -> str:
        """The licence, or "not stated" for the words that a card has where nobody stated one."""
        unstated = self.licence.strip().lower() in ("", "unknown") or self.licence.startswith("no stated licence")
        return NOT_STATED if unstated else self.licence

    @property
    def weights_path(self) -> Path:
        """Where the weights lie."""
        return self.folder / self.weights


def read_card(folder: str | Path) -> Card:
    """The card of a model folder. Raises ModelError when it is missing, broken, or points outside its folder."""
    folder = Path(folder)
    path = folder / FILE
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{folder}: no {FILE} here; a model is a folder with a card and safetensors") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if data.get("version", VERSION) > VERSION:
        raise ModelError(f"{path}: card version {data['version']} is newer than this perform knows ({VERSION})")
    files = _files(data, path)
    if files:
        networks = sorted((n for n in files if n.endswith(".safetensors")), key=lambda n: not n.startswith(PAINTING))
        data = {"weights": (*networks, "")[0], "sha256": files.get((*networks, "")[0], "")} | data
    missing = [k for k in ("name", "kind", "weights", "sha256") if not isinstance(data.get(k), str)]
    if missing:
        raise ModelError(f"{path}: the card lacks {', '.join(missing)}")
    weights = data["weights"]
    if not weights.endswith(".safetensors") or (Path(weights).name != weights and weights not in files):
        raise ModelError(f"{path}: weights must name a .safetensors file in the same folder, not {weights!r}")
    for table in ("architecture", "training", "source"):
        if not isinstance(data.get(table, {}), dict):
            raise ModelError(f"{path}: [{table}] must be a table")
    title, description, author, licence = (str(data.get(k, "")) for k in ("title", "description", "author", "licence"))
    trim_px = data.get("trim_px", 0)
    if not isinstance(trim_px, int) or not 0 <= trim_px <= MOST_TRIM_PX:
        raise ModelError(f"{path}: trim_px is {trim_px!r}; it must be a whole number of 0..{MOST_TRIM_PX} pixels")
    return Card(
        name=data["name"], kind=data["kind"], folder=folder, weights=weights, sha256=data["sha256"].lower(),
        title=title, description=description, author=author, licence=licence,
        architecture=data.get("architecture", {}), training=data.get("training", {}), trim_px=trim_px,
        source=data.get("source", {}), files=files,
    )  # fmt: skip


def _files(data: Mapping[str, Any], path: Path) -> dict[str, str]:
    """The table [files], checked: names stay inside the folder. Raises ModelError."""
    files = data.get("files", {})
    if not isinstance(files, dict) or not all(isinstance(v, str) for v in files.values()):
        raise ModelError(f"{path}: [files] must be a table of file names and their sha256")
    for name in files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            raise ModelError(f"{path}: [files] names {name[:80]!r}, which is not inside the model's folder")
    return {name: value.lower() for name, value in files.items()}


def check_hash(card: Card) -> None:
    """Raises ModelError unless the weights are the very bytes that the card speaks of."""
    for name, wanted in (card.files or {card.weights: card.sha256}).items():
        path = card.folder / name
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
        if found != wanted:
            what = "the weights are not those" if name.endswith(".safetensors") else "this file is not that"
            raise ModelError(
                f"{path}: {what} of the card (sha256 {found[:12]}…, card says {wanted[:12]}…); fetch the model again"
            )
