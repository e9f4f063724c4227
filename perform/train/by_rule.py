"""`perform train gan --recipe noctiluca`: a painter taught the rules themselves, from recipe to model folder."""

from __future__ import annotations

import functools
import itertools
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from perform.commands.arguments import say
from perform.core.card import read_card
from perform.core.errors import UsageError
from perform.generators.stylegan import Network
from perform.outputs.image import thumbnail
from perform.train.adversarial import begin, leave
from perform.train.adversarial.recipe import RECIPES
from perform.train.data import CHOICE
from perform.train.export import cut, mean_w
from perform.train.gan import ARCHITECTURE, Stage, Trainer, set_grain, train
from perform.train.measure import measure
from perform.train.place import at_work, model_name, work_folder
from perform.train.rules import FAMILIES, chosen
from perform.train.team import Team, run_team
from perform.whole_file import write_whole

KIND = "rules"
DATA = "Pictures drawn by this project's own rules (perform/train/rules): {}."
METHOD = (
    "regression on pairs (latent, rule picture) with a Laplacian-pyramid loss at small sides; at larger ones losses on "
    "texture and on the finest bands' power, and a discriminator (non-saturating, R1), besides; Muon and Adam; running "
    "mean of the weights"
)
THUMB_PX = 360
LEAST_SEEN = 32
"""px: of what is looked at by losses on detail and by a discriminator."""
TRIM_PX = 2
"""Rim that a card of ours trims: convolutions know least there."""


@dataclass(frozen=True)
class Recipe:
    """stages: in their order, the last `until` 1. source: the model to go on from, "" for none. families: of
    rules, that take part. often: how many times as often as the others one of them is drawn."""

    name: str
    stages: tuple[Stage, ...]
    seed: int = 1
    minutes: float = 90.0
    source: str = ""
    title: str = ""
    description: str = ""
    families: tuple[str, ...] = FAMILIES
    often: Mapping[str, float] = field(default_factory=dict)


def recipe_file(name: str) -> Path:
    """Where a recipe lies, by name or as a .toml file."""
    return Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"


def is_by_rule(name: str) -> bool:
    """Whether a recipe is of this kind; False for one that cannot be read."""
    try:
        return bool(tomllib.loads(recipe_file(name).read_text("utf-8")).get("kind") == KIND)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def read_recipe(name: str) -> Recipe:
    """A recipe of kind "rules". Raises UsageError, one line."""
    path = recipe_file(name)
    data = tomllib.loads(path.read_text("utf-8"))
    kinds: dict[str, Any] = {"name": str, "seed": int, "minutes": (int, float), "from": str, "title": str,
                             "description": str, "stage": list, "families": list, "often": dict}  # fmt: skip
    for key, value in data.items():
        if key in ("version", "kind"):
            continue
        if key not in kinds:
            raise UsageError(f"{path}: unknown key {key!r}")
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise UsageError(f"{path}: {key} = {value!r} is of the wrong kind")
    stages = tuple(_stage(path, number, row) for number, row in enumerate(data.get("stage", []), 1))
    if not stages or [s.until for s in stages] != sorted(s.until for s in stages) or stages[-1].until != 1:
        raise UsageError(f"{path}: [[stage]] tables must rise in `until`, and the last end at 1")
    if any(b.side < a.side for a, b in itertools.pairwise(stages)):
        raise UsageError(f"{path}: the sides of [[stage]] tables may not fall")
    minutes, seed = float(data.get("minutes", 90)), data.get("seed", 1)
    if not 0 < minutes < math.inf or not 0 <= seed < 1 << 31:
        raise UsageError(f"{path}: minutes must be above 0, and seed from 0 to {(1 << 31) - 1}")
    return Recipe(
        data.get("name", path.stem), stages, seed, minutes, data.get("from", ""),
        data.get("title", ""), data.get("description", ""),
        _families(path, data.get("families", FAMILIES)), _often(path, data.get("often", {})),
    )  # fmt: skip


def _families(path: Path, names: Sequence[Any]) -> tuple[str, ...]:
    try:
        return chosen(names)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _often(path: Path, table: Mapping[str, Any]) -> Mapping[str, float]:
    for name, times in table.items():
        if name not in FAMILIES or type(times) not in (int, float) or not 0 <= times <= CHOICE:
            raise UsageError(
                f"{path}: often: {name} = {times!r}; families are {', '.join(FAMILIES)}, 0 to {CHOICE} times"
            )
    return table


def _stage(path: Path, number: int, row: Any) -> Stage:
    if not isinstance(row, Mapping) or not {"side", "until", "batch"} <= set(row) <= {
        "side", "until", "batch", "adversarial", "window", "detail",
    }:  # fmt: skip
        may = "adversarial, window and detail"
        raise UsageError(f"{path}: stage {number} needs side, until and batch, and may have {may}")
    stage = Stage(
        row["side"], row["until"], row["batch"], row.get("adversarial", False), row.get("window", 0),
        row.get("detail", 1.0),
    )  # fmt: skip
    whole = type(stage.side) is int and type(stage.batch) is int and type(stage.adversarial) is bool
    if not whole or stage.side not in ARCHITECTURE.sizes or not 1 <= stage.batch <= 512:
        sides = ", ".join(str(side) for side in ARCHITECTURE.sizes)
        raise UsageError(f"{path}: stage {number}: side is one of {sides}, batch 1 to 512")
    if stage.adversarial and stage.side < LEAST_SEEN:
        raise UsageError(f"{path}: stage {number}: a discriminator needs {LEAST_SEEN} px")
    fits = type(stage.window) is int and stage.window % 4 == 0
    if not fits or stage.window not in (0, *range(LEAST_SEEN, stage.side)):
        raise UsageError(
            f"{path}: stage {number}: window is from 32 px to below the side, by fours, or 0 for all of it"
        )
    if type(stage.detail) not in (int, float) or not 0 <= stage.detail <= 4:
        raise UsageError(f"{path}: stage {number}: detail is how hard it pulls, 0 to 4, of 1 as usual")
    if not isinstance(stage.until, int | float) or not 0 < stage.until <= 1:
        raise UsageError(f"{path}: stage {number}: until is a share of the time, above 0 and up to 1")
    return stage


def teach(recipe: Recipe, out: Path, source: Path | None, workers: int) -> Path:
    """Make the model in OUT/NAME; checkpoints in OUT/work. The same call goes on after a stop."""
    with at_work(out):
        return _teach(recipe, out, source, workers)


def _teach(recipe: Recipe, out: Path, source: Path | None, workers: int) -> Path:
    work = work_folder(out)
    say(f"{recipe.minutes:g} minutes, {workers} at work; a checkpoint every minute, and {work / 'sheet.png'}")
    run_team(workers, functools.partial(_work, recipe, out, source))
    return out / recipe.name


def _work(recipe: Recipe, out: Path, source: Path | None, team: Team) -> None:
    """What each worker does: take up the checkpoint, train, and, the first of them, write the model."""
    trainer = Trainer(ARCHITECTURE, recipe.stages, recipe.minutes, out / "work", seed=recipe.seed, team=team)
    trainer.families, trainer.often = recipe.families, recipe.often
    checkpoint = out / "work" / "checkpoint.pt"
    trainer.whose = {"recipe": recipe.name, "seed": str(recipe.seed), "parent": source.name if source else "none",
                     "stages": ", ".join(f"{s.side} px to {s.until:g}" for s in recipe.stages)}  # fmt: skip
    if checkpoint.exists():
        trainer.resume(checkpoint)
    elif source is not None:
        trainer.begin_from(source)
    torch.manual_seed(trainer.steps * 64 + team.rank)
    preview = functools.partial(write, trainer, recipe, out / recipe.name, source)
    train(trainer, preview=preview)
    if team.rank == 0:
        trainer.save()
        say("measuring it")
        preview(measured=True)


def write(trainer: Trainer, recipe: Recipe, folder: Path, source: Path | None, measured: bool = False) -> None:
    """The model folder as it stands, which plays; with its figures in the card, where it is `measured`."""
    mean_w(trainer.mean)
    made = cut(trainer.mean, recipe.stages[-1].side)
    set_grain(made)
    training: dict[str, Any] = {
        "data": DATA.format(", ".join(recipe.families)), "families": list(recipe.families),
        "recipe": f"perform train gan --recipe {recipe.name}", "method": METHOD,
        "pictures_seen": trainer.pictures, "hours": round(trainer.spent / 3600, 2), "workers": trainer.team.size,
    }  # fmt: skip
    if measured:
        training["measures"] = measure(Network(made), among=recipe.families)
    if source is not None:
        training["parents"] = [begin.told(read_card(source) if source.is_dir() else None, source)]
    title = {"title": recipe.title} if recipe.title else {}
    more = {**title, "description": recipe.description or None, "trim_px": TRIM_PX}
    leave.write_model(made, folder, training, "Apache-2.0", "the perform authors", more)
    side = recipe.stages[-1].side
    six = leave.paint(made, 6).view(2, 3, 3, side, side).permute(0, 3, 1, 4, 2).reshape(2 * side, 3 * side, 3)
    pixels = six.add(1).mul(127.5).round().byte().numpy()
    write_whole(folder / "thumb.jpg", thumbnail(pixels, THUMB_PX))


def with_given(recipe: Recipe, name: str | None, minutes: float | None, seed: int | None) -> Recipe:
    """What the command line said, over the recipe's."""
    return replace(
        recipe,
        name=model_name(name or recipe.name),
        minutes=recipe.minutes if minutes is None else minutes,
        seed=recipe.seed if seed is None else seed,
    )
