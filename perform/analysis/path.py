"""The very path that sound takes in a live show, over a sound that is all there: as fast as it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from perform.beats import TrackedBeats
from perform.core.contracts import AudioInput
from perform.core.types import AudioBlock, Features
from perform.features import FeatureAnalyser
from perform.features.beat import Announcer, BeatState

Beat: TypeAlias = tuple[float, int, float]
"""(time_s, beat in bar from 1, emit_s: seconds of sound that had been heard when it was announced)."""


class Announcing:
    """The tracker, and the beats that a live show would act on, as they are announced.

    A beat is announced when the block that held its last bit of evidence has been read, which is when a show can know
    of it; its time is the tracker's, laid on the onsets as the show lays it. aheads_s: for each, beats are announced
    at least this long before they fall; 0: when they fall.
    """

    def __init__(self, rate_hz: float, aheads_s: Sequence[float] = (0.0,)) -> None:
        self.tracked = TrackedBeats(rate_hz)
        self._aheads_s = tuple(aheads_s)
        self._announcers = [Announcer() for _ in aheads_s]

    def take(self, hops: list[Features], block: AudioBlock) -> tuple[list[BeatState], list[list[Beat]]]:
        """hops: what the analysis made of the block. (The tracker's hops, for each of aheads_s the beats to tell)."""
        self.tracked.note(hops)
        states = self.tracked.follow(block)
        block_s = len(block.samples) / block.rate_hz
        late_s, heard_s = self.tracked.late_s, block.start_s + block_s
        out: list[list[Beat]] = []
        for announcer, ahead_s in zip(self._announcers, self._aheads_s, strict=True):
            # A beat that falls earlier than the tracker says has to be told so much sooner.
            announcer.ahead_s = max(0.0, ahead_s + block_s - late_s) if ahead_s > 0.0 else max(0.0, -late_s)
            told = [beat for state in states for beat in announcer.feed(state)]
            out.append([(time_s + late_s, place, heard_s) for time_s, place, _ in told])
        return states, out


def beat_lines(beats: Iterable[Beat]) -> str:
    """One line a beat: time_s, beat in bar, emit_s, with tabs between."""
    return "".join(f"{time_s:.4f}\t{place}\t{emit_s:.4f}\n" for time_s, place, emit_s in beats)


@dataclass(frozen=True, slots=True)
class Step:
    """What one block brought. beats: for each lead that was asked for. heard_s: seconds of sound so far."""

    hops: list[Features]
    states: list[BeatState]
    beats: list[list[Beat]]
    heard_s: float


class LivePath:
    """An input through analyser and tracker, block by block, as the live hearing reads it."""

    def __init__(self, sound: AudioInput, aheads_s: Sequence[float] = (0.0,)) -> None:
        """sound: open, not live. aheads_s: see Announcing."""
        self._sound = sound
        self.analyser = FeatureAnalyser(rate_hz=sound.rate_hz)
        self._announcing = Announcing(sound.rate_hz, aheads_s)

    def steps(self, seconds: float | None = None) -> Iterator[Step]:
        """Until the sound ends, or `seconds` of it are heard."""
        sound, heard_s = self._sound, 0.0
        while seconds is None or heard_s < seconds:
            block = sound.read(self.analyser.frames_to_hop)
            if block is None:
                return
            heard_s = block.start_s + len(block.samples) / block.rate_hz
            hops = self.analyser.process(block)
            states, beats = self._announcing.take(hops, block)
            yield Step(hops, states, beats, heard_s)

    def counts(self) -> dict[str, int]:
        """Counters of input, analysis and tracker."""
        counted = dict(self._sound.counts())
        counted |= {f"analysis {name}": n for name, n in self.analyser.counts().items()}
        return counted | {f"beats {name}": n for name, n in self._announcing.tracked.counts().items()}


def announced(sound: AudioInput, aheads_s: Sequence[float] = (0.0,)) -> list[list[Beat]]:
    """The beats of a whole sound, open and not live, as announced, for each of aheads_s."""
    out: list[list[Beat]] = [[] for _ in aheads_s]
    for step in LivePath(sound, aheads_s).steps():
        for beats, new in zip(out, step.beats, strict=True):
            beats += new
    return out
