"""`perform train micro`: the autoencoder, then the painter, with checkpoints, a preview that plays, and sheets."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from perform.commands.arguments import say
from perform.core.card import read_card
from perform.core.errors import UsageError
from perform.train.adversarial import begin
from perform.train.place import at_work, work_folder
from perform.train.running import Run

from . import autoencoder, painter, shape
from .export import export
from .show import noises, paint, sheet

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
PROMPTS = (
    "red marble", "blue and gold marble", "turquoise rings", "white zebra", "green cells", "rose and violet pearls",
    "violet jellyfish", "copper silk", "blue lightning", "violet and turquoise nebula", "white crystal", "green aurora",
    "orange flames", "gold mosaic", "dark blue silk", "bright magenta lightning",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How the model is made. Minutes are of work, whatever the machine: a faster one sees more pictures."""

    name: str = "lumen"
    seed: int = 1
    size: int = 128
    autoencoder_minutes: float = 21.0
    painter_minutes: float = 100.0


def read_recipe(name: str) -> Recipe:
    """A recipe by name or file. Raises UsageError."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise UsageError(f"no recipe {name!r}; there are {known}, or give a .toml file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from None
    if data.get("kind") != "micro":
        raise UsageError(f'{path}: a recipe of kind {data.get("kind")!r}; `perform train micro` takes kind "micro"')
    known = {f.name: f.type for f in fields(Recipe)}
    unknown = sorted(set(data) - set(known) - {"version", "kind"})
    if unknown:
        raise UsageError(f"{path}: unknown key {unknown[0]!r}")
    try:
        return Recipe(**{k: type(getattr(Recipe(), k))(v) for k, v in data.items() if k in known})
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from None


def teach(recipe: Recipe, out: Path, source: Path | None = None, workers: int = 1) -> Path:
    """Make the model in OUT/NAME; work and checkpoints in OUT. The same call goes on after a stop.

    source: a model folder of this shape to go on from; its autoencoder stays, but for the decoder's last finish.
    """
    if source is not None:
        shape.load(shape.build(), source)  # what does not fit is said before anything begins
    with at_work(out):
        return _teach(recipe, out, source, workers)


def _teach(recipe: Recipe, out: Path, source: Path | None, workers: int) -> Path:
    work = work_folder(out)
    sizes = ["--size", str(recipe.size), "--seed", str(recipe.seed)]
    if source is None:
        say(f"the autoencoder, {recipe.autoencoder_minutes:g} minutes")
        autoencoder.main([str(work), "--minutes", str(recipe.autoencoder_minutes), *sizes])
    say(f"the painter, {recipe.painter_minutes:g} minutes; {out / recipe.name} plays meanwhile")

    preview = Preview(recipe, out, source)
    task = painter.Task(work, recipe.painter_minutes, recipe.size, recipe.seed, painter.quick_dtype(), preview, source)
    painter.train(task, workers)
    return out / recipe.name


@dataclass(frozen=True)
class Preview:
    """After each checkpoint: the model folder, which a show may play, and a sheet."""

    recipe: Recipe
    out: Path
    source: Path | None

    def __call__(self, micro: shape.Micro, run: Run) -> None:
        """Write both."""
        told: dict[str, Any] = {
            "recipe": f"perform train micro, recipe {self.recipe.name}, seed {self.recipe.seed}",
            "pictures_seen": run.pictures, "steps": run.steps, "hours": round(run.spent / 3600, 2),
        }  # fmt: skip
        if self.source is not None:
            told["parents"] = [begin.told(read_card(self.source), self.source)]
        export(micro, self.out / self.recipe.name, told)
        noise = noises(4, 16, 16, self.recipe.seed)
        rows = [paint(micro, [text] * 4, noise) for text in PROMPTS]
        sheet(rows, self.out / "sheet.jpg")
