"""The engine's musical time: its tempo, the clocks it may follow, and the hand on both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perform.core.beat_choice import BeatChoice
from perform.core.clock import TempoClock
from perform.core.contracts import BeatSource
from perform.core.params import ParamTable
from perform.core.told_beats import ToldBeats
from perform.core.types import BeatClock, ControlEvent, HandWord, Value
from perform.engine.hearing import Heard

TRIGGERS = ("tap", "double", "halve", "one", "resync")
LATE_S = 0.5
"""An event that says it is older than this has another clock than ours; it happens now."""


class MusicalTime:
    """One owner: the engine's thread.

    sources: the clocks outside. steer: who takes the hand's words to the tracker. outs: who is told our own beat, once
    a tick, as (beat, bars so far): it is that of the sound, and `time_s` lies ahead by the lead.
    """

    def __init__(self) -> None:
        self.tempo = TempoClock()
        self.choice = BeatChoice()
        self.told = ToldBeats()
        self.sources: list[BeatSource] = [self.told]
        self.outs: list[Callable[[BeatClock, float], None]] = []
        self.steer: Callable[[HandWord], None] = lambda _: None
        self.words: dict[str, BeatClock] = {}
        self._counts: dict[str, int] = {}
        self._nudged = False
        self._now_s = 0.0  # show time that the tempo has come to
        self._ahead_s = 0.0
        self._stream_s: float | None = None  # of the sound that is heard: stream time less show time

    def advance(
        self, seconds: float, dt_s: float, values: Mapping[str, Value], heard: Heard | None, ahead_s: float
    ) -> None:
        """Bring the tempo to show time `seconds`. ahead_s: how far ahead of what is heard the picture lives."""
        tempo = self.tempo
        self._ahead_s = ahead_s
        words = {source.name: word for source in self.sources if (word := source.beat(seconds)) is not None}
        if heard is not None:
            self._stream_s = heard.features.time_s + heard.since_s(heard.features.time_s, seconds) - seconds
            if heard.beat is not None and heard.age_s < 1.0:
                words["tracker"] = heard.beat
        self._settings(values)
        self.words = words
        name = self.choice.pick(seconds, words, str(values.get("tempo/source", "auto")))
        word = words.get(name)
        since_s = 0.0
        if word is not None:
            sound = name == "tracker" and heard is not None
            since_s = heard.since_s(word.time_s, seconds) if sound and heard else seconds - word.time_s
        tempo.advance(dt_s, word, since_s + ahead_s)
        self._now_s = seconds
        if self.outs:
            own = BeatClock(
                seconds + ahead_s, tempo.beats, tempo.bpm, tempo.beats_per_bar, tempo.confidence, tempo.source,
                tempo.bar_phase,
            )  # fmt: skip
            for tell in self.outs:
                tell(own, tempo.bars)

    def _settings(self, values: Mapping[str, Value]) -> None:
        tempo = self.tempo
        tempo.nudge = float(values.get("tempo/nudge", 0.0))  # type: ignore[arg-type]
        tempo.hold = bool(values.get("tempo/hold", False))
        tempo.manual_only = values.get("tempo/source") == "manual"
        tempo.metre = int(values.get("tempo/beats_per_bar", 4))  # type: ignore[arg-type]
        nudged = tempo.nudge != 0.0
        if self._nudged and not nudged and not tempo.by_hand and self.choice.leader == "tracker":
            self._tell_beat()
            tempo.drop_lean()
        self._nudged = nudged

    def hand(self, what: str, table: ParamTable, event: ControlEvent, seconds: float) -> None:
        """The hand on the tempo: a row below `tempo/` was just set, a trigger perhaps pulled."""
        value = table.value(f"tempo/{what}")
        when = event.time_s if 0.0 <= seconds - event.time_s < LATE_S else seconds
        if what == "bpm" and not (event.origin == "osc" and self.told.alive(seconds)):
            self.tempo.take(float(value))  # type: ignore[arg-type]
            self._tell_beat(weight=0.7)
        elif what == "beats_per_bar":
            self.tempo.set_metre(int(value))  # type: ignore[arg-type]
        elif what == "beat":
            self.told.tell(float(value), when)  # type: ignore[arg-type]
        elif what in TRIGGERS and int(value) != self._counts.get(what, 0):  # type: ignore[arg-type]
            self._counts[what] = int(value)  # type: ignore[arg-type]
            self._pulled(what, when)

    def _pulled(self, what: str, when: float) -> None:
        tempo = self.tempo
        if what == "tap":
            tapped = tempo.tap(when, self._now_s + self._ahead_s)
            if tapped is not None:
                self._tell("beat", tapped.beat_s, tapped.tempo_bpm, tapped.weight)
        elif what == "one":
            tempo.one(self._now_s + self._ahead_s - when)
            self._tell("one", when)
        elif what == "resync":
            tempo.release()
        elif tempo.scale(2.0 if what == "double" else 0.5):
            self._tell_beat()

    def _tell_beat(self, weight: float = 0.95) -> None:
        """The tracker hears where our own next beat falls, and how fast they come."""
        period_s = 60.0 / self.tempo.bpm
        self._tell(
            "beat", self._now_s + self._ahead_s + (1.0 - self.tempo.beats % 1.0) * period_s, self.tempo.bpm, weight
        )

    def _tell(self, kind: str, show_s: float, tempo_bpm: float = 0.0, weight: float = 0.95) -> None:
        if self._stream_s is not None:
            self.steer(HandWord(kind, show_s + self._stream_s, tempo_bpm, weight))

    def report(self) -> dict[str, Any]:
        """Who leads, how fast, how sure, and what the others say."""
        others = {
            name: {"bpm": round(word.tempo_bpm, 2), "confidence": round(word.confidence, 2)}
            for name, word in self.words.items()
        }
        return {
            "source": self.tempo.source, "bpm": round(self.tempo.bpm, 2),
            "confidence": round(self.tempo.confidence, 3), "sources": others,
            **{f"{s.name} {k}": v for s in self.sources for k, v in s.counts().items() if v},
        }  # fmt: skip
