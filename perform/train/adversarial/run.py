"""The course of a training: clock, checkpoints, previews, and what to do when something fails."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from perform.commands.arguments import say
from perform.core.errors import PerformError, UsageError
from perform.train.adversarial import begin, leave
from perform.train.adversarial.pictures import Deck, load
from perform.train.adversarial.settings import Settings
from perform.train.adversarial.trainer import DivergedError, Duel
from perform.train.dataset.store import card_hash, read_data_card
from perform.train.export import mean_w
from perform.train.place import work_folder
from perform.train.running import Run
from perform.train.team import Team

NOTE_EVERY_S, SAVE_EVERY_S, PREVIEW_EVERY_S = 5.0, 60.0, 180.0
SHEET = 32
MEASURED = 256
MOST_BACK = 3
"""How often a training takes up an earlier checkpoint before it gives up."""

Progress = Callable[[int, int], None]


class Training:
    """One training in a folder: OUT/NAME the model, OUT/work checkpoints, OUT/sheet.jpg, OUT/losses.png."""

    def __init__(self, data: Path, out: Path, name: str, settings: Settings, source: Path | None = None,
                 device: str = "cpu", team: Team | None = None) -> None:  # fmt: skip
        self.data, self.out, self.folder, self.team = data, out, out / name, team or Team()
        self.source, self.parent = source, None
        card = read_data_card(data)
        arch = settings.architecture
        generator = None
        if source is not None:
            generator, self.parent = begin.parent(source)
            if settings.grow:
                generator = begin.grown(generator)
            arch = generator.arch
        elif settings.grow:
            raise UsageError("--grow needs a parent: --from MODEL")
        self.settings = replace(settings, size=arch.resolution, z_dim=arch.z_dim, w_dim=arch.w_dim)
        self.licence, self.author = str(card.get("licence", "unknown")), str(card.get("author", "unknown"))
        pictures = load(data, arch.resolution)
        self.held = load(data, arch.resolution, "held")[:MEASURED]
        self.few_held = len(self.held) < 8
        if self.few_held:
            self.held = pictures[:MEASURED]
        self.deck = Deck(pictures, settings.flips, settings.seed + self.team.rank)
        self.duel = Duel(arch, self.settings, torch.device(device), self.team)
        if generator is not None and source is not None:
            begin.copy_into(self.duel.painter, self.duel.mean, generator)
            critic = begin.earlier_critic(source)
            if critic is not None:
                self._take_critic(critic)
            elif settings.freeze_d:
                raise UsageError("--freeze-d needs a discriminator that has learned: --from a folder of `train gan`")
        whose = {"name": name, "set": card_hash(data)[:12], "parent": "none"}
        if source is not None:
            whose["parent"] = self.parent.sha256[:12] if self.parent else source.name
        self.run = Run(work_folder(out) / "gan.pt", settings.minutes * 60, SAVE_EVERY_S, whose)
        self.course = leave.Course(out)
        if state := self.run.resume():
            self.duel.load(state)
        self.duel.alike()
        self._went_back = 0

    def _take_critic(self, state: Mapping[str, Any]) -> None:
        grow = self.settings.grow
        try:
            self.duel.critic.load_state_dict(begin.grown_critic(dict(state)) if grow else state, strict=not grow)
        except RuntimeError:
            raise UsageError("the parent's discriminator has another shape: give the same --width as then") from None

    def teach(self, progress: Progress) -> Path:
        """Until the time is up. Ctrl-C keeps all but the last moments. Returns the model folder."""
        noted = shown = 0.0
        try:
            while self._goes_on():
                losses = self._step()
                now = time.monotonic()
                if now - noted > NOTE_EVERY_S and self.team.rank == 0:
                    noted = now
                    self.course.add(self.duel.pictures, self.run.recent | losses)
                    progress(int(self.run.spent), int(self.run.seconds))
                if self.run.due():
                    self.save()
                if now - shown > PREVIEW_EVERY_S:
                    shown = now
                    self.preview()
        except KeyboardInterrupt:
            self.save()
            say(f"stopped after {self.duel.pictures} pictures; the same command goes on")
            raise
        progress(int(self.run.seconds), int(self.run.seconds))
        self.save()
        return self.finish()

    def _goes_on(self) -> bool:
        """Whether there is time left. The clocks are told just before: all of a team take as many steps."""
        (self.run.spent,) = self.team.agree(self.run.spent, device=self.duel.device)
        return self.run.done < 1

    def _step(self) -> dict[str, float]:
        if self.settings.grow:
            self.duel.only_new(self.run.done < self.settings.alone)
        try:
            losses = self.duel.step(self.deck)
        except DivergedError as error:
            return self._back(str(error))
        except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
            if "memory" not in str(error).lower() and not isinstance(error, MemoryError | torch.OutOfMemoryError):
                raise
            return self._less(error)
        finite = {k: v for k, v in losses.items() if v == v and abs(v) != float("inf")}
        self.run.count(self.duel.batch, finite)
        return losses

    def _less(self, error: BaseException) -> dict[str, float]:
        """Out of memory: half the batch. A team cannot: the others wait for this one's part of the step they share."""
        if self.team.size > 1:
            raise PerformError(f"out of memory with a batch of {self.duel.batch} for {self.team.size} cards: the same "
                               "command with a smaller --batch goes on from the last checkpoint") from None  # fmt: skip
        if self.duel.batch <= max(1, self.team.size):
            raise PerformError(f"out of memory even with a batch of {self.duel.batch}: make --size or --width smaller "
                               f"({str(error).splitlines()[0][:80]})") from None  # fmt: skip
        self.duel.batch //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        say(f"out of memory: goes on with a batch of {self.duel.batch}")
        return {}

    def _back(self, why: str) -> dict[str, float]:
        """Take the last good checkpoint up again, with half the step."""
        self._went_back += 1
        state = self.run.resume()
        if self._went_back > MOST_BACK or state is None:
            raise PerformError(f"{why}; try a smaller --rate (now {self.settings.rate:g}) or a larger --gamma "
                               f"(now {self.settings.r1:g})") from None  # fmt: skip
        self.duel.load(state)
        for adam in (self.duel.p_adam, self.duel.c_adam):
            for group in adam.param_groups:
                group["lr"] *= 0.5**self._went_back
        say(f"{why}: back to the checkpoint at {self.duel.pictures} pictures, with half the step")
        return {}

    def save(self) -> None:
        """A checkpoint. A full disk is said; the training goes on and tries again."""
        if self.team.rank:
            return
        try:
            self.run.save(self.duel.state())
            self.course.write()
        except (OSError, RuntimeError) as error:
            self.run.path.with_suffix(".new").unlink(missing_ok=True)
            self.run.put_off()
            say(f"{self.run.path}: cannot be written ({error}); goes on, and tries again in a minute")

    def preview(self, measures: Mapping[str, Any] | None = None) -> None:
        """The model folder as it stands, which plays, and a sheet of seeds."""
        if self.team.rank:
            return
        try:
            mean_w(self.duel.mean, 4000)
            leave.sheet(leave.paint(self.duel.mean, SHEET), self.out / "sheet.jpg")
            more = {"trim_px": self.parent.trim_px} if self.parent and self.parent.trim_px else None
            leave.write_model(self.duel.mean, self.folder, self._told(measures), self.licence, self.author, more)
        except OSError as error:
            say(f"{self.folder}: no preview ({error}); the training goes on")

    def finish(self) -> Path:
        """Measure, and write the model for good."""
        self.preview(leave.figures(self.duel.mean, self.held))
        if self.team.rank == 0:
            if self.few_held:
                say("fewer than 8 pictures were held out: the figures are beside pictures that it was taught")
            take = torch.randperm(len(self.held), generator=torch.Generator().manual_seed(0))[:SHEET]
            leave.sheet(self.held[take].float() / 127.5 - 1, self.out / "sheet_of_the_set.jpg")
        return self.folder

    def _told(self, measures: Mapping[str, Any] | None) -> dict[str, Any]:
        wanted = {k: v for k, v in asdict(self.settings).items() if k != "minutes" and v != ""}
        told: dict[str, Any] = {
            "data": str(read_data_card(self.data).get("name", self.data.name)), "data_sha256": card_hash(self.data),
            "recipe": {"command": "perform train gan", **wanted, "gamma": self.settings.r1},
            "pictures_seen": self.duel.pictures, "hours": round(self.run.spent / 3600, 3),
        }  # fmt: skip
        if self.source is not None:
            told["parents"] = [begin.told(self.parent, self.source)]
        if measures and self.few_held:
            told["measured_beside"] = "pictures that it was taught"
        return told | ({"measures": dict(measures)} if measures else {})


def torchrun_team(device: str) -> tuple[Team, str]:
    """The team that torchrun (or accelerate launch) started this process in, alone otherwise; and this one's device."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team(), device
    import torch.distributed as dist

    if device.startswith("cuda"):
        device = f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()}"
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return Team(dist.get_rank(), dist.get_world_size()), device
