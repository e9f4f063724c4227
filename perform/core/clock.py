"""Musical time for the engine: a tempo that runs by itself, follows a source of beats, and obeys the hand.

Nothing here reads a clock: the engine hands in seconds.
"""

from __future__ import annotations

import math

from perform.core.beat_choice import MODES
from perform.core.divisions import division_of
from perform.core.params import Param
from perform.core.taps import FASTEST_BPM, SLOWEST_BPM, Tapped, Taps
from perform.core.types import BeatClock, Moment

SLEW = 0.5
"""Most that the phase may run fast or slow while it corrects itself, as a share of the tempo."""

NUDGE = 0.04
FAR_BEATS = 1.0
"""A source that is further off than this has gone to another place: its beat is joined, its bar at the bar line."""

FAINT = 0.05
AGREED_BEATS = 8.0
"""So long a source must say what the hand says before it gets the lead back."""

PARAMS: tuple[Param, ...] = (
    Param("bpm", "float", 120.0, SLOWEST_BPM, FASTEST_BPM, "bpm",
          doc="tempo by hand; it leads until `tempo/resync`, or until a source agrees with it"),
    Param("tap", "trigger", False, doc="tap the beat: from the second tap on the tempo follows the hand"),
    Param("nudge", "float", 0.0, -1.0, 1.0, doc="lean on the tempo: -1 is 4 % slower, 1 is 4 % faster, while held"),
    Param("double", "trigger", False, doc="twice the tempo"),
    Param("halve", "trigger", False, doc="half the tempo"),
    Param("one", "trigger", False, doc="this is the one: a bar begins at the nearest beat"),
    Param("resync", "trigger", False, doc="the hand lets go: tempo, beat and bar are the source's again"),
    Param("hold", "bool", False, doc="keep the tempo as it is, whatever the sources say"),
    Param("lead_s", "float", 0.0, -0.2, 0.3, "s", doc="how far the beat runs ahead, to make up for delays"),
    Param("source", "choice", "auto", choices=MODES,
          doc="who may lead: auto takes the first of manual, link, midi, osc, tracker that is there"),
    Param("beats_per_bar", "int", 4, 1, 16, "beats", doc="length of a bar where the source does not know it"),
    Param("link_follows", "bool", False, doc="the tempo that our hand sets is set for all of the Link session"),
    Param("beat", "float", -1.0, -1.0, 1e9, "beats",
          doc="the beat as another program counts it (2.25: a quarter into the third); send it often", live=False),
)  # fmt: skip


class TempoClock:
    """Beats as a number that only grows. It slews towards its source and never jumps back.

    Far off it slews to the source's beat, and at the source's next bar line the count goes forward by whole beats, so
    that bars begin together. Hands on it: tap, nudge, double, halve, one, hold, release (resync).
    """

    def __init__(self, bpm: float = 120.0, beats_per_bar: int = 4) -> None:
        self.bpm = bpm
        self.beats_per_bar = beats_per_bar
        self.beats = 0.0
        self.confidence = 0.0
        self.source = "manual"
        self.nudge = 0.0
        self.hold = False
        self.manual_only = False
        self.metre = beats_per_bar  # where the source does not know it
        self._bar_offset = 0.0  # a bar begins at this beat, and every whole bar from it
        self._taps = Taps()
        self._tapped = False
        self._agreed = 0.0
        self._locked = False
        self._bars = 0
        self._bar_seen = (0.0, beats_per_bar, 0, 0.0)
        self._following = False
        self._owed = 0.0
        self._anchor = True  # the next word says where the source's count lies in ours
        self._shift = 0.0  # our count less the source's: whole beats
        self._octave = 1.0
        self._asked_bpm = 0.0  # by hand: what the tempo is to be near, whichever octave the source says; 0: nothing
        self._said_bpm = 0.0
        self._lean = 0.0
        self._one_by_hand = False
        self._one_agreed = 0.0

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

    @property
    def by_hand(self) -> bool:
        """Whether the hand leads."""
        return self._tapped

    def advance(self, dt_s: float, heard: BeatClock | None = None, ahead_s: float = 0.0) -> None:
        """Run for dt seconds. `heard` is the leading source's newest word, already `ahead_s` seconds old (plus any
        lead); None while nobody leads."""
        if heard is not None and self._tapped and not self.manual_only:
            self._listen_for_agreement(dt_s, heard, ahead_s)
        if heard is None or self.hold or self._tapped:
            self._run_free(dt_s, heard)
        else:
            self._follow(dt_s, heard, ahead_s)
        self._count_bars()

    def _run_free(self, dt_s: float, heard: BeatClock | None) -> None:
        if heard is None and self._following:
            self.confidence *= math.exp(-dt_s / 8.0)
        step = dt_s * self.bpm / 60.0 * (1.0 + NUDGE * self.nudge)
        paid = min(self._owed, SLEW * step)
        self._owed -= paid
        self.beats += step - paid
        self._anchor = True

    def _follow(self, dt_s: float, heard: BeatClock, ahead_s: float) -> None:
        if heard.source != self.source and self._locked:
            self._hand_over(heard)
        fresh = not self._locked or (self.confidence < FAINT and self._anchor)
        self._choose_octave(heard)
        self.source, self.confidence, self._following = heard.source, heard.confidence, True
        self.bpm = heard.tempo_bpm * self._octave
        before, step = self.beats, dt_s * self.bpm / 60.0
        self._lean += step * NUDGE * self.nudge
        goal = (heard.beats + ahead_s * heard.tempo_bpm / 60.0) * self._octave + self._lean
        bar = heard.beats_per_bar or self.metre
        if fresh:
            self._join(goal, step, bar if heard.bar_phase < 0.0 else 1)
        else:
            begins = heard.bar_phase < 0.0 and heard.beats % (heard.beats_per_bar or bar) < 0.25
            self._slew(goal, step, bar if begins else 0)
        self._mark_bars(heard, self.beats - before, bar, at_once=fresh)

    def _slew(self, goal: float, step: float, bar: int) -> None:
        """Towards the goal; onto the nearest beat of a source that is somewhere else altogether. bar: 0, or the length
        of the bar that the source has just begun."""
        error = goal + self._shift - (self.beats + step)
        if abs(error) > FAR_BEATS and not self._anchor:
            self._one_by_hand = False
            if bar:  # it begins anew, with a bar: so do we
                self.beats += step + (goal - self.beats - step) % bar
                self._shift = float(round(self.beats - goal))
                return
            self._anchor = True
        if self._anchor:
            self._shift = float(round(self.beats + step - goal))
            error = goal + self._shift - (self.beats + step)
            self._anchor = False
        self.beats += step + min(max(error, -SLEW * step), SLEW * step)

    def _join(self, goal: float, step: float, unit: int) -> None:
        """Take the source's place at once, by the shortest way forward; whole units (bars, beats) do not matter."""
        ahead = goal
        if self._locked or goal < self.beats:
            ahead = self.beats + step + (goal - self.beats - step) % unit
        self.beats = ahead
        self._shift = float(round(ahead - goal))
        self._locked, self._anchor, self._one_by_hand = True, False, False

    def _mark_bars(self, heard: BeatClock, moved: float, bar: int, at_once: bool) -> None:
        """Bars as the source counts them, taken over at one of its bar lines."""
        if heard.bar_phase >= 0.0:
            length = heard.beats_per_bar or bar
            begun = round((heard.beats - heard.bar_phase * length) * self._octave) + self._shift
        else:
            begun = self._shift
        unit = max(1.0, min(float(bar), (heard.beats_per_bar or bar) * self._octave))
        apart = (begun - self._bar_offset) % unit
        same = min(apart, unit - apart) < 0.01 and bar == self.beats_per_bar
        if self._one_by_hand:
            self._one_agreed = self._one_agreed + moved if same else 0.0
            self._one_by_hand = self._one_agreed < 2 * bar
            return
        if same or not (at_once or (self.beats - begun) % bar <= moved):
            return
        if heard.bar_phase < 0.0:  # its bars are whole multiples: so that ours are, the count goes forward
            missing = -self._shift % bar
            self.beats += missing
            self._shift += missing
            begun += missing
        self._bar_offset, self.beats_per_bar = float(begun), bar

    def _hand_over(self, heard: BeatClock) -> None:
        """Another source leads from here on: no jump, and no other octave of the tempo if it is the tracker's ear."""
        self._anchor = True
        self._lean, self._octave, self._asked_bpm = 0.0, 1.0, 0.0
        self._said_bpm = heard.tempo_bpm
        if heard.source == "tracker" and self.source != "manual" and self.confidence >= 0.3:
            octave = _octave_between(heard.tempo_bpm, self.bpm)
            if octave not in (0.0, 1.0):
                self._octave, self._asked_bpm = octave, self.bpm

    def _choose_octave(self, heard: BeatClock) -> None:
        """The hand's word on half and double stays, whichever of them the tracker takes the music for by now."""
        said, before = heard.tempo_bpm, self._said_bpm
        self._said_bpm = said
        if not self._asked_bpm:
            return
        if heard.source == "tracker" and before and abs(math.log2(said / before)) > 0.11:
            octave = _octave_between(said, self._asked_bpm)
            if octave != self._octave:
                self._octave, self._anchor = octave or 1.0, True
            if not octave:
                self._asked_bpm = 0.0  # another song
                return
        self._asked_bpm = said * self._octave

    def set_metre(self, beats: int) -> None:
        """The hand says how long a bar is; the one that runs began where it began."""
        begun = self.beats - self.bar_phase * self.beats_per_bar
        self._count_bars()
        self._bar_offset, self.beats_per_bar = float(round(begun)), beats
        self._count_bars()

    def forget(self) -> None:
        """The source is new and the show begins: its next word is taken at once. The tempo runs on."""
        self._locked = False

    def tap(self, seconds: float, now_s: float | None = None) -> Tapped | None:
        """One tap of the hand at `seconds`; the clock stands at `now_s`. Returns what the taps say by now."""
        tapped = self._taps.add(seconds)
        if tapped is not None:
            self.take(tapped.tempo_bpm)
            late_beats = ((seconds if now_s is None else now_s) - tapped.beat_s) * self.bpm / 60.0
            self._to_the_beat(late_beats)
        return tapped

    def take(self, bpm: float) -> None:
        """The hand leads, at this tempo. The phase is as it was."""
        self.bpm = min(max(bpm, SLOWEST_BPM), FASTEST_BPM)
        self._tapped, self._following, self._agreed = True, False, 0.0
        self._octave, self._asked_bpm, self._lean = 1.0, 0.0, 0.0
        self.source, self.confidence = "manual", 1.0

    def _to_the_beat(self, late_beats: float = 0.0) -> None:
        """A beat fell so long ago: on to the place that belongs to it. Just past it, wait: beats never go back."""
        late = (self.beats - late_beats) % 1.0
        if late < 0.35:
            self._owed = late
        else:
            self.beats += 1.0 - late
            self._owed = 0.0

    def _listen_for_agreement(self, dt_s: float, heard: BeatClock, ahead_s: float) -> None:
        """A source that has said for some bars what the hand says gets the lead back: it will not drift."""
        octave = _octave_between(heard.tempo_bpm, self.bpm) if heard.source == "tracker" else 1.0
        goal = (heard.beats + ahead_s * heard.tempo_bpm / 60.0) * octave
        off = (goal - self.beats + 0.5) % 1.0 - 0.5
        close = octave and abs(math.log2(heard.tempo_bpm * octave / self.bpm)) < 0.03 and abs(off) < 0.12
        self._agreed = self._agreed + dt_s * self.bpm / 60.0 if close and heard.confidence >= 0.5 else 0.0
        if self._agreed >= AGREED_BEATS:
            self._tapped, self._anchor = False, True
            self.source, self._octave = heard.source, octave
            self._said_bpm, self._asked_bpm = heard.tempo_bpm, self.bpm  # the hand has said which octave it is

    def release(self) -> None:
        """Give tempo, beat and bar back from the hand to the sources."""
        self._taps.clear()
        self._tapped, self._anchor, self._one_by_hand = False, True, False
        self._octave, self._asked_bpm, self._lean, self._owed = 1.0, 0.0, 0.0, 0.0

    def drop_lean(self) -> None:
        """What a nudge has added is the source's own from now on (the tracker was told)."""
        self._lean = 0.0

    def scale(self, factor: float) -> bool:
        """Twice (2) or half (0.5) the tempo, also of what the source says from now on. False where out of range."""
        wanted = self.bpm * factor
        if not SLOWEST_BPM <= wanted <= FASTEST_BPM:
            return False
        self.bpm = wanted
        self._anchor = True
        if self._following:
            self._octave *= factor
            self._asked_bpm = wanted
        return True

    def one(self, late_s: float = 0.0) -> None:
        """The bar begins at the beat nearest to `late_s` seconds ago; where nobody knows the beat, that is it."""
        late_beats = late_s * self.bpm / 60.0
        if not (self._following or self._tapped):
            self._to_the_beat(late_beats)
        self._count_bars()
        self._bar_offset = float(round(self.beats - late_beats))
        self._count_bars()
        self._one_by_hand, self._one_agreed = True, 0.0

    def told(self) -> str:
        """For the HUD: tempo, who leads, how sure, and the place in the bar."""
        place = int(self.bar_phase * self.beats_per_bar)
        marks = " ".join(f"[{n + 1}]" if n == place else f"{n + 1}" for n in range(self.beats_per_bar))
        held = ", held" if self.hold else ""
        return f"{self.bpm:.1f} bpm ({self.source} {self.confidence:.0%}{held})  {marks}"

    def moment(self, seconds: float, dt_s: float, frame: int, date: tuple[int, int, int, float]) -> Moment:
        """The moment of a tick."""
        return Moment(
            seconds, dt_s, frame, self.beats, self.bar_phase, self.bpm, self.confidence, date, self.bars,
            self.beats_per_bar,
        )  # fmt: skip


def _octave_between(said_bpm: float, wanted_bpm: float) -> float:
    """0.25, 0.5, 1, 2 or 4: what makes `said_bpm` the wanted tempo, within 5 %; 0 where none does."""
    octaves = math.log2(wanted_bpm / said_bpm)
    whole = round(octaves)
    return 2.0**whole if abs(whole) <= 2 and abs(octaves - whole) < 0.07 else 0.0
