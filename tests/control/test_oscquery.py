"""OSCQuery as a client meets it: the tree by HTTP, values and notices by the socket, and who stays outside."""

from __future__ import annotations

import json
import socket as sockets
import urllib.error
import urllib.request
from types import SimpleNamespace

import netns
import pytest
from needs import need
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from web_show import ROWS
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from perform.control.oscquery.announce import label_of
from perform.control.oscquery.door import QueryDoor
from perform.control.oscquery.namespace import ATTRIBUTES, Namespace
from perform.control.senders import Senders
from perform.control.web.guard import RefusalError
from perform.core.errors import UsageError
from perform.core.params import Param, ParamTable
from perform.core.types import Moment
from perform.deck_wishes import wish_rows
from perform.options import Options
from perform.oscquery import QueryDesk, for_strangers, open_oscquery
from perform.show import ROWS as SHOW_ROWS

MORE = (Param("load", "text", "", live=False), Param("now", "text", "", doc="what plays (read only)"),
        Param("gain", "float", 0.0, -24.0, 24.0, "dB"))  # fmt: skip


def a_rig():
    table = ParamTable()
    table.add(ROWS, "deck/a/source")
    table.add(MORE, "deck/a")
    engine = SimpleNamespace(table=table, signals={"audio/level": 0.25}, moment=Moment(1.0, 0.1, 9), coming={})
    engine.queue = SimpleNamespace(post=lambda event: events.append(event))
    events = []
    return SimpleNamespace(engine=engine, controls=[], events=events, table=table)


@pytest.fixture(scope="module")
def desk():
    rig = a_rig()
    made = QueryDesk(rig, Options(oscquery=0), lambda: 1.0, lambda line: None)
    made.open(rig.engine.queue.post)
    made.rig = rig
    made._starter.join(10.0)
    ask(made, "/")
    yield made
    made.close()


def ask(desk, path, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{desk.port}{path}", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10.0) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if body else None
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def listening(desk, **more):
    return connect(f"ws://127.0.0.1:{desk.port}/", proxy=None, compression=None, **more)


def test_the_tree_has_every_row_with_every_attribute(desk):
    status, tree = ask(desk, "/")
    assert status == 200 and tree["FULL_PATH"] == "/" and list(tree["CONTENTS"]) == ["perform"]
    found = tree["CONTENTS"]["perform"]["CONTENTS"]["deck"]["CONTENTS"]["a"]["CONTENTS"]
    psi = found["source"]["CONTENTS"]["psi"]
    assert psi == {
        "FULL_PATH": "/perform/deck/a/source/psi", "TYPE": "f", "ACCESS": 3, "VALUE": [0.5], "CLIPMODE": ["both"],
        "RANGE": [{"MIN": -1.0, "MAX": 1.5}], "DESCRIPTION": "truncation", "CRITICAL": False, "TAGS": ["deck", "float"],
    }  # fmt: skip
    kinds = {name: node["TYPE"] for name, node in found["source"]["CONTENTS"].items()}
    assert kinds == {"psi": "f", "steps": "i", "on": "F", "walk": "s", "ink": "ffff", "at": "ff", "prompt_1": "s",
                     "jump": "I"}  # fmt: skip
    assert found["source"]["CONTENTS"]["walk"]["RANGE"] == [{"VALS": ["hold", "drift", "orbit"]}]
    ink = found["source"]["CONTENTS"]["ink"]
    assert ink["VALUE"] == [1.0, 0.5, 0.0, 1.0] and len(ink["RANGE"]) == len(ink["EXTENDED_TYPE"]) == 4
    assert "VALUE" not in found["source"]["CONTENTS"]["jump"] and found["source"]["CONTENTS"]["jump"]["ACCESS"] == 2
    assert found["now"]["ACCESS"] == 1 and found["gain"]["UNIT"] == ["dB"]
    signal = tree["CONTENTS"]["perform"]["CONTENTS"]["signal"]["CONTENTS"]["audio"]["CONTENTS"]["level"]
    assert signal["ACCESS"] == 1 and signal["VALUE"] == [0.25]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/perform/deck/a", 200), ("/perform/deck/a/", 200), ("/perform/deck/a/source/psi?VALUE", 200),
     ("/perform/deck/a/source/jump?VALUE", 204), ("/perform/deck/a/source/psi?UNIT", 204), ("/perform?CONTENTS", 200),
     ("/perform/deck/a/source/psi?HOST_INFO", 200), ("/none?HOST_INFO", 200), ("/none", 404), ("/perform/deck/z", 404),
     ("/perform/deck/a/source/ps", 404), ("/perform/deck/a/source/psi?NONSENSE", 400), ("/?HTML", 400)],
)  # fmt: skip
def test_paths_and_attributes_are_answered_as_the_proposal_says(desk, path, status):
    got, told = ask(desk, path)
    assert got == status
    asked = path.partition("?")[2]
    if status == 200 and asked in ATTRIBUTES:
        assert list(told) == [asked]
    if asked == "HOST_INFO":
        assert told["NAME"] == "perform" and told["WS_PORT"] == desk.port and told["EXTENSIONS"]["LISTEN"] is True


def test_values_travel_both_ways_and_each_only_when_it_changes(desk):
    rig = desk.rig
    with listening(desk) as client:
        for path in ("deck/a/source/psi", "deck/a/source/jump", "signal/audio/level", "deck/a/source/ink"):
            client.send(json.dumps({"COMMAND": "LISTEN", "DATA": f"/perform/{path}"}))
        heard = [OscMessage(client.recv(timeout=5.0)) for _ in range(3)]
        assert {m.address: m.params for m in heard} == {
            "/perform/deck/a/source/psi": [0.5], "/perform/signal/audio/level": [0.25],
            "/perform/deck/a/source/ink": [1.0, 0.5, 0.0, 1.0],
        }  # fmt: skip
        rig.table.set("deck/a/source/jump", True)
        assert OscMessage(client.recv(timeout=5.0)).address == "/perform/deck/a/source/jump"
        rig.engine.signals = {"audio/level": 0.75}
        assert OscMessage(client.recv(timeout=5.0)).params == [0.75]
        client.send(json.dumps({"COMMAND": "IGNORE", "DATA": "/perform/signal/audio/level"}))
        message = OscMessageBuilder("/perform/deck/a/source/psi")
        message.add_arg(1.25, "f")
        client.send(message.build().dgram)
        rig.engine.signals = {"audio/level": 0.5}
        with pytest.raises(TimeoutError):  # it is not listened to any more
            client.recv(timeout=0.3)
        event = rig.events[-1]
        assert (event.address, event.value, event.origin) == ("deck/a/source/psi", 1.25, "oscquery")


@pytest.mark.parametrize(
    ("address", "arguments", "event"),
    [("psi", ("+", 0.25), ((1.0, 0.25), True, -1)), ("psi/norm", (0.5,), (0.5, False, -1)),
     ("ink/g", (0.5,), (0.5, False, 1)),
     ("jump", (), (True, False, -1)), ("jump", (0,), None), ("psi", (float("nan"),), None), ("load", ("x",), None)],
)  # fmt: skip
def test_the_socket_reads_what_osc_reads(desk, address, arguments, event):
    desk.rig.events.clear()
    message = OscMessageBuilder(f"/perform/deck/a/source/{address}")
    for argument in arguments:
        message.add_arg(argument)
    desk._hub.take(message.build().dgram)
    assert [(e.value, e.relative, e.part) for e in desk.rig.events] == ([event] if event else [])


def test_rows_that_come_go_or_change_are_told(desk):
    table = desk.rig.table
    with listening(desk) as client:
        client.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/perform/deck/a/gain"}))
        client.recv(timeout=5.0)
        table.add((Param("glow"),), "deck/b")
        assert json.loads(client.recv(timeout=5.0)) == {"COMMAND": "PATH_ADDED", "DATA": "/perform/deck/b/glow"}
        table.add((Param("glow", "float", 0.0, 0.0, 2.0),), "deck/b")
        assert json.loads(client.recv(timeout=5.0)) == {"COMMAND": "PATH_CHANGED", "DATA": "/perform/deck/b/glow"}
        table.remove("deck/b")
        assert json.loads(client.recv(timeout=5.0)) == {"COMMAND": "PATH_REMOVED", "DATA": "/perform/deck/b/glow"}


REFUSED = {
    "a name that is not ours": {"Host": "evil.example"},
    "a name that begins like ours": {"Host": "127.0.0.1.evil.example"},
    "another name with our port": {"Host": "evil.example:PORT"},
    "no name": {"Host": ""},
    "a page of another origin": {"Origin": "http://evil.example"},
    "no page": {"Origin": "null"},
    "a page across sites": {"Sec-Fetch-Site": "cross-site"},
    "a page of the same site": {"Sec-Fetch-Site": "same-site"},
}


def raw_status(desk, words):
    """The status of an answer to what is said as it is, PORT being ours."""
    with sockets.create_connection(("127.0.0.1", desk.port), timeout=5.0) as raw:
        raw.sendall((words.replace("PORT", str(desk.port)).replace("\n", "\r\n") + "\r\n").encode())
        return int(raw.recv(64).split()[1])


KEY = "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
UPGRADE = "Upgrade: websocket\nConnection: Upgrade\n" + KEY


@pytest.mark.parametrize("more", ["Connection: close\n", UPGRADE], ids=["http", "socket"])
@pytest.mark.parametrize("what", REFUSED)
def test_stays_outside(desk, what, more):
    headers = {"Host": "127.0.0.1:PORT", **REFUSED[what]}
    words = "GET / HTTP/1.1\n" + "".join(f"{name}: {value}\n" for name, value in headers.items()) + more
    assert raw_status(desk, words) in (400, 403, 421)


@pytest.mark.parametrize(
    "path", ["/perform/../etc/passwd", "/%2e%2e/etc", "//perform", "/perform%00", "/" + "a" * 300, "/?" + "A" * 600,
             "/perform\\deck", "/%0d%0aX:1"])  # fmt: skip
def test_odd_paths_stay_outside(desk, path):
    assert raw_status(desk, f"GET {path} HTTP/1.1\nHost: 127.0.0.1:PORT\nConnection: close\n") in (400, 414, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_is_changed_by_http(desk, method):
    request = urllib.request.Request(f"http://127.0.0.1:{desk.port}/perform", method=method)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5.0)
    assert refused.value.code == 405


@pytest.mark.parametrize("word", ["quit", "[]", '{"COMMAND": "LISTEN", "DATA": 7}', "a" * 9000])
def test_nonsense_ends_the_socket(desk, word):
    with listening(desk) as client, pytest.raises(ConnectionClosed):
        client.send(word)
        client.recv(timeout=3.0)


def scope(peer, host):
    return {"type": "http", "client": (peer, 5), "headers": [(b"host", host.encode())], "path": "/", "method": "GET",
            "raw_path": b"/", "query_string": b""}  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "host", "comes_in"),
    [("192.168.1.7", "192.168.1.2:9070", True), ("192.168.2.7", "192.168.1.2:9070", False),
     ("::ffff:192.168.1.7", "192.168.1.2:9070", True), ("10.0.0.5", "192.168.1.2", True),
     ("10.0.0.6", "192.168.1.2", False), ("192.168.1.7", "evil.example:9070", False), ("127.0.0.1", "localhost", True),
     ("nonsense", "192.168.1.2", False)],
)  # fmt: skip
def test_in_a_network_only_who_is_on_the_list_comes_in(peer, host, comes_in):
    door = QueryDoor(None, ("192.168.1.2", "localhost"), Senders(("192.168.1.0/24", "10.0.0.5"), "OSCQuery"))
    if comes_in:
        assert door.judge(scope(peer, host))
    else:
        with pytest.raises(RefusalError):
            door.judge(scope(peer, host))


def test_the_machine_itself_comes_in_by_its_own_address_whatever_that_is_by_now():
    door = QueryDoor(None, ("localhost",), Senders(("192.168.1.7",), "OSCQuery"))
    for peer, host, comes_in in (
        ("10.1.2.3", "10.1.2.3:9070", True), ("192.168.1.7", "10.1.2.3:9070", True),
        ("192.168.1.7", "10.9.9.9:9070", False), ("10.1.2.4", "10.1.2.3:9070", False),
    ):  # fmt: skip
        arrived = scope(peer, host) | {"server": ("10.1.2.3", 9070)}
        if comes_in:
            assert door.judge(arrived)
        else:
            with pytest.raises(RefusalError):
                door.judge(arrived)


@pytest.mark.parametrize("name", ["perform on box.lan.example", "a" * 200, "北" * 50, "...", "", "tab\tname"])
def test_any_name_is_one_label_of_dns(name):
    label = label_of(name)
    assert label and "." not in label and len(label.encode()) <= 60 and label.isprintable()


def test_a_flood_is_held_off():
    door = QueryDoor(None, ("localhost",))
    with pytest.raises(RefusalError, match="too many"):
        for _ in range(1000):
            door.judge(scope("127.0.0.1", "localhost"))


def test_strangers_see_nothing_that_loads_saves_or_ends():
    rows = [*SHOW_ROWS, *(row for _, wishes in wish_rows() for row in wishes)]
    shown = {row.name for row in rows if for_strangers(row)}
    assert "macro/1" in shown and "out/panic" in shown
    hidden = {"preset/recall", "preset/next", "preset/previous", "load", "unload", "chain/add", "out/screenshot"}
    assert hidden <= {row.name for row in rows} and not shown & hidden
    table = ParamTable([*SHOW_ROWS])
    names = Namespace(lambda: [row for row in table if for_strangers(row)], table.base)
    assert names.at("/perform/preset/recall") is None and names.at("/perform/macro/1")


def test_the_network_wants_a_list_and_a_list_of_addresses():
    with pytest.raises(UsageError, match="--oscquery-allow"):
        QueryDesk(a_rig(), Options(oscquery=0, oscquery_lan=True), lambda: 0.0, lambda line: None)
    with pytest.raises(UsageError, match=r"10\.0\.0\.0/24"):
        QueryDesk(a_rig(), Options(oscquery=0, oscquery_allow=("my neighbour",)), lambda: 0.0, lambda line: None)


def test_a_taken_port_is_said_and_the_show_plays_without(desk):
    said = []
    assert open_oscquery(a_rig(), Options(oscquery=desk.port), lambda: 0.0, said.append) is None
    assert len(said) == 1 and f"port {desk.port} is taken" in said[0] and "--oscquery" in said[0]
    assert open_oscquery(a_rig(), Options(oscquery=-1), lambda: 0.0, said.append) is None


ANNOUNCED = """
import time, sys
from zeroconf import ServiceBrowser, Zeroconf
from perform.control.oscquery import announce
from perform.control.oscquery.announce import KIND, Announcement
announce.LOOK_S = 0.2
seen, gone = [], []
class Listener:
    def add_service(self, zc, kind, name):
        info = zc.get_service_info(kind, name)
        seen.append((name, info.port, info.parsed_addresses()))
    def update_service(self, *_): pass
    def remove_service(self, zc, kind, name): gone.append(name)
zc = Zeroconf(interfaces=["127.0.0.1"])
browser = ServiceBrowser(zc, KIND, Listener())
there, said = [], []
made = Announcement("perform on a.test", 9070, lambda: there, said.append)
made.begin()
time.sleep(0.5)
assert not seen and not made.announced.is_set()  # no network yet
there.append("127.0.0.1")
ends = time.monotonic() + 15
while not seen and time.monotonic() < ends: time.sleep(0.05)
made.announced.wait(10)
made.close()
while not gone and time.monotonic() < ends: time.sleep(0.05)
zc.close()
assert seen == [("perform on a-test." + KIND, 9070, ["127.0.0.1"])], (seen, said)
assert gone == ["perform on a-test." + KIND] and not said, (gone, said)
print("announced and taken back")
"""


def test_it_is_announced_in_the_network_and_taken_back(tmp_path):
    need(netns.missing() is None, netns.missing() or "")
    (tmp_path / "announce.py").write_text(ANNOUNCED)
    done = netns.alone(["announce.py"], cwd=tmp_path, seconds=60.0)
    assert "announced and taken back" in done.stdout, done.stderr[-800:]
