"""Shader files under a running show: what was saved is tried and taken over, what is new is found, what waits for a
trial is done when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from perform.content import find_shader
from perform.core.errors import PerformError
from perform.core.params import Param
from perform.core.preset import Preset, Slot
from perform.decks import Decks
from perform.engine.engine import Engine
from perform.trial.gate import Gate, OnTrialError, admit, current, install
from perform.watch import Saved

MESSAGE_ROW = Param(
    "out/message", "text", "", doc="the newest notice: what was reloaded, found or refused; written by perform",
    live=False,
)  # fmt: skip
SHOWN_S = 8.0
"""How long a notice stays on the HUD."""


def lacking(documents: Iterable[Any]) -> list[str]:
    """What shaders that play all the same lack: pictures that are not where they say."""
    return [f"{Path(d.path).name}: {w}" for d in documents if d is not None for w in d.warnings if "missing" in w]


class LeftOut(NamedTuple):
    """An effect that the look names and that could not be had. before: slots of its chain that stand before it."""

    where: str
    slot: Slot
    before: frozenset[str]


class ShaderDesk:
    """left_out: effects of the look that come in when their files are well.

    Thread: the engine's. mount: takes the stage's rows into the table. look: what lists shaders by name should look
    again. say: one line for the person."""

    def __init__(
        self,
        engine: Engine,
        decks: Decks,
        stage: Any,
        mount: Callable[[], None],
        look: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._decks = decks
        self.left_out: list[LeftOut] = []
        self._stage = stage
        self._mount = mount
        self._look = look
        self._say = say
        self.gate = current()
        self._later: list[Callable[[], None]] = []
        self._notice = ("", -SHOWN_S)
        self._broken: dict[Path, str] = {}
        self.listeners: list[Callable[[str], None]] = []

    def expect(self, preset: Preset, fixed_source: str | None) -> None:
        """Raises OnTrialError where shaders of a preset have to be tried first; all their trials begin."""
        if self.gate is None or not self.gate.live:
            return
        coming: OnTrialError | None = None
        for path in _files_of(preset, fixed_source):
            try:
                admit(path)
            except OnTrialError as error:
                coming = error
            except PerformError:  # whoever loads it tells what is wrong
                continue
        if coming is not None:
            raise coming

    def go_live(self) -> Gate:
        """From now on nothing waits for a trial. Returns the gate."""
        if self.gate is None:
            self.gate = Gate()
            install(self.gate)
        self.gate.live = True
        return self.gate

    def close(self) -> None:
        """The show has ended: no trial is left behind."""
        if self.gate is not None:
            self.gate.close()
        if current() is self.gate:
            install(None)

    def later(self, action: Callable[[], None]) -> None:
        """Do this when no trial is under way any more."""
        self._later.append(action)

    def step(self) -> None:
        """Once a tick."""
        if self.gate is not None:
            self.gate.shown()
        if self._later and not (self.gate is not None and self.gate.busy):
            actions, self._later = self._later, []
            for action in actions:
                action()

    def saved(self, item: Saved) -> None:
        """A file was saved, and tried: take it over where it plays, and say how it went."""
        if item.message:
            self._refused(item.path, item.message)
        elif item.playing:
            self._reload(item.path)
        else:
            self._mended(item.path)
            if item.new:
                self._look()
            if self._bring_in(item.path):
                self.notice(f"{item.path.name} has taken its place")
            elif item.new:
                self.notice(f"found {item.path.name}")

    def notice(self, line: str) -> None:
        """Say it, on the HUD, in `out/message` and to whoever listens (OSC) too."""
        self._notice = (line, self._engine.moment.seconds)
        self._engine.table.set(MESSAGE_ROW.name, line[:2000])
        for listen in self.listeners:
            listen(line)
        self._say(line)

    def recent(self) -> list[str]:
        """The newest notice, while it is new."""
        line, since_s = self._notice
        return [line] if 0.0 <= self._engine.moment.seconds - since_s < SHOWN_S else []

    def _reload(self, path: Path) -> None:
        try:
            admit(path)
        except PerformError as error:
            self._refused(path, str(error))
            return
        before = {row.name: row for row in self._engine.table}
        message = self._stage.reload(path)
        if message:
            self._refused(path, message)
            return
        self._mended(path)
        self._take_rows(path, before)
        self.notice(f"{path.name}: reloaded")

    def _bring_in(self, path: Path) -> bool:
        """Let an effect that was left out take its place, if this is its file. Returns whether one did."""
        came = False
        for missing in list(self.left_out):
            where, slot, before = missing
            problems: list[str] = []
            try:
                if find_shader(slot.shader, "effects").resolve() != path:
                    continue
                row = list(self._decks.chains.get(where, ()))
                at = sum(name in before for name, _ in row)
                self._decks.set_chain(where, [*row[:at], (slot.name, admit(path)), *row[at:]], problems)
            except PerformError as error:
                problems.append(str(error))
            if problems:
                self._refused(path, problems[0])
                continue
            came = True
            self.left_out.remove(missing)
            self._mount()
            for name, value in slot.params.items():
                with suppress(PerformError):
                    self._engine.table.set(f"{where}/fx/{slot.name}/{name}", value)
        return came

    def _take_rows(self, path: Path, before: dict[str, Param]) -> None:
        """Rows that the file no longer has go; a value that stood at the old default follows the new one."""
        table = self._engine.table
        prefixes = self._stage.prefixes_of(path)
        there = {f"{prefix}/{row.name}" for prefix, rows in self._stage.rows() if prefix in prefixes for row in rows}
        for name in before:
            if name.rpartition("/")[0] in prefixes and name not in there:
                table.remove(name)
        self._mount()
        for name in there & before.keys():
            old, new = before[name], table[name]
            if old.default != new.default and old.kind == new.kind and table.value(name) == old.checked(old.default):
                if old.kind != "trigger":
                    table.set(name, new.default)

    def _refused(self, path: Path, message: str) -> None:
        line = " ".join(message.split()).replace(str(path), path.name)
        if self._broken.get(path) != line:
            self._broken[path] = line
            self._engine.health.failed("shader", line)
            self.notice(line)

    def _mended(self, path: Path) -> None:
        """The file works: its old complaint goes from the HUD."""
        line = self._broken.pop(path, None)
        if line is not None and self._engine.health.last_error == f"shader: {line}"[:300]:
            self._engine.health.last_error = ""


def _files_of(preset: Preset, fixed_source: str | None) -> Iterable[Path]:
    """Shader files that a preset will ask for, as far as they can be found."""
    wanted = [(slot.shader, "effects") for deck in preset.decks.values() for slot in deck.fx]
    wanted += [(slot.shader, "effects") for slot in preset.master]
    sources = [fixed_source or "", *(deck.source for deck in preset.decks.values())]
    wanted += [(text.partition(":")[2], "generators") for text in sources if text.startswith("shader:")]
    transition = str(preset.mix.get("transition", "fade"))
    wanted += [(transition, "transitions")] if transition != "fade" else []
    for name, kind in wanted:
        try:
            yield find_shader(name, kind, trusted=name in (fixed_source or ""))
        except PerformError:
            continue
