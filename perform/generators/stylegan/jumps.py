"""When to move on to the next seed: by hand, on the beat, on bars, on hits."""

from __future__ import annotations

from perform.core.types import Moment

EVERY = {"beat": 1, "two_beats": 2}
BARS = {"bar": 1, "two_bars": 2, "four_bars": 4}
CHOICES = ("off", *EVERY, *BARS, "onset")
RISE, FALL = 0.5, 0.25  # push counts as a hit when it rises over RISE, and again once it was below FALL


class Jumps:
    """Watches the trigger, the beat and the push, and says when to jump. Each event counts once."""

    def __init__(self) -> None:
        self._trigger: int | None = None
        self._beat: int | None = None
        self._bar_phase = 0.0
        self._bars = 0
        self._armed = True

    def step(self, trigger: int, on: str, moment: Moment, push: float) -> float | None:
        """None, or how many seconds before this moment the jump was due (0 for hands and hits)."""
        pressed = self._trigger is not None and trigger > self._trigger
        self._trigger = trigger
        beat, bar, hit = self._new_beat(moment), self._new_bar(moment), self._new_hit(push)
        if pressed or (hit and on == "onset"):
            return 0.0
        on_beat = beat and on in EVERY and int(moment.beats // 1) % EVERY[on] == 0
        on_bar = bar and on in BARS and self._bars % BARS[on] == 0
        if not (on_beat or on_bar):
            return None
        return moment.beat_phase * 60.0 / max(moment.tempo_bpm, 1.0)

    def _new_beat(self, moment: Moment) -> bool:
        """A whole beat was passed. A tracker may tremble around one: only a count never seen before is new."""
        count = int(moment.beats // 1)
        seen = self._beat
        if seen is None or count > seen or count < seen - 2:  # further back: the music began again
            self._beat = count
        return seen is not None and count > seen

    def _new_bar(self, moment: Moment) -> bool:
        """The bar's phase fell by more than half: a downbeat was passed. It must rise again before the next."""
        fell = moment.bar_phase < self._bar_phase - 0.5
        if fell or moment.bar_phase > self._bar_phase:
            self._bar_phase = moment.bar_phase
        self._bars += fell
        return fell

    def _new_hit(self, push: float) -> bool:
        rose = self._armed and push >= RISE
        self._armed = not rose and (self._armed or push < FALL)
        return rose
