"""One word for where the music is, out of the section features: play, build, drop, break or silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HOLDS_S = 1.2
"""A kind must have held for this long before it counts; a drop counts at once."""
FALLS = -0.3
"""A trend under this ends what a drop began."""


@dataclass(slots=True)
class Stretch:
    """One section. kind: play, build, drop, break or silence. It ends where the next one starts."""

    kind: str
    start_s: float
    end_s: float


class Form:
    """Section features hop by hop -> stretches, each from when its kind was first heard, not from when it was sure."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self._drops = 0.0
        self._dropped = False
        self._coming: str | None = None
        self._since_s = 0.0

    def step(self, time_s: float, values: Mapping[str, float]) -> None:
        """One hop. values: features by name."""
        kind = self._kind(values)
        if not self.stretches:
            self.stretches.append(Stretch(kind, 0.0, time_s))
        last = self.stretches[-1]
        if kind == last.kind:
            self._coming = None
        elif kind != self._coming:
            self._coming, self._since_s = kind, time_s
        if self._coming is not None and (kind == "drop" or time_s - self._since_s >= HOLDS_S):
            last.end_s = self._since_s
            self.stretches.append(Stretch(kind, self._since_s, time_s))
            self._coming = None
        self.stretches[-1].end_s = time_s

    def _kind(self, values: Mapping[str, float]) -> str:
        if values["section/drops"] > self._drops:
            self._drops, self._dropped = values["section/drops"], True
        if self._dropped and values["section/drop"] > 0.5:
            return "drop"
        now = self.stretches[-1].kind if self.stretches else "play"
        for kind, start, stay in (("silence", 0.5, 0.5), ("break", 0.5, 0.3), ("build", 0.5, 0.25)):
            if values[f"section/{kind}"] >= (stay if now == kind else start):
                self._dropped = False
                return kind
        if self._dropped and values["section/trend"] < FALLS and values["section/drop"] < 0.3:
            self._dropped = False
        return "drop" if self._dropped else "play"
