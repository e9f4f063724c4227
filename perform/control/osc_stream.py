"""OSC by TCP: packets in SLIP frames (OSC 1.1, RFC 1055) or behind their length (OSC 1.0), as each client does it.

The first byte tells: no packet is 16 MiB long, so a length begins with 0, which neither SLIP's END nor `/` nor `#` is.
Bounded: so many clients, so many bytes of each; the one that has been silent longest makes room for a new one.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from perform.control.osc_gate import OscError

END, ESC = b"\xc0", b"\xdb"
ESC_END, ESC_ESC = b"\xdb\xdc", b"\xdb\xdd"
MOST_CLIENTS = 16
AT_ONCE_BYTES = 65_536
Take = Callable[[bytes, str, Callable[[bytes], None], int], None]


def slip(packet: bytes) -> bytes:
    """A packet as a SLIP frame, with END before and after."""
    return END + packet.replace(ESC, ESC_ESC).replace(END, ESC_END) + END


def counted(packet: bytes) -> bytes:
    """A packet behind its length in four bytes."""
    return struct.pack(">I", len(packet)) + packet


class Frames:
    """Packets out of a stream of bytes. most_bytes: of one packet. `framed`: frames an answer in the same way."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept = b""
        self._begun = False
        self.framed: Callable[[bytes], bytes] = slip

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now. Raises OscError for one that is too long; then the stream cannot go on."""
        if not self._begun and data:
            self._begun = True
            self.framed = counted if data[0] == 0 else slip
        self._kept += data
        return self._slip() if self.framed is slip else self._counted()

    def _slip(self) -> list[bytes]:
        *frames, self._kept = self._kept.split(END)
        if len(self._kept) > 2 * self._most:
            raise OscError(f"a frame of more than {self._most} bytes")
        return [frame.replace(ESC_END, END).replace(ESC_ESC, ESC) for frame in frames if frame]

    def _counted(self) -> list[bytes]:
        found, at = [], 0
        while len(self._kept) - at >= 4:
            size = int.from_bytes(self._kept[at : at + 4], "big")
            if size > self._most:
                raise OscError(f"a packet of {size} bytes, more than {self._most}")
            if len(self._kept) - at < 4 + size:
                break
            found.append(self._kept[at + 4 : at + 4 + size])
            at += 4 + size
        self._kept = self._kept[at:]
        return found


@dataclass(eq=False, slots=True)
class _Client:
    socket: socket.socket
    place: tuple[str, int]
    frames: Frames
    heard_s: float


class Streams:
    """The TCP side of a listener. Thread: the listener's; it never waits for a client.

    ready: tells whose bytes have come; its keys' data is called. may: whether an address may send. take: gets
    (packet, sender, reply, port). refuse: is told why a client was let go.
    """

    def __init__(
        self,
        listener: socket.socket,
        ready: selectors.BaseSelector,
        most_bytes: int,
        *,
        clock: Callable[[], float],
        may: Callable[[str], bool],
        take: Take,
        refuse: Callable[[str], None],
    ) -> None:
        self._listener, self._ready, self._most = listener, ready, most_bytes
        self._clock, self._may, self._take, self._refuse = clock, may, take, refuse
        self._clients: list[_Client] = []
        ready.register(listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        try:
            arrived, place = self._listener.accept()
        except OSError:
            return
        if not self._may(place[0]):
            self._refuse(f"{place[0]} is not among the addresses that may send")
            arrived.close()
            return
        if len(self._clients) >= MOST_CLIENTS:
            self._let_go(min(self._clients, key=lambda client: client.heard_s))
        arrived.setblocking(False)
        with contextlib.suppress(OSError):
            arrived.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _Client(arrived, place[:2], Frames(self._most), self._clock())
        self._clients.append(client)
        self._ready.register(arrived, selectors.EVENT_READ, lambda: self._read(client))

    def _read(self, client: _Client) -> None:
        try:
            data = client.socket.recv(AT_ONCE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._let_go(client)
            return
        client.heard_s = self._clock()
        try:
            packets = client.frames.feed(data)
        except OscError as error:
            self._refuse(f"{client.place[0]} by TCP: {error}")
            self._let_go(client)
            return
        for packet in packets:
            self._take(packet, client.place[0], lambda answer: self._send(client, answer), client.place[1])

    def _send(self, client: _Client, packet: bytes) -> None:
        """An answer; a client that does not read what it asked for is let go."""
        data = client.frames.framed(packet)
        try:
            whole = client.socket.send(data) == len(data)
        except OSError:
            whole = False
        if not whole:
            self._let_go(client)

    def _let_go(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._ready.unregister(client.socket)
            client.socket.close()

    def close(self) -> None:
        """Let all go."""
        for client in list(self._clients):
            self._let_go(client)
        self._ready.unregister(self._listener)
