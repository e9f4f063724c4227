"""Where a training begins: from nothing, or from a model that is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from perform.core.card import Card
from perform.core.errors import UsageError
from perform.generators.stylegan import load_network
from perform.generators.stylegan.network import Generator
from perform.train.place import read_state


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
        critic = read_state(left, {}).get("critic")
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


LARGEST = 1024


@torch.no_grad()
def grown(parent: Generator) -> Generator:
    """The same painter with one more block: pictures of twice the side, at first the parent's own made larger.

    As in [K18] (Karras et al., arXiv 1710.10196) new layers come in without a jolt; in a network that sums the colours
    of all its blocks ([K20], figure 7b) it is enough that the new block's colours start at zero. Its noise starts as
    strong as the parent's finest. Raises UsageError where there is no such block.
    """
    arch = parent.arch
    if arch.wiring != "skip":
        raise UsageError(
            f"--grow: only networks that sum their blocks' colours can grow, this is wired {arch.wiring!r}"
        )
    if arch.resolution * 2 > LARGEST:
        raise UsageError(f"--grow: the parent paints {arch.resolution} px already; {LARGEST} is the most")
    widths = (*arch.widths, max(1, arch.widths[-1] // 2)) if arch.widths else ()
    larger = Generator(replace(arch, resolution=arch.resolution * 2, widths=widths))
    larger.load_state_dict(parent.state_dict(), strict=False)
    new = larger.synthesis.get_submodule(f"b{larger.arch.resolution}")
    new.torgb.weight.zero_()
    new.torgb.bias.zero_()
    finest = parent.synthesis.get_submodule(f"b{arch.resolution}").convs[-1].noise_strength
    for conv in new.convs:
        conv.noise_strength.copy_(finest)
    return larger


def grown_critic(state: dict[str, Any]) -> dict[str, Any]:
    """What a discriminator of twice the side takes over: every block but its own finest, and not the first colours."""
    kept = {}
    for name, value in state.items():
        first, _, rest = name.partition(".")
        if first == "downs":
            number, _, rest = rest.partition(".")
            kept[f"downs.{int(number) + 1}.{rest}"] = value
        elif first != "colours":
            kept[name] = value
    return kept
