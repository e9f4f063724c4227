"""`perform models`: bring a model in from elsewhere, fetch one, look at one, list them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from perform.commands.arguments import say
from perform.core.errors import UsageError

MOST_GENERATIONS = 12


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Mount the command and what it can do."""
    models = commands.add_parser("models", parents=[shared], help="bring models in, look at them", allow_abbrev=False)
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)
    for mount in (_mount_import, _mount_add, _mount_info, _mount_list):
        mount(actions, shared)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    return {"import": import_model, "add": add_model, "info": show, "list": list_models}[args.action](args)


def _mount_import(actions: Any, shared: argparse.ArgumentParser) -> None:
    bring = actions.add_parser("import", parents=[shared], help="convert a checkpoint; nothing in it is ever run",
                               allow_abbrev=False)  # fmt: skip
    bring.add_argument(
        "file", type=Path, metavar="FILE", help="a .pkl, .pt, .pth or .safetensors of any StyleGAN2, 3, XL"
    )
    bring.add_argument("--name", metavar="N", help="of the model; that of the file unless given")
    bring.add_argument("--licence", default="", metavar="L", help="the terms it may be used under, if you know them")
    bring.add_argument("--author", default="", metavar="A", help="who trained it")
    bring.add_argument("--data", default="", metavar="TEXT", help="what it was trained on")
    bring.add_argument("--config", type=Path, metavar="FILE", help="settings of a bare state dict, .toml or .json")
    bring.add_argument("--into", type=Path, metavar="DIR", help="folder of models; your data folder unless given")
    bring.add_argument("--json", action="store_true", help="print the card")
    bring.set_defaults(run=run)


def _mount_add(actions: Any, shared: argparse.ArgumentParser) -> None:
    more = actions.add_parser("add", parents=[shared], help="add a diffusion model or a LoRA",
                              allow_abbrev=False)  # fmt: skip
    more.add_argument("what", metavar="NAME|PATH", help="short name, owner/model on the hub, folder, .safetensors")
    more.add_argument("--name", metavar="N", help="of the model here")
    more.add_argument("--revision", metavar="R", help="of the repository; the newest unless given")
    more.add_argument("--licence", default="", metavar="L", help="the terms, if they are not stated there")
    more.add_argument("--author", default="", metavar="A")
    more.add_argument("--config", type=Path, metavar="FOLDER", help="settings of a whole model in one file")
    more.add_argument("--lora", action="store_true", help="it is a LoRA")
    more.add_argument("--to", metavar="MODEL", help="a ControlNet or image prompt for this model, which is here")
    more.add_argument("--full", action="store_true", help="keep the full decoder, and fetch no tiny one")
    more.add_argument("--into", type=Path, metavar="DIR", help="folder of models; your data folder unless given")
    more.add_argument("--json", action="store_true", help="print the card")
    more.set_defaults(run=add_model)


def _mount_info(actions: Any, shared: argparse.ArgumentParser) -> None:
    look = actions.add_parser("info", parents=[shared], help="a model's card, and what is in it", allow_abbrev=False)
    look.add_argument("name", metavar="NAME", help="of a model, or its folder")
    look.add_argument("--json", action="store_true")
    look.set_defaults(run=run)


def _mount_list(actions: Any, shared: argparse.ArgumentParser) -> None:
    listing = actions.add_parser("list", parents=[shared], help="the models there are", allow_abbrev=False)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=run)


def import_model(args: argparse.Namespace) -> int:
    """Convert a checkpoint into a model folder."""
    import platformdirs

    from perform.generators.stylegan.convert import Stated, convert_file
    from perform.generators.stylegan.convert.cache import folder_name

    name = args.name or folder_name(args.file.stem)
    if name != folder_name(name):
        raise UsageError(f"--name {name!r}: a model's name is made of a-z, 0-9 and _; try {folder_name(name)}")
    place = args.into or platformdirs.user_data_path("perform", appauthor=False) / "models"
    folder = place / name
    if folder.exists():
        raise UsageError(f"{folder} is there already; give another --name, or delete it first")
    card = convert_file(args.file, folder, Stated(name, args.licence, args.author, args.data), args.config)
    if args.json:
        print(json.dumps(_described(card), indent=1))
        return 0
    say(f"{card.description}: now in {folder}")
    if not args.licence:
        say("its licence is written down as unknown; say it with --licence if you know it")
    found = args.into is None
    say(f"play it: perform play --model {name if found else folder}")
    return 0


def add_model(args: argparse.Namespace) -> int:
    """Fetch or copy a diffusion model or LoRA."""
    import platformdirs

    from perform.commands.arguments import progress_bar
    from perform.hub.add import Wish, add

    place = args.into or platformdirs.user_data_path("perform", appauthor=False) / "models"
    wish = Wish(args.name or "", args.revision, args.licence, args.author, args.full, args.config, args.lora)
    if args.to:
        return _add_beside(args, place, wish)
    with progress_bar("fetching", "byte") as progress:
        card = add(args.what, place, wish, say, progress)
    if args.json:
        print(json.dumps(_described(card), indent=1))
        return 0
    say(f"{card.name} is in {card.folder}; licence: {card.licence or 'not stated'}")
    if card.kind == "lora":
        say(f"play it: set deck/a/source/lora_1 to {card.name}")
    else:
        say(f"play it: perform play --model {card.name if args.into is None else card.folder}")
    return 0


def _add_beside(args: argparse.Namespace, place: Path, wish: Any) -> int:
    from perform.commands.arguments import progress_bar
    from perform.content import find_model
    from perform.core.card import FILE
    from perform.hub.beside import add_beside

    model = place / args.to if (place / args.to / FILE).is_file() else find_model(args.to)
    with progress_bar("fetching", "byte") as progress:
        card = add_beside(args.what, model, wish, progress)
    if args.json:
        print(json.dumps(_described(card), indent=1))
        return 0
    row = "control" if card.kind == "control" else "style"
    say(f"{card.name} is in {card.folder}; licence: {card.licence or 'not stated'}")
    say(f"play it: set deck/a/inputs/{row} to a deck, b say")
    return 0


def show(args: argparse.Namespace) -> int:
    """Print a model's card."""
    from perform.content import find_model
    from perform.core.card import FILE, read_card

    by_path = (Path(args.name).expanduser() / FILE).is_file()
    described = _described(read_card(Path(args.name).expanduser() if by_path else find_model(args.name)))
    if args.json:
        print(json.dumps(described, indent=1))
        return 0
    for key, value in described.items():
        if isinstance(value, dict):
            print(f"{key}:")
            for inner, one in value.items():
                print(f"  {inner}: {len(one)} of them" if inner == "layers" else f"  {inner}: {one}")
        else:
            print(f"{key}: {value}")
    for line in family_tree(described):
        print(line)
    return 0


def family_tree(described: dict[str, Any], depth: int = 0) -> list[str]:
    """What a model comes from, a line each: its data, and its parents with theirs, as far as they are known here."""
    from perform.content import find_model
    from perform.core.card import read_card
    from perform.core.errors import PerformError

    if depth > MOST_GENERATIONS:
        return []
    pad, training = "  " * depth, described["training"]
    lines = [f"{pad}{described['name']} ({described['licence']})"]
    if training.get("data"):
        known = f", card {str(training['data_sha256'])[:12]}…" if training.get("data_sha256") else ""
        lines.append(f"{pad}  taught with: {training['data']}{known}")
    if described["source"]:
        lines.append(f"{pad}  from: " + ", ".join(f"{k} {str(v)[:60]}" for k, v in described["source"].items()))
    for parent in training.get("parents", ()):
        try:
            card = read_card(find_model(str(parent["name"])))
            same = card.sha256 == parent.get("sha256", card.sha256)
            lines += (
                [f"{pad}  fine-tuned from:", *family_tree(_described(card), depth + 2)]
                if same
                else [f"{pad}  fine-tuned from: {parent['name']} (other weights than those here)"]
            )
        except (PerformError, KeyError, TypeError):
            told = parent.get("licence", "unknown") if isinstance(parent, dict) else "unknown"
            name = parent.get("name", "?") if isinstance(parent, dict) else str(parent)
            lines.append(f"{pad}  fine-tuned from: {name} ({told}), not here")
    return ["family:", *lines] if depth == 0 else lines


def list_models(args: argparse.Namespace) -> int:
    """The same as `perform list models`."""
    from perform.listing import listed, table

    rows = listed("models")
    print(json.dumps(rows, indent=1, default=str) if args.json else table(rows))
    return 0


def _described(card: Any) -> dict[str, Any]:
    """A card as plain data, with where it lies and how large it is."""
    size = card.weights_path.stat().st_size if card.weights_path.is_file() else None
    return {
        "name": card.name, "kind": card.kind, "title": card.title, "description": card.description,
        "author": card.author or "unknown", "licence": card.licence or "unknown", "folder": str(card.folder),
        "weights_bytes": size, "sha256": card.sha256, "architecture": dict(card.architecture),
        "training": dict(card.training), "source": dict(card.source),
    }  # fmt: skip
