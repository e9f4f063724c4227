"""Learning by moving something: of all that moves after it was armed, the control that moved most is the one meant.

What moves is told from outside (device, control, value), so that MIDI, OSC sensors and gamepads can be learnt alike.
Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from perform.control.controls import ORIGINS, is_button

LISTEN_S = 0.5
"""From the first real move on it listens for so long, then chooses."""

ENOUGH = 0.04
"""Of its range a control must move before it counts: a worn fader trembles."""

GIVE_UP_S = 30.0
_ORDER = ("nrpn", "cc14", "pitch", "note", "cc", "program", "pressure", "touch", *ORIGINS)
"""Of controls that moved alike, the one to believe: a 14-bit dial also speaks as two of 7 bits."""


@dataclass(slots=True)
class Seen:
    """What a control has done since learning was armed."""

    device: str
    control: str
    first_s: float
    values: list[float] = field(default_factory=list)
    raws: list[int] = field(default_factory=list)
    travel: float = 0.0

    @property
    def kind(self) -> str:
        """`cc`, `note`, …"""
        return self.control.split("/")[0]

    def button(self) -> bool:
        """Whether it only knows pressed and not."""
        return is_button(self.control) or (self.kind == "cc" and set(self.raws) <= {0, 127} and 127 in self.raws)

    def encoding(self) -> str:
        """The way of an endless encoder, "" for a dial that stands somewhere. Told by steps round the values that mean
        none: small numbers and numbers just under 128 or just over 64 do not follow each other on a dial."""
        raws = self.raws
        if self.kind != "cc" or len(raws) < 3:
            return ""
        near = lambda middle: sum(0 < abs(raw - middle) <= 8 for raw in raws)  # noqa: E731
        if near(64) == len(raws) and (len(set(raws)) <= 2 or _leaps(raws)) and _repeats(raws):
            return "offset"
        if not _repeats(raws):
            return ""
        if all(0 < raw <= 8 or 120 <= raw <= 127 for raw in raws):
            return "twos"
        if all(0 < raw <= 8 or 65 <= raw <= 72 for raw in raws):
            return "signed_bit"
        return ""


def _repeats(raws: list[int]) -> bool:
    """An encoder says the same number again and again; a dial says each only once on its way."""
    return sum(a == b for a, b in pairwise(raws)) >= len(raws) // 3


def _leaps(raws: list[int]) -> bool:
    return any((a - 64) * (b - 64) < 0 for a, b in pairwise(raws))


class Learner:
    """Armed for a target, it chooses a control. Thread: one at a time; the owner locks."""

    def __init__(self) -> None:
        self.target = ""
        self._armed_s = 0.0
        self._begun_s: float | None = None
        self._seen: dict[tuple[str, str], Seen] = {}

    def arm(self, target: str, now_s: float) -> None:
        """Wait for a move that is to steer `target`; "" stops waiting."""
        self.target, self._armed_s, self._begun_s = target, now_s, None
        self._seen.clear()

    @property
    def armed(self) -> bool:
        """Whether it waits."""
        return bool(self.target)

    def feed(self, device: str, control: str, value: float, raw: int, now_s: float) -> None:
        """A control has moved. value: 0..1."""
        if not self.armed:
            return
        key = (device, control)
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= 256:
                return
            seen = self._seen[key] = Seen(device, control, now_s)
            pressed = seen.kind == "program" or is_button(control)
            seen.travel = 1.0 if pressed and value > 0.0 else 0.0
        elif seen.values:
            seen.travel += abs(value - seen.values[-1])
        if len(seen.values) < 512:
            seen.values.append(value)
            seen.raws.append(raw)
        steps = len(seen.raws) >= 3 and seen.encoding() != ""
        if self._begun_s is None and (seen.travel >= ENOUGH or steps or seen.button()):
            self._begun_s = now_s

    def choice(self, now_s: float) -> Seen | None:
        """What is meant, once it is clear; None while it is not. It is no longer armed then."""
        if not self.armed:
            return None
        if self._begun_s is None:
            if now_s - self._armed_s > GIVE_UP_S:
                self.arm("", now_s)
            return None
        if now_s - self._begun_s < LISTEN_S:
            return None
        best = _most_moved(self._seen.values())
        self._seen = {}
        return best


def _most_moved(seen: Iterable[Seen]) -> Seen | None:
    """The control that moved most; of one dial that speaks in several ways, the finest."""
    moved = [one for one in seen if one.travel >= ENOUGH or one.encoding() or one.button()]
    if not moved:
        return None

    def weight(one: Seen) -> float:
        return max(one.travel, 0.2 * len(one.raws) if one.encoding() else 0.0, 1.0 if one.button() else 0.0)

    best = max(moved, key=weight)
    finer = [
        one for one in moved
        if one.device == best.device and _ORDER.index(one.kind) < _ORDER.index(best.kind) and _kin(one, best)
    ]  # fmt: skip
    return min(finer, key=lambda one: _ORDER.index(one.kind)) if finer else best


def _kin(fine: Seen, coarse: Seen) -> bool:
    """Whether `coarse` is only a part of what `fine` says: a 14-bit pair, or the data entry of an NRPN."""
    if coarse.kind != "cc" or fine.control.split("/")[1] != coarse.control.split("/")[1]:
        return False
    number = int(coarse.control.split("/")[2])
    if fine.kind == "cc14":
        low = any(raw & 127 != raw >> 7 for raw in fine.raws)  # the low part did come
        return low and number % 32 == int(fine.control.split("/")[2]) and number < 64
    return fine.kind == "nrpn" and number in (6, 38, 96, 97, 98, 99)
