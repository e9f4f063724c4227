"""Teach a small StyleGAN2 to paint what this project's rules draw: `perform train gan --recipe noctiluca`.

A plain GAN needs millions of pictures. Here every training picture is a smooth function R(z) of the latent, so the
generator is first taught R directly, picture by picture, from small sides to large; then a discriminator joins, and
gives the fine detail that an average of near misses blurs. The work is cut by the clock, so it fits any machine.
"""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from perform.commands.arguments import say
from perform.core.errors import ModelError
from perform.generators.stylegan import load_network
from perform.generators.stylegan.network import Architecture, Generator
from perform.train import rules
from perform.train.data import Pool
from perform.train.discriminator import Critic
from perform.train.export import sheet
from perform.train.losses import crispness, difference, pull, texture
from perform.train.muon import Muon, is_matrix
from perform.train.place import read_state
from perform.train.team import Team


@dataclass(frozen=True)
class Stage:
    """One stretch of the work: pictures of `side` px, up to the share `until` of the time.

    window: where above 0, only a square so wide, somewhere in each batch's pictures, is drawn of the last block and
    looked at: at 256 px that is twice as many pictures in the time. detail: how hard texture and the power of the
    finest detail pull in an adversarial stage, next to TEXTURE and CRISP.
    """

    side: int
    until: float
    batch: int
    adversarial: bool = False
    window: int = 0
    detail: float = 1.0


ARCHITECTURE = Architecture(
    z_dim=rules.PARAMS,
    w_dim=192,
    num_mapping_layers=4,
    resolution=256,
    channel_base=4096,
    channel_max=128,
    mapping_lr_multiplier=1.0,
)
RATE = 1e-2  # the step of both optimisers at the start, falling all the way
HALF_LIFE = 1500  # pictures after which the running mean of the weights has forgotten half
OPPONENT_RATE = 3e-3  # the discriminator's step, which stays
GRAIN, FINEST_GRAIN = 0.006, 0.018  # strength of the noise inputs, against activations of about one
LAST_RATE = 0.02  # share of the step that is left at the end: what steps stir up as grain settles
TEXTURE = 0.5  # how hard the kind of detail pulls on a picture, next to the picture itself
CRISP = 0.35  # and the power of the finest detail
OPPONENT = 0.25  # how hard the discriminator pulls on a picture, next to the picture's own target
FOLLOW_EVERY = 4  # steps between two updates of that mean
R1_EVERY, R1_WEIGHT = 16, 0.08
PREVIEW_EVERY_S = 180.0
LOOK = 64  # px; the discriminator's view


class Trainer:
    """Weights, their running mean, the optimisers, and the clock."""

    def __init__(
        self,
        arch: Architecture,
        stages: tuple[Stage, ...],
        minutes: float,
        folder: Path,
        dtype: torch.dtype = torch.bfloat16,
        seed: int = 1,
        team: Team | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.team = team or Team()
        self.arch, self.stages, self.seconds, self.folder, self.dtype = arch, stages, minutes * 60, folder, dtype
        self.generator = Generator(arch)
        start_quiet(self.generator)
        set_grain(self.generator)
        self.mean = copy.deepcopy(self.generator).requires_grad_(False)
        named = [(n, p) for n, p in self.generator.named_parameters() if p.requires_grad]
        self.muon = Muon([p for n, p in named if is_matrix(n, p)], lr=RATE)
        others = [p for n, p in named if not is_matrix(n, p)]
        self.adam = torch.optim.Adam(others, lr=RATE, betas=(0.9, 0.99), eps=1e-8, fused=True)
        self.discriminator: Critic | None = None
        self.d_adam: torch.optim.Adam | None = None
        self.spent, self.pictures, self.steps, self.seed = 0.0, 0, 0, seed
        self.pool: Pool | None = None
        self.met = 0  # adversarial steps so far
        self.recent: dict[str, float] = {}
        self.whose: dict[str, str] = {}  # what tells this training from another
        self.families: Sequence[str] = rules.FAMILIES
        self.often: Mapping[str, float] = {}  # families that are drawn more often than others

    @property
    def stage(self) -> Stage:
        """The stretch that the clock says we are in."""
        done = self.spent / self.seconds
        return next((s for s in self.stages if done < s.until), self.stages[-1])

    def step(self) -> None:
        """One batch."""
        begin, stage = time.perf_counter(), self.stage
        if self.pool is None or self.pool.size != stage.side:
            seed = self.seed + self.steps + 7919 * self.team.rank
            self.pool = Pool(stage.side, self.arch.z_dim, seed, self.families, self.often)
        done = self.spent / self.seconds
        rate = RATE * min(1.0, self.steps / 100 + 0.01) * max(LAST_RATE, 1.0 - done)
        for group in (*self.muon.param_groups, *self.adam.param_groups):
            group["lr"] = rate
        z, wanted = self.pool.batch(max(1, stage.batch // self.team.size))
        paint = functools.partial(self.generator, z, "none", until=stage.side, dtype=self.dtype)
        if stage.window:
            row, column = (2 * torch.randint((stage.side - stage.window) // 2 + 1, (2,))).tolist()
            paint = functools.partial(paint, window=(row, column, stage.window))
            wanted = wanted[:, :, row : row + stage.window, column : column + stage.window].contiguous()
        if stage.adversarial:
            self._adversarial(paint(), wanted, stage.detail)
        else:
            self._direct(paint(), wanted)
        self.pictures += stage.batch
        self.steps += 1
        if self.steps % FOLLOW_EVERY == 0:
            self._follow(stage.batch * FOLLOW_EVERY)
        self.spent += time.perf_counter() - begin

    def goes_on(self) -> bool:
        """Whether there is time left: the whole team says the same, and takes the same stage next.

        Raises KeyboardInterrupt when one of the team was interrupted.
        """
        self.spent, stopped = self.team.agree(self.spent, float(self.team.interrupted))
        if stopped:
            raise KeyboardInterrupt
        return self.spent < self.seconds

    def _note(self, name: str, value: Tensor) -> None:
        self.recent[name] = 0.97 * self.recent.get(name, float(value)) + 0.03 * float(value)

    def _apply(self, loss: Tensor) -> None:
        self.adam.zero_grad(set_to_none=True)
        self.muon.zero_grad(set_to_none=True)
        loss.backward()
        self.spent = self.team.average(self.generator.parameters(), self.spent)
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 5.0)):
            self.adam.step()
            self.muon.step()

    def _direct(self, made: Tensor, wanted: Tensor) -> None:
        loss = difference(made, wanted)
        self._apply(loss)
        self._note("difference", loss.detach())

    def _adversarial(self, made: Tensor, wanted: Tensor, detail: float) -> None:
        d, d_adam = self._opponent()
        d.turn = self.steps
        d.requires_grad_(True)
        loss = F.softplus(d(made.detach(), self.dtype)).mean() + F.softplus(-d(wanted, self.dtype)).mean()
        if self.steps % R1_EVERY < 2:  # one of each look
            loss = loss + R1_EVERY * R1_WEIGHT / 2 * gradient_penalty(d, wanted[: max(1, len(wanted) // 2)])
        else:
            self._note("d", loss.detach())
        d_adam.zero_grad(set_to_none=True)
        loss.backward()
        self.spent = self.team.average(d.parameters(), self.spent)
        d_adam.step()
        d.requires_grad_(False)
        seen = made.detach().requires_grad_(True)
        apart = difference(seen, wanted)
        against = F.softplus(-d(seen, self.dtype)).mean()
        grain = texture(seen, wanted)
        crisp = crispness(seen, wanted)
        self.met += 1
        others = ((against, OPPONENT * min(1.0, self.met / 150)), (grain, TEXTURE * detail), (crisp, CRISP * detail))
        self._apply((made * pull(seen, apart, others)).sum())
        self._note("crisp", crisp.detach())
        self._note("texture", grain.detach())
        self._note("difference", apart.detach())
        self._note("against", against.detach())

    def _opponent(self) -> tuple[Critic, torch.optim.Adam]:
        if self.discriminator is None or self.d_adam is None:
            self.discriminator = Critic(min(LOOK, *(s.window or s.side for s in self.stages if s.adversarial)))
            own = self.discriminator.parameters()
            self.d_adam = torch.optim.Adam(own, lr=OPPONENT_RATE, betas=(0.0, 0.99), fused=True)
        return self.discriminator, self.d_adam

    @torch.no_grad()
    def _follow(self, count: int) -> None:
        """The running mean of the weights, quick to forget at first."""
        life = min(HALF_LIFE, self.pictures * 0.05 + 1)
        keep = 0.5 ** (count / life)
        torch._foreach_lerp_(list(self.mean.parameters()), list(self.generator.parameters()), 1 - keep)

    def save(self) -> None:
        """Write everything needed to go on, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {
            "arch": asdict(self.arch),
            "generator": self.generator.state_dict(),
            "mean": self.mean.state_dict(),
            "adam": self.adam.state_dict(),
            "muon": self.muon.state_dict(),
            "spent": self.spent,
            "pictures": self.pictures,
            "steps": self.steps,
            "met": self.met,
            "whose": self.whose,
        }
        if self.discriminator is not None and self.d_adam is not None:
            state |= {"discriminator": self.discriminator.state_dict(), "d_adam": self.d_adam.state_dict()}
        part = self.folder / "checkpoint.part"
        torch.save(state, part)
        part.replace(self.folder / "checkpoint.pt")

    def begin_from(self, folder: Path) -> None:
        """Take over the weights of a model of this shape; blocks that it lacks begin anew, and add nothing at first.

        Raises ModelError for a folder that holds no such model.
        """
        own = self.generator.state_dict()
        theirs = load_network(folder).generator.state_dict()
        if unlike := [k for k in theirs if k in own and own[k].shape != theirs[k].shape]:
            raise ModelError(f"{folder}: {unlike[0]} has another shape than this recipe's models")
        self.generator.load_state_dict(own | {k: v.float() for k, v in theirs.items() if k in own})
        set_grain(self.generator)
        self.mean.load_state_dict(self.generator.state_dict())

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint written by `save`."""
        state = read_state(path, self.whose)
        if state["arch"] != asdict(self.arch):
            raise ModelError(f"{path}: made for another architecture; start anew, or name another folder")
        self.generator.load_state_dict(state["generator"])
        self.mean.load_state_dict(state["mean"])
        set_grain(self.generator)
        set_grain(self.mean)
        self.adam.load_state_dict(state["adam"])
        self.muon.load_state_dict(state["muon"])
        self.spent, self.pictures, self.steps = state["spent"], state["pictures"], state["steps"]
        self.met = state.get("met", 0)
        if "discriminator" in state:
            d, d_adam = self._opponent()
            d.load_state_dict(state["discriminator"])
            d_adam.load_state_dict(state["d_adam"])
            for group in d_adam.param_groups:
                group["lr"] = OPPONENT_RATE


def start_quiet(generator: Generator) -> None:
    """New resolutions add nothing at first, and 4 px knows where it is.

    The colours of every block but the first start at zero, so growing never disturbs what was learned; the constant
    starts as slow waves over the plane, a map that layers can steer by.
    """
    with torch.no_grad():
        for size in generator.arch.sizes[1:]:
            generator.synthesis.get_submodule(f"b{size}.torgb").weight.zero_()
        const = generator.synthesis.b4.const
        axis = torch.linspace(-1.5, 1.5, 4)
        count = len(const)
        turn, wave = torch.rand(count, 1, 1) * 6.2832, torch.rand(count, 1, 1) * 1.6
        phase = torch.rand(count, 1, 1) * 6.2832
        const.copy_(torch.sin(wave * (axis[None, None] * turn.cos() + axis[None, :, None] * turn.sin()) + phase) * 1.4)


def set_grain(generator: Generator) -> None:
    """Give noise a small fixed strength from 16 px up, for the player's hand. Training itself runs without noise.

    Left to use it, a generator that is asked for detail paints it all with noise, and the picture turns to sand.
    """
    for size in generator.arch.sizes:
        block = generator.synthesis.get_submodule(f"b{size}")
        for conv in block.convs:
            strength = FINEST_GRAIN if size == generator.arch.resolution else GRAIN if size >= 16 else 0.0
            conv.noise_strength.requires_grad_(False).fill_(strength)


def gradient_penalty(d: Critic, real: Tensor) -> Tensor:
    """R1 (Mescheder, Geiger, Nowozin, arXiv 1801.04406): the squared slope of the logits at real pictures."""
    real = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(d(real).sum(), real, create_graph=True)
    return slope.square().sum((1, 2, 3)).mean()


def train(trainer: Trainer, save_every_s: float = 60.0, preview: Callable[[], None] | None = None) -> None:
    """Run to the end of the time, with a line of progress soon and every ten seconds, and a checkpoint every minute.

    preview: called every three minutes. Ctrl-C keeps all that was learned.
    """
    try:
        _train(trainer, save_every_s, preview)
    except KeyboardInterrupt:
        if trainer.team.rank == 0:
            trainer.save()
            say(f"stopped after {trainer.pictures} pictures; the same command goes on")
        raise


def _train(trainer: Trainer, save_every_s: float, preview: Callable[[], None] | None) -> None:
    saved = shown = time.monotonic()
    said = saved - 9
    while trainer.goes_on():
        trainer.step()
        if trainer.team.rank:
            continue
        now = time.monotonic()
        if now - said > 10:
            said = now
            left = (trainer.seconds - trainer.spent) / 60
            words = "  ".join(f"{k} {v:.4f}" for k, v in trainer.recent.items())
            done = f"{trainer.spent / trainer.seconds:6.1%}  {left:5.1f} min left"
            say(f"{done}  {trainer.stage.side} px  {trainer.pictures} pictures  {words}")
        if now - saved > save_every_s:
            saved = now
            trainer.save()
            sheet(trainer.mean, trainer.stage.side, trainer.folder / "sheet.png")
        if preview is not None and now - shown > PREVIEW_EVERY_S:
            shown = now
            preview()
