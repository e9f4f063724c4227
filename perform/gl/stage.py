"""Everything OpenGL, seen from the engine: it takes pictures, parameters and sound, and shows frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import moderngl
import numpy as np

from perform.core.errors import ShaderError
from perform.core.hands import HelpSheet
from perform.core.params import Param
from perform.core.room import Slice
from perform.core.types import ControlEvent, Features, Frame, Moment, ParamFrame, Picture, Value
from perform.gl.chain import one_line
from perform.gl.help_sheet import Help
from perform.gl.hud import Hud
from perform.gl.look import LeavingLook
from perform.gl.mapping import RoomMapping
from perform.gl.output import Output
from perform.gl.present import Presenter
from perform.gl.preview import Previews
from perform.gl.readback import Readback
from perform.gl.rows import FINISHED, OUTPUT_ROWS, ROOM_ROWS
from perform.gl.scene import Scene
from perform.gl.shared import Shared
from perform.gl.surface import Surface
from perform.gl.targets import working_dtype
from perform.gl.unit import Unit
from perform.isf import Document, read_shader

MAX_MESSAGES = 50


class GlStage:
    """The stage (perform.core.contracts.Stage). Belongs to one thread: the one that opened it.

    size: of the finished frames, pixels. messages: the newest notices, bounded. hud_in_output: draw the HUD into
    the frames that are read back too.
    """

    def __init__(self, surface: Surface, size: tuple[int, int]) -> None:
        self.size = size
        self.surface = surface
        self.messages: deque[str] = deque(maxlen=MAX_MESSAGES)
        self.hud_in_output = False
        self._counts = {"shown": 0, "unit_errors": 0, "upload_errors": 0, "stage_errors": 0, "reload_errors": 0}
        self._timings: dict[str, float] = {}
        self._shared = Shared(surface.ctx, size, working_dtype(surface.ctx))
        self._previews = Previews(self._shared)
        self._scene = Scene(self._shared, self._report, self._previews)
        self._output = Output(self._shared)
        self._readback = Readback(surface.ctx, self._output.target)
        self._hud, self._help = Hud(surface.ctx), Help(surface.ctx)
        self._presenter = Presenter(surface.ctx)
        self._mapping = RoomMapping(self._shared)
        self._last: moderngl.Texture | None = None
        self._seen = frozenset({"a"})
        self._leaving: LeavingLook | None = None
        self._open = True

    # What is played

    def set_source(self, deck: str, document: Document | None, taken: str = "") -> None:
        """Let an ISF generator paint the deck; None: the deck shows frames. Raises ShaderError, keeping the old.

        taken: it shows what another deck (or `out`, the finished picture) showed in the frame before.
        """
        self.surface.use()
        self._scene.deck(deck).set_source(document, taken)
        self._last = None

    def want_pictures(self, sides: Mapping[str, int]) -> None:
        """Keep small pictures of these decks (or `out`, the finished picture) for generators, and of no others.

        sides: deck -> the long side of its picture, px.
        """
        if sides != self._scene.glimpses.sides:
            self.surface.use()
            self._scene.glimpses.want(sides)

    def pictures(self) -> dict[str, Picture]:
        """The small pictures of the frame shown last, by deck; only those that are wanted."""
        if not self._scene.glimpses.wanted:
            return {}
        self.surface.use()
        return self._scene.glimpses.pictures()

    def ask_previews(self, sides: Mapping[str, int]) -> dict[str, np.ndarray]:
        """Small pictures for somebody who looks on: ask for those of decks (or `out`, as the screen shows it) by their
        long side in px, and get those that were asked for before and are finished, [h, w, 3] uint8, top row first.

        Each costs one small drawing in one frame; nothing while nobody asks.
        """
        if not sides and not self._previews.busy:
            return {}
        self.surface.use()
        self._previews.ask(sides)
        return self._previews.ready()

    def close_deck(self, deck: str) -> None:
        """Take everything off a deck, so that it costs nothing."""
        self.surface.use()
        self._scene.close_deck(deck)
        self._last = None

    def set_chain(self, where: str, slots: Sequence[tuple[str, Document]]) -> None:
        """Replace the effects at `deck/a` or `master`. Raises ShaderError, leaving the old ones playing."""
        self.surface.use()
        chain = self._scene.master if where == "master" else self._scene.deck(where).chain
        chain.set(slots)
        self._last = None

    def set_transition(self, document: Document | None, over: bool = False) -> None:
        """How the crossfader mixes: an ISF transition; None: a plain fade. Raises ShaderError, keeping the old one.

        over: deck b is laid over deck a, as far as the fader says.
        """
        self.surface.use()
        self._scene.mixer.set_transition(document)
        self._scene.mixer.over = over

    def begin_look(self, document: Document | None) -> None:
        """Let the look that plays leave, by this transition (None: a plain fade), and make an empty one. Raises
        ShaderError."""
        self.surface.use()
        self.end_look()
        self._leaving = LeavingLook(self._shared, self._scene, document, self._report)
        self._scene.previews = None
        self._scene = Scene(self._shared, self._report, self._previews)

    def leave(self, frames: Mapping[str, Frame], values: Mapping[str, Value], share: float) -> None:
        """What the leaving look shows from the next frame on, and how far (0..1) the new one has come."""
        if self._leaving is not None:
            self._leaving.move(frames, values, share)

    def end_look(self) -> None:
        """The leaving look is gone."""
        if self._leaving is not None:
            self.surface.use()
            self._leaving.release()
            self._leaving, self._last = None, None

    def abort_look(self) -> None:
        """The leaving look is back, and the one that was to come is gone."""
        if self._leaving is not None:
            self.surface.use()
            coming, self._scene = self._scene, self._leaving.scene
            self._leaving.scene = coming
            self._scene.previews = self._previews
            self.end_look()

    def set_slices(self, slices: Sequence[Slice]) -> None:
        """Show only these parts of the picture, at their places of the screen; none: the whole picture."""
        self._mapping.slices = tuple(slices)

    def prepare(self, document: Document) -> None:
        """Compile a shader that will be played soon, and draw it once unseen; cheap where that was done already.
        Raises ShaderError."""
        if document in self._shared.programs:
            return
        self.surface.use()
        unit = Unit(self._shared, "prepared", "prepared", document)
        try:
            unit.warm()
        finally:
            unit.release()

    def rows(self) -> list[tuple[str, tuple[Param, ...]]]:
        """(prefix, parameters) of everything here, for the parameter table."""
        return [*self._scene.rows(), ("out", (*OUTPUT_ROWS, *ROOM_ROWS))]

    def reload(self, path: str | Path) -> str | None:
        """Compile all units of that file again. Returns one line where it failed: the last good program plays on."""
        self.surface.use()
        self._last = None
        wanted = Path(path).resolve()
        units = [u for u in self._scene.units() if wanted in _files_of(u.document)]
        try:
            for unit in units:
                unit.adopt(read_shader(unit.document.path))
                unit.warm()
        except ShaderError as error:
            self._report("reload_errors", str(error))
            return str(error)
        return None

    def files(self) -> set[Path]:
        """The shader files that are playing: what a watcher looks after."""
        return set().union(*(_files_of(unit.document) for unit in self._scene.units()))

    def prefixes_of(self, path: str | Path) -> set[str]:
        """Where in the parameter table the units of a file have their rows."""
        wanted = Path(path).resolve()
        return {unit.prefix for unit in self._scene.units() if wanted in _files_of(unit.document)}

    @property
    def has_window(self) -> bool:
        """True when a person can see it."""
        return self.surface.visible

    @property
    def waited_s(self) -> float:
        """How much of the last frame's time was spent on waiting for the display, its picture being drawn."""
        return float(getattr(self.surface, "waited_s", 0.0))

    def toggle_fullscreen(self) -> None:
        """Fill the screen with the window, or give it back; nothing offscreen."""
        switch = getattr(self.surface, "toggle_fullscreen", None)
        if switch is not None:
            switch()

    @property
    def seen(self) -> frozenset[str]:
        """The decks that the frame shown last was made of, seen or taken in: the others need no new pictures."""
        return self._seen

    # A frame

    def show(self, frames: Mapping[str, Frame], params: ParamFrame, features: Features | None, moment: Moment) -> None:
        """Draw one frame from the newest picture of each deck, and present it."""
        self.surface.use()
        started = perf_counter()
        self._shared.begin(params.values, features, moment)
        picture = self._last or self._shared.black
        try:
            picture = self._composite(frames)
        except Exception as error:  # noqa: BLE001 - whatever a driver does, blackout and output go on
            self._report("stage_errors", one_line(error))
        mark = self._mark("draw", started)
        self._output.compose(picture)
        if self.hud_in_output:
            self._draw_over(self._output.target.framebuffer, self._output.target.size, moment.seconds, top_first=True)
        self._previews.take({FINISHED: self._output.target.texture}, top_first=True)
        self._readback.shown()
        mark = self._mark("output", mark)
        if self.surface.visible:
            self._present(moment.seconds)
        self._mark("present", mark)
        self._mark("show", started)
        self._counts["shown"] += 1

    def _composite(self, frames: Mapping[str, Frame]) -> moderngl.Texture:
        frozen = self._output.frozen()
        if frozen is not None:
            return frozen
        mark = perf_counter()
        self._scene.take(frames)
        mark = self._mark("upload", mark)
        picture = self._scene.render(self._mark, mark)
        self._seen = self._scene.at_work
        if self._leaving is not None:
            picture = self._leaving.over(picture)
        self._output.hold(picture)
        self._last = picture
        return picture

    def _draw_over(
        self, target: moderngl.Framebuffer, size: tuple[int, int], seconds: float, *, top_first: bool
    ) -> None:
        """What is for the player's eyes."""
        if self._shared.flag("out/hud"):
            self._hud.draw(seconds, target, size, top_first=top_first)
        if self._shared.flag("out/help"):
            self._help.draw(target, size, top_first=top_first)

    def _present(self, seconds: float) -> None:
        def draw(screen: moderngl.Framebuffer, size: tuple[int, int]) -> None:
            how = self._presenter if self._mapping.at_rest() else self._mapping
            how.draw(self._output.target.texture, screen, size)
            if not self.hud_in_output:
                self._draw_over(screen, size, seconds, top_first=False)

        self.surface.present(draw)

    def _mark(self, stage: str, since: float) -> float:
        now = perf_counter()
        self._timings[stage] = (now - since) * 1e3
        return now

    # What comes back

    def read_back(self) -> np.ndarray | None:
        """The frame before the one shown last, [h, w, 3] uint8 top row first; None before the second."""
        self.surface.use()
        return self._readback.previous()

    def finish(self) -> np.ndarray:
        """The frame shown last, [h, w, 3] uint8 top row first, waiting for it."""
        self.surface.use()
        return self._readback.newest()

    def snapshot(self, path: str | Path) -> None:
        """Write the frame shown last as a picture file."""
        from PIL import Image

        Image.fromarray(self.finish()).save(path)

    def poll(self) -> list[ControlEvent]:
        """Key presses (`key/NAME`) and `quit` since the last call."""
        return self.surface.poll(self._shared.moment.seconds)

    def set_hud(self, lines: Sequence[str], meters: Mapping[str, float]) -> None:
        """What the HUD shows while `out/hud` is on. meters: name -> 0..1."""
        self._hud.set(lines, meters)

    def set_help(self, sheet: HelpSheet, hint: str = "f1 closes this") -> None:
        """What the help says while `out/help` is on."""
        self._help.set(sheet, hint)

    def key_label(self, name: str) -> str:
        """What is printed on the key `key/NAME` of this keyboard; "" where nobody knows."""
        label = getattr(self.surface, "key_label", None)
        return "" if label is None else str(label(name))

    @property
    def standing_in(self) -> bool:
        """True while the built-in picture is shown because deck a has none."""
        return self._scene.decks["a"].standing_in

    def delays(self) -> dict[str, float]:
        """Seconds that drawing pictures between pictures adds, by deck; only where it adds any."""
        return {letter: deck.delay_s for letter, deck in self._scene.decks.items() if deck.delay_s > 0.0}

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: shown, unit_errors, upload_errors, stage_errors, reload_errors."""
        return dict(self._counts)

    def timings(self) -> dict[str, float]:
        """Milliseconds that the last frame took on the CPU side, by stage (drawing itself may end later)."""
        return dict(self._timings)

    def _report(self, counter: str, message: str) -> None:
        self._counts[counter] += 1
        if not self.messages or self.messages[-1] != message:
            self.messages.append(message)

    def close(self) -> None:
        """Free all GL objects and the window. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        self.surface.use()
        self.end_look()
        for part in (self._scene, self._previews, self._output, self._readback, self._hud, self._help):
            part.release()
        self._presenter.release()
        self._mapping.release()
        self._shared.release()
        self.surface.close()


def _files_of(document: Document) -> set[Path]:
    """The file, its vertex shader, and the pictures that it brings."""
    pictures = (item.path for item in document.imported)
    return {Path(file).resolve() for file in (document.path, document.vertex_path, *pictures) if file}
