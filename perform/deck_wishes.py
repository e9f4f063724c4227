"""What hands ask of decks and chains while the show runs: load a source, add, remove and move effects.

Each is a text at an address (`deck/b/load`, `deck/a/chain/add`, `master/chain/move`), so that OSC, a panel or a
script says it like any value; none is lost when several come in one tick.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from perform.core.errors import ShaderError, UsageError
from perform.core.params import Param
from perform.core.preset import Slot, free_name
from perform.core.types import Value
from perform.deck_source import FILES, SourcePlan, plan_source
from perform.decks import Decks, read_slots
from perform.engine.engine import Engine
from perform.gl.rows import LETTERS

LOAD_ROWS = (
    Param(
        "load",
        "text",
        "",
        doc="a source to put on this deck, like shader:silk or model:noctiluca",
        live=False,
        quantised=True,
    ),
    Param("unload", "text", "", doc="any word takes everything off this deck; deck a cannot be emptied", live=False),
)
CHAIN_ROWS = (
    Param(
        "chain/add", "text", "", doc="an effect to add, and the place it is to have: `bloom` or `bloom 1`", live=False
    ),
    Param("chain/remove", "text", "", doc="a slot to take out", live=False),
    Param("chain/move", "text", "", doc="a slot and its new place, from 1: `bloom 2`", live=False),
    Param("chain/order", "text", "", doc="the slots in order, with commas; those not named follow", live=False),
)
PLACES = (*(f"deck/{letter}" for letter in LETTERS), "master")
MOST_EFFECTS = 32


def wish_rows() -> list[tuple[str, tuple[Param, ...]]]:
    """(prefix, rows) of all places, whatever plays."""
    return [(place, CHAIN_ROWS if place == "master" else (*LOAD_ROWS, *CHAIN_ROWS)) for place in PLACES]


class DeckWishes:
    """Obeys them. Thread: the engine's. A wish that cannot be granted raises one clear line and changes nothing."""

    def __init__(self, engine: Engine, decks: Decks, plan: Callable[[str], SourcePlan]) -> None:
        self._engine = engine
        self._decks = decks
        self._plan = plan
        self._obey = {
            "load": self._load, "unload": self._unload, "chain/add": self._add, "chain/remove": self._remove,
            "chain/move": self._move, "chain/order": self._order,
        }  # fmt: skip

    def mount(self) -> None:
        """Add the rows, and say in `chain/order` how the chains stand."""
        table = self._engine.table
        for prefix, rows in wish_rows():
            table.add(rows, prefix)
        for place in PLACES:
            table.set(f"{place}/chain/order", ", ".join(name for name, _ in self._decks.chains.get(place, ())))

    def grant(self, path: str, value: Value) -> bool:
        """Obey one wish. Returns whether it was one of these. Raises PerformError."""
        place = next((p for p in PLACES if path.startswith(f"{p}/")), "")
        act = self._obey.get(path.removeprefix(f"{place}/")) if place else None
        if act is None:
            return False
        table, text = self._engine.table, " ".join(str(value).split())
        if not path.endswith("/order"):
            table.set(path, "")
        try:
            if text:
                act(place, text)
        finally:
            self._decks.mount()
            self.mount()
        return True

    def _load(self, place: str, text: str) -> None:
        self.put_on(place.removeprefix("deck/"), self._plan(text))

    def put_on(self, letter: str, plan: SourcePlan) -> None:
        """Load a deck with something else; the rows of what played there go. Raises PerformError, with it playing."""
        self._decks.load(letter, plan)
        for below in ("source", "inputs"):
            self._engine.table.remove(f"deck/{letter}/{below}")

    def _unload(self, place: str, _: str) -> None:
        letter = place.removeprefix("deck/")
        if letter == "a":
            raise UsageError("deck a cannot be emptied: load something else on it")
        self._decks.unload(letter)
        for below in ("source", "inputs", "fx", *(("layer", "level", "bypass") if letter not in ("a", "b") else ())):
            self._engine.table.remove(f"{place}/{below}")

    def _add(self, place: str, text: str) -> None:
        shader, at = _with_place(text, place)
        slots = self._decks.chains.get(place, [])
        if len(slots) >= MOST_EFFECTS:
            raise UsageError(f"{place}: a chain holds {MOST_EFFECTS} effects at most")
        name = free_name(shader, {slot for slot, _ in slots})
        problems: list[str] = []
        made = read_slots([Slot(name, shader)], problems)
        if problems:
            raise ShaderError(f"{place}: {problems[0]}")
        index = len(slots) if at is None else at
        self._set(place, [*slots[:index], *made, *slots[index:]])

    def _remove(self, place: str, text: str) -> None:
        slots = self._decks.chains.get(place, [])
        self._index(place, text)
        self._set(place, [pair for pair in slots if pair[0] != text])
        self._engine.table.remove(f"{place}/fx/{text}")

    def _move(self, place: str, text: str) -> None:
        slot, at = _with_place(text, place)
        slots = list(self._decks.chains.get(place, []))
        if at is None:
            raise UsageError(f"{place}/chain/move: say the slot and its place, like `bloom 1`")
        pair = slots.pop(self._index(place, slot))
        slots.insert(at, pair)
        self._set(place, slots)

    def _order(self, place: str, text: str) -> None:
        slots = dict(self._decks.chains.get(place, []))
        wanted = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in wanted:
            self._index(place, name)
        self._set(place, [(n, slots[n]) for n in (*wanted, *(n for n in slots if n not in wanted))])

    def _index(self, place: str, slot: str) -> int:
        names = [name for name, _ in self._decks.chains.get(place, [])]
        if slot not in names:
            raise UsageError(f"{place}: no effect {slot[:60]!r}; there is {', '.join(names) or 'none'}")
        return names.index(slot)

    def _set(self, place: str, slots: Sequence[tuple[str, object]]) -> None:
        problems: list[str] = []
        self._decks.set_chain(place, slots, problems)
        if problems:
            raise ShaderError(problems[0])


def _with_place(text: str, where: str) -> tuple[str, int | None]:
    """`bloom 2` as ("bloom", 1); without a number None."""
    name, _, number = text.partition(" ")
    if not number:
        return name, None
    if not number.isdecimal() or not 1 <= int(number) <= MOST_EFFECTS:
        raise UsageError(f"{where}: {number[:20]!r} is no place; places count from 1")
    return name, int(number) - 1


def plan_from_afar(text: str, device: str, fast: bool) -> SourcePlan:
    """A source named by a hand that may be a stranger's: files only by name, out of the folders of content."""
    kind, _, name = text.partition(":")
    if kind in FILES:
        return plan_source(f"{kind}:{find_media(name)}", device, fast=fast)
    return plan_source(text, device, fast=fast)


def find_media(name: str) -> Path:
    """A picture or film by its bare name: where perform was started, or in `media/` of the search path."""
    from perform.content import search_path

    bare = name if name and Path(name).name == name and name not in (".", "..") and "\\" not in name else ""
    for folder in (Path.cwd(), *(root / "media" for root in search_path())):
        if bare and (folder / bare).is_file():
            return folder / bare
    raise UsageError(f"no file {name[:80]!r} here or in a folder `media`; hands give names of files, never paths")
