"""The list of cues of a running show: GO, BACK, HOLD, and cues that follow by themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from perform.core.countdown import Countdown, following
from perform.core.cues import MOST_CUES, Cue, CueSet, read_set
from perform.core.errors import PerformError, UsageError
from perform.core.params import Param
from perform.core.preset import Preset, read_preset
from perform.core.quantise import CHOICES
from perform.core.types import Moment, Value
from perform.cue_values import CueValues
from perform.trial.gate import OnTrialError

if TYPE_CHECKING:
    from perform.show import Show

AS_SET = "as the set"
NEW_SET = "my_set"
"""What a set is called that begins with `cue/add`."""
AHEAD_S = 4.0
"""So long before a cue follows by itself its look is made ready."""
PILOT = "autopilot/on"
ROWS: tuple[Param, ...] = (
    Param("go", "trigger", False, doc="the next cue of the set, as soon as `cue/quantise` lets it", quantised=True),
    Param("back", "trigger", False, doc="the cue before", quantised=True),
    Param("hold", "bool", False, doc="no cue follows by itself while this is on; GO lets go of it"),
    Param("goto", "text", "", doc="name or number of a cue to bring in", live=False, quantised=True),
    Param("at", "int", 0, 0, MOST_CUES, doc="number of the cue that plays, from 1; another number brings that one",
          live=False, quantised=True),
    Param("add", "text", "", doc="keeps the look that plays as a preset of this name and puts it into the set, after "
          "the cue that plays", live=False),
    Param("set", "text", "", doc="name of the set that is played; another name loads that one", live=False),
    Param("quantise", "choice", AS_SET, choices=(AS_SET, *CHOICES), live=False,
          doc="what GO, BACK and goto wait for; as the set: what the cue or its set says, else `tempo/quantise`"),
    Param("loop", "bool", False, doc="after the last cue comes the first again", live=False),
    Param("now", "text", "", doc="the cue that plays (read only)", live=False),
    Param("next", "text", "", doc="the cue that GO brings (read only)", live=False),
)  # fmt: skip


class CueDesk:
    """Thread: the engine's. set: what is loaded. at: place of the cue that plays, -1 before the first."""

    def __init__(self, show: Show) -> None:
        self.set = CueSet("")
        self.at = -1
        self.lacking: dict[int, str] = {}  # places of cues whose look is not there, and why
        self.pilots = False  # whether the cue that plays has put the autopilot on
        self._show, self._engine = show, show.engine
        self._counts: dict[str, int] = {}
        self._countdown = Countdown()
        self._readied = False
        self.values = CueValues(show)
        self._waiting: tuple[Cue, Preset] | None = None
        self._seen = self._engine.moment  # when what is done now will be seen
        self._engine.table.add(ROWS, "cue")
        self._engine.landing.length_of = self._length_of

    # What is loaded

    def load(self, name: str) -> None:
        """Take up a set, before its first cue; the look stays. One that is loaded already is read anew and goes on
        where it is. Raises PresetError, with everything as it was."""
        table = self._engine.table
        try:
            loaded = CueSet("") if not name else read_set(_file_of(name))
            if name and not loaded.cues:
                raise UsageError(f"set {name}: there is no cue in it")
        except PerformError:
            table.set("cue/set", self.set.name)
            raise
        if loaded.name != self.set.name or self.at < 0:
            self.at = -1
        else:
            self.at = loaded.find(self.set.cues[self.at].name)
        if self.at < 0:
            self._countdown.begin(None, self._engine.moment)
        self.set, self._waiting = loaded, None
        self.lacking = self._missing(loaded)
        table.set("cue/set", loaded.name)
        table.set("cue/loop", loaded.loop)
        table.set("cue/hold", False)
        for line in (*loaded.problems, *self.lacking.values(), *_no_transitions(loaded)):
            self._show.say(f"set {name}: {line}")
        self._tell()

    def _missing(self, loaded: CueSet) -> dict[int, str]:
        from perform.content import list_presets

        there = {path.stem for path in list_presets()}
        found = {}
        for place, cue in enumerate(loaded.cues):
            if cue.preset and cue.preset not in there:
                found[place] = f"cue {place + 1} {cue.name!r}: there is no preset {cue.preset!r}; GO passes it over"
        return found

    def add(self, said: str) -> None:
        """Keep the look that plays as a preset and put it into the set, after the cue that plays, of which it becomes
        the next. Raises UsageError for a name that is none or a set that is full."""
        from perform.cue_file import insert_cue, place_for_set

        if len(self.set.cues) >= MOST_CUES:
            raise UsageError(f"cue/add: the set holds {MOST_CUES} cues, and that is the most")
        preset = self._show.looks.save(said)
        name, taken, times = " ".join(said.split())[:80], {cue.name for cue in self.set.cues}, 2
        plain = name
        while name in taken:
            name, times = f"{plain} {times}", times + 1
        at, cues = self.at + 1, list(self.set.cues)
        cues.insert(at, Cue(name, preset=preset))
        self.lacking = {place + (place >= at): line for place, line in self.lacking.items()}
        file = place_for_set(self.set.name or NEW_SET)
        source = file if file.exists() else _file_of(self.set.name) if self.set.name else None
        self.set, self.at = replace(self.set, name=file.stem, cues=tuple(cues)), at
        self._countdown.begin(None, self._seen)
        self._engine.table.set("cue/set", file.stem)
        self._tell()
        entry = {"name": name, "preset": preset}
        self._show.looks.disk.do(f"set {file.stem}", lambda: insert_cue(source, file, at, entry))

    def neighbour(self, step: int) -> int:
        """The place of the next cue that can be had, or of the one before (step -1); -1 where there is none."""
        count = len(self.set.cues)
        loops = bool(self._engine.table.value("cue/loop"))
        for far in range(1, count + 1):
            place = self.at + far * step
            if not 0 <= place < count:
                if not loops or (self.at < 0 and step < 0):
                    return -1
                place %= count
            if place not in self.lacking:
                return place
        return -1

    def coming(self, address: str, value: Value) -> str:
        """The preset that an event would bring, "" where none; so that it can be made ready."""
        place = {"cue/go": self.neighbour(1), "cue/back": self.neighbour(-1)}.get(address, -1)
        if address in ("cue/goto", "cue/at"):
            place = self.set.find(str(value))
        return self.set.cues[place].preset if place >= 0 else ""

    # Once a tick

    def grant(self, path: str, value: Value) -> bool:
        """Obey one wish. Returns whether it was one of these. Raises PerformError."""
        wanted = str(value).strip()
        if path == "cue/goto":
            self._engine.table.set(path, "")
            if wanted:
                self.goto(wanted)
        elif path == "cue/set":
            self.load(wanted)
        elif path == "cue/add":
            self._engine.table.set(path, "")
            if wanted:
                self.add(wanted)
        return path.startswith("cue/")

    def step(self) -> None:
        """What hands ask for, and what follows by itself. What is done now is seen in the next frame."""
        self._finish_waiting()
        moment = self._engine.moment
        self._obey(following(moment))
        self._follow(moment)

    def land(self) -> None:
        """In mid-tick: what has waited for the beat, and is seen in this very frame."""
        self._obey(self._engine.moment)

    def _obey(self, seen: Moment) -> None:
        self._seen = seen
        for _ in range(self._pulled("cue/go")):
            self.go()
        for _ in range(self._pulled("cue/back")):
            self._move(-1)
        asked = int(self._engine.table.value("cue/at"))  # type: ignore[arg-type]
        if asked != self.at + 1:
            self._to_number(asked)

    def _follow(self, moment: Moment) -> None:
        table = self._engine.table
        if self._countdown.span is None:
            return
        held = bool(table.value("cue/hold")) or (bool(table.value(PILOT)) and not self.pilots)
        trusts = self._engine.landing.quantiser.trusts
        shared = str(table.value("tempo/quantise"))
        if self._countdown.is_next(moment, self._length() or shared, held, trusts):
            self._move(1)
        elif not self._readied and not held and self.left_s(moment) < AHEAD_S:
            self._readied = True
            preset = self.coming("cue/go", True)
            if preset:
                self._show.ahead.ready(preset)

    def _length_of(self, address: str) -> str:
        return self._length() if address in ("cue/go", "cue/back", "cue/goto", "cue/at") else ""

    def _length(self) -> str:
        """What the next GO waits for; "" as `tempo/quantise` has it."""
        asked = str(self._engine.table.value("cue/quantise"))
        if asked != AS_SET:
            return asked
        place = self.neighbour(1)
        return (self.set.cues[place].quantise if place >= 0 else "") or self.set.quantise

    def _pulled(self, path: str) -> int:
        """How often a trigger was pulled since the last look, by hands and routes."""
        shown = self._engine.params.values.get(path, 0)
        count = max(int(self._engine.table.value(path)), int(shown))  # type: ignore[arg-type]
        before = self._counts.get(path, count)
        self._counts[path] = max(count, before)
        return min(max(count - before, 0), 8)

    # Moving

    def go(self) -> None:
        """The next cue now."""
        self._engine.table.set("cue/hold", False)
        self._move(1)

    def goto(self, wanted: str) -> None:
        """The cue of this name or number now. Raises UsageError."""
        place = self.set.find(wanted)
        if place < 0:
            raise UsageError(f"cue/goto: no cue {wanted[:60]!r} in the set {self.set.name!r}; it has names and numbers"
                             f" from 1 to {len(self.set.cues)}")  # fmt: skip
        self.bring(place)

    def _to_number(self, number: int) -> None:
        """The cue of a number that was set, where there is one that can be had."""
        if 1 <= number <= len(self.set.cues) and number - 1 not in self.lacking:
            self.bring(number - 1)
        else:
            self._engine.table.set("cue/at", self.at + 1)

    def _move(self, step: int) -> None:
        place = self.neighbour(step)
        if place >= 0:
            self.bring(place)
            return
        self._countdown.begin(None, self._engine.moment)
        end = "there is no set; `cue/set` loads one" if not self.set.cues else "the set ends here"
        self._show.shaders.notice(f"cue: {end if step > 0 else 'this is the first'}")

    def bring(self, place: int) -> None:
        """Bring in a cue. What of it cannot be had is said, and the list goes on."""
        self.at, self._readied = place, False
        cue = self.set.cues[place]
        try:
            self._bring_in(cue)
        except PerformError as error:
            if not cue.snapshot:  # that may yet be kept
                self.lacking[place] = str(error)
            self._failed(error)
        self._countdown.begin(cue.follow, self._seen)
        self._tell()

    def standing(self) -> dict[str, str]:
        """Where the list stands, so that a later show can stand there too. left: of the time to the next cue, in the
        unit of its span."""
        cue = self.set.cues[self.at] if self.at >= 0 else None
        if cue is None or self._countdown.span is None:
            return {"set": self.set.name, "cue": "" if cue is None else cue.name}
        left = round(self._countdown.left(self._engine.moment), 1 if self._countdown.span.unit == "s" else 0)
        return {"set": self.set.name, "cue": cue.name, "left": f"{left:g}"}

    def stand_at(self, kept: Mapping[str, str]) -> None:
        """The cue of this name plays already; the rest of its time goes on. Another name changes nothing."""
        name = kept.get("cue", "")
        place = self.set.find(name) if name else -1
        if place < 0:
            return
        self.at, self._readied, cue = place, False, self.set.cues[place]
        self.pilots, self.values.darkened = bool(cue.values.get(PILOT, False)), cue.blackout
        try:
            left = float(kept.get("left", "nan"))
        except ValueError:
            left = math.nan
        if math.isfinite(left):
            self._countdown.go_on(cue.follow, left, self._engine.moment)
        else:
            self._countdown.begin(cue.follow if "left" in kept else None, self._engine.moment)
        self._tell()

    def bring_loose(self, cue: Cue) -> None:
        """Bring in a cue that is in no list; nothing follows it by itself. Raises PerformError."""
        self._countdown.begin(None, self._seen)
        self._bring_in(cue)

    def _bring_in(self, cue: Cue) -> None:
        self._waiting, self.pilots = None, bool(cue.values.get(PILOT, False))
        self._engine.table.set(PILOT, False)
        before = self._show.preset
        if cue.snapshot or (cue.preset and cue.morph is not None):
            self._go_over(cue)
        elif cue.preset:
            self._show.recall(cue.preset, cue.fade)
        if cue.preset and self._show.preset is before:  # its shaders are tried first; see Show.recall
            self._waiting = (cue, before)
        else:
            self._settle(cue)

    def _go_over(self, cue: Cue) -> None:
        """To a snapshot, or in a morph to a preset. Raises PerformError."""
        from perform.content import find_preset

        show = self._show
        look = show.looks.snapshots.look(cue.snapshot) if cue.snapshot else read_preset(find_preset(cue.preset))
        if cue.morph is None or cue.morph.count <= 0.0:
            show.play(look, cue.fade)
            return
        try:
            show.expect(look)
        except OnTrialError:  # it comes as presets do, when its shaders have been tried
            show.recall(cue.preset, cue.fade)
            return
        show.looks.snapshots.go_to(look, cue.morph.count, cue.morph.unit == "beats")

    def _finish_waiting(self) -> None:
        """A look that had to be tried first is in: now what else its cue says."""
        if self._waiting is not None and self._show.preset is not self._waiting[1]:
            cue, self._waiting = self._waiting[0], None
            self._settle(cue)

    def _settle(self, cue: Cue) -> None:
        self.values.darken(cue.blackout)
        who = cue.name if cue.name.startswith(("cue ", "schedule ")) else f"cue {cue.name}"
        self.values.set(who, cue.values)

    def _failed(self, error: PerformError) -> None:
        self._engine.health.failed("cue", error)
        self._show.say(str(error))

    # What is seen of it

    def _tell(self) -> None:
        table = self._engine.table
        table.set("cue/at", self.at + 1)
        table.set("cue/now", self.set.cues[self.at].name if self.at >= 0 else "")
        place = self.neighbour(1)
        table.set("cue/next", self.set.cues[place].name if place >= 0 else "")

    def told(self, moment: Moment) -> str:
        """In a line for the HUD; "" without a set."""
        if not self.set.cues:
            return ""
        table, left_s = self._engine.table, self.left_s(moment)
        when = f" in {left_s // 60:.0f}:{left_s % 60:02.0f}" if left_s > 0.0 else ""
        held = "   HOLD" if table.value("cue/hold") else ""
        return f"cue {self.at + 1} {table.value('cue/now')}   next {table.value('cue/next') or '-'}{when}{held}"

    def left_s(self, moment: Moment) -> float:
        """Seconds until the next cue follows; 0 where none does."""
        return self._countdown.left_s(moment)

    def signals(self, moment: Moment) -> dict[str, float]:
        """Its sources of modulation."""
        return {"cue/number": self.at + 1.0, "cue/progress": self._countdown.progress(moment),
                "cue/left_s": self.left_s(moment)}  # fmt: skip

    def report(self) -> dict[str, Any]:
        """The list as the panel shows it."""
        rows = []
        for place, cue in enumerate(self.set.cues):
            span = cue.follow
            follow = "" if span is None else f"{span.count:g} {span.unit}"
            picture = f"snapshot/{cue.snapshot}" if cue.snapshot else f"preset/{cue.preset}" if cue.preset else ""
            rows.append({"name": cue.name, "note": cue.note, "picture": picture, "follow": follow,
                         "lacking": self.lacking.get(place, "")})  # fmt: skip
        return {"set": self.set.name, "title": self.set.title, "now": self.at, "next": self.neighbour(1), "cues": rows}


def _no_transitions(loaded: CueSet) -> list[str]:
    """A line for each transition of a set that is not there."""
    from perform.content import shaders
    from perform.mix import OVER, PLAIN

    there = {"", PLAIN, OVER, *shaders("transitions")}
    wanted = {cue.fade.transition for cue in loaded.cues if cue.fade is not None} - there
    return [f"there is no transition {name!r}; looks fade in evenly instead" for name in sorted(wanted)]


def _file_of(name: str) -> Any:
    from perform.content import find_set

    return find_set(name)
