"""Who tells the beat of the sound, and hears what the hands say of it: the tracker, or a band that knows its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from perform.core.contracts import AudioInput
from perform.core.errors import UsageError
from perform.core.types import AudioBlock, BeatClock, Features, HandWord

if TYPE_CHECKING:
    from perform.features.beat import BeatState


class KnownBeats:
    """The beat of an input that knows it. Nobody has to tell it anything."""

    def __init__(self, sound: AudioInput) -> None:
        self._sound = sound

    def __call__(self, block: AudioBlock) -> BeatClock | None:
        """The newest word."""
        return self._sound.beat()

    def steer(self, word: HandWord) -> None:
        """The band plays on."""


class TrackedBeats:
    """The beat tracker, laid on the onsets of the analysis, with the hands' words as observations.

    Thread: called with blocks in the thread of the analysis; `steer` from any, most likely the engine's.
    """

    def __init__(self, rate_hz: float) -> None:
        from perform.features.beat import TRUSTED
        from perform.features.beat.anchor import Anchor
        from perform.steady import SteadyTracker

        self._tracker = SteadyTracker(rate_hz)
        self._anchor = Anchor()
        self._onsets = 0.0
        self._trusted = TRUSTED
        self._words: deque[HandWord] = deque(maxlen=64)
        self._told: BeatClock | None = None
        self.refused = 0

    def steer(self, word: HandWord) -> None:
        """Hand in a word; it is taken in before the next block."""
        self._words.append(word)

    def note(self, hops: Iterable[Features]) -> None:
        """What the analysis made of the block that comes next."""
        for hop in hops:
            count = hop.values.get("audio/onsets", 0.0)
            if count > self._onsets:
                self._anchor.onset(hop.time_s)
            self._onsets = count

    def __call__(self, block: AudioBlock) -> BeatClock | None:
        """Follow the sound. The newest word, None while the tracker does not trust itself."""
        states = self.follow(block)
        newest = states[-1] if states else None
        if newest is not None:
            self._told = BeatClock(
                newest.time_s + self._anchor.late_s, newest.beats, newest.tempo_bpm, newest.beats_per_bar,
                newest.confidence, "tracker", newest.bar_phase,
            ) if newest.confidence >= self._trusted else None  # fmt: skip
        return self._told

    def follow(self, block: AudioBlock) -> list[BeatState]:
        """Follow the sound: the tracker's hops. Their beats fall `late_s` later than they say."""
        while self._words:
            self._take(self._words.popleft())
        states = self._tracker.process(block)
        self._anchor.follow(states)
        return states

    @property
    def late_s(self) -> float:
        """How much later than the tracker says its beats fall."""
        return self._anchor.late_s

    def counts(self) -> dict[str, int]:
        """Counters that only grow: what the tracker had to put up with, and words of hands that it refused."""
        return {**self._tracker.counts(), "refused_words": self.refused}

    def _take(self, word: HandWord) -> None:
        time_s = word.time_s - self._anchor.late_s
        try:
            if word.kind == "one":
                self._tracker.set_one(time_s, word.weight)
            else:
                self._tracker.suggest(time_s, word.tempo_bpm, word.weight)
        except UsageError:
            self.refused += 1


def beats_of(sound: AudioInput) -> KnownBeats | TrackedBeats:
    """Who tells the beat: an input that knows it (the band), else the tracker."""
    return KnownBeats(sound) if sound.beat() is not None else TrackedBeats(sound.rate_hz)
