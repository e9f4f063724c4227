"""`perform train judge`: do a model's pictures follow the words? Painted as a show paints them, read by `judge`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from perform.train.scenes import read

from .judge import Judge, right

SIDE = 256
HELD_OUT = {128: 512, SIDE: 128}
"""Side of pictures that the judge has not seen -> how many it is measured on."""
COLOUR_AIM, FAMILY_AIM = 0.8, 0.7
PROMPTS = (
    "red marble", "blue marble", "gold and violet marble", "turquoise rings", "orange rings", "white zebra",
    "magenta zebra", "green cells", "copper cells", "rose pearls", "blue dots", "violet jellyfish",
    "turquoise jellyfish", "gold silk", "rose silk", "dark blue silk", "green lightning", "bright magenta lightning",
    "violet and turquoise nebula", "orange nebula", "white crystal", "blue crystal", "green aurora", "violet aurora",
    "red flames", "gold mosaic", "turquoise mosaic", "copper marble", "white dots", "red and gold cells",
)  # fmt: skip
"""All families and colours, some with a word of light beside or a second colour."""


@dataclass(frozen=True)
class Wish:
    """samples: pictures of each prompt, of seeds `seed`, `seed` + 1, … words: put before every prompt."""

    samples: int = 8
    seed: int = 100
    steps: int = 1
    guidance: float = 1.0
    words: str = ""


def paint(folder: Path, prompts: Sequence[str], wish: Wish, progress: Callable[[int, int], None]) -> Tensor:
    """[prompts, samples, 3, SIDE, SIDE] of -1..1, by the very code that plays."""
    from perform.core.card import read_card
    from perform.core.types import Moment, ParamFrame
    from perform.generators.diffusion.instrument import Instrument

    instrument = Instrument()
    instrument.open(read_card(folder), "cpu")
    instrument.prepare({})
    given = {"width": SIDE, "height": SIDE, "steps": wish.steps, "guidance": wish.guidance, "orbit": 0.0}
    rows, number = [], 0
    try:
        for text in prompts:
            row = []
            for sample in range(wish.samples):
                said = f"{wish.words} {text}".strip()
                values = ParamFrame({**given, "prompt_1": said, "seed": wish.seed + sample})
                row.append(as_picture(instrument.render(values, {}, Moment(number / 30, 1 / 30, number)).image))
                number += 1
            rows.append(torch.stack(row))
            progress(number, len(prompts) * wish.samples)
    finally:
        instrument.close()
    return torch.stack(rows)


def as_picture(image: Any) -> Tensor:
    """A frame [h, w, 3 or 4] of 0..255 or 0..1, or [3, h, w], as [3, h, w] of -1..1."""
    found = torch.from_dlpack(image).detach()
    found = found.float() / 255 if found.dtype == torch.uint8 else found.float()
    found = found if found.shape[0] in (3, 4) and found.shape[-1] > 4 else found.permute(2, 0, 1)
    return (found[:3] * 2 - 1).clamp(-1, 1).clone()


@torch.no_grad()
def verdict(judge: Judge, pictures: Tensor, prompts: Sequence[str]) -> dict[str, Any]:
    """Shares of agreement over all samples, and prompt by prompt."""
    rows, sums, count = [], [0, 0], 0
    for text, row in zip(prompts, pictures, strict=True):
        colour, family = right(judge(row), [read(text)] * len(row))
        rows.append({"prompt": text, "colour": sum(colour), "family": sum(family), "of": len(row)})
        sums = [sums[0] + sum(colour), sums[1] + sum(family)]
        count += len(row)
    return {"colour": round(sums[0] / count, 3), "family": round(sums[1] / count, 3), "pictures": count, "rows": rows}


def sheet(pictures: Tensor, found: dict[str, Any], path: Path, shown: int = 4, side: int = 96, across: int = 3) -> None:
    """Each prompt with some of its pictures, and how many of all samples agree. A JPEG."""
    from PIL import Image, ImageDraw, ImageFont

    from perform.train.worth import pixels

    line, gap = 20, 10
    wide, high = shown * side + gap, side + line + gap
    down = -(-len(found["rows"]) // across)
    page = Image.new("RGB", (across * wide + gap, down * high + gap), (16, 17, 22))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for index, row in enumerate(found["rows"]):
        left, top = gap + (index % across) * wide, gap + (index // across) * high
        says = f"{row['prompt']}: colour {row['colour']}/{row['of']}, form {row['family']}/{row['of']}"
        pen.text((left, top + 2), says, (220, 222, 228), font)
        for place, picture in enumerate(pictures[index][:shown]):
            small = torch.nn.functional.interpolate(picture[None], size=(side, side), mode="area")[0]
            page.paste(Image.fromarray(pixels(small)), (left + place * side, top + line))
    page.save(path, quality=86)
