"""Numbers that a frame's loop reads: one small tensor on the device, written with one copy before each picture.

A captured graph keeps the addresses it reads, and none of the values: so what the music moves must lie in tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .noise import DRAWS
from .parts import LORAS, Extras, Parts, one_step

SCALARS = ("feedback", "carry", "coherence", "eta", "eta_rest", "guidance")
PER_SLOT = ("level", "signal", "inverse", "time", "cx", "cm", "next_level", "next_signal")


@dataclass(frozen=True, slots=True)
class Slot:
    """A step's numbers. index: into the schedule. next_index: of the step after it; the last one has its own."""

    index: int
    next_index: int


def plan_steps(parts: Parts, level: float, steps: int) -> list[int]:
    """Indices into the schedule of a picture's steps, falling: from the level (0..1) down, evenly in time, as few-step
    models are made (999, 749, 499, 249 for four from the top)."""
    top = parts.starts % len(parts.schedule.levels)
    first = min(parts.schedule.nearest(level), top)
    return [max(round((first + 1) * (steps - n) / steps) - 1, 0) for n in range(steps)]


class Knobs:
    """Views of one vector: scalars by name, rows per slot, the noise's weights, where the picture before goes."""

    def __init__(self, slots: int, device: Any) -> None:
        names = [*SCALARS, *(f"{name}/{n}" for name in PER_SLOT for n in range(slots))]
        size = len(names) + DRAWS + 6
        pinned = torch.device(device).type == "cuda"
        self._host = torch.zeros(size, pin_memory=pinned)
        self._there = torch.zeros(size, device=device)
        self._at = {name: n for n, name in enumerate(names)}
        self._slots, self._first = slots, len(names)

    def scalar(self, name: str) -> Tensor:
        """[] on the device."""
        return self._there[self._at[name]]

    def per_slot(self, name: str) -> Tensor:
        """[slots] on the device."""
        at = self._at[f"{name}/0"]
        return self._there[at : at + self._slots]

    @property
    def draws(self) -> Tensor:
        """[DRAWS] weights of the noise's draws."""
        return self._there[self._first : self._first + DRAWS]

    @property
    def theta(self) -> Tensor:
        """[1, 2, 3]: where each place of a picture was in the one before, in half sides from the middle."""
        return self._there[self._first + DRAWS :].view(1, 2, 3)

    def write(
        self, parts: Parts, slots: Sequence[Slot], scalars: dict[str, float], draws: Sequence[float],
        theta: Sequence[float],
    ) -> None:  # fmt: skip
        """Say everything anew, in one copy."""
        schedule, row = parts.schedule, [scalars[name] for name in SCALARS]
        level = [schedule.levels[s.index] for s in slots]
        signal = [schedule.signal(s.index) for s in slots]
        steps = [one_step(parts.prediction, a, b) for a, b in zip(signal, level, strict=True)]
        row += [*level, *signal, *(1.0 / max(v, 1e-3) for v in level), *(schedule.times[s.index] for s in slots)]
        row += [*(cx for cx, _ in steps), *(cm for _, cm in steps)]
        row += [schedule.levels[s.next_index] for s in slots]
        row += [schedule.signal(s.next_index) for s in slots]
        self._host.copy_(torch.tensor([*row, *draws, *theta]))
        self._there.copy_(self._host, non_blocking=True)


class Inside:
    """The extras that all loops of a model share: views of one vector, written with one copy."""

    def __init__(self, device: Any, dtype: Any) -> None:
        self._there = torch.ones(9 + LORAS, device=device, dtype=dtype)
        v = self._there
        self.extras = Extras(v[:3], v[3:5], v[5:7], v[9:], v[7], v[8])
        self._said: tuple[float, ...] = ()

    def write(
        self, attention: Sequence[float], backbone: Sequence[float], skip: Sequence[float], control: float,
        image_scale: float, lora: Sequence[float],
    ) -> None:  # fmt: skip
        """Say everything anew, if anything is new."""
        row = (*attention, *backbone, *skip, control, image_scale, *lora)
        if row != self._said:
            self._there.copy_(torch.tensor(row), non_blocking=True)
            self._said = row
