"""The panel's routes: its files, who somebody is, and two sockets on which a client asks and the show answers.

`/panel/live` answers with JSON: state (paced: at most 30 a second, a new tick each time), rows, and lists by name.
`/panel/preview` answers with JPEGs: the newest picture of the output or of a deck, and thumbnails. A client that does
not ask gets nothing, so a slow one never makes anything queue up. Values travel by OSC over the OSCQuery socket.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from perform.control.web.feed import Feed, Glance
from perform.control.web.files import policy, static_files
from perform.control.web.guard import PERFORMER, ROLE, SAFE_HEADERS
from perform.control.web.pace import Pace
from perform.core.params import Param, ParamTable

STATE_S = 1.0 / 30.0
POLL_S = 0.006
GIVE_UP_S = 1.0
MOST_CLIENTS = 16
MOST_TEXT = 64 << 10
MOST_NAMES = 1200
MOST_ANSWERS = 32
MOST_NAME = 200
BURST, PER_S = 400.0, 200.0
"""Messages on one socket."""
TOO_FAST, TOO_MANY, TOO_BIG, NO_SENSE = 1008, 1013, 1009, 1007
PICTURES = ("out", "a", "b", "c", "d")
OPEN_PATHS = ("/panel/who",)


@dataclass(frozen=True)
class Sources:
    """Where the panel looks. lists: what a client may ask for by name, each called in a thread of its own.

    thumb: the JPEG of `preset/NAME` or `model/NAME`, None where there is none. encode: [h, w, 3] uint8 to JPEG.
    performers_only: lists that a viewer does not get.
    """

    table: ParamTable
    feed: Feed
    lists: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    thumb: Callable[[str], bytes | None] = lambda name: None
    encode: Callable[[Any], bytes] = lambda image: b""
    performers_only: frozenset[str] = frozenset({"lan"})


def row_json(row: Param) -> dict[str, Any]:
    """A row as the panel's widgets want it."""
    return {"path": row.name, "kind": row.kind, "lo": row.lo, "hi": row.hi, "unit": row.unit, "curve": row.curve,
            "choices": list(row.choices), "doc": row.doc, "def": row.default, "live": row.live}  # fmt: skip


class Panel:
    """Serves any number of clients up to MOST_CLIENTS. Thread: the web's."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.clients = 0
        self.counts = {"clients refused": 0, "too fast": 0, "pictures sent": 0, "states sent": 0, "nonsense": 0}
        self._viewers = 0
        self._jpegs: dict[str, tuple[int, bytes]] = {}
        self._kept: dict[str, tuple[float, Any]] = {}

    def routes(self) -> list[Any]:
        """For the web application."""
        from starlette.routing import Route, WebSocketRoute

        return [
            Route("/panel/who", self._who, methods=["GET", "HEAD"]),
            WebSocketRoute("/panel/live", self._live),
            WebSocketRoute("/panel/preview", self._preview),
        ]

    async def _who(self, request: Any) -> Any:
        from starlette.responses import JSONResponse

        role = request.scope.get(ROLE, "")
        why = "" if role else "this address wants the token that the show's QR code carries"
        return _safe(JSONResponse({"role": role, "why": why}))

    # What is no picture

    async def _live(self, socket: Any) -> None:
        if self.clients >= MOST_CLIENTS:
            self.counts["clients refused"] += 1
            await socket.close(TOO_MANY)
            return
        self.clients += 1
        self._sources.feed.watched += 1
        try:
            await socket.accept(subprotocol=_protocol(socket))
            await _Client(self, self._sources, socket).serve()
        finally:
            self.clients -= 1
            self._sources.feed.watched -= 1

    async def listed(self, what: str) -> Any:
        """A list by name, at most half a second old. What cannot be had is None."""
        kept = self._kept.get(what)
        if kept is None or time.monotonic() - kept[0] > 0.5:
            try:
                found = await asyncio.to_thread(self._sources.lists[what])
            except Exception as error:  # noqa: BLE001 - a list that breaks must not take the panel along
                self._sources.feed.tell(f"panel: no {what} ({error})", time.monotonic())
                found = None
            kept = self._kept[what] = (time.monotonic(), found)
        return kept[1]

    # Pictures

    async def _preview(self, socket: Any) -> None:
        if self._viewers >= MOST_CLIENTS:
            self.counts["clients refused"] += 1
            await socket.close(TOO_MANY)
            return
        self._viewers += 1
        pace, busy = Pace(BURST, PER_S), set()  # type: ignore[var-annotated]
        try:
            await socket.accept(subprotocol=_protocol(socket))
            while True:
                told = await _message(socket, pace, self.counts)
                if told is None:
                    return
                asked = str(told.get("of", ""))[:MOST_NAME]
                key = (str(told.get("get")), asked)
                if key in busy or len(busy) > 24:
                    continue  # one of each at a time: it is answered with the newest
                busy.add(key)
                task = asyncio.ensure_future(self._answer(socket, key, told))
                task.add_done_callback(lambda _, key=key: busy.discard(key))
        finally:
            self._viewers -= 1

    async def _answer(self, socket: Any, key: tuple[str, str], told: Mapping[str, Any]) -> None:
        what, name = key
        try:
            if what == "picture" and name in PICTURES:
                px = told.get("px", 320)
                body = await self.picture(name, px if isinstance(px, int) else 320)
            elif what == "thumb":
                body = await asyncio.to_thread(self._sources.thumb, name)
                name = f"thumb {name}"
            else:
                body = None
            if body is None:
                await socket.send_text(json.dumps({"get": what, "of": key[1], "is": None}))
                return
            said = name.encode()[:255]
            await socket.send_bytes(bytes([len(said)]) + said + body)
            self.counts["pictures sent"] += 1
        except (RuntimeError, OSError):  # it has gone in the meantime
            return
        except Exception as error:  # noqa: BLE001 - one picture less
            self._sources.feed.tell(f"panel: no picture of {name} ({error})", time.monotonic())

    async def picture(self, name: str, px: int) -> bytes | None:
        """The next picture, as a JPEG; None where none comes in time."""
        feed = self._sources.feed
        before, ends_s = feed.sequence(name), time.monotonic() + GIVE_UP_S
        feed.ask(name, px)
        while feed.sequence(name) == before:
            if time.monotonic() > ends_s:
                return None
            await asyncio.sleep(POLL_S)
        shot = feed.shots[name]
        kept = self._jpegs.get(name)
        if kept is None or kept[0] != shot.sequence:
            kept = self._jpegs[name] = (shot.sequence, await asyncio.to_thread(self._sources.encode, shot.image))
        return kept[1]


async def _message(socket: Any, pace: Pace, counts: dict[str, int]) -> dict[str, Any] | None:
    """The next message of a client, None when it has gone or was sent away."""
    from starlette.websockets import WebSocketDisconnect

    while True:
        try:
            raw = await socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return None
        if raw["type"] != "websocket.receive":
            return None
        if pace.over():
            counts["too fast"] += 1
            await socket.close(TOO_FAST)
            return None
        text = raw.get("text")
        if text is None or len(text) > MOST_TEXT:
            counts["nonsense"] += 1
            await socket.close(NO_SENSE if text is None else TOO_BIG)
            return None
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict):
            return told
        counts["nonsense"] += 1
        await socket.close(NO_SENSE)
        return None


def _protocol(socket: Any) -> str | None:
    """The word that we speak; the other one that came along was the token."""
    return "perform" if "perform" in socket.scope.get("subprotocols", ()) else None


def _safe(response: Any) -> Any:
    for name, value in SAFE_HEADERS:
        response.headers[name.decode()] = value.decode()
    return response


async def page(request: Any) -> Any:
    """One of the panel's files; 404 for any other name."""
    from starlette.responses import PlainTextResponse, Response

    file = static_files().get(request.scope["path"])
    if file is None:
        return _safe(PlainTextResponse("there is nothing of that name", status_code=404))
    if request.headers.get("if-none-match") == file.etag:
        response = Response(status_code=304)
    else:
        response = Response(file.body, media_type=file.kind)
    _safe(response)
    response.headers["cache-control"] = "no-cache"
    response.headers["etag"] = file.etag
    response.headers["content-security-policy"] = policy(request.headers["host"])
    return response


class _Client:
    """One client of `/panel/live`."""

    def __init__(self, panel: Panel, sources: Sources, socket: Any) -> None:
        self._panel, self._sources, self._socket = panel, sources, socket
        self._performer = socket.scope.get(ROLE) == PERFORMER
        self._want: dict[str, Any] = {}
        self._frame, self._sent_s = -1, 0.0
        self._telling: set[asyncio.Future[None]] = set()

    async def serve(self) -> None:
        pace = Pace(BURST, PER_S)
        stater: asyncio.Future[None] | None = None
        try:
            while True:
                told = await _message(self._socket, pace, self._panel.counts)
                if told is None:
                    return
                if "want" in told:
                    self._want = _wish(told["want"])
                what = told.get("get")
                if what == "state":
                    if stater is None or stater.done():
                        stater = asyncio.ensure_future(self._state())
                elif isinstance(what, str) and len(self._telling) < MOST_ANSWERS:  # a slow list holds up no other
                    task = asyncio.ensure_future(self._tell(what, told))
                    self._telling.add(task)
                    task.add_done_callback(self._telling.discard)
        finally:
            for task in (*self._telling, *([] if stater is None else [stater])):
                task.cancel()

    async def _tell(self, what: str, told: Mapping[str, Any]) -> None:
        key = told.get("key")
        answer: dict[str, Any] = {"get": what[:40], "key": key[:4000] if isinstance(key, str) else None}
        if what == "rows":
            answer["is"] = self._rows()
        elif what == "values":
            names = _names(told.get("of"))
            base = dict(self._sources.table.base())
            answer["is"] = {name: base[name] for name in names if name in base}
        elif what == "facts":
            answer["is"] = {**self._sources.feed.facts, "clients": self._panel.clients}
        elif what == "ping":
            answer["is"] = True
        elif what == "log":
            answer["is"] = [{"t": t, "text": text} for t, text in list(self._sources.feed.lines)]
        elif what in self._sources.performers_only and not self._performer:
            answer["is"] = None
        elif what in self._sources.lists:
            answer["is"] = await self._panel.listed(what)
        else:
            answer["is"] = None
        await self._send(answer)

    def _rows(self) -> dict[str, Any]:
        table = self._sources.table
        revision = table.revision
        rows = list(table)
        return {"rev": revision, "rows": [row_json(row) for row in rows], "values": dict(table.base()),
                "role": PERFORMER if self._performer else "viewer"}  # fmt: skip

    async def _state(self) -> None:
        """The next tick that this client has not seen, and not too soon after the last."""
        feed = self._sources.feed
        await asyncio.sleep(max(0.0, STATE_S - (time.monotonic() - self._sent_s)))
        while feed.glance is None or feed.glance.moment.frame == self._frame:
            await asyncio.sleep(POLL_S)
        glance = feed.glance
        self._frame, self._sent_s = glance.moment.frame, time.monotonic()
        await self._send({"state": state_json(glance, self._want, self._sources.table)})
        self._panel.counts["states sent"] += 1

    async def _send(self, answer: Mapping[str, Any]) -> None:
        try:
            await self._socket.send_text(json.dumps(answer, separators=(",", ":"), default=_plain))
        except (RuntimeError, OSError):  # it has gone; the reader notices
            return


def _plain(value: Any) -> Any:
    """Numbers of numpy and tuples as JSON has them."""
    return value.item() if hasattr(value, "item") else list(value) if isinstance(value, tuple | set) else str(value)


def _names(given: Any) -> list[str]:
    names = given if isinstance(given, list) else []
    return [name for name in names[:MOST_NAMES] if isinstance(name, str) and len(name) <= MOST_NAME]


def _wish(given: Any) -> dict[str, Any]:
    wish = given if isinstance(given, dict) else {}
    flags = {name: bool(wish.get(name)) for name in ("spectrum", "wave", "routes")}
    return {"signals": _names(wish.get("signals")), "live": _names(wish.get("live")), **flags}


def _short(value: float) -> float:
    return round(float(value), 4) if math.isfinite(value) else 0.0


def state_json(glance: Glance, want: Mapping[str, Any], table: ParamTable) -> dict[str, Any]:
    """What a client asked to see of a tick."""
    m = glance.moment
    state: dict[str, Any] = {
        "n": m.frame, "s": round(m.seconds, 3), "b": round(m.beats, 4), "bp": round(m.bar_phase, 4),
        "bpb": m.beats_per_bar, "bpm": round(m.tempo_bpm, 2), "conf": round(m.confidence, 3), "rev": glance.revision,
    }  # fmt: skip
    if want.get("signals"):
        state["sig"] = [_short(glance.signals.get(name, 0.0)) for name in want["signals"]]
    if want.get("live"):
        state["live"] = [_norm(table, glance, path) for path in want["live"]]
    if want.get("spectrum"):
        state["spec"] = [min(max(int(x * 255.0), 0), 255) for x in glance.spectrum.tolist()]
    if want.get("wave"):
        mono = glance.waveform.mean(axis=1) if glance.waveform.ndim == 2 else glance.waveform
        state["wave"] = [min(max(int(x * 127.0), -127), 127) for x in mono[:: max(len(mono) // 160, 1)].tolist()]
    if want.get("routes"):
        state["routes"] = [_short(value) for value in glance.routes]
    return state


def _norm(table: ParamTable, glance: Glance, path: str) -> float | None:
    value = glance.values.get(path)
    if value is None or path not in table:
        return None
    try:
        norm = table[path].to_norm(value)
    except (ValueError, TypeError):  # the row has just become another
        return None
    return None if norm is None else _short(norm)
