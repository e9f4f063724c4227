"""A judge of colour and form: a small network of our own that reads pictures and says which words belong to them.

It is taught on captions alone: scenes drawn by rule, with the words they were drawn from. It never sees a picture of
the model that it judges, and how well it reads pictures it has not seen stands beside every verdict. Half of what it is
shown is made soft, so that sharpness tells it nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from perform.core.errors import ModelError
from perform.train.scenes import COLOURS, FAMILIES, Scene

from .pictures import scene_batch, seeded

RATE = 3e-3
BATCH = 32
SIDE = 128
HELD_SEED = 1 << 20
"""Of the pictures it is measured on: other chance than any it is taught with."""
COLOUR_NAMES, FAMILY_NAMES = tuple(COLOURS), tuple(FAMILIES)


@dataclass(frozen=True)
class Lesson:
    """pictures: so many to learn from. seed: of scenes, noise and first weights."""

    pictures: int = 24_000
    seed: int = 5


class Judge(nn.Module):
    """Pictures [n, 3, h, w] of -1..1, of any size from 32 px, to logits of colours [n, 11] and families [n, 12]."""

    def __init__(self, widths: Sequence[int] = (24, 40, 64, 96)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for width in widths:
            layers += [nn.Conv2d(inputs, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
        self.body = nn.Sequential(*layers)
        self.colour = nn.Linear(2 * inputs, len(COLOUR_NAMES))
        self.family = nn.Linear(2 * inputs, len(FAMILY_NAMES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(colours, families): the whole picture's mean and spread of what the layers see decide."""
        seen = self.body(x.contiguous(memory_format=torch.channels_last)).flatten(2)
        whole = torch.cat((seen.mean(2), seen.std(2)), 1)
        return self.colour(whole), self.family(whole)


def answers(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """What the words say: colours [n, 11] of 0 and 1, the family's number [n], -1 where there is none."""
    colours = torch.tensor([[float(name in (s.colour, s.second)) for name in COLOUR_NAMES] for s in scenes])
    families = [FAMILY_NAMES.index(s.family) if s.family else -1 for s in scenes]
    return colours, torch.tensor(families)


def soft(image: Tensor, share: Tensor) -> Tensor:
    """Pictures blended with their own blur, by share [n] of 0..1."""
    blur = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return image + (blur - image) * share[:, None, None, None]


def right(logits: tuple[Tensor, Tensor], scenes: Sequence[Scene]) -> tuple[list[bool], list[bool]]:
    """Whether the judge agrees with the words, picture by picture: colour, family.

    A word of one colour wants that colour strongest; of two, these two strongest, in any order. Without a word for it
    anything agrees.
    """
    colour, family = [], []
    for seen, form, scene in zip(*logits, scenes, strict=True):
        wanted = {name for name in (scene.colour, scene.second) if name}
        colour.append(wanted <= {COLOUR_NAMES[i] for i in seen.topk(max(1, len(wanted))).indices} if wanted else True)
        family.append(not scene.family or FAMILY_NAMES[int(form.argmax())] == scene.family)
    return colour, family


def teach(judge: Judge, lesson: Lesson, progress: Callable[[int, int], None]) -> None:
    """The same for the same lesson, on the same machine."""
    chance = random.Random(lesson.seed)
    adam = torch.optim.AdamW(judge.parameters(), lr=RATE, weight_decay=0.01)
    steps = max(1, lesson.pictures // BATCH)
    rates = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps + 1, pct_start=0.15)
    judge.train()
    for step in range(steps):
        batch = scene_batch(BATCH, SIDE, chance)
        share = torch.rand(BATCH, generator=seeded(chance)) * (torch.arange(BATCH) % 2)
        colours, families = answers(batch.scenes)
        seen, form = judge(soft(batch.image, share))
        told = (colours.sum(1) > 0).float()[:, None]  # "every hue" has no colour to learn
        by_colour = F.binary_cross_entropy_with_logits(seen, colours, reduction="none")
        loss = (by_colour * told).mean() * 4 + F.cross_entropy(form, families, ignore_index=-1)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        rates.step()
        progress((step + 1) * BATCH, steps * BATCH)
    judge.eval()


@torch.no_grad()
def held_out(judge: Judge, count: int = 512, side: int = SIDE) -> dict[str, float]:
    """How well it reads pictures it has never seen: shares of agreement with their own captions."""
    chance = random.Random(HELD_SEED)
    colour: list[bool] = []
    family: list[bool] = []
    for first in range(0, count, BATCH):
        batch = scene_batch(min(BATCH, count - first), side, chance)
        named = [i for i, s in enumerate(batch.scenes) if s.colour and s.family]
        own, form = judge(batch.image[named])
        a, b = right((own, form), [batch.scenes[i] for i in named])
        colour, family = colour + a, family + b
    return {"pictures": len(colour), "colour": _share(colour), "family": _share(family)}


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / max(1, len(values)), 3)


def save(judge: Judge, lesson: Lesson, path: Path) -> None:
    """Weights, with the lesson that made them."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    lesson_text = {key: str(value) for key, value in asdict(lesson).items()}
    save_file({k: v.contiguous() for k, v in judge.state_dict().items()}, path, metadata=lesson_text)


def load(path: Path) -> Judge:
    """Raises ModelError for a file that holds no judge."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    judge = Judge()
    try:
        judge.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path}: no judge in it ({str(error).splitlines()[0][:80]}); delete it, and it is taught "
                         "anew") from None  # fmt: skip
    return judge.eval()
