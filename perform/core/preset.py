"""Presets: looks kept as readable TOML with a version. Never evaluated, never pickled.

Unknown keys and values that make no sense are listed and the rest loads, so a preset from elsewhere still plays.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from perform.core.beat_sources import Loop, Pulse
from perform.core.errors import PresetError
from perform.core.reading import Reader, parse_toml, read_file
from perform.core.routes import Route
from perform.core.sources import FreeSource, Lfo, Random
from perform.core.types import Value

VERSION = 1
FREE: Mapping[str, type] = {"lfo": Lfo, "random": Random, "pulse": Pulse, "loop": Loop}
"""Kinds of sources that a preset brings itself: `[pulse.NAME]` becomes the source `pulse/NAME`."""
_TOP = {"version", "name", "title", "doc", "tags", "deck", "mix", "master", "params", "route", *FREE}
DECK_OWN = ("level", "bypass", "fit", "interpolate", "on_beat")
"""Values of a deck itself: `level` in `[deck.b]` is `deck/b/level`."""
DECK_GROUPS = ("layer", "inputs")
"""Tables of a deck whose values lie under an address of that name: `[deck.b.layer]` is `deck/b/layer/…`."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A shader in a chain. name: its address; the shader's own name unless the preset gives another."""

    name: str
    shader: str
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck as a preset wants it: a source, its parameters, its chain; own: values by path below the deck."""

    source: str = "testcard"
    params: Mapping[str, Value] = field(default_factory=dict)
    fx: tuple[Slot, ...] = ()
    own: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preset:
    """A look. mix: values by path below `mix`. params: further values by full path. problems: what was skipped while
    reading, one line each."""

    name: str
    title: str = ""
    doc: str = ""
    tags: tuple[str, ...] = ()
    decks: Mapping[str, Deck] = field(default_factory=dict)
    master: tuple[Slot, ...] = ()
    params: Mapping[str, Value] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    free: tuple[FreeSource, ...] = ()
    problems: tuple[str, ...] = ()
    mix: Mapping[str, Value] = field(default_factory=dict)

    def values(self) -> dict[str, Value]:
        """Every value that the preset sets: full path -> native value."""
        out: dict[str, Value] = {}
        for letter, deck in self.decks.items():
            out.update({f"deck/{letter}/{k}": v for k, v in deck.own.items()})
            out.update({f"deck/{letter}/source/{k}": v for k, v in deck.params.items()})
            out.update({f"deck/{letter}/fx/{s.name}/{k}": v for s in deck.fx for k, v in s.params.items()})
        out.update({f"master/fx/{s.name}/{k}": v for s in self.master for k, v in s.params.items()})
        out.update({f"mix/{k}": v for k, v in self.mix.items()})
        out.update(self.params)
        return out


def free_name(name: str, taken: Container[str]) -> str:
    """`bloom`, or `bloom_2`, `bloom_3` … where that is taken: the address of a slot."""
    count, full = 2, name
    while full in taken:
        full, count = f"{name}_{count}", count + 1
    return full


def read_preset(path: str | Path) -> Preset:
    """A preset file. Raises PresetError when it is no TOML at all, or from a newer perform."""
    path = Path(path)
    return read_file(path, lambda text: parse_preset(text, path.stem))


def parse_preset(text: str, name: str = "untitled") -> Preset:
    """A preset from text."""
    data = parse_toml(text, "preset", VERSION)
    reader = _Reader()
    reader.unknown("", data, _TOP)
    decks = {letter: reader.deck(letter, body) for letter, body in reader.table(data, "deck").items()}
    master = reader.slots("master", reader.table(data, "master"))
    free = tuple(unit for key, kind in FREE.items() for unit in reader.units(key, kind, data))
    return Preset(
        name=str(data.get("name", name)),
        title=str(data.get("title", "")),
        doc=str(data.get("doc", "")),
        tags=tuple(str(t) for t in data.get("tags", ())),
        decks=decks,
        master=master,
        params=reader.values("params", reader.table(data, "params")),
        routes=reader.routes(data.get("route", [])),
        free=free,
        mix=reader.mix(reader.table(data, "mix")),
        problems=tuple(reader.problems),
    )


class _Reader(Reader):
    """Reads the parts of a preset."""

    def deck(self, letter: str, body: Any) -> Deck:
        if not isinstance(body, dict):
            self.problems.append(f"deck.{letter} should be a table and is skipped")
            return Deck()
        params = self.values(f"deck.{letter}.params", self.table(body, "params"))
        self.unknown(f"deck.{letter}.", body, {"source", "params", "fx", *DECK_OWN, *DECK_GROUPS})
        own = self.values(f"deck.{letter}", {key: body[key] for key in DECK_OWN if key in body})
        for group in DECK_GROUPS:
            inner = self.values(f"deck.{letter}.{group}", self.table(body, group))
            own.update({f"{group}/{key}": value for key, value in inner.items()})
        return Deck(str(body.get("source", "testcard")), params, self.slots(f"deck.{letter}", body), own)

    def mix(self, body: Mapping[str, Any]) -> dict[str, Value]:
        """`[mix]`, and in `[mix.with]` what the transition itself takes."""
        out = self.values("mix", {key: value for key, value in body.items() if key != "with"})
        out.update({f"with/{key}": value for key, value in self.values("mix.with", self.table(body, "with")).items()})
        return out

    def slots(self, where: str, body: Mapping[str, Any]) -> tuple[Slot, ...]:
        out: list[Slot] = []
        for entry in self.listed(f"{where}.fx", body.get("fx", [])):
            if not isinstance(entry, dict) or not isinstance(entry.get("shader"), str):
                self.problems.append(f"{where}.fx: an entry without a shader name is skipped")
                continue
            self.unknown(f"{where}.fx.", entry, {"shader", "name", "params"})
            name = free_name(str(entry.get("name", entry["shader"])), {slot.name for slot in out})
            params = self.values(f"{where}.fx.{name}", self.table(entry, "params"))
            out.append(Slot(name, entry["shader"], params))
        return tuple(out)

    def routes(self, entries: Any) -> tuple[Route, ...]:
        known = {f.name for f in fields(Route)}
        out: list[Route] = []
        for number, entry in enumerate(self.listed("route", entries), 1):
            try:
                self.unknown(f"route {number}: ", entry, known)
                out.append(Route(**{k: v for k, v in entry.items() if k in known}))
            except (TypeError, AttributeError, PresetError) as error:
                self.problems.append(f"route {number} is skipped ({error})")
        return tuple(out)

    def units(self, key: str, kind: Any, data: Mapping[str, Any]) -> list[Any]:
        known = {f.name for f in fields(kind)} - {"name"}
        out: list[Any] = []
        listed = data.get(key)
        if isinstance(listed, list) and all(isinstance(e, dict) and isinstance(e.get("name"), str) for e in listed):
            data = {key: {e["name"]: {k: v for k, v in e.items() if k != "name"} for e in listed}}
        for name, entry in self.table(data, key).items():
            try:
                self.unknown(f"{key}.{name}.", entry, known)
                out.append(kind(name=name, **{k: v for k, v in entry.items() if k in known}))
            except (TypeError, AttributeError, PresetError) as error:
                self.problems.append(f"{key}.{name} is skipped ({error})")
        return out
