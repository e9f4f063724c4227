"""The server announced by mDNS, so that clients in the network list it by themselves (`_oscjson._tcp.local.`)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

KIND = "_oscjson._tcp.local."
LOOK_S = 5.0
"""So often the machine's addresses are looked at."""
LONGEST_BYTES = 58
"""Of the name: DNS takes 63 in one label, and a second one of the same name gets `-2`."""
CLOSE_S = 4.0


class Announcement:
    """name: as clients show it. addresses: the IPv4 addresses of this machine now, none while it has none: a box that
    is up before its network, and a laptop that is carried into another one, are announced all the same. say: told once
    why nothing is. All of it happens in a thread of its own, since it waits for answers from the network."""

    def __init__(
        self, name: str, port: int, addresses: Callable[[], Sequence[str]], say: Callable[[str], None]
    ) -> None:
        self._name, self._port, self._addresses, self._say = label_of(name), port, addresses, say
        self._zeroconf: Any = None
        self._stop = threading.Event()
        self.error = ""
        self.announced = threading.Event()
        self._thread = threading.Thread(target=self._run, name="perform-mdns", daemon=True)

    def begin(self) -> None:
        """Begin to announce."""
        self._thread.start()

    def _run(self) -> None:
        told: tuple[str, ...] = ()
        while True:
            now = tuple(self._addresses())
            if now != told:
                self._take_back()
                told = now if now and self._announce(now) else ()
            if self._stop.wait(LOOK_S):
                break
        self._take_back()

    def _announce(self, addresses: Sequence[str]) -> bool:
        try:
            from zeroconf import IPVersion, ServiceInfo, Zeroconf

            host = label_of(socket.gethostname().partition(".")[0])
            offered = ServiceInfo(
                KIND, f"{self._name}.{KIND}", addresses=[socket.inet_aton(a) for a in addresses],
                port=self._port, server=f"{host}.local.", properties={"txtvers": "1"},
            )  # fmt: skip
            self._zeroconf = Zeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
            self._zeroconf.register_service(offered, allow_name_change=True)
        except Exception as error:  # noqa: BLE001 - whatever a network does: the server is there without it
            line = f"OSCQuery is not announced in the network ({error or type(error).__name__}); it is tried again"
            if not self.error:
                self._say(line)
            self.error = line
            self._take_back()
            return False
        self.error = ""
        self.announced.set()
        return True

    def _take_back(self) -> None:
        speaker, self._zeroconf = self._zeroconf, None
        self.announced.clear()
        if speaker is not None:
            with contextlib.suppress(Exception):
                speaker.unregister_all_services()
            with contextlib.suppress(Exception):
                speaker.close()

    def close(self) -> None:
        """Say that it is gone. Safe to call twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=CLOSE_S)


def label_of(name: str) -> str:
    """A name as one label of DNS: without dots, and not too long."""
    plain = "".join(c for c in name.replace(".", "-") if c.isprintable()).strip()
    return plain.encode()[:LONGEST_BYTES].decode(errors="ignore") or "perform"


def own_addresses() -> list[str]:
    """The IPv4 address of this machine from which its way out begins; none while it has none."""
    from perform.control.web.codes import lan_address

    found = lan_address()
    return [found] if found and not found.startswith("[") else []
