"""The two networks against each other ([K20] arXiv 1912.04958): non-saturating logistic loss, lazy R1 and path length,
a running mean of the painter, adaptive augmentation."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from perform.core.errors import PerformError
from perform.generators.stylegan.network import Architecture, Generator
from perform.train.adversarial.augment import Adaptive, augment
from perform.train.adversarial.pictures import Deck
from perform.train.adversarial.settings import Settings
from perform.train.discriminator import Discriminator
from perform.train.team import Team

R1_EVERY, PATH_EVERY = 16, 8
PATH_DECAY = 0.01
DIFF_P = 1.0
MEAN_PICTURES = 5000
"""Half-life of the running mean of the painter's weights, in pictures, once so many were seen."""
BAD_STEPS = 3
"""Steps in a row without a number for a gradient, after which the last checkpoint is taken up again."""


class DivergedError(PerformError):
    """The losses are no numbers any more."""


class Duel:
    """Painter, its mean, discriminator, their optimisers."""

    def __init__(self, arch: Architecture, settings: Settings, device: torch.device, team: Team) -> None:
        self.settings, self.arch, self.device, self.team = settings, arch, device, team
        self.dtype = _quick(device)
        self.painter = Generator(arch).to(device)
        self.mean = copy.deepcopy(self.painter).requires_grad_(False).eval()
        width = settings.width
        self.critic = Discriminator(arch.resolution, base=32 * width, most=width).to(device)
        self.batch = settings.batch
        self.adaptive = Adaptive(p=DIFF_P if settings.augment == "diff" else 0.0)
        self.chance = torch.Generator().manual_seed(settings.seed + 1000 * team.rank)
        self.pictures, self.steps, self.path_mean, self._bad = 0, 0, 0.0, 0
        self.freeze()
        rate = settings.rate
        self.p_adam = _adam(self.painter, rate, PATH_EVERY if settings.path_length else 0)
        self.c_adam = _adam(self.critic, rate, R1_EVERY)

    def alike(self) -> None:
        """The same weights for the whole team."""
        for network in (self.painter, self.mean, self.critic):
            self.team.begin_alike(network.state_dict().values())

    def freeze(self) -> None:
        """Leave the discriminator's finest blocks as they are."""
        if self.settings.freeze_d:
            parts: list[nn.Module] = [self.critic.colours, *self.critic.downs]
            first = 2 if self.settings.grow else 0  # the finest that have learned
            for part in parts[first : first + self.settings.freeze_d]:
                part.requires_grad_(False)

    def only_new(self, alone: bool) -> None:
        """Whether the painter's finest block learns alone."""
        self.painter.requires_grad_(not alone)
        if alone:
            self.painter.synthesis.get_submodule(f"b{self.arch.resolution}").requires_grad_(True)

    def step(self, deck: Deck) -> dict[str, float]:
        """One step of each. Returns losses; raises DivergedError after too many steps that led nowhere."""
        share = max(1, self.batch // self.team.size)
        real = deck.deal(share).to(self.device)
        losses = self._critic_step(real) | self._painter_step(share)
        self._follow(share * self.team.size)
        self.pictures += share * self.team.size
        self.steps += 1
        (bad,) = self.team.agree(float(not all(math.isfinite(v) for v in losses.values())), device=self.device)
        self._bad = self._bad + 1 if bad else 0
        if self._bad >= BAD_STEPS:
            raise DivergedError(f"the losses were no numbers for {BAD_STEPS} steps")
        return losses | {"augment": self.adaptive.p}

    def _z(self, count: int) -> Tensor:
        return torch.randn(count, self.arch.z_dim, generator=self.chance).to(self.device)

    def ws(self, count: int) -> Tensor:
        """Styles of `count` pictures; some change to another latent half-way ([K19], section 3.1)."""
        mapping = self.painter.mapping
        ws = mapping.truncate(mapping(self._z(count)))
        if float(torch.rand((), generator=self.chance)) < self.settings.mixing:
            cross = int(torch.randint(1, ws.shape[1], (), generator=self.chance))
            ws = torch.cat([ws[:, :cross], mapping.truncate(mapping(self._z(count)))[:, cross:]], 1)
        return ws

    def _paint(self, count: int) -> Tensor:
        return self.painter.synthesis(self.ws(count), "random", dtype=self.dtype)

    def _seen(self, x: Tensor) -> Tensor:
        return self.critic(augment(x, self.adaptive.p, self.chance), self.dtype)

    def _critic_step(self, real: Tensor) -> dict[str, float]:
        with torch.no_grad():
            painted = self._paint(len(real))
        own = self._seen(real)
        loss = F.softplus(self._seen(painted)).mean() + F.softplus(-own).mean()
        told = {"critic": float(loss.detach())}
        if self.settings.augment == "ada":
            self.adaptive.heard(own)
        if self.steps % R1_EVERY == 0:
            some = augment(real[: max(1, len(real) // 2)], self.adaptive.p, self.chance).detach().requires_grad_(True)
            (slope,) = torch.autograd.grad(self.critic(some).sum(), some, create_graph=True)
            penalty = slope.square().sum((1, 2, 3)).mean()
            loss = loss + R1_EVERY * self.settings.r1 / 2 * penalty
            told["r1"] = float(penalty.detach())
        self._apply(self.critic, self.c_adam, loss)
        return told

    def _painter_step(self, count: int) -> dict[str, float]:
        self.critic.requires_grad_(False)
        loss = F.softplus(-self._seen(self._paint(count))).mean()
        told = {"painter": float(loss.detach())}
        if self.settings.path_length and self.steps % PATH_EVERY == 0:
            loss = loss + PATH_EVERY * self.settings.path_length * self._path(max(1, count // 2))
        self._apply(self.painter, self.p_adam, loss)
        self.critic.requires_grad_(True)
        self.freeze()
        return told

    def _path(self, count: int) -> Tensor:
        """How much the length of a step in w varies in the picture ([K20], eq. 4)."""
        ws = self.ws(count)
        picture = self.painter.synthesis(ws, "none")
        noise = torch.randn(picture.shape, generator=self.chance).to(self.device) / math.sqrt(picture[0, 0].numel())
        (slope,) = torch.autograd.grad((picture * noise).sum(), ws, create_graph=True)
        lengths = slope.square().sum(2).mean(1).sqrt()
        self.path_mean += PATH_DECAY * (float(lengths.detach().mean()) - self.path_mean)
        return (lengths - self.path_mean).square().mean()

    def _apply(self, network: nn.Module, adam: torch.optim.Adam, loss: Tensor) -> None:
        adam.zero_grad(set_to_none=True)
        loss.backward()
        self.team.average(network.parameters(), 0.0)
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 50.0)
        if torch.isfinite(norm):
            adam.step()

    @torch.no_grad()
    def _follow(self, count: int) -> None:
        life = min(MEAN_PICTURES, self.pictures * 0.05 + 1)
        keep = 0.5 ** (count / life)
        torch._foreach_lerp_(list(self.mean.parameters()), [p.detach() for p in self.painter.parameters()], 1 - keep)
        for kept, live in zip(self.mean.buffers(), self.painter.buffers(), strict=True):
            kept.copy_(live)

    def state(self) -> dict[str, Any]:
        """Everything needed to go on."""
        parts = ("painter", "mean", "critic", "p_adam", "c_adam")
        return {name: getattr(self, name).state_dict() for name in parts} | {
            "arch": asdict(self.arch), "pictures": self.pictures, "steps": self.steps, "p": self.adaptive.p,
            "path_mean": self.path_mean, "batch": self.batch, "chance": self.chance.get_state(),
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `state`. Raises PerformError for another architecture."""
        if {**state["arch"], "widths": tuple(state["arch"]["widths"])} != asdict(self.arch):
            raise PerformError("the checkpoint is of another architecture; name another folder with --out")
        for name in ("painter", "mean", "critic", "p_adam", "c_adam"):
            getattr(self, name).load_state_dict(state[name])
        self.pictures, self.steps, self.path_mean = state["pictures"], state["steps"], state["path_mean"]
        self.adaptive.p, self.batch = state["p"], state["batch"]
        if self.team.rank:  # what is kept is the first one's chance; others go on with another
            self.chance.manual_seed(self.settings.seed + 1000 * self.team.rank + self.steps)
        else:
            self.chance.set_state(state["chance"])


def _adam(network: nn.Module, rate: float, lazy: int) -> torch.optim.Adam:
    """Adam, corrected for a regulariser that comes every `lazy` steps ([K20], appendix B)."""
    share = lazy / (lazy + 1) if lazy else 1.0
    own: Iterable[nn.Parameter] = network.parameters()
    return torch.optim.Adam(own, lr=rate * share, betas=(0.0, 0.99**share), eps=1e-8)


def _quick(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it: its range needs no loss scale."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    fast = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return torch.bfloat16 if device.type == "cpu" and fast else torch.float32
