"""A lighting desk plays along: Art-Net and sACN in, joined to the desk of hands, and as sources of routes.

One thread listens; levels are merged and looked at once a tick in the engine's. What a desk says holds when it moves:
of a fader here and a fader there, the one that moved last has it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from perform.control import artnet, sacn
from perform.control.controls import kind_of
from perform.control.dmx import CHANNELS, DmxError, Levels, Universe
from perform.control.hand_desk import HandDesk
from perform.control.midi_decode import Move
from perform.control.senders import Senders
from perform.core.errors import DeviceError
from perform.core.types import ControlEvent

MOST_UNIVERSES, MOST_JOINED = 64, 16
MOST_SOURCES = 2048
REPLY_PERIOD_S = 0.5
LOST = ("hold", "rest")
"""What a desk's parameters do when it is gone: stay, or go to where they begin."""
IP_MULTICAST_ALL = 49  # Linux: only what this socket has joined


class Lights:
    """host: the interface, 127.0.0.1 for programs on this machine only, 0.0.0.0 for all. universes: to be joined.

    allow: addresses and networks that may send; None for all that reach us. lost: one of LOST. ports: of Art-Net and
    sACN; 0 takes a free one. Thread: `open`, `close` from one, `signals` from the engine's.
    """

    def __init__(
        self,
        desk: HandDesk,
        clock: Callable[[], float],
        host: str = "127.0.0.1",
        universes: Iterable[int] = (1,),
        *,
        allow: Iterable[str] | None = None,
        lost: str = "hold",
        ports: tuple[int, int] = (artnet.PORT, sacn.PORT),
    ) -> None:
        self._host, self.ports = host, list(ports)
        self.problems: list[str] = []
        self.universes = sorted(set(universes))[:MOST_JOINED]
        self._desk, self._clock, self._lost = desk, clock, lost
        self._senders = Senders(allow, "lights")
        self._heard: dict[int, Universe] = {}
        self._lock = threading.Lock()
        self._seen: dict[int, np.ndarray] = {}
        self._wired: dict[int, dict[int, list[str]]] = {}
        self._wired_for: object = None
        self._moved: dict[int, dict[int, str]] = {}
        self._found: dict[str, float] = {}
        self._trusted: dict[int, float] = {}
        self._counts = {"received": 0, "refused": 0, "ignored": 0, "late": 0, "answered": 0, "errors": 0}
        self._answered: dict[str, float] = {}
        self.last_error = ""
        self._selector: selectors.BaseSelector | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """Listen. One protocol whose port is taken is told in `problems`. Raises DeviceError where both are."""
        self.close()
        try:
            self._host = socket.gethostbyname(self._host)
        except OSError as error:
            raise DeviceError(f"lights: {self._host} is no address of this machine ({error})") from None
        self._stop.clear()
        self._selector = selectors.DefaultSelector()
        self.problems = []
        for n, (name, take) in enumerate((("Art-Net", self._take_artnet), ("sACN", self._take_sacn))):
            try:
                sockets = [_bind(name, self._host, self.ports[n])]
            except DeviceError as error:
                self.problems.append(str(error))
                self.ports[n] = 0
                continue
            self.ports[n] = sockets[0].getsockname()[1]
            sockets += self._join(sockets[0]) if n == 1 else _broadcasts(self._host, self.ports[0])
            for one in sockets:
                self._selector.register(one, selectors.EVENT_READ, take)
        if len(self.problems) == 2:
            self.close()
            raise DeviceError("; ".join(self.problems))
        self._thread = threading.Thread(target=self._listen, args=(self._selector,), name="perform-lights", daemon=True)
        self._thread.start()

    def _join(self, unicast: socket.socket) -> list[socket.socket]:
        """Join the groups of our universes. A socket of its own for each hears that group on that interface alone;
        Windows has it in the one that is bound to the interface."""
        made: list[socket.socket] = []
        for universe in self.universes:
            group = sacn.group(universe)
            member = socket.inet_aton(group) + socket.inet_aton(self._host)
            if self._host == "0.0.0.0":  # the system picks a network; programs on this machine are heard besides
                with contextlib.suppress(OSError):
                    here = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
                    unicast.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, here)
            try:
                if sys.platform == "win32" or self._host == "0.0.0.0":
                    unicast.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
                    continue
                one = _socket()
                made.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if sys.platform == "linux":
                    one.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
                one.bind((group, self.ports[1]))
                one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            except OSError as error:
                self._fault("errors", f"sACN universe {universe} by multicast: {error}")
        return made

    def _listen(self, selector: selectors.BaseSelector) -> None:
        while not self._stop.is_set():
            for key, _ in selector.select(0.2):
                try:
                    data, sender = key.fileobj.recvfrom(1024)  # type: ignore[union-attr]
                    key.data(key.fileobj, data, sender)
                except BlockingIOError:
                    continue
                except Exception as error:  # noqa: BLE001 - the listener outlives whatever a network does
                    self._fault("errors", f"lights: {type(error).__name__}: {error}")
                    self._stop.wait(0.01)

    def _take_artnet(self, receiver: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        if self._may_send(sender[0]):
            levels = self._read(lambda: artnet.read(data, sender[0]))
            if levels is None and data[8:10] == b"\x00\x20" and len(data) >= 14 and data[:8] == artnet.ID:
                self._answer(receiver, sender)

    def _take_sacn(self, receiver: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        if self._may_send(sender[0]):
            self._read(lambda: sacn.read(data), passed_over="ignored")

    def _read(self, parse: Callable[[], Levels | None], passed_over: str = "received") -> Levels | None:
        self._counts["received"] += 1
        try:
            levels = parse()
        except DmxError as error:
            self._fault("refused", str(error))
            return None
        if levels is None:
            self._counts[passed_over] += passed_over != "received"
            return None
        with self._lock:
            universe = self._heard.get(levels.universe)
            if universe is None:
                if len(self._heard) >= MOST_UNIVERSES:
                    self._fault("refused", f"more than {MOST_UNIVERSES} universes")
                    return levels
                universe = self._heard[levels.universe] = Universe()
            if not universe.take(levels, self._clock()) and not levels.ended:
                self._counts["late"] += 1
        return levels

    def _answer(self, receiver: socket.socket, sender: tuple[str, int]) -> None:
        """Tell a desk that asks what we are, not too often: nobody is to be flooded by way of us."""
        now_s = self._clock()
        if now_s - self._answered.get(sender[0], -1e9) < REPLY_PERIOD_S:
            return
        if len(self._answered) >= 256:
            self._answered.clear()
        self._answered[sender[0]] = now_s
        alive = [number for number, universe in list(self._heard.items()) if universe.fresh]
        for reply in artnet.poll_replies(_our_address(self._host, sender), self.universes, alive):
            for port in {sender[1], artnet.PORT}:
                receiver.sendto(reply, (sender[0], port))
        self._counts["answered"] += 1

    def _may_send(self, sender: str) -> bool:
        if self._senders.may(sender):
            return True
        self._fault("refused", f"{sender} is not among the addresses that may send")
        return False

    # In the engine's thread

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Move what the desk moves; the channels that have been used are sources, `dmx/1/7`, 0..1."""
        if self._wired_for is not self._desk.bound:
            self._wire()
        now_s = self._clock()
        with self._lock:
            heard = [(number, one, one.fresh, one.look(now_s)) for number, one in self._heard.items()]
        for number, universe, before, changed in heard:
            trust = universe.trust(now_s)
            if changed:
                self._follow(number, universe.channels, seconds)
            elif before and not universe.fresh:
                self._gone(number, seconds)
            if changed or trust != self._trusted.get(number):
                self._trusted[number] = trust
                channels = universe.channels
                for channel, name in self._moved.get(number, {}).items():
                    self._found[name] = float(channels[channel - 1]) / 255.0 * trust
        return self._found

    def _wire(self) -> None:
        """Which controls look at which channels."""
        self._wired_for = bound = self._desk.bound
        self._wired = {}
        for control in bound:
            kind = kind_of(control)
            if kind in ("dmx", "dmx16"):
                number, channel = (int(part) for part in control.split("/")[1:])
                row = self._wired.setdefault(number, {})
                for one in (channel,) if kind == "dmx" else (channel, channel + 1):
                    row.setdefault(one, []).append(control)

    def _follow(self, number: int, channels: np.ndarray, seconds: float) -> None:
        before = self._seen.get(number)
        self._seen[number] = channels
        changed = np.flatnonzero(channels if before is None else channels != before) + 1
        used = self._moved.setdefault(number, {})
        if sum(len(some) for some in self._moved.values()) < MOST_SOURCES:
            used.update((channel, f"dmx/{number}/{channel}") for channel in changed.tolist() if channel not in used)
        wired = self._wired.get(number, {})
        if before is None:  # where the desk stands as it comes
            changed = np.arange(1, CHANNELS + 1)
        teaching = self._desk.learning.armed and before is not None
        moved = changed.tolist() if teaching else [channel for channel in changed.tolist() if channel in wired]
        for control in dict.fromkeys(c for channel in moved for c in wired.get(channel, (f"dmx/{number}/{channel}",))):
            if teaching and kind_of(control) != "dmx":
                continue
            if teaching:
                self._desk.values.setdefault(control, float(before[int(control.rsplit("/")[-1]) - 1]) / 255.0)  # type: ignore[index]
            self._desk.move("lights", _move(control, channels), seconds, first=before is None)

    def _gone(self, number: int, seconds: float) -> None:
        """The last desk of a universe is gone: what it moves stays, or goes to where it begins."""
        self._seen.pop(number, None)
        if self._lost == "rest":
            for control in dict.fromkeys(c for controls in self._wired.get(number, {}).values() for c in controls):
                self._desk.rest(control, seconds)

    def _fault(self, counter: str, reason: str) -> None:
        self._counts[counter] += 1
        self.last_error = reason[:200]

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        return {f"lights {name}": value for name, value in self._counts.items()}

    def close(self) -> None:
        """Stop and free the ports. Safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
            self._thread = None
        if self._selector is not None:
            for key in list(self._selector.get_map().values()):
                with contextlib.suppress(OSError):
                    key.fileobj.close()  # type: ignore[union-attr]
            self._selector.close()
            self._selector = None


def _move(control: str, channels: np.ndarray) -> Move:
    kind, _, channel = control.split("/")
    at = int(channel) - 1
    if kind == "dmx":
        return Move(control, int(channels[at]) / 255.0, int(channels[at]) >> 1)
    value = int(channels[at]) << 8 | int(channels[at + 1])
    return Move(control, value / 65535.0, value >> 9, fine=True)


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def _bind(name: str, host: str, port: int) -> socket.socket:
    made = _socket()
    try:
        if name == "Art-Net":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        else:  # the groups' sockets share the port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise DeviceError(f"{name} cannot listen on {host}:{port} ({error}); another program may hold it") from None
    return made


def _broadcasts(host: str, port: int) -> list[socket.socket]:
    """Sockets that hear what is sent to everybody on the network of one interface, which is how desks ask who is there.
    A socket bound to the interface's own address does not hear that (except on Windows)."""
    made: list[socket.socket] = []
    parts = host.split(".")
    if sys.platform == "win32" or host == "0.0.0.0":
        return made
    for kept in (1, 2, 3):
        one = _socket()
        try:
            one.bind((".".join(parts[:kept] + ["255"] * (4 - kept)), port))
        except OSError:  # no such network here
            one.close()
        else:
            made.append(one)
    return made


def _our_address(host: str, sender: tuple[str, int]) -> str:
    """Our address as the sender sees it."""
    if host != "0.0.0.0":
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(sender)
        return str(probe.getsockname()[0])
