"""Pictures to learn from, with their latents: some freshly drawn, most drawn a little earlier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from perform.train import rules

FRESH = 5  # each picture drawn pays for so many looked at: drawing costs a quarter to two thirds of learning
CHUNK = 32  # pictures drawn at once, which is cheaper than one by one
MEMORY = 600 << 20  # bytes of pictures kept
CHOICE = 4  # latents to choose one from, where some families are drawn more often than others


class Pool:
    """Pairs (z, R(z)) of one size. Kept as bytes; the oldest give way.

    among: the families that take part. often: how many times as often as the others one is drawn, up to CHOICE.
    """

    def __init__(
        self, size: int, z_dim: int, seed: int, among: Sequence[str] = rules.FAMILIES,
        often: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self.size, self.z_dim, self.among = size, z_dim, among
        self.often = torch.tensor([(often or {}).get(name, 1.0) for name in among])
        self.chance = torch.Generator().manual_seed(seed)
        self.capacity = min(MEMORY // (3 * size * size), 60_000)
        self.pictures = torch.empty(self.capacity, 3, size, size, dtype=torch.uint8)
        self.latents = torch.empty(self.capacity, z_dim)
        self.filled, self.place, self.owed = 0, 0, 0

    def _draw(self, count: int) -> None:
        z = self._latents(count)
        oversample = 2 if self.size < 128 else 1  # large pictures have soft edges as they are
        drawn = rules.draw(z, self.size, oversample, self.among).add(1).mul(127.5).round().clamp(0, 255).byte()
        index = (torch.arange(count) + self.place) % self.capacity
        self.pictures[index], self.latents[index] = drawn, z
        self.place = (self.place + count) % self.capacity
        self.filled = min(self.filled + count, self.capacity)

    def _latents(self, count: int) -> Tensor:
        if bool((self.often == self.often[0]).all()):
            return torch.randn(count, self.z_dim, generator=self.chance)
        z = torch.randn(count * CHOICE, self.z_dim, generator=self.chance)
        wanted = self.often[rules.shares(rules.parameters(z), self.among).argmax(1)]
        return z[torch.multinomial(wanted, count, generator=self.chance)]

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """z [count, z_dim] and pictures [count, 3, size, size] of -1..1."""
        self.owed -= count
        while self.owed < 0:
            self._draw(CHUNK)
            self.owed += CHUNK * FRESH
        index = torch.randint(self.filled, (count,), generator=self.chance)
        return self.latents[index], self.pictures[index].float() / 127.5 - 1
