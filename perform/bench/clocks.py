"""Musical time from outside: MIDI clock read through jitter, how evenly ours goes out, what it all costs."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from perform.control.midi_clock import CLOCK, START, MidiClockIn
from perform.control.midi_clock_out import MidiClockOut
from perform.control.midi_desk import MidiDesk
from perform.control.midi_map import Binding
from perform.core.clock import PARAMS
from perform.core.params import Param, ParamTable
from perform.core.types import BeatClock
from perform.engine.musical import MusicalTime

BPM = 128.0
JITTERS_MS = (0.0, 1.0, 3.0, 5.0)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows: clock in by jitter, a ramp, clock out beside a busy thread, costs. About 15 s, or 2 s if `quick`."""
    beats = 16 if quick else 256
    rows = [_steady(jitter_ms, beats) for jitter_ms in JITTERS_MS]
    rows += [_ramp(), _out(1.0 if quick else 8.0, busy=False), _out(1.0 if quick else 8.0, busy=True)]
    return [*rows, _tick_cost(500 if quick else 20000), _desk_cost(500 if quick else 20000)]


def _read(ticks_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Beats and bpm that a reader says at each tick [n]."""
    clock = MidiClockIn()
    clock.message([START], float(ticks_s[0]))
    beats, bpm = np.full(len(ticks_s), np.nan), np.full(len(ticks_s), np.nan)
    for n, when in enumerate(ticks_s):
        clock.message([CLOCK], float(when))
        word = clock.beat(float(when))
        if word is not None:
            beats[n], bpm[n] = word.beats, word.tempo_bpm
    return beats, bpm


def _steady(jitter_ms: float, beats: int) -> dict[str, Any]:
    period_s = 2.5 / BPM
    rng = np.random.default_rng(1)
    exact = np.arange(24 * beats) * period_s
    came = np.maximum.accumulate(exact + rng.normal(0.0, jitter_ms / 1000.0, len(exact)))
    said, bpm = _read(came)
    off_ms = (said - came * BPM / 60.0)[96:] * 60000.0 / BPM
    return {
        "what": f"clock in at {BPM:g} bpm, jitter of {jitter_ms:g} ms (rms)",
        "beat_off_ms_rms": round(float(np.sqrt(np.mean(off_ms**2))), 3),
        "beat_off_ms_most": round(float(np.abs(off_ms).max()), 3),
        "bpm_off_most": round(float(np.abs(bpm[96:] - BPM).max()), 3),
    }


def _ramp() -> dict[str, Any]:
    grid = np.linspace(0.0, 20.0, 200001)
    tempo = 120.0 + 20.0 * np.clip((grid - 6.0) / 8.0, 0.0, 1.0)
    beats = np.concatenate([[0.0], np.cumsum((tempo[1:] + tempo[:-1]) / 120.0 * np.diff(grid))])
    came = np.interp(np.arange(int(beats[-1] * 24)) / 24.0, beats, grid)
    came = np.maximum.accumulate(came + np.random.default_rng(1).normal(0.0, 0.001, len(came)))
    said, bpm = _read(came)
    off_ms = (said - np.interp(came, grid, beats))[96:] * 60000.0 / 130.0
    return {
        "what": "clock in, 120 to 140 bpm within 8 s, jitter of 1 ms",
        "beat_off_ms_rms": round(float(np.sqrt(np.mean(off_ms**2))), 3),
        "beat_off_ms_most": round(float(np.abs(off_ms).max()), 3),
        "bpm_off_most": round(float(np.abs(bpm[96:] - np.interp(came[96:], grid, tempo)).max()), 3),
    }


def _out(seconds: float, busy: bool) -> dict[str, Any]:
    """Ticks of the real thread, against where they should be; busy: beside a thread that never lets go by itself."""
    came: list[float] = []
    out = MidiClockOut(lambda message: came.append(time.monotonic()) if message[0] == CLOCK else None, time.monotonic)
    stop = threading.Event()

    def toil() -> None:
        while not stop.is_set():
            sum(range(2000))

    other = threading.Thread(target=toil, daemon=True)
    if busy:
        other.start()
    out.start()
    began = time.monotonic()
    while (now := time.monotonic()) - began < seconds:
        beats = (now - began) * BPM / 60.0
        out.tell(BeatClock(now, beats, BPM, 4, 1.0, "bench", beats / 4.0 % 1.0))
        time.sleep(1 / 60)
    out.close()
    stop.set()
    ticks = (np.array(came) - began) * BPM / 60.0 * 24.0
    late_ms = (ticks - np.round(ticks)) * 2500.0 / BPM
    p50, p99 = np.percentile(np.abs(late_ms), [50, 99])
    return {
        "what": "clock out, Python busy beside it" if busy else "clock out",
        "tick_off_ms_p50": round(float(p50), 3), "tick_off_ms_p99": round(float(p99), 3),
        "tick_off_ms_most": round(float(np.abs(late_ms).max()), 3), "ticks": len(came),
    }  # fmt: skip


class _Source:
    """A clock that always knows."""

    def __init__(self, name: str) -> None:
        self.name = name

    def beat(self, seconds: float) -> BeatClock:
        """Its word."""
        return BeatClock(seconds, seconds * BPM / 60.0, BPM, 4, 1.0, self.name)

    def counts(self) -> dict[str, int]:
        """None."""
        return {}


def _tick_cost(ticks: int) -> dict[str, Any]:
    """The engine's tick of musical time, with three sources outside."""
    musical = MusicalTime()
    musical.sources += [_Source("link"), _Source("midi"), _Source("mtc")]
    table = ParamTable()
    table.add(PARAMS, "tempo")
    values = table.base()
    began = time.thread_time()
    for n in range(ticks):
        musical.advance(n / 60.0, 1.0 / 60.0, values, None, 0.02)
    return {
        "what": "musical time, a tick with three sources",
        "us": round(1e6 * (time.thread_time() - began) / ticks, 2),
    }


def _desk_cost(messages: int) -> dict[str, Any]:
    """One message of a dial, from its bytes to its event, and one look of the feedback at 64 controls."""
    table = ParamTable(Param(f"m/{n}") for n in range(64))
    desk = MidiDesk(
        lambda path: table[path], lambda path: table.base().get(path), lambda name, message: True, lambda: 0.0,
        own=[Binding(f"cc/1/{n}", f"m/{n}", takeover="jump") for n in range(64)],
    )  # fmt: skip
    desk.plugged("box", True)
    began = time.thread_time()
    for n in range(messages):
        desk.message("box", [0xB0, n % 64, n * 7 % 128], n * 0.001)
    message_us = 1e6 * (time.thread_time() - began) / messages
    for _ in range(8):
        desk.feedback.round(1e6)
    began = time.thread_time()
    rounds = max(1, messages // 64)
    for _ in range(rounds):
        desk.feedback.round(1e6)
    look_us = 1e6 * (time.thread_time() - began) / rounds
    return {"what": "a dial's message to its event", "us": round(message_us, 2), "us_feedback_of_64": round(look_us, 1)}
