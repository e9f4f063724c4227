"""The web panel joined to the show: what it may see, what it may list, and where it listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perform.control.web.feed import Feed, Glance
from perform.control.web.server import WebServer
from perform.core.contracts import Control
from perform.core.cues import Fade
from perform.core.errors import DeviceError
from perform.core.params import Param
from perform.core.types import ControlEvent, Moment
from perform.options import Options
from perform.panel_lists import PanelLists
from perform.panel_thumbs import Thumbs

Say = Callable[[str], None]
PORT, SPARE = 9080, 9
"""Not 8080: that is Resolume's, which may well run beside us. Where 9080 is taken, one of the next nine."""
ROWS = (
    Param(
        "library", "text", "", doc="prompts worth keeping, one a line; kept in prompts.txt of the user's data folder"
    ),
)
FACTS_S = 0.5
FRAMES = 180
BEGIN_BY_S = 8.0
BACK_TO_REST = Fade("fade", 2.0)
"""How the look comes back that played before a visitor chose another."""


class PanelDesk:
    """A Control. `after_tick` in the engine's thread, once a tick; everything else is done in the web's.

    links: (role, address) of LAN mode, empty without.
    """

    def __init__(self, rig: Any, options: Options, feed: Feed, clock: Callable[[], float]) -> None:
        self.feed = feed
        self._rig, self._options, self._clock = rig, options, clock
        self._engine, self._show = rig.engine, rig.show
        self._begun = False
        self._facts_s = -1.0
        self._aim_fps = options.fps or (30.0 if rig.software else 60.0)
        self._post: Callable[[ControlEvent], None] = lambda event: None
        self._library = ""
        self._clipped = 0
        self.links: list[tuple[str, str]] = []
        self.tokens: dict[str, str] = {}
        self.hosts: list[str] = []
        self.thumbs = Thumbs()
        self.hub: Any = None
        self.panel: Any = None
        self.door: Any = None
        self.visitors: Any = None
        lan = options.lan
        wanted = PORT if options.web is None else options.web
        self.server = WebServer(
            self._application, "0.0.0.0" if lan else "127.0.0.1", wanted, SPARE if options.web is None else 0
        )
        self._engine.table.add(ROWS, "prompt")

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return f"http://127.0.0.1:{self.port}/"

    def open(self, post: Callable[[ControlEvent], None]) -> None:
        """Take the port. It answers from `begin` on. Raises DeviceError."""
        self._post = post
        self.server.bind()
        self._library = self.thumbs.library()
        if self._library:
            self._engine.table.set("prompt/library", self._library)
        if self._options.lan:
            self._open_lan()

    def _open_lan(self) -> None:
        import socket

        from perform.control.web.codes import lan_address, link
        from perform.control.web.guard import PERFORMER, VIEWER, VISITOR, new_token

        address = lan_address()
        name = socket.gethostname().lower()
        self.hosts = [host for host in (address, name, name if name.endswith(".local") else f"{name}.local") if host]
        self.tokens = {new_token(): VIEWER, new_token(): PERFORMER}
        page = self._options.visitor
        if page is not None:
            self.tokens[page.code or new_token()] = VISITOR
        self.links = [(role, link(address or name, self.port, token, "visit" if role == VISITOR else ""))
                      for token, role in self.tokens.items()]  # fmt: skip

    def begin(self) -> None:
        """Start to answer: the web's libraries are loaded now, in its own thread."""
        if not self._begun:
            self._begun = True
            self.server.begin()

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow."""
        parts = (self.hub, self.panel, self.door, self.visitors)
        parts = [self.server.counts(), *(p.counts for p in parts if p is not None)]
        return {f"panel {name}": value for part in parts for name, value in part.items()}

    def close(self) -> None:
        """Stop and free the port. Safe to call twice."""
        self.server.close()
        self.thumbs.close()

    def _application(self, port: int) -> Any:
        """What the server serves; called in its thread."""
        from perform.control.web.files import static_files
        from perform.control.web.guard import LOOPBACK, VISITOR, Door, hosts_of
        from perform.control.web.hub import Hub
        from perform.control.web.panel import OPEN_PATHS, Panel, Sources
        from perform.control.web.server import application
        from perform.control.web.visitor import ALLOWED
        from perform.outputs.image import jpeg

        lists = PanelLists(self._rig, self)
        self.hub = Hub(self._engine.table, self._post, self._clock)
        self.panel = Panel(Sources(self._engine.table, self.feed, lists.all(), self._thumb, jpeg))

        def door(app: Any) -> Door:
            opened = (*static_files(), *OPEN_PATHS)
            hosts = hosts_of((*LOOPBACK, *self.hosts), port)
            self.door = Door(app, hosts, self.tokens, opened, only={VISITOR: ALLOWED})
            return self.door

        return application(self.hub, self.panel, door, self._visitor_routes(lists))

    def _thumb(self, name: str) -> bytes | None:
        """The JPEG of a snapshot, a preset or a model."""
        kind, _, bare = name.partition("/")
        return self._show.looks.snapshots.picture(bare) if kind == "snapshot" else self.thumbs.find(name)

    def _visitor_routes(self, lists: PanelLists) -> list[Any]:
        """The visitors' socket, where the room has a page for them."""
        from perform.control.web.visitor import VisitorDesk

        page, show = self._options.visitor, self._show
        if page is None:
            return []
        self.visitors = VisitorDesk(
            page, self._engine.table, self._post, self._clock, lambda: (show.preset, show.preset.name),
            show.looks.capture, lambda look: show.play(look, BACK_TO_REST),
            lambda: {one["name"]: one["title"] or one["name"] for one in lists.presets()}, self.panel.picture,
            self.thumbs.find,
        )  # fmt: skip
        return self.visitors.routes()

    # In the engine's thread

    def after_tick(self) -> None:
        """Once a tick: let the panel see it, if anybody looks. Never raises: the show goes on without being seen."""
        try:
            self._let_see()
        except Exception as error:  # noqa: BLE001 - whatever a driver or a part of the show does here
            self._engine.health.failed("panel", error)

    def _let_see(self) -> None:
        engine, feed = self._engine, self.feed
        moment = engine.moment
        if not self._begun:
            if is_on(engine):
                self.begin()
            return
        if self.visitors is not None:
            self.visitors.step()
            self._show.visited = self.visitors.left_s() > 0.0
        self._pictures(moment)
        if not feed.watched:
            return
        heard = engine.heard
        features = None if heard is None else heard.features
        if features is not None:
            feed.glance = Glance(
                moment, engine.table.revision, engine.signals, engine.params.values, features.mel, features.waveform,
                engine.bank.levels(),
            )  # fmt: skip
        if moment.seconds - self._facts_s >= FACTS_S or moment.seconds < self._facts_s:
            self._facts_s = moment.seconds
            feed.facts = self._facts()
            library = str(engine.table.value("prompt/library"))
            if library != self._library:
                self._library = library
                self.thumbs.keep_library(library)

    def _pictures(self, moment: Moment) -> None:
        ask = getattr(self._show.stage, "ask_previews", None)
        if ask is None:
            return
        due = self.feed.due()
        portrait = self.thumbs.due(self._show.preset.name, moment.seconds)
        if portrait:
            due = {"out": 320, **due}
        for name, image in ask(due).items():
            self.feed.put(name, image)
            if name == "out":
                self.thumbs.offer(self._show.preset.name, image, moment.seconds)

    def _facts(self) -> dict[str, Any]:
        from perform.play import latency_ms

        engine, show, rig = self._engine, self._show, self._rig
        frame = engine.health.stages.get("frame")
        times = [] if frame is None else frame.newest(FRAMES)
        middle = 0.0 if frame is None or not frame.count else frame.percentile(50)
        sound = rig.sound.counts()
        decks = {letter: self._deck(letter) for letter in ("a", "b", "c", "d") if show.decks.source(letter)}
        width, height = show.stage.size
        return {
            "preset": {"name": show.preset.name, "title": show.preset.title},
            "sources": {letter: show.decks.source(letter) for letter in ("a", "b", "c", "d")},
            "decks": decks, "fps": round(1000.0 / middle, 1) if middle > 0.0 else 0.0,
            "ms_p99": 0.0 if frame is None else round(frame.percentile(99), 1), "frame_ms": times,
            "aim_fps": self._aim_fps, "missed": rig.missed(), "latency_ms": round(latency_ms(rig)),
            "size": [width, height], "renderer": rig.renderer, "tempo": engine.tempo.told(),
            "sound": {"name": rig.sound.name, "clip": self._clips(sound)}, "outputs": self._outputs(width, height),
            "error": engine.health.last_error,
        }  # fmt: skip

    def _deck(self, letter: str) -> str:
        engine, source = self._engine, self._show.decks.source(letter)
        painter = engine.painters.get(letter)
        told = f"{source}" + (f" · {painter.fps:.0f} fps, {painter.frame_ms:.0f} ms" if painter is not None else "")
        return told + (" · next loading" if letter in engine.coming else "")

    def _clips(self, sound: Mapping[str, int]) -> bool:
        before, self._clipped = self._clipped, sound.get("clipped", 0)
        return self._clipped > before

    def _outputs(self, width: int, height: int) -> list[str]:
        rig = self._rig
        where = "window" if getattr(self._show.stage, "has_window", False) else "offscreen"
        lines = [f"picture {width}x{height}, {where}"]
        if rig.recorder is not None:
            counts = ", ".join(f"{k} {v}" for k, v in rig.recorder.counts().items())
            lines.append(f"recording: {rig.recorder.error or counts}")
        lines += [f"{type(c).__name__}: {c.host}:{c.port}" for c in rig.controls if hasattr(c, "host")]
        if self.links:
            lines.append(f"panel: LAN mode, port {self.port}")
        else:
            lines.append(f"panel: this machine only, port {self.port}")
        return lines


def is_on(engine: Any) -> bool:
    """Whether the first pictures are there: what the web brings along must not make them come later."""
    moment = engine.moment
    return bool((moment.frame >= 2 and not engine.coming) or moment.seconds > BEGIN_BY_S)


def open_panel(rig: Any, options: Options, feed: Feed, clock: Callable[[], float], say: Say) -> Control | None:
    """The panel of a live show, if it is wanted and its port can be had; else one line, and the show plays without."""
    if options.web is not None and options.web < 0:
        return None
    desk = PanelDesk(rig, options, feed, clock)
    try:
        desk.open(rig.engine.queue.post)
    except DeviceError as error:
        say(f"{error}; playing without the web panel")
        return None
    rig.panel = desk
    for control in () if options.visitor is None else options.visitor.controls:
        table = rig.engine.table
        if control.path not in table:
            say(f"visitors: this look has no {control.path}; that control is not shown until one has it")
        elif not control.fits(table[control.path]):
            say(f"visitors: {control.path} is a {table[control.path].kind} and not for visitors; it is not shown")
    if desk.links:
        _show_links(desk, feed.aside or say)
    return desk


def _show_links(desk: PanelDesk, say: Say) -> None:
    from perform.control.web.codes import in_terminal

    links = dict(desk.links)
    say("LAN mode: whoever has one of these addresses is let in, from now until perform ends")
    roles = {"performer": "plays", "viewer": "looks on, and changes nothing", "visitor": "touches what the room allows"}
    for role in (role for role in roles if role in links):
        say(f"{role} ({roles[role]}): {links[role]}")
    say("as a code for the performer's phone:")
    for line in in_terminal(links["performer"]).splitlines():
        say(line)
