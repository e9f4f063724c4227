"""What a hand on the panel waits for, and what a looker costs the show: over the real socket, on loopback.

A drag is a client that says a new value 30 times a second by binary OSC; its way ends in the tick that plays it.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import numpy as np

FPS = 60.0
ADDRESS = "macro/1"
STEPS = 20000.0


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A small show with no one at the panel, with a drag, and with a client that looks at all there is."""
    from perform.app import open_live
    from perform.options import Options

    options = Options(audio="silence", source="shader:silk", size=(160, 90), display="offscreen", osc_port=-1,
                      midi="none", web=0, fps=FPS)  # fmt: skip
    rig = open_live(options, lambda line: None)
    seconds = 1.5 if quick else 12.0
    try:
        _play(rig, 0.5)
        rig.panel.begin()
        _play(rig, 1.5)  # the server's libraries are loaded meanwhile
        alone = _play(rig, seconds)
        waits = _dragged(rig, seconds)
        watched = _watched(rig, seconds)
    finally:
        rig.close()
    frame_ms = 1000.0 / FPS
    within = 100.0 * float(np.mean(waits <= frame_ms))
    cost = {"tick_ms_nobody": _middle(alone), "tick_ms_watched": _middle(watched)}
    return [
        {"what": "from the socket to the tick that plays it", "ms_p50": _middle(waits),
         "ms_p99": round(float(np.percentile(waits, 99)), 2), "percent_within_a_frame": round(within, 1),
         "values": len(waits)},
        {"what": "a panel that looks at pictures, meters and spectrum", **cost,
         "ratio": round(cost["tick_ms_watched"] / max(cost["tick_ms_nobody"], 1e-9), 2)},
    ]  # fmt: skip


def _middle(values: np.ndarray) -> float:
    return round(float(np.median(values)), 3)


def _play(rig: Any, seconds: float) -> np.ndarray:
    """Ticks for so long; the processor time of each in the engine's thread, ms."""
    spent: list[float] = []
    ends_s = time.monotonic() + seconds
    due_s = time.monotonic()
    while time.monotonic() < ends_s:
        began_s = time.thread_time()
        rig.engine.tick(rig.clock())
        rig.show.after_tick()
        rig.panel.after_tick()
        spent.append((time.thread_time() - began_s) * 1000.0)
        due_s = max(due_s + 1.0 / FPS, time.monotonic() - 0.1)
        time.sleep(max(0.0, due_s - time.monotonic()))
    return np.array(spent)


def _connected(rig: Any, path: str) -> Any:
    from websockets.sync.client import connect

    name = f"127.0.0.1:{rig.panel.port}"
    return connect(f"ws://{name}{path}", origin=f"http://{name}", compression=None, open_timeout=20.0)  # type: ignore[arg-type]


def _dragged(rig: Any, seconds: float) -> np.ndarray:
    """How long each value of a drag took to the moment in which a tick took it, ms."""
    sent: dict[int, float] = {}
    taken: dict[int, float] = {}
    drain = rig.engine.queue.drain

    def noted() -> list[Any]:
        events = drain()
        now_s = time.monotonic()
        for event in events:
            if event.address == ADDRESS:
                taken[round(float(event.value) * STEPS)] = now_s
        return events

    def drag() -> None:
        from perform.control.web.hub import packet

        row = rig.engine.table[ADDRESS]
        with _connected(rig, "/") as socket:
            for step in range(1, int(seconds * 30.0)):
                sent[step] = time.monotonic()
                socket.send(packet(row, step / STEPS))
                time.sleep(1.0 / 30.0)

    rig.engine.queue.drain = noted
    hand = threading.Thread(target=drag, name="bench-drag")
    hand.start()
    while hand.is_alive():
        _play(rig, 0.25)
    rig.engine.queue.drain = drain
    return np.array([(taken[step] - at_s) * 1000.0 for step, at_s in sent.items() if step in taken])


def _watched(rig: Any, seconds: float) -> np.ndarray:
    """Ticks while one client asks for states and pictures as fast as it gets them."""
    stop = threading.Event()

    def look(path: str, first: str, again: str) -> None:
        with _connected(rig, path) as socket:
            socket.send(first)
            while not stop.is_set():
                socket.send(again)
                socket.recv(timeout=10.0)

    want = json.dumps({"want": {"signals": ["audio/level"], "live": [ADDRESS], "spectrum": True, "wave": True}})
    picture = json.dumps({"get": "picture", "of": "out", "px": 320})
    threads = [
        threading.Thread(target=look, args=("/panel/live", want, json.dumps({"get": "state"}))),
        threading.Thread(target=look, args=("/panel/preview", picture, picture)),
    ]
    for thread in threads:
        thread.start()
    _play(rig, 0.5)
    spent = _play(rig, seconds)
    stop.set()
    while any(thread.is_alive() for thread in threads):
        _play(rig, 0.1)
    return spent
