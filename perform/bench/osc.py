"""A flood of OSC, 10,000 messages a second over a real socket, against a real show: what it costs a frame, and whether
the last value of each address wins.

The same show plays by turns alone and under the flood, which a process of its own sends; the baseline is its own quiet.
It is paced as `perform play` paces it: 30 frames a second on a software renderer, else 60.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import numpy as np

from perform.core.params import Param

RATE_HZ, ADDRESSES = 10_000, 100
STEPS = 4096
SIZE = (320, 180)
SENDER = """
import socket, struct, sys, time
port, rate, count, steps = map(int, sys.argv[1:5])
seconds = float(sys.argv[5])
heads = []
for n in range(count):
    raw = b"/perform/bench/%d" % n
    heads.append(raw + bytes(4 - len(raw) % 4) + b",f\\0\\0")
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect(("127.0.0.1", port))
print("ready", flush=True)
sys.stdin.readline()
began, sent, last = time.monotonic(), 0, [0] * count
while (passed := time.monotonic() - began) < seconds:
    while sent < int(passed * rate):
        n = sent % count
        last[n] = (sent // count) % steps
        out.send(heads[n] + struct.pack(">f", last[n] / steps))
        sent += 1
    time.sleep(0.001)
print(sent, time.monotonic() - began, *last, flush=True)
"""


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A row without, one with, and one for what became of the messages."""
    from perform.app import open_live
    from perform.options import Options

    options = Options(audio="silence", source="shader:silk", size=SIZE, display="offscreen", osc_port=0, midi="none",
                      web=-1)  # fmt: skip
    rig = open_live(options, lambda line: None)
    rounds, seconds = (1, 1.0) if quick else (4, 5.0)
    quiet: list[_Ticks] = []
    loud: list[_Ticks] = []
    told: list[dict[str, float]] = []
    try:
        rig.engine.table.add([Param(f"bench/{n}", doc="one of many") for n in range(ADDRESSES)])
        _play(rig, 1.0)
        for _ in range(rounds):
            quiet.append(_play(rig, seconds))
            ticks, said = _flooded(rig, seconds)
            loud.append(ticks)
            told.append(said)
    finally:
        rig.close()
    alone, flooded = _row("show alone", quiet), _row(f"with {RATE_HZ} messages a second", loud)
    for name in ("tick_ms_p50", "cpu_ms_p50"):
        flooded[f"{name.removesuffix('_p50')}_ratio"] = round(flooded[name] / max(alone[name], 1e-9), 3)
    return [alone, flooded, _messages(told)]


class _Ticks:
    """Ticks of one stretch: wall and processor time of each in the engine's thread; time from one to the next."""

    def __init__(self) -> None:
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []
        self.apart_ms: list[float] = []


def _row(what: str, stretches: list[_Ticks]) -> dict[str, Any]:
    wall, cpu, apart = (
        np.concatenate([getattr(stretch, name) for stretch in stretches]) for name in ("wall_ms", "cpu_ms", "apart_ms")
    )
    return {
        "what": what, "tick_ms_p50": round(float(np.median(wall)), 3),
        "tick_ms_p99": round(float(np.percentile(wall, 99)), 3), "cpu_ms_p50": round(float(np.median(cpu)), 3),
        "frame_ms_p50": round(float(np.median(apart)), 3), "frame_ms_p99": round(float(np.percentile(apart, 99)), 3),
        "ticks": len(wall),
    }  # fmt: skip


def _messages(told: list[dict[str, float]]) -> dict[str, Any]:
    sums = {name: sum(said[name] for said in told) for name in told[0]}
    return {
        "what": "messages", "sent_per_s": round(sums["sent"] / sums["seconds"]), "sent": int(sums["sent"]),
        "received": int(sums["received"]), "lost": int(sums["sent"] - sums["received"]),
        "refused": int(sums["refused"]), "addresses": ADDRESSES * len(told), "last_value_wrong": int(sums["wrong"]),
    }  # fmt: skip


def _play(rig: Any, seconds: float, until: Any = None) -> _Ticks:
    """Paced ticks for so long, or until something is true."""
    ticks, period_s = _Ticks(), 1.0 / (30.0 if rig.software else 60.0)
    due_s = before_s = time.monotonic()
    ends_s = due_s + seconds
    while time.monotonic() < ends_s and not (until is not None and until()):
        began_s, busy_s = time.perf_counter(), time.thread_time()
        rig.engine.tick(rig.clock())
        rig.show.after_tick()
        ticks.cpu_ms.append((time.thread_time() - busy_s) * 1000.0)
        ticks.wall_ms.append((time.perf_counter() - began_s) * 1000.0)
        now_s = time.monotonic()
        ticks.apart_ms.append((now_s - before_s) * 1000.0)
        before_s = now_s
        due_s = max(due_s + period_s, now_s - 0.1)
        time.sleep(max(0.0, due_s - now_s))
    return ticks


def _flooded(rig: Any, seconds: float) -> tuple[_Ticks, dict[str, float]]:
    """The show under the flood, and what became of the messages."""
    server = next(control for control in rig.controls if hasattr(control, "tcp_port"))
    words = [sys.executable, "-c", SENDER, *map(str, (server.port, RATE_HZ, ADDRESSES, STEPS, seconds))]
    before = dict(server.counts())
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdin is not None and sender.stdout is not None
        sender.stdout.readline()
        sender.stdin.write("go\n")
        sender.stdin.flush()
        ticks = _play(rig, seconds)
        _play(rig, 30.0, lambda: sender.poll() is not None)
        sent, took_s, *last = sender.stdout.read().split()
    _play(rig, 0.5)
    after, table = server.counts(), rig.engine.table
    wrong = sum(abs(float(table.value(f"bench/{n}")) - int(k) / STEPS) > 1e-6 for n, k in enumerate(last))
    return ticks, {
        "sent": int(sent), "seconds": float(took_s), "wrong": wrong,
        **{name: after[name] - before[name] for name in ("received", "refused")},
    }  # fmt: skip
