"""Pictures on their way into generators: who asks for whose, and what the stage has of it; a frame late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perform.core.types import ParamFrame, Picture


def pictures_for(stage: Any, takers: Mapping[str, int], params: ParamFrame) -> dict[str, Mapping[str, Picture]]:
    """Deck -> name of the generator's input -> picture, as the rows `deck/X/inputs/NAME` ask in this frame.

    takers: decks whose generator takes pictures in -> the long side that it wants, px. The stage is told what it has to
    keep for the next frame; of two who want the same deck's, both get the larger one.
    """
    want = getattr(stage, "want_pictures", None)
    if want is None:
        return {}
    wanted = {
        letter: {name: str(whose) for name, whose in params.under(f"deck/{letter}/inputs").items() if whose != "none"}
        for letter in takers
    }
    sides: dict[str, int] = {}
    for letter, rows in wanted.items():
        for whose in rows.values():
            sides[whose] = max(sides.get(whose, 0), takers[letter])
    want(sides)
    if not any(wanted.values()):
        return {}
    there = stage.pictures()
    return {
        letter: {name: there[whose] for name, whose in rows.items() if whose in there}
        for letter, rows in wanted.items()
    }
