"""Pictures on their way into generators: who asks for whose, and what the stage has of it; a frame late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from perform.core.types import ParamFrame, Picture


def pictures_for(stage: Any, takers: Iterable[str], params: ParamFrame) -> dict[str, Mapping[str, Picture]]:
    """Deck -> name of the generator's input -> picture, as the rows `deck/X/inputs/NAME` ask in this frame.

    takers: decks whose generator takes pictures in. The stage is told what it has to keep for the next frame.
    """
    want = getattr(stage, "want_pictures", None)
    if want is None:
        return {}
    wanted = {
        letter: {name: str(whose) for name, whose in params.under(f"deck/{letter}/inputs").items() if whose != "none"}
        for letter in takers
    }
    want({whose for rows in wanted.values() for whose in rows.values()})
    if not any(wanted.values()):
        return {}
    there = stage.pictures()
    return {
        letter: {name: there[whose] for name, whose in rows.items() if whose in there}
        for letter, rows in wanted.items()
    }
