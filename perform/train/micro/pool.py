"""A store of lessons that another process fills while the networks learn: drawing and encoding a picture costs as much
as learning from it, so each is looked at several times, and at another core's cost."""

from __future__ import annotations

import os
import random
import time
from typing import Any

import torch
import torch.multiprocessing as multiprocessing
from torch import Tensor

from .shape import LATENT, TOKENS

ROOM = 48_000
FIRST = 240
"""Lessons that are there before learning begins."""


class Pool:
    """Shared memory: noisy and wanted latents [ROOM, LATENT, s, s] float16, times, words. `filled` only grows."""

    def __init__(self, cells: int, room: int = ROOM) -> None:
        self.room = room
        self.noisy = torch.zeros(room, LATENT, cells, cells, dtype=torch.float16).share_memory_()
        self.wanted = torch.zeros(room, LATENT, cells, cells, dtype=torch.float16).share_memory_()
        self.times = torch.zeros(room, dtype=torch.long).share_memory_()
        self.words = torch.zeros(room, TOKENS, dtype=torch.long).share_memory_()
        self.filled = torch.zeros((), dtype=torch.long).share_memory_()

    def add(self, noisy: Tensor, times: Tensor, words: Tensor, wanted: Tensor) -> None:
        """New lessons, over the oldest. One writer."""
        at = (torch.arange(len(noisy)) + int(self.filled)) % self.room
        self.noisy[at], self.wanted[at], self.times[at], self.words[at] = noisy.half(), wanted.half(), times, words
        self.filled += len(noisy)

    def deal(self, count: int, chance: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(noisy, times, words, wanted) of `count` lessons by chance."""
        take = torch.randint(min(int(self.filled), self.room), (count,), generator=chance)
        return self.noisy[take].float(), self.times[take], self.words[take], self.wanted[take].float()


def fill(pool: Pool, vae: dict[str, Tensor], size: int, seed: int, dtype: torch.dtype, parent: int) -> None:
    """Draw lessons until the parent is gone. Runs in a process of its own."""
    from .painter import Lessons
    from .shape import build

    torch.set_num_threads(1)
    os.nice(4)
    micro = build()
    micro.vae.load_state_dict(vae)
    micro.vae.to(memory_format=torch.channels_last)
    lessons, chance = Lessons(micro, size, dtype), random.Random(seed)
    while os.getppid() == parent:
        noisy, t, ids, latent, _ = lessons.batch(chance)
        pool.add(noisy, t, ids, latent)


class Filler:
    """The process that fills a pool; use it in a `with`."""

    def __init__(self, pool: Pool, vae: dict[str, Tensor], size: int, seed: int, dtype: torch.dtype) -> None:
        told = (pool, {k: v.clone() for k, v in vae.items()}, size, seed, dtype, os.getpid())
        self._process: Any = multiprocessing.get_context("spawn").Process(target=fill, args=told, daemon=True)
        self._pool = pool

    def __enter__(self) -> Filler:
        self._process.start()
        while int(self._pool.filled) < min(FIRST, self._pool.room):
            if not self._process.is_alive():
                raise RuntimeError("the process that draws lessons has ended")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()
