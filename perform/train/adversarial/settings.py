"""What `perform train gan` can be told."""

from __future__ import annotations

from dataclasses import dataclass

from perform.core.errors import UsageError
from perform.generators.stylegan.network import Architecture

AUGMENTS = ("ada", "diff", "none")


@dataclass(frozen=True)
class Settings:
    """size: side in px, a power of two. gamma: weight of R1 ([K20], appendix B); None: by size and batch, as [K20b]
    does. freeze_d: so many of the discriminator's finest blocks stay as they are (Mo et al., arXiv 2002.10964).
    path_length: weight of that regulariser ([K20], section 3.2), 0 for none. width: channels at 4 to 32 px. grow: the
    parent gets a block more, for pictures of twice the side. alone: share of the time, 0..1, over which the painter's
    new block learns by itself and what the parent knows stays as it is. recipe: what they come from, for the card."""

    size: int = 128
    minutes: float = 120.0
    batch: int = 16
    rate: float = 2e-3
    gamma: float | None = None
    augment: str = "ada"
    flips: bool = False
    path_length: float = 0.0
    freeze_d: int = 0
    mixing: float = 0.5
    seed: int = 1
    width: int = 128
    z_dim: int = 64
    w_dim: int = 192
    grow: bool = False
    alone: float = 0.5
    recipe: str = ""

    def __post_init__(self) -> None:
        if self.size & (self.size - 1) or not 16 <= self.size <= 1024:
            raise UsageError(f"--size {self.size}: a power of two from 16 to 1024")
        if not 1 <= self.batch <= 512:
            raise UsageError(f"--batch {self.batch}: between 1 and 512")
        if not 0 <= self.alone <= 1:
            raise UsageError(f"--alone {self.alone:g}: a share of the time, between 0 and 1")
        if self.augment not in AUGMENTS:
            raise UsageError(f"--augment {self.augment}: one of {', '.join(AUGMENTS)}")

    @property
    def r1(self) -> float:
        """The weight of R1: 0.0002 · side² / batch ([K20b], appendix C.1)."""
        return self.gamma if self.gamma is not None else 0.0002 * self.size**2 / self.batch

    @property
    def architecture(self) -> Architecture:
        """Of a new generator."""
        return Architecture(
            z_dim=self.z_dim, w_dim=self.w_dim, num_mapping_layers=4, resolution=self.size,
            channel_base=32 * self.width, channel_max=self.width, mapping_lr_multiplier=0.01,
        )  # fmt: skip
