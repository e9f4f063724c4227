"""From words and weights to one embedding: encoded when they change, kept, mixed without losing their norm."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from perform.core.blend import smoothstep
from perform.core.smoothing import share
from perform.core.types import Moment
from perform.generators.background import Background

from .parts import Embedding, Text
from .rows import PROMPTS

KEPT = 64
ARRIVED = 2.5  # times glide_s: less than a thousandth of the way is left
PARALLEL = 1e-3  # radians between two embeddings, from which on an arc is a line


def slerp(a: Tensor, b: Tensor, share_of_b: float) -> Tensor:
    """On the arc from a to b, each vector of the last axis by itself; its length goes evenly from one to the other."""
    if share_of_b <= 0.0:
        return a
    if share_of_b >= 1.0:
        return b
    x, y = a.float(), b.float()
    long_x, long_y = x.norm(dim=-1, keepdim=True), y.norm(dim=-1, keepdim=True)
    unit_x, unit_y = x / long_x.clamp(min=1e-8), y / long_y.clamp(min=1e-8)
    angle = torch.acos((unit_x * unit_y).sum(-1, keepdim=True).clamp(-1.0 + 1e-7, 1.0 - 1e-7))
    sine = torch.sin(angle)
    part_x, part_y = torch.sin((1.0 - share_of_b) * angle) / sine, torch.sin(share_of_b * angle) / sine
    straight = angle < PARALLEL
    part_x = torch.where(straight, 1.0 - share_of_b, part_x)
    part_y = torch.where(straight, share_of_b, part_y)
    length = long_x * (1.0 - share_of_b) + long_y * share_of_b
    return ((part_x * unit_x + part_y * unit_y) * length).to(a.dtype)


def blend(vectors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """A mix of any number: one as it is, two on an arc, more as a weighted mean with the mean norm put back."""
    total = sum(weights)
    pairs = [(v, w / total) for v, w in zip(vectors, weights, strict=True) if w > 0.0] if total > 0.0 else []
    if len(pairs) < 2:
        return pairs[0][0] if pairs else vectors[0]
    if len(pairs) == 2:
        return slerp(pairs[0][0], pairs[1][0], pairs[1][1])
    mean = sum(v.float() * w for v, w in pairs)
    wanted = sum(v.float().norm(dim=-1, keepdim=True) * w for v, w in pairs)
    assert isinstance(mean, Tensor)
    return (mean * (wanted / mean.norm(dim=-1, keepdim=True).clamp(min=1e-8))).to(vectors[0].dtype)


def mixed(embeddings: Sequence[Embedding], weights: Sequence[float]) -> Embedding:
    """`blend` of embeddings; a word counts where it does in any of those that are heard."""
    heard = [e for e, w in zip(embeddings, weights, strict=True) if w > 0.0] or [embeddings[0]]
    pooled = [e.pooled for e in embeddings if e.pooled is not None]
    masks = [e.mask for e in heard if e.mask is not None]
    return Embedding(
        blend([e.tokens for e in embeddings], weights),
        blend(pooled, weights) if len(pooled) == len(embeddings) else None,
        torch.stack(masks).amax(0) if masks else None,
    )


def travelled(filled: Sequence[int], beats: float, each: float, rest: float) -> dict[int, float]:
    """Weights on the way round the prompts `filled`: each has `each` beats and stands still for `rest` of them."""
    if not filled or each <= 0.0:
        return {}
    place = beats / each % len(filled)
    here, into = int(place) % len(filled), place % 1.0
    moved = smoothstep(min(max((into - rest) / max(1.0 - rest, 1e-6), 0.0), 1.0))
    there = filled[(here + 1) % len(filled)]
    return {there: 1.0} if there == filled[here] else {filled[here]: 1.0 - moved, there: moved}


class Prompts:
    """The words in play. A prompt is encoded in the background of a live show, the old one sounding on until then."""

    def __init__(self, text: Text, background: Background) -> None:
        self._text, self._background = text, background
        self._kept: OrderedDict[str, Embedding] = OrderedDict()
        self._lock = threading.Lock()
        self._now: Embedding | None = None
        self._asked: tuple[Any, ...] = ()
        self._since_s = 0.0
        self._settled = True
        self.encoded = 0

    def encode(self, words: str) -> Embedding:
        """An embedding, out of those that are kept if it is there. Thread: any."""
        with self._lock:
            found = self._kept.get(words)
            if found is not None:
                self._kept.move_to_end(words)
                return found
        found = self._text.encode(words)
        with self._lock:
            self.encoded += 1
            self._kept[words] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def heard(self, purpose: str, words: str) -> tuple[str, Embedding] | None:
        """The newest embedding that is ready for a purpose."""
        if words in self._kept:
            self._background.drop(purpose)
            return words, self.encode(words)
        return self._background.want(purpose, words, lambda: (words, self.encode(words)))[1]  # type: ignore[no-any-return]

    def weights(self, p: Mapping[str, Any], moment: Moment) -> list[float]:
        """[PROMPTS] how much of each; all of the first where none is asked for."""
        filled = [n for n in range(PROMPTS) if str(p[f"prompt_{n + 1}"]).strip()]
        if int(p["travel_beats"]) > 0 and filled:
            way = travelled(filled, moment.beats, float(p["travel_beats"]), float(p["travel_rest"]))
            return [way.get(n, 0.0) for n in range(PROMPTS)]
        found = [float(p[f"prompt_{n + 1}_weight"]) for n in range(PROMPTS)]
        return found if sum(found) > 0.0 else [1.0, *[0.0] * (PROMPTS - 1)]

    def step(self, p: Mapping[str, Any], moment: Moment, dt_s: float) -> Embedding | None:
        """The embedding of now; None when it is the very same as last time."""
        weights = self.weights(p, moment)
        heard = []
        for n, weight in enumerate(weights):
            if weight > 0.0:
                found = self.heard(f"prompt {n + 1}", str(p[f"prompt_{n + 1}"]).strip())
                if found is not None:
                    heard.append((*found, weight))
        if not heard:
            heard = [] if self._now is not None else [("", self.encode(""), 1.0)]
        asked = tuple((words, weight) for words, _, weight in heard)
        self._since_s = self._since_s + dt_s if asked == self._asked else 0.0
        if not heard or (asked == self._asked and self._settled):
            return None
        self._asked = asked
        wanted = mixed([e for _, e, _ in heard], [w for _, _, w in heard])
        self._now = self._glided(wanted, dt_s, float(p["glide_s"]))
        return self._now

    def _glided(self, wanted: Embedding, dt_s: float, glide_s: float) -> Embedding:
        before = self._now
        self._settled = before is None or glide_s <= 0.0 or self._since_s >= ARRIVED * glide_s
        if self._settled or before is None:
            return wanted
        part, pooled = share(dt_s, glide_s / 3.0), wanted.pooled
        if pooled is not None and before.pooled is not None:
            pooled = slerp(before.pooled, pooled, part)
        return Embedding(slerp(before.tokens, wanted.tokens, part), pooled, wanted.mask)
