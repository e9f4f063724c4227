"""Teach the tiny autoencoder: `python -m perform.train.micro.autoencoder FOLDER --minutes 20`."""

from __future__ import annotations

import argparse
import logging
import random
import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from perform.commands.arguments import say
from perform.train.running import Mean, Run

from .pictures import others, scene_batch
from .shape import autoencoder

RATE = 2.5e-3
BATCH = 8


def pyramid(got: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference, at four sizes, and of the steps to the right and down."""
    loss = (got - wanted).abs().mean()
    for axis in (2, 3):
        loss = loss + 0.5 * (got.diff(dim=axis) - wanted.diff(dim=axis)).abs().mean()
    for _ in range(3):
        got, wanted = F.avg_pool2d(got, 2), F.avg_pool2d(wanted, 2)
        loss = loss + 0.3 * (got - wanted).abs().mean()
    return loss


def tidy(latent: Tensor) -> Tensor:
    """How far the latents are from mean 0 and variance 1 per channel."""
    mean, var = latent.mean((0, 2, 3)), latent.var((0, 2, 3))
    return (mean**2).mean() + ((var.clamp_min(1e-4).log()) ** 2).mean()


PIXEL_MEAN, PIXEL_SPREAD = -0.35, 0.6


def plain(latent: Tensor, image: Tensor) -> Tensor:
    """How far the first three channels are from the picture itself, eight times smaller: red, green and blue.

    Without it an autoencoder this narrow learns shapes in grey, and stays there for long.
    """
    small = (F.avg_pool2d(image, 8) - PIXEL_MEAN) / PIXEL_SPREAD
    return ((latent[:, :3] - small) ** 2).mean()


def hue(got: Tensor, wanted: Tensor) -> Tensor:
    """Squared difference of colour, without brightness, at an eighth of the size."""
    off = F.avg_pool2d(got - wanted, 8)
    return ((off - off.mean(1, keepdim=True)) ** 2).mean()


def step(vae: Any, image: Tensor, dtype: torch.dtype) -> tuple[Tensor, dict[str, float]]:
    """The loss of one batch. The latent is stirred a little, so that the decoder forgives a painter's small errors."""
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        latent = vae.encode(image).latents
        stirred = latent + 0.08 * torch.randn_like(latent)
        got = vae.decode(stirred).sample.float()
    latent = latent.float()
    rough, tint, order = pyramid(got, image), hue(got, image), tidy(latent[:, 3:])
    loss = rough + 4 * tint + 0.3 * plain(latent, image) + 0.02 * order
    return loss, {"picture": rough.item(), "hue": tint.item(), "order": order.item()}


def main(argv: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m perform.train.micro.autoencoder")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    torch.manual_seed(args.seed)
    vae = autoencoder().to(memory_format=torch.channels_last)
    run = Run(args.folder / "autoencoder.pt", args.minutes * 60)
    adam = torch.optim.Adam(vae.parameters(), lr=RATE, betas=(0.9, 0.99), fused=True)
    mean = Mean([vae])
    if state := run.resume():
        vae.load_state_dict(state["vae"])
        mean.kept[0].load_state_dict(state["mean"])
        adam.load_state_dict(state["adam"])
    chance = random.Random(args.seed + 7919 * run.steps)
    while run.done < 1:
        for group in adam.param_groups:
            group["lr"] = RATE * min(1.0, (run.steps + 1) / 100) * max(0.03, 1 - run.done)
        image = torch.cat((scene_batch(BATCH - 2, args.size, chance).image, others(2, args.size, chance)))
        loss, losses = step(vae, image, torch.bfloat16)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        adam.step()
        mean.follow()
        run.count(BATCH, losses)
        if run.due() or run.done >= 1:
            run.save({"vae": vae.state_dict(), "mean": mean.kept[0].state_dict(), "adam": adam.state_dict()})
            say(run.line())
    return 0


if __name__ == "__main__":
    sys.exit(main())
