"""The tree as JSON: every row of the table as a node with all its attributes.

Names and meanings are those of the OSCQuery proposal (Vidvox, 2018): FULL_PATH, CONTENTS, TYPE, ACCESS, VALUE, RANGE,
DESCRIPTION, TAGS, EXTENDED_TYPE, UNIT, CRITICAL, CLIPMODE. Arrays run parallel to the type tags. Pure: no socket.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from perform.core.params import Param, is_read_only
from perform.core.types import Value

ROOT = "perform"
SIGNAL = "signal"
"""What the sources of modulation stand below; read only."""
READ, WRITE, BOTH = 1, 2, 3
TYPES = {"float": "f", "int": "i", "bool": "T", "choice": "s", "colour": "ffff", "point": "ff", "text": "s",
         "trigger": "I"}  # fmt: skip
EXTENDED = {"colour": ["color.rgba"] * 4, "point": ["position.cart2D.x", "position.cart2D.y"]}
ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TAGS", "EXTENDED_TYPE",
              "UNIT", "CRITICAL", "CLIPMODE", "OVERLOADS")  # fmt: skip
EXTENSIONS = {
    "ACCESS": True, "VALUE": True, "RANGE": True, "DESCRIPTION": True, "TAGS": True, "EXTENDED_TYPE": True,
    "UNIT": True, "CRITICAL": True, "CLIPMODE": True, "OVERLOADS": False, "HTML": False, "LISTEN": True, "IGNORE": True,
    "PATH_CHANGED": True, "PATH_ADDED": True, "PATH_REMOVED": True, "PATH_RENAMED": False, "OSC_STREAMING": True,
}  # fmt: skip
CRITICAL = ("out/blackout", "out/freeze", "out/panic", "cue/go", "cue/back", "preset/recall")
"""Addresses whose messages should not get lost: a client may choose TCP or the socket for them."""


class Namespace:
    """rows: those that are shown. base: their values. signals: the sources of now, by name."""

    def __init__(
        self,
        rows: Callable[[], Iterable[Param]],
        base: Callable[[], Mapping[str, Value]],
        signals: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._rows, self._base, self._signals = rows, base, signals

    def at(self, path: str) -> dict[str, Any] | None:
        """The node at an OSC address (`/`, `/perform/deck/a`), with all below it; None where there is none."""
        words = [word for word in path.split("/") if word]
        below = "/".join(words[1:])
        if words and words[0] != ROOT:
            return None
        leaves: dict[str, dict[str, Any]] = {}
        base = self._base()
        for row in self._rows():
            if _is_below(row.name, below):
                leaves[row.name] = leaf(row, base.get(row.name, row.default))
        for name, value in self._signals().items():
            if _is_below(f"{SIGNAL}/{name}", below):
                leaves[f"{SIGNAL}/{name}"] = signal_leaf(name, value)
        if words and below and not leaves:
            return None
        return _branch(leaves, words)

    def attribute(self, path: str, name: str) -> dict[str, Any] | None:
        """One attribute of a node, as `{NAME: …}`; an empty dict where the node has none of it; None for no node."""
        found = self.at(path)
        if found is None:
            return None
        return {name: found[name]} if name in found else {}


def _is_below(name: str, below: str) -> bool:
    return not below or name == below or name.startswith(below + "/")


def _branch(leaves: Mapping[str, dict[str, Any]], words: list[str]) -> dict[str, Any]:
    """The tree of the leaves, cut off at the node that `words` lead to. A node may have a value and contents."""
    root = _empty("/")
    for name, node in leaves.items():
        here = root
        parts = [ROOT, *name.split("/")]
        for depth, word in enumerate(parts):
            inside = here.setdefault("CONTENTS", {})
            here = inside.setdefault(word, _empty("/" + "/".join(parts[: depth + 1])))
        here.update(node)
    for word in words:
        root = root.get("CONTENTS", {}).get(word, _empty("/" + "/".join(words)))
    return root


def _empty(path: str) -> dict[str, Any]:
    return {"FULL_PATH": path, "ACCESS": 0}


def leaf(row: Param, value: Value) -> dict[str, Any]:
    """The attributes of a row."""
    node: dict[str, Any] = {
        "FULL_PATH": f"/{ROOT}/{row.name}", "TYPE": TYPES[row.kind], "ACCESS": access(row),
        "DESCRIPTION": row.doc or row.name, "CRITICAL": row.name in CRITICAL,
        "TAGS": [row.name.split("/")[0], row.kind],
    }  # fmt: skip
    if row.kind == "bool":
        node["TYPE"] = "T" if value else "F"
    if row.kind != "trigger":
        node["VALUE"] = [_plain(part) for part in (value if isinstance(value, tuple) else (value,))]
    bounds = _range(row)
    if bounds:
        node["RANGE"] = bounds
        node["CLIPMODE"] = ["both"] * len(bounds)
    if row.unit:
        node["UNIT"] = [row.unit] * len(TYPES[row.kind])
    if row.kind in EXTENDED:
        node["EXTENDED_TYPE"] = EXTENDED[row.kind]
    return node


def signal_leaf(name: str, value: float) -> dict[str, Any]:
    """The attributes of a source of modulation."""
    return {"FULL_PATH": f"/{ROOT}/{SIGNAL}/{name}", "TYPE": "f", "ACCESS": READ, "VALUE": [_plain(float(value))],
            "DESCRIPTION": f"the source {name} now", "TAGS": [SIGNAL], "CRITICAL": False}  # fmt: skip


def access(row: Param) -> int:
    """1 to read, 2 to write, 3 both."""
    return WRITE if row.kind == "trigger" else READ if is_read_only(row) else BOTH


def _range(row: Param) -> list[dict[str, Any]]:
    if row.kind in ("float", "int"):
        kind = float if row.kind == "float" else int
        return [{"MIN": kind(row.lo), "MAX": kind(row.hi)}]
    if row.kind == "choice":
        return [{"VALS": list(row.choices)}]
    if row.kind == "colour":
        return [{"MIN": 0.0, "MAX": 1.0}] * 4
    return [{"MIN": row.lo, "MAX": row.hi}] * 2 if row.kind == "point" else []


def _plain(value: Any) -> Any:
    return value if not isinstance(value, float) or math.isfinite(value) else 0.0


def host_info(name: str, osc: tuple[str, int] | None, web: tuple[str, int]) -> dict[str, Any]:
    """What `?HOST_INFO` answers. osc: where OSC is heard, None where it is not; web: of this server. A host that is not
    known is not told: clients then take the one they asked."""
    told: dict[str, Any] = {"NAME": name, "EXTENSIONS": EXTENSIONS, "WS_IP": web[0], "WS_PORT": web[1]}
    if osc is not None:
        told |= {"OSC_IP": osc[0], "OSC_PORT": osc[1], "OSC_TRANSPORT": "UDP"}
    return {key: value for key, value in told.items() if value != ""}
