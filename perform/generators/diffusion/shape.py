"""What a frame's loop is laid out for. A change of any of it means another loop, built while the old one plays on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .parts import Parts
from .rows import BATCHES, MOST_PX, MOST_STEPS

SMALLEST_SHARE = 0.34
"""Of the wanted sides: below that a lack of memory takes steps away, not size."""


@dataclass(frozen=True, slots=True)
class Shape:
    """height, width: of the picture, px. stream: the steps of several pictures in one call. guided: the network is
    also asked without the words. image, mask, control, style: whether there is such a picture. shown: the pictures of
    the single steps come out, too. loaded: counts what was
    put into or taken out of the networks, which a recording would not see."""

    height: int
    width: int
    steps: int = 1
    stream: bool = False
    guided: bool = False
    image: bool = False
    mask: bool = False
    control: bool = False
    style: bool = False
    shown: bool = False
    compiled: bool = False
    loaded: int = 0

    @property
    def count(self) -> int:
        """Latents that the network takes at once, without guidance."""
        return self.steps if self.stream else 1


def wanted_shape(p: Mapping[str, Any], parts: Parts, pictures: Mapping[str, Any]) -> Shape:
    """What the rows and the pictures that are there ask for."""
    steps = int(p["steps"]) or min(parts.steps, MOST_STEPS)
    image = "image" in pictures
    return Shape(
        _side(int(p["height"]) or parts.native, parts.multiple),
        _side(int(p["width"]) or parts.native, parts.multiple),
        steps,
        stream=p["batch"] == BATCHES[1] and steps > 1,
        guided=parts.guided and float(p["guidance"]) > 1.0,
        image=image,
        mask=image and "mask" in pictures,
        control=parts.control is not None and "control" in pictures,
        style=parts.image_prompt is not None and "style" in pictures,
        shown=bool(p["show_steps"]) and steps > 1,
        compiled=bool(p["compile"]),
    )


def _side(px: int, multiple: int) -> int:
    return min(max(round(px / multiple), 1) * multiple, MOST_PX // multiple * multiple)


class Ceiling:
    """How much of what is wanted the memory has room for: first smaller pictures, then fewer steps."""

    def __init__(self) -> None:
        self._share = 1.0
        self._steps = MOST_STEPS

    def under(self, shape: Shape, multiple: int) -> Shape:
        """The shape that there is room for."""
        if self._share >= 1.0 and shape.steps <= self._steps:
            return shape
        height, width = (_side(int(side * self._share), multiple) for side in (shape.height, shape.width))
        steps = min(shape.steps, self._steps)
        return replace(
            shape, height=height, width=width, steps=steps, stream=shape.stream and steps > 1,
            shown=shape.shown and steps > 1,
        )  # fmt: skip

    def lower(self, shape: Shape, multiple: int) -> str:
        """Step down from a shape that there was no room for. Returns what is said of it; "" when nothing is left."""
        before = self.under(shape, multiple)
        while self._share * 0.75 >= SMALLEST_SHARE:
            self._share *= 0.75
            now = self.under(shape, multiple)
            if (now.height, now.width) != (before.height, before.width):
                return f"out of memory at {before.width}x{before.height}: goes on at {now.width}x{now.height}"
        if before.steps > 1:
            self._steps = before.steps - 1
            return f"out of memory with {before.steps} steps: goes on with {self._steps}"
        return ""
