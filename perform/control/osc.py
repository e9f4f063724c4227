"""OSC in: one thread receives, a gate reads, the parameter table judges, the engine's queue gets events.

What addresses and values can say is in osc_words.py, patterns are in osc_pattern.py. A flood is not thinned here but in
the engine's queue, which keeps the last value of an address per frame. The messages of a bundle land in one tick.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

from perform.control.osc_answer import Answers
from perform.control.osc_bind import bind, lost
from perform.control.osc_gate import Argument, Limits, Message, OscError, read_packet
from perform.control.osc_pattern import Patterns, is_pattern
from perform.control.osc_send import OscSender, encode
from perform.control.osc_stream import Streams
from perform.control.osc_words import (
    ASKS,
    Target,
    address_of,
    ending_of,
    events_for,
    row_at,
    target_of,
    told,
    value_for,
)  # fmt: skip
from perform.control.senders import Senders
from perform.core.errors import DeviceError, ParamError, PerformError
from perform.core.params import Param
from perform.core.types import ControlEvent, Value

__all__ = ["Limits", "OscSender", "OscServer", "TcpError", "value_for"]

WAITING_MAX = 4096
MOST_EVENTS = 4096
"""Of one packet: patterns in a bundle could ask for many."""
MONITORED = 200
WAKE_S = 0.1
AT_ONCE = 256
"""Datagrams read before whoever waits for its time is looked after."""
Reply = Callable[[bytes], object]


class TcpError(DeviceError):
    """The TCP port cannot be had; the UDP port could."""


class OscServer:
    """Listens for OSC and posts checked control events.

    port: 0 takes a free one, `.port` then tells which. tcp_port: the same by TCP; None for none. lookup: the parameter
    at a path, None where there is none; called in the receiving thread, as all of these. clock: monotonic seconds, for
    the events' times. source_allow: addresses and networks (`10.0.0.0/24`) that may send; None lets in whoever reaches
    the socket. wall: seconds since 1970, which is what timetags speak of. rows: (the table's revision, its rows), for
    patterns. value: what a parameter is now, for those who ask. `said`: told of each event and the (host, port) it
    came from. `last_error` says why something was refused last.
    """

    def __init__(
        self,
        port: int = 9000,
        host: str = "127.0.0.1",
        *,
        lookup: Callable[[str], Param | None],
        clock: Callable[[], float],
        source_allow: Iterable[str] | None = None,
        limits: Limits | None = None,
        wall: Callable[[], float] = time.time,
        rows: Callable[[], tuple[int, Iterable[Param]]] = lambda: (0, ()),
        value: Callable[[str], Value | None] = lambda _: None,
        tcp_port: int | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.tcp_port = tcp_port
        self.last_error = ""
        self.unknown: Callable[[str, tuple[Argument, ...]], bool] = lambda address, arguments: False
        """Who gets what speaks of no parameter, in the receiving thread; returns whether it means something."""
        self.said: Callable[[ControlEvent, tuple[str, int]], None] = _to_nobody
        self.monitor: deque[tuple[float, str, str, tuple[Argument, ...]]] = deque(maxlen=MONITORED)
        self._lookup = lookup
        self._value = value
        self._clock = clock
        self._wall = wall
        self._limits = limits or Limits()
        self._senders = Senders(source_allow, "OSC")
        self._answers = Answers(source_allow is not None, clock)
        self._patterns = Patterns(rows, clock)
        self._counts = dict.fromkeys(
            ("received", "refused", "unknown", "events", "answers", "late", "far", "dropped", "errors"), 0
        )
        self._waiting: list[tuple[float, int, list[ControlEvent]]] = []
        self._waits = 0
        self._order = 0
        self._post: Callable[..., None] = _nowhere
        self._socket: socket.socket | None = None
        self._door: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def open(self, post: Callable[..., None]) -> None:
        """Start listening. Raises DeviceError, naming the port, when it cannot be had."""
        self.close()
        self._socket = bind(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        if self.tcp_port is not None:
            try:
                self._door = bind(self.host, self.tcp_port, socket.SOCK_STREAM, "--osc-tcp")
            except DeviceError as error:
                self.close()
                raise TcpError(str(error)) from None
            self.tcp_port = self._door.getsockname()[1]
        self._post = post
        self._stop.clear()
        self._thread = threading.Thread(target=self._listen, args=(self._socket,), name="perform-osc", daemon=True)
        self._thread.start()

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: received (packets), refused, unknown (addresses), events, answers, errors; late and
        far (bundles whose time had passed, or lay too far ahead, and which happened at once).

        dropped: datagrams that came while the system's buffer was full; only Linux tells.
        """
        if self._socket is not None:
            self._counts["dropped"] = max(self._counts["dropped"], lost(self._socket))
        return dict(self._counts)

    def close(self) -> None:
        """Stop and free the port. Safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._door is not None:
            self._door.close()
            self._door = None
        self._waiting.clear()
        self._waits = 0

    def _listen(self, receiver: socket.socket) -> None:
        """The receiving thread."""
        with selectors.DefaultSelector() as ready:
            ready.register(receiver, selectors.EVENT_READ, lambda: self._receive(receiver))
            streams = None if self._door is None else Streams(
                self._door, ready, self._limits.datagram_bytes, clock=self._clock, may=self._senders.may,
                take=partial(self.take, connected=True), refuse=partial(self._fault, "refused"),
            )  # fmt: skip
            while not self._stop.is_set():
                for key, _ in ready.select(self._patience_s()):
                    key.data()
                self._run_waiting()
            if streams is not None:
                streams.close()

    def _receive(self, receiver: socket.socket) -> None:
        room = self._limits.datagram_bytes + 1  # one byte more shows that a datagram was too long
        for _ in range(AT_ONCE):
            try:
                data, sender = receiver.recvfrom(room)
            except BlockingIOError:
                return
            except OSError as error:
                # Windows says here that an earlier answer was not wanted, or that a datagram was too long.
                self._fault("errors", f"receiving: {error}")
                self._stop.wait(0.01)
                return
            self.take(data, sender[0], partial(self._answer_to, receiver, sender), sender[1])

    @staticmethod
    def _answer_to(receiver: socket.socket, place: Any, answer: bytes) -> None:
        receiver.sendto(answer, place)

    def _patience_s(self) -> float:
        if not self._waiting:
            return WAKE_S
        return min(max(self._waiting[0][0] - self._clock(), 0.0005), WAKE_S)

    def take(
        self, data: bytes, sender: str = "127.0.0.1", reply: Reply | None = None, port: int = 0, connected: bool = False
    ) -> None:
        """One packet, as the receiving thread takes it: refused or turned into events. Never raises.

        reply: sends bytes back to who sent it. connected: it came by TCP.
        """
        self._counts["received"] += 1
        try:
            if not self._senders.may(sender):
                raise OscError(f"{sender} is not among the addresses that may send")
            messages = read_packet(data, self._limits)
        except OscError as error:
            self._fault("refused", str(error))
            return
        if any(message.arguments == ASKS for message in messages):
            self._answers.heard(sender, len(data))
        left = MOST_EVENTS
        for due_s, together in groupby(messages, key=lambda message: message.due_s):
            events: list[ControlEvent] = []
            for message in together:
                if message.arguments == ASKS:
                    self._asked(message, sender, reply, connected)
                elif left > len(events):
                    events += self._acts(message)
                else:
                    self._fault("refused", f"a packet that asks for more than {MOST_EVENTS} changes")
            left -= len(events)
            for event in events if port else ():
                self.said(event, (sender, port))
            if due_s is None or not self._wait(events, due_s):
                self._hand_in(events)

    def _wait(self, events: list[ControlEvent], due_s: float) -> bool:
        """Keep events for their time. False where they are to happen now: past, too far ahead, or too many wait."""
        ahead_s = due_s - self._wall()
        if ahead_s <= 0.0 or ahead_s > self._limits.ahead_s:
            self._counts["late" if ahead_s <= 0.0 else "far"] += 1
            return False
        if self._waits + len(events) > WAITING_MAX:
            return False
        self._order += 1
        self._waits += len(events)
        heapq.heappush(self._waiting, (self._clock() + ahead_s, self._order, events))
        return True

    def _run_waiting(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._clock():
            due_s, _, events = heapq.heappop(self._waiting)
            self._waits -= len(events)
            self._hand_in([replace(event, time_s=due_s) for event in events])

    def _hand_in(self, events: list[ControlEvent]) -> None:
        if not events:
            return
        try:
            self._post(*events)
            self._counts["events"] += len(events)
        except Exception as error:  # noqa: BLE001 - the listener outlives whatever the other side of `post` does
            self._fault("errors", f"{events[0].address}: {type(error).__name__}: {error}")

    def _acts(self, message: Message) -> list[ControlEvent]:
        """The events that a message asks for; none, counted, where it cannot be."""
        self.monitor.append((self._clock(), message.address, "in", message.arguments))
        try:
            targets = self._targets(message.address)
            if not targets and not self.unknown(message.address, message.arguments):
                self._fault("unknown", f"no parameter at {message.address}; `perform list params` shows all")
            if len(targets) == 1:
                return events_for(targets[0], message.arguments, self._clock())
            return self._fitting(targets, message)
        except PerformError as error:
            self._fault("refused", str(error))
        except Exception as error:  # noqa: BLE001 - nor does it end by whoever takes what is not ours
            self._fault("errors", f"{message.address}: {type(error).__name__}: {error}")
        return []

    def _fitting(self, targets: list[Target], message: Message) -> list[ControlEvent]:
        """What a pattern asks for, of those of its parameters that can take it. Raises ParamError when none can."""
        events: list[ControlEvent] = []
        refused: ParamError | None = None
        for target in targets:
            try:
                events += events_for(target, message.arguments, self._clock())
            except ParamError as error:
                refused = error
        if refused is not None and not events:
            raise refused
        return events

    def _targets(self, address: str) -> list[Target]:
        """What an address or pattern means; nothing for one that is not ours. Raises PerformError."""
        if not is_pattern(address):
            target = target_of(address, self._lookup)
            return [] if target is None else [target]
        ending = ending_of(address)
        if ending is None:
            return []
        found = []
        for path in self._patterns.paths(ending.path):
            known = row_at(path, self._lookup)
            if known is not None:
                path = path if known[1] < 0 else path.rpartition("/")[0]
                found.append(Target(known[0], path, known[1], ending.normalised, ending.when))
        return found

    def _asked(self, message: Message, sender: str, reply: Reply | None, connected: bool) -> None:
        """Answer the one argument `?` with the value."""
        self.monitor.append((self._clock(), message.address, "in", message.arguments))
        try:
            targets = self._targets(message.address)
            if not targets and not self.unknown(message.address, message.arguments):
                self._fault("unknown", f"no parameter at {message.address}; `perform list params` shows all")
            for target in targets if reply is not None else ():
                answer = self._answer(target, message.address)
                if answer is not None and reply is not None:
                    self._answers.check(sender, len(answer), connected)
                    reply(answer)
                    self._counts["answers"] += 1
        except PerformError as error:
            self._fault("refused", str(error))
        except (OSError, ValueError) as error:
            self._fault("errors", f"answering {sender}: {error}")

    def _answer(self, target: Target, address: str) -> bytes | None:
        value = self._value(target.path)
        value = None if value is None else told(target, value)
        if value is None:
            return None
        return encode(address_of(target) if is_pattern(address) else address, value)

    def _fault(self, counter: str, reason: str) -> None:
        self._counts[counter] += 1
        self.last_error = reason if len(reason) <= 300 else reason[:300] + "…"


def _nowhere(*events: ControlEvent) -> None:
    """Before `open`, events go nowhere."""


def _to_nobody(event: ControlEvent, sender: tuple[str, int]) -> None:
    """Nobody wants to know."""
