"""Opens OSC for a live show: the listener, and whoever is told. What cannot be had is said, and played without."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from perform.control.osc import Limits, OscServer, TcpError
from perform.control.osc_out import OscOut
from perform.control.osc_tempo import OscTempo
from perform.control.osc_words import PREFIX
from perform.core.contracts import Control
from perform.core.errors import DeviceError
from perform.core.params import Param, ParamTable
from perform.engine.engine import Engine
from perform.options import Options
from perform.osc_targets import out_targets
from perform.shader_desk import MESSAGE_ROW

Say = Callable[[str], None]
PORT = 9000


def open_osc(options: Options, show: Any, clock: Callable[[], float], say: Say) -> list[Control]:
    """The listener first, then whoever tells."""
    opened: list[Control] = []
    server = _listening(options, show, clock, say)
    if server is not None:
        opened.append(server)
    try:
        out = _out(options, show, clock)
    except DeviceError as error:
        say(f"{error}; playing without")
        return opened
    if out is not None:
        if server is not None:
            server.said = out.heard
        out.open(show.engine.queue.post)
        opened.append(out)
    return opened


def _listening(options: Options, show: Any, clock: Callable[[], float], say: Say) -> OscServer | None:
    """OSC in, if it is wanted and its ports can be had. A taken TCP port leaves UDP."""
    server = _listener(options, show.engine.table, clock)
    try:
        if server is not None:
            server.open(show.engine.queue.post)
        return server
    except TcpError as error:
        say(f"{error}; playing without OSC by TCP")
        return _listening(replace(options, osc_tcp=None), show, clock, say)
    except DeviceError as error:
        say(f"{error}; playing without OSC")
        return None


def _listener(options: Options, table: ParamTable, clock: Callable[[], float]) -> OscServer | None:
    """OSC in, where it is wanted."""
    port = PORT if options.osc_port is None else options.osc_port
    if port < 0:
        return None

    def lookup(address: str) -> Param | None:
        return table[address] if address in table else None

    return OscServer(
        port, options.osc_host or "127.0.0.1", lookup=lookup, clock=clock, source_allow=options.osc_allow or None,
        rows=lambda: (table.revision, list(table)), value=table.base().get,
        limits=Limits(ahead_s=options.osc_ahead_s),
        tcp_port=None if options.osc_tcp is None or options.osc_tcp < 0 else options.osc_tcp,
    )  # fmt: skip


def _out(options: Options, show: Any, clock: Callable[[], float]) -> OscOut | None:
    targets = out_targets(options.osc_out, options.osc_send)
    if not targets:
        return None
    engine: Engine = show.engine
    out = OscOut(
        targets, options.osc_out_rate_hz, engine.table, signals=lambda: engine.signals,
        health=lambda: dict(health_of(engine)), clock=time.monotonic,
        also=options.osc_also,
    )  # fmt: skip
    if out.beat:
        engine.musical.outs.append(OscTempo(out.beat, clock).tell)
    if out.notices:
        show.shaders.listeners.append(lambda line: out.notices.send(PREFIX + MESSAGE_ROW.name, line))
    return out


def health_of(engine: Engine) -> Iterator[tuple[str, float]]:
    """How the show does, as numbers: what a monitor of an installation watches."""
    health = engine.health
    frame = health.stages.get("frame")
    if frame is not None and frame.count:
        middle_ms = frame.percentile(50)
        yield "fps", 1000.0 / max(middle_ms, 1e-3)
        yield "frame_ms", middle_ms
        yield "frame_ms_p99", frame.percentile(99)
    for letter, painter in list(engine.painters.items()):
        yield f"deck/{letter}/fps", painter.fps
        yield f"deck/{letter}/failures", painter.failures
    yield "uptime_s", engine.moment.seconds
    yield "frames", engine.moment.frame + 1
    yield "errors", sum(count for name, count in list(health.counts.items()) if name.endswith(" errors"))
    yield "events_dropped", engine.queue.dropped
    yield "sound_age_s", -1.0 if engine.heard is None else engine.heard.age_s
