"""Keyframes of a loop written as text: `12 40 fish 7` are three seeds and a saved latent."""

from __future__ import annotations

import re
from functools import lru_cache

MOST = 32  # keyframes: the spline through them is solved for all at once
_NAME = re.compile(r"[a-z0-9_]{1,64}")


@lru_cache(maxsize=64)
def parse(text: str) -> tuple[int | str, ...]:
    """Seeds and names of saved latents, in order, at most MOST; words that are neither are passed over."""
    found: list[int | str] = []
    for word in text.replace(",", " ").lower().split():
        if word.isascii() and word.isdigit():
            found.append(int(word[:10]) % (1 << 32))
        elif _NAME.fullmatch(word):
            found.append(word)
    return tuple(found[:MOST])


def eased(phase: float, count: int, ease: float) -> float:
    """A phase 0..1 of a loop with its pace within each of `count` segments bent: above 0 it rests and comes in on the
    keyframe, below 0 it leaps from the keyframe and settles; at 0 it is the phase itself. Keyframes stay in time."""
    if ease == 0.0:
        return phase
    place = (phase % 1.0) * count
    index = int(place)
    part: float = (place - index) ** (4.0**ease)
    return (index + part) / count
