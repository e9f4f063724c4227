"""Short pieces of our own with exactly known beats, from which the beat tracker's tables are made.

A piece is a style (rows of a drum grid, one letter a step) with a tempo, a feel, a kit, chords, a tune, a room and
a hiss drawn from its seed. The styles are the commonplaces of dance, rock, latin and slow music, written from
general knowledge of metres and grooves; no recording and no annotated set was consulted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from perform.inputs.synth_voices import midi_hz, one_shots

RATE_HZ = 44100.0
SECONDS = 13.0
TEMPO_BPM, TEMPO_OCTAVES = 118.0, 0.3
"""Where tempi are drawn from: a log-normal round the middle of what surveys of popular music report (115 to 120)."""

LOUDNESS = {"X": 1.0, "x": 0.7, "o": 0.35}
_SLOWEST_BPM, _FASTEST_BPM = 45.0, 200.0
_KITS = 4


@dataclass(frozen=True, slots=True)
class Style:
    """rows: voice -> one or more bars of letters (see LOUDNESS). steps: to the beat. pace: its tempi against others'.
    swing: where the off-beat falls, 0.5 being straight."""

    name: str
    metre: int
    steps: int
    rows: dict[str, str]
    pace: float = 1.0
    swing: float = 0.5


@dataclass(frozen=True, slots=True)
class Note:
    """beat: place in the piece, in beats. pitch: midi, for tones. length_beats: of tones."""

    beat: float
    voice: str
    gain: float
    pitch: float = 0.0
    length_beats: float = 0.25


@dataclass(frozen=True)
class Piece:
    """samples [n, 2] float32. beats_s: every beat. places: of each in its bar, from 0. grid_beats: places where a
    note is written, in beats."""

    style: Style
    samples: np.ndarray
    beats_s: np.ndarray
    places: np.ndarray
    grid_beats: np.ndarray

    @property
    def period_s(self) -> float:
        """Seconds from beat to beat."""
        return float(self.beats_s[1] - self.beats_s[0])


STYLES = (
    Style(
        "four on the floor",
        4,
        4,
        {"kick": "X...X...X...X...", "open_hat": "..x...x...x...x.", "bass": "..x...x...x...xo"},
    ),
    Style(
        "house",
        4,
        4,
        {"kick": "X...X...X...X...", "clap": "....X.......X...", "hat": "o.x.o.x.o.x.o.xo", "stab": "x..x..x...x....."},
    ),
    Style(
        "trance",
        4,
        4,
        {"kick": "X...X...X...X...", "bass": "..xx..xx..xx..xx", "hat": "oox.oox.oox.oox.", "lead": "x.xx.xx.x.xx.xx."},
    ),
    Style(
        "rock",
        4,
        4,
        {
            "kick": "X.......X.x.....",
            "snare": "....X.......X...",
            "hat": "x.x.x.x.x.x.x.x.",
            "bass": "x.x.x.x.x.x.x.x.",
        },
    ),
    Style(
        "pop",
        4,
        4,
        {
            "kick": "X.....x.X.......",
            "clap": "....X.......X...",
            "shaker": "x.o.x.o.x.o.x.o.",
            "bass": "X.....x.X....x..",
        },
    ),
    Style(
        "funk",
        4,
        4,
        {
            "kick": "X..x..X...x.....",
            "snare": "....X..o.o..X..o",
            "hat": "xoxoxoxoxoxoxoxo",
            "bass": "X..x..x.x.x...xx",
        },
        0.9,
    ),
    Style(
        "disco",
        4,
        4,
        {
            "kick": "X...X...X...X...",
            "snare": "....X.......X...",
            "open_hat": "..x...x...x...x.",
            "bass": "x.x.x.x.x.x.x.x.",
        },
    ),
    Style(
        "two-step",
        4,
        4,
        {"kick": "X.........X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x.", "sub": "X.........X....."},
        1.45,
    ),
    Style("breaks", 4, 4, {"kick": "X.X.......XX....", "snare": "....X..o.o..X..o", "ride": "x.x.x.x.x.x.x.x."}, 1.3),
    Style(
        "half-time",
        4,
        4,
        {"kick": "X.....x.........", "snare": "........X.......", "hat": "x.x.x.x.x.x.x.xx", "sub": "X.....x........."},
        1.15,
    ),
    Style(
        "skank",
        4,
        4,
        {
            "kick": "X.......X.......",
            "snare": "....X.......X...",
            "stab": "..X...X...X...X.",
            "hat": "x.x.x.x.x.x.x.x.",
        },
    ),
    Style(
        "one drop",
        4,
        4,
        {
            "kick": "........X.......",
            "snare": "........x.......",
            "stab": "....X.......X...",
            "hat": "x.x.x.x.x.x.x.x.",
            "bass": "X.x...x.......x.",
        },
        1.1,
    ),
    Style(
        "clave",
        4,
        4,
        {
            "kick": "X...X...X...X...",
            "ride": "X..X..X...X.X...",
            "shaker": "oxoxoxoxoxoxoxox",
            "bass": "...x..x....x..x.",
        },
    ),
    Style("dembow", 4, 4, {"kick": "X...X...X...X...", "snare": "...X..X....X..X.", "hat": "x.x.x.x.x.x.x.x."}, 0.85),
    Style(
        "shuffle",
        4,
        3,
        {"kick": "X.....X..x..", "snare": "...X.....X..", "ride": "x.xx.xx.xx.x", "bass": "x.xx.xx.xx.x"},
    ),
    Style(
        "swing",
        4,
        3,
        {"ride": "x..x.xx..x.x", "hat": "...x.....x..", "bass": "X..x..x..x..", "kick": "o..o..o..o.."},
        1.15,
    ),
    Style(
        "light swing",
        4,
        4,
        {"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
        0.9,
        0.6,
    ),
    Style(
        "waltz",
        3,
        4,
        {"bass": "X...........", "stab": "....x...x...", "kick": "X...........", "hat": "....x...x..."},
        1.1,
    ),
    Style(
        "rock waltz",
        3,
        4,
        {"kick": "X.........x.", "snare": "....X...x...", "hat": "x.x.x.x.x.x.", "bass": "X...x...x..."},
    ),
    Style("six-eight", 2, 3, {"kick": "X.....", "snare": "...X..", "hat": "xxxxxx", "bass": "X....x"}, 0.6),
    Style(
        "five-four",
        5,
        4,
        {
            "kick": "X.....x.....X.......",
            "snare": "....X...........X...",
            "hat": "x.x.x.x.x.x.x.x.x.x.",
            "bass": "X.....x.....X.......",
        },
    ),
    Style("seven", 7, 2, {"kick": "X...X...X..x..", "snare": "..X...X...X.X.", "hat": "xxxxxxxxxxxxxx"}, 1.2),
    Style("march", 2, 4, {"kick": "X.......", "snare": "..x.X.xx", "bass": "X...x..."}),
    Style("ballad", 4, 4, {"lead": "x.x.x.x.x.x.x.x.", "bass": "X.........x.X...", "shaker": "o...o...o...o..."}, 0.7),
    Style("guitar song", 4, 4, {"stab": "X...x.xo..x.x.x.", "bass": "X.......x......."}, 0.85),
    Style("soft pads", 4, 4, {"sub": "X...............", "lead": "x.......o.......", "hat": "....o.......o..."}, 0.9),
)
"""In grids of four steps a letter is a quarter of a beat, in grids of three a triplet."""


@cache
def _kit(number: int, rate_hz: float) -> dict[str, np.ndarray]:
    return one_shots(number, rate_hz)


def tone(pitch: float, seconds: float, attack_s: float, bright: float, rate_hz: float) -> np.ndarray:
    """One note [n] of an oscillator with falling partials. bright: 0 a sine, 1 a saw."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    f_hz = midi_hz(pitch)
    out = np.zeros(len(t))
    for k in range(1, max(2, min(10, int(0.4 * rate_hz / f_hz)))):
        out += (
            np.sin(2 * np.pi * f_hz * k * t) * np.exp(-t * (1.0 + 2.0 * k) / max(seconds, 0.2)) * bright ** (k - 1) / k
        )
    return out * np.minimum(1.0, t / attack_s) * np.minimum(1.0, (seconds - t) / min(0.04, 0.5 * seconds))


def _bar_notes(style: Style, first: int, left_out: set[str], chord: float, rng: np.random.Generator) -> list[Note]:
    """The written rows of one bar, with misses and accents."""
    notes = []
    for voice, row in style.rows.items():
        if voice in left_out:
            continue
        for step, letter in enumerate(row):
            beat, inside = divmod(step, style.steps)
            if letter == "." or rng.random() < 0.05:
                continue
            part = inside / style.steps
            if style.swing != 0.5:  # bend the beat so that its middle falls on the swung off-beat
                part = 2 * part * style.swing if part < 0.5 else 1 - 2 * (1 - part) * (1 - style.swing)
            gain = LOUDNESS[letter] * rng.uniform(0.75, 1.1)
            notes.append(Note(first + beat + part, voice, gain, chord, 1.0 if voice in ("sub", "stab") else 0.5))
    return notes


def _tune(style: Style, beats: int, chords: np.ndarray, rng: np.random.Generator) -> list[Note]:
    """A melody that keeps to the grid more on strong places, chords that change at bars, strays of a loose voice."""
    notes = []
    density, stray, held = rng.uniform(0.0, 0.6), rng.uniform(0.0, 0.5), rng.random() < 0.6
    for beat in range(beats):
        chord = float(chords[beat])
        for step in range(style.steps):
            weight = 1.0 if step == 0 else 0.6 if 2 * step == style.steps or style.steps == 3 else 0.25
            if rng.random() < density * weight:
                pitch = chord + 12 + rng.choice([0, 2, 4, 7, 9, 12])
                notes.append(
                    Note(beat + step / style.steps, "melody", rng.uniform(0.2, 0.6), pitch, rng.uniform(0.3, 1.2))
                )
        if rng.random() < stray:
            notes.append(Note(beat + rng.random(), "voice", rng.uniform(0.1, 0.5), chord + 12, rng.uniform(0.3, 1.0)))
        if held and (beat == 0 or chord != chords[beat - 1] or rng.random() < 0.1):
            notes += [Note(beat, "pad", 0.25, chord + third, 4.0) for third in (0, 3 + chord % 2, 7)]
    return notes


def compose(style: Style, beats: int, rng: np.random.Generator) -> list[Note]:
    """The notes of `beats` beats, with a fill or a rest of a row now and then."""
    left_out = {voice for voice in list(style.rows)[1:] if rng.random() < 0.12}
    chords = np.empty(beats)
    notes: list[Note] = []
    chord = 48.0
    for first in range(0, beats, style.metre):
        if rng.random() < 0.75:
            chord = 43.0 + rng.choice([0, 2, 4, 5, 7, 9])
        chords[first:] = chord
        if style.metre == 4 and rng.random() < 0.15:
            chords[first + 2 :] = chord = 43.0 + rng.choice([0, 2, 4, 5, 7, 9])
        notes += _bar_notes(style, first, left_out, float(chords[first]), rng)
        if rng.random() < 0.12:  # a fill
            steps = np.arange(style.steps) / style.steps
            notes += [Note(first + style.metre - 1 + s, "snare", rng.uniform(0.3, 0.8)) for s in steps]
    return [n for n in notes + _tune(style, beats, chords, rng) if n.beat < beats]


def _sounding(note: Note, kit: dict[str, np.ndarray], beat_s: float, bright: float, rate_hz: float) -> np.ndarray:
    """The sound of one note [n, 2]."""
    if note.voice in kit:
        return kit[note.voice]
    seconds = max(note.length_beats * beat_s, 0.08)
    pitch, attack_s = {
        "bass": (note.pitch - 12.0, 0.004),
        "sub": (note.pitch - 12.0, 0.02),
        "stab": (note.pitch + 12.0, 0.003),
        "lead": (note.pitch + 24.0, 0.004),
        "melody": (note.pitch, 0.015),
        "voice": (note.pitch, 0.06),
        "pad": (note.pitch, 0.15),
    }[note.voice]
    sound = tone(pitch, seconds, attack_s, 0.2 if note.voice == "sub" else bright, rate_hz)
    if note.voice == "stab":
        sound = (
            sound
            + tone(pitch + 4, seconds, attack_s, bright, rate_hz)
            + tone(pitch + 7, seconds, attack_s, bright, rate_hz)
        )
    return np.stack([sound, sound], axis=1) * 0.4


def _room(dry: np.ndarray, rng: np.random.Generator, rate_hz: float) -> np.ndarray:
    """A decaying tail over all [n, 2], a hiss under it."""
    decay_s, wet = rng.uniform(0.08, 0.5), rng.uniform(0.0, 0.5)
    size = round(4 * decay_s * rate_hz)
    tail = rng.standard_normal(size) * np.exp(-np.arange(size) / (decay_s * rate_hz))
    tail /= np.sqrt((tail**2).sum())
    length = 1 << (len(dry) + size - 1).bit_length()
    spectrum = np.fft.rfft(dry, length, axis=0) * np.fft.rfft(tail, length)[:, None]
    out = dry + wet * np.fft.irfft(spectrum, length, axis=0)[: len(dry)]
    level = float(np.sqrt((out**2).mean()))
    return np.asarray(out + rng.standard_normal(out.shape) * level * 10.0 ** rng.uniform(-3.5, -1.0))


def render(seed: int, seconds: float = SECONDS, rate_hz: float = RATE_HZ) -> Piece:
    """Piece number `seed`: the styles in turn, all else by chance from the seed. The same bytes every time."""
    rng = np.random.default_rng([51, seed])
    style = STYLES[seed % len(STYLES)]
    bpm = TEMPO_BPM * style.pace * 2.0 ** (TEMPO_OCTAVES * rng.standard_normal())
    beat_s, start_s = 60.0 / float(np.clip(bpm, _SLOWEST_BPM, _FASTEST_BPM)), float(rng.uniform(0.05, 0.5))
    beats = int((seconds - start_s) / beat_s)
    notes = compose(style, beats, rng)
    kit = {k: v for k, v in _kit(int(rng.integers(_KITS)), rate_hz).items() if k not in ("stab", "sub", "bass", "lead")}
    rows = {voice: rng.uniform(0.5, 1.0) for voice in (*style.rows, "melody", "voice", "pad", "snare")}
    bright, loose_s = rng.uniform(0.3, 0.9), rng.uniform(0.0, 0.012)
    out = np.zeros((round(seconds * rate_hz), 2))
    for note in notes:
        sound = _sounding(note, kit, beat_s, bright, rate_hz)
        at = max(round((start_s + note.beat * beat_s + loose_s * rng.standard_normal()) * rate_hz), 0)
        part = sound[: max(len(out) - at, 0)]
        out[at : at + len(part)] += part * (note.gain * rows[note.voice])
    out = _room(out, rng, rate_hz)
    samples = (out * (0.7 / max(float(np.abs(out).max()), 1e-9))).astype(np.float32)
    grid = np.array(sorted({round(n.beat, 6) for n in notes if n.voice not in ("voice", "pad")}))
    count = np.arange(beats)
    return Piece(style, samples, start_s + count * beat_s, count % style.metre, grid)
