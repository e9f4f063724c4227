"""A web server with a table, a feed and no show behind it, for tests; and a raw client that says what it likes."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import numpy as np
from websockets.sync.client import connect

from perform.control.web.feed import Feed, Glance
from perform.control.web.files import static_files
from perform.control.web.guard import LOOPBACK, PERFORMER, VIEWER, Door, hosts_of
from perform.control.web.hub import Hub
from perform.control.web.panel import OPEN_PATHS, Panel, Sources
from perform.control.web.server import WebServer, application
from perform.core.params import Param, ParamTable
from perform.core.types import Moment

LAN = "stage.local"
TOKENS = {"viewer-token": VIEWER, "performer-token": PERFORMER}
ROWS = (
    Param("psi", "float", 0.5, -1.0, 1.5, doc="truncation"),
    Param("steps", "int", 4, 1, 8),
    Param("on", "bool", False),
    Param("walk", "choice", "drift", choices=("hold", "drift", "orbit")),
    Param("ink", "colour", (1.0, 0.5, 0.0, 1.0)),
    Param("at", "point", (0.5, 0.5), 0.0, 1.0),
    Param("prompt_1", "text", ""),
    Param("jump", "trigger", False),
)


class Served:
    """table, feed, hub, panel, door: the parts. events: what was posted."""

    def __init__(self, **sources):
        self.table = ParamTable()
        self.table.add(ROWS, "deck/a/source")
        self.events, self.feed = [], Feed()
        self.hub = Hub(self.table, self.events.append, lambda: 1.0)
        lists = {"presets": lambda: [{"name": "one"}], "lan": lambda: {"links": []}, "broken": lambda: 1 // 0}
        thumbs = {"preset/one": b"THUMB"}
        self.panel = Panel(
            Sources(self.table, self.feed, lists, thumbs.get, lambda image: b"JPEG" + bytes(image.shape[:2]), **sources)
        )
        self.server = WebServer(self._make, "127.0.0.1", 0)

    def _make(self, port):
        def door(app):
            self.door = Door(app, hosts_of((*LOOPBACK, LAN), port), TOKENS, (*static_files(), *OPEN_PATHS))
            return self.door

        return application(self.hub, self.panel, door)

    @property
    def port(self):
        return self.server.port

    def look(self, frame=0, **more):
        """A tick goes by."""
        given = {"signals": {"audio/level": 0.5}, "values": dict(self.table.base()), **more}
        self.feed.glance = Glance(
            Moment(frame / 30.0, 1 / 30, frame, beats=2.25, bar_phase=0.5, tempo_bpm=121.5), self.table.revision,
            given["signals"], given["values"], np.linspace(0.0, 1.0, 64, dtype=np.float32),
            np.zeros((320, 2), np.float32), (0.25,),
        )  # fmt: skip

    def socket(self, path="/panel/live", host="127.0.0.1", token=None, origin="same", **more):
        """A websocket to it."""
        name = f"{host}:{self.port}"
        words = ["perform"] + ([f"token.{token}"] if token else [])
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=5.0)
        return connect(
            f"ws://{name}{path}", sock=raw, origin=f"http://{name}" if origin == "same" else origin,
            subprotocols=words, open_timeout=5.0, close_timeout=1.0, compression=None, **more,
        )  # fmt: skip

    def say(self, text):
        """Raw bytes in, (status, whole answer) out; status 0 where the server just hung up."""
        data = (
            text if isinstance(text, bytes) else text.replace("\n", "\r\n").replace("HOST", self.name).encode("latin-1")
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=5.0) as raw:
            raw.sendall(data)
            answer = b""
            try:
                while chunk := raw.recv(65536):
                    answer += chunk
            except OSError:
                pass
        status = int(answer.split()[1]) if answer.startswith(b"HTTP/") else 0
        return status, answer.decode("latin-1")

    @property
    def name(self):
        return f"127.0.0.1:{self.port}"


@contextmanager
def served(**sources):
    made = Served(**sources)
    made.server.bind()
    made.server.begin()
    try:
        yield made
    finally:
        made.server.close()
