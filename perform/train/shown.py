"""A model that is looked at: its pictures, a path through it and a walk, whether it paints from seeds or from words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from perform.core.card import read_card
from perform.core.errors import UsageError

PATH_STEPS = 60
"""Of a path from one seed to another, as `perform.train.measure` takes it."""
WALK_KEYS = 6
WALK_WORDS = ("violet and turquoise nebula", "gold and violet marble", "turquoise jellyfish", "green aurora")


class Shown(Protocol):
    """side: of the pictures, in px."""

    side: int

    def pictures(self, count: int, first: int) -> Tensor:
        """[count, 3, side, side] of -1..1, of seeds `first`, `first` + 1, …"""
        ...

    def path(self, start: int, end: int) -> Tensor:
        """[PATH_STEPS, 3, side, side]: the even way from one seed to another."""
        ...

    def walk(self, frames: int) -> Tensor:
        """[frames, 3, side, side]: a round that ends where it began."""
        ...


def shown(folder: Path, captions: Sequence[str] = ()) -> Shown:
    """The model of a folder. captions: what a model of words paints, in turn. Raises UsageError for other kinds."""
    kind = read_card(folder).kind
    if kind.startswith("stylegan"):
        return OfSeeds(folder)
    if kind == "diffusion":
        return OfWords(folder, captions)
    raise UsageError(f"{folder.name}: a model of kind {kind!r} cannot be measured; only StyleGAN and diffusion can")


class OfSeeds:
    """A StyleGAN."""

    def __init__(self, folder: Path) -> None:
        from perform.generators.stylegan import load_network

        self._network = load_network(folder)
        self.side = self._network.resolution

    def _show(self, ws: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([self._network.synthesis(w, "const").clamp(-1, 1) for w in ws.split(1)])

    def _ws(self, first: int, count: int) -> Tensor:
        return torch.cat([self._network.mapping(self._network.seed(first + i)) for i in range(count)])

    def pictures(self, count: int, first: int) -> Tensor:
        """See Shown."""
        return self._show(self._ws(first, count))

    def path(self, start: int, end: int) -> Tensor:
        """See Shown."""
        way = torch.linspace(0, 1, PATH_STEPS)[:, None, None]
        return self._show(self._ws(start, 1).lerp(self._ws(end, 1), way))

    def walk(self, frames: int) -> Tensor:
        """See Shown. A closed Catmull-Rom curve through six seeds."""
        keys = self._ws(0, WALK_KEYS)
        return self._show(torch.stack([round_curve(keys, WALK_KEYS * f / frames) for f in range(frames)]))


def round_curve(keys: Tensor, at: float) -> Tensor:
    """The closed Catmull-Rom curve through keys [n, …]; it meets key k where at = k, and the first again at n."""
    n, whole = len(keys), math.floor(at)
    t = at - whole
    a, b, c, d = (keys[(whole + i) % n] for i in (-1, 0, 1, 2))
    bent = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return 0.5 * (2 * b + (c - a) * t + bent)


class OfWords:
    """A diffusion model, by the code that plays it, in one step (or as many as its card says)."""

    def __init__(self, folder: Path, captions: Sequence[str], side: int = 0) -> None:
        from perform.generators.diffusion.instrument import Instrument
        from perform.train.micro.verdict import PROMPTS

        card = read_card(folder)
        self._instrument = Instrument()
        self._instrument.open(card, "cpu")
        self._instrument.prepare({})
        self._captions = tuple(captions) or PROMPTS
        self.side = side or int(card.architecture.get("native", 256))
        self._frame = 0

    def paint(self, **values: Any) -> Tensor:
        """[3, side, side] of -1..1."""
        from perform.core.types import Moment, ParamFrame
        from perform.train.micro.verdict import as_picture

        given = {"width": self.side, "height": self.side, "orbit": 0.0, **values}
        moment = Moment(self._frame / 30, 1 / 30, self._frame)
        self._frame += 1
        return as_picture(self._instrument.render(ParamFrame(given), {}, moment).image)

    def pictures(self, count: int, first: int) -> Tensor:
        """See Shown."""
        words = self._captions
        return torch.stack([self.paint(prompt_1=words[i % len(words)], seed=first + i) for i in range(count)])

    def path(self, start: int, end: int) -> Tensor:
        """See Shown: through the noise, under one prompt."""
        words = self._captions[start % len(self._captions)]
        way = [i / (PATH_STEPS - 1) for i in range(PATH_STEPS)]
        return torch.stack([self.paint(prompt_1=words, seed=start, seed_2=end, seed_mix=part) for part in way])

    def walk(self, frames: int) -> Tensor:
        """See Shown: the noise circles once, while four prompts come and go."""
        names = {f"prompt_{n + 1}": text for n, text in enumerate(WALK_WORDS)}
        found = []
        for frame in range(frames):
            turn = frame / frames
            weights = _shares(len(WALK_WORDS), turn).tolist()
            said = {f"prompt_{n + 1}_weight": round(w, 4) for n, w in enumerate(weights)}
            found.append(
                self.paint(**names, **said, seed=7, seed_2=8, seed_mix=0.5 - 0.5 * math.cos(2 * math.pi * turn))
            )
        return torch.stack(found)


def _shares(count: int, turn: float) -> Tensor:
    """Weights [count] that sum to one: each in turn, eased into the next."""
    at = turn * count
    own, t = int(at) % count, at - int(at)
    eased = t * t * (3 - 2 * t)
    shares = torch.zeros(count)
    shares[own], shares[(own + 1) % count] = 1 - eased, eased
    return shares
