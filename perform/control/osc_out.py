"""OSC out: one thread tells each listener what it was named for: features, values that changed, floats, health.

    beat       `/perform/tempo/…` (osc_tempo.py, told by the engine itself so that a beat is not late)
    features   every source of modulation that changed: `/perform/signal/audio/level` …, one float each
    values     every parameter that changed, in its own kind, at its own address
    floats     the same as one float to an address: colours by part, bools 0 and 1, choices by number, no texts
    health     `/perform/health/…`, once a second
    notices    `/perform/out/message`, as they come
    also       sources and parameters, 0..1, at addresses of other programs that the venue names

What did not change is told again slowly, so that whoever comes late or lost a datagram catches up. A fader that is
moved from a listener's own address is not pulled at: it is told where it stands when the hand has rested.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterable, Mapping

from perform.control.osc_send import OscSender
from perform.control.osc_tempo import TOLD
from perform.control.osc_words import PREFIX
from perform.core.params import PARTS, Param, ParamTable
from perform.core.types import ControlEvent, Value

SIGNAL, HEALTH = PREFIX + "signal/", PREFIX + "health/"
AGAIN_S = 10.0
"""In which time everything is told again, changed or not."""
HEALTH_S = 1.0
HAND_RESTS_S = 0.3
"""For so long nothing is told to a hand after it has moved; up to twice that."""
LOOPBACK = ("127.", "::1", "::ffff:127.")
Groups = frozenset[str]


class OscOut:
    """targets: (host, port, groups). signals, health: name -> number now; called in the sending thread, as the table
    is read there. also: address -> source or parameter. Raises DeviceError for a host that is not known."""

    def __init__(
        self,
        targets: Iterable[tuple[str, int, Groups]],
        rate_hz: float,
        table: ParamTable,
        *,
        signals: Callable[[], Mapping[str, float]],
        health: Callable[[], Mapping[str, float]],
        clock: Callable[[], float],
        also: Mapping[str, str] | None = None,
    ) -> None:
        targets = list(targets)
        self._rate_hz, self._signals, self._health, self._clock = rate_hz, signals, health, clock
        self._senders: list[OscSender] = []
        self._features, self._told_health = self.voice("features", targets), self.voice("health", targets)
        self.beat, self.notices = self.voice("beat", targets), self.voice("notices", targets)
        self._mirrors = [
            _Mirror(OscSender([(host, port)]), table, floats, TOLD if "beat" in groups else frozenset())
            for host, port, groups in targets
            for floats, name in ((False, "values"), (True, "floats"))
            if name in groups
        ]
        self._senders += [mirror.sender for mirror in self._mirrors]
        self._sources, self._others = _Changed(), _Changed()
        self._table, self._also, self._told_also = table, dict(also or {}), self.voice("also", targets)
        self._next_health_s = -math.inf
        self._moved: dict[str, tuple[str, float]] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def voice(self, group: str, targets: Iterable[tuple[str, int, Groups]]) -> OscSender:
        """A sender to all that were named for a group."""
        sender = OscSender([(host, port) for host, port, groups in targets if group in groups], self._rate_hz)
        self._senders.append(sender)
        return sender

    def open(self, post: Callable[..., None]) -> None:
        """Begin to tell."""
        self._thread = threading.Thread(target=self._run, name="perform-osc-out", daemon=True)
        self._thread.start()

    def heard(self, event: ControlEvent, sender: tuple[str, int]) -> None:
        """A parameter is being moved from there. Thread: the listener's."""
        # Not always the same time: two shows that took each other's value at once would swap them for ever.
        rests_s = HAND_RESTS_S * random.uniform(1.0, 2.0)
        self._moved[event.address] = (_place(sender[0]), self._clock() + rests_s)

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: sent (datagrams), refused (values), errors (of the network)."""
        counts = [sender.counts() for sender in self._senders]
        return {f"osc out {name}": sum(count[name] for count in counts) for name in ("sent", "refused", "errors")}

    def close(self) -> None:
        """Stop and free the sockets. Safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
            self._thread = None
        for sender in self._senders:
            sender.close()

    def _run(self) -> None:
        while not self._stop.wait(1.0 / self._rate_hz):
            try:
                self.step(self._clock())
            except (RuntimeError, KeyError):  # the table changed under our hands: next time
                continue

    def step(self, now_s: float) -> None:
        """Tell what there is to tell now."""
        if self._features:
            for name, value in self._sources.of(self._signals(), self._rate_hz):
                self._features.send(SIGNAL + name, value)
        if self._told_health and now_s >= self._next_health_s:
            self._next_health_s = now_s + HEALTH_S
            for name, value in self._health().items():
                self._told_health.send(HEALTH + name, float(value))
        if self._also and self._told_also:
            for address, value in self._others.of(self._elsewhere(), self._rate_hz):
                self._told_also.send(address, value)
        held = {path: place for path, (place, until_s) in list(self._moved.items()) if now_s < until_s}
        if len(held) < len(self._moved):
            for path in [path for path in list(self._moved) if path not in held]:
                self._moved.pop(path, None)
        for mirror in self._mirrors:
            mirror.tell(held, self._rate_hz)

    def _elsewhere(self) -> dict[str, float]:
        """What is told at the addresses of others: a source as it is, a parameter as 0..1."""
        signals, base, found = self._signals(), self._table.base(), {}
        for address, name in self._also.items():
            value = signals.get(name)
            if value is None and name in self._table:
                value = self._table[name].to_norm(base[name])
            if value is not None:
                found[address] = float(value)
        return found


class _Changed:
    """Which of some numbers have changed since they were told, and a few more of the others by turns."""

    def __init__(self) -> None:
        self._told: dict[str, object] = {}
        self._turn = 0.0

    def of(self, values: Mapping[str, object], rate_hz: float, held: Iterable[str] = ()) -> list[tuple[str, object]]:
        """(name, value) of what is to be told. held: what is not told now, but later."""
        names = list(values)
        first, self._turn = self._turn, self._turn + len(names) / (AGAIN_S * rate_hz)
        again = set(names[int(first) : int(self._turn)])
        if self._turn >= len(names):
            self._turn = 0.0
        held = frozenset(held)
        found = [
            (name, values[name])
            for name in names
            if name not in held and (name in again or name not in self._told or self._told[name] != values[name])
        ]
        if len(self._told) > 2 * len(names) + 100:  # what came and went again
            self._told = {name: value for name, value in self._told.items() if name in values}
        self._told.update(found)
        return found


class _Mirror:
    """The table as one listener knows it."""

    def __init__(self, sender: OscSender, table: ParamTable, floats: bool, without: frozenset[str]) -> None:
        self.sender = sender
        self._table, self._floats, self._without = table, floats, without
        self._changed = _Changed()
        self._places = {_place(host) for host, _ in sender.places}

    def tell(self, held: Mapping[str, str], rate_hz: float) -> None:
        """Send what has changed. held: parameter that is being moved -> whence."""
        base = dict(self._table.base())
        mine = [path for path, place in held.items() if place in self._places]
        for path, value in self._changed.of(base, rate_hz, mine):
            row = self._table[path] if path in self._table else None
            if (
                row is None or path in self._without or row.kind == "trigger"
            ):  # a count that is sent would pull the trigger of another perform
                continue
            for address, said in floats(row, base[path]) if self._floats else [(path, value)]:
                self.sender.send(PREFIX + address, said)


def floats(row: Param, value: Value) -> list[tuple[str, float]]:
    """A value as (path, float), one for each number of it; nothing for texts."""
    if row.kind in PARTS:
        return [(f"{row.name}/{part}", float(x)) for part, x in zip(PARTS[row.kind], value, strict=False)]  # type: ignore[arg-type]
    if row.kind == "choice":
        return [(row.name, float(row.choices.index(str(value))))]
    return [] if isinstance(value, str | tuple) else [(row.name, float(value))]


def _place(host: str) -> str:
    return "here" if host.startswith(LOOPBACK) else host.removeprefix("::ffff:")
