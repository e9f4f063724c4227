"""Opening a model for the studio, by name or path, and keeping what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perform.core.errors import ModelError, UsageError


def model_folder(name: str) -> Path:
    """The folder of a model named on the command line: a path that is there, else a name of the search path."""
    from perform.content import find_model

    path = Path(name)
    return path if path.exists() and (path.is_file() or (path / "model.toml").is_file()) else find_model(name)


def open_network(name: str, device: str) -> Any:
    """A network, ready for the studio. The studio's own arithmetic is done on the CPU."""
    from perform.generators.stylegan import load_network

    if device not in ("auto", "cpu"):
        raise UsageError("the studio works on the CPU for now; leave --device out")
    return load_network(model_folder(name))


def open_instrument(name: str, device: str) -> Any:
    """The live instrument on a model, prepared."""
    from perform.core.card import read_card
    from perform.generators.stylegan.instrument import Instrument
    from perform.generators.stylegan.load import folder_of

    instrument = Instrument()
    instrument.open(read_card(folder_of(model_folder(name))), device)
    instrument.prepare({"warm": False})
    return instrument


def latents_folder() -> Path:
    """Where new latents go, so that presets find them: `latents/` of the folder you stand in."""
    return Path.cwd() / "latents"


def latent_name(given: str | None, otherwise: str) -> str:
    """A name that can be an address: a-z, 0-9 and _. Raises UsageError."""
    import re

    name = given or re.sub(r"[^a-z0-9]+", "_", otherwise.lower()).strip("_")[:40] or "latent"
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise UsageError(f"--name {name!r}: a latent's name is made of a-z, 0-9 and _")
    return name


def keep(network: Any, name: str, ws: Any, made: dict[str, Any]) -> Path:
    """Write a latent beside the others, with what it is a latent of and how it was made."""
    from perform.generators.stylegan.saved import Latent, save_latent

    card = network.card
    if card is None:
        raise ModelError("a network without a card has no name that a latent could be kept under")
    return save_latent(latents_folder() / name, Latent(name, ws, card.name, card.sha256, made=made))
