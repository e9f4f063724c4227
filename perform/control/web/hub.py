"""The OSCQuery socket: values as binary OSC both ways, LISTEN and IGNORE, and notices when rows come and go.

A client gets the newest value of what it listens to, at most RATE_HZ times a second, and never an older one: nothing is
queued for a slow one.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from perform.control.osc_gate import Limits, OscError, read_packet
from perform.control.osc_send import encode, head
from perform.control.osc_words import PREFIX, events_for, target_of
from perform.control.web.guard import PERFORMER, ROLE
from perform.control.web.pace import Pace
from perform.core.errors import PerformError
from perform.core.params import PARTS, Param, ParamTable
from perform.core.types import ControlEvent, Value

SIGNAL = "signal/"
RATE_HZ = 60.0
MOST_CLIENTS = 16
MOST_LISTENED = 4096
MOST_TEXT = 8 << 10
BURST, PER_S = 3000.0, 1500.0
"""Messages on one socket: two hands full of faders, and the many LISTENs of a first look."""
TOO_FAST, TOO_MANY, TOO_BIG, NO_SENSE = 1008, 1013, 1009, 1007


def packet(row: Param, value: Value) -> bytes:
    """The value of a row as one OSC message: text, whole numbers and floats as the row's kind has them."""
    if row.kind in PARTS:
        value = tuple(float(part) for part in value)  # type: ignore[union-attr]
    elif row.kind in _AS:
        value = _AS[row.kind](value)
    return encode(PREFIX + row.name, value)


_AS: Mapping[str, Callable[[Any], Value]] = {"bool": bool, "int": int, "trigger": int, "float": float}


def impulse(row: Param) -> bytes:
    """A trigger that was pulled."""
    return head(PREFIX + row.name, ",I")


def signal_packet(path: str, value: float) -> bytes:
    """A source of modulation as one float."""
    return encode(PREFIX + path, value if math.isfinite(value) else 0.0)


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
        pace = Pace(BURST, PER_S)
        while True:
            try:
                raw = await socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if raw["type"] != "websocket.receive":
                return
            if pace.over():
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
        """One packet from a performer: what osc_words.py reads, patterns aside. Never raises."""
        self.counts["osc received"] += 1
        try:
            for message in read_packet(data, self._limits):
                for event in self._events(message.address, message.arguments):
                    self._post(replace(event, origin=self._view.origin))
                    self.counts["osc events"] += 1
        except (OscError, PerformError):
            self.counts["osc refused"] += 1

    def _events(self, address: str, arguments: tuple[Any, ...]) -> list[ControlEvent]:
        target = target_of(address, self._row)
        if target is None:
            self.counts["osc unknown"] += 1
            return []
        return events_for(target, arguments, self._clock())

    def _row(self, path: str) -> Param | None:
        """The row at a path, where it is there for these clients."""
        row = self._table[path] if path in self._table else None
        return row if row is not None and self._view.shows(row) else None


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
