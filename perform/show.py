"""A show: the engine with its presets. Recalls looks, swaps sources, and obeys commands that are no parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from perform.control.keyboard import translate
from perform.core import clock as tempo_clock
from perform.core.errors import ParamError, PerformError, PresetError, ShaderError
from perform.core.params import Param
from perform.core.preset import Preset, Slot, read_preset
from perform.core.routes import RouteBank, route_rows
from perform.core.types import ControlEvent
from perform.deck_source import SourcePlan, plan_source
from perform.engine.engine import Engine
from perform.engine.painter import Painter

DECK = "a"
ROWS: tuple[Param, ...] = (
    *(Param(f"macro/{n}", "float", 0.0, 0.0, 1.0, doc=f"macro {n}: a knob of your own, as a source of routes")
      for n in range(1, 9)),
    Param("out/panic", "trigger", False, doc="a safe picture at once, routes off; again: routes back"),
    Param("out/screenshot", "trigger", False, doc="keep this picture as a PNG in the folder you stand in"),
    Param("preset/recall", "text", "", doc="name of a preset to recall", live=False),
    Param("preset/next", "trigger", False, doc="the next preset", live=False),
    Param("preset/previous", "trigger", False, doc="the preset before", live=False),
)  # fmt: skip
MakePainter = Callable[[str, SourcePlan], Painter]


def known_sources() -> set[str]:
    """Every source of routes that does not come from the preset itself."""
    from perform.core.sources import BEAT_SOURCES
    from perform.features import OUTPUTS

    return {*OUTPUTS, *BEAT_SOURCES, *(f"macro/{n}" for n in range(1, 9))}


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
        self.source = ""
        self._make_painter = make_painter
        self._say = say
        self._device = device
        self._fixed_source = fixed_source
        self._fast = fast
        self._broken: set[str] = set()
        self._triggers: dict[str, int] = {}
        engine.table.add(ROWS)
        engine.table.add(tempo_clock.PARAMS, "tempo")
        self._mount_stage_rows()

    def recall(self, name: str) -> None:
        """Bring in a preset by name; see `play`."""
        from perform.content import find_preset

        self.play(read_preset(find_preset(name)))

    def play(self, preset: Preset) -> None:
        """Bring in a preset that is at hand. An effect that cannot be had is said and left out.

        Raises PerformError, with everything as it was, when its source cannot play.
        """
        deck = preset.decks.get(DECK)
        if deck is None:
            raise PresetError(f"preset {preset.name}: no deck {DECK!r} in it")
        problems = list(preset.problems)
        trusted = self._fixed_source is not None
        plan = plan_source(self._fixed_source or deck.source, self._device, trusted=trusted, fast=self._fast)
        chains = {
            f"deck/{DECK}": self._documents(deck.fx, problems),
            "master": self._documents(preset.master, problems),
        }
        for where, slots in chains.items():
            self.stage.set_chain(where, slots)
        table = self.engine.table
        for prefix in ("route", "deck", "master"):
            table.remove(prefix)
        self._set_source(plan)
        self._mount_stage_rows()
        table.add(route_rows(preset.routes))
        for prefix in ("audio", "mix"):
            table.reset(prefix)
        self._set_values(preset, plan, problems)
        problems += self._loose_ends(preset, foreign=plan.text != deck.source)
        self.engine.set_routes(RouteBank(preset.routes), preset.free)
        self.preset = preset
        for line in problems:
            self._say(f"preset {preset.name}: {line}")

    def _set_chain(self, where: str, slots: Sequence[Slot], problems: list[str]) -> None:
        """Put up a chain, without the effects that do not compile."""
        documents = self._documents(slots, problems)
        while True:
            try:
                self.stage.set_chain(where, documents)
                return
            except ShaderError as error:
                good = [(name, d) for name, d in documents if str(d.path) != error.path]
                if len(good) == len(documents):
                    raise
                documents = good
                problems.append(f"an effect of {where} is left out ({error})")

    def _documents(self, slots: Sequence[Slot], problems: list[str]) -> list[tuple[str, Any]]:
        from perform.content import find_shader
        from perform.isf import read_shader

        out: list[tuple[str, Any]] = []
        for slot in slots:
            try:
                out.append((slot.name, read_shader(find_shader(slot.shader, "effects"))))
            except PerformError as error:
                problems.append(f"effect {slot.name} is left out ({error})")
        return out

    def _set_source(self, plan: SourcePlan) -> None:
        """Mount the source's rows; load it only when it is another than the one that plays."""
        engine, prefix = self.engine, f"deck/{DECK}/source"
        if plan.document is not None:
            self.stage.set_source(DECK, plan.document)
            for painter in (engine.painters.pop(DECK, None), engine.coming.pop(DECK, None)):
                if painter is not None:
                    painter.close()
        else:
            self.stage.set_source(DECK, None)
            engine.table.add(plan.rows, prefix)
            if plan.text != self.source:
                waiting = engine.coming.pop(DECK, None)
                if waiting is not None:
                    waiting.close()
                engine.coming[DECK] = self._make_painter(DECK, plan)
        self.source = plan.text

    def _set_values(self, preset: Preset, plan: SourcePlan, problems: list[str]) -> None:
        foreign = self._fixed_source is not None and plan.text != preset.decks[DECK].source
        for path, value in preset.values().items():
            try:
                self.engine.table.set(path, value)
            except ParamError as error:
                if not (foreign and path.startswith(f"deck/{DECK}/source/")):
                    problems.append(str(error))

    def _loose_ends(self, preset: Preset, foreign: bool) -> list[str]:
        """Routes that begin or end nowhere. Those to the source's own rows may, when another source was asked for."""
        known = known_sources() | {unit.source for unit in preset.free} | set(self.engine.signals)
        table, lines = self.engine.table, []
        for number, route in enumerate(preset.routes, 1):
            if route.source not in known:
                lines.append(f"route {number}: no source {route.source!r}; `perform list features` names them")
            if route.target not in table and not (foreign and route.target.startswith(f"deck/{DECK}/source/")):
                lines.append(f"route {number}: no parameter {route.target!r}; `perform list params` names them")
        return lines

    def _mount_stage_rows(self) -> None:
        for prefix, rows in self.stage.rows():
            self.engine.table.add(rows, prefix)

    def reload_shader(self, path: Path) -> None:
        """A shader file was saved: compile it beside the old one, swap only if it works, take over new inputs."""
        message = self.stage.reload(path)
        if message:
            self.engine.health.failed("shader", message)
            self._say(message)
            return
        self._mount_stage_rows()
        self._say(f"{path.name}: reloaded")

    def command(self, event: ControlEvent) -> bool:
        """Events whose address is no parameter. Returns whether it was one of ours."""
        if event.address == "quit":
            self.running = False
            return True
        if not event.address.startswith("key/"):
            return False
        meant = translate(event)
        if meant is not None:
            self._press(*meant)
        return True

    def _press(self, address: str, value: Any) -> None:
        table = self.engine.table
        if address == "quit":
            self.running = False
        elif address == "out/fullscreen":
            self.stage.toggle_fullscreen()
        elif address in table:
            new = not table.value(address) if value == "toggle" else value
            event = ControlEvent(address, new, self.engine.moment.seconds, "keyboard")
            self.engine.queue.post(event)

    def after_tick(self) -> None:
        """Slow wishes, once a tick: preset changes and screenshots. A wish that fails leaves the show as it is."""
        table = self.engine.table
        try:
            wanted = str(table.value("preset/recall"))
            if wanted:
                table.set("preset/recall", "")
                self.recall(wanted)
            for path, step in (("preset/next", 1), ("preset/previous", -1)):
                if self._pulled(path):
                    self._step_preset(step)
            if self._pulled("out/screenshot"):
                self._screenshot()
        except PerformError as error:
            self.engine.health.failed("preset", error)
            self._say(str(error))

    def _pulled(self, path: str) -> bool:
        count = int(self.engine.table.value(path))  # type: ignore[arg-type]
        pulled = count > self._triggers.get(path, 0)
        self._triggers[path] = count
        return pulled

    def _step_preset(self, step: int) -> None:
        from perform.content import list_presets

        names = [p.stem for p in list_presets()]
        here = names.index(self.preset.name) if self.preset.name in names else -step
        for far in range(1, len(names)):
            name = names[(here + far * step) % len(names)]
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
