"""The visitors' page: what it grants, what it never does, and that it goes back to rest."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from web_show import LAN, ROWS, TOKENS, Served
from websockets.exceptions import ConnectionClosed, InvalidStatus

from perform.control.web.files import static_files
from perform.control.web.guard import LOOPBACK, VISITOR, Door, hosts_of
from perform.control.web.panel import OPEN_PATHS
from perform.control.web.server import application
from perform.control.web.visitor import ALLOWED, MOST_VISITORS, PATH, VisitorDesk
from perform.core.params import Param
from perform.core.visitor import read_visitor

CODE = "a-visitor-code"
BODY = {
    "title": "Touch", "rest_s": 20.0, "looks": ["northern", "magnetic"], "code": CODE,
    "control": [
        {"path": "deck/a/source/psi", "label": "Wild", "lo": 0.0, "hi": 1.0},
        {"path": "deck/a/source/steps", "lo": 2, "hi": 4},
        {"path": "deck/a/source/on"},
        {"path": "deck/a/source/walk", "choices": ["drift", "orbit"]},
        {"path": "deck/a/source/ink"},
        {"path": "deck/a/source/at", "lo": 0.25, "hi": 0.75},
        {"path": "deck/a/source/prompt_1"},
        {"path": "deck/a/source/jump"},
        {"path": "deck/a/source/gone"},
        {"path": "deck/a/load"},
    ],
}  # fmt: skip
PSI, STEPS, ON, WALK, INK, AT, PROMPT, JUMP, GONE, LOAD = range(10)


class Visited(Served):
    """The server of the other tests with a visitors' page on it. now_s: its clock. look: what plays."""

    def __init__(self) -> None:
        super().__init__()
        self.table.add((Param("load", "text", "", live=False),), "deck/a")
        self.now_s, self.look, self.brought = 100.0, (object(), "night_drive"), []
        page, problems = read_visitor(BODY)
        assert page is not None and not problems

        async def picture(name: str, px: int) -> bytes:
            return f"{name} {px}".encode()

        self.visitors = VisitorDesk(
            page, self.table, self.events.append, lambda: self.now_s, lambda: self.look,
            lambda: f"kept {self.look[1]}", self.brought.append, lambda: {"northern": "Northern"}, picture,
            {"preset/northern": b"THUMB"}.get,
        )  # fmt: skip

    def _make(self, port):
        def door(app):
            opened = (*static_files(), *OPEN_PATHS)
            tokens = {**TOKENS, CODE: VISITOR}
            self.door = Door(app, hosts_of((*LOOPBACK, LAN), port), tokens, opened, only={VISITOR: ALLOWED})
            return self.door

        return application(self.hub, self.panel, door, self.visitors.routes())


@pytest.fixture(scope="module")
def server():
    made = Visited()
    made.server.bind()
    made.server.begin()
    yield made
    made.server.close()


@pytest.fixture
def show(server):
    """As if nobody had been here."""
    if hasattr(server, "door"):
        server.door._peers.clear()
    desk = server.visitors
    desk._touched, desk._leaps, desk._kept, desk._chosen, desk._last_s = {}, [], None, "", {}
    server.look, server.events[:], server.brought[:] = (object(), "night_drive"), [], []
    server.table.reset()
    return server


def by(show, **told):
    """The events of one wish."""
    before = len(show.events)
    granted = show.visitors.take(told)
    show.visitors.step()
    assert granted == (len(show.events) > before)
    return [(e.address, e.value, e.origin) for e in show.events[before:]]


def test_what_is_turned_stays_between_its_limits(show):
    for to, value in ((0, 0.0), (1, 1.0), (0.25, 0.25)):
        assert by(show, set=PSI, to=to) == [("deck/a/source/psi", pytest.approx(value), "visitor")]
    assert [by(show, set=STEPS, to=to)[0][1] for to in (0.0, 0.5, 1.0)] == [2, 3, 4]
    assert by(show, set=AT, to=[0.0, 1.0])[0][1] == (0.25, 0.75)
    assert by(show, set=WALK, to=1)[0][1] == "orbit"  # of those that may be chosen
    assert by(show, set=JUMP, to=True)[0][1] is True
    red, green, blue, alpha = by(show, set=INK, to=0.5)[0][1]
    assert red < green and red < blue and alpha == 1.0
    assert by(show, set=ON, to=True)[0][1] is True
    assert by(show, look=1) == [("preset/recall", "magnetic", "visitor")]


REFUSED = [
    {"set": PSI, "to": 1.0001}, {"set": PSI, "to": -0.1}, {"set": PSI, "to": 1e30}, {"set": PSI, "to": float("nan")},
    {"set": PSI, "to": float("inf")}, {"set": PSI, "to": "0.5"}, {"set": PSI, "to": True}, {"set": PSI, "to": None},
    {"set": PSI, "to": [0.5]}, {"set": PSI, "to": {"a": 1}}, {"set": STEPS, "to": 7}, {"set": ON, "to": 1},
    {"set": WALK, "to": 2}, {"set": WALK, "to": -1}, {"set": WALK, "to": "hold"}, {"set": WALK, "to": True},
    {"set": AT, "to": [0.5]}, {"set": AT, "to": [0.5, 2.0]}, {"set": AT, "to": [0.5, 0.5, 0.5]}, {"set": AT, "to": 0.5},
    {"set": INK, "to": [1, 0, 0]}, {"set": PROMPT, "to": "anything at all"}, {"set": LOAD, "to": "shader:strobe"},
    {"set": GONE, "to": 0.5}, {"set": 10, "to": 0.5}, {"set": -1, "to": 0.5}, {"set": True, "to": 0.5},
    {"set": "deck/a/source/psi", "to": 0.5}, {"set": "out/blackout", "to": True}, {"set": PSI},
    {"set": PSI, "to": 0.5, "path": "out/blackout"}, {"to": 0.5}, {"look": 2}, {"look": -1}, {"look": "night_drive"},
    {"look": True}, {"look": 0, "set": PSI}, {"COMMAND": "LISTEN", "DATA": "/perform/out/blackout"}, {"get": "rows"},
    {"get": "lan"}, {"get": "log"}, {"preset": "magnetic"}, {"cue": "go"}, {}, {"set": 10**400, "to": 0.5},
    {"set": JUMP, "to": False}, {"set": JUMP, "to": 1},
]  # fmt: skip


@pytest.mark.parametrize("told", REFUSED, ids=str)
def test_nothing_else_is_granted(show, told):
    assert by(show, **told) == []
    assert show.table.value("deck/a/source/psi") == 0.5


def test_nobody_makes_a_strobe(show):
    assert by(show, set=ON, to=True) and by(show, set=ON, to=False) == []
    show.now_s += 0.4
    assert by(show, set=ON, to=False)
    assert by(show, look=0) and by(show, look=1) == []
    show.now_s += 3.0
    assert by(show, look=1)


@pytest.mark.parametrize(
    "path",
    ["/", "/panel/live", "/panel/preview", "/pages/perform.js", "/main.js", "/store.js", "/index.html", "/panel"],
)
def test_with_a_visitors_code_there_is_nothing_else(show, path):
    head = f"Host: {LAN}:{show.port}\nAuthorization: Bearer {CODE}\n"
    status, answer = show.say(f"GET {path} HTTP/1.1\n{head}Connection: close\n\n")
    assert status == 403, answer
    with pytest.raises((InvalidStatus, ConnectionClosed)), show.socket(path, LAN, CODE) as socket:
        socket.recv(timeout=3.0)


def test_the_code_is_none_of_the_others_and_the_others_are_not_it(show):
    for token, allowed in (
        (CODE, True),
        ("performer-token", True),
        ("viewer-token", False),
        (CODE[:-1], False),
        (None, False),
    ):
        with ExitStack() as opened:
            try:
                socket = opened.enter_context(show.socket(PATH, LAN, token))
                assert "page" in json.loads(socket.recv(timeout=3.0)) and allowed
            except (InvalidStatus, ConnectionClosed):
                assert not allowed
    head = f"Host: {LAN}:{show.port}\nAuthorization: Bearer {CODE}\n"
    assert '"role":"visitor"' in show.say(f"GET /panel/who HTTP/1.1\n{head}Connection: close\n\n")[1]
    for path in ("/visit", "/visit.js", "/visit.css"):
        assert show.say(f"GET {path} HTTP/1.1\nHost: {LAN}:{show.port}\nConnection: close\n\n")[0] == 200


def test_the_page_says_what_there_is_and_no_address_of_it(show):
    with show.socket(PATH, LAN, CODE) as socket:
        whole = socket.recv(timeout=3.0)
        page = json.loads(whole)["page"]
        assert [one["n"] for one in page["controls"]] == [PSI, STEPS, ON, WALK, INK, AT, JUMP]
        assert page["controls"][0] == {"n": 0, "label": "Wild", "kind": "float", "choices": []}
        assert page["controls"][3]["choices"] == ["drift", "orbit"] and page["looks"][0]["title"] == "Northern"
        at = json.loads(socket.recv(timeout=3.0))
        assert at["at"]["0"] == 0.5 and at["at"]["5"] == [0.5, 0.5] and at["look"] == -1 and at["left"] == 0
        assert "deck/" not in whole and "psi" not in whole
        socket.send('{"get": "picture"}')
        assert socket.recv(timeout=3.0) == b"\0out 320"
        for look, body in ((0, b"\x01THUMB"), (1, b"\x02")):
            socket.send(json.dumps({"get": "thumb", "look": look}))
            assert socket.recv(timeout=3.0) == body
        show.table.set("deck/a/source/psi", 0.75)
        assert json.loads(socket.recv(timeout=3.0))["at"]["0"] == 0.75
        socket.send(json.dumps({"get": "thumb", "look": "../../x"}))
        assert json.loads(socket.recv(timeout=3.0)) == {"refused": True}
        socket.send('{"set": 0, "to": 0.1}')
        assert json.loads(socket.recv(timeout=3.0))["left"] == 20
        show.table.remove("deck/a/source")  # another look comes, with nothing of these
        assert json.loads(socket.recv(timeout=3.0))["page"]["controls"] == []
    show.table.add(ROWS, "deck/a/source")


def osc(address):
    message = OscMessageBuilder(address)
    message.add_arg(1.0)
    return bytes(message.build().dgram)


@pytest.mark.parametrize("word", ["quit", "[1]", "null", "[" * 400, "x" * 900, osc("/perform/out/blackout"), b"\0"])
def test_nonsense_ends_the_socket(show, word):
    with show.socket(PATH, LAN, CODE) as socket, pytest.raises(ConnectionClosed):
        socket.send(word)
        while True:
            socket.recv(timeout=3.0)
    assert not show.events


def test_a_flood_is_sent_away_and_a_crowd_stays_outside(show):
    with show.socket(PATH, LAN, CODE) as socket, pytest.raises(ConnectionClosed):
        for _ in range(400):
            socket.send('{"set": 99, "to": 0}')
        while True:
            socket.recv(timeout=3.0)
    with ExitStack() as opened, pytest.raises((InvalidStatus, ConnectionClosed)):
        for _ in range(MOST_VISITORS + 3):
            opened.enter_context(show.socket(PATH, LAN, CODE)).recv(timeout=3.0)


# Back to rest


def rest(show, later_s: float):
    show.now_s += later_s
    before = len(show.events)
    show.visitors.step()
    return {e.address: e.value for e in show.events[before:]}


def test_what_was_touched_goes_back_when_nobody_is_there(show):
    by(show, set=PSI, to=0.9)
    show.table.set("deck/a/source/psi", 0.9)
    show.now_s += 15.0
    by(show, set=PSI, to=0.1)  # the last touch counts, and what was before the first comes back
    by(show, set=ON, to=True)
    assert rest(show, 19.0) == {} and show.visitors.left_s() == pytest.approx(1.0)
    assert rest(show, 1.5) == {"deck/a/source/psi": 0.5, "deck/a/source/on": False} and show.brought == []
    assert rest(show, 99.0) == {} and show.visitors.left_s() == 0.0


def test_what_a_leap_has_changed_goes_back_as_a_whole(show):
    by(show, set=PSI, to=0.9)
    show.table.set("deck/a/source/psi", 0.9)
    by(show, set=JUMP, to=True)  # a surprise may throw everything, so the look is kept before it
    show.now_s += 5.0
    by(show, set=STEPS, to=1.0)
    assert rest(show, 21.0) == {"deck/a/source/psi": 0.5}  # the rest of it comes with the look
    assert show.brought == ["kept night_drive"]


def test_a_look_that_a_visitor_chose_gives_way_to_the_one_before(show):
    by(show, look=0)
    show.look = (object(), "northern")
    by(show, set=PSI, to=0.9)  # of the new look, which goes as a whole
    show.now_s += 5.0
    by(show, look=1)
    show.look = (object(), "magnetic")
    assert rest(show, 21.0) == {} and show.brought == ["kept night_drive"]
    assert show.visitors.left_s() == 0.0


def test_what_the_show_has_changed_meanwhile_stays(show):
    by(show, look=0)
    show.look = (object(), "northern")
    by(show, set=PSI, to=0.9)
    show.look = (object(), "temple_flight")  # the schedule, or the artist
    assert rest(show, 21.0) == {} and show.brought == []


def test_it_may_be_touched_while_it_goes_to_rest(show):
    def touch():
        for _ in range(300):
            show.visitors.take({"set": PSI, "to": 0.5})

    hand = threading.Thread(target=touch)
    hand.start()
    for _ in range(300):
        rest(show, 30.0)
    hand.join()
    assert all(e.value == pytest.approx(0.5) for e in show.events)


# The venue file


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"title": "x"}, "nothing to do"), (7, "table"),
        *(({**BODY, key: odd}, key) for key, odd in (
            ("rest_s", 0), ("rest_s", "never"), ("code", "short"), ("code", "a b/../c#d e"), ("sound", 1),
            ("looks", "all"), ("picture", 1), ("control", {}))),
        *(({"looks": ["a"], "control": [odd]}, word) for odd, word in (
            ({"path": 7}, "path"), ({"path": "a", "lo": 2, "hi": 1}, "lo"), ({"path": "a", "lo": "low"}, "lo"),
            ("a", "control 1"), ({"path": "a", "max": 1}, "max"))),
    ],
)  # fmt: skip
def test_what_makes_no_sense_in_it_is_said(body, word):
    page, problems = read_visitor(body)
    assert problems and any(word in line for line in problems)
    assert page is None or word not in ("nothing to do", "table")
    # a control whose limit could not be read is not there at all: it would have none
    assert page is None or not any(c.path == "a" and word in ("lo",) for c in page.controls)


def test_limits_stay_within_those_of_the_row():
    page, _ = read_visitor({"control": [{"path": "x", "lo": -50, "hi": 50}]})
    row = Param("x", "float", 0.5, 0.0, 2.0)
    assert [page.controls[0].value(row, to, 0.5) for to in (0.0, 1.0)] == [0.0, 2.0]
    page, _ = read_visitor({"control": [{"path": "x", "lo": 1, "hi": 100}]})
    log = Param("x", "float", 10.0, 1.0, 1000.0, curve="log")
    control = page.controls[0]
    assert control.value(log, 1.0, 10.0) == pytest.approx(100.0) and control.told(log, 10.0) == pytest.approx(0.5)
    assert control.told(log, 1e3) == 1.0  # a hand may go further; the page shows its end
