"""Sockets for OSC to listen at, and what the system says of them."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys

from perform.core.errors import DeviceError

RECEIVE_BUFFER_BYTES = 4 << 20
SO_MEMINFO, DROPS_AT, MEMINFO = 55, 8, struct.Struct("9I")
"""Linux's account of a socket (`include/uapi/linux/sock_diag.h`), the only one that says what a full buffer lost."""


def bind(
    host: str, port: int, kind: socket.SocketKind = socket.SOCK_DGRAM, option: str = "--osc-port"
) -> socket.socket:
    """A bound socket that does not block. Never shares a port: half of the messages would go astray. Raises
    DeviceError, naming the port and the option by which another is had."""
    if not 0 <= port <= 65535:
        raise DeviceError(f"OSC port {port} cannot be; take one from 1024 to 65535 with {option}")
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=kind, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )[0]
        receiver = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise DeviceError(f"OSC cannot listen on {host}:{port} ({error}); use an address of this machine") from None
    try:
        if kind == socket.SOCK_DGRAM:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        elif sys.platform != "win32":  # a port whose last clients have just gone is free; on Windows it would be shared
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        receiver.bind(place)
        if kind == socket.SOCK_STREAM:
            receiver.listen(4)
        receiver.setblocking(False)
    except OSError as error:
        receiver.close()
        raise DeviceError(_trouble(host, port, error, option)) from None
    return receiver


def _trouble(host: str, port: int, error: OSError, option: str) -> str:
    code = error.errno
    if code in (errno.EADDRINUSE, errno.EACCES) and (code == errno.EADDRINUSE or port >= 1024):
        return f"OSC port {port} is taken by another program; close it, or take another port with {option}"
    if code == errno.EACCES:
        return f"OSC port {port} is kept for the system; take one above 1023 with {option}"
    return f"OSC cannot listen on {host}:{port} ({error}); use an address of this machine"


def lost(receiver: socket.socket) -> int:
    """How many datagrams came while the system's buffer was full; 0 where it does not tell."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, struct.error):
            return int(MEMINFO.unpack(receiver.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size))[DROPS_AT])
    return 0
