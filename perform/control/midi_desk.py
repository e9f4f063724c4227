"""The controllers on the desk: each known by its profile, steered by the maps, taught by learning."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from perform.control.learn import Seen
from perform.control.learning import Learning, taught
from perform.control.midi_bind import Bound
from perform.control.midi_decode import KINDS, MidiDecoder
from perform.control.midi_feedback import Lamp, MidiFeedback
from perform.control.midi_map import Binding, Profile, write_map
from perform.core.errors import PerformError
from perform.core.params import Param
from perform.core.types import ControlEvent, Value

PANIC_CONTROLLERS = (120, 123)  # all sound off, all notes off
PANIC_S = 1.0
REMEMBERED = 512
MONITORED = 200


@dataclass
class Device:
    """One device that is plugged in. bound: control -> what it steers."""

    name: str
    profile: Profile | None
    decoder: MidiDecoder = field(default_factory=MidiDecoder)
    bound: dict[str, list[Bound]] = field(default_factory=dict)


class MidiDesk:
    """Thread: `plugged` from that which looks for ports, `message` from each port's own, `settle` from the engine's;
    files are written in the feedback's.

    param, now: row and base value at an address. post: events to the engine. send: (device, message) -> went it.
    own: the user's map, `keep_in` the file that learning writes it to. look: the map of the look that plays, None
    where it is the same as at the last question. calm: whether panic is on already. learning: shared with other hands.
    """

    def __init__(
        self,
        param: Callable[[str], Param | None],
        now: Callable[[str], Value | None],
        send: Callable[[str, list[int]], bool],
        clock: Callable[[], float],
        *,
        profiles: Sequence[Profile] = (),
        own: Sequence[Binding] = (),
        keep_in: Path | None = None,
        look: Callable[[], Sequence[Binding] | None] = lambda: None,
        calm: Callable[[], bool] = lambda: False,
        panic: bool = True,
        learning: Learning | None = None,
    ) -> None:
        self._param, self._now, self._clock = param, now, clock
        self._send_to, self._look, self._calm, self._panic = send, look, calm, panic
        self.profiles, self.keep_in = tuple(profiles), keep_in
        self.own: list[Binding] = list(own)
        self.over: tuple[Binding, ...] = ()
        self.post: Callable[[ControlEvent], None] = lambda event: None
        self.devices: dict[str, Device] = {}
        self.values: dict[str, float] = {}
        self.monitor: deque[tuple[float, str, str, tuple[int, ...]]] = deque(maxlen=MONITORED)
        self.learning = learning or Learning(param, clock)
        self.learning.teach(KINDS, self)
        self.feedback = MidiFeedback(self._send, param, now, clock)
        self.feedback.between = self._between
        self.counted = {"moves": 0, "steered": 0, "echoes": 0, "refused": 0, "learnt": 0}
        self.last_error = ""
        self._lock = threading.Lock()
        self._panicked_s = -1e9
        self._unsaved = False

    def plugged(self, name: str, here: bool) -> None:
        """A device has come or gone."""
        with self._lock:
            if not here:
                self.devices.pop(name, None)
                self._wire(gone=name)
                return
            fitting = [p for p in self.profiles if p.fits(name)]
            device = self.devices[name] = Device(name, fitting[0] if fitting else None)
            self._wire(gone=name)
        for message in device.profile.hello if device.profile else ():
            self._send(name, list(message))

    def close(self) -> None:
        """Say goodbye to the devices and stop. Safe to call twice."""
        self.feedback.close()
        for device in list(self.devices.values()):
            for message in device.profile.bye if device.profile else ():
                self._send(device.name, list(message))
        self.devices.clear()

    def set_over(self, bindings: Sequence[Binding]) -> None:
        """The bindings of the look that plays; they go before the user's map and the profiles."""
        with self._lock:
            self.over = tuple(bindings)
            self._wire()

    def _wire(self, gone: str = "") -> None:
        """Join every device's controls anew. The nearest that says anything of a control has the whole of it."""
        lamps = []
        for device in self.devices.values():
            kept = {b.binding: b for bounds in device.bound.values() for b in bounds}
            bound: dict[str, list[Bound]] = {}
            profile = device.profile.bindings if device.profile else ()
            for layer in (self.over, self.own, profile):
                taken = set(bound)
                for binding in layer:
                    plain = device.name.lower()
                    if binding.device.lower() in plain and binding.control not in taken and binding.origin == "midi":
                        bound.setdefault(binding.control, []).append(kept.get(binding) or Bound(binding, self._now))
            device.bound = bound
            lamps += [Lamp(device.name, b) for bounds in bound.values() for b in bounds]
        self.feedback.set_lamps(lamps, gone)

    def message(self, name: str, message: list[int], time_s: float) -> None:
        """One message from a device that is neither clock nor timecode."""
        self.monitor.append((time_s, name, "in", tuple(message[:32])))
        if name not in self.devices:
            self.plugged(name, True)
        device = self.devices[name]
        if message[0] & 0xF0 == 0xB0 and len(message) == 3 and message[1] in PANIC_CONTROLLERS:
            self._all_off(time_s)
            return
        for move in device.decoder.moves(message):
            self.counted["moves"] += 1
            if self.feedback.is_echo(name, move.control, move.raw, time_s):
                self.counted["echoes"] += 1
                continue
            if move.control in self.values or len(self.values) < REMEMBERED:
                self.values[move.control] = move.value
            if self.learning.armed:
                self.learning.feed(name, move.control, move.value, move.raw, time_s)
                continue  # what is moved to be learnt moves nothing else
            for bound in device.bound.get(move.control, ()):
                param = self._param(bound.binding.target)
                if param is None:
                    self.counted["refused"] += 1
                    continue
                try:
                    event = bound.move(move, param, time_s)
                except PerformError as error:
                    self.counted["refused"] += 1
                    self.last_error = str(error)
                    continue
                if event is not None:
                    self.post(event)
                    self.counted["steered"] += 1

    def _all_off(self, time_s: float) -> None:
        """All notes off, from any channel, means panic; never a second one that would give the routes back."""
        if self._panic and time_s - self._panicked_s > PANIC_S and not self._calm():
            self.post(ControlEvent("out/panic", True, time_s, "midi"))
        self._panicked_s = time_s

    def forget(self, target: str) -> int:
        """Let go of a parameter. Returns how many learnt controls steered it."""
        with self._lock:
            count = len(self.own)
            self.own = [binding for binding in self.own if binding.target != target]
            self._wire()
        self._unsaved = True
        return count - len(self.own)

    def _between(self, now_s: float) -> None:
        """Learn, read and write maps: slow things, away from the engine."""
        over = self._look()
        if over is not None:
            self.set_over(over)
        self.learning.decide(now_s)
        if self._unsaved and self.keep_in is not None:
            self._unsaved = False
            try:
                write_map(self.keep_in, self.own)
            except PerformError as error:
                self.last_error = str(error)
                self.post(ControlEvent("learn/last", str(error)[:200], now_s, "midi"))

    def learnt(self, target: str, seen: Seen) -> str:
        """Take in what was learnt. Returns the line that says so, and what the control steered before."""
        binding = Binding(seen.control, target, device=seen.device, mode=taught(seen, self._param(target)))
        device = self.devices.get(seen.device)
        if device is not None and device.profile:  # its lights keep their colours
            known = [b for b in device.profile.bindings if b.control == seen.control]
            if known:
                like = known[0]
                binding = replace(binding, feedback=like.feedback, on=like.on, off=like.off, scale=like.scale)
        with self._lock:
            return self._take_in(binding, seen)

    def _take_in(self, binding: Binding, seen: Seen) -> str:
        target = binding.target
        before = [b.target for b in self.own if (b.device, b.control) == (seen.device, seen.control)]
        self.own = [
            b for b in self.own if (b.device, b.control) != (seen.device, seen.control) and b.target != target
        ]  # fmt: skip
        self.own.append(binding)
        self._unsaved = True
        self.counted["learnt"] += 1
        self._wire()
        other = [t for t in before if t != target]
        away = f", and no longer {other[0]}" if other else ""
        return f"{seen.control} of {seen.device} steers {target}{away}"

    def _send(self, name: str, message: list[int]) -> bool:
        if not self._send_to(name, message):
            return False
        self.monitor.append((self._clock(), name, "out", tuple(message[:32])))
        return True

    def signals(self) -> dict[str, float]:
        """Every control that was moved, as a source of modulation: `midi/cc/1/7`."""
        return {f"midi/{control}": value for control, value in list(self.values.items())}
