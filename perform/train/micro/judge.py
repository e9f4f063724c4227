"""A judge of colour and form: a small network of our own that reads pictures and says which words belong to them.

It is taught on captions alone: scenes drawn by rule, with the words they were drawn from. It never sees a picture of
the model that it judges, and how well it reads pictures it has not seen stands beside every verdict.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from perform.core.errors import ModelError
from perform.train.scenes import COLOURS, FAMILIES, Scene

from .pictures import scene_batch

RATE = 3e-3
BATCH = 48
FRESH, KEPT = 16, 200
"""Of a batch, so many are drawn for it; the others are some of the last batches' again, made soft anew."""
SIDE = 128
HELD_SEED = 1 << 20
"""Of the pictures it is measured on: other chance than any it is taught with."""
COLOUR_NAMES, FAMILY_NAMES = tuple(COLOURS), tuple(FAMILIES)


@dataclass(frozen=True)
class Lesson:
    """pictures: so many to learn from. seed: of scenes, noise and first weights."""

    pictures: int = 8_000
    seed: int = 5


class Judge(nn.Module):
    """Pictures [n, 3, h, w] of -1..1, of any size from 64 px, to logits of colours [n, 11] and families [n, 12].

    Colours are read pixel by pixel, wherever they lie: a learned histogram. Forms are read from brightness alone, of
    each picture's own mean and spread, at half the size: neither colour, nor contrast, nor sharpness gives them away.
    """

    def __init__(self, widths: Sequence[int] = (24, 40, 64, 96)) -> None:
        super().__init__()
        self.hues = nn.Sequential(nn.Conv2d(3, 32, 1), nn.ReLU(), nn.Conv2d(32, 64, 1), nn.ReLU())
        self.colour = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, len(COLOUR_NAMES)))
        layers: list[nn.Module] = []
        inputs = 1
        for width in widths:
            layers += [nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
        self.body = nn.Sequential(*layers)
        self.family = nn.Linear(2 * inputs, len(FAMILY_NAMES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(colours, families)."""
        colour = self.colour(self.hues(F.avg_pool2d(x, 4)).mean((2, 3)))
        grey = F.avg_pool2d(x.mean(1, keepdim=True), 2)
        spread, mean = torch.std_mean(grey, (1, 2, 3), keepdim=True)
        seen = self.body((grey - mean) / (spread + 0.02)).flatten(2)
        return colour, self.family(torch.cat((seen.mean(2), seen.std(2)), 1))


def answers(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """What the words say: colours [n, 11] of 0 and 1, the family's number [n], -1 where there is none."""
    colours = torch.tensor([[float(name in (s.colour, s.second)) for name in COLOUR_NAMES] for s in scenes])
    families = [FAMILY_NAMES.index(s.family) if s.family else -1 for s in scenes]
    return colours, torch.tensor(families)


def soft(image: Tensor, chance: random.Random) -> Tensor:
    """Pictures, some as they are, most blurred once to four times over 3 x 3 px."""
    times = torch.tensor([chance.randrange(5) for _ in image])
    for turn in range(4):
        rows = torch.nonzero(times > turn)[:, 0]
        if len(rows):
            image = image.index_copy(0, rows, F.avg_pool2d(F.pad(image[rows], (1, 1, 1, 1), mode="replicate"), 3, 1))
    return image


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
    steps = max(1, lesson.pictures // FRESH)
    kept: deque[tuple[Tensor, list[Scene]]] = deque(maxlen=KEPT)
    rates = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps + 1, pct_start=0.15)
    judge.train()
    for step in range(steps):
        batch = scene_batch(FRESH, SIDE, chance)
        kept.append((batch.image, batch.scenes))
        picked = [kept[-1], *(chance.choice(kept) for _ in range(BATCH // FRESH - 1))]
        colours, families = answers([scene for _, scenes in picked for scene in scenes])
        seen, form = judge(soft(torch.cat([image for image, _ in picked]), chance))
        told = (colours.sum(1) > 0).float()[:, None]  # "every hue" has no colour to learn
        by_colour = F.binary_cross_entropy_with_logits(seen, colours, reduction="none")
        loss = (by_colour * told).mean() * 4 + F.cross_entropy(form, families, ignore_index=-1)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        rates.step()
        progress((step + 1) * FRESH, steps * FRESH)
    judge.eval()


@torch.no_grad()
def held_out(judge: Judge, count: int = 512, side: int = SIDE) -> dict[str, float]:
    """How well it reads pictures it has never seen: shares of agreement with their own captions (`one_colour`: of
    those whose caption names one)."""
    chance = random.Random(HELD_SEED)
    colour: list[bool] = []
    family: list[bool] = []
    single: list[bool] = []
    for first in range(0, count, BATCH):
        batch = scene_batch(min(BATCH, count - first), side, chance)
        named = [i for i, s in enumerate(batch.scenes) if s.colour and s.family]
        own, form = judge(batch.image[named])
        a, b = right((own, form), [batch.scenes[i] for i in named])
        colour, family = colour + a, family + b
        single += [agrees for agrees, i in zip(a, named, strict=True) if not batch.scenes[i].second]
    return {"pictures": len(colour), "colour": _share(colour), "one_colour": _share(single), "family": _share(family)}


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
