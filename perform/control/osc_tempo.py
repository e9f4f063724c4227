"""The beat out over OSC, to any number of listeners: `/perform/tempo/…`, one number to an address.

`bpm`, `confidence`, `beat` (beats so far, with a fraction: what `/perform/tempo/beat` of another `perform` follows),
`beat_phase`, `bar_phase` (0..1), `bar` (bars so far) come many times a second; `on_beat` (1, 2, 3, 4) with each beat;
`source` (who leads) when it changes. Everything is of the sound that is heard now, not of the picture's lead.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from perform.control.osc_send import OscSender
from perform.core.types import BeatClock

WHERE = "/perform/tempo/"
TOLD = frozenset(f"tempo/{name}" for name in ("bpm", "confidence", "beat", "beat_phase", "bar_phase", "bar", "source"))
"""Where the same is not told as a parameter."""


class OscTempo:
    """Tells the beat. Thread: the engine's. clock: show time. sender: to whom and how often at most."""

    def __init__(self, sender: OscSender, clock: Callable[[], float]) -> None:
        self._sender = sender
        self._clock = clock
        self._beat: int | None = None
        self._source = ""
        self._told = 0.0, 0.0

    def tell(self, word: BeatClock, bars: float = 0.0) -> None:
        """The engine's beat. bars: bars so far, with a fraction, at the word's time."""
        now_s = self._clock()
        length = max(1, word.beats_per_bar)
        ahead = (word.time_s - now_s) * word.tempo_bpm / 60.0
        beats, bars = word.beats - ahead, bars - ahead / length
        # The lead is measured and moves a little; what was told never goes back.
        beats, bars = max(0.0, beats, self._told[0]), max(0.0, bars, self._told[1])
        self._told = beats, bars
        number = math.floor(beats)
        if self._beat is not None and number > self._beat:
            self._sender.send(WHERE + "on_beat", int(bars % 1.0 * length + 1e-3) % length + 1)
        self._beat = number if self._beat is None else max(self._beat, number)
        if word.source != self._source:
            self._source = word.source
            self._sender.send(WHERE + "source", word.source)
        values = {
            WHERE + "bpm": float(word.tempo_bpm), WHERE + "confidence": float(word.confidence),
            WHERE + "beat": float(beats), WHERE + "beat_phase": float(beats % 1.0),
            WHERE + "bar_phase": float(bars % 1.0), WHERE + "bar": math.floor(bars),
        }  # fmt: skip
        self._sender.send_all(values, now_s)
