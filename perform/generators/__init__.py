"""Painters: Python that makes pictures with a network, a file or plain rules. torch lives below here and nowhere else.

A generator is found by its file's name, and imported only when somebody asks for it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from perform.core.contracts import Generator
from perform.core.errors import ModelError

__all__ = ["make"]

_FAMILIES = {
    "stylegan2": "stylegan",
    "stylegan3": "stylegan",
}  # the kind that a card states -> the folder that plays it


def make(kind: str) -> Generator:
    """A new, unopened generator: `testcard`, `still`, or the kind that a model's card states (`stylegan2`).

    A kind is a module `perform/generators/KIND.py` or a folder `perform/generators/KIND/instrument.py` with a class
    `Instrument`. Raises ModelError when there is none.
    """
    name = _FAMILIES.get(kind, kind)
    if name.isidentifier() and not name.startswith("_"):
        for place in (f"{__name__}.{name}.instrument", f"{__name__}.{name}"):
            if _there(place):
                found = getattr(import_module(place), "Instrument", None)
                if found is not None:
                    return found()
    raise ModelError(f"no generator of kind {kind!r}; the card's `kind` is misspelt, or needs a newer perform")


def _there(place: str) -> bool:
    """Whether a module can be imported, without importing it (its parent packages are)."""
    try:
        return find_spec(place) is not None
    except ModuleNotFoundError:  # the parent is a plain module or is missing
        return False
