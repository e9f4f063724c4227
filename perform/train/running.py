"""Comforts of a long training: a clock, a running mean of the weights, checkpoints that a kill cannot spoil."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from perform.core.errors import PerformError
from perform.train.place import read_state


class Run:
    """Counts, saves and resumes. seconds: the whole of the work. whose: what tells this training from another."""

    def __init__(
        self, path: Path, seconds: float, save_every_s: float = 120.0, whose: Mapping[str, str] | None = None
    ) -> None:
        self.whose = dict(whose or {})
        self.path, self.seconds, self.save_every_s = path, seconds, save_every_s
        self.spent, self.steps, self.pictures = 0.0, 0, 0
        self._saved = self._tick = time.perf_counter()
        self.recent: dict[str, float] = {}

    @property
    def done(self) -> float:
        """0..1 of the time."""
        return min(1.0, self.spent / self.seconds)

    def count(self, pictures: int, losses: dict[str, float]) -> None:
        """One step is done. Raises PerformError when the loss is no number any more."""
        now = time.perf_counter()
        self.spent += now - self._tick
        self._tick = now
        self.steps += 1
        self.pictures += pictures
        for name, value in losses.items():
            if value != value:
                raise PerformError(f"the loss {name!r} is no number after {self.steps} steps; resume from {self.path}")
            self.recent[name] = value + 0.98 * (self.recent.get(name, value) - value)

    def due(self) -> bool:
        """Whether a checkpoint should be written now."""
        return time.perf_counter() - self._saved > self.save_every_s

    def put_off(self) -> None:
        """No checkpoint could be written: it is due again after the usual time."""
        self._saved = self._tick = time.perf_counter()

    def save(self, state: dict[str, Any]) -> None:
        """Write all at once, or not at all."""
        state = state | {"run": (self.spent, self.steps, self.pictures), "whose": self.whose}
        fresh = self.path.with_suffix(".new")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, fresh)
        os.replace(fresh, self.path)
        self._saved = self._tick = time.perf_counter()

    def resume(self) -> dict[str, Any] | None:
        """The last checkpoint, if there is one. Raises UsageError for another training's, or one that is broken."""
        if not self.path.exists():
            return None
        state = read_state(self.path, self.whose)
        self.spent, self.steps, self.pictures = state.pop("run")
        self._tick = time.perf_counter()
        return state

    def line(self) -> str:
        """How it stands."""
        rate = self.pictures / max(self.spent, 1e-6)
        losses = "  ".join(f"{k} {v:.4f}" for k, v in self.recent.items())
        left = max(0.0, self.seconds - self.spent) / 60
        return f"{100 * self.done:5.1f} %  {left:.1f} min left  {self.pictures} pictures, {rate:.1f}/s  {losses}"


class Mean:
    """A running mean of weights (Polyak averaging), which forgets half within `half_life` steps, at first sooner."""

    def __init__(self, modules: Iterable[nn.Module], half_life: float = 400.0) -> None:
        self.live = list(modules)
        self.kept = [copy.deepcopy(m).requires_grad_(False).eval() for m in self.live]
        self.half_life, self.steps = half_life, 0

    @torch.no_grad()
    def follow(self) -> None:
        """After each step."""
        self.steps += 1
        keep = 0.5 ** (1 / min(self.half_life, 1 + self.steps / 8))
        for kept, live in zip(self.kept, self.live, strict=True):
            torch._foreach_lerp_(list(kept.parameters()), [p.detach() for p in live.parameters()], 1 - keep)
