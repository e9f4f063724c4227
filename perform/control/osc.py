"""OSC over UDP: one thread receives, a gate reads, the parameter table judges, the engine's queue gets events.

`/perform/` + path sets a parameter in its native units, the same + `/norm` by 0..1. With `/at/bar` after either (or
`/at/beat`, `/at/4_bars`, `/at/now`) it happens on the next bar, whatever `tempo/quantise` says.

A flood is not thinned here but in the engine's queue, which keeps the last value of an address per frame. Nothing is
ever answered to a sender.
"""

from __future__ import annotations

import contextlib
import errno
import heapq
import ipaddress
import math
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from perform.control.osc_gate import Argument, Limits, Message, OscError, read_packet
from perform.control.osc_send import OscSender
from perform.core.divisions import parse_division
from perform.core.errors import DeviceError, ParamError, PerformError
from perform.core.params import Param
from perform.core.quantise import NOW
from perform.core.types import ControlEvent, Value

__all__ = ["Limits", "OscSender", "OscServer", "value_for"]

PREFIX = "/perform/"
NORM = "/norm"
AT = "/at/"
RECEIVE_BUFFER_BYTES = 4 << 20
WAITING_MAX = 4096
MONITORED = 200
WAKE_S = 0.1
SO_MEMINFO, DROPS_AT, MEMINFO = 55, 8, struct.Struct("9I")
"""Linux's account of a socket (`include/uapi/linux/sock_diag.h`), the only one that says what a full buffer lost."""


class OscServer:
    """Listens for OSC and posts checked control events.

    port: 0 takes a free one, `.port` then tells which. lookup: the parameter at a path, None where there is none;
    called in the receiving thread. clock: monotonic seconds, for the events' times. source_allow: addresses and
    networks (`10.0.0.0/24`) that may send; None lets in whoever reaches the socket. wall: seconds since 1970, which
    is what timetags speak of. `last_error` says why something was refused last.
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
    ) -> None:
        self.host = host
        self.port = port
        self.last_error = ""
        self.monitor: deque[tuple[float, str, str, tuple[Argument, ...]]] = deque(maxlen=MONITORED)
        self.unknown: Callable[[str, tuple[Argument, ...]], bool] = lambda address, arguments: False
        """Who gets what speaks of no parameter, in the receiving thread; returns whether it means something."""
        self._lookup = lookup
        self._clock = clock
        self._wall = wall
        self._limits = limits or Limits()
        self._allowed = None if source_allow is None else _networks(source_allow)
        self._judged: dict[str, bool] = {}
        self._counts = {"received": 0, "refused": 0, "unknown": 0, "events": 0, "dropped": 0, "errors": 0}
        self._waiting: list[tuple[float, int, Message]] = []
        self._order = 0
        self._post: Callable[[ControlEvent], None] = _nowhere
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """Start listening. Raises DeviceError, naming the port, when it cannot be had."""
        self.close()
        self._socket = _bind(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        self._post = post
        self._stop.clear()
        self._thread = threading.Thread(target=self._listen, args=(self._socket,), name="perform-osc", daemon=True)
        self._thread.start()

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: received (datagrams), refused, unknown (addresses), events, errors.

        dropped: datagrams that came while the system's buffer was full; only Linux tells.
        """
        if self._socket is not None and sys.platform.startswith("linux"):
            with contextlib.suppress(OSError, struct.error):
                lost = MEMINFO.unpack(self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size))[DROPS_AT]
                self._counts["dropped"] = max(self._counts["dropped"], lost)
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
        self._waiting.clear()

    def _listen(self, receiver: socket.socket) -> None:
        """The receiving thread."""
        room = self._limits.datagram_bytes + 1  # one byte more shows that a datagram was too long
        while not self._stop.is_set():
            try:
                receiver.settimeout(self._patience_s())
                data, sender = receiver.recvfrom(room)
            except TimeoutError:
                self._run_waiting()
                continue
            except OSError as error:
                # Windows says here that an earlier answer was not wanted, or that a datagram was too long.
                self._fault("errors", f"receiving: {error}")
                self._stop.wait(0.01)
                continue
            self.take(data, sender[0])
            if self._waiting:
                self._run_waiting()

    def _patience_s(self) -> float:
        if not self._waiting:
            return WAKE_S
        return min(max(self._waiting[0][0] - self._clock(), 0.0005), WAKE_S)

    def take(self, data: bytes, sender: str = "127.0.0.1") -> None:
        """One datagram, as the receiving thread takes it: refused or turned into events. Never raises."""
        self._counts["received"] += 1
        try:
            if self._allowed is not None and not self._may_send(sender):
                raise OscError(f"{sender} is not among the addresses that may send")
            messages = read_packet(data, self._limits)
        except OscError as error:
            self._fault("refused", str(error))
            return
        for message in messages:
            if message.due_s is not None and self._wait(message, message.due_s):
                continue
            self._act(message)

    def _wait(self, message: Message, due_s: float) -> bool:
        """Keep a message for its time. False where it is to happen now: past, too far ahead, or too many wait."""
        ahead_s = due_s - self._wall()
        if not 0.0 < ahead_s <= self._limits.ahead_s or len(self._waiting) >= WAITING_MAX:
            return False
        self._order += 1
        heapq.heappush(self._waiting, (self._clock() + ahead_s, self._order, message))
        return True

    def _run_waiting(self) -> None:
        now_s = self._clock()
        while self._waiting and self._waiting[0][0] <= now_s:
            self._act(heapq.heappop(self._waiting)[2])

    def _act(self, message: Message) -> None:
        """Post the event that a message asks for, or count why not."""
        self.monitor.append((self._clock(), message.address, "in", message.arguments))
        try:
            event = self._event(message)
            if event is not None:
                self._post(event)
                self._counts["events"] += 1
        except PerformError as error:
            self._fault("refused", str(error))
        except Exception as error:  # noqa: BLE001 - the listener outlives whatever the other side of `post` does
            self._fault("errors", f"{message.address}: {type(error).__name__}: {error}")

    def _event(self, message: Message) -> ControlEvent | None:
        """The checked event of a message; None where there is nothing to do. Raises ParamError."""
        path = message.address[len(PREFIX) :] if message.address.startswith(PREFIX) else ""
        path, when = _timed(path)
        param = self._lookup(path) if path else None
        normalised = False
        if param is None and path.endswith(NORM):
            path = path[: -len(NORM)]
            param = self._lookup(path)
            normalised = True
        if param is None:
            if self.unknown(message.address, message.arguments):
                return None
            self._fault("unknown", f"no parameter at {message.address}; `perform list params` shows all")
            return None
        if param.kind == "trigger" and not _pulled(param, message.arguments):
            return None
        value = _unit_value(param, message.arguments) if normalised else value_for(param, message.arguments)
        return ControlEvent(path, value, self._clock(), "osc", normalised, when)

    def _may_send(self, sender: str) -> bool:
        if sender not in self._judged:
            if len(self._judged) >= 1024:
                self._judged.clear()
            address = ipaddress.ip_address(sender.split("%")[0])
            address = getattr(address, "ipv4_mapped", None) or address
            self._judged[sender] = any(address in network for network in self._allowed or ())
        return self._judged[sender]

    def _fault(self, counter: str, reason: str) -> None:
        self._counts[counter] += 1
        self.last_error = reason if len(reason) <= 300 else reason[:300] + "…"


def _timed(path: str) -> tuple[str, str]:
    """(path without its ending `/at/LENGTH`, the length). Raises PresetError for a length that is none."""
    before, found, length = path.rpartition(AT)
    if not found:
        return path, ""
    length = length.replace("_", " ")
    if length != NOW:
        parse_division(length)
    return before, length


def value_for(param: Param, arguments: tuple[Argument, ...]) -> Value:
    """The native value that these arguments mean for a parameter, checked and clamped. Raises ParamError."""
    if param.kind == "trigger":
        return True
    if param.kind in ("colour", "point"):
        if len(arguments) == 1 and isinstance(arguments[0], tuple):
            return param.checked(arguments[0])
        return param.checked(arguments)
    if len(arguments) != 1:
        raise ParamError(f"{param.name}: takes one value, {len(arguments)} came")
    return param.checked(arguments[0])


def _unit_value(param: Param, arguments: tuple[Argument, ...]) -> float:
    """One number for `/norm`, clamped to 0..1. Raises ParamError where the kind has no such view."""
    if param.kind == "trigger":
        return 1.0
    value = arguments[0] if len(arguments) == 1 else None
    if not isinstance(value, int | float):
        raise ParamError(f"{param.name}{NORM}: takes one number between 0 and 1")
    param.from_norm(float(value))
    return min(max(float(value), 0.0), 1.0)


def _pulled(param: Param, arguments: tuple[Argument, ...]) -> bool:
    """Whether a trigger is pulled: no argument, nil, or anything true. A released button (0, false) is not."""
    value = arguments[0] if arguments else None
    if isinstance(value, float) and not math.isfinite(value):
        raise ParamError(f"{param.name}: {value} is not a finite number")
    return value is None or bool(value)


def _bind(host: str, port: int) -> socket.socket:
    """A bound UDP socket with a wide buffer. Never shares a port: half of the messages would go astray."""
    if not 0 <= port <= 65535:
        raise DeviceError(f"OSC port {port} cannot be; take one from 1024 to 65535 with --osc-port")
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )[0]
        receiver = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise DeviceError(f"OSC cannot listen on {host}:{port} ({error}); use an address of this machine") from None
    try:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        receiver.bind(place)
    except OSError as error:
        receiver.close()
        raise DeviceError(_bind_trouble(host, port, error)) from None
    return receiver


def _bind_trouble(host: str, port: int, error: OSError) -> str:
    code = error.errno
    if code in (errno.EADDRINUSE, errno.EACCES) and (code == errno.EADDRINUSE or port >= 1024):
        return f"OSC port {port} is taken by another program; close it, or take another port with --osc-port"
    if code == errno.EACCES:
        return f"OSC port {port} is kept for the system; take one above 1023 with --osc-port"
    return f"OSC cannot listen on {host}:{port} ({error}); use an address of this machine"


def _networks(texts: Iterable[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(text, strict=False) for text in texts]
    except ValueError as error:
        raise DeviceError(f"OSC: {error}; write addresses as 10.0.0.5 or 10.0.0.0/24") from None


def _nowhere(event: ControlEvent) -> None:
    """Before `open`, events go nowhere."""
