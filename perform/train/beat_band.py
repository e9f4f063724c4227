"""Plays the grooves of `beat_styles` as short pieces with exactly known beats: practice for the beat tracker's judge.

All else is drawn from the piece's seed: tempo and how steady it is, swing, kit and timbres, chords, a tune that
repeats, who plays in which part of the form, fills, how loose the players are, the room, the hiss, the sound of the
whole. Every sound is synthesised here; nothing is recorded, sampled or taken from anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perform.train.beat_sounds import Kit, master
from perform.train.beat_styles import SWUNG, Groove, grooves

RATE_HZ = 44100.0
SECONDS = 18.0
NOT_MUSIC_EVERY = 12
"""Of so many pieces one has no beat at all."""

LOUDNESS = {"X": 1.0, "x": 0.7, "o": 0.35}
_CHORDED = ("stab", "strum", "keys", "piano", "organ", "guitar", "pad", "strings", "brass")
_DRUMS = ("kick", "snare", "clap", "hat", "open_hat", "ride", "shaker", "perc", "tom", "rim", "crash")


@dataclass(frozen=True, slots=True)
class Note:
    """beat: place in the piece, in beats. pitch: midi, for tones."""

    beat: float
    voice: str
    gain: float
    pitch: float = 0.0


@dataclass(frozen=True)
class Practice:
    """samples [n, 2] float32. beats_s: every beat, empty where there is none. places: of each in its bar, from 0."""

    name: str
    metre: int
    samples: np.ndarray
    beats_s: np.ndarray
    places: np.ndarray


def beat_times(bpm: float, count: int, start_s: float, rng: np.random.Generator) -> np.ndarray:
    """Times of `count` beats [n]: three of five pieces keep strict time, the others wander or change pace."""
    tempo = np.full(count, bpm)
    kind = rng.random()
    if kind > 0.92:
        tempo *= np.linspace(1.0, rng.uniform(0.75, 1.3), count)
    elif kind > 0.6:
        walk = np.cumsum(rng.standard_normal(count))
        walk -= np.linspace(0.0, 0.7 * walk[-1], count)
        tempo *= np.exp(walk * rng.uniform(0.001, 0.008))
    return start_s + np.concatenate([[0.0], np.cumsum(60.0 / tempo[:-1])])


def _bend(part: float, swing: float, halves: int) -> float:
    """Where a place in the beat falls when its off-beats are late. halves: 1 eighths, 2 sixteenths."""
    whole, inside = divmod(part * halves, 1.0)
    inside = 2 * inside * swing if inside < 0.5 else 1 - 2 * (1 - inside) * (1 - swing)
    return (whole + inside) / halves


def _chords(bars: int, metre: int, rng: np.random.Generator) -> np.ndarray:
    """Roots [beats] of a progression that goes round."""
    key = rng.integers(36, 48)
    cycle = key + rng.choice([0, 2, 4, 5, 7, 9, 10], size=int(rng.choice([1, 2, 4, 4])))
    per_bar = rng.choice([0.5, 1.0, 2.0, 4.0], p=[0.15, 0.55, 0.2, 0.1])
    if metre != 4:
        per_bar = max(per_bar, 1.0)
    return np.array([cycle[int(b / metre / per_bar) % len(cycle)] for b in range(bars * metre)])


def _tune(groove: Groove, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """A motif of one or two bars as (beat, pitch over the root, gain), fuller on strong places."""
    span = groove.metre * int(rng.choice([1, 2]))
    density, syncopation = rng.uniform(0.1, 0.8), rng.uniform(0.15, 0.8)
    notes, step = [], 1.0 / groove.steps
    for k in range(span * groove.steps):
        inside = k % groove.steps
        weight = 1.0 if inside == 0 else syncopation if 2 * inside == groove.steps else 0.6 * syncopation
        if rng.random() < density * weight:
            notes.append((k * step, float(rng.choice([0, 2, 3, 5, 7, 9, 12])), float(rng.uniform(0.4, 1.0))))
    return notes


def _form(groove: Groove, bars: int, rng: np.random.Generator) -> list[set[str]]:
    """Who plays in each bar."""
    rows = list(groove.rows)
    block = int(rng.choice([2, 4, 8]))
    busy, out = rng.uniform(0.65, 1.0), []
    for first in range(0, bars, block):
        on = {row for row in rows if rng.random() < busy}
        if rng.random() < 0.06:
            on -= set(_DRUMS)
        while len(on) < min(2, len(rows)):
            on.add(str(rng.choice(rows)))
        out += [on] * min(block, bars - first)
    return out


def compose(groove: Groove, bars: int, rng: np.random.Generator) -> list[Note]:
    """The notes of a piece."""
    chords, form, tune = _chords(bars, groove.metre, rng), _form(groove, bars, rng), _tune(groove, rng)
    tuneful, fills = rng.random() < 0.5, rng.uniform(0.0, 0.4)
    loose, ghosts = rng.uniform(0.0, 0.06), rng.uniform(0.0, 0.04)
    swing = rng.uniform(0.54, 0.67) if groove.swings and rng.random() < SWUNG else 0.5
    halves = int(rng.choice([1, 2])) if groove.steps == 4 else 1
    every = int(rng.choice([2, 4, 8]))
    notes: list[Note] = []
    for bar in range(bars):
        fill = bar % every == every - 1 and rng.random() < fills
        for voice in sorted(form[bar]):
            row = groove.rows[voice]
            for k in range(groove.metre * groove.steps):
                letter = row[(bar * groove.metre * groove.steps + k) % len(row)]
                beat = bar * groove.metre + _bend(k % groove.steps / groove.steps, swing, halves) + k // groove.steps
                late = fill and voice in _DRUMS and k >= (groove.metre - 1) * groove.steps
                if letter == "." and rng.random() < ghosts:
                    letter = "o"
                if letter != "." and not late and rng.random() >= loose:
                    gain = LOUDNESS[letter] * float(rng.uniform(0.75, 1.1))
                    notes.append(Note(beat, voice, gain, float(chords[int(beat)])))
        if fill:
            parts = np.arange(groove.steps) / groove.steps
            drum = str(rng.choice(["snare", "tom"]))
            notes += [Note((bar + 1) * groove.metre - 1 + p, drum, float(rng.uniform(0.4, 0.9))) for p in parts]
            notes.append(Note((bar + 1) * groove.metre, "crash", 0.8))
    if tuneful and tune:
        span = groove.metre * (1 + int(tune[-1][0] >= groove.metre))
        for first in range(0, bars * groove.metre, span):
            for beat, pitch, gain in tune:
                if first + beat < len(chords) and rng.random() < 0.92:
                    notes.append(Note(first + beat, "tune", gain, float(chords[int(first + beat)]) + 24 + pitch))
    return notes


def _mix(notes: list[Note], beats_s: np.ndarray, kit: Kit, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """All notes at their times [n, 2]."""
    out = np.zeros((round(seconds * RATE_HZ), 2), np.float32)
    voices = sorted({n.voice for n in notes})
    level = {v: float(np.exp(rng.normal(-0.5, 0.5))) for v in voices}
    pan = {v: float(rng.uniform(0.25, 0.75)) for v in voices}
    shift_s = {v: float(rng.normal(0.0, 0.004)) for v in voices}
    loose_s = rng.uniform(0.0, 0.01)
    count = np.arange(len(beats_s))
    for note in notes:
        at_s = float(np.interp(note.beat, count, beats_s)) + shift_s[note.voice] + loose_s * rng.standard_normal()
        at = round(at_s * RATE_HZ)
        if not 0 <= at < len(out) or note.beat > count[-1]:
            continue
        period_s = float(beats_s[1] - beats_s[0])
        pitches = [note.pitch]
        if note.voice in _CHORDED:
            pitches = [note.pitch + 12 + k for k in (0, 4 - int(note.pitch) % 2, 7)]
        for pitch in pitches:
            sound = kit.sound(note.voice, pitch, period_s)[: len(out) - at]
            gain = note.gain * level[note.voice] / len(pitches) ** 0.5
            out[at : at + len(sound), 0] += sound * np.float32(gain * (1.0 - pan[note.voice]) * 2)
            out[at : at + len(sound), 1] += sound * np.float32(gain * pan[note.voice] * 2)
    return out


def _not_music(kit: Kit, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Sound without a beat [n, 2]: tones and hits at times of no pattern, slow swells, noise."""
    rate = rng.uniform(0.2, 5.0)
    voices = rng.choice(["pad", "strings", "lead", "perc", "pluck", "tom", "keys", "brass"], size=3, replace=False)
    gaps = rng.exponential(1.0 / rate, size=int(seconds * rate * 2) + 2)
    beats = np.cumsum(gaps)
    notes = [
        Note(float(b), str(rng.choice(voices)), float(rng.uniform(0.1, 1.0)), 40.0 + rng.integers(24)) for b in beats
    ]
    ticks = np.arange(int(seconds) + 4, dtype=float)
    return _mix([n for n in notes if n.beat < seconds], ticks, kit, seconds, rng)


def play(seed: int, seconds: float = SECONDS) -> Practice:
    """Practice piece number `seed`: the grooves in turn. The same bytes every time."""
    rng = np.random.default_rng([77, seed])
    kit = Kit(rng, RATE_HZ)
    if seed % NOT_MUSIC_EVERY == NOT_MUSIC_EVERY - 1:
        samples = master(_not_music(kit, seconds, rng), np.zeros(0), rng, RATE_HZ)
        return Practice("no beat", 0, samples, np.zeros(0), np.zeros(0, int))
    everything = grooves()
    groove = everything[(seed - seed // NOT_MUSIC_EVERY) % len(everything)]
    bpm = float(rng.uniform(groove.slowest_bpm, groove.fastest_bpm))
    beat_s = 60.0 / bpm
    start_s = -float(rng.uniform(0.0, 2 * groove.metre)) * beat_s
    bars = int(np.ceil(1.4 * (seconds - start_s) / beat_s / groove.metre)) + 1
    beats_s = beat_times(bpm, bars * groove.metre, start_s, rng)
    notes = compose(groove, bars, rng)
    dry = _mix(notes, beats_s, kit, seconds, rng)
    kicks = np.interp([n.beat for n in notes if n.voice == "kick"], np.arange(len(beats_s)), beats_s)
    samples = master(dry, kicks, rng, RATE_HZ)
    heard = (beats_s >= 0.0) & (beats_s < seconds)
    places = np.arange(len(beats_s)) % groove.metre
    return Practice(groove.name, groove.metre, samples, beats_s[heard], places[heard])
