"""The OSCQuery server joined to the show: on this machine for all, in a network only by its own opt-in and a list."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

from perform.control.oscquery.announce import Announcement, own_addresses
from perform.control.senders import Senders
from perform.control.web.server import WebServer
from perform.core.contracts import Control
from perform.core.errors import DeviceError, UsageError
from perform.core.params import Param, is_wish
from perform.options import Options
from perform.panel import is_on

Say = Callable[[str], None]
PORT = 9070
LOOK_S = 0.1
NAME = "perform"


def for_strangers(row: Param) -> bool:
    """Whether a row is shown in a network: none that loads, saves, or does what cannot wait for a frame."""
    return not is_wish(row) and (row.live or row.kind != "trigger")


class QueryDesk:
    """A Control. host, port: where it listens. It answers once the show is on: its libraries are loaded then."""

    def __init__(self, rig: Any, options: Options, clock: Callable[[], float], say: Say) -> None:
        self._rig, self._options, self._clock, self._say = rig, options, clock, say
        self.lan = bool(options.oscquery_lan)
        try:
            self._allowed = Senders(options.oscquery_allow, "OSCQuery")
        except DeviceError as error:
            raise UsageError(str(error)) from None
        if self.lan and not options.oscquery_allow:
            raise UsageError("--oscquery-lan: say who may come in, like --oscquery-allow 192.168.1.0/24")
        port = PORT if options.oscquery is None else options.oscquery
        self.server = WebServer(
            self._application, "0.0.0.0" if self.lan else "127.0.0.1", port, what=("OSCQuery", "--oscquery")
        )
        self._post: Callable[..., None] = lambda event: None
        self._announcement: Announcement | None = None
        self._hub: Any = None
        self._answers: Any = None
        self._door: Any = None
        self._stop = threading.Event()
        self._starter = threading.Thread(target=self._start, name="perform-oscquery-start", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    @property
    def address(self) -> str:
        """Where others find this machine now; "" while a network is asked for and there is none."""
        found = own_addresses() if self.lan else ["127.0.0.1"]
        return found[0] if found else ""

    def open(self, post: Callable[..., None]) -> None:
        """Take the port. Raises DeviceError."""
        self._post = post
        self.server.bind()
        self._starter.start()

    def _start(self) -> None:
        """Wait until the show is on: nothing here may make the first picture come later."""
        while not self._stop.wait(LOOK_S) and not is_on(self._rig.engine):
            pass
        if self._stop.is_set():
            return
        self.server.begin()
        if self.lan:
            self._announcement = Announcement(f"{NAME} on {socket.gethostname()}", self.port, own_addresses, self._say)
            self._announcement.begin()

    def _application(self, port: int) -> Any:
        """What the server serves; called in its thread."""
        from perform.control.oscquery.application import Answers, application
        from perform.control.oscquery.door import QueryDoor
        from perform.control.oscquery.namespace import Namespace, host_info
        from perform.control.web.guard import LOOPBACK
        from perform.control.web.hub import Hub, View

        engine = self._rig.engine
        view = View(for_strangers if self.lan else _all, lambda: engine.signals, "oscquery", impulses=True)
        self._hub = Hub(engine.table, self._post, self._clock, view)
        names = Namespace(lambda: view.rows(engine.table).values(), engine.table.base, lambda: engine.signals)
        self._answers = Answers(names, lambda: host_info(NAME, self._osc(), (self.address, port)))
        hosts = (*LOOPBACK, socket.gethostname().lower(), f"{socket.gethostname().lower()}.local")

        def door(app: Any) -> QueryDoor:
            self._door = QueryDoor(app, hosts, self._allowed) if self.lan else QueryDoor(app, hosts)
            return self._door

        return application(self._hub, self._answers, door)

    def _osc(self) -> tuple[str, int] | None:
        """Where OSC is heard."""
        from perform.control.osc import OscServer

        for control in self._rig.controls:
            if isinstance(control, OscServer):
                host = self.address if control.host in ("0.0.0.0", "::") else control.host
                return host, control.port
        return None

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        parts = [p.counts for p in (self._hub, self._answers, self._door) if p is not None]
        return {f"oscquery {name.removeprefix('oscquery ')}": value for part in parts for name, value in part.items()}

    def close(self) -> None:
        """Stop, and take the announcement back. Safe to call twice."""
        self._stop.set()
        if self._announcement is not None:
            self._announcement.close()
        self.server.close()


def _all(row: Param) -> bool:
    return True


def open_oscquery(rig: Any, options: Options, clock: Callable[[], float], say: Say) -> Control | None:
    """The server of a live show, if it is wanted and its port can be had; else one line, and the show plays without."""
    if options.oscquery is not None and options.oscquery < 0:
        return None
    try:
        desk = QueryDesk(rig, options, clock, say)
        desk.open(rig.engine.queue.post)
    except DeviceError as error:
        say(f"{error}; playing without OSCQuery")
        return None
    if desk.lan:
        place = f"http://{desk.address}:{desk.port}/" if desk.address else f"port {desk.port}, once there is a network,"
        say(f"OSCQuery in the network: {place} for {', '.join(options.oscquery_allow)}")
    return desk
