"""The door of the web server: who may come in, from where, how often, and as what.

Threats: any page in the operator's browser (cross-site requests and sockets), DNS rebinding, and strangers in the
venue's Wi-Fi. So: Host and Origin are compared whole against a list, off loopback a token of this run is wanted, a
request names things and never paths, nothing is changed by HTTP, and everything has a bound.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PERFORMER, VIEWER, VISITOR = "performer", "viewer", "visitor"
ROLE = "perform.role"
"""Where in the ASGI scope the role stands, once the door was passed."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
MOST_PATH, MOST_QUERY, MOST_TOKEN, MOST_HEADERS = 256, 512, 100, 16 << 10
WRONG_TOKENS, WRONG_FOR_S = 10, 60.0
BURST, PER_S = 400.0, 100.0
MOST_PEERS = 512


def new_token() -> str:
    """128 bits that nobody guesses, for this run only."""
    return secrets.token_urlsafe(16)


def hosts_of(names: Iterable[str], port: int) -> frozenset[str]:
    """The Host headers under which this server may be addressed."""
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())


class RefusalError(Exception):
    """A request that stays outside. status: of the HTTP answer; a socket is closed before it opens."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class _Bucket:
    __slots__ = ("left", "since_s", "wrong", "wrong_s")

    def __init__(self, now_s: float) -> None:
        self.left, self.since_s = BURST, now_s
        self.wrong, self.wrong_s = 0, now_s


class Door:
    """ASGI middleware. hosts: Host headers that are ours. tokens: token -> role; empty: there is no LAN mode.

    open_paths: HTTP paths that show nothing of the show, for which no token is wanted (the panel's own files).
    only: role -> all the addresses that it may ask for; a role that is not named may ask for any.
    counts: refused by cause, only growing. Thread: the web's.
    """

    def __init__(
        self,
        app: App,
        hosts: Iterable[str],
        tokens: Mapping[str, str] | None = None,
        open_paths: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        only: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.app = app
        self.only = dict(only or {})
        self.hosts = frozenset(host.lower() for host in hosts)
        self.tokens = dict(tokens or {})
        self.counts: dict[str, int] = {"let in": 0, "refused": 0}
        self.last_refusal = ""
        self._open_paths = frozenset(open_paths)
        self._clock = clock
        self._peers: dict[str, _Bucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            scope[ROLE] = self.judge(scope)
        except RefusalError as refusal:
            self.counts["refused"] += 1
            self.last_refusal = f"{peer_of(scope)}: {refusal.why}"
            await _refuse(scope, receive, send, refusal)
            return
        self.counts["let in"] += 1
        await self.app(scope, receive, send)

    def judge(self, scope: Scope) -> str:
        """The role of whoever asks; "" for one who may only have the panel's own files. Raises RefusalError."""
        headers = headers_of(scope)
        bucket = self._bucket(peer_of(scope))
        self._paced(bucket)
        host = self._host(headers)
        _origin(scope, headers, host)
        shape_of(scope, headers)
        role = self._role(scope, headers, host, bucket)
        if not role and (scope["type"] == "websocket" or scope["path"] not in self._open_paths):
            raise RefusalError(403, "this address wants the token that the show's QR code carries")
        if role in self.only and scope["path"] not in self.only[role]:
            raise RefusalError(403, "that is not for visitors")
        return role

    def _host(self, headers: Mapping[str, list[str]]) -> str:
        hosts = headers.get("host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            raise RefusalError(421, "this server does not answer to that name")
        return hosts[0].lower()

    def _role(self, scope: Scope, headers: Mapping[str, list[str]], host: str, bucket: _Bucket) -> str:
        given = _token(scope, headers)
        if given is not None:
            now_s = self._clock()
            if now_s - bucket.wrong_s > WRONG_FOR_S:
                bucket.wrong, bucket.wrong_s = 0, now_s
            if bucket.wrong >= WRONG_TOKENS:
                raise RefusalError(429, "too many wrong tokens; wait a minute")
            for token, role in self.tokens.items():
                if hmac.compare_digest(token.encode(), given.encode("utf-8", "replace")):
                    return role
        if is_loopback(peer_of(scope)) and host.rpartition(":")[0] in LOOPBACK:
            return PERFORMER  # whoever sits at this machine
        if given is not None:
            bucket.wrong += 1
            raise RefusalError(403, "the token is not that of this show: scan the code again")
        return ""

    def _paced(self, bucket: _Bucket) -> None:
        now_s = self._clock()
        bucket.left = min(BURST, bucket.left + (now_s - bucket.since_s) * PER_S)
        bucket.since_s = now_s
        if bucket.left < 1.0:
            raise RefusalError(429, "too many requests")
        bucket.left -= 1.0

    def _bucket(self, peer: str) -> _Bucket:
        found = self._peers.get(peer)
        if found is None:
            if len(self._peers) >= MOST_PEERS:
                self._peers.pop(next(iter(self._peers)))
            found = self._peers[peer] = _Bucket(self._clock())
        return found


def headers_of(scope: Scope) -> dict[str, list[str]]:
    """Each header with all its values, names in lower case."""
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def peer_of(scope: Scope) -> str:
    """The address of whoever asks."""
    client = scope.get("client")
    return str(client[0]) if client else "?"


def is_loopback(peer: str) -> bool:
    """Whether that is this machine."""
    try:
        address = ipaddress.ip_address(peer.split("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _origin(scope: Scope, headers: Mapping[str, list[str]], host: str) -> None:
    origins = headers.get("origin", [])
    if len(origins) > 1 or (origins and origins[0].lower() != f"http://{host}"):
        raise RefusalError(403, "asked by a page of another origin")
    if scope["type"] == "websocket" and not origins:
        raise RefusalError(403, "a socket must say its origin")
    site, mode = headers.get("sec-fetch-site", [""])[0], headers.get("sec-fetch-mode", [""])[0]
    if site in ("cross-site", "same-site") and mode != "navigate":
        raise RefusalError(403, "asked by a page of another origin")


def shape_of(scope: Scope, headers: Mapping[str, list[str]]) -> None:
    """Bounds, and nothing that is not a plain name."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADERS:
        raise RefusalError(431, "the headers are too long")
    raw = bytes(scope.get("raw_path") or scope["path"].encode())
    if len(raw) > MOST_PATH or len(scope.get("query_string", b"")) > MOST_QUERY:
        raise RefusalError(414, "the address is too long")
    plain = unquote_to_bytes(unquote_to_bytes(raw))
    if any(bad in plain for bad in (b"..", b"\\", b"\0", b"//", b"\r", b"\n")) or any(byte < 32 for byte in plain):
        raise RefusalError(400, "names only, never paths")
    if scope["type"] == "http":
        if scope["method"] not in ("GET", "HEAD"):
            raise RefusalError(405, "nothing is changed by HTTP: values travel over the socket")
        if headers.get("transfer-encoding") or headers.get("content-length", ["0"]) != ["0"]:
            raise RefusalError(413, "a request here has no body")


def _token(scope: Scope, headers: Mapping[str, list[str]]) -> str | None:
    """The token that came along: never in the address, where it would be written to logs. Raises RefusalError."""
    found = [value[7:].strip() for value in headers.get("authorization", []) if value.lower().startswith("bearer ")]
    if scope["type"] == "websocket":
        words = [word.strip() for value in headers.get("sec-websocket-protocol", []) for word in value.split(",")]
        found += [word[6:] for word in words if word.startswith("token.")]
    if len(found) > 1 or any(len(token) > MOST_TOKEN for token in found):
        raise RefusalError(400, "one token, and a short one")
    return found[0] if found else None


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: RefusalError) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.why[:120]})
        return
    body = json.dumps({"role": "", "why": refusal.why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *SAFE_HEADERS]
    if refusal.status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
