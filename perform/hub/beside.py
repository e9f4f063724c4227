"""`perform models add … --to MODEL`: a ControlNet or an image prompt beside a model's U-Net, with a card of its own."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from perform.core.card import Card, read_card
from perform.core.errors import MediaError, ModelError, UsageError
from perform.hub.add import Wish, bring, cleared, folder_name, write_card
from perform.hub.choose import PICKLES, halves
from perform.hub.fetch import Progress, ask

ADAPTER = "ip_adapter.safetensors"
EYE = "image_encoder"
KINDS = {"controlnet": "control", "image_prompt": "image_prompt"}
"""Sub-folder -> the kind that its card states."""


def add_beside(what: str, model: Path, wish: Wish, progress: Progress) -> Card:
    """Bring it into the model's folder; its card. Raises PerformError of one line; the model is then as it was, and
    what came of a broken fetch is kept for the next try."""
    card = read_card(model)
    if card.kind != "diffusion":
        raise UsageError(f"{card.name} is a {card.kind}; a ControlNet or an image prompt goes to a diffusion model")
    coming, trial = (model.parent / f".{model.name}.{word}" for word in ("beside", "trial"))
    try:
        cleared(coming)
        part, entries = _from(what, model, coming, wish, progress)
        write_card(coming, {"name": wish.name or folder_name(what), "kind": KINDS[part], **entries})
        _check(model, coming, trial, part)
        os.replace(coming, model / part)
    except OSError as error:
        raise MediaError(f"{model}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            coming.rmdir()  # where nothing came
    return read_card(model / part)


def _from(what: str, model: Path, coming: Path, wish: Wish, progress: Progress) -> tuple[str, dict[str, Any]]:
    path = Path(what).expanduser()
    if path.is_dir():
        names = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
        part, files = chosen(names, what, "")
        _room(model, part)
        for source, target in files.items():
            (coming / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path / source, coming / target)
        return part, {"author": wish.author, "licence": wish.licence, "source": {"folder": path.name}}
    repo, _, one = what.partition(":")
    if "/" not in repo or path.exists():
        raise UsageError(f"{what}: a ControlNet is a folder or owner/model, an image prompt owner/model:FILE")
    found = ask(repo, wish.revision)
    part, files = chosen([f.name for f in found.files], repo, one)
    _room(model, part)
    bring(found, files, coming, progress)
    told = {"repo": repo, "revision": found.revision, **({"file": one} if one else {})}
    return part, {"author": wish.author or found.author, "licence": wish.licence or found.licence, "source": told}


def _room(model: Path, part: str) -> None:
    if (model / part).exists():
        raise UsageError(f"{model.name} has a {part} already; delete {model / part} first")


def _check(model: Path, coming: Path, trial: Path, part: str) -> None:
    """Open the model with what came, before it counts. Raises ModelError; what came is thrown away then."""
    from perform.generators.diffusion.families import open_parts

    shutil.rmtree(trial, ignore_errors=True)
    try:
        shutil.copytree(model, trial, copy_function=_linked)
        shutil.copytree(coming, trial / part, copy_function=_linked)
        open_parts(trial)
    except ModelError as error:
        shutil.rmtree(coming, ignore_errors=True)
        raise ModelError(str(error).replace(str(trial), str(model))) from None
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _linked(source: str, target: str) -> None:
    """The same file under another name where the disk can do that: nothing large is copied for a trial."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def chosen(names: list[str], where: str, one: str) -> tuple[str, dict[str, str]]:
    """(sub-folder, file there -> name in it). one: the adapter meant, of several. Raises ModelError."""
    adapters = [one] if one else [n for n in names if PurePosixPath(n).name == ADAPTER]
    if adapters:
        if adapters[0] not in names or not adapters[0].endswith(".safetensors"):
            raise ModelError(f"{where}: holds no safetensors {adapters[0]!r}")
        return "image_prompt", {adapters[0]: ADAPTER, **_eye(names, where, adapters[0])}
    weights = halves([n for n in names if "/" not in n and n.endswith(".safetensors")])
    if "config.json" in names and weights:
        return "controlnet", {"config.json": "config.json", **weights}
    if any(n.endswith(PICKLES) for n in names):
        raise ModelError(f"{where}: holds weights only in files that can run code; convert them to safetensors first")
    raise ModelError(
        f"{where}: neither a ControlNet (config.json, safetensors) nor an image prompt ({EYE}/, {ADAPTER})"
    )


def _eye(names: list[str], where: str, adapter: str) -> dict[str, str]:
    """The image encoder beside an adapter; those called vit-h share that of the folder `models`."""
    beside = PurePosixPath(adapter).parent / EYE
    places = [PurePosixPath("models") / EYE, beside] if "vit-h" in adapter else [beside]
    for place in places:
        own = [n for n in names if PurePosixPath(n).parent == place and n.endswith((".safetensors", "/config.json"))]
        files = {n: f"{EYE}/{PurePosixPath(n).name}" for n in own}
        if len(files) > 1:
            return files
    raise ModelError(f"{where}: no {places[0]}/ with config.json and safetensors, which the adapter sees with")
