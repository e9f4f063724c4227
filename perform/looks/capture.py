"""Reads the look off a running show: the preset that would bring all this back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perform.core.params import Param, ParamTable
from perform.core.preset import DECK_GROUPS, DECK_OWN, Deck, Preset, Slot
from perform.core.types import Value
from perform.gl.rows import LETTERS
from perform.shader_places import shader_name

if TYPE_CHECKING:
    from perform.show import Show

OF_THE_LOOK = ("audio", "macro")
"""Groups of rows that go with a look besides decks, mix, master and routes. The others are the room's or the night's:
the output, the tempo, locks, cues."""
OF_THE_HAND = ("duration_s", "beats")
"""Below `mix`: how long fades take is a hand's habit, not the look's."""
MACROS = tuple(f"macro/{n}" for n in range(1, 9))
WISHES = ("load", "unload", "chain")
"""Below a deck or the master: what is asked for, not what is there."""


def capture(show: Show) -> Preset:
    """The look that plays, as hands have left it, under the name of the preset that it was. Thread: the engine's.

    Values that stand at their defaults are left out, so that the file reads like one that a person wrote.
    """
    table, decks = show.engine.table, show.decks
    there = _Values(table)
    looks = {letter: _deck(show, there, letter) for letter in LETTERS if decks.source(letter)}
    cables = show.routes.standing()
    params: dict[str, Value] = {f"route/{n}/on": False for n, (_, acts) in enumerate(cables, 1) if not acts}
    for group in (*(f"deck/{letter}" for letter in LETTERS), *OF_THE_LOOK):
        params.update({f"{group}/{path}": value for path, value in there.take(group).items()})
    params.update({path: table.value(path) for path in MACROS})  # a recall leaves those alone that it does not name
    return replace(
        show.preset, decks=looks, master=_slots(show, there, "master"), params=params,
        routes=tuple(route for route, _ in cables), free=tuple(show.engine.free), problems=(),
        mix=_mix(there) if len(looks) > 1 or show.preset.mix else {},
    )  # fmt: skip


def for_a_file(look: Preset) -> Preset:
    """The look without the macros that it does not use."""
    used = {route.source for route in look.routes}
    unused = {path for path in MACROS if path not in used and not look.params.get(path)}
    return replace(look, params={path: value for path, value in look.params.items() if path not in unused})


class _Values:
    """What differs from the defaults, by full path; each is taken out once."""

    def __init__(self, table: ParamTable) -> None:
        base = table.base()
        self._left = {row.name: base[row.name] for row in table if _is_set(row, base[row.name])}

    def take(self, group: str) -> dict[str, Value]:
        """All that is left below a group, by the path below it; what is asked for is left out."""
        start = group + "/"
        found = {path.removeprefix(start): self._left.pop(path) for path in list(self._left) if path.startswith(start)}
        return {path: value for path, value in found.items() if path.partition("/")[0] not in WISHES}

    def pick(self, path: str) -> Value | None:
        """One of them; None where it stands at its default."""
        return self._left.pop(path, None)


def _is_set(row: Param, value: Value) -> bool:
    return row.kind != "trigger" and value != row.checked(row.default)


def _deck(show: Show, there: _Values, letter: str) -> Deck:
    where = f"deck/{letter}"
    fx, source = _slots(show, there, where), there.take(f"{where}/source")
    own: dict[str, Value] = {}
    for group in DECK_GROUPS:
        own.update({f"{group}/{path}": value for path, value in there.take(f"{where}/{group}").items()})
    plain = {name: value for name in DECK_OWN if (value := there.pick(f"{where}/{name}")) is not None}
    return Deck(show.decks.source(letter), source, fx, {**plain, **own})


def _slots(show: Show, there: _Values, where: str) -> tuple[Slot, ...]:
    chain = show.decks.chains.get(where, ())
    return tuple(Slot(name, shader_of(document), there.take(f"{where}/fx/{name}")) for name, document in chain)


def shader_of(document: Any) -> str:
    """The name by which the shader of a document is asked for."""
    return shader_name(Path(document.path))


def _mix(there: _Values) -> Mapping[str, Value]:
    return {path: value for path, value in there.take("mix").items() if path not in OF_THE_HAND}
