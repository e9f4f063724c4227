"""Runs the live path over a sound and hands out what was asked for. Memory stays bounded, however long the sound is."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perform.analysis.form import Form
from perform.analysis.lanes import Lanes
from perform.analysis.path import Beat, LivePath, Step, beat_lines
from perform.analysis.store import FeatureStore
from perform.analysis.summary import summary_of
from perform.core.contracts import AudioInput
from perform.core.errors import MediaError, UsageError
from perform.features.beat import TRUSTED, BeatState

RATE_HZ = 48000.0
"""Of the built-in band; a file keeps its own."""
TELL_S = 1.0
LONGEST_AHEAD_S = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """What `perform analyze` was asked for. seconds: None for all of it."""

    audio: str
    beats: Path | None = None
    features: Path | None = None
    plot: Path | None = None
    ahead_s: float = 0.0
    start_s: float = 0.0
    seconds: float | None = None
    channels: str | None = None


class Notes:
    """Everything that is kept on the way."""

    def __init__(self, hop_s: float, store: FeatureStore | None) -> None:
        self.lanes = Lanes(hop_s)
        self.form = Form()
        self.beats: list[Beat] = []
        self.metres: Counter[int] = Counter()
        self.heard_s = 0.0
        self.hops = 0
        self.loud = False
        self._newest: BeatState | None = None
        self._store = store

    def take(self, step: Step) -> None:
        """What one block brought."""
        self.heard_s = step.heard_s
        self.beats += step.beats[0]
        for state in step.states:
            self._newest = state
            if state.confidence >= TRUSTED:
                self.metres[state.beats_per_bar] += 1
        for hop in step.hops:
            self.hops += 1
            self.loud = self.loud or hop.values["audio/silence"] < 1.0
            self.lanes.add(hop, self._newest)
            self.form.step(hop.time_s, hop.values)
        if self._store is not None:
            self._store.add(step)


def analyze(request: Request, say: Callable[[str], None], progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Hear the sound as a live show would, write the files that were asked for; the summary.

    say: gets a line for each thing that a person should know. progress: (seconds heard, seconds in all).
    Raises MediaError, UsageError.
    """
    from perform.inputs import open_input

    if not 0.0 <= request.ahead_s <= LONGEST_AHEAD_S:
        raise UsageError(f"--ahead {request.ahead_s:g}: give seconds from 0 to {LONGEST_AHEAD_S:g}")
    for path in (request.beats, request.features, request.plot):
        check_output(path)
    with ExitStack() as stack:
        sound = open_input(
            request.audio, live=False, rate_hz=RATE_HZ, channels=request.channels, start_s=request.start_s
        )
        stack.callback(sound.close)
        sound.open()
        total_s = _total_s(sound, request)
        path = LivePath(sound, (request.ahead_s,))
        store = None
        if request.features is not None:
            store = FeatureStore(request.features)
            stack.callback(store.close)
        notes = Notes(path.analyser.hop_s, store)
        began_s = time.process_time()
        _hear(path, notes, request.seconds, total_s, progress)
        taken_s = time.process_time() - began_s
        _tell(sound, request, notes, say)
        summary = _summary(sound, request, notes, path, taken_s)
        _write(request, notes, store, sound.rate_hz, path.analyser.hop_s, summary)
    return summary


def _hear(
    path: LivePath, notes: Notes, seconds: float | None, total_s: float | None, progress: Callable[[int, int], None]
) -> None:
    told_s = 0.0
    for step in path.steps(seconds):
        notes.take(step)
        if total_s and notes.heard_s - told_s >= TELL_S:
            told_s = notes.heard_s
            progress(min(int(told_s), int(total_s)), int(total_s))
    if total_s:
        progress(int(total_s), int(total_s))


def _tell(sound: AudioInput, request: Request, notes: Notes, say: Callable[[str], None]) -> None:
    """What a person should know of the sound. Raises MediaError where there was nothing to hear."""
    error = getattr(sound, "error", None)
    if notes.hops == 0:
        raise MediaError(
            error or f"{request.audio} lasts {notes.heard_s * 1000:.1f} ms: too short to hear anything in it"
        )
    if error:
        say(f"{error}; what came before, {notes.heard_s:.1f} s, is analysed")
    if not notes.loud:
        say(f"{request.audio} is silent: no sound in it is over the gate (audio/gate_db)")


def _summary(sound: AudioInput, request: Request, notes: Notes, path: LivePath, taken_s: float) -> dict[str, Any]:
    about = {
        "file": request.audio,
        "start_s": request.start_s,
        "seconds": round(notes.heard_s, 3),
        "rate_hz": sound.rate_hz,
        "channels": sound.channels,
        "silent": not notes.loud,
        "times_faster": round(notes.heard_s / max(taken_s, 1e-6), 1),
        "ahead_s": request.ahead_s,
    }
    found = summary_of(about, notes.lanes, notes.beats, notes.form.stretches, notes.metres)
    return {**found, "counts": {name: n for name, n in path.counts().items() if n}}


def _write(
    request: Request, notes: Notes, store: FeatureStore | None, rate_hz: float, hop_s: float, summary: dict[str, Any]
) -> None:
    written: list[str] = []
    if request.beats is not None:
        try:
            request.beats.write_text(beat_lines(notes.beats), "utf-8")
        except OSError as error:
            raise MediaError(f"{request.beats} cannot be written: {error.strerror or error}") from error
        written.append(str(request.beats))
    if store is not None and request.features is not None:
        store.write(notes.beats, rate_hz, hop_s)
        written.append(str(request.features))
    if request.plot is not None:
        from perform.analysis.picture import draw

        written += [str(page) for page in draw(request.plot, summary, notes.lanes, notes.beats)]
    summary["written"] = written


def _total_s(sound: AudioInput, request: Request) -> float | None:
    """Seconds that will be heard, None where the file does not say. Raises UsageError for a sound without an end."""
    there_s = getattr(sound, "duration_s", None)
    if there_s is not None:
        there_s = max(0.0, there_s - request.start_s)
    elif request.seconds is None and not sound.name.startswith("file"):
        raise UsageError(f"{sound.name} never ends: say how much of it with --seconds S")
    wanted = [s for s in (there_s, request.seconds) if s is not None]
    return min(wanted) if wanted else None


def check_output(path: Path | None) -> None:
    """Raises UsageError for a file that could never be written, before anything is heard."""
    if path is None:
        return
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}, or the name is that of a folder")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path}: the folder {path.parent} cannot be written to")
