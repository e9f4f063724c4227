"""OSC address patterns over the parameter table: `?` `*` `[a-z]` `[!a]` `{foo,bar}` within a part, `//` across parts.

A pattern becomes a row of places; which of them are reached is one bit each in one number, so that an address is read
once, character by character, whatever the pattern holds: no regular expression, no way back. Written from OSC 1.0
("OSC Message Dispatching and Pattern Matching") and OSC 1.1 (NIME 2009) for `//`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from perform.control.osc_gate import OscError
from perform.core.params import PARTS, Param

MOST_MATCHES = 512
MOST_STEPS = 200_000
"""What one pattern may cost: characters of addresses, times one and what it holds of `*`, `{}`, `//` and `[!]`."""
MOST_KEPT = 256
SPECIAL = frozenset("?*[]{}")


def is_pattern(address: str) -> bool:
    """Whether an address names more than itself."""
    return "//" in address or not SPECIAL.isdisjoint(address)


class Pattern:
    """One pattern. `steps` counts what matching has cost. Raises OscError for brackets that do not close."""

    def __init__(self, text: str) -> None:
        self.steps = 0
        self._takes: dict[str, int] = {}  # character -> places that it leads on from
        self._any = 0  # places from which every character but / leads on
        self._not: list[tuple[int, frozenset[str]]] = []  # (place, characters that do not lead on)
        self._stays = 0  # places that every character but / leaves reached
        self._deep = 0  # places that every character leaves reached
        self._free: dict[int, int] = {}  # place -> places that are reached with it
        self._count = 0
        self._read(text)
        self.end = 1 << self._count
        self.start = self._closed(1)

    def step(self, reached: int, character: str) -> int:
        """The places reached after one more character."""
        self.steps += 1 + len(self._free) + len(self._not)
        on = self._takes.get(character, 0)
        stays = self._deep
        if character != "/":
            on |= self._any
            stays |= self._stays
            for place, without in self._not:
                if character not in without:
                    on |= place
        return self._closed(((reached & on) << 1) | (reached & stays))

    def feed(self, reached: int, text: str) -> int:
        """The places reached after `text`; 0 when it cannot match any more."""
        for character in text:
            if not reached:
                return 0
            reached = self.step(reached, character)
        return reached

    def matches(self, address: str) -> bool:
        """Whether the whole address matches."""
        return bool(self.feed(self.start, address) & self.end)

    def _closed(self, reached: int) -> int:
        for place, others in self._free.items():  # in ascending order, and all lead onward
            if reached & place:
                reached |= others
        return reached

    def _read(self, text: str) -> None:
        at = 0
        while at < len(text):
            character = text[at]
            if character == "[":
                at = self._set(text, at)
            elif character == "{":
                at = self._alternatives(text, at)
            elif text.startswith("//", at):
                at += 2
                self._slashes()
            elif character in "]}":
                raise OscError(f"pattern {text}: a {character} that nothing opens")
            else:
                self._one(character)
                at += 1

    def _one(self, character: str) -> None:
        place = 1 << self._count
        if character == "*":
            self._stays |= place
            self._free[place] = place << 1
        elif character == "?":
            self._any |= place
        else:
            self._takes[character] = self._takes.get(character, 0) | place
        self._count += 1

    def _slashes(self) -> None:
        """A slash, then any number of whole parts."""
        self._one("/")
        here = 1 << self._count
        self._free[here] = here << 1 | here << 2  # no part at all, or some
        self._deep |= here << 1
        self._takes["/"] = self._takes.get("/", 0) | here << 1
        self._count += 2

    def _set(self, text: str, at: int) -> int:
        end = text.find("]", at + 1)
        if end < 0:
            raise OscError(f"pattern {text}: a [ that is not closed")
        inside = text[at + 1 : end]
        without = inside.startswith("!")
        characters = _characters(inside[1:] if without else inside)
        place = 1 << self._count
        if without:
            self._not.append((place, characters))
        for character in () if without else characters - {"/"}:
            self._takes[character] = self._takes.get(character, 0) | place
        self._count += 1
        return end + 1

    def _alternatives(self, text: str, at: int) -> int:
        end = text.find("}", at + 1)
        if end < 0:
            raise OscError(f"pattern {text}: a {{ that is not closed")
        words = text[at + 1 : end].split(",")
        here = 1 << self._count
        self._count += 1
        begins, ends = 0, []
        for word in words:
            begins |= 1 << self._count
            for character in word:
                if character in "?*[{/":
                    raise OscError(f"pattern {text}: {character} within {{}}")
                self._one(character)
            ends.append(1 << self._count)
            self._count += 1
        after = 1 << self._count
        self._free[here] = begins
        for place in ends:
            self._free[place] = self._free.get(place, 0) | after
        return end + 1


def _characters(text: str) -> frozenset[str]:
    """`a-z0-9_` as characters. Printable ASCII only, as all addresses are."""
    found: set[str] = set()
    at = 0
    while at < len(text):
        if at + 2 < len(text) and text[at + 1] == "-":
            found.update(map(chr, range(ord(text[at]), ord(text[at + 2]) + 1)))
            at += 3
        else:
            found.add(text[at])
            at += 1
    return frozenset(found)


class Tree:
    """The table's paths, part by part, with the parts of colours and points below them."""

    def __init__(self, rows: Iterable[Param]) -> None:
        self.steps = 0
        """What the last look took."""
        self._root: dict[str, Any] = {}
        self._leaves: set[str] = set()
        for row in rows:
            self._add(row.name)
            for part in PARTS.get(row.kind, ""):
                self._add(f"{row.name}/{part}")

    def _add(self, path: str) -> None:
        node = self._root
        for name in path.split("/"):
            node = node.setdefault(name, {})
        self._leaves.add(path)

    def matching(self, text: str, most: int = MOST_MATCHES, most_steps: int = MOST_STEPS) -> list[str]:
        """The paths that a pattern names, group by group. Raises OscError for one that is none, names too many
        or costs too much. A part whose whole is named too is left out."""
        self.steps = len(text)
        pattern = Pattern("/" + text)
        found: list[str] = []
        waiting = [("", self._root, pattern.start)]
        while waiting:
            prefix, node, reached = waiting.pop()
            for name, below in reversed(node.items()):
                here = pattern.feed(reached, "/" + name)
                self.steps = pattern.steps
                if pattern.steps > most_steps:
                    raise OscError(f"pattern {text}: costs too much to look for")
                path = f"{prefix}/{name}" if prefix else name
                if here:
                    waiting.append((path, below, here))
            if prefix in self._leaves and reached & pattern.end:
                found.append(prefix)
        named = set(found)
        found = [path for path in found if path.rpartition("/")[0] not in named]
        if len(found) > most:
            raise OscError(f"pattern {text}: names {len(found)} parameters, more than {most}")
        return found


class Patterns:
    """What patterns name, kept until the table's rows change. Thread: the listener's.

    rows: (revision of the table, its rows). clock: seconds. New patterns may cost so many steps a second together.
    """

    STEPS_PER_S = 400_000.0

    def __init__(self, rows: Callable[[], tuple[int, Iterable[Param]]], clock: Callable[[], float]) -> None:
        self._rows, self._clock = rows, clock
        self._revision = -1
        self._tree = Tree(())
        self._kept: dict[str, list[str] | OscError] = {}
        self._left, self._since_s = self.STEPS_PER_S, clock()

    def paths(self, text: str) -> list[str]:
        """The paths that a pattern names. Raises OscError."""
        revision, rows = self._rows()
        if revision != self._revision:
            self._tree, self._revision = Tree(rows), revision
            self._kept.clear()
        found = self._kept.pop(text, None)
        if found is None:
            found = self._looked_for(text)
            if len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[text] = found  # the last asked for lies last
        if isinstance(found, OscError):
            raise found
        return found

    def _looked_for(self, text: str) -> list[str] | OscError:
        now_s = self._clock()
        passed_s = max(now_s - self._since_s, 0.0)  # a show's clock begins again when the show does
        self._left = min(self.STEPS_PER_S, self._left + passed_s * self.STEPS_PER_S)
        self._since_s = now_s
        if self._left <= 0.0:
            raise OscError("too many new patterns at once")
        try:
            return self._tree.matching(text)
        except OscError as error:
            return error
        finally:
            self._left -= self._tree.steps
