"""Where OSC goes, as it is written on the command line and in the venue file: `HOST:PORT`, or `HOST:PORT=GROUPS`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from perform.core.errors import UsageError

GROUPS = ("beat", "features", "values", "floats", "health", "notices", "also")
PLAIN = frozenset({"beat", "features", "health", "notices", "also"})
"""What goes to a target that names no groups: nothing of it can move another `perform`, but for the beat."""
ALL = "all"
MOST_ALSO = 256


class OutTarget(NamedTuple):
    """One listener, and what it is told."""

    host: str
    port: int
    groups: frozenset[str]


def parse_target(text: str) -> tuple[str, int]:
    """`HOST:PORT` as a pair; `[::1]:9000` for IPv6. Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise UsageError(f"OSC target {text!r}: say it as HOST:PORT, like 127.0.0.1:9001")
    return host.strip("[]"), int(port)


def parse_targets(texts: Iterable[str]) -> list[tuple[str, int]]:
    """`127.0.0.1:9001` as (host, port), for each. Raises UsageError."""
    return [parse_target(text) for text in texts]


def parse_out(text: str) -> OutTarget:
    """`127.0.0.1:9001=beat,floats`; without groups, PLAIN. Raises UsageError."""
    place, names, groups = text.partition("=")
    host, port = parse_target(place.strip())
    if not names:
        return OutTarget(host, port, PLAIN)
    wanted = {name.strip() for name in groups.split(",")}
    if ALL in wanted:
        wanted = {*wanted - {ALL}, *GROUPS} - {"floats"}  # the same values need not be told twice
    strange = wanted - set(GROUPS)
    if strange:
        names = ", ".join(sorted(strange)) or "named"
        raise UsageError(f"OSC target {text!r}: no group {names!r}; there are {', '.join(GROUPS)}, {ALL}")
    return OutTarget(host, port, frozenset(wanted))


def out_targets(out: Iterable[str], notices_only: Iterable[str]) -> list[OutTarget]:
    """All listeners, each once, with everything that it was named for. Raises UsageError."""
    found: dict[tuple[str, int], frozenset[str]] = {}
    for target in [*map(parse_out, out), *(OutTarget(*parse_target(t), frozenset({"notices"})) for t in notices_only)]:
        place = target.host, target.port
        found[place] = found.get(place, frozenset()) | target.groups
    return [OutTarget(host, port, groups) for (host, port), groups in found.items()]


def check_also(also: object) -> dict[str, str]:
    """Addresses of other programs, and what is told there. Raises UsageError."""
    if not isinstance(also, dict) or len(also) > MOST_ALSO:
        raise UsageError(f'[osc] also: say it as {{ "/address" = "audio/bass/level" }}, at most {MOST_ALSO} of them')
    for address, name in also.items():
        plain = address.isascii() and address.isprintable() and not set(address) & set(" #*,?[]{}")
        if not address.startswith("/") or not plain or len(address) > 200:
            raise UsageError(f"[osc] also: {address!r} is no OSC address; it begins with / and has no spaces")
        if not isinstance(name, str):
            raise UsageError(f"[osc] also: {address} is {name!r}; it should name a feature or a parameter")
    return dict(also)
