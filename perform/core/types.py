"""The values that flow between the parts: frozen, handed over, never shared for writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Value = float | int | bool | str | tuple[float, ...]
"""What a parameter can hold: colours are (r, g, b, a) and points (x, y), both as tuples of floats."""


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Sound as a device delivered it.

    samples: [n, channels] float32, about -1..1. start_s: stream time of the first sample, counted from samples
    and never from arrival, so that jitter of the driver does not reach the analysis.
    """

    samples: np.ndarray
    rate_hz: float
    start_s: float


@dataclass(frozen=True, slots=True)
class Features:
    """One hop of analysis.

    time_s: stream time of the newest sample that went in. values: feature name -> float (see `perform list
    features`). spectrum: [512] float32 0..1, evenly spaced in Hz. waveform: [n, 2] float32 -1..1, oldest first.
    mel: [64] float32 0..1, evenly spaced to the ear, low to high.
    """

    time_s: float
    values: Mapping[str, float]
    spectrum: np.ndarray
    waveform: np.ndarray
    mel: np.ndarray = field(default_factory=lambda: np.zeros(64, np.float32))


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens. All code but the engine and the inputs takes time from here.

    seconds: since the show began. dt_s: since the previous tick (0 on the first). frame: ticks so far.
    beats: continuous count of beats, grows for ever. bar_phase: 0..1 in the bar. tempo_bpm: beats a minute.
    confidence: 0..1, how far the beat may be trusted. date: (year, month, day, seconds in the day).
    bars: continuous count of bars, grows for ever; its fraction is bar_phase. beats_per_bar: of the bar at hand.
    Musical time is that of the sound which the audience hears while this frame is seen (see engine/lead.py).
    """

    seconds: float
    dt_s: float
    frame: int
    beats: float = 0.0
    bar_phase: float = 0.0
    tempo_bpm: float = 120.0
    confidence: float = 0.0
    date: tuple[int, int, int, float] = (2000, 1, 1, 0.0)
    bars: float = 0.0
    beats_per_bar: int = 4

    @property
    def beat_phase(self) -> float:
        """0..1 within the beat."""
        return self.beats % 1.0

    def ahead(self, by_s: float) -> Moment:
        """The same moment with its musical time so much further on, at the tempo of now."""
        beats = by_s * self.tempo_bpm / 60.0
        bars = self.bars + beats / self.beats_per_bar
        return replace(self, beats=self.beats + beats, bars=bars, bar_phase=bars % 1.0)


@dataclass(frozen=True, slots=True)
class BeatClock:
    """Where the music is, as some source of tempo knows it (the synth band, a tracker, MIDI clock, Link).

    time_s: stream time at which `beats` held. beats_per_bar: 0 when not known. bar_phase: 0..1 in the bar at that
    time; below 0, bars begin at whole multiples of beats_per_bar. source: who says so.
    """

    time_s: float
    beats: float
    tempo_bpm: float
    beats_per_bar: int = 4
    confidence: float = 1.0
    source: str = "manual"
    bar_phase: float = -1.0


@dataclass(frozen=True, slots=True)
class HandWord:
    """What a hand told the engine about the beat, for whoever listens to the sound: an observation among others.

    kind: `beat` (a beat falls at time_s, at this tempo) or `one` (the beat nearest to time_s begins a bar).
    time_s: stream time. weight: 0..1, how far to believe it.
    """

    kind: str
    time_s: float
    tempo_bpm: float = 0.0
    weight: float = 0.95


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """One message from a hand. address: a parameter path without the leading `/perform/` (`deck/a/source/psi`).

    value: already in native units unless `normalised`. origin: osc, midi, web, visitor, keyboard, preset, cue.
    when: "" as `tempo/quantise` has it for this row, `now`, or the length whose next beginning it waits for (`bar`).
    relative: value is (scale, offset), and the parameter becomes scale * x + offset of what it is. part: which number
    of a colour or point is meant; -1 for all.
    """

    address: str
    value: Value
    time_s: float
    origin: str
    normalised: bool = False
    when: str = ""
    relative: bool = False
    part: int = -1


@dataclass(frozen=True, slots=True)
class ParamFrame:
    """All parameters as they stand in one tick: path -> native value. Triggers are counters that only grow."""

    values: Mapping[str, Value]

    def under(self, prefix: str) -> dict[str, Value]:
        """The parameters below `prefix/`, with that prefix removed."""
        start = prefix + "/"
        return {k[len(start) :]: v for k, v in self.values.items() if k.startswith(start)}


@dataclass(frozen=True, slots=True)
class Frame:
    """A finished picture. image: [h, w, 3 or 4] uint8 display-referred sRGB, top row first, or anything with
    `shape` and `__dlpack__` of that layout. sequence: grows by one per picture. moment: what it was painted for.
    extra: other outputs by name. signals: what the painter measured, by name, as sources of modulation."""

    image: Any
    sequence: int
    moment: Moment
    extra: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """Any picture on its way into a generator or shader (camera, video, other deck, mask, control image)."""

    image: Any
    alpha: Any
    sequence: int
    time_s: float
