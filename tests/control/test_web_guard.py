"""The door of the web server: requests that must stay outside, and those that may come in."""

import json
from contextlib import ExitStack
from socket import create_connection

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder
from web_show import LAN, served
from websockets.exceptions import ConnectionClosed, InvalidStatus

from perform.control.web.guard import BURST, WRONG_TOKENS, Door, RefusalError

GET = "GET {path} HTTP/1.1\nHost: {host}\n{more}Connection: close\n\n"


def get(path="/", host="HOST", more=""):
    return GET.format(path=path, host=host, more=more)


@pytest.fixture(scope="module")
def show():
    with served() as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(show):
    """Each request as if it were the first of its sender."""
    if hasattr(show, "door"):
        show.door._peers.clear()


REFUSED = {
    "another host": get(host="evil.example"),
    "another host with our port": get(host="evil.example:PORT"),
    "a host that begins like ours": get(host="localhost.evil.example:PORT"),
    "a host that ends like ours": get(host="evil-localhost:PORT"),
    "our host without its port": get(host="127.0.0.1"),
    "our host with another port": get(host="127.0.0.1:1"),
    "our host with a dot": get(host="localhost.:PORT"),
    "our host before an at": get(host="127.0.0.1:PORT@evil.example"),
    "any address": get(host="0.0.0.0:PORT"),
    "an empty host": get(host=""),
    "no host, as in HTTP 1.0": "GET / HTTP/1.0\n\n",
    "two hosts": "GET / HTTP/1.1\nHost: HOST\nHost: evil.example\nConnection: close\n\n",
    "rebound to us": get(host="rebind.network:PORT"),
    "a page of another origin": get(more="Origin: http://evil.example\n"),
    "an origin that begins like ours": get(more="Origin: http://HOST.evil.example\n"),
    "no origin at all": get(more="Origin: null\n"),
    "our origin by https": get(more="Origin: https://HOST\n"),
    "our host on another port": get(more="Origin: http://127.0.0.1:1\n"),
    "two origins": get(more="Origin: http://HOST\nOrigin: http://evil.example\n"),
    "a picture in another page": get(more="Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\n"),
    "another server of this machine": get(more="Sec-Fetch-Site: same-site\nSec-Fetch-Mode: cors\n"),
    "POST": get().replace("GET", "POST"),
    "PUT": get().replace("GET", "PUT"),
    "DELETE": get().replace("GET", "DELETE"),
    "PATCH": get().replace("GET", "PATCH"),
    "OPTIONS, before a request across origins": get(more="Access-Control-Request-Method: PUT\n").replace(
        "GET", "OPTIONS"
    ),
    "TRACE": get().replace("GET", "TRACE"),
    "a method of its own": get().replace("GET", "QUIT"),
    "a form": "POST / HTTP/1.1\nHost: HOST\nContent-Type: text/plain\nContent-Length: 4\nConnection: close\n\nquit",
    "a body": "GET / HTTP/1.1\nHost: HOST\nContent-Length: 4\nConnection: close\n\nquit",
    "a body in chunks": "GET / HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\nConnection: close\n\n0\n\n",
    "a path upwards": get("/../../etc/passwd"),
    "a path upwards, quoted": get("/%2e%2e/%2e%2e/etc/passwd"),
    "a path upwards, quoted twice": get("/%252e%252e/etc/passwd"),
    "a path upwards from a file of ours": get("/pages/../../guard.py"),
    "a path as Windows has it": get("/..%5c..%5cwindows"),
    "a path from the root": get("//etc/passwd"),
    "a zero byte": get("/panel.css%00.js"),
    "a line break": get("/%0d%0aSet-Cookie:%20a=b"),
    "an address that is too long": get("/" + "a" * 300),
    "a question that is too long": get("/?" + "a" * 600),
    "headers without end": get(more="X-Long: " + "a" * 40000 + "\n"),
    "no HTTP": "quit\n\n",
    "a name that is nothing here": get("/etc/passwd"),
    "the server's own source": get("/guard.py"),
    "a hidden file": get("/.git/config"),
    "a folder": get("/pages/"),
    "the token of another show": get("/panel/who", LAN + ":PORT", "Authorization: Bearer wrong\n"),
    "a token that is too long": get("/panel/who", LAN + ":PORT", "Authorization: Bearer " + "a" * 200 + "\n"),
    "two tokens": get("/panel/who", LAN + ":PORT", "Authorization: Bearer a\nAuthorization: Bearer b\n"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_stays_outside(show, what):
    status, answer = show.say(REFUSED[what].replace("PORT", str(show.port)))
    assert status == 0 or 400 <= status < 500, answer
    assert "root:" not in answer
    assert "access-control" not in answer.lower()
    assert not show.events


SOCKETS = {
    "no origin": {"origin": None},
    "another origin": {"origin": "http://evil.example"},
    "no page": {"origin": "null"},
    "an origin that begins like ours": {"origin": "http://127.0.0.1.evil.example"},
    "another host": {"host": "evil.example"},
    "from the network, no token": {"host": LAN},
    "from the network, another token": {"host": LAN, "token": "wrong"},
    "from the network, half a token": {"host": LAN, "token": "performer"},
    "from the network, the token in the address": {"host": LAN, "query": "?token=performer-token"},
    "a socket of no name": {"path": "/panel/quit"},
}


@pytest.mark.parametrize("what", SOCKETS)
@pytest.mark.parametrize("path", ["/", "/panel/live", "/panel/preview"])
def test_no_socket(show, what, path):
    how = dict(SOCKETS[what])
    path = how.pop("path", path) + how.pop("query", "")
    with pytest.raises((InvalidStatus, ConnectionClosed)), show.socket(path, **how) as socket:
        socket.recv(timeout=3.0)


@pytest.mark.parametrize(
    "word", ["quit", "[1, 2]", '"text"', "null", "[" * 5000, '{"get": "' + "a" * 70000 + '"}', b"\x00\x01\x02\x03"]
)
@pytest.mark.parametrize("path", ["/panel/live", "/panel/preview"])
def test_nonsense_ends_the_socket(show, word, path):
    with show.socket(path) as socket, pytest.raises(ConnectionClosed):
        socket.send(word)
        socket.recv(timeout=3.0)
    assert show.panel.clients <= 1


@pytest.mark.parametrize(
    "word", ["quit", "[]", '{"COMMAND": "LISTEN", "DATA": 7}', '{"COMMAND": "LISTEN", "DATA": ["a"]}', "a" * 9000]
)
def test_nonsense_ends_the_oscquery_socket(show, word):
    with show.socket("/") as socket, pytest.raises(ConnectionClosed):
        socket.send(word)
        socket.recv(timeout=3.0)


def osc(address, *arguments):
    message = OscMessageBuilder(address)
    for argument in arguments:
        message.add_arg(argument)
    return bytes(message.build().dgram)


@pytest.mark.parametrize(
    "data",
    [b"", b"abc", b"/x", b"\xff" * 64, osc("/perform/deck/a/source/psi"), osc("/perform/deck/a/source/psi", "loud"),
     osc("/perform/deck/a/source/walk", "quit"), osc("/perform/quit", 1), osc("/perform/../quit", 1), osc("/quit", 1),
     osc("/perform/deck/a/source/psi", float("nan")), osc("/perform/deck/a/source/psi/norm", "x"),
     osc("/perform/deck/a/source/*", 1.0), osc("/perform/deck/a/source/prompt_1", "a" * 3000),
     osc("/perform/deck/a/source/jump", 0), b"#bundle\0" + b"\0" * 8 + b"\xff" * 4],
)  # fmt: skip
def test_packets_that_say_nothing_change_nothing(show, data):
    before = len(show.events)
    show.hub.take(data)
    assert len(show.events) == before


def test_a_viewer_sees_and_changes_nothing(show):
    with show.socket("/", LAN, "viewer-token") as socket:
        before = show.hub.counts["by viewers"]
        socket.send(osc("/perform/deck/a/source/psi", 0.9))
        socket.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/perform/deck/a/source/psi"}))
        assert b"psi" in socket.recv(timeout=3.0)
        assert show.hub.counts["by viewers"] == before + 1
    with show.socket("/panel/live", LAN, "viewer-token") as socket:
        assert socket.subprotocol == "perform"
        socket.send('{"get": "lan"}')
        assert json.loads(socket.recv(timeout=3.0))["is"] is None
        socket.send('{"get": "rows"}')
        assert json.loads(socket.recv(timeout=3.0))["is"]["role"] == "viewer"
    assert not show.events


def test_a_performer_from_the_network_plays(show):
    with show.socket("/", LAN, "performer-token") as socket:
        socket.send(osc("/perform/deck/a/source/psi", 0.9))
        socket.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/perform/deck/a/source/psi"}))
        socket.recv(timeout=3.0)
    assert [e.address for e in show.events] == ["deck/a/source/psi"]
    show.events.clear()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "preset/../../x", "/etc/passwd", "preset/none", "", "a" * 9000, 7]
)
def test_pictures_go_by_name(show, name):
    with show.socket("/panel/preview") as socket:
        socket.send(json.dumps({"get": "thumb", "of": name}))
        assert json.loads(socket.recv(timeout=3.0))["is"] is None


def test_a_flood_is_sent_away(show):
    with show.socket("/panel/live") as socket, pytest.raises(ConnectionClosed):
        for _ in range(3000):
            socket.send('{"want": {}}')
        while True:
            socket.recv(timeout=3.0)
    assert show.panel.counts["too fast"] >= 1


def test_a_crowd_stays_outside(show):
    with ExitStack() as opened, pytest.raises((InvalidStatus, ConnectionClosed)):
        for count in range(1, 41):
            inside = count - 1
            socket = opened.enter_context(show.socket("/panel/live"))
            socket.send('{"get": "ping"}')
            socket.recv(timeout=3.0)
    assert 9 <= inside <= 17


def test_who_connects_and_says_nothing_is_hung_up_on(monkeypatch):
    monkeypatch.setattr("perform.control.web.server.SILENT_S", 0.3)
    with served() as show, show.socket("/panel/live") as socket:
        socket.send('{"get": "ping"}')
        socket.recv(timeout=3.0)
        with (
            create_connection(("127.0.0.1", show.port), timeout=5.0) as silent,
            create_connection(("127.0.0.1", show.port), timeout=5.0) as slow,
        ):
            slow.sendall(b"GET / HTTP/1.1\r\nHost: ")  # and never the rest
            assert silent.recv(10) == b"" == slow.recv(10)
        socket.send('{"get": "ping"}')  # who speaks may stay
        assert json.loads(socket.recv(timeout=3.0))["is"] is True


def test_who_asks_too_often_waits(show):
    door = Door(None, {"127.0.0.1:1"}, clock=lambda: 0.0)
    scope = {"type": "http", "method": "GET", "path": "/", "client": ("127.0.0.1", 5), "query_string": b"",
             "headers": [(b"host", b"127.0.0.1:1")]}  # fmt: skip
    for _ in range(int(BURST)):
        assert door.judge(scope) == "performer"
    with pytest.raises(RefusalError) as refused:
        door.judge(scope)
    assert refused.value.status == 429


def test_who_guesses_tokens_is_shut_out_for_a_while():
    now = [0.0]
    door = Door(None, {"stage:1"}, {"right": "performer"}, clock=lambda: now[0])

    def judge(token):
        headers = [(b"host", b"stage:1"), (b"authorization", b"Bearer " + token)]
        return door.judge({"type": "http", "method": "GET", "path": "/panel/who", "client": ("192.168.1.9", 5),
                           "query_string": b"", "headers": headers})  # fmt: skip

    assert judge(b"right") == "performer"
    for _ in range(WRONG_TOKENS):
        with pytest.raises(RefusalError, match="scan the code"):
            judge(b"wrong")
    with pytest.raises(RefusalError, match="too many"):
        judge(b"right")
    now[0] = 61.0
    assert judge(b"right") == "performer"


def test_from_the_network_loopback_names_help_nobody():
    door = Door(None, {"127.0.0.1:1"}, {"right": "performer"})
    with pytest.raises(RefusalError):
        door.judge({"type": "http", "method": "GET", "path": "/secret", "client": ("192.168.1.9", 5),
                    "query_string": b"", "headers": [(b"host", b"127.0.0.1:1")]})  # fmt: skip


def test_what_may_come_in_does(show):
    for path in ("/", "/main.js", "/panel.css", "/pages/perform.js", "/panel/who"):
        status, answer = show.say(get(path))
        head = answer.lower()
        assert status == 200, answer
        assert "nosniff" in head and "x-frame-options: deny" in head and "no-referrer" in head
        assert path == "/panel/who" or "default-src 'none'" in head
    status, answer = show.say(get("/panel/who", f"{LAN}:{show.port}"))
    assert status == 200 and '"role":""' in answer  # it may know that it has to scan the code
    assert show.say(get(host=f"LocalHost:{show.port}", more=f"Origin: http://localhost:{show.port}\n"))[0] == 200
    assert show.say(get(more="Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\n"))[0] == 200  # a link to us
