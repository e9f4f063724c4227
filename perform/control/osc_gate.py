"""The gate that every OSC datagram passes before anything believes it: bounded in size, depth, count and time.

Written from the Open Sound Control 1.0 specification with the argument types of 1.1. Reading costs time linear in
the datagram, whatever it holds: no regular expression, no recursion beyond `Limits.depth`, no waiting on timetags.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from perform.core.errors import PerformError

BUNDLE = b"#bundle\0"
NTP_TO_UNIX_S = 2_208_988_800
Argument = float | int | bool | str | bytes | tuple[float, ...] | None


class OscError(PerformError):
    """A datagram that is not OSC, or more of it than is taken."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken at most.

    datagram_bytes: at most 65,536. depth: of bundles in bundles, and of arrays. elements: bundles and messages in
    one datagram. ahead_s: how far in the future a timetag may lie to be waited for.
    """

    datagram_bytes: int = 8192
    depth: int = 4
    elements: int = 512
    address_chars: int = 256
    arguments: int = 256
    ahead_s: float = 5.0


class Message(NamedTuple):
    """One proven-good message. due_s: when it wants to happen, in seconds since 1970; None for now."""

    address: str
    arguments: tuple[Argument, ...]
    due_s: float | None


def read_packet(data: bytes, limits: Limits) -> list[Message]:
    """All messages of a datagram, in order. Raises OscError; then none of it may be used."""
    size = len(data)
    if size > limits.datagram_bytes:
        raise OscError(f"datagram of more than {limits.datagram_bytes} bytes")
    if size < 4 or size & 3:
        raise OscError(f"{size} bytes cannot be OSC: its parts come in fours")
    messages: list[Message] = []
    _element(data, 0, size, None, 0, messages, [0], limits)
    return messages


def _element(
    data: bytes,
    start: int,
    end: int,
    due_s: float | None,
    depth: int,
    messages: list[Message],
    count: list[int],
    limits: Limits,
) -> None:
    """One message or bundle at data[start:end]; both are multiples of four. count: [elements so far]."""
    count[0] += 1
    if count[0] > limits.elements:
        raise OscError(f"more than {limits.elements} elements in one datagram")
    if not data.startswith(BUNDLE, start, end):
        messages.append(_message(data, start, end, due_s, limits))
        return
    if depth >= limits.depth:
        raise OscError(f"bundles nested deeper than {limits.depth}")
    if end - start < 16:
        raise OscError("a bundle without its timetag")
    inner_s = _due_s(struct.unpack_from(">Q", data, start + 8)[0])
    # The specification wants an inner timetag at or after the outer one; the later of the two keeps that.
    due_s = inner_s if due_s is None else max(due_s, inner_s or due_s)
    start += 16
    while start < end:
        size = struct.unpack_from(">i", data, start)[0]
        start += 4
        if size <= 0 or size & 3 or size > end - start:
            raise OscError(f"a bundle element of {size} bytes where {end - start} are left")
        _element(data, start, start + size, due_s, depth + 1, messages, count, limits)
        start += size


def _due_s(timetag: int) -> float | None:
    """NTP 64 bit to seconds since 1970; 1 means at once, and so does 0, which some senders write."""
    return None if timetag <= 1 else (timetag >> 32) - NTP_TO_UNIX_S + (timetag & 0xFFFFFFFF) / 2**32


def _message(data: bytes, start: int, end: int, due_s: float | None, limits: Limits) -> Message:
    raw, position = _string(data, start, end, limits.address_chars)
    if not raw.startswith(b"/"):
        raise OscError("an address that does not begin with /")
    if not raw.isascii() or not (address := raw.decode("ascii")).isprintable():
        raise OscError("an address with characters that are not printable ASCII")
    if position == end:  # senders older than type tags leave them out when there is nothing to send
        return Message(address, (), due_s)
    if end - position == 8 and data.startswith(b",f\0\0", position):  # by far the most common message
        return Message(address, struct.unpack_from(">f", data, position + 4), due_s)
    tags, position = _string(data, position, end, limits.arguments + 1)
    if not tags.startswith(b","):
        raise OscError(f"{address}: no type tags")
    arguments: list[Argument] = []
    arrays = 0
    for tag in tags[1:]:
        if tag in b"[]":
            arrays += 1 if tag == 0x5B else -1
            if not 0 <= arrays <= limits.depth:
                raise OscError(f"{address}: array brackets that do not match, or nest too deep")
            continue
        read = _READERS.get(tag)
        if read is None:
            raise OscError(f"{address}: unknown type tag {chr(tag)!r}")
        value, position = read(data, position, end)
        arguments.append(value)
    if arrays:
        raise OscError(f"{address}: an array that does not end")
    if position != end:
        raise OscError(f"{address}: {end - position} bytes more than its type tags say")
    return Message(address, tuple(arguments), due_s)


def _string(data: bytes, start: int, end: int, chars: int) -> tuple[bytes, int]:
    """A zero-ended string padded to four bytes, and where the next thing begins."""
    stop = data.find(b"\0", start, min(end, start + chars + 1))
    if stop < 0:
        raise OscError(f"a string that does not end within {chars} characters")
    after = (stop | 3) + 1
    if after > end or any(data[stop:after]):
        raise OscError("a string that is not padded with zeros to four bytes")
    return data[start:stop], after


def _read_text(data: bytes, start: int, end: int) -> tuple[str, int]:
    raw, after = _string(data, start, end, end - start)
    try:
        return raw.decode("utf-8"), after
    except UnicodeDecodeError:
        raise OscError("a text that is not UTF-8") from None


def _read_blob(data: bytes, start: int, end: int) -> tuple[bytes, int]:
    size, start = _read_int(data, start, end)
    after = start + (size + 3 & ~3)
    if size < 0 or after > end:
        raise OscError(f"a blob of {size} bytes where {end - start} are left")
    return data[start : start + size], after


def _fixed(layout: str) -> Callable[[bytes, int, int], tuple[Argument, int]]:
    read = struct.Struct(layout)

    def reader(data: bytes, start: int, end: int) -> tuple[Argument, int]:
        after = start + read.size
        if after > end:
            raise OscError("fewer bytes than its type tags say")
        return read.unpack_from(data, start)[0], after

    return reader


def _read_colour(data: bytes, start: int, end: int) -> tuple[tuple[float, ...], int]:
    if start + 4 > end:
        raise OscError("fewer bytes than its type tags say")
    return tuple(byte / 255.0 for byte in data[start : start + 4]), start + 4


def _constant(value: Argument) -> Callable[[bytes, int, int], tuple[Argument, int]]:
    return lambda data, start, end: (value, start)


_read_int: Callable[[bytes, int, int], tuple[int, int]] = _fixed(">i")  # type: ignore[assignment]
_READERS: dict[int, Callable[[bytes, int, int], tuple[Argument, int]]] = {
    ord("i"): _read_int,
    ord("f"): _fixed(">f"),
    ord("h"): _fixed(">q"),
    ord("d"): _fixed(">d"),
    ord("t"): _fixed(">Q"),
    ord("c"): _fixed(">I"),
    ord("m"): _fixed(">I"),
    ord("s"): _read_text,
    ord("S"): _read_text,
    ord("b"): _read_blob,
    ord("r"): _read_colour,
    ord("T"): _constant(True),
    ord("F"): _constant(False),
    ord("N"): _constant(None),
    ord("I"): _constant(True),
}
