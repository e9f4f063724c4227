"""What the panel asks and what it is answered; its files; its codes."""

import json
import re
import shutil
import subprocess
import threading
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from needs import need
from pythonosc.osc_message import OscMessage
from web_show import LAN, served

from perform.control.web import codes
from perform.control.web.files import FOLDER, static_files
from perform.control.web.hub import packet
from perform.core.params import ParamTable

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def show():
    with served() as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(show):
    if hasattr(show, "door"):
        show.door._peers.clear()
    show.events.clear()


def ask(socket, told, until="get"):
    socket.send(json.dumps(told))
    while True:
        answer = json.loads(socket.recv(timeout=3.0))
        if until in answer:
            return answer


def test_rows_come_with_all_that_a_widget_needs(show):
    with show.socket() as socket:
        told = ask(socket, {"get": "rows"})["is"]
    rows = {row["path"]: row for row in told["rows"]}
    psi = rows["deck/a/source/psi"]
    assert psi == {"path": "deck/a/source/psi", "kind": "float", "lo": -1.0, "hi": 1.5, "unit": "", "curve": "linear",
                   "choices": [], "doc": "truncation", "def": 0.5, "live": True}  # fmt: skip
    assert {row["kind"] for row in rows.values()} == {
        "float",
        "int",
        "bool",
        "choice",
        "colour",
        "point",
        "text",
        "trigger",
    }
    assert told["values"]["deck/a/source/walk"] == "drift"
    assert told["rev"] == show.table.revision


def test_state_is_paced_and_always_of_a_new_tick(show):
    wish = {"signals": ["audio/level", "nothing"], "live": ["deck/a/source/psi", "deck/a/source/ink", "no/row"],
            "spectrum": True, "wave": True, "routes": True}  # fmt: skip
    show.look(1)
    with show.socket() as socket:
        socket.send(json.dumps({"want": wish}))
        state = ask(socket, {"get": "state"}, "state")["state"]
        assert (state["n"], state["b"], state["bp"], state["bpm"]) == (1, 2.25, 0.5, 121.5)
        assert state["sig"] == [0.5, 0.0]
        assert state["live"] == [0.6, None, None]
        assert len(state["spec"]) == 64 and state["spec"][-1] == 255
        assert len(state["wave"]) == 160 and state["routes"] == [0.25]
        socket.send('{"get": "state"}')
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.2)  # nothing has happened since
        show.look(2)
        assert json.loads(socket.recv(timeout=3.0))["state"]["n"] == 2


def test_a_signal_that_is_no_number_does_not_break_the_line(show):
    show.look(5, signals={"audio/level": float("nan")})
    with show.socket() as socket:
        socket.send('{"want": {"signals": ["audio/level"]}}')
        assert ask(socket, {"get": "state"}, "state")["state"]["sig"] == [0.0]


def test_lists_by_name_and_one_that_breaks(show):
    with show.socket() as socket:
        assert ask(socket, {"get": "presets"})["is"] == [{"name": "one"}]
        assert ask(socket, {"get": "broken"})["is"] is None
        assert ask(socket, {"get": "../presets"})["is"] is None
        assert ask(socket, {"get": "values", "of": ["deck/a/source/psi", "x"], "key": "k"}) == {
            "get": "values", "key": "k", "is": {"deck/a/source/psi": 0.5},
        }  # fmt: skip
        assert "broken" in str(show.feed.lines)


def test_the_newest_picture_and_only_when_asked(show):
    assert show.feed.due() == {}
    with show.socket("/panel/preview") as socket:
        socket.send(json.dumps({"get": "picture", "of": "out", "px": 300}))
        due = {}
        while not due:
            due = show.feed.due()
            time.sleep(0.005)
        assert due == {"out": 320}
        show.feed.put("out", np.zeros((90, 160, 3), np.uint8))
        assert socket.recv(timeout=3.0) == b"\x03outJPEG" + bytes((90, 160))
        socket.send(json.dumps({"get": "thumb", "of": "preset/one"}))
        assert socket.recv(timeout=3.0) == bytes([16]) + b"thumb preset/oneTHUMB"
        socket.send(json.dumps({"get": "picture", "of": "b"}))  # nobody draws it
        assert json.loads(socket.recv(timeout=3.0)) == {"get": "picture", "of": "b", "is": None}
        assert show.feed.due() == {"b": 320}
        assert show.feed.due() == {}


def test_two_clients_get_one_picture(show):
    got = []

    def look():
        with show.socket("/panel/preview") as socket:
            socket.send(json.dumps({"get": "picture", "of": "a", "px": 160}))
            got.append(socket.recv(timeout=3.0))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.4)
    assert show.feed.due() == {"a": 160}
    show.feed.put("a", np.zeros((9, 16, 3), np.uint8))
    for thread in threads:
        thread.join()
    assert got == [b"\x01aJPEG" + bytes((9, 16))] * 2


# The OSCQuery socket


def heard(socket):
    message = OscMessage(socket.recv(timeout=3.0))
    return message.address.removeprefix("/perform/deck/a/source/"), message.params


def listen(socket, path, word="LISTEN"):
    socket.send(json.dumps({"COMMAND": word, "DATA": f"/perform/deck/a/source/{path}"}))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [("psi", 0.25, [0.25]), ("steps", 6, [6]), ("on", True, [True]), ("walk", "orbit", ["orbit"]),
     ("ink", (0.0, 0.5, 1.0, 1.0), [0.0, 0.5, 1.0, 1.0]), ("at", (0.25, 0.75), [0.25, 0.75]),
     ("prompt_1", "moss", ["moss"]), ("jump", True, [1])],
)  # fmt: skip
def test_every_kind_goes_out_and_comes_back(show, path, value, said):
    show.table.reset()
    with show.socket("/") as socket:
        listen(socket, path)
        assert heard(socket)[0] == path  # the value of now
        show.table.set(f"deck/a/source/{path}", value)
        assert heard(socket) == (path, said)
        row = show.table[f"deck/a/source/{path}"]
        socket.send(packet(row, value if path != "jump" else 1))
        while not show.events:
            time.sleep(0.005)
        event = show.events[-1]
        assert (event.address, event.origin) == (row.name, "web")
        other = ParamTable((row,))
        assert other.set(row.name, event.value) == (1 if path == "jump" else value)


def test_what_is_ignored_is_not_told_and_the_newest_wins(show):
    show.table.reset()
    with show.socket("/") as socket:
        listen(socket, "psi")
        heard(socket)
        for step in range(200):
            show.table.set("deck/a/source/psi", step / 200.0)
        last = 0.0
        while last < 0.99:
            last = heard(socket)[1][0]
        listen(socket, "psi", "IGNORE")
        listen(socket, "steps")
        assert heard(socket)[0] == "steps"
        show.table.set("deck/a/source/psi", 1.0)
        show.table.set("deck/a/source/steps", 2)
        assert heard(socket) == ("steps", [2])


def test_rows_that_come_and_go_are_told(show):
    with show.socket("/") as socket:
        listen(socket, "psi")
        heard(socket)
        row = show.table["deck/a/source/psi"]
        show.table.add((type(row)("amount"),), "master/fx/bloom")
        assert json.loads(socket.recv(timeout=3.0)) == {
            "COMMAND": "PATH_ADDED",
            "DATA": "/perform/master/fx/bloom/amount",
        }
        show.table.remove("master/fx/bloom")
        assert json.loads(socket.recv(timeout=3.0))["COMMAND"] == "PATH_REMOVED"


# Files, codes


def test_the_first_load_is_small():
    files = {name: file for name, file in static_files().items() if name != "/"}
    assert sum(len(file.body) for file in files.values()) < MOST_BYTES
    assert {"/main.js", "/panel.css", "/pages/perform.js", "/icon.svg"} <= files.keys()
    assert all(path.suffix in (".js", ".css", ".html", ".svg") for path in FOLDER.rglob("*") if path.is_file())


def test_the_page_needs_nothing_from_elsewhere_and_nothing_inline():
    for name, file in static_files().items():
        text = file.body.decode("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://(?!\$)|\beval\(|new Function|innerHTML|document\.write", text), name
    page = static_files()["/"].body.decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=", page)


def test_every_import_of_the_page_is_there():
    files = static_files()
    for name, file in files.items():
        folder = name.rpartition("/")[0]
        for wanted in re.findall(r'from "(\.[^"]+)"', file.body.decode()):
            assert str(Path(f"{folder}/{wanted}").resolve()) in files, f"{name}: {wanted}"


def test_the_scripts_parse():
    need(shutil.which("node"), "node, to parse the panel's scripts")
    for name, file in static_files().items():
        if name.endswith(".js"):
            done = subprocess.run(["node", "--check", "--input-type=module"], input=file.body, capture_output=True)
            assert done.returncode == 0, f"{name}: {done.stderr.decode()[:400]}"


def test_the_wheel_holds_the_panel():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "perform" in wheel["only-include"]
    assert FOLDER.is_relative_to(ROOT / "perform")
    ignored = subprocess.run(["git", "check-ignore", FOLDER / "main.js"], cwd=ROOT, capture_output=True)
    assert ignored.returncode != 0


def test_a_code_and_its_picture_in_the_terminal():
    url = codes.link("192.168.1.20", 9080, "abc")
    assert url == "http://192.168.1.20:9080/#token=abc"
    rows = codes.rows(url)
    assert len(rows) == len(rows[0]) >= 21 and set("".join(rows)) == {"0", "1"}
    assert rows[0].startswith("1111111") and rows[6].startswith("1111111")  # the eye in the corner
    drawn = codes.in_terminal(url).splitlines()
    assert len({len(line) for line in drawn}) == 1 and len(drawn) == (len(rows) + 5) // 2
    assert set("".join(drawn)) <= set(" █▄▀")


def test_the_token_stays_out_of_addresses(show):
    assert "#token=" in codes.link("h", 1, "t")
    with show.socket("/panel/live", LAN, "performer-token") as socket:
        assert socket.subprotocol == "perform"  # and not the word that carries the token
