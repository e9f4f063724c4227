"""What a venue file says of the lighting desk: `[lights]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from perform.control.lights import LOST

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class LightsRoom:
    """host: where to listen, "" for not at all. universe, address: where the shipped map's fixture begins. listen:
    further universes to join. allow: who may send; empty for all. lost: `hold` or `rest`."""

    host: str = ""
    universe: int = 1
    address: int = 1
    listen: tuple[int, ...] = ()
    allow: tuple[str, ...] = ()
    lost: str = "hold"
    artnet_port: int = 6454
    sacn_port: int = 5568


NO_LIGHTS = LightsRoom()
_RANGES = {"universe": (1, 63999), "address": (1, 512), "artnet_port": (0, 65535), "sacn_port": (0, 65535)}


def read_lights(body: Mapping[str, Any], asked: LightsRoom) -> tuple[LightsRoom, list[str]]:
    """`[lights]` of a venue file, and a line for each thing in it that is skipped. A host that was asked for wins; a
    section without one listens to this machine only."""
    found: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in body.items():
        if key == "on":
            continue
        try:
            found[key] = _fitted(key, value)
        except ValueError as error:
            problems.append(f"lights.{key} is skipped ({error})")
    host = asked.host or found.get("host", LOOPBACK)
    return replace(LightsRoom(**found), host=host if body.get("on", True) is not False or asked.host else ""), problems


def _fitted(key: str, value: Any) -> Any:
    if key in _RANGES:
        low, high = _RANGES[key]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value
    if key == "lost":
        if value not in LOST:
            raise ValueError(f"one of {', '.join(LOST)}")
        return value
    if key == "host":
        if not isinstance(value, str) or not value:
            raise ValueError("an address of this machine")
        return value
    if key in ("listen", "allow"):
        wanted = int if key == "listen" else str
        values = value if isinstance(value, list) else [value]
        if len(values) > 64 or not all(isinstance(one, wanted) and not isinstance(one, bool) for one in values):
            raise ValueError("a list of universes" if key == "listen" else 'a list like ["10.0.0.0/24"]')
        return tuple(values)
    raise ValueError("unknown")
