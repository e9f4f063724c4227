"""Back to the lights, rings and motors: what a parameter is, told to the control that steers it, never as an echo."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from perform.control.midi_bind import Bound
from perform.control.midi_decode import parse_control
from perform.core.params import Param
from perform.core.types import Value

RATE_HZ = 30.0
QUIET_S = 0.35
"""So long after a hand has moved a dial nothing is sent to it: a motor must not pull at the finger."""

MOST_AT_ONCE = 24
"""Messages in one round: a slow cable carries about a thousand in a second."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """A control that can be told something: where, by which binding."""

    device: str
    bound: Bound


class MidiFeedback:
    """Looks at the parameters some thirty times a second and sends what has changed. One thread of its own.

    send: (device, message) -> whether it went. param, now: the row and the base value at an address, None for none.
    clock: show time, for how long ago a hand was there.
    """

    def __init__(
        self,
        send: Callable[[str, list[int]], bool],
        param: Callable[[str], Param | None],
        now: Callable[[str], Value | None],
        clock: Callable[[], float],
    ) -> None:
        self._send, self._param, self._now, self._clock = send, param, now, clock
        self._lamps: tuple[Lamp, ...] = ()
        self._told: dict[tuple[str, str], int] = {}
        self._recent: dict[tuple[str, str], tuple[int, float]] = {}
        self._from = 0
        self.between: Callable[[float], None] = lambda now_s: None
        """What else wants doing now and then, in this thread: learning, files."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi feedback", daemon=True)
        self.sent = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop. Safe to call twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def set_lamps(self, lamps: Iterable[Lamp], gone: str = "") -> None:
        """Everything that can be told from now on. gone: a device that is new, or away: it will be told
        all."""
        self._lamps = tuple(lamp for lamp in lamps if lamp.bound.binding.feedback != "off")
        for key in [key for key in self._told if key[0] == gone]:
            del self._told[key]

    def is_echo(self, device: str, control: str, raw: int, time_s: float) -> bool:
        """Whether a device only repeats what it was told a moment ago, as motors and some rings do."""
        told = self._recent.get((device, control))
        return told is not None and time_s - told[1] < 0.2 and abs(told[0] - raw) <= 1

    def _run(self) -> None:
        while not self._stop.wait(1.0 / RATE_HZ):
            now_s = self._clock()
            self.between(now_s)
            self.round(now_s)

    def round(self, now_s: float) -> int:
        """One look at everything; returns how many messages went out."""
        lamps, count = self._lamps, 0
        for step in range(len(lamps)):
            if count >= MOST_AT_ONCE:
                self._from = (self._from + step) % len(lamps)
                break
            lamp = lamps[(self._from + step) % len(lamps)]
            count += self._tell(lamp, now_s)
        self.sent += count
        return count

    def _tell(self, lamp: Lamp, now_s: float) -> bool:
        binding = lamp.bound.binding
        if binding.dial and now_s - lamp.bound.touched_s < QUIET_S:
            return False
        name = binding.control if binding.feedback == "same" else binding.feedback
        wanted = shown(lamp.bound, self._param(binding.target), self._now(binding.target))
        key = (lamp.device, f"{name} {binding.target}")
        if wanted is None or self._told.get(key) == wanted:
            return False
        if not all([self._send(lamp.device, message) for message in messages(name, wanted)]):
            return False
        self._told[key] = wanted
        self._recent[(lamp.device, name)] = (wanted, now_s)
        return True


def shown(bound: Bound, param: Param | None, value: Value | None) -> int | None:
    """What a control is to show: 0..127 (a dial with 14 bits: 0..16383); None for what cannot be shown."""
    binding = bound.binding
    name = binding.control if binding.feedback == "same" else binding.feedback
    if param is None or value is None or param.kind in ("point", "colour"):
        return None
    lamp = not binding.dial or param.kind in ("bool", "trigger")
    if param.kind == "trigger":
        return binding.off if lamp else None
    if binding.value is not None:
        return binding.on if value == binding.value else binding.off
    norm = param.to_norm(value)
    if norm is None:
        return None
    if lamp and param.kind == "bool":
        return binding.on if value else binding.off
    width = binding.hi - binding.lo
    place = min(max((norm - binding.lo) / width if abs(width) > 1e-9 else 0.0, 0.0), 1.0)
    if not binding.dial:
        return round(binding.off + (binding.on - binding.off) * place)
    fine = name.split("/")[0] in ("cc14", "nrpn", "pitch")
    return round(place * 16383) if fine else round(place * binding.scale)


def messages(name: str, raw: int) -> list[list[int]]:
    """What tells a control its value: one message, or several for 14-bit controllers and NRPN."""
    kind, channel, number = parse_control(name)
    high, low, at = raw >> 7 & 127, raw & 127, channel - 1
    if kind == "pitch":
        return [[0xE0 | at, low, high]]
    if kind == "cc14":
        return [[0xB0 | at, number, high], [0xB0 | at, number + 32, low]]
    if kind == "nrpn":
        return [[0xB0 | at, a, b] for a, b in ((99, number >> 7), (98, number & 127), (6, high), (38, low))]
    if kind in ("pressure", "program"):
        return [[(0xD0 if kind == "pressure" else 0xC0) | at, low]]
    return [[{"note": 0x90, "cc": 0xB0, "touch": 0xA0}[kind] | at, number, low]]
