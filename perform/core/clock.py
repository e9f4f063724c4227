"""Musical time for the engine: a tempo that runs by itself, follows a source of beats, and obeys the hand.

Nothing here reads a clock: the engine hands in seconds.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise
from statistics import median

from perform.core.divisions import division_of
from perform.core.params import Param
from perform.core.types import BeatClock, Moment

SLEW = 0.5
"""Most that the phase may run fast or slow while it corrects itself, as a share of the tempo."""
FAR_BEATS = 1.0
"""Beyond this it does not slew: it would be off the beat for longer than it takes the next bar to come."""
FAR_WAIT_S = 4.0
TAP_TIMEOUT_S = 2.5
PARAMS: tuple[Param, ...] = (
    Param("bpm", "float", 120.0, 30.0, 240.0, "bpm", doc="tempo while nothing else knows it"),
    Param("tap", "trigger", False, doc="tap the beat: from the second tap on the tempo follows the hand"),
    Param("nudge", "float", 0.0, -1.0, 1.0, doc="lean on the tempo: -1 is 4 % slower, 1 is 4 % faster, while held"),
    Param("double", "trigger", False, doc="twice the tempo"),
    Param("halve", "trigger", False, doc="half the tempo"),
    Param("one", "trigger", False, doc="this is the one: the bar starts now"),
    Param("hold", "bool", False, doc="keep the tempo as it is, whatever the sources say"),
    Param("lead_s", "float", 0.0, -0.2, 0.3, "s", doc="how far the beat runs ahead, to make up for delays"),
)


class TempoClock:
    """Beats as a number that only grows. It slews towards its source and never jumps back.

    Far off (over a beat) it runs on until the source's next bar line and goes to its beat there, forward; a source
    that is new is joined at once. Hands on it: tap, nudge, double, halve, one, hold.
    """

    def __init__(self, bpm: float = 120.0, beats_per_bar: int = 4) -> None:
        self.bpm = bpm
        self.beats_per_bar = beats_per_bar
        self.beats = 0.0
        self.confidence = 0.0
        self.source = "manual"
        self.nudge = 0.0
        self.hold = False
        self._bar_offset = 0.0
        self._octave = 1.0
        self._taps: deque[float] = deque(maxlen=8)
        self._tapped = False
        self._locked = False
        self._owed = 0.0
        self._following = False
        self._shift = 0.0
        self._far_s = self._far_phase = 0.0
        self._bars = 0
        self._bar_seen = (0.0, beats_per_bar, 0, 0.0)

    @property
    def bar_phase(self) -> float:
        """0..1 in the bar."""
        return ((self.beats - self._bar_offset) / self.beats_per_bar) % 1.0

    @property
    def bars(self) -> float:
        """Bars as a number that only grows: it goes to the next whole one where a bar begins early."""
        self._count_bars()
        return self._bars + self.bar_phase

    def _count_bars(self) -> None:
        place = (self.beats - self._bar_offset) / self.beats_per_bar
        whole = math.floor(place)
        offset, metre, whole_before, phase_before = self._bar_seen
        if (offset, metre) == (self._bar_offset, self.beats_per_bar):
            self._bars += whole - whole_before
        elif place - whole < phase_before - 1e-9:
            self._bars += 1  # the bar line was moved, and a new bar has begun by it
        self._bar_seen = (self._bar_offset, self.beats_per_bar, whole, place - whole)

    def seconds_to(self, length: str | float = 1.0) -> float:
        """Seconds from the moment that is shown now to the next beat (1), the next multiple of so many beats, or the
        next note or bar by name (`1/8`, `bar`, `4 bars`), at the tempo of now. Over 0. Raises PresetError."""
        now = self.moment(0.0, 0.0, 0, (2000, 1, 1, 0.0))
        return division_of(length).beats_to(now) * 60.0 / self.bpm

    def seconds_of(self, length: str | float = 1.0) -> float:
        """How long a beat (1), so many beats, a note or a bar lasts, in seconds at the tempo of now."""
        return division_of(length).in_beats(self.beats_per_bar) * 60.0 / self.bpm

    def advance(self, dt_s: float, heard: BeatClock | None = None, ahead_s: float = 0.0) -> None:
        """Run for dt seconds. `heard` is the source's newest word, already `ahead_s` seconds old (plus any lead)."""
        self._run(dt_s, heard, ahead_s)
        self._count_bars()

    def _run(self, dt_s: float, heard: BeatClock | None, ahead_s: float) -> None:
        if heard is None or self.hold or self._tapped:
            if heard is None and self._following:
                self.confidence *= math.exp(-dt_s / 8.0)
            step = dt_s * self.bpm / 60.0 * (1.0 + 0.04 * self.nudge)
            paid = min(self._owed, SLEW * step)
            self._owed -= paid
            self.beats += step - paid
            return
        self._follow(dt_s, heard, ahead_s)

    def _follow(self, dt_s: float, heard: BeatClock, ahead_s: float) -> None:
        self.source, self.confidence, self._following = heard.source, heard.confidence, True
        self.bpm = heard.tempo_bpm * self._octave
        goal = (heard.beats + ahead_s * heard.tempo_bpm / 60.0) * self._octave
        bar = heard.beats_per_bar or self.beats_per_bar
        # The source counts bars apart from beats: its bar began a whole number of beats before its `beats`.
        begun = round(heard.beats * self._octave - heard.bar_phase * bar) if heard.bar_phase >= 0.0 else 0
        step = dt_s * self.bpm / 60.0
        error = goal + self._shift - (self.beats + step)
        if not self._locked or (abs(error) > FAR_BEATS and self._may_jump(dt_s, ((goal - begun) / bar) % 1.0)):
            self._relock(goal, step, bar)
        else:
            far = abs(error) > FAR_BEATS
            self.beats += step if far else step + min(max(error, -SLEW * step), SLEW * step)
            if not far:
                self._far_s, self._far_phase = 0.0, 0.0
        self.beats_per_bar = bar
        if heard.bar_phase >= 0.0:
            self._bar_offset = begun + self._shift

    def _may_jump(self, dt_s: float, bar_phase: float) -> bool:
        """Far off: is this the source's bar line, where a jump looks right? A long bar is not waited for."""
        self._far_s += dt_s
        crossed = bar_phase < self._far_phase
        self._far_phase = bar_phase
        return crossed or self._far_s > FAR_WAIT_S

    def _relock(self, goal: float, step: float, bar: int) -> None:
        """Take the source's place in its bar by the shortest way forward; whole bars that differ do not matter."""
        self._shift = 0.0 if goal >= self.beats else float(math.ceil((self.beats + step - goal) / bar) * bar)
        self.beats = goal + self._shift
        self._bar_offset = self._shift
        self._locked = True
        self._far_s, self._far_phase = 0.0, 0.0

    def forget(self) -> None:
        """The source is gone or new: the next word is taken at once. The tempo runs on."""
        self._locked = False

    def tap(self, seconds: float) -> None:
        """One tap of the hand at show time `seconds`. Outliers are left out; a missed tap is understood."""
        if self._taps and seconds - self._taps[-1] > TAP_TIMEOUT_S:
            self._taps.clear()
        self._taps.append(seconds)
        if len(self._taps) < 2:
            return
        times = list(self._taps)
        gaps = [b - a for a, b in pairwise(times) if b - a > 0.15]
        if not gaps:
            return
        typical = median(gaps)
        counted = [g / max(1, round(g / typical)) for g in gaps if 0.6 < g / typical / max(1, round(g / typical)) < 1.4]
        self.bpm = min(max(60.0 / median(counted or gaps), 30.0), 240.0)
        self._tapped, self._following = True, False
        self.source, self.confidence = "tap", 1.0
        self._to_the_beat()

    def _to_the_beat(self) -> None:
        """The tap is a beat: on to the next whole one. Just past one it waits there, since beats never go back."""
        late = self.beats % 1.0
        if late < 0.35:
            self._owed = late
        else:
            self.beats = math.ceil(self.beats)
            self._owed = 0.0

    def release(self) -> None:
        """Give the tempo back from the tapping hand to the sources."""
        self._tapped, self._locked = False, False

    def scale(self, factor: float) -> None:
        """Twice (2) or half (0.5) the tempo, also of what the source says from now on."""
        wanted = self.bpm * factor
        if 30.0 <= wanted <= 240.0:
            self.bpm = wanted
            self._octave *= factor
            self._locked = False

    def one(self) -> None:
        """The bar starts now."""
        self._count_bars()
        self._bar_offset = self.beats
        self._count_bars()

    def moment(self, seconds: float, dt_s: float, frame: int, date: tuple[int, int, int, float]) -> Moment:
        """The moment of a tick."""
        return Moment(
            seconds, dt_s, frame, self.beats, self.bar_phase, self.bpm, self.confidence, date, self.bars,
            self.beats_per_bar,
        )  # fmt: skip
