"""Teach the U-Net and the text encoder: `python -m perform.train.micro.painter FOLDER --minutes 90`.

Not by denoising pictures that have nothing to do with their noise, which needs many steps and a distillation: each
training picture is a known function of its caption and of the smooth part of its noise, so one step from pure noise is
learned directly, as a regression that has one right answer. At lower noise it learns two more things: a picture that
already is what the words say is kept (so that further steps agree with the first); any other is repainted by the
words on its own layout, the more the higher the noise (so that image-to-image works, and loops settle).
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from perform.commands.arguments import say
from perform.core.errors import PerformError
from perform.train import scenes
from perform.train.losses import crispness, pull, texture
from perform.train.running import Mean, Run
from perform.train.team import Team, run_team

from .autoencoder import pyramid
from .pictures import others, scene_batch, seeded
from .pool import Filler, Pool
from .shape import Micro, alphas, build, load, tokens

RATE = 1.5e-3
BATCH = 24
OWN, FOREIGN = 12, 4  # pictures of a batch that belong to their noise, and that do not
ALL_NOISE = 0.7  # share of the first that begin at pure noise
PIXELS = 0.5  # how hard the decoded picture pulls, next to its latent
TEXTURE, CRISP = 0.6, 0.4  # and what kind of detail lies where, and the power of the finest, next to that
LATE = 0.65  # share of the time after which pictures are looked at too, and the decoder learns
OFTEN = {"marble": 2.5, "rings": 2.0, "zebra": 2.0, "lightning": 2.5, "crystal": 2.0, "cells": 1.5, "silk": 1.5,
         "aurora": 1.5}  # fmt: skip
"""How many times as often as dots, mosaics, nebulae and jellies a family is practised: thin lines are learned last."""


def repaint_share(noise_share: Tensor) -> Tensor:
    """How much of a foreign picture the words repaint, 0..1, for sqrt(1 - alpha_bar)."""
    t = ((noise_share - 0.15) / 0.6).clamp(0, 1)
    return t * t * (3 - 2 * t)


Preview = Callable[[Micro, Run], None]
"""Called after each checkpoint, with the mean of the weights."""


def quick_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it, else float32."""
    return torch.bfloat16 if torch.backends.cpu.get_cpu_capability().startswith("AVX512") else torch.float32


class Lessons:
    """Makes batches: noisy latents, times, words, and the latents and pictures that they should become."""

    def __init__(self, micro: Micro, size: int, dtype: torch.dtype) -> None:
        self.micro, self.size, self.dtype, self.alphas = micro, size, dtype, alphas()

    @torch.no_grad()
    def encode(self, image: Tensor) -> Tensor:
        """Pictures to latents."""
        with torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32):
            return self.micro.vae.encode(image).latents.float()

    def batch(self, chance: random.Random) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """(noisy, times, token numbers, wanted latents, wanted pictures)."""
        generator = seeded(chance)
        own = scene_batch(OWN, self.size, chance, OFTEN)
        all_noise = torch.rand(OWN, generator=generator) < ALL_NOISE
        t_own = torch.where(all_noise, 999, torch.randint(20, 999, (OWN,), generator=generator))
        t_far = torch.randint(100, 1000, (FOREIGN,), generator=generator)
        t = torch.cat((t_own, t_far))
        a, s = (self.alphas[t] ** 0.5)[:, None, None, None], ((1 - self.alphas[t]) ** 0.5)[:, None, None, None]
        source = torch.cat((own.image[: FOREIGN // 2].flip(3), others(FOREIGN - FOREIGN // 2, self.size, chance)))
        wanted = [scenes.some(chance) for _ in range(FOREIGN)]
        texts = [*own.texts, *(scenes.caption(w, chance) for w in wanted)]
        noise = torch.randn(FOREIGN, *own.noise.shape[1:], generator=generator)
        noisy_far = a[OWN:] * self.encode(source) + s[OWN:] * noise
        drawn = scenes.draw(wanted, scenes.fields(noisy_far, a[OWN:, 0, 0, 0]))
        share = repaint_share(s[OWN:])
        image = torch.cat((own.image, source + share * (drawn - source)))
        latent = self.encode(image)
        noisy = torch.cat((a[:OWN] * latent[:OWN] + s[:OWN] * own.noise, noisy_far))
        return noisy, t, tokens(texts), latent, image

    def predict(self, noisy: Tensor, t: Tensor, ids: Tensor) -> Tensor:
        """The clean latent that the networks see in a noisy one (velocity prediction, Salimans & Ho 2022, eq. 12)."""
        a, s = (self.alphas[t] ** 0.5)[:, None, None, None], ((1 - self.alphas[t]) ** 0.5)[:, None, None, None]
        plain = sdpa_kernel(SDPBackend.MATH)  # the fused one's way back is slow in bfloat16, with heads this small
        with plain, torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32):
            words = self.micro.text(ids).last_hidden_state
            velocity = self.micro.unet(noisy, t, words).sample
        return a * noisy - s * velocity.float()

    def latent_loss(self, noisy: Tensor, t: Tensor, ids: Tensor, latent: Tensor) -> tuple[Tensor, dict[str, float]]:
        """The loss of lessons that were drawn before."""
        off = (self.predict(noisy, t, ids) - latent).abs().mean()
        return off, {"latent": off.item()}

    def loss(self, chance: random.Random, decoded: int) -> tuple[Tensor, dict[str, float]]:
        """One batch's loss; `decoded` of its pictures are compared as pictures too."""
        noisy, t, ids, latent, image = self.batch(chance)
        got = self.predict(noisy, t, ids)
        off = (got - latent).abs().mean()
        rows = torch.randperm(len(got), generator=seeded(chance))[:decoded]
        with torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32):
            seen = self.micro.vae.decode(got[rows]).sample.float()
        looked = seen.detach().requires_grad_(True)
        picture = pyramid(looked, image[rows])
        sharp = ((texture(looked, image[rows]), TEXTURE), (crispness(looked, image[rows]), CRISP))
        towards = pull(looked, picture, sharp)
        return off + PIXELS * (seen * towards).sum(), {"latent": off.item(), "picture": picture.item()}


def load_autoencoder(micro: Micro, folder: Path) -> None:
    """Take the taught autoencoder."""
    path = folder / "autoencoder.pt"
    if not path.exists():
        raise PerformError(f"{path} is missing: run python -m perform.train.micro.autoencoder {folder} first")
    micro.vae.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["mean"])


@dataclass(frozen=True)
class Task:
    """What a team works at: its folder, the time, pictures of `size` px, and the model folder to go on from."""

    folder: Path
    minutes: float
    size: int
    seed: int
    dtype: torch.dtype
    preview: Preview | None = None
    source: Path | None = None

    def run(self) -> Run:
        """Its clock and checkpoint."""
        whose = {"seed": str(self.seed), "size": str(self.size), "parent": self.source.name if self.source else "none"}
        return Run(self.folder / "painter.pt", self.minutes * 60, whose=whose)

    def begin(self) -> Micro:
        """Networks as they are before the first step."""
        torch.manual_seed(self.seed)
        micro = build()
        if self.source is None:
            load_autoencoder(micro, self.folder)
        else:
            load(micro, self.source)
        return micro


class Teacher:
    """Networks, their mean, the optimiser."""

    def __init__(self, task: Task, team: Team) -> None:
        self.task, self.team, self.micro = task, team, task.begin()
        self.micro.vae.to(memory_format=torch.channels_last)
        self.micro.vae.encoder.requires_grad_(False)
        self.parts = [*self.micro.unet.parameters(), *self.micro.text.parameters()]
        self.decoder = list(self.micro.vae.decoder.parameters())
        groups = [{"params": self.parts}, {"params": self.decoder}]
        self.adam = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.mean = Mean([self.micro.vae, self.micro.unet, self.micro.text])
        self.run = task.run()
        if state := self.run.resume():
            self.micro.load(state["live"])
            Micro(*self.mean.kept).load(state["mean"])
            self.adam.load_state_dict(state["adam"])
            self.mean.steps = self.run.steps
        self.lessons = Lessons(self.micro, task.size, task.dtype)

    def goes_on(self, until: float) -> bool:
        """Whether the share `until` of the time is still to come: the whole team says the same.

        Raises KeyboardInterrupt when one of the team was interrupted.
        """
        self.run.spent, stopped = self.team.agree(self.run.spent, float(self.team.interrupted))
        if stopped:
            raise KeyboardInterrupt
        return self.run.done < until

    def step(self, loss: Tensor, losses: dict[str, float], pictures: int, late: bool) -> None:
        """Learn from a batch. pictures: of the whole team."""
        rate = RATE * min(1.0, (self.run.steps + 1) / 150) * max(0.02, 1 - self.run.done)
        self.adam.param_groups[0]["lr"], self.adam.param_groups[1]["lr"] = rate, rate if late else 0.0
        self.adam.zero_grad()
        loss.backward()
        self.team.average([*self.parts, *self.decoder], 0.0)
        torch.nn.utils.clip_grad_norm_(self.parts, 1.0)
        self.adam.step()
        self.mean.follow()
        self.run.count(pictures, losses)
        if self.run.due():
            self.save()

    def save(self) -> None:
        """Checkpoint, a line, a preview."""
        if self.team.rank:
            return
        mean = Micro(*self.mean.kept)
        self.run.save({"live": self.micro.state(), "mean": mean.state(), "adam": self.adam.state_dict()})
        say(self.run.line())
        if self.task.preview is not None:
            self.task.preview(mean, self.run)


@contextlib.contextmanager
def _lessons(task: Task) -> Iterator[Pool | None]:
    """A pool that fills, as long as lessons are dealt from one."""
    run = task.run()
    run.resume()
    if run.done >= LATE:
        yield None
        return
    say("drawing the first lessons")
    pool, vae = Pool(task.size // 8), task.begin().vae.state_dict()
    with Filler(pool, vae, task.size, task.seed + 7919 * run.steps, task.dtype):
        yield pool


def _learn(task: Task, pool: Pool | None, team: Team) -> None:
    """What each of the team does."""
    teacher = Teacher(task, team)
    run, lessons = teacher.run, teacher.lessons
    seed = task.seed + 7919 * run.steps + team.rank
    chance, own = torch.Generator().manual_seed(seed), random.Random(seed)
    run.put_off()
    try:
        while pool is not None and teacher.goes_on(LATE):
            teacher.step(*lessons.latent_loss(*pool.deal(BATCH, chance)), BATCH * team.size, late=False)
        while teacher.goes_on(1.0):
            teacher.step(*lessons.loss(own, 8), (OWN + FOREIGN) * team.size, late=True)
    except KeyboardInterrupt:
        teacher.save()
        raise
    teacher.save()


def train(task: Task, workers: int = 1) -> None:
    """Teach until the time is up; goes on from the task's checkpoint."""
    with _lessons(task) as pool:
        run_team(workers, functools.partial(_learn, task, pool))


def main(argv: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m perform.train.micro.painter")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    train(Task(args.folder, args.minutes, args.size, args.seed, quick_dtype()), torch.get_num_threads())
    return 0


if __name__ == "__main__":
    sys.exit(main())
