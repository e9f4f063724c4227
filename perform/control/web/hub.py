"""The OSCQuery socket: values as binary OSC both ways, LISTEN and IGNORE, and notices when rows come and go.

A client gets the newest value of what it listens to, at most RATE_HZ times a second, and never an older one: nothing is
queued for a slow one.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder

from perform.control.osc import value_for
from perform.control.osc_gate import Limits, OscError, read_packet
from perform.control.web.guard import PERFORMER, ROLE
from perform.core.errors import PerformError
from perform.core.params import Param, ParamTable
from perform.core.types import ControlEvent, Value

PREFIX = "/perform/"
NORM = "/norm"
SIGNAL = "signal/"
RATE_HZ = 60.0
MOST_CLIENTS = 16
MOST_LISTENED = 4096
MOST_TEXT = 8 << 10
BURST, PER_S = 3000.0, 1500.0
"""Messages on one socket: two hands full of faders, and the many LISTENs of a first look."""
TOO_FAST, TOO_MANY, TOO_BIG, NO_SENSE = 1008, 1013, 1009, 1007


def packet(row: Param, value: Value) -> bytes:
    """The value of a row as one OSC message."""
    message = OscMessageBuilder(PREFIX + row.name)
    for type_tag, argument in _arguments(row, value):
        message.add_arg(argument, type_tag)
    return bytes(message.build().dgram)


def impulse(row: Param) -> bytes:
    """A trigger that was pulled."""
    address = (PREFIX + row.name).encode()  # python-osc does not write this type tag
    return address + b"\0" * (4 - len(address) % 4) + b",I\0\0"


def signal_packet(path: str, value: float) -> bytes:
    """A source of modulation as one float."""
    message = OscMessageBuilder(PREFIX + path)
    message.add_arg(value if math.isfinite(value) else 0.0, "f")
    return bytes(message.build().dgram)


def _arguments(row: Param, value: Value) -> Iterable[tuple[str, Any]]:
    if row.kind in ("colour", "point"):
        return [("f", float(part)) for part in value]  # type: ignore[union-attr]
    if row.kind == "bool":
        return [("T" if value else "F", value)]
    if row.kind in ("int", "trigger"):
        return [("i", int(value))]  # type: ignore[arg-type]
    if row.kind == "float":
        return [("f", float(value))]  # type: ignore[arg-type]
    return [("s", str(value))]


@dataclass(frozen=True)
class View:
    """What the clients of a hub see. shows: whether a row is there for them. signals: sources of now, as read-only
    `signal/NAME`. origin: of their events. impulses: triggers are told as impulses, not by their counts."""

    shows: Callable[[Param], bool] = lambda row: True
    signals: Callable[[], Mapping[str, float]] = dict
    origin: str = "web"
    impulses: bool = False

    def rows(self, table: ParamTable) -> dict[str, Param]:
        """Those that are there, by path."""
        return {row.name: row for row in list(table) if self.shows(row)}


ALL = View()


class Hub:
    """Any number of clients up to MOST_CLIENTS. post: events to the engine. Thread: the web's."""

    def __init__(
        self, table: ParamTable, post: Callable[[ControlEvent], None], clock: Callable[[], float], view: View = ALL
    ) -> None:
        self._table, self._post, self._clock, self._view = table, post, clock, view
        self._limits = Limits()
        self.clients = 0
        self.counts = {"osc received": 0, "osc events": 0, "osc refused": 0, "osc unknown": 0, "by viewers": 0}

    async def serve(self, socket: Any) -> None:
        """One client, from its socket's opening to its end."""
        if self.clients >= MOST_CLIENTS:
            await socket.close(TOO_MANY)
            return
        self.clients += 1
        try:
            await socket.accept(subprotocol="perform" if "perform" in socket.scope.get("subprotocols", ()) else None)
            client = _Client(self._table, socket, self._view)
            teller = asyncio.ensure_future(client.tell())
            try:
                await self._hear(socket, client)
            finally:
                teller.cancel()
        finally:
            self.clients -= 1

    async def _hear(self, socket: Any, client: _Client) -> None:
        from starlette.websockets import WebSocketDisconnect

        performs = socket.scope.get(ROLE) == PERFORMER
        left, since_s = BURST, time.monotonic()
        while True:
            try:
                raw = await socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if raw["type"] != "websocket.receive":
                return
            now_s = time.monotonic()
            left, since_s = min(BURST, left + (now_s - since_s) * PER_S) - 1.0, now_s
            if left < 0.0:
                await socket.close(TOO_FAST)
                return
            data, text = raw.get("bytes"), raw.get("text")
            if data is not None and not performs:
                self.counts["by viewers"] += 1
            elif data is not None:
                self.take(data)
            elif text is None or len(text) > MOST_TEXT or not client.command(text):
                await socket.close(NO_SENSE)
                return

    def take(self, data: bytes) -> None:
        """One packet from a performer. Never raises."""
        self.counts["osc received"] += 1
        try:
            for message in read_packet(data, self._limits):
                event = self._event(message.address, message.arguments)
                if event is not None:
                    self._post(event)
                    self.counts["osc events"] += 1
        except (OscError, PerformError):
            self.counts["osc refused"] += 1

    def _event(self, address: str, arguments: tuple[Any, ...]) -> ControlEvent | None:
        path = address[len(PREFIX) :] if address.startswith(PREFIX) else ""
        normalised = path not in self._table and path.endswith(NORM)
        path = path[: -len(NORM)] if normalised else path
        if path not in self._table or not self._view.shows(self._table[path]):
            self.counts["osc unknown"] += 1
            return None
        row = self._table[path]
        if row.kind == "trigger" and arguments and not arguments[0] and arguments[0] is not None:
            return None  # a button let go
        if normalised:
            number = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], int | float) else float("nan")
            row.from_norm(float(number))
            return ControlEvent(path, min(max(float(number), 0.0), 1.0), self._clock(), self._view.origin, True)
        return ControlEvent(path, value_for(row, arguments), self._clock(), self._view.origin)


class _Client:
    """What one client listens to, and what it was told last."""

    def __init__(self, table: ParamTable, socket: Any, view: View) -> None:
        self._table, self._socket, self._view = table, socket, view
        self._told: dict[str, Value | None] = {}
        self._rows = view.rows(table)
        self._revision = table.revision

    def command(self, text: str) -> bool:
        """A text frame. Returns whether it makes sense; commands that are not known are passed over."""
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(told, Mapping):
            return False
        what, address = told.get("COMMAND"), told.get("DATA")
        if what in ("LISTEN", "IGNORE"):
            if not isinstance(address, str):
                return False
            path = address.removeprefix(PREFIX)
            if what == "IGNORE":
                self._told.pop(path, None)
            elif len(self._told) < MOST_LISTENED and len(path) <= self._limit and self._is_there(path):
                self._told.setdefault(path, None)  # it is told the value of now
        return True

    _limit = 256

    async def tell(self) -> None:
        """Send what has changed, as long as the socket is open."""
        try:
            while True:
                await self._notices()
                for data in self._changed():
                    await self._socket.send_bytes(data)
                await asyncio.sleep(1.0 / RATE_HZ)
        except (RuntimeError, OSError, PerformError):  # it has gone
            return

    def _is_there(self, path: str) -> bool:
        if path.startswith(SIGNAL):
            return path.removeprefix(SIGNAL) in self._view.signals()
        return path in self._table and self._view.shows(self._table[path])

    def _changed(self) -> list[bytes]:
        base, signals, told = self._table.base(), self._view.signals(), self._told
        found = []
        for path, before in list(told.items()):
            is_signal = path.startswith(SIGNAL)
            value = signals.get(path.removeprefix(SIGNAL)) if is_signal else base.get(path)
            if value is None or value == before:
                continue
            told[path] = value
            if is_signal:
                found.append(signal_packet(path, float(value)))  # type: ignore[arg-type]
            elif path in self._table:
                found.append(self._packet(self._table[path], value, before))
        return [data for data in found if data]

    def _packet(self, row: Param, value: Value, before: Value | None) -> bytes:
        if row.kind == "trigger" and self._view.impulses:
            return b"" if before is None else impulse(row)
        return packet(row, value)

    async def _notices(self) -> None:
        if self._table.revision == self._revision:
            return
        self._revision = self._table.revision
        before, self._rows = self._rows, self._view.rows(self._table)
        changed = {path for path in before.keys() & self._rows.keys() if before[path] != self._rows[path]}
        for what, paths in (
            ("PATH_REMOVED", before.keys() - self._rows.keys()), ("PATH_ADDED", self._rows.keys() - before.keys()),
            ("PATH_CHANGED", changed),
        ):  # fmt: skip
            for path in sorted(paths):
                await self._socket.send_text(json.dumps({"COMMAND": what, "DATA": PREFIX + path}))
