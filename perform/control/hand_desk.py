"""Everything that is no MIDI and is taken into a hand, on one desk: keys, pads, lighting desks, sensors. Maps say what
each control does, the nearest map first; what is learnt lies over all of them, and is kept in a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from perform.control.controls import ORIGINS, is_stick, kind_of
from perform.control.hand_map import NOTHING, HandMap
from perform.control.learn import Seen
from perform.control.learning import Learning, taught
from perform.control.midi_bind import Bound
from perform.control.midi_decode import Move
from perform.control.midi_map import Binding, write_map
from perform.core.errors import PerformError
from perform.core.params import Param
from perform.core.types import ControlEvent, Value

COMMANDS = ("quit", "out/fullscreen")
"""Targets that are no parameters: what a press asks the show itself for."""
REPEAT_AFTER_S, REPEAT_S = 0.4, 0.08
"""A step whose key is held goes on by itself."""
LONGEST_DT_S = 0.1
REMEMBERED = 4096


class HandDesk:
    """Thread: the engine's; `learnt` and `forget` from whoever decides what was meant.

    param, now: row and base value at an address. maps: the nearest first. own: what was learnt; keep_in: its file.
    """

    def __init__(
        self,
        param: Callable[[str], Param | None],
        now: Callable[[str], Value | None],
        learning: Learning,
        *,
        maps: Sequence[HandMap] = (),
        own: Sequence[Binding] = (),
        keep_in: Path | None = None,
    ) -> None:
        self._param, self._now, self.learning = param, now, learning
        self.maps, self.own = tuple(maps), list(own)
        self.post: Callable[[ControlEvent], None] = lambda event: None
        self.bound: dict[str, list[Bound]] = {}
        self.values: dict[str, float] = {}
        self.counted = {"moves": 0, "steered": 0, "refused": 0, "learnt": 0}
        self.last_error = ""
        self._timed: list[Bound] = []
        self._again_s: dict[str, float] = {}
        self._before_s: float | None = None
        self._file = None if keep_in is None else MapFile(keep_in, self._not_kept)
        learning.teach(ORIGINS, self)
        self._wire()

    def set_maps(self, maps: Sequence[HandMap]) -> None:
        """Other maps from now on, the nearest first; what was learnt still lies over them. What a map no longer has is
        let go of."""
        gone = self.bound
        self.maps = tuple(maps)
        self._wire()
        kept = {id(bound) for bounds in self.bound.values() for bound in bounds}
        for control, bounds in gone.items():
            for bound in bounds:
                param = self._param(bound.binding.target)
                if bound.down and id(bound) not in kept and param is not None:
                    self._try(lambda b=bound, p=param, c=control: b.move(Move(c, 0.0, 0), p, self._before_s or 0.0))  # type: ignore[misc]

    def _wire(self) -> None:
        """Join all controls anew. The nearest map that says anything of a control has the whole of it."""
        kept = {b.binding: b for bounds in self.bound.values() for b in bounds}
        bound: dict[str, list[Bound]] = {}
        shut: set[str] = set()
        for layer in (HandMap(tuple(self.own)), *self.maps):
            taken = set(bound)
            for binding in layer.bindings:
                if binding.control not in taken and kind_of(binding.control) not in shut and binding.origin != "midi":
                    bound.setdefault(binding.control, []).append(kept.get(binding) or Bound(binding, self._now))
            if layer.clean:
                shut |= {kind_of(binding.control) for binding in layer.bindings}
        self._timed = [b for bounds in bound.values() for b in bounds if b.binding.mode in ("rate", "step")]
        self.bound = bound

    def move(self, device: str, move: Move, time_s: float, *, first: bool = False) -> bool:
        """A control has moved. Returns whether it means anything. first: it only says where it stands, so nothing is
        pressed by it."""
        control = move.control
        self.counted["moves"] += 1
        before = self.values.get(control)
        if before is not None or len(self.values) < REMEMBERED:
            self.values[control] = move.value
        if self.learning.armed:
            if before is not None:
                self.learning.feed(device, control, before, round(before * 127), time_s)
            self.learning.feed(device, control, move.value, move.raw, time_s)
            return True
        found = self.bound.get(control, ())
        for bound in found:
            if bound.binding.device.lower() in device.lower():
                pressed = move.value >= 0.5 and (before or 0.0) < 0.5 and not first
                self._steer(bound, move, time_s, pressed=pressed, first=first)
        return bool(found)

    def _steer(self, bound: Bound, move: Move, time_s: float, *, pressed: bool, first: bool) -> None:
        target = bound.binding.target
        if target in COMMANDS:
            if pressed:
                self.post(ControlEvent(target, True, time_s, bound.binding.origin))
            return
        param = self._param(target)
        if param is None:
            self.counted["refused"] += target != NOTHING
            bound.let_go()
            return
        if first and (param.kind in ("trigger", "text") or bound.binding.mode in ("toggle", "step")):
            return
        if pressed:
            self._again_s[move.control] = time_s + REPEAT_AFTER_S
        self._try(lambda: bound.move(move, param, time_s))

    def rest(self, control: str, time_s: float) -> None:
        """What a control steers goes to where it begins: whoever held it is gone."""
        self.values.pop(control, None)
        for bound in self.bound.get(control, ()):
            param = self._param(bound.binding.target)
            if param is not None and param.kind not in ("trigger", "text"):
                self.post(ControlEvent(param.name, param.default, time_s, bound.binding.origin))

    def _try(self, act: Callable[[], ControlEvent | None]) -> None:
        try:
            event = act()
        except Exception as error:  # noqa: BLE001 - a row may have become another between two ticks: the show goes on
            self.counted["refused"] += 1
            self.last_error = str(error)[:300]
            return
        if event is not None:
            self.post(event)
            self.counted["steered"] += 1

    def drive(self, seconds: float) -> None:
        """Once a tick: what is held moves on."""
        dt_s = 0.0 if self._before_s is None else min(max(seconds - self._before_s, 0.0), LONGEST_DT_S)
        self._before_s = seconds
        for bound in self._timed:
            binding = bound.binding
            held = self.values.get(binding.control, 0.0)
            if is_stick(binding.control):
                held = 2.0 * held - 1.0 if binding.control in self.values else 0.0
            param = self._param(binding.target) if held else None
            if param is None or self.learning.armed:
                continue
            if binding.mode == "rate":
                share = held * binding.step * dt_s
                self._try(lambda b=bound, p=param, s=share: b.turn(s, p, seconds))  # type: ignore[misc]
            elif bound.down and seconds >= self._again_s.get(binding.control, seconds + 1.0):
                self._again_s[binding.control] = seconds + REPEAT_S
                self._try(lambda b=bound, p=param: b.step(p, seconds))  # type: ignore[misc]

    # Learning

    def learnt(self, target: str, seen: Seen) -> str:
        """Take in what was learnt. Returns the line that says so, and what the control steered before."""
        takeover = "jump" if seen.kind in ORIGINS else "pickup"
        binding = Binding(seen.control, target, mode=taught(seen, self._param(target)), takeover=takeover)
        before = [b.binding.target for b in self.bound.get(seen.control, ())]
        self.own = [b for b in self.own if b.control != seen.control and b.target != target]
        self.own.append(binding)
        self.counted["learnt"] += 1
        self._changed()
        other = [t for t in before if t not in (target, NOTHING)]
        away = f", and no longer {other[0]}" if other else ""
        return f"{seen.control} steers {target}{away}"

    def forget(self, target: str) -> int:
        """Let go of a parameter. Returns how many learnt controls steered it."""
        count = len(self.own)
        self.own = [binding for binding in self.own if binding.target != target]
        if len(self.own) != count:
            self._changed()
        return count - len(self.own)

    def _changed(self) -> None:
        self._wire()
        if self._file is not None:
            self._file.keep(self.own)

    def _not_kept(self, reason: str) -> None:
        self.last_error = reason
        self.post(ControlEvent("learn/last", reason[:200], self._before_s or 0.0, "learn"))

    def close(self) -> None:
        """Wait until what was learnt is on the disk."""
        if self._file is not None:
            self._file.close()


class MapFile:
    """Writes what was learnt, away from the show: the newest is what counts. failed: gets the reason, in its thread."""

    def __init__(self, path: Path, failed: Callable[[str], None]) -> None:
        self._path, self._failed = path, failed
        self._lock = threading.Lock()
        self._newest: list[Binding] | None = None
        self._thread: threading.Thread | None = None

    def keep(self, bindings: Iterable[Binding]) -> None:
        """Write these soon."""
        with self._lock:
            self._newest = list(bindings)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="hand map")
                self._thread.start()

    def _write(self) -> None:
        while True:
            with self._lock:
                bindings, self._newest = self._newest, None
                if bindings is None:
                    self._thread = None
                    return
            try:
                write_map(self._path, bindings, "keys, pads, lighting desks and sensors")
            except PerformError as error:
                self._failed(str(error))

    def close(self) -> None:
        """Wait for the last one."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout=5.0)
