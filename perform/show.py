"""A show: the engine with its presets. Recalls looks, swaps sources, and obeys commands that are no parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from perform import look_fade
from perform.ahead import Ahead
from perform.core import clock as tempo_clock
from perform.core import quantise
from perform.core.cues import SOURCES as PROGRAMME_SOURCES
from perform.core.cues import Fade
from perform.core.errors import PerformError
from perform.core.hands import HelpSheet
from perform.core.params import Param
from perform.core.preset import Preset, read_preset
from perform.core.sources import FreeSource
from perform.core.types import ControlEvent, Value
from perform.deck_source import SourcePlan
from perform.deck_wishes import DeckWishes, plan_from_afar
from perform.decks import Decks, MakePainter
from perform.engine.engine import Engine
from perform.look_fade import LookFade
from perform.looks.bring_in import DECK, OUTSIDE, Bringer
from perform.looks.looks import Looks
from perform.mix import AutoFade, mix_rows
from perform.programme import Programme
from perform.room import Room, room_paths
from perform.route_desk import RouteDesk
from perform.shader_desk import MESSAGE_ROW, ShaderDesk
from perform.surprise import ROWS as SURPRISE_ROWS
from perform.surprise import Surprise
from perform.trial.gate import OnTrialError

ROWS: tuple[Param, ...] = (
    *(Param(f"macro/{n}", "float", 0.0, 0.0, 1.0, doc=f"macro {n}: a knob of your own, as a source of routes")
      for n in range(1, 9)),
    *(Param(f"macro/{n}/name", "text", "", doc=f"what macro {n} does in this look; kept with it") for n in range(1, 9)),
    Param("out/panic", "trigger", False, doc="a safe picture at once, routes off; again: routes back"),
    Param("out/screenshot", "trigger", False, doc="keep this picture as a PNG in the folder you stand in", live=False),
    Param("preset/recall", "text", "", doc="name of a preset to recall", live=False, quantised=True),
    Param("preset/next", "trigger", False, doc="the next preset", live=False, quantised=True),
    Param("preset/previous", "trigger", False, doc="the preset before", live=False, quantised=True),
)  # fmt: skip


def known_sources() -> set[str]:
    """Every source of routes that does not come from the preset itself."""
    from perform.core.sources import BEAT_SOURCES
    from perform.features import OUTPUTS

    return {*OUTPUTS, *BEAT_SOURCES, *PROGRAMME_SOURCES, *(f"macro/{n}" for n in range(1, 9))}


class Show:
    """Everything a running performance is. Thread: that of the engine."""

    def __init__(
        self,
        engine: Engine,
        stage: Any,
        make_painter: MakePainter,
        say: Callable[[str], None],
        device: str = "cpu",
        fixed_source: str | None = None,
        fast: bool = False,
    ) -> None:
        self.engine = engine
        self.stage = stage
        self.preset = Preset("none")
        self.running = True
        self.visited = False  # visitors have changed what goes back to rest
        self.decks = Decks(engine, stage, make_painter)
        self.wishes = DeckWishes(
            engine, self.decks, lambda text: self.decks.plan_own(text) or plan_from_afar(text, device, fast)
        )
        self.auto_fade = AutoFade(engine.table, engine.value)
        self.look_fade = LookFade(engine, stage)
        self._bringer = Bringer(self, device, fixed_source, fast, say)
        self.hands: Callable[[ControlEvent], bool] = lambda event: False  # who gets keys and pads
        self.sheet: Callable[[], HelpSheet] = tuple  # what they do now, for the help
        self.say = self._say = say
        self._fixed_source = fixed_source
        self._broken: set[str] = set()
        self._triggers: dict[str, int] = {}
        self.shaders = ShaderDesk(engine, self.decks, stage, self.mount, self._mount_mix, say)
        engine.table.add((*ROWS, *look_fade.ROWS))
        engine.table.add((MESSAGE_ROW,))
        engine.table.add(SURPRISE_ROWS, "surprise")
        self.surprise = Surprise(engine.table)
        self.looks = Looks(self, say)
        self.routes = RouteDesk(engine, self._is_source, room_paths())
        self.routes.mount()
        engine.table.add(tempo_clock.PARAMS, "tempo")
        engine.table.add(quantise.PARAMS, "tempo")
        engine.on_landing(self._land)
        self.ahead = Ahead(self)
        self.programme = Programme(self)
        engine.landing.prepare = self.ahead.hear
        self._mount_mix()
        self.mount()

    @property
    def source(self) -> str:
        """What plays on deck a."""
        return self.decks.source(DECK)

    def furnish(self, room: Room) -> None:
        """Take over what the venue says of its screens."""
        for path, value in room.values:
            self.engine.table.set(path, value)
        self.stage.set_slices(room.slices)

    def recall(self, name: str, fade: Fade | None = None) -> None:
        """Bring in a preset by name; see `play`. One with shaders that are new here comes when they have been tried."""
        from perform.content import find_preset

        preset = self.ahead.take(name) or read_preset(find_preset(name))
        try:
            self.expect(preset)
        except OnTrialError as coming:
            self.shaders.notice(f"preset {name}: {coming}")
            self.shaders.later(lambda: self._asked(lambda: self.recall(name, fade)))
            return
        self.play(preset, fade)

    def _asked(self, action: Callable[[], None]) -> None:
        """What somebody asked for: when it fails, the show stays as it is, and one line says why."""
        try:
            action()
        except PerformError as error:
            self.engine.health.failed("preset", error)
            self._say(str(error))

    def play(self, preset: Preset, fade: Fade | None = None) -> None:
        """Bring in a preset that is at hand. An effect that cannot be had is said and left out.

        Raises PerformError, with everything as it was, when its source cannot play.
        """
        before = self.looks.capture() if self.source else None
        self.bring(preset, fade)
        self.looks.played(before, self.preset)

    def bring(self, preset: Preset, fade: Fade | None = None) -> None:
        """The same, and nothing is kept to be undone. Raises PerformError."""
        self.looks.snapshots.leave()
        self.preset = self._bringer.play(preset, fade)

    def plan(self, preset: Preset, letter: str) -> SourcePlan:
        """What a deck of a preset is to play, looked up. Raises PerformError."""
        return self._bringer.plan(preset, letter)

    def expect(self, preset: Preset) -> None:
        """Raises OnTrialError while shaders of a preset that are new here are being tried; that begins with it."""
        self.shaders.expect(preset, self._fixed_source)

    def _is_source(self, name: str) -> bool:
        return name in self.sources(self.engine.free) or name.startswith(OUTSIDE)

    def sources(self, free: Iterable[FreeSource]) -> set[str]:
        """Every source that a route can begin at now, when a look brings these."""
        own = {unit.source for unit in free}
        return known_sources() | own | set(self.engine.signals) | self.decks.signals()

    def mount(self) -> None:
        """Add the rows of all that plays, and of what can be asked of it, to the table."""
        self.decks.mount()
        self.wishes.mount()

    def _mount_mix(self) -> None:
        """The mixer's rows, with the transitions that there are now."""
        self.engine.table.add(mix_rows(), "mix")

    def command(self, event: ControlEvent) -> bool:
        """Events whose address is no parameter. Returns whether it was one of ours."""
        if event.address == "quit":
            self.running = False
        elif event.address == "out/fullscreen":
            self.stage.toggle_fullscreen()
        else:
            return self.hands(event)
        return True

    def after_tick(self) -> None:
        """Once a tick: fades go on, and slow wishes are obeyed."""
        self.shaders.step()
        self.look_fade.step()
        self.programme.step()
        self._land()
        self.ahead.step()

    def _land(self) -> None:
        """Slow wishes: preset changes and screenshots. A wish that fails leaves the show as it is. Also called in
        mid-tick, for what has waited for the beat."""
        self.auto_fade.step(self.engine.moment)
        self.surprise.step()
        table = self.engine.table
        self.programme.land()
        self._grant_wishes()
        try:
            self._bringer.follow_transition()
            wanted = str(table.value("preset/recall"))
            if wanted:
                table.set("preset/recall", "")
                self.recall(wanted)
            for path, step in (("preset/next", 1), ("preset/previous", -1)):
                if self._pulled(path):
                    self._step_preset(step)
            self.looks.step()
            if self._pulled("out/screenshot"):
                self._screenshot()
        except PerformError as error:
            self.engine.health.failed("preset", error)
            self._say(str(error))

    def grant(self, path: str, value: Value) -> bool:
        """Obey a text that asks for something. Returns whether it was one. Raises PerformError."""
        return any(desk.grant(path, value) for desk in (self.routes, self.looks, self.programme, self.wishes))

    def _grant_wishes(self) -> None:
        wishes, self.engine.wishes = self.engine.wishes, []
        for path, value in wishes:
            try:
                self.grant(path, value)
            except OnTrialError as coming:
                self.shaders.notice(str(coming))
                self.shaders.later(lambda path=path, value=value: self.engine.wishes.append((path, value)))  # type: ignore[misc]
            except PerformError as error:
                self.engine.health.failed("deck", error)
                self._say(str(error))

    def _pulled(self, path: str) -> bool:
        count = int(self.engine.table.value(path))  # type: ignore[arg-type]
        pulled = count > self._triggers.get(path, 0)
        self._triggers[path] = count
        return pulled

    def neighbours(self, step: int) -> list[str]:
        """The names of the other presets, in the order in which they come after this one, or before it (step -1)."""
        from perform.content import list_presets

        names = [p.stem for p in list_presets()]
        here = names.index(self.preset.name) if self.preset.name in names else -step
        return [names[(here + far * step) % len(names)] for far in range(1, len(names))]

    def _step_preset(self, step: int) -> None:
        for name in self.neighbours(step):
            try:
                self.recall(name)
                return
            except PerformError as error:
                if name not in self._broken:
                    self._broken.add(name)
                    self.engine.health.failed("preset", error)
                    self._say(str(error))

    def _screenshot(self) -> None:
        from perform.outputs.image import save_png

        path = Path(f"perform_{self.engine.moment.frame:07d}.png")
        save_png(path, self.stage.finish())
        self._say(f"kept {path}")
