"""Who may ask the OSCQuery server. Its clients send neither token nor Origin, so that addresses are all there is to
go by: this machine, or in LAN mode those of a list.

A browser does say where a page comes from, and what name was asked for: a page of any other origin, and a name that is
not ours (DNS rebinding), stay outside.
"""

from __future__ import annotations

from collections.abc import Iterable

from perform.control.senders import Senders
from perform.control.web.guard import (
    LOOPBACK,
    PERFORMER,
    App,
    Door,
    RefusalError,
    Scope,
    headers_of,
    is_loopback,
    peer_of,
    shape_of,
)

NOBODY = Senders((), "OSCQuery")


class QueryDoor(Door):
    """hosts: names of this machine, without ports. allowed: who may come in besides this machine itself.

    The address at which a connection arrived is one of ours, too, whatever network we are in by now: no page of another
    origin has it in its own address. Who comes from that address is this machine.
    """

    def __init__(self, app: App, hosts: Iterable[str] = LOOPBACK, allowed: Senders = NOBODY) -> None:
        super().__init__(app, hosts)
        self._allowed = allowed

    def judge(self, scope: Scope) -> str:
        """The role of whoever asks. Raises RefusalError."""
        headers, peer = headers_of(scope), peer_of(scope)
        here = str((scope.get("server") or ("",))[0])
        self._paced(self._bucket(peer))
        if not is_loopback(peer) and peer != here and not self._allowed.may(peer):
            raise RefusalError(403, "this address is not on the list; see --oscquery-allow")
        named = headers.get("host", [])
        host = named[0].lower() if len(named) == 1 else ""
        bare = host if host.endswith("]") else host.rpartition(":")[0] or host
        if bare not in self.hosts and bare.strip("[]") != here:
            raise RefusalError(421, "this server does not answer to that name")
        origins = headers.get("origin", [])
        if origins and origins != [f"http://{host}"]:
            raise RefusalError(403, "asked by a page of another origin")
        if headers.get("sec-fetch-site", ["none"])[0] in ("cross-site", "same-site"):
            raise RefusalError(403, "asked by a page of another origin")
        shape_of(scope, headers)
        return PERFORMER
