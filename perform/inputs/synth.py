"""The built-in band: sound with no device and no file, its exact beat known. The fake that is fit for a stage.

It renders step by step (a sixteenth, about 0.12 s) from pure functions of the step, so any read size gives the same
samples bit for bit, and starting anywhere costs the same as starting at the beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from perform.core.types import BeatClock
from perform.inputs import synth_score as score
from perform.inputs.clock import Pace
from perform.inputs.level import Door
from perform.inputs.paced import PacedInput
from perform.inputs.synth_voices import Bank, one_shots, pads, riser

CEILING = 10.0 ** (-1.0 / 20.0)
"""-1 dBFS: no sample is larger."""
KICK, DRUMS, BASS, PAD, LEAD, STAB, RISER = 0.62, 0.8, 0.4, 0.6, 0.95, 0.75, 0.4
"""The desk: what each family of voices is turned up to."""
PUMP_DEPTH = 0.72


class _Desk(NamedTuple):
    """`synth_score.Layers` gliding through one step: [n] float32 each."""

    pad: np.ndarray
    bright: np.ndarray
    lead: np.ndarray
    pump: np.ndarray
    riser: np.ndarray


class SynthBand(PacedInput):
    """Stereo at any rate from about 8 kHz. seed: another seed is another take of the same piece.

    start_s: where in the piece stream time 0 lies. Loops for ever. Thread: one reader.
    """

    def __init__(
        self,
        *,
        live: bool,
        rate_hz: float = 48000.0,
        seed: int = 1,
        start_s: float = 0.0,
        door: Door | None = None,
        pace: Callable[[float], Pace] = Pace,
    ) -> None:
        super().__init__("synth", rate_hz, 2, live=live, door=door, pace=pace)
        self._seed = seed
        self._first = max(0, round(start_s * rate_hz))
        # Samples of one step as a fraction: step n starts at round(n * this) for ever, without drift.
        self._step = Fraction(rate_hz).limit_denominator(10**6) * 60 / (score.TEMPO_BPM * score.STEPS_PER_BEAT)
        self._shots: dict[str, np.ndarray] = {}
        self._longest_steps = 0
        self._pads: list[Bank] = []
        self._riser: Bank | None = None
        self._pump = np.zeros(0, np.float32)
        self._at = self._first
        self._chunk_step = -1
        self._chunk = np.zeros((0, 2), np.float32)

    # What the piece knows of itself. All times are stream times.

    def beat(self) -> BeatClock:
        """The beat at the sample that comes next."""
        time_s = self._position / self.rate_hz
        beats = (self._first / self.rate_hz + time_s) * score.TEMPO_BPM / 60.0
        return BeatClock(time_s, beats, float(score.TEMPO_BPM), score.BEATS_PER_BAR, 1.0, "synth")

    def beat_times(self, start_s: float, end_s: float) -> np.ndarray:
        """Stream times [n] of the beats in start_s..end_s (end not included), exact; float64."""
        period_s, offset_s = 60.0 / score.TEMPO_BPM, self._first / self.rate_hz
        first = int(np.ceil((start_s + offset_s) / period_s - 1e-9))
        last = int(np.ceil((end_s + offset_s) / period_s - 1e-9))
        return np.arange(max(0, first), max(0, last)) * period_s - offset_s

    def section(self, time_s: float) -> str:
        """Which section sounds at a stream time: intro, verse, build, drop, break or outro."""
        step = int((time_s + self._first / self.rate_hz) * score.TEMPO_BPM * score.STEPS_PER_BEAT / 60.0 + 1e-9)
        return score.place(step).section.name

    # PacedInput.

    def _start(self) -> int:
        if not self._shots:
            self._shots = one_shots(self._seed, self.rate_hz)
            self._pads = pads(self._seed, self.rate_hz)
            self._riser = riser(self._seed, self.rate_hz)
            longest = max(len(shot) for shot in self._shots.values())
            self._longest_steps = int(longest / self._step) + 2
            self._pump = _pump_curve(int(self._step * score.STEPS_PER_BEAT) + 2, self.rate_hz)
        self._at = self._first
        self._chunk_step = -1
        return 2

    def _take(self, frames: int) -> np.ndarray:
        out = np.empty((frames, 2), np.float32)
        done = 0
        while done < frames:
            step = self._step_of(self._at)
            if step != self._chunk_step:
                self._chunk, self._chunk_step = self._render(step), step
            within = self._at - self._edge(step)
            n = min(frames - done, len(self._chunk) - within)
            out[done : done + n] = self._chunk[within : within + n]
            done += n
            self._at += n
        return out

    def _skip(self, frames: int) -> None:
        self._at += frames

    # One step of sound.

    def _edge(self, step: int) -> int:
        """The first sample of a step."""
        return int(step * self._step + Fraction(1, 2))

    def _step_of(self, sample: int) -> int:
        step = int(sample / self._step)
        while self._edge(step) > sample:
            step -= 1
        while self._edge(step + 1) <= sample:
            step += 1
        return step

    def _render(self, step: int) -> np.ndarray:
        """The samples [n, 2] of one step, from nothing but its number."""
        start = self._edge(step)
        n = self._edge(step + 1) - start
        drums = np.zeros((n, 2), np.float32)
        music = np.zeros((n, 2), np.float32)
        for past in range(max(0, step - self._longest_steps), step + 1):
            for note in score.notes(past, self._seed):
                self._add(note, past, start, drums, music)
        ramp = np.linspace(0.0, 1.0, n, endpoint=False, dtype=np.float32)
        now, then = score.layers(step), score.layers(step + 1)
        desk = _Desk._make(a + (b - a) * ramp for a, b in zip(now, then, strict=True))
        music += self._pad(step, start, desk, ramp)
        if now.riser > 0.0 or then.riser > 0.0:
            assert self._riser is not None
            music += self._riser.read(start, desk.riser) * (desk.riser * np.float32(RISER * 2.0))[:, None]
        beat_start = self._edge(step - step % score.STEPS_PER_BEAT)
        duck = 1.0 - desk.pump * self._pump[start - beat_start : start - beat_start + n]
        mix = drums + music * duck[:, None]
        return np.asarray(np.tanh(mix) * np.float32(CEILING))

    def _pad(self, step: int, start: int, desk: _Desk, ramp: np.ndarray) -> np.ndarray:
        """The chord's table, gliding into the next chord within the first step of a chord."""
        here, before = score.place(step), score.place(step - 1)
        level = (desk.pad * np.float32(PAD))[:, None]
        out = self._pads[here.chord].read(start, desk.bright) * level
        if here.chord != before.chord:
            out *= ramp[:, None]
            out += self._pads[before.chord].read(start, desk.bright) * level * (1.0 - ramp)[:, None]
        return out

    def _add(self, note: score.Note, step: int, start: int, drums: np.ndarray, music: np.ndarray) -> None:
        """Mix what of a note falls into the chunk that begins at `start`."""
        shot = self._shots[note.voice]
        onset = self._edge(step) + int(note.late_steps * self._step)
        skip = max(0, start - onset)
        into = max(0, onset - start)
        n = min(len(shot) - skip, len(drums) - into)
        if n <= 0:
            return
        bus, level = _bus(note.voice)
        gain = note.gain * level
        sides = np.array([gain * min(1.0, 1.0 - note.pan), gain * min(1.0, 1.0 + note.pan)], np.float32)
        target = drums if bus == "drums" else music
        target[into : into + n] += shot[skip : skip + n] * sides


def _bus(voice: str) -> tuple[str, float]:
    """Where a voice goes on the desk, and how loud."""
    if voice.startswith("bass") or voice.startswith("sub"):
        return "music", BASS
    if voice.startswith("lead"):
        return "music", LEAD
    if voice.startswith("stab"):
        return "music", STAB
    return "drums", KICK if voice in ("kick", "boom") else DRUMS


def _pump_curve(length: int, rate_hz: float) -> np.ndarray:
    """How far the music ducks [length], from a beat's first sample: down within 4 ms, back by the off-beat."""
    t = np.arange(length, dtype=np.float32) / np.float32(rate_hz)
    down = 1.0 - np.exp(-t / 0.004)
    back = 1.0 / (1.0 + np.exp((t - 0.19) / 0.035))
    # Ends at nought exactly, so that one beat joins the next without a step.
    return np.asarray(PUMP_DEPTH * down * (back - back[-1]), np.float32)
