"""What a deck's source names: `model:NAME`, `shader:NAME`, `image:FILE`, `video:FILE`, `camera:NAME`, `deck:b`,
`testcard`. Read here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perform.core.card import FILE as CARD_FILE
from perform.core.card import read_card
from perform.core.contracts import Generator
from perform.core.errors import UsageError
from perform.core.params import Param

FILES = ("image", "video")
"""Kinds whose name is a file."""
KINDS = ("model", "shader", "image", "video", "camera", "deck", "testcard")

PICTURE_PX = 128
"""Long side of the pictures that a generator takes in, unless it has a PICTURE_PX of its own."""


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """A source, looked up but not yet loaded. One of `document` (an ISF generator, run by gl), `taken` (another deck,
    or `out`) and `make` is set.

    make: opens and prepares the generator; slow, so it is called in a worker. rows: its parameters. pictures:
    the names of pictures that it takes in; picture_px: their long side. card: a model's. signals: what its frames tell.
    """

    text: str
    rows: tuple[Param, ...] = ()
    pictures: tuple[str, ...] = ()
    picture_px: int = PICTURE_PX
    document: Any = None
    taken: str = ""
    make: Callable[[], Generator] | None = None
    card: Any = None
    signals: tuple[str, ...] = ()


def plan_source(text: str, device: str = "cpu", *, trusted: bool = False, fast: bool = False) -> SourcePlan:
    """Look a source up. Raises the fitting PerformError when it is not there or is broken.

    trusted: typed by the person who runs perform, so that a model or shader may also be given by its path. fast: for
    live play, where a CPU that calculates in bfloat16 may do so (offline all is float32, the same everywhere).
    """
    kind, _, name = text.partition(":")
    if kind == "testcard" and not name:
        return _generator(text, "testcard", None, device, {})
    if kind == "camera":
        return _input(text, "camera", "Camera", {"name": name})
    if kind == "python":
        raise UsageError(f"source {text!r} is code of a show made in Python; it is there only while that show runs")
    if kind not in KINDS or not name:
        known = "model:NAME, shader:NAME, image:FILE, video:FILE, camera:NAME, deck:LETTER or testcard"
        raise UsageError(f"source {text!r} is none of {known}; `perform list models` and `list shaders` name them")
    if kind == "shader":
        return _shader(text, name, trusted)
    if kind == "deck":
        return _deck(text, name)
    if kind in FILES:
        path = Path(name).expanduser()
        if not path.is_file():
            raise UsageError(f"source {text!r}: no file {path}")
        if kind == "video":
            return _input(text, "film", "Film", {"path": str(path)})
        return _generator(text, "still", None, device, {"path": str(path)})
    from perform.content import find_latent, find_model

    if trusted and Path(name).expanduser().is_file():
        raise UsageError(
            f"{name} is a checkpoint from elsewhere; `perform models import {name}` makes a model of it, once"
        )
    by_path = trusted and (Path(name).expanduser() / CARD_FILE).is_file()
    card = read_card(Path(name).expanduser() if by_path else find_model(name))
    request = {"find_model": find_model, "find_latent": find_latent}
    return _generator(
        text, card.kind, card, device, request | ({"dtype": _quick_dtype(device), "live": True} if fast else {})
    )


def _shader(text: str, name: str, trusted: bool) -> SourcePlan:
    from perform.content import find_shader
    from perform.trial.gate import admit

    document = admit(find_shader(name, "generators", trusted=trusted))
    if document.kind != "generator":
        raise UsageError(f"source {text!r}: {document.path} is a {document.kind}; a source must be a generator")
    return SourcePlan(text, tuple(document.params()), document=document)


def _deck(text: str, letter: str) -> SourcePlan:
    """Another deck's picture, a frame late; `deck:out` is the finished picture, `deck:a/step_1` a step on the way."""
    from perform.gl.rows import FINISHED, FURTHER, LETTERS

    if letter not in (*LETTERS, FINISHED, *FURTHER):
        known = f"deck:{', deck:'.join(LETTERS)}, deck:{FINISHED} and steps like deck:{FURTHER[0]}"
        raise UsageError(f"source {text!r}: there is {known}")
    return SourcePlan(text, taken=letter)


def _input(text: str, module: str, name: str, request: dict[str, Any]) -> SourcePlan:
    """A film or a camera: it lives in `inputs`, and paints like a generator."""
    from importlib import import_module

    kind = getattr(import_module(f"perform.inputs.{module}"), name)

    def build() -> Generator:
        generator: Generator = kind()
        generator.prepare(request)
        return generator

    return SourcePlan(text, tuple(kind.PARAMS), make=build)


def _generator(text: str, kind: str, card: Any, device: str, request: dict[str, Any]) -> SourcePlan:
    from perform.generators import make

    def build() -> Generator:
        generator = make(kind)
        generator.open(card, device)
        generator.prepare(request)
        return generator

    shown = make(kind)
    if card is not None:
        shown.open(card, device)  # a card may add rows, or take some away
    side = int(getattr(shown, "PICTURE_PX", PICTURE_PX))
    signals = tuple(getattr(shown, "SIGNALS", ()))
    return SourcePlan(text, tuple(shown.PARAMS), tuple(shown.PICTURES_IN), side, make=build, card=card, signals=signals)


def _quick_dtype(device: str) -> Any:
    """float16 on a CUDA card, bfloat16 on a CPU that has instructions for it, else None (float32)."""
    import torch

    if device == "cuda":
        return torch.float16
    able = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return torch.bfloat16 if device == "cpu" and able is not None and able() else None


def pick_device(wanted: str) -> str:
    """`auto`, `cpu`, `cuda` or `mps` as a torch device that is there."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next((name for name in ("cuda", "mps") if there[name]), "cpu")
    if not there.get(wanted, False):
        have = ", ".join(name for name, ok in there.items() if ok)
        raise UsageError(f"--device {wanted}: this torch has only {have}; see `perform doctor`")
    return wanted
