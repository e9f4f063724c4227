"""The server announced by mDNS, so that clients in the network list it by themselves (`_oscjson._tcp.local.`)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Sequence
from typing import Any

from perform.core.errors import DeviceError

KIND = "_oscjson._tcp.local."


class Announcement:
    """name: as clients show it. addresses: IPv4 addresses of this machine. The announcing is done in a thread of its
    own, since it waits for answers from the network; `error` says why there is none."""

    def __init__(self, name: str, port: int, addresses: Sequence[str]) -> None:
        self._name, self._port, self._addresses = name[:60], port, list(addresses)
        self._zeroconf: Any = None
        self._lock = threading.Lock()
        self._closed = False
        self.error = ""
        self.announced = threading.Event()
        self._thread = threading.Thread(target=self._announce, name="perform-mdns", daemon=True)

    def begin(self) -> None:
        """Begin to announce."""
        self._thread.start()

    def _announce(self) -> None:
        try:
            from zeroconf import IPVersion, ServiceInfo, Zeroconf

            host = socket.gethostname().partition(".")[0] or "perform"
            offered = ServiceInfo(
                KIND, f"{self._name}.{KIND}", addresses=[socket.inet_aton(a) for a in self._addresses],
                port=self._port, server=f"{host}.local.", properties={"txtvers": "1"},
            )  # fmt: skip
            speaker = Zeroconf(interfaces=self._addresses, ip_version=IPVersion.V4Only)
            with self._lock:
                self._zeroconf = speaker
            speaker.register_service(offered, allow_name_change=True)
            self.announced.set()
        except Exception as error:  # noqa: BLE001 - whatever a network does: the server is there without it
            self.error = f"OSCQuery is not announced in the network ({error or type(error).__name__})"
        if self._closed:
            self._take_back()

    def _take_back(self) -> None:
        with self._lock:
            speaker, self._zeroconf = self._zeroconf, None
        if speaker is not None:
            with contextlib.suppress(Exception):
                speaker.unregister_all_services()
                speaker.close()

    def close(self) -> None:
        """Say that it is gone. Safe to call twice."""
        self._closed = True
        if self.announced.is_set() or self.error:
            self._take_back()


def own_addresses(host: str = "") -> list[str]:
    """The IPv4 addresses of this machine that others may reach, the one that the way out begins at first.

    host: an address that was asked for; then it is that one. Raises DeviceError where there is none.
    """
    if host and host != "0.0.0.0":
        return [host]
    from perform.control.web.codes import lan_address

    found = lan_address()
    if not found:
        raise DeviceError("this machine has no address in a network")
    return [found]
