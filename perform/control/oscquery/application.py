"""The OSCQuery server's answers: JSON by HTTP, values and notices by the socket, on every path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from perform.control.oscquery.namespace import ATTRIBUTES, Namespace
from perform.control.web.guard import SAFE_HEADERS

KIND = "application/json"
KEPT_S = 0.2
"""So old may an answer be: a client that asks over and over costs the show nothing."""
MOST_KEPT = 64


class Answers:
    """host_info: what `?HOST_INFO` says now. Thread: the web's."""

    def __init__(self, names: Namespace, host_info: Callable[[], dict[str, Any]]) -> None:
        self._names, self._host_info = names, host_info
        self._kept: dict[tuple[str, str], tuple[float, int, bytes]] = {}
        self.counts = {"oscquery asked": 0, "oscquery not found": 0}

    async def answer(self, request: Any) -> Any:
        """One request. 200 with JSON; 204 where a node has none of an attribute; 404 for no node, 400 for no
        attribute that there is."""
        from starlette.responses import Response

        self.counts["oscquery asked"] += 1
        path = unquote(request.scope["path"]).rstrip("/") or "/"
        asked = request.scope.get("query_string", b"").decode("latin-1").partition("=")[0]
        status, body = await self._found(path, asked)
        self.counts["oscquery not found"] += status == 404
        response = Response(body, status, media_type=KIND if body else None)
        for name, value in SAFE_HEADERS:
            response.headers[name.decode()] = value.decode()
        return response

    async def _found(self, path: str, asked: str) -> tuple[int, bytes]:
        now_s = asyncio.get_running_loop().time()
        kept = self._kept.get((path, asked))
        if kept is not None and now_s - kept[0] < KEPT_S:
            return kept[1], kept[2]
        status, told = await asyncio.to_thread(self._look, path, asked)
        body = b"" if told is None else json.dumps(told, separators=(",", ":")).encode()
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[path, asked] = now_s, status, body
        return status, body

    def _look(self, path: str, asked: str) -> tuple[int, Any]:
        if asked == "HOST_INFO":
            return 200, self._host_info()
        if asked and asked not in ATTRIBUTES:
            return 400, None
        told = self._names.attribute(path, asked) if asked else self._names.at(path)
        return (404, None) if told is None else (204, None) if asked and not told else (200, told)


def application(hub: Any, answers: Answers, door: Callable[[Any], Any]) -> Any:
    """The ASGI application, behind its door."""
    from starlette.applications import Starlette
    from starlette.routing import Route, WebSocketRoute

    routes = [
        WebSocketRoute("/{path:path}", hub.serve),
        Route("/{path:path}", answers.answer, methods=["GET", "HEAD"]),
    ]
    return door(Starlette(routes=routes))
