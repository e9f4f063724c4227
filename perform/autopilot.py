"""The autopilot of unattended rooms: another look after a while, drawn within tags; a hard cut when the drop comes.

It draws on a seed and a count, never on chance of its own: the same room at the same music gets the same night again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perform.core.countdown import Countdown
from perform.core.cues import Fade, Span
from perform.core.errors import PerformError
from perform.core.params import Param
from perform.core.quantise import OFF
from perform.core.types import Moment
from perform.tagged import TaggedPresets

if TYPE_CHECKING:
    from perform.show import Show

AHEAD_S = 4.0
LEAST_S = 8.0
"""So long a look stays at least before a drop cuts it."""
RANDOM, AS_MIX = "random", "as mix"
ALL, OF_SET = "all", "the set"
DROPS = "section/drops"
MOST_TRIES = 4


def autopilot_rows() -> tuple[Param, ...]:
    """The rows below `autopilot/`, with the transitions that are found now."""
    from perform.mix import mix_rows

    names = next(row for row in mix_rows() if row.name == "transition").choices
    return (
        Param("on", "bool", False, doc="looks change by themselves", live=False),
        Param("minutes", "float", 3.0, 0.05, 1440.0, "min", "log", "how long each look stays", live=False),
        Param("bars", "int", 0, 0, 4096, "bars", doc="the same in bars; 0: `minutes` counts", live=False),
        Param("tags", "text", "", doc="only looks with one of these tags, as in `gallery, calm`; -fast leaves one out",
              live=False),
        Param("of", "choice", ALL, choices=(ALL, OF_SET), live=False,
              doc="which looks are drawn from: all, or those of the set that is loaded"),
        Param("drop", "bool", True, doc="a drop in the music cuts to the next look at once", live=False),
        Param("fade_s", "float", 4.0, 0.0, 120.0, "s", "square", "how long a look takes to come in; 0 cuts",
              live=False),
        Param("transition", "choice", AS_MIX, choices=(AS_MIX, RANDOM, *names), live=False,
              doc="how a look comes in: as the mixer does, another one each time, or this one"),
        Param("seed", "int", 1, 0, 9_999_999, doc="another seed, another order of looks", live=False),
        Param("skip", "trigger", False, doc="on to the next look", quantised=True),
        Param("coming", "text", "", doc="the look that comes next (read only)", live=False),
    )  # fmt: skip


def drawn(seed: int, count: int, names: list[str]) -> str:
    """The look of a number: each is drawn once before one comes again, and never one twice in a row. "" of none."""
    size = len(names)
    if size < 2:
        return names[0] if names else ""
    lap, place = divmod(count, size)
    order = np.random.default_rng([seed, lap]).permutation(size)
    if lap > 0 and size > 2:
        last = _last(seed, lap - 1, size)
        if order[0] == last:  # put it a place back; never the last place, which the next lap looks at
            order[0], order[1] = order[1], order[0]
    elif lap > 0:
        order = np.random.default_rng([seed, 0]).permutation(size)  # of two, they take turns
    return names[int(order[place])]


def _last(seed: int, lap: int, size: int) -> int:
    return int(np.random.default_rng([seed, lap]).permutation(size)[-1])


class Autopilot:
    """Thread: the engine's; `step` once a tick. count: how many looks it has drawn."""

    def __init__(self, show: Show) -> None:
        self.count = 0
        self._show, self._engine = show, show.engine
        self._presets = TaggedPresets()
        self._countdown = Countdown()
        self._on = self._readied = self._drawn = self._cuts = False
        self._asked: tuple[str, int, str] = ("", 0, "")
        self._look: object = None
        self._since_s = 0.0
        self._drops = 0.0
        self._skips: int | None = None
        self._broken: set[str] = set()
        self._fresh = self._foreign = False  # just switched on; while a look plays that is none of those wanted
        self._lost = ""
        self._engine.table.add(autopilot_rows(), "autopilot")

    def step(self) -> None:
        """Once a tick."""
        table, moment = self._engine.table, self._engine.moment
        if not table.value("autopilot/on"):
            if self._on:
                self._on = False
                self._countdown.begin(None, moment)
                table.set("autopilot/coming", "")
            self._note_drops()
            self._skips = None
            return
        if not self._on:
            self._on = True
            self._begin(moment)
        self._draw()
        if self._show.preset is not self._look or self._span() != self._countdown.span:
            self._stay(moment)
        if self._is_time(moment):
            self._change(moment)

    def _begin(self, moment: Moment) -> None:
        """Switched on: what plays stays for its time, where it is one of those that are wanted."""
        self._presets.look()
        self._broken.clear()
        self._fresh, self._drawn, self._look = True, False, self._show.preset
        self._asked = self._wish()
        self._skips = None
        self._stay(moment)

    def _stay(self, moment: Moment) -> None:
        """The look that plays stays for its time from now on."""
        if self._show.preset is not self._look:
            self._drawn = False  # a hand has changed it
        self._look, self._since_s, self._readied = self._show.preset, moment.seconds, False
        self._countdown.begin(self._span(), moment)

    def _span(self) -> Span:
        table = self._engine.table
        bars, minutes = int(table.value("autopilot/bars")), float(table.value("autopilot/minutes"))  # type: ignore[arg-type]
        return Span(float(bars), "bars") if bars > 0 else Span(60.0 * minutes)

    def _wish(self) -> tuple[str, int, str]:
        """Tags, seed, and the set that is drawn from, "" for all looks."""
        table = self._engine.table
        of_set = self._show.programme.cues.set.name if table.value("autopilot/of") == OF_SET else ""
        return str(table.value("autopilot/tags")), int(table.value("autopilot/seed")), of_set  # type: ignore[arg-type]

    def _wanted(self) -> list[str]:
        """The names of the looks that may come."""
        names = self._presets.names(self._asked[0])
        if not self._asked[2]:
            return names
        of_set = {cue.preset for cue in self._show.programme.cues.set.cues}
        return [name for name in names if name in of_set]

    # What comes

    def _draw(self) -> None:
        """Know which look comes next, as soon as the presets have been read."""
        if self._wish() != self._asked:
            self._asked, self._drawn = self._wish(), False
        if not self._presets.ready:
            self._presets.step()
            return
        if self._drawn:
            return
        self._drawn, self._readied = True, False
        wanted = self._wanted()
        self._engine.table.set("autopilot/coming", self._next(wanted))
        if not wanted and self._lost != self._asked[0]:
            where = f" in the set {self._asked[2]!r}" if self._asked[2] else ""
            self._show.say(f"autopilot: no look{where} has one of the tags {self._asked[0]!r}; what plays stays")
        self._lost = self._asked[0] if not wanted else ""
        self._foreign = self._fresh and bool(self._asked[0] or self._asked[2]) and self._show.preset.name not in wanted
        self._fresh = False

    def _next(self, wanted: list[str]) -> str:
        """The next of these looks that is not the one that plays; "" where there is no other."""
        seed = self._asked[1]
        names = [name for name in wanted if name not in self._broken]
        here = self._show.preset.name
        for _ in range(min(len(names), 3)):
            name = drawn(seed, self.count, names)
            if name != here:
                return name
            self.count += 1
        return ""

    def _is_time(self, moment: Moment) -> bool:
        engine = self._engine
        trusts = engine.landing.quantiser.trusts
        ends = self._countdown.is_next(moment, "bar" if trusts else OFF, trusts=trusts)
        if not self._drawn:
            return False
        stays_s = moment.seconds - self._since_s
        self._cuts = self._note_drops() and bool(engine.table.value("autopilot/drop")) and stays_s >= LEAST_S
        near = self._countdown.left_s(moment) < AHEAD_S or (
            stays_s > LEAST_S and engine.signals.get("section/build", 0)
        )
        coming = str(engine.table.value("autopilot/coming"))
        if coming and near and not self._readied:
            self._readied = True
            self._show.ahead.ready(coming)
        return ends or self._cuts or self._skipped() or (self._foreign and bool(coming))

    def _note_drops(self) -> bool:
        drops = self._engine.signals.get(DROPS, 0.0)
        grown, self._drops = drops > self._drops, drops
        return grown

    def _skipped(self) -> bool:
        count = int(self._engine.table.value("autopilot/skip"))  # type: ignore[arg-type]
        before, self._skips = self._skips, count
        return before is not None and count > before

    def _change(self, moment: Moment) -> None:
        """Bring in the look that was drawn, or, where that cannot play, one after it."""
        table, fade = self._engine.table, Fade() if self._cuts else self._fade()
        for _ in range(MOST_TRIES):
            name = str(table.value("autopilot/coming"))
            if not name or self._plays(name, fade):
                break
            table.set("autopilot/coming", self._next(self._wanted()))
        self._look = self._show.preset
        self._presets.look()
        self._drawn = False
        self._stay(moment)

    def _plays(self, name: str, fade: Fade) -> bool:
        """Bring a look in. One that cannot play is said once, and not drawn again."""
        self.count += 1
        try:
            self._show.recall(name, fade)
        except PerformError as error:
            self._broken.add(name)
            self._engine.health.failed("autopilot", error)
            self._show.say(f"autopilot: {error}")
            return False
        return True

    def _fade(self) -> Fade:
        table = self._engine.table
        fade_s, name = float(table.value("autopilot/fade_s")), str(table.value("autopilot/transition"))  # type: ignore[arg-type]
        if name == RANDOM:
            names = table["autopilot/transition"].choices[2:]
            name = names[int(np.random.default_rng([self._asked[1], self.count, 1]).integers(len(names)))]
        return Fade("" if name == AS_MIX else name, fade_s)

    def signals(self, moment: Moment) -> dict[str, float]:
        """Its sources of modulation."""
        counted = self._countdown
        return {"autopilot/progress": counted.progress(moment), "autopilot/left_s": counted.left_s(moment)}
