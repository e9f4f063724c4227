"""Values out over OSC: never waits, never raises into a show; what could not be sent is counted."""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
from pythonosc.osc_message_builder import ArgValue, BuildError, OscMessageBuilder

from perform.core.errors import DeviceError

LARGEST = 3.4e38
_FLOAT = struct.Struct(">f")


class OscSender:
    """Sends values to each of `targets`, (host, port) pairs. Host names are looked up here, once.

    rate_hz: how often at most `send_all` really sends. Raises DeviceError for a host that is not known.
    """

    def __init__(self, targets: Iterable[tuple[str, int]], rate_hz: float = 30.0) -> None:
        self._targets: list[tuple[socket.socket, tuple[str, int]]] = []
        self._period_s = 1.0 / rate_hz
        self._next_s = -math.inf
        self._counts = {"sent": 0, "refused": 0, "errors": 0}
        self.last_error = ""
        sockets: dict[int, socket.socket] = {}
        for host, port in targets:
            try:
                family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            except (OSError, OverflowError, UnicodeError) as error:
                self.close()
                raise DeviceError(f"OSC target {host}:{port} is not known ({error}); use an address") from None
            if family not in sockets:
                sockets[family] = socket.socket(family, socket.SOCK_DGRAM)
                sockets[family].setblocking(False)
            self._targets.append((sockets[family], (str(place[0]), int(place[1]))))

    def __bool__(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._targets)

    @property
    def places(self) -> list[tuple[str, int]]:
        """(address, port) of each target."""
        return [(place[0], place[1]) for _, place in self._targets]

    def send(self, address: str, value: object) -> None:
        """One message: a number, bool or text, or several in a tuple. Numbers that are not finite are refused."""
        try:
            data = encode(address, value)
        except ValueError as error:
            self._counts["refused"] += 1
            self.last_error = f"{address}: {error}"
            return
        for sender, place in self._targets:
            try:
                sender.sendto(data, place)
                self._counts["sent"] += 1
            except OSError as error:
                self._counts["errors"] += 1
                self.last_error = f"OSC to {place[0]}:{place[1]}: {error}"

    def send_all(self, values: Mapping[str, object], now_s: float) -> bool:
        """Send every value, `rate_hz` times a second at most; True when it was sent this time."""
        if now_s < self._next_s:
            return False
        late_s = now_s - self._next_s
        self._next_s = self._next_s + self._period_s if late_s < self._period_s else now_s + self._period_s
        for address, value in values.items():
            self.send(address, value)
        return True

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: sent (datagrams), refused (values), errors (of the network)."""
        return dict(self._counts)

    def close(self) -> None:
        """Free the sockets. Safe to call twice."""
        for sender, _ in self._targets:
            sender.close()
        self._targets.clear()


def encode(address: str, value: object) -> bytes:
    """One OSC message. Raises ValueError for what OSC cannot carry, or what a receiver could not use."""
    if type(value) is float and abs(value) < LARGEST:  # by far the most common
        return head(address, ",f") + _FLOAT.pack(value)
    builder = OscMessageBuilder(address)
    for part in value if isinstance(value, list | tuple) else (value,):
        builder.add_arg(*_argument(part))
    try:
        return builder.build().dgram
    except BuildError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=4096)
def head(address: str, tags: str) -> bytes:
    """Address and type tags, each padded to four bytes."""
    return b"".join(raw + b"\0" * (4 - len(raw) % 4) for raw in (address.encode("ascii"), tags.encode("ascii")))


def _argument(value: object) -> tuple[ArgValue, str]:
    """A value and its OSC type. numpy's own numbers become Python's, which is all that python-osc knows."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value, OscMessageBuilder.ARG_TYPE_TRUE if value else OscMessageBuilder.ARG_TYPE_FALSE
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return value, OscMessageBuilder.ARG_TYPE_INT
        if -(2**63) <= value < 2**63:
            return value, OscMessageBuilder.ARG_TYPE_INT64
    elif isinstance(value, float):
        if math.isfinite(value) and abs(value) < LARGEST:
            return value, OscMessageBuilder.ARG_TYPE_FLOAT
    elif isinstance(value, str) and "\0" not in value:
        return value, OscMessageBuilder.ARG_TYPE_STRING
    raise ValueError(f"{value!r} cannot be sent: finite numbers, bools and texts can")
