"""Who is answered when it asks for a value, and how much: nobody can be made to flood somebody else.

A datagram may carry a forged sender. So answers go to this machine and to addresses that the room lets in by name, in
limited number, and elsewhere than on this machine never more than three times the bytes that came (as in RFC 9000 §8).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from perform.control.osc_gate import OscError

PER_S, BURST = 500.0, 1000.0
TIMES_BYTES = 3
MOST_CREDIT_BYTES = 65_536
REMEMBERED = 256


@dataclass(slots=True)
class _Asker:
    here: bool
    answers: float
    since_s: float
    credit_bytes: int = 0


class Answers:
    """named: whether the listener lets in named addresses only. clock: seconds. Thread: the listener's."""

    def __init__(self, named: bool, clock: Callable[[], float]) -> None:
        self._named, self._clock = named, clock
        self._askers: dict[str, _Asker] = {}

    def heard(self, sender: str, size_bytes: int) -> None:
        """So many bytes came in one packet that asks."""
        asker = self._asker(sender)
        asker.credit_bytes = min(asker.credit_bytes + TIMES_BYTES * size_bytes, MOST_CREDIT_BYTES)

    def check(self, sender: str, size_bytes: int, connected: bool) -> None:
        """Raises OscError where an answer of so many bytes may not go. connected: by TCP, so that it is who it says."""
        asker = self._asker(sender)
        if not (asker.here or self._named):
            raise OscError(f"{sender} asks for a value; name it in [osc] allow of the venue, and it is answered")
        now_s = self._clock()
        passed_s = max(now_s - asker.since_s, 0.0)  # a show's clock begins again when the show does
        asker.answers = min(BURST, asker.answers + passed_s * PER_S)
        asker.since_s = now_s
        if asker.answers < 1.0:
            raise OscError(f"{sender} asks too much at once")
        if not (asker.here or connected) and size_bytes > asker.credit_bytes:
            raise OscError(
                f"{sender}: an answer of {size_bytes} bytes is too long for a datagram that asks; ask by TCP"
            )
        asker.answers -= 1.0
        asker.credit_bytes -= size_bytes

    def _asker(self, sender: str) -> _Asker:
        asker = self._askers.get(sender)
        if asker is None:
            if len(self._askers) >= REMEMBERED:
                self._askers.clear()
            here = ipaddress.ip_address(sender.split("%")[0])
            here = getattr(here, "ipv4_mapped", None) or here
            asker = self._askers[sender] = _Asker(here.is_loopback, BURST, self._clock())
        return asker
