"""The visitors' socket: a few controls, by number, within the limits that the venue file sets; and nothing else.

Whoever comes here may do no more, whatever role the door gave. What a visitor has changed goes back to rest when nobody
has touched anything for a while.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from perform.control.web.guard import PERFORMER, ROLE, VISITOR
from perform.control.web.pace import Pace
from perform.core.errors import PerformError
from perform.core.params import ParamTable
from perform.core.types import ControlEvent, Value
from perform.core.visitor import LEAST_S, LOOK_LEAST_S, VisitorPage

PATH = "/visit/live"
FILES = ("/visit", "/visit.css", "/visit.js", "/wire.js", "/dom.js", "/pads.js", "/curves.js", "/icon.svg")
ALLOWED = frozenset({*FILES, PATH, "/panel/who"})
"""All that a visitor may ask for."""
MOST_VISITORS = 32
MOST_TEXT = 512
TELL_S = 1.0 / 12.0
PICTURE_S, PICTURE_PX = 0.12, 320
BURST, PER_S = 120.0, 40.0
OF_THE_LOOK = ("deck/", "master/", "mix/", "route/")
TOO_MANY, NO_SENSE, TOO_FAST = 1013, 1007, 1008


class VisitorDesk:
    """Thread: the web's, but `step` from the engine's.

    look: (what plays, as an object that is another one with each look; its name). keep, bring: the whole of it, and how
    it comes back; called in the engine's thread. titles: name of a look -> title. picture: the newest JPEG of the
    output. thumb: the JPEG of `preset/NAME`.
    """

    def __init__(
        self,
        page: VisitorPage,
        table: ParamTable,
        post: Callable[[ControlEvent], None],
        clock: Callable[[], float],
        look: Callable[[], tuple[object, str]],
        keep: Callable[[], object],
        bring: Callable[[Any], None],
        titles: Callable[[], Mapping[str, str]] = dict,
        picture: Callable[[str, int], Awaitable[bytes | None]] | None = None,
        thumb: Callable[[str], bytes | None] = lambda name: None,
    ) -> None:
        self.page = page
        self.visitors = 0
        self.counts = {"by visitors": 0, "visitors refused": 0}
        self._table, self._post, self._clock = table, post, clock
        self._look, self._titles, self._picture, self._thumb = look, titles, picture, thumb
        self._lock = threading.Lock()
        self._keep, self._bring = keep, bring
        self._touched: dict[str, Value] = {}  # path -> what it was before
        self._touched_s = 0.0
        self._under: object = None  # the look in which it was touched
        self._leaps: list[ControlEvent] = []
        self._kept: object = None  # the look before the first leap, and what had been touched in it by then
        self._kept_touched: dict[str, Value] = {}
        self._chosen = ""  # the look that a visitor chose
        self._last_s: dict[str, float] = {}

    def routes(self) -> list[Any]:
        """For the web application."""
        from starlette.routing import WebSocketRoute

        return [WebSocketRoute(PATH, self.serve)]

    async def serve(self, socket: Any) -> None:
        """One visitor, from the socket's opening to its end."""
        if socket.scope.get(ROLE) not in (VISITOR, PERFORMER) or self.visitors >= MOST_VISITORS:
            self.counts["visitors refused"] += 1
            await socket.close(TOO_MANY)
            return
        self.visitors += 1
        try:
            await socket.accept(subprotocol="perform" if "perform" in socket.scope.get("subprotocols", ()) else None)
            titles = await asyncio.to_thread(self._titles)
            teller = asyncio.ensure_future(self._tell(socket, titles))
            try:
                await self._hear(socket)
            finally:
                teller.cancel()
        except (RuntimeError, OSError):  # it has gone
            return
        finally:
            self.visitors -= 1

    async def _hear(self, socket: Any) -> None:
        pace, pictured_s = Pace(BURST, PER_S), 0.0
        while True:
            raw = await socket.receive()
            if raw["type"] != "websocket.receive":
                return
            told, too_fast = _read(raw.get("text")), pace.over()
            if too_fast or told is None:
                self.counts["visitors refused"] += 1
                await socket.close(TOO_FAST if too_fast else NO_SENSE)
                return
            if told.get("get") == "picture" and self.page.picture and self._picture is not None:
                await asyncio.sleep(max(0.0, pictured_s + PICTURE_S - time.monotonic()))
                pictured_s = time.monotonic()
                body = await self._picture("out", PICTURE_PX)
                await socket.send_bytes(b"\0" + (body or b""))
            elif told.get("get") == "thumb" and self._is_place(told.get("look"), len(self.page.looks)):
                body = await asyncio.to_thread(self._thumb, f"preset/{self.page.looks[told['look']]}")
                await socket.send_bytes(bytes([1 + told["look"]]) + (body or b""))
            elif not self.take(told):
                self.counts["visitors refused"] += 1
                await socket.send_text('{"refused": true}')

    @staticmethod
    def _is_place(given: Any, count: int) -> bool:
        return isinstance(given, int) and not isinstance(given, bool) and 0 <= given < count

    # What a visitor does

    def take(self, told: Mapping[str, Any]) -> bool:
        """One wish: `{"set": NUMBER, "to": …}` or `{"look": NUMBER}`. Returns whether it was granted."""
        try:
            if set(told) == {"set", "to"} and self._is_place(told["set"], len(self.page.controls)):
                return self._set(told["set"], told["to"])
            if set(told) == {"look"} and self._is_place(told["look"], len(self.page.looks)):
                return self._choose(self.page.looks[told["look"]])
        except (PerformError, TypeError, ValueError, OverflowError):  # a row may just have become another
            return False
        return False

    def _set(self, number: int, asked: object) -> bool:
        control = self.page.controls[number]
        if control.path not in self._table:
            return False
        row, now = self._table[control.path], self._table.value(control.path)
        if not control.fits(row):
            return False
        value = control.value(row, asked, now)
        if not self._paced(control.path, LEAST_S.get(row.kind, 0.0)):
            return False
        self._touch()
        if row.kind == "trigger":
            self._leap(control.path, value)
            return True
        with self._lock:
            self._touched.setdefault(control.path, now)
        self.counts["by visitors"] += 1
        self._post(self._event(control.path, value))
        return True

    def _choose(self, name: str) -> bool:
        if not self._paced("preset/recall", LOOK_LEAST_S):
            return False
        self._touch()
        self._chosen = name
        self._leap("preset/recall", name)
        return True

    def _paced(self, path: str, least_s: float) -> bool:
        now_s = self._clock()
        if now_s - self._last_s.get(path, -1e9) < least_s:
            return False
        self._last_s[path] = now_s
        return True

    def _touch(self) -> None:
        """Somebody is here. What was touched in a look that has gone need not be put back in the next."""
        look = self._look()[0]
        with self._lock:
            if look is not self._under:
                self._touched = {path: v for path, v in self._touched.items() if not path.startswith(OF_THE_LOOK)}
            self._under, self._touched_s = look, self._clock()

    def _leap(self, path: str, value: Value) -> None:
        """What may change anything at all: the look is kept first, in the engine's thread."""
        self.counts["by visitors"] += 1
        with self._lock:
            self._leaps = [*self._leaps, self._event(path, value)]

    def _event(self, path: str, value: Value) -> ControlEvent:
        return ControlEvent(path, value, self._clock(), "visitor", when="now")

    # In the engine's thread

    def left_s(self) -> float:
        """Seconds until all goes back to rest; 0 while it rests."""
        if not self._touched and self._kept is None and not self._leaps:
            return 0.0
        return max(self._touched_s + self.page.rest_s - self._clock(), 0.0)

    def step(self) -> None:
        """Once a tick: leaps, and back to rest when nobody has touched anything for a while."""
        if self._leaps:
            with self._lock:
                leaps, self._leaps = self._leaps, []
                if self._kept is None:
                    self._kept, self._kept_touched = self._keep(), dict(self._touched)
            for event in leaps:
                self._post(event)
        elif (self._touched or self._kept is not None) and self._clock() - self._touched_s >= self.page.rest_s:
            self._rest()

    def _rest(self) -> None:
        with self._lock:
            touched, kept, earlier = self._touched, self._kept, self._kept_touched
            chosen, self._chosen = self._chosen, ""
            self._touched, self._kept, self._kept_touched = {}, None, {}
        look, name = self._look()
        same = look is self._under
        if kept is not None and (name == chosen if chosen else same):  # nobody else has changed it since
            self._bring(kept)  # with what was touched in it before it was kept
            touched, same = {path: v for path, v in touched.items() if not path.startswith(OF_THE_LOOK)} | earlier, True
        for path, value in touched.items():
            if path in self._table and (same or not path.startswith(OF_THE_LOOK)):
                self._post(self._event(path, value))

    # What a visitor sees

    async def _tell(self, socket: Any, titles: Mapping[str, str]) -> None:
        before: dict[str, Any] = {}
        page: dict[str, Any] = {}
        try:
            while True:
                now = self._page(titles)
                if now != page:
                    page = now
                    await socket.send_text(json.dumps({"page": page}))
                state = self._state()
                changed = {key: value for key, value in state.items() if before.get(key) != value}
                if changed:
                    before = state
                    await socket.send_text(json.dumps(changed, separators=(",", ":")))
                await asyncio.sleep(TELL_S)
        except (RuntimeError, OSError, PerformError):  # it has gone
            return

    def _page(self, titles: Mapping[str, str]) -> dict[str, Any]:
        page, rows = self.page, []
        for number, control in enumerate(page.controls):
            if control.path in self._table and control.fits(row := self._table[control.path]):
                words = [word.replace("_", " ") for word in control.words(row)] if row.kind == "choice" else []
                rows.append({"n": number, "label": control.label, "kind": row.kind, "choices": words})
        looks = [{"n": number, "title": titles.get(name, name)} for number, name in enumerate(page.looks)]
        return {"title": page.title, "hint": page.hint, "rest_s": page.rest_s,
                "picture": page.picture and self._picture is not None, "controls": rows, "looks": looks}  # fmt: skip

    def _state(self) -> dict[str, Any]:
        """at: control -> where it stands. look: which of the looks plays, -1 another. left: seconds to the rest."""
        base, found = self._table.base(), {}
        for number, control in enumerate(self.page.controls):
            value = base.get(control.path)
            if value is not None and control.path in self._table:
                found[str(number)] = control.told(self._table[control.path], value)
        name = self._look()[1]
        look = self.page.looks.index(name) if name in self.page.looks else -1
        return {"at": found, "look": look, "left": int(self.left_s() + 0.999)}


def _read(text: Any) -> dict[str, Any] | None:
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
