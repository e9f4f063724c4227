"""Where a training begins: from nothing, or from a model that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from perform.core.card import Card
from perform.core.errors import UsageError
from perform.generators.stylegan import load_network
from perform.generators.stylegan.network import Generator


def parent(path: Path) -> tuple[Generator, Card | None]:
    """The painter of a model folder or foreign checkpoint, to go on from. Raises UsageError for what cannot be."""
    network = load_network(path, dtype=torch.float32)
    generator = network.generator
    if not isinstance(generator, Generator):
        raise UsageError(f"--from {path}: only StyleGAN2 can be taught further, this is a {type(generator).__name__}")
    if generator.arch.c_dim:
        raise UsageError(f"--from {path}: it has {generator.arch.c_dim} classes, and a picture set has none")
    if generator.arch.img_channels != 3 or (generator.arch.rows, generator.arch.columns) != (4, 4):
        raise UsageError(f"--from {path}: only square pictures in colour can be taught further")
    return generator, network.card


def earlier_critic(path: Path) -> dict[str, Any] | None:
    """The discriminator that an earlier training left in its folder beside the model, if there is one."""
    left = path.parent / "work" / "gan.pt"
    if path.is_dir() and left.is_file():
        state = torch.load(left, map_location="cpu", weights_only=True)
        critic = state.get("critic")
        return critic if isinstance(critic, dict) else None
    return None


def told(card: Card | None, path: Path) -> dict[str, Any]:
    """What the child's card says of its parent."""
    if card is None:
        return {"name": path.stem}
    return {"name": card.name, "sha256": card.sha256, "licence": card.licence or "unknown",
            "author": card.author or "unknown"}  # fmt: skip


def copy_into(duel_painter: Generator, mean: Generator, source: Generator) -> None:
    """Take the parent's weights over."""
    state = source.state_dict()
    duel_painter.load_state_dict(state)
    mean.load_state_dict(state)
