"""Who may send: addresses and networks that a listener lets in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from perform.core.errors import DeviceError

REMEMBERED = 1024


class Senders:
    """allow: addresses and networks (`10.0.0.0/24`); None lets in whoever reaches the socket. what: whose list it is,
    for messages. Raises DeviceError for one that is none. Thread: the listener's."""

    def __init__(self, allow: Iterable[str] | None, what: str) -> None:
        try:
            self._allowed = None if allow is None else [ipaddress.ip_network(text, strict=False) for text in allow]
        except ValueError as error:
            raise DeviceError(f"{what}: {error}; write addresses as 10.0.0.5 or 10.0.0.0/24") from None
        self._judged: dict[str, bool] = {}

    def may(self, sender: str) -> bool:
        """Whether this address may send."""
        if self._allowed is None:
            return True
        if sender not in self._judged:
            if len(self._judged) >= REMEMBERED:
                self._judged.clear()
            self._judged[sender] = self._is_listed(sender)
        return self._judged[sender]

    def _is_listed(self, sender: str) -> bool:
        try:
            address = ipaddress.ip_address(sender.split("%")[0])
        except ValueError:  # what is no address is on no list
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._allowed or ())
