"""One tick of the show: events, moment, parameters, painters, stage, sinks. The same live and offline."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from perform.core.changes import made_whole
from perform.core.contracts import Sense, Sink, Stage
from perform.core.errors import ParamError, PerformError
from perform.core.params import ParamTable, is_read_only, is_wish
from perform.core.routes import RouteBank
from perform.core.sources import FreeSource, beat_values, free_values
from perform.core.types import ControlEvent, Features, Frame, Moment, ParamFrame, Picture, Value
from perform.engine.handover import Handovers
from perform.engine.health import Health
from perform.engine.hearing import Heard, Hearing, resting
from perform.engine.landing import Landing
from perform.engine.lead import Lead, PainterDelay
from perform.engine.mailbox import ControlQueue
from perform.engine.musical import MusicalTime
from perform.engine.on_beat import OFF, OnBeat, Plan
from perform.engine.pacing import MOST_DT_S
from perform.engine.painter import NO_PICTURES, Painter
from perform.engine.taking import pictures_for

NOTHING_HEARD = Features(0.0, {}, np.zeros(64, np.float32), np.zeros((1024, 2), np.float32))
_PANIC = "out/panic"
_SAFE = re.compile(r"out/(blackout|freeze|testcard|level|help)|deck/[^/]+/(bypass|level|layer/.+)|.*/solo")
"""What panic sets back: all that can hide a picture."""


class Engine:
    """Owns the parameter table, the routes and the tempo; is handed everything else through contracts.

    Thread: one owner, the thread that ticks, which also owns OpenGL.
    """

    def __init__(
        self,
        table: ParamTable,
        stage: Stage,
        hearing: Hearing,
        queue: ControlQueue,
        clock: Callable[[], float],
        *,
        date: Callable[[], tuple[int, int, int, float]] = lambda: (2000, 1, 1, 0.0),
    ) -> None:
        self.table = table
        self.stage = stage
        self.hearing = hearing
        self.queue = queue
        self.health = Health(clock)
        self.lead = Lead()
        self.musical = MusicalTime()
        self.tempo = self.musical.tempo
        self.senses: list[Sense] = []
        self.bank = RouteBank()
        self.free: Sequence[FreeSource] = ()
        self.painters: dict[str, Painter] = {}
        self.coming: dict[str, Painter] = {}
        self.handovers = Handovers()
        self.takers: Mapping[str, int] = {}  # decks whose generator takes pictures in, and their long side in px
        self.sinks: list[Sink] = []
        self.wishes: list[tuple[str, Value]] = []  # texts that ask for slow work, in the order in which they came
        self.signals: dict[str, float] = {}
        self.moment = Moment(0.0, 0.0, -1)
        self.params = ParamFrame({})
        self.heard: Heard | None = None
        self.exact = False  # offline: every sink gets the very frame of the tick
        self.delays: dict[str, PainterDelay] = {}
        self.moments: dict[str, Moment] = {}
        self.landing = Landing(table, self.delays)
        self.date = date
        self.on_beat: dict[str, OnBeat] = {}
        self._plans: dict[str, Plan] = {}
        self._landed: Callable[[], None] = lambda: None
        self._command: Callable[[ControlEvent], bool] = lambda _: False
        self._clock = clock
        self._before: Moment | None = None
        self._shown: dict[str, int] = {}
        self._wishes: dict[str, ParamFrame] = {}

    def on_landing(self, act: Callable[[], None]) -> None:
        """Who does the slow work that landed events ask for, in the very frame in which they land."""
        self._landed = act

    def set_command(self, command: Callable[[ControlEvent], bool]) -> None:
        """Who gets events whose address is no parameter."""
        self._command = command

    def set_routes(self, bank: RouteBank, free: Sequence[FreeSource]) -> None:
        """New routes for a new look. Trigger counts stay, so nothing fires by itself."""
        self.table.keep_counts(self.params)
        self.bank, self.free = bank, tuple(free)

    def warm(self) -> None:
        """Draw once before the show begins: drivers compile at the first draw, and nobody should hear that."""
        moment = Moment(0.0, 0.0, 0, date=self.date())
        self.stage.show({}, self.table.frame(), NOTHING_HEARD, moment)
        self.stage.finish()

    def tick(self, seconds: float) -> Moment:
        """Bring the show to `seconds` and show one frame."""
        began_s = self._clock()
        dt_s = 0.0 if self._before is None else min(max(seconds - self.moment.seconds, 0.0), MOST_DT_S)
        with self.health.timed("control"):
            self._take_events(seconds)
            self._listen(seconds, dt_s)
            self._land(seconds)
            self._gather(seconds)
            self._plan()
            self.params = self.bank.apply(self.table, self.signals, dt_s, self._later())
        with self.health.timed("painters"):
            frames = self._paint()
        with self.health.timed("stage"):
            features = NOTHING_HEARD if self.heard is None else self.heard.features
            self.stage.show(frames, self.params, features, self.moment)
        self.lead.note(self._clock() - began_s, dt_s)
        with self.health.timed("sinks"):
            self._send()
        self._before = self.moment
        return self.moment

    def take(self, event: ControlEvent) -> None:
        """An event of whoever owns this thread: it acts at once and waits for no beat. Raises PerformError."""
        self._take(event, max(self.moment.seconds, 0.0))

    def _take_events(self, seconds: float) -> None:
        for event in (*self.stage.poll(), *self.queue.drain()):
            try:
                if not self.landing.keeps(event, self.moment):
                    self._take(event, seconds)
            except PerformError as error:
                self.health.failed("control", error)

    def _land(self, seconds: float) -> None:
        """What waited for the beat and falls into this frame happens now, slow work included."""
        events = self.landing.due(self.moment)
        for event in events:
            try:
                self._take(event, seconds)
            except PerformError as error:
                self.health.failed("control", error)
        if events:
            self._landed()

    def _take(self, event: ControlEvent, seconds: float) -> None:
        if event.address in self.table:
            if is_read_only(self.table[event.address]):
                raise ParamError(f"{event.address} only tells: nobody can set it")
            event = made_whole(event, self.table[event.address], self.table.base()[event.address])
            value = self.table.set(event.address, event.value, normalised=event.normalised)
            if is_wish(self.table[event.address]):
                self.wishes.append((event.address, value))
            if event.address.startswith("tempo/"):
                self.musical.hand(event.address.removeprefix("tempo/"), self.table, event, seconds)
            elif event.address == _PANIC:
                self.panic()
        elif not self._command(event):
            self.health.count("unknown addresses")

    def panic(self) -> None:
        """A known-safe picture at once: no route acts, nothing is black or frozen, every level is up.

        The next preset, or a second panic, gives the routes back.
        """
        self.bank.suspended = not self.bank.suspended
        for row in self.table:
            if _SAFE.fullmatch(row.name):
                self.table.reset(row.name)

    @property
    def ahead_s(self) -> float:
        """The whole lead: how far ahead of what is heard at a tick its picture lives. 0 offline."""
        hand_s = 0.0 if self.exact else float(self.table.base().get("tempo/lead_s", 0.0))  # type: ignore[arg-type]
        return self.lead.screen_s + hand_s

    def stream_s(self, seconds: float) -> float | None:
        """The stream time of the sound that the listener hears at show time `seconds`; None before the first sound."""
        heard = self.heard
        return None if heard is None else heard.features.time_s + heard.since_s(heard.features.time_s, seconds)

    def beats_ahead(self, length: str | float = 1.0, count: int = 1) -> list[float]:
        """Stream times [count] at which the next beats (1), notes or bars (`1/8`, `bar`) will sound, by the tempo of
        now: what a painter or a cue aims at. Empty before the first sound. Raises PresetError for no such length."""
        now_s = self.stream_s(self.moment.seconds)
        if now_s is None:
            return []
        first_s = now_s + self.ahead_s + self.tempo.seconds_to(length)
        return [first_s + n * self.tempo.seconds_of(length) for n in range(count)]

    def _listen(self, seconds: float, dt_s: float) -> None:
        values = self.table.base()
        heard = self.hearing.at(seconds)
        if heard is not None:
            heard = replace(heard, features=resting(heard.features, heard.age_s))
        self.heard = heard
        self.musical.advance(seconds, dt_s, values, heard, self.ahead_s)
        self.moment = self.tempo.moment(seconds, dt_s, self.moment.frame + 1, self.date())

    def _gather(self, seconds: float) -> None:
        """All sources of modulation at this moment."""
        heard, values = self.heard, self.table.base()
        self.signals = dict(heard.features.values) if heard is not None else {}
        for sense in self.senses:
            try:
                self.signals.update(sense.signals(seconds))
            except Exception as error:  # a sensor that breaks is missed, and the show goes on
                if self.exact:
                    raise  # nobody waits for a frame: better no film than another one
                self.health.failed("sense", error)
        for letter, painter in self.painters.items():
            frame = painter.newest()
            if frame is not None and frame.signals:
                self.signals.update({f"deck/{letter}/{name}": value for name, value in frame.signals.items()})
        self.signals.update(beat_values(self.moment))
        self.signals.update(free_values(self.free, self.moment))
        for number in range(1, 9):
            self.signals[f"macro/{number}"] = float(values.get(f"macro/{number}", 0.0))  # type: ignore[arg-type]

    def _later(self) -> dict[str, dict[str, float]]:
        """What the beat will be when each painter's picture of now is seen: its parameters peak with the sound too."""
        self.moments = {letter: self.moment.ahead(delay.seconds) for letter, delay in self.delays.items()
                        if delay.seconds > 0.0}  # fmt: skip
        self.moments |= {n: self.on_beat[n].moment(self.moment, plan) for n, plan in self._plans.items() if plan.starts}
        return {
            f"deck/{letter}/source/": {**beat_values(moment), **free_values(self.free, moment)}
            for letter, moment in self.moments.items()
        }

    def _paint(self) -> Mapping[str, Frame]:
        """Hand the moment to the painters and take what is finished."""
        frames: dict[str, Frame] = {}
        seen = getattr(self.stage, "seen", None)
        between: Mapping[str, float] = getattr(self.stage, "delays", dict)()
        taken = pictures_for(self.stage, self.takers, self.params)
        for letter in list(self.coming):
            self._bring_in(letter, taken.get(letter, NO_PICTURES))
        for letter, painter in self.painters.items():
            if letter not in self.coming:
                self._wishes[letter] = self._own(letter)
            frame = painter.newest()
            waits = letter in self._plans and not self._plans[letter].starts and frame is not None
            if not waits and (frame is None or seen is None or letter in seen):  # nobody looks: it may rest
                moment = self.moments.get(letter, self.moment)
                painter.submit(self._wishes.get(letter, ParamFrame({})), moment, taken.get(letter, NO_PICTURES))
                frame = painter.newest()
            if letter in self._plans:
                frame = self.on_beat[letter].shown(frame, self.moment, between=self._draws_between(letter))
            if frame is not None:
                frames[letter] = frame
                if self._shown.get(letter) != frame.sequence:
                    self._note_frame(letter, frame, between.get(letter, 0.0))
        self.params = self.handovers.step(self.moment, self.params, frames)
        return frames

    def _note_frame(self, letter: str, frame: Frame, between_s: float) -> None:
        self._shown[letter] = frame.sequence
        self.health.count(f"deck {letter} frames")
        if letter not in self._plans:  # on the beat, a picture's age tells nothing of its painter
            age_s = self.moment.seconds - frame.moment.seconds + between_s
            self.delays.setdefault(letter, PainterDelay()).note(age_s, self.moment.dt_s)

    def _draws_between(self, letter: str) -> bool:
        return self.params.values.get(f"deck/{letter}/interpolate", OFF) != OFF

    def _plan(self) -> None:
        """Which decks paint for the beat, and whether one of them begins now. Without a beat to trust none does."""
        self._plans = {}
        for letter, painter in self.painters.items():
            length = str(self.table.base().get(f"deck/{letter}/on_beat", OFF))
            if length == OFF or not self.landing.quantiser.trusts:
                self.on_beat.pop(letter, None)
                continue
            timed = self.on_beat.get(letter)
            if timed is None or timed.length != length:
                timed = self.on_beat[letter] = OnBeat(length)
            work_s = 0.0 if self.exact else painter.frame_p95_ms / 1000.0
            self._plans[letter] = timed.plan(self.moment, work_s, painter.newest(),
                                             between=self._draws_between(letter), exact=self.exact)  # fmt: skip

    def _bring_in(self, letter: str, pictures: Mapping[str, Picture] = NO_PICTURES) -> None:
        """A new painter comes in when its first frame is finished and the beat is there; until then the old one plays
        on as it was, and while they fade."""
        painter = self.coming[letter]
        before = self.painters.get(letter)
        if before is not None and before.newest() is not None:
            if painter.newest() is None:
                painter.submit(self._own(letter), self.moment, pictures)
                self.handovers.forget(letter)
                return
            if not self.handovers.is_time(letter, self.moment, self.params.values):
                return
        self.painters[letter] = self.coming.pop(letter)
        self.delays.pop(letter, None)
        first = painter.newest()
        if first is not None:
            self._shown[letter] = first.sequence  # it waited for the beat: its age tells nothing of the painter's delay
        if before is not None:
            wish = self._wishes.get(letter, ParamFrame({}))
            self.handovers.leave(letter, before, wish, self.moment, self.params.values)

    def _own(self, letter: str) -> ParamFrame:
        return ParamFrame(self.params.under(f"deck/{letter}/source"))

    def _send(self) -> None:
        """Live, recordings get the frame before, which the graphics card has had the time to finish."""
        if not self.sinks:
            return
        if self.exact:
            image: np.ndarray | None = self.stage.finish()
            moment: Moment | None = self.moment
        else:
            image, moment = self.stage.read_back(), self._before
        if image is not None and moment is not None:
            for sink in self.sinks:
                sink.send(image, moment)

    def value(self, path: str) -> Value:
        """A parameter as it is shown now, with its routes; its base value before the first tick."""
        shown = self.params.values.get(path)
        return self.table.value(path) if shown is None else shown

    def report(self) -> dict[str, Any]:
        """The state of health, for the HUD and for JSON."""
        sound = dict(self.hearing.counts())
        decks = {
            letter: {
                "fps": round(p.fps, 1),
                "ms_p50": round(p.frame_ms, 2),
                "failures": p.failures,
                "last_error": p.last_error,
                **({"on_beat": self.on_beat[letter].report()} if letter in self.on_beat else {}),
            }
            for letter, p in self.painters.items()
        }
        control = {"posted": self.queue.posted, "coalesced": self.queue.coalesced, "dropped": self.queue.dropped}
        return self.health.report({"sound": sound, "decks": decks, "control": control, "tempo": self.musical.report()})

    def close(self) -> None:
        """Stop everything; sinks finish their files first."""
        self.hearing.close()
        for sink in self.sinks:
            sink.close()
        self.handovers.close()
        for painter in (*self.painters.values(), *self.coming.values()):
            painter.close()
        self.stage.close()
