"""`perform models add`: from the hub, a folder or a single file to a model folder with a card."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perform.core.card import FILE, Card, read_card
from perform.core.card_text import card_text
from perform.core.errors import MediaError, ModelError, UsageError
from perform.hub import choose
from perform.hub.fetch import Progress, Repository, ask, fetch
from perform.hub.known import KNOWN, TINY, Known

FETCHED = ".fetched"


@dataclass(frozen=True)
class Wish:
    """What the person said. full: keep the full decoder. config: of a single file. lora: it is a LoRA."""

    name: str = ""
    revision: str | None = None
    licence: str = ""
    author: str = ""
    full: bool = False
    config: Path | None = None
    lora: bool = False


def add(what: str, place: Path, wish: Wish, say: Callable[[str], None], progress: Progress) -> Card:
    """Bring a model in. Raises PerformError of one line; nothing half done is left under its name."""
    path = Path(what).expanduser()
    known = KNOWN.get(what.replace("-", "_"))
    name = wish.name or folder_name(what if known else path.name if path.exists() else what.split("/")[-1])
    target = place / name
    if target.exists():
        raise UsageError(f"{target} is there already; give another --name, or delete it first")
    stage = place / f".{name}.coming"
    try:
        cleared(stage)
    except OSError as error:
        raise MediaError(f"{stage}: cannot be written ({error.strerror})") from None
    if path.is_dir():
        entries = from_folder(path, stage, wish)
    elif path.is_file():
        entries = from_file(path, stage, wish)
    elif known or "/" in what:
        entries = from_hub(what, known, stage, wish, say, progress)
    else:
        raise UsageError(f"{what}: no such folder or file, and no short name; there are {', '.join(sorted(KNOWN))}, or "
                         "any hub name like owner/model")  # fmt: skip
    _check(stage, entries["kind"])
    write_card(stage, {"name": name, "title": name.replace("_", " "), **entries})
    os.replace(stage, target)
    return read_card(target)


def cleared(stage: Path) -> None:
    """An empty folder, but for what was fetched into it and is not whole yet. Raises OSError."""
    stage.mkdir(parents=True, exist_ok=True)
    for path in stage.iterdir():
        if path.is_dir() and path.name != FETCHED:
            shutil.rmtree(path)
        elif not path.is_dir():
            path.unlink()


def folder_name(text: str) -> str:
    """A model's name: a-z, 0-9 and _."""
    stem = text.split(":")[-1].split("/")[-1].removesuffix(".safetensors").lower()
    made = "".join(c if c.isascii() and c.isalnum() else "_" for c in stem).strip("_")
    return made[:60] or "model"


def from_hub(
    what: str, known: Known | None, stage: Path, wish: Wish, say: Callable[[str], None], progress: Progress
) -> dict[str, Any]:
    """Fetch a repository's files."""
    repo, _, one = (known.repo if known else what).partition(":")
    found = ask(repo, wish.revision)
    licence = wish.licence or found.licence or (known.note if known else "")
    entries: dict[str, Any] = {"author": wish.author or found.author, "licence": licence,
                               "source": {"repo": repo, "revision": found.revision}}  # fmt: skip
    names = [f.name for f in found.files]
    if wish.lora or (known and known.lora) or one:
        file = one or choose.lone_lora(names, repo)
        if file not in names:
            raise ModelError(f"{repo}: holds no {file!r}")
        bring(found, {file: "lora.safetensors"}, stage, progress)
        return {"kind": "lora", **entries}
    bring(found, choose.wanted(names, repo), stage, progress)
    _scheduled(stage, known)
    entries |= {"kind": "diffusion"}
    tiny = "" if wish.full else (known.tiny if known else TINY.get(_family(stage), ""))
    if tiny and not (stage / "vae_tiny").is_dir():
        entries["source"] |= _tiny(tiny, stage, say, progress)
    return entries


def _tiny(repo: str, stage: Path, say: Callable[[str], None], progress: Progress) -> dict[str, str]:
    try:
        found = ask(repo)
        files = {f.name: f"vae_tiny/{f.name}" for f in found.files
                 if f.name in ("config.json", "diffusion_pytorch_model.safetensors")}  # fmt: skip
        bring(found, files, stage, progress)
        return {"tiny": repo, "tiny_revision": found.revision}
    except ModelError as error:
        shutil.rmtree(stage / "vae_tiny", ignore_errors=True)
        say(f"no tiny decoder ({error}); the full one works, some three times slower")
        return {}


def bring(found: Repository, names: Mapping[str, str], stage: Path, progress: Progress) -> None:
    """Fetch files into a folder under other names. names: there -> here. What came of a broken fetch is kept there."""
    files = [f for f in found.files if f.name in names]
    cache = stage / FETCHED
    fetch(found, files, cache, progress)
    for file in files:
        target = stage / names[file.name]
        target.parent.mkdir(parents=True, exist_ok=True)
        if (cache / file.name).exists():
            os.replace(cache / file.name, target)
    shutil.rmtree(cache, ignore_errors=True)


def from_folder(path: Path, stage: Path, wish: Wish) -> dict[str, Any]:
    """Copy a folder in diffusers layout."""
    names = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
    files = choose.wanted(names, str(path))
    files |= {n: n for n in names if n.startswith("vae_tiny/") and n.endswith((".json", ".safetensors"))}
    for source, target in files.items():
        (stage / target).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(path / source, stage / target)
        except OSError as error:
            shutil.rmtree(stage, ignore_errors=True)
            raise MediaError(f"{path / source}: cannot be copied ({error.strerror})") from None
    return {"kind": "diffusion", "author": wish.author, "licence": wish.licence, "source": {"folder": path.name}}


def from_file(path: Path, stage: Path, wish: Wish) -> dict[str, Any]:
    """Take a LoRA, or a whole checkpoint in one file, whose settings lie in a local folder (--config)."""
    if path.suffix != ".safetensors":
        raise ModelError(f"{path}: can run code when it is opened; convert it to safetensors first")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    told = {"author": wish.author, "licence": wish.licence, "source": {"file": path.name, "sha256": digest}}
    if wish.lora or (wish.config is None and _looks_lora(path)):
        shutil.copyfile(path, stage / "lora.safetensors")
        return {"kind": "lora", **told}
    if wish.config is None:
        raise UsageError(f"{path}: a whole model in one file needs --config FOLDER, its settings in diffusers layout")
    from perform.generators.diffusion.families.single import unpack

    unpack(path, wish.config, stage)
    return {"kind": "diffusion", **told}


def _looks_lora(path: Path) -> bool:
    from perform.generators.diffusion.families.single import keys

    return any("lora" in key.lower() for key in keys(path)[:50])


def _family(stage: Path) -> str:
    index = json.loads((stage / "model_index.json").read_text("utf-8"))
    name = str(index.get("_class_name", ""))
    return "sdxl" if "XL" in name else "sd" if name.startswith(("StableDiffusion", "LatentConsistency")) else ""


def _scheduled(stage: Path, known: Known | None) -> None:
    """The number of steps a model is made for, where we know it and its settings do not say."""
    path = stage / "scheduler" / "scheduler_config.json"
    if known is None or not path.is_file():
        return
    config = json.loads(path.read_text("utf-8"))
    config["perform_steps"] = min(known.steps, 4)
    path.write_text(json.dumps(config, indent=1) + "\n", "utf-8")


def _check(stage: Path, kind: str) -> None:
    """Open what came once, before it has a name. Raises ModelError."""
    from perform.generators.diffusion.families import open_parts
    from perform.generators.diffusion.families.single import keys

    if kind == "lora":
        keys(stage / "lora.safetensors")
    else:
        open_parts(stage)


def write_card(folder: Path, entries: Mapping[str, Any]) -> None:
    """The card, with the hash of every file."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != FILE)
    hashes = {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    (folder / FILE).write_text(card_text({**entries, "files": hashes}), "utf-8")
