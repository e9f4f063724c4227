"""`perform train`: models of one's own. Offline work, with checkpoints; the same command goes on after a stop."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from perform.commands._train_judge import mount_judge
from perform.commands._train_measure import mount_measure
from perform.commands.arguments import not_negative, positive, progress_bar, say, whole
from perform.core.errors import UsageError


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command and what it can teach."""
    train = commands.add_parser("train", parents=[shared], help="teach a model of your own", allow_abbrev=False)
    kinds = train.add_subparsers(dest="kind", metavar="KIND", required=True)
    for mount in (_mount_gan, _mount_lora, _mount_micro, mount_judge, mount_measure):
        mount(kinds, shared)


def _mount_gan(kinds: Any, shared: argparse.ArgumentParser) -> None:
    gan = kinds.add_parser("gan", parents=[shared], help="a StyleGAN2, from a picture set", allow_abbrev=False)
    gan.add_argument("data", type=Path, metavar="SET", nargs="?",
                     help="a folder that `perform dataset` made; none with a recipe that draws for itself")  # fmt: skip
    gan.add_argument("--out", type=Path, default=Path("trained"), metavar="DIR", help="where to work (default trained)")
    gan.add_argument("--name", metavar="N", help="of the model; that of the set unless given")
    gan.add_argument("--minutes", type=positive, default=120.0, metavar="M", help="of work in all (default 120)")
    gan.add_argument("--from", dest="source", type=Path, metavar="MODEL", help="go on from a model or checkpoint")
    gan.add_argument("--grow", action="store_true", help="with --from: one block more, pictures of twice the side")
    gan.add_argument("--alone", type=not_negative, default=0.5, metavar="SHARE",
                     help="with --grow: of the time in which only the new block learns (default 0.5)")  # fmt: skip
    gan.add_argument("--size", type=int, metavar="PX", help="side of the pictures (default 128, or the parent's)")
    gan.add_argument("--batch", type=int, default=16, metavar="N")
    gan.add_argument("--rate", type=positive, default=2e-3, metavar="R", help="step of Adam (default 0.002)")
    gan.add_argument("--gamma", type=positive, metavar="G", help="weight of R1; by size and batch unless given")
    gan.add_argument("--augment", choices=("ada", "diff", "none"), default="ada", help="for small sets (default ada)")
    gan.add_argument("--flips", action="store_true", help="mirror images belong to the set too")
    gan.add_argument("--path-length", type=not_negative, default=0.0, metavar="W", help="2 is usual; 0 leaves it out")
    gan.add_argument("--freeze-d", type=int, default=0, metavar="N", help="finest blocks of the discriminator to keep")
    gan.add_argument("--width", type=int, default=128, metavar="N", help="most channels of a layer (default 128)")
    gan.add_argument("--seed", type=int, default=1, metavar="N")
    gan.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    gan.add_argument("--recipe", metavar="R", help="name or .toml file: settings, where none are given here")
    gan.add_argument("--workers", type=whole, metavar="N",
                     help="with a recipe that draws for itself: processes at work (one a core)")  # fmt: skip
    common = {action.dest for action in shared._actions}
    usual = {action.dest: action.default for action in gan._actions if action.dest not in common}
    for action in gan._actions:
        if action.dest in usual:
            action.default = None  # so that what was said can be told from what is usual
    gan.set_defaults(run=run_gan, usual=usual)


def run_gan(args: argparse.Namespace) -> int:
    """Teach a StyleGAN2."""
    from perform.content import find_model
    from perform.deck_source import pick_device
    from perform.train.adversarial.run import Training, torchrun_team
    from perform.train.adversarial.settings import Settings
    from perform.train.dataset.store import read_data_card
    from perform.train.place import at_work, model_name

    if args.recipe is not None:
        from perform.train.by_rule import is_by_rule

        if is_by_rule(args.recipe):
            return _run_by_rule(args)
    if args.workers is not None:
        raise UsageError("--workers goes with a recipe that draws for itself; with a set, start by torchrun")
    if args.recipe is not None:
        from perform.train.adversarial.recipe import with_recipe

        with_recipe(args)
    if args.data is None:
        raise UsageError("a picture set is wanted: `perform dataset --help`, then `perform train gan SET`")
    _as_usual(args)
    source = args.source
    if source is not None and not source.exists():
        source = find_model(str(source))
    team, device = torchrun_team(pick_device(args.device))
    size = args.size or 128
    if source is not None and args.size is None:
        size = 256  # replaced by the parent's own
    settings = Settings(
        size=size, minutes=args.minutes, batch=args.batch, rate=args.rate, gamma=args.gamma, augment=args.augment,
        flips=args.flips, path_length=args.path_length, freeze_d=args.freeze_d, seed=args.seed, width=args.width,
        grow=args.grow, alone=args.alone, recipe=Path(args.recipe or "").stem,
    )  # fmt: skip
    name = model_name(args.name or str(read_data_card(args.data).get("name", args.data.name)))
    with nullcontext() if team.rank else at_work(args.out):
        training = Training(args.data, args.out, name, settings, source, device, team)
        if args.size is not None and training.settings.size != args.size:
            raise UsageError(f"--size {args.size}: the parent paints {training.settings.size} px; leave --size out")
        say(f"{len(training.deck)} pictures of {training.settings.size} px; {args.out / name} plays meanwhile")
        with progress_bar("teaching", "second") as progress:
            folder = training.teach(progress)
    if team.rank == 0:
        say(f"done: perform play --model {folder}")
    return 0


def _as_usual(args: argparse.Namespace) -> None:
    """Fill in what nobody said."""
    for key, value in args.usual.items():
        if getattr(args, key) is None:
            setattr(args, key, value)


def _run_by_rule(args: argparse.Namespace) -> int:
    """Teach a StyleGAN2 the rules that a recipe names."""
    import torch

    from perform.content import find_model
    from perform.train import by_rule

    given = {key for key in args.usual if getattr(args, key) is not None}
    _as_usual(args)
    if foreign := sorted(given - {"recipe", "out", "name", "minutes", "seed", "source", "workers"}):
        names = {"data": "SET", "size": "--size"}
        told = names.get(foreign[0], "--" + foreign[0].replace("_", "-"))
        raise UsageError(f"{told} does not go with --recipe {args.recipe}, which draws its own pictures")
    recipe = by_rule.read_recipe(args.recipe)
    minutes, seed = (getattr(args, k) if k in given else None for k in ("minutes", "seed"))
    recipe = by_rule.with_given(recipe, args.name, minutes, seed)
    source = args.source
    if source is None and recipe.source:
        beside = by_rule.recipe_file(args.recipe).parent / recipe.source  # a study that is to be gone on from
        source = beside if beside.exists() else Path(recipe.source)
    if source is not None and not source.exists():
        source = find_model(str(source))
    folder = by_rule.teach(recipe, args.out, source, args.workers or torch.get_num_threads())
    say(f"done: perform play --model {folder}")
    return 0


def _mount_lora(kinds: Any, shared: argparse.ArgumentParser) -> None:
    lora = kinds.add_parser("lora", parents=[shared], help="a LoRA on a diffusion model, from a captioned picture set",
                            allow_abbrev=False)  # fmt: skip
    lora.add_argument("data", type=Path, metavar="SET", help="a folder that `perform dataset` made")
    lora.add_argument("--model", required=True, metavar="M", help="name or folder of the model it is for")
    lora.add_argument("--out", type=Path, default=Path("trained_lora"), metavar="DIR", help="where to work")
    lora.add_argument("--name", metavar="N", help="of the LoRA; that of the set unless given")
    lora.add_argument("--minutes", type=positive, default=20.0, metavar="M", help="of work in all (default 20)")
    lora.add_argument("--rank", type=int, default=8, metavar="N", help="of its pairs; small sets want little (8)")
    lora.add_argument("--rate", type=positive, default=1e-3, metavar="R", help="step of AdamW (default 0.001)")
    lora.add_argument("--batch", type=int, default=4, metavar="N")
    lora.add_argument("--size", type=int, default=0, metavar="PX", help="of the pictures; the model's unless given")
    lora.add_argument("--word", default="", metavar="W", help="put before every caption, to call the style by")
    lora.add_argument("--no-flips", dest="flips", action="store_false", help="mirror images do not belong to the set")
    lora.add_argument("--seed", type=int, default=1, metavar="N")
    lora.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    lora.set_defaults(run=run_lora)


def run_lora(args: argparse.Namespace) -> int:
    """Teach a LoRA."""
    from importlib.util import find_spec

    from perform.deck_source import pick_device
    from perform.train.dataset.store import read_data_card
    from perform.train.place import at_work, model_name

    if find_spec("peft") is None:
        raise UsageError('training a LoRA needs peft: pip install "perform-visuals[train]"')
    from perform.studio.open import model_folder
    from perform.train.lora import LoraTraining, Settings

    base = model_folder(args.model)
    settings = Settings(args.minutes, args.rank, args.rate, args.batch, args.size, args.word, args.flips, args.seed)
    name = model_name(args.name or f"{read_data_card(args.data).get('name', args.data.name)}_lora")
    with at_work(args.out):
        training = LoraTraining(base, args.data, args.out, name, settings, pick_device(args.device))
        say(f"{len(training.images)} pictures of {training.side} px; {args.out / name} plays meanwhile")
        with progress_bar("teaching", "second") as progress:
            folder = training.teach(progress)
    say(f"done: `perform models add {folder / 'lora.safetensors'}`, then set deck/a/source/lora_1 to its name")
    return 0


def _mount_micro(kinds: Any, shared: argparse.ArgumentParser) -> None:
    micro = kinds.add_parser("micro", parents=[shared], help="the micro diffusion model, from captioned rules",
                             allow_abbrev=False)  # fmt: skip
    micro.add_argument("--recipe", default="lumen", metavar="R", help="name or .toml file (default lumen)")
    micro.add_argument("--out", type=Path, default=Path("trained_micro"), metavar="DIR", help="where to work")
    micro.add_argument("--minutes", type=positive, metavar="M", help="of work in all, instead of the recipe's")
    micro.add_argument("--from", dest="source", type=Path, metavar="MODEL",
                       help="go on from a model of this kind: the painter alone is taught")  # fmt: skip
    micro.add_argument("--workers", type=whole, metavar="N", help="processes that learn together (one a core)")
    micro.set_defaults(run=run_micro)


def run_micro(args: argparse.Namespace) -> int:
    """Teach the micro model."""
    from dataclasses import replace

    import torch

    from perform.content import find_model
    from perform.train.micro.teach import read_recipe, teach

    recipe = read_recipe(args.recipe)
    source = args.source
    if source is not None and not source.exists():
        source = find_model(str(source))
    if args.minutes is not None and source is not None:
        recipe = replace(recipe, painter_minutes=args.minutes)
    elif args.minutes is not None:
        share = recipe.autoencoder_minutes / (recipe.autoencoder_minutes + recipe.painter_minutes)
        recipe = replace(recipe, autoencoder_minutes=args.minutes * share, painter_minutes=args.minutes * (1 - share))
    folder = teach(recipe, args.out, source, args.workers or torch.get_num_threads())
    say(f"done: perform play --model {folder}")
    return 0
