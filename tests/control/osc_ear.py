"""A server on a free port, what it posted, and what becomes of a table of every kind of parameter."""

import socket
import time

from perform.control.osc import OscServer
from perform.control.osc_send import encode
from perform.core.changes import made_whole
from perform.core.params import Param, ParamTable
from perform.engine.mailbox import ControlQueue

ROWS = [
    Param("deck/a/source/psi", lo=-1.0, hi=2.0, default=1.0),
    Param("deck/a/source/seed", "int", 0, 0, 1000),
    Param("deck/a/source/walk", "choice", "hold", choices=("hold", "drift", "orbit")),
    Param("deck/a/fx/bloom/tint", "colour", (1.0, 1.0, 1.0, 1.0)),
    Param("deck/a/fx/mirror/centre", "point", (0.5, 0.5)),
    Param("deck/a/source/prompt_1", "text", ""),
    Param("deck/a/fx/strobe/rate_hz", lo=0.1, hi=10.0, default=1.0, curve="log"),
    Param("out/blackout", "bool", False),
    Param("out/freeze", "bool", False),
    Param("out/panic", "trigger", False),
]


class Ear:
    """A server on a free port, and what it posted."""

    def __init__(self, **options):
        self.table = ParamTable(ROWS)
        self.events = []
        self.server = OscServer(
            0, lookup=self.lookup, clock=time.monotonic, rows=lambda: (self.table.revision, list(self.table)),
            value=lambda path: self.table.base().get(path), **options,
        )  # fmt: skip

    def lookup(self, path):
        return self.table[path] if path in self.table else None

    def post(self, *events):
        self.events += events

    def __enter__(self):
        self.server.open(self.post)
        return self

    def __exit__(self, *_):
        self.server.close()

    def wait(self, *, patience_s=10.0, **wanted):
        """Until the counters reach what is wanted, at least."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            counts = self.server.counts()
            if all(counts[k] >= v for k, v in wanted.items()):
                return counts
            time.sleep(0.005)
        raise AssertionError(f"wanted {wanted}, got {self.server.counts()}; {self.server.last_error}")

    def raw(self, *datagrams):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for data in datagrams:
                sender.sendto(data, ("127.0.0.1", self.server.port))


class Settled(Ear):
    """An ear whose events reach its table by way of the engine's queue."""

    def __init__(self, **options):
        super().__init__(**options)
        self.queue = ControlQueue(lambda path: self.table[path].kind == "trigger")

    def post(self, *events):
        super().post(*events)
        self.queue.post(*events)

    def settle(self):
        for event in self.queue.drain():
            row = self.table[event.address]
            whole = made_whole(event, row, self.table.value(row.name))
            self.table.set(row.name, whole.value, normalised=whole.normalised)

    def value(self, path):
        self.settle()
        return self.table.value(path)


def hear(ear, path, *arguments):
    ear.server.take(encode(f"/perform/{path}", arguments))
