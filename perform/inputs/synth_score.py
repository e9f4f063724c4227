"""What the built-in band plays: an own composition in F minor, as pure functions of the step (a sixteenth note).

The piece is a cycle of 88 bars that runs for ever: step n of the show is step n modulo the cycle. Nothing here has
a state, so any place of the piece can be asked for at any time. `Layers` is what a mixing desk would hold at the
start of a step; the band glides between them. `notes` is what starts in a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

TEMPO_BPM = 122
STEPS_PER_BEAT = 4
BEATS_PER_BAR = 4
STEPS_PER_BAR = STEPS_PER_BEAT * BEATS_PER_BAR
SWING_STEPS = 0.14
"""How late the off-sixteenths of hats and shaker come, in steps."""

CHORDS = (
    (41, 53, 56, 60, 63, 67),  # F minor 9
    (37, 53, 56, 60, 61, 65),  # D flat major 7
    (44, 51, 56, 60, 63, 67),  # A flat major 7
    (39, 51, 55, 58, 62, 65),  # E flat major 9
)
"""MIDI notes of the pad: root below, then four or five voices that move little."""

BASS_ROOTS = (29, 37, 32, 39)
LEAD_NOTES = (
    (72, 75, 79, 80, 84, 87),
    (72, 73, 77, 80, 84, 85),
    (72, 75, 79, 80, 84, 87),
    (70, 74, 77, 79, 82, 86),
)
"""What the lead may play over each chord, low to high."""


@dataclass(frozen=True)
class Section:
    """A stretch of the piece. Each layer is (level at its start, level at its end), 0..1."""

    name: str
    bars: int
    bars_per_chord: int = 1
    drums: float = 0.0
    kick: float = 1.0
    pump: float = 1.0
    hats: tuple[float, float] = (0.0, 0.0)
    bass: float = 0.0
    pad: tuple[float, float] = (0.6, 0.6)
    bright: tuple[float, float] = (0.3, 0.3)
    lead: tuple[float, float] = (0.0, 0.0)
    stab: float = 0.0
    riser: float = 0.0


SECTIONS = (
    Section("intro", 8, hats=(0.3, 0.8), pad=(0.55, 0.75), bright=(0.14, 0.5), lead=(0.14, 0.4), pump=0.8),
    Section(
        "verse",
        16,
        drums=0.85,
        hats=(0.7, 0.9),
        bass=0.8,
        pad=(0.6, 0.7),
        bright=(0.22, 0.5),
        lead=(0.3, 0.7),
        pump=0.9,
    ),
    Section(
        "build", 8, drums=0.6, hats=(0.6, 1.0), pad=(0.7, 0.85), bright=(0.4, 1.0), lead=(0.5, 0.9), pump=0.7, riser=1.0
    ),
    Section(
        "drop",
        16,
        drums=1.0,
        hats=(1.0, 1.0),
        bass=1.0,
        pad=(0.85, 0.8),
        bright=(0.85, 0.7),
        lead=(0.55, 0.8),
        stab=1.0,
    ),
    Section("break", 8, 2, kick=0.0, pump=0.0, pad=(1.0, 0.9), bright=(0.6, 0.16), lead=(0.6, 0.35)),
    Section(
        "build",
        8,
        drums=0.7,
        hats=(0.5, 1.0),
        pad=(0.7, 0.85),
        bright=(0.16, 1.0),
        lead=(0.4, 1.0),
        pump=0.7,
        riser=1.0,
    ),
    Section(
        "drop", 16, drums=1.0, hats=(1.0, 1.0), bass=1.0, pad=(0.85, 0.85), bright=(0.7, 1.0), lead=(0.8, 1.0), stab=1.0
    ),
    Section("outro", 8, drums=0.7, hats=(0.8, 0.3), bass=0.7, pad=(0.7, 0.55), bright=(0.5, 0.14), lead=(0.4, 0.14)),
)
CYCLE_BARS = sum(section.bars for section in SECTIONS)
CYCLE_STEPS = CYCLE_BARS * STEPS_PER_BAR


class Place(NamedTuple):
    """Where a step stands in the piece. bar: bars into the section; step: step in the bar 0..15; chord: 0..3."""

    section: Section
    bar: int
    step: int
    chord: int


class Layers(NamedTuple):
    """Levels on the desk at the start of a step, 0..1 each. bright: opening of the pad's filter."""

    pad: float
    bright: float
    lead: float
    pump: float
    riser: float


class Note(NamedTuple):
    """Something that starts in a step. voice: which one-shot; late_steps: after the step's own time."""

    voice: str
    gain: float
    pan: float = 0.0
    late_steps: float = 0.0


@lru_cache(maxsize=4096)
def place(step: int) -> Place:
    """Where step (any integer) stands in the cycle."""
    bar, in_bar = divmod(step % CYCLE_STEPS, STEPS_PER_BAR)
    for section in SECTIONS:
        if bar < section.bars:
            return Place(section, bar, in_bar, bar // section.bars_per_chord % len(CHORDS))
        bar -= section.bars
    raise AssertionError("a step modulo the cycle is in a section")


def layers(step: int) -> Layers:
    """The desk at the start of `step`."""
    here = place(step)
    section = here.section
    done = (here.bar * STEPS_PER_BAR + here.step) / (section.bars * STEPS_PER_BAR)

    def along(pair: tuple[float, float], bend: float = 1.0) -> float:
        return float(pair[0] + (pair[1] - pair[0]) * done**bend)

    riser = section.riser * done**2.0
    pump = section.pump if kick_plays(step) or here.step % STEPS_PER_BEAT else 0.0
    if in_gap(here):
        return Layers(0.25, 1.0, along(section.lead), 0.0, riser * 0.7)
    return Layers(along(section.pad), along(section.bright, 1.5), along(section.lead), pump, riser)


def in_gap(here: Place) -> bool:
    """The last beat before a drop, where nearly all holds its breath."""
    return here.section.name == "build" and here.bar == here.section.bars - 1 and here.step >= 12


def kick_plays(step: int) -> bool:
    """Is there a kick on the beat that `step` belongs to?"""
    here = place(step)
    if here.section.kick == 0.0 or in_gap(here):
        return False
    # The last bar of a build drops the kick for the roll and the riser.
    return not (here.section.name == "build" and here.bar == here.section.bars - 1)


def vary(seed: int, step: int, lane: int) -> float:
    """A number 0..1 that belongs to (seed, step, lane) for ever: chance without a state (integer mixing)."""
    x = (seed * 0x9E3779B1 + step * 0x85EBCA77 + lane * 0xC2B2AE3D) & 0xFFFFFFFF
    for _ in range(2):
        x = ((x ^ (x >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return ((x ^ (x >> 16)) & 0xFFFFFF) / float(0x1000000)


def notes(step: int, seed: int) -> list[Note]:
    """Everything that starts in `step`."""
    here = place(step)
    return _drums(here, step, seed) + _bass(here) + _lead(step, seed) + _stabs(here)


def _drums(here: Place, step: int, seed: int) -> list[Note]:
    """Kick on the beat, clap on two and four, hats, shaker, the roll of a build, crashes on the big corners."""
    section, in_bar = here.section, here.step
    out: list[Note] = []
    if here.bar == 0 and in_bar == 0 and section.name in ("drop", "break", "verse"):
        out.append(Note("crash", 0.5 if section.name == "verse" else 0.8))
        if section.name == "drop":
            out.append(Note("boom", 0.8))
    if in_bar % STEPS_PER_BEAT == 0 and kick_plays(step):
        out.append(Note("kick", section.kick))
    if section.riser:
        return out + _roll(here) + _hats(here, step, seed)
    if section.drums:
        if in_bar in (4, 12):
            out.append(Note("clap", section.drums))
        if here.bar % 8 == 7 and in_bar in (11, 14, 15):
            out.append(Note("snare", 0.35 + 0.1 * (in_bar - 11)))
    return out + _hats(here, step, seed)


def _hats(here: Place, step: int, seed: int) -> list[Note]:
    """Open hat on the off-beat, closed hats and shaker between, the odd sixteenths late by the swing."""
    section, in_bar = here.section, here.step
    done = (here.bar + in_bar / STEPS_PER_BAR) / section.bars
    level = section.hats[0] + (section.hats[1] - section.hats[0]) * done
    if level <= 0.0 or in_gap(here):
        return []
    late = SWING_STEPS if in_bar % 2 else 0.0
    human = 0.8 + 0.4 * vary(seed, step, 1)
    out = []
    if in_bar % 4 == 2:
        out.append(Note("open_hat", 0.62 * level, 0.12))
    elif in_bar % 2 or level > 0.55:
        out.append(Note("hat", (0.52 if in_bar % 2 else 0.3) * level * human, -0.2, late))
    if section.drums >= 0.8:
        out.append(Note("shaker", (0.42 if in_bar % 4 == 3 else 0.24) * level * human, 0.45, late))
    if section.stab and in_bar % 4 == 0:
        out.append(Note("ride", 0.32, -0.35))
    return out


def _roll(here: Place) -> list[Note]:
    """A snare roll that thickens: beats, then eighths, then sixteenths, louder all the while."""
    bars = here.section.bars
    spacing = 8 if here.bar < bars // 2 else 4 if here.bar < bars - 3 else 2 if here.bar < bars - 1 else 1
    if here.step % spacing or in_gap(here):
        return []
    done = (here.bar + here.step / STEPS_PER_BAR) / bars
    return [Note("snare", 0.18 + 0.5 * done**2, 0.1)]


def _bass(here: Place) -> list[Note]:
    """Rolling sixteenths behind the kick in a drop, a syncopated line in verse and outro, one long note in a break."""
    section, in_bar, chord = here.section, here.step, here.chord
    if section.name == "break":
        return [Note(f"sub{chord}", 0.55)] if in_bar == 0 and here.bar % section.bars_per_chord == 0 else []
    if not section.bass:
        return []
    if section.name == "drop":
        if in_bar % 4 == 0:
            return []
        octave = "up" if in_bar in (7, 14) else "low"
        return [Note(f"bass_{octave}{chord}", section.bass * (1.0 if in_bar % 4 == 2 else 0.72))]
    line = {2: 1.0, 6: 0.9, 9: 0.6, 10: 0.95, 14: 0.85}
    if in_bar not in line:
        return []
    octave = "up" if in_bar == 9 else "low"
    return [Note(f"bass_{octave}{chord}", section.bass * line[in_bar])]


ECHOES = ((0, 1.0, 0.0), (3, 0.42, -0.6), (6, 0.24, 0.6), (9, 0.12, -0.4))
"""The lead's delay line: (steps later, gain, pan). Being notes, the echoes need no state either."""


def _lead(step: int, seed: int) -> list[Note]:
    """An arpeggio in threes against the four, with its echoes."""
    out = []
    for later, gain, pan in ECHOES:
        played = _lead_note(step - later, seed)
        if played is not None:
            out.append(Note(played[0], played[1] * gain, pan))
    return out


def _lead_note(step: int, seed: int) -> tuple[str, float] | None:
    """(voice, gain) of the lead's own note in `step`, or None where it rests."""
    here = place(step)
    level = layers(step).lead
    dense = here.section.name in ("drop", "build")
    on = here.step % 3 == 0 if not dense else (here.step * 5) % 16 < 11
    if level <= 0.02 or not on or in_gap(here):
        return None
    # The phrase repeats every four bars, so that it is a tune and not a random walk.
    phrase = (here.bar % 4) * STEPS_PER_BAR + here.step
    turn = (0, 2, 4, 1, 3, 5, 4, 2)[(phrase // (1 if dense else 3)) % 8]
    if vary(seed, phrase, 2) > 0.8:
        turn = (turn + 3) % 6
    return f"lead{LEAD_NOTES[here.chord][turn]}", level * (0.7 + 0.3 * vary(seed, phrase, 3))


def _stabs(here: Place) -> list[Note]:
    """Short chords off the beat in a drop."""
    pattern = {0: 0.0, 3: 1.0, 6: 0.85, 11: 0.7, 14: 0.8}
    gain = pattern.get(here.step, 0.0) * here.section.stab
    return [Note(f"stab{here.chord}", gain)] if gain else []
