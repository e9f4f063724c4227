"""The beat tracker: blocks of sound in, one BeatState a hop out, causally, on the clock of the audio stream."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from perform.core.errors import UsageError
from perform.core.types import AudioBlock
from perform.features.beat.core import TRUSTED, BeatCore
from perform.features.beat.onset import BANDS, HOPS_PER_S, OnsetFront

_GAP_S = 0.05
_LONGEST_GAP_S = 5.0
_MOST_BEATS = 4096
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 4000.0, 768000.0


@dataclass(frozen=True, slots=True)
class BeatState:
    """The musical time at one hop.

    time_s: stream time of the newest sample used. tempo_bpm: 30..240. beats: continuous count, never falls.
    beat_phase: 0..1 in the beat. bar_phase: 0..1 in the bar. beat_count: whole beats so far. bar_count: bars
    begun so far; neither ever falls. beats_per_bar: 2..7. confidence: 0..1, from TRUSTED (0.5) on a show may act
    on it. next_beat_s, next_bar_s: when the next beat and the next downbeat will fall, stream time.
    """

    time_s: float
    tempo_bpm: float
    beats: float
    beat_phase: float
    bar_phase: float
    beat_count: int
    bar_count: int
    beats_per_bar: int
    confidence: float
    next_beat_s: float
    next_bar_s: float


class BeatTracker:
    """Tempo, beat and bar of any music, causally.

    The same whatever the block size, bit for bit. A new sample rate in mid-stream is taken over; a gap in the
    stream (a block that starts later than the last one ended) is bridged at the tempo in hand.
    """

    def __init__(self, rate_hz: float = 44100.0) -> None:
        """rate_hz: of the first block; another rate is taken over when it comes. Raises UsageError."""
        self._front = OnsetFront(_checked(rate_hz))
        self._core = BeatCore(self._front.centres_hz)
        self._origin_s: float | None = None
        self._newest: BeatState | None = None
        self.counts = {"rate_changes": 0, "gaps": 0}

    def process(self, block: AudioBlock) -> list[BeatState]:
        """Feed a block; one BeatState for each hop that it completed (maybe none). Raises UsageError for a rate
        that no device has."""
        if block.rate_hz != self._front.rate_hz:
            self._change_rate(_checked(block.rate_hz))
        if self._origin_s is None:
            self._origin_s = block.start_s
        else:
            self._bridge(block.start_s)
        self._front.feed(block.samples)
        out = []
        while self._front.ready():
            consumed, onset = self._front.next()
            now_s = self._origin_s + consumed / self._front.rate_hz
            self._core.step(now_s, onset, self._front.bands)
            out.append(self._state(now_s))
        if out:
            self._newest = out[-1]
        return out

    def upcoming(self, count: int) -> list[tuple[float, int]]:
        """The next beats as (time_s, beat_in_bar from 1), as far as is known now; see `upcoming`. Empty before the
        first hop. Raises UsageError for a count that is no count."""
        return upcoming(self._newest, count) if self._newest is not None else []

    def suggest(self, beat_s: float, tempo_bpm: float, weight: float = 0.95) -> None:
        """Someone (a tap, x2, a nudge) says that a beat falls at beat_s, stream time, at this tempo: an observation
        into the filter. weight: 0..1, how far to believe it. Raises UsageError."""
        if not (0.0 < tempo_bpm < math.inf and math.isfinite(beat_s) and 0.0 <= weight <= 1.0):
            raise UsageError(f"beat tracker: cannot take {tempo_bpm} bpm at {beat_s} s with weight {weight}")
        self._core.suggest(self._end_s(), beat_s, tempo_bpm, weight)

    def set_one(self, time_s: float, weight: float = 0.95) -> None:
        """Someone says that the beat nearest to time_s is the first of a bar."""
        follow = self._core.follow
        if math.isfinite(time_s) and math.isfinite(follow.last_beat_s):
            to_one = round((time_s - follow.last_beat_s) / follow.period_s)
            self._core.bars.set_one(min(max(to_one, -3), 7), weight)

    def _end_s(self) -> float:
        return (self._origin_s or 0.0) + self._front.consumed / self._front.rate_hz

    def _change_rate(self, rate_hz: float) -> None:
        """Start a new analysis at the new rate; tempo and phase live on."""
        if self._origin_s is not None:
            self._origin_s = self._end_s()
            self.counts["rate_changes"] += 1
        self._front = OnsetFront(rate_hz)
        self._core.bars.retune(self._front.centres_hz)

    def _bridge(self, start_s: float) -> None:
        """Let time pass unheard where the stream has a gap. A start in the past is not believed."""
        gap_s = start_s - self._end_s()
        if not _GAP_S < gap_s < math.inf:
            return
        self.counts["gaps"] += 1
        if gap_s > _LONGEST_GAP_S:
            self._core.forget()
        else:
            now_s = self._end_s()
            quiet = np.zeros(BANDS, np.float32)
            for k in range(round(gap_s * HOPS_PER_S)):
                self._core.step(now_s + (k + 1) / HOPS_PER_S, quiet, self._front.bands, heard=False)
        self._origin_s = (self._origin_s or 0.0) + gap_s

    def _state(self, now_s: float) -> BeatState:
        core = self._core
        follow, bars = core.follow, core.bars
        count = math.floor(follow.beats)
        phase = follow.beats - count
        metre, place = bars.coming()
        after = 0 if place == 0 else metre - place
        return BeatState(
            time_s=now_s,
            tempo_bpm=60.0 / follow.period_s,
            beats=follow.beats,
            beat_phase=phase,
            bar_phase=(bars.place + phase) / bars.metre,
            beat_count=count,
            bar_count=bars.bar_count,
            beats_per_bar=bars.metre,
            confidence=core.confidence,
            next_beat_s=follow.next_beat_s,
            next_bar_s=follow.next_beat_s + after * follow.period_s,
        )


class Announcer:
    """Turns states into beats that a show would act on: each beat once, trusted ones only."""

    def __init__(self, ahead_s: float = 0.0, threshold: float = TRUSTED) -> None:
        """ahead_s: announce each beat at least this long before it falls (0: when it falls)."""
        self.ahead_s = max(float(ahead_s), 0.0)
        self.threshold = threshold
        self._announced = 0
        self._before: BeatState | None = None

    def feed(self, state: BeatState) -> list[tuple[float, int, float]]:
        """Returns (time_s, beat_in_bar from 1, emit_time_s) of the beats to announce at this hop."""
        before, self._before = self._before, state
        if self.ahead_s > 0.0:
            return self._coming(state)
        if before is None or state.beat_count <= max(before.beat_count, self._announced):
            return []
        self._announced = state.beat_count
        if state.confidence < self.threshold:
            return []
        part = (state.beat_count - before.beats) / (state.beats - before.beats)
        time_s = before.time_s + part * (state.time_s - before.time_s)
        return [(time_s, beat_in_bar(state), state.time_s)]

    def _coming(self, state: BeatState) -> list[tuple[float, int, float]]:
        out: list[tuple[float, int, float]] = []
        if state.confidence < self.threshold:
            return out
        period_s = 60.0 / state.tempo_bpm
        to_bar = round((state.next_bar_s - state.next_beat_s) / period_s)
        limit_s = state.time_s + self.ahead_s
        ahead = 0
        while (time_s := state.next_beat_s + ahead * period_s) < limit_s + 1.01 / HOPS_PER_S:
            number = state.beat_count + 1 + ahead
            if number > self._announced:
                self._announced = number
                place = (ahead - to_bar) % state.beats_per_bar if ahead != to_bar else 0
                out.append((max(time_s, limit_s), place + 1, state.time_s))
            ahead += 1
        return out


def upcoming(state: BeatState, count: int) -> list[tuple[float, int]]:
    """The next `count` beats as (time_s, beat_in_bar from 1): the tempo and the metre in hand, carried on.

    Downbeats are those with beat_in_bar 1. Raises UsageError when count is negative or absurd.
    """
    if not 0 <= count <= _MOST_BEATS:
        raise UsageError(f"beat tracker: cannot tell {count} beats ahead; ask for 0 to {_MOST_BEATS}")
    period_s = 60.0 / state.tempo_bpm
    to_bar = round((state.next_bar_s - state.next_beat_s) / period_s)
    return [(state.next_beat_s + k * period_s, (k - to_bar) % state.beats_per_bar + 1) for k in range(count)]


def beat_in_bar(state: BeatState) -> int:
    """Which beat of the bar the state lies in, from 1."""
    return min(int(state.bar_phase * state.beats_per_bar + 1e-6), state.beats_per_bar - 1) + 1


def announce(
    states: Iterable[BeatState], ahead_s: float = 0.0, threshold: float = TRUSTED
) -> list[tuple[float, int, float]]:
    """The trusted beats in a run of states: [(time_s, beat_in_bar, emit_time_s)]. See Announcer."""
    announcer = Announcer(ahead_s, threshold)
    return [beat for state in states for beat in announcer.feed(state)]


def track_file_samples(samples: np.ndarray, rate_hz: float, ahead_s: float = 0.0) -> list[tuple[float, int, float]]:
    """Run the live, causal path over samples [n, channels] or [n]; see `announce` for what comes back.

    Times are seconds from the first sample.
    """
    tracker = BeatTracker(rate_hz)
    announcer = Announcer(ahead_s)
    block_size = max(int(rate_hz), 1)
    out: list[tuple[float, int, float]] = []
    for start in range(0, len(samples), block_size):
        block = AudioBlock(np.asarray(samples[start : start + block_size]), rate_hz, start / rate_hz)
        for state in tracker.process(block):
            out.extend(announcer.feed(state))
    return out


def _checked(rate_hz: float) -> float:
    if not _LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ:
        raise UsageError(f"beat tracker: a sample rate of {rate_hz} Hz is out of range; give one of 4000 to 768000 Hz")
    return float(rate_hz)
