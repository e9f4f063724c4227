"""The web server: a port, a thread, and what is mounted in it. Its libraries are imported in that thread, once the
show is on."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perform.core.errors import DeviceError

STOP_S = 2.0
MOST_CONNECTIONS = 128
SILENT_S = 10.0
"""So long may a connection stay open without having asked for anything."""
MOST_FRAME = 64 << 10
"""Bytes in one socket message."""
HEADERS_MOST = 16 << 10


class WebServer:
    """host, port: where it listens; 0 takes a free port, and `.port` tells which. spare: how many ports after it to
    try. make: builds the ASGI application; called in the server's thread. last_error: why it stopped, if it did."""

    def __init__(
        self, make: Callable[[int], Any], host: str = "127.0.0.1", port: int = 0, spare: int = 0,
        what: tuple[str, str] = ("the web panel", "--web"),
    ) -> None:  # fmt: skip
        self.host, self.port = host, port
        self.last_error = ""
        self._make, self._spare, self._what = make, spare, what
        self._socket: socket.socket | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._closing = False

    def bind(self) -> None:
        """Take the port; who connects from now on waits for `begin`. Raises DeviceError."""
        for port in range(self.port, self.port + self._spare + 1):
            try:
                self._socket = _listener(self.host, port)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and port < self.port + self._spare:
                    continue
                raise DeviceError(_trouble(self.host, port, error, *self._what)) from None
            self.port = int(self._socket.getsockname()[1])
            return

    def begin(self) -> None:
        """Start to answer."""
        if self._thread is None and self._socket is not None:
            self._thread = threading.Thread(target=self._run, name="perform-web", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            import uvicorn

            config = uvicorn.Config(
                self._make(self.port), http=_impatient(), ws="websockets-sansio", loop="asyncio", lifespan="off",
                log_config=None, access_log=False, log_level="critical", server_header=False, date_header=False,
                proxy_headers=False, ws_max_size=MOST_FRAME, ws_per_message_deflate=False, ws_ping_interval=15.0,
                ws_ping_timeout=15.0, h11_max_incomplete_event_size=HEADERS_MOST, timeout_keep_alive=20,
                limit_concurrency=MOST_CONNECTIONS, timeout_graceful_shutdown=1,
            )  # fmt: skip
            self._server = uvicorn.Server(config)
            if not self._closing:
                self._server.run(sockets=[self._socket])
        except Exception as error:  # noqa: BLE001 - the show goes on without a panel
            self.last_error = f"{self._what[0]} has stopped: {type(error).__name__}: {error}"

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        return {"web errors": int(bool(self.last_error))}

    def close(self) -> None:
        """Stop and free the port. Safe to call twice."""
        self._closing = True
        if self._server is not None:
            self._server.should_exit = True
            self._server.force_exit = True
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)
            self._thread = None
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None


def _impatient() -> Any:
    """uvicorn's protocol, which hangs up on who connects and says nothing: a room full of such would keep all out."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.loop.call_later(SILENT_S, self._hang_up)

        def _hang_up(self) -> None:
            if self.cycle is None and self.transport.get_protocol() is self:
                self.transport.close()

    return Impatient


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _trouble(host: str, port: int, error: OSError, what: str, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken by another program; take another with {option} PORT"
    if error.errno == errno.EACCES:
        return f"port {port} is kept for the system; take one above 1023 with {option} PORT"
    return f"{what} cannot listen on {host}:{port} ({error.strerror or error})"


def application(hub: Any, panel: Any, door: Callable[[Any], Any], more: Sequence[Any] = ()) -> Any:
    """The ASGI application: the OSCQuery socket at /, the panel beside it, all behind the door."""
    from starlette.applications import Starlette
    from starlette.routing import Route, WebSocketRoute

    from perform.control.web.panel import page

    routes = [
        WebSocketRoute("/", hub.serve),
        *panel.routes(),
        *more,
        Route("/{name:path}", page, methods=["GET", "HEAD"]),
    ]
    return door(Starlette(routes=routes))
