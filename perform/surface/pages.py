"""Which controls stand on which page of a touch surface, and where: the same for every program it is written for.

A page is a grid of cells. A control takes some of them, by its kind. What does not fit on one page of a section goes on
on another one; on a deck's pages what the preset sets or moves comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perform.core.params import Param, is_read_only, is_wish
from perform.core.preset import Preset
from perform.core.types import Value

GRIDS = {"tablet": (8, 6), "phone": (4, 8)}
"""Columns and rows of cells: a tablet lies, a phone stands."""
MACROS = 8
WORDS_IN_A_ROW, WORDS_AT_MOST = 4, 8
"""A choice of so many words is a row of buttons, of more a fader over them all."""
STEPS_AT_MOST = 1024
"""A whole number with a wider range (a seed) gets steps up and down: a fader could not hit one."""
SPANS = {
    "fader": (2, 1), "wide": (4, 1), "macro": (1, 4), "number": (2, 1), "toggle": (1, 1), "button": (1, 1),
    "choice": (2, 1), "choices": (4, 1), "dial": (2, 1), "xy": (2, 2), "colour": (2, 2), "text": (4, 1),
}  # fmt: skip
"""Kind of control -> cells across and down. `dial`: a choice of many words; `wide`: a fader for a whole hand."""
WIDE = ("mix/fade",)

PERFORM = (
    "mix/fade", "mix/to_a", "mix/go", "mix/to_b", "tempo/tap", "out/blackout", "out/freeze", "out/panic", "tempo/one",
    "preset/previous", "preset/next", "cue/back", "cue/go", "cue/hold", "tempo/halve", "tempo/double", "tempo/resync",
    "surprise/a", "surprise/b", "surprise/c", "surprise/d", "surprise/reach", "out/level", "mix/duration_s",
    "out/fade_s", "snapshot/position", "tempo/quantise",
)  # fmt: skip
"""What the first page holds, as far as it is there."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control. kind: a key of SPANS. label: as shown. group: what it belongs to, for its colour. value: what the
    preset sets it to. name: address of a text that names it better, "" where there is none."""

    row: Param
    kind: str
    label: str
    group: str
    value: Value
    name: str = ""

    @property
    def address(self) -> str:
        """Where its native value goes, and comes from."""
        return f"/perform/{self.row.name}"

    @property
    def part(self) -> float:
        """Its value as 0..1 of its range, straight: a float or int only."""
        return (float(self.value) - self.row.lo) / (self.row.hi - self.row.lo)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Placed:
    """A control at a place: cells from the left and from the top, cells across and down."""

    control: Control
    x: int
    y: int
    across: int
    down: int


Page = tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What stands behind one tab: a short title, and its pages."""

    title: str
    pages: tuple[Page, ...]

    @property
    def controls(self) -> int:
        """How many there are."""
        return sum(len(page) for page in self.pages)


def sections_of(preset: Preset, rows: Iterable[Param], grid: tuple[int, int]) -> list[Section]:
    """The sections perform, macros, one a deck, mix, audio. rows: every row of a show that plays the preset."""
    values = preset.values()
    known = {row.name: row for row in rows if _playable(row)}
    used = [path.split("/")[1] for path in known if path.startswith("deck/") and path.split("/")[2] == "source"]
    decks = list(dict.fromkeys(used))
    turned = {*values, *(route.target for route in preset.routes)}
    chosen: list[tuple[str, list[str]]] = [
        ("perform", [p for p in PERFORM if p in known and (p[:-1] != "surprise/" or p[-1] in decks)]),
        ("macros", [f"macro/{n}" for n in range(1, MACROS + 1) if f"macro/{n}" in known]),
    ]
    for letter in decks:
        below = [p for p in known if p.startswith(f"deck/{letter}/")]
        chosen.append((f"deck {letter}", sorted(below, key=lambda p: (p not in turned, _place_on_deck(p)))))
    mix = [p for p in known if p.startswith(("mix/", "master/"))]
    layers = [f"deck/{d}/{what}" for d in decks for what in ("level", "layer/alpha", "layer/blend")]
    chosen.append(("mix", [*mix[:1], *(p for p in layers if p in known), *mix[1:]]))
    chosen.append(("audio", [p for p in known if p.startswith(("audio/", "tempo/"))]))
    return [
        Section(title, _laid_out([_control(known[path], values, title) for path in paths], grid))
        for title, paths in chosen
    ]


def _playable(row: Param) -> bool:
    """Whether a hand can play it: no wishes, which load and save, and nothing that is only told."""
    return not is_wish(row) and not is_read_only(row) and row.name != "tempo/waiting"


def _place_on_deck(path: str) -> int:
    """The source first, then its effects, then how the deck lies in the picture."""
    return {"source": 0, "inputs": 1, "fx": 2}.get(path.split("/")[2], 3)


def _control(row: Param, values: Mapping[str, Value], page: str) -> Control:
    words = row.name.split("/")
    told = values.get(row.name, row.default)
    value = told if row.kind == "trigger" else row.checked(told)
    name = f"{row.name}/name"
    if words[0] == "macro":
        label = str(values.get(name, "")) or f"macro {words[1]}"
        return Control(row, "macro", label, "macro", value, f"/perform/{name}")
    inside = [w for w in words[1:-1] if w not in ("fx", "source", "inputs")]
    if page.startswith("deck "):
        inside = inside[1:]
    elif words[0] == "deck":
        inside = [words[1], *inside[1:]]
    told_words = [words[0], *inside] if page == "perform" and len(words) == 2 else inside
    label = " ".join([*told_words, words[-1]]).replace("_", " ")
    group = "/".join(words[: 4 if "fx" in words and words[0] == "deck" else 3 if words[0] in ("deck", "master") else 1])
    return Control(row, _kind(row), label, group, value)


def _kind(row: Param) -> str:
    if row.name in WIDE:
        return "wide"
    if row.kind == "choice":
        count = len(row.choices)
        return "choice" if count <= WORDS_IN_A_ROW else "choices" if count <= WORDS_AT_MOST else "dial"
    if row.kind == "int":
        return "number" if row.hi - row.lo > STEPS_AT_MOST else "fader"
    return {"float": "fader", "bool": "toggle", "trigger": "button", "point": "xy"}.get(row.kind, row.kind)


def _laid_out(controls: Sequence[Control], grid: tuple[int, int]) -> tuple[Page, ...]:
    """Each control at the first free place, row by row."""
    pages: list[list[Placed]] = []
    taken: set[tuple[int, int]] = set()
    for control in controls:
        across, down = SPANS[control.kind]
        place = _free(taken, grid, across, down) if pages else None
        if place is None:
            pages.append([])
            taken = set()
            place = 0, 0
        x, y = place
        taken |= {(x + i, y + j) for i in range(across) for j in range(down)}
        pages[-1].append(Placed(control, x, y, across, down))
    return tuple(tuple(placed) for placed in pages)


def _free(taken: set[tuple[int, int]], grid: tuple[int, int], across: int, down: int) -> tuple[int, int] | None:
    columns, rows = grid
    for y in range(rows - down + 1):
        for x in range(columns - across + 1):
            if not any((x + i, y + j) in taken for i in range(across) for j in range(down)):
                return x, y
    return None
