"""The panel joined to a show: what it sees, what it costs, where it listens, what it keeps."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from perform.app import open_offline
from perform.control.web.feed import Feed, with_log
from perform.control.web.server import WebServer
from perform.core.errors import DeviceError, PresetError
from perform.core.preset import parse_preset
from perform.core.visitor import read_visitor
from perform.options import Options, with_venue
from perform.panel import PanelDesk, open_panel
from perform.panel_lists import PanelLists
from perform.panel_thumbs import AFTER_S, Thumbs

LOOK = '[deck.a]\nsource = "shader:marbling"\n[[route]]\nsource = "audio/level"\ntarget = "deck/a/source/speed"\n'


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rig = open_offline(Options(audio="synth", preset="northern", size=(64, 36)), lambda line: None)
    rig.show.play(parse_preset(LOOK, "look"))
    made = PanelDesk(rig, Options(web=0), Feed(), rig.clock)
    made.open(rig.engine.queue.post)

    def tick(count=1):
        for _ in range(count):
            rig.engine.tick(rig.engine.moment.seconds + 1 / 30)
            rig.show.after_tick()
            made.after_tick()

    yield SimpleNamespace(rig=rig, panel=made, feed=made.feed, tick=tick, folder=tmp_path)
    made.close()
    rig.close()


def test_nobody_looks_nothing_is_made(desk):
    desk.tick(6)
    assert desk.feed.glance is None and desk.feed.facts == {}
    assert not desk.rig.show.stage._previews.busy


def test_who_looks_sees_the_tick_the_facts_and_the_pictures(desk):
    desk.tick(4)
    desk.feed.watched = 1
    desk.feed.ask("out", 100)
    desk.tick(4)
    assert desk.feed.shots["out"].image.shape == (36, 64, 3)
    glance = desk.feed.glance
    assert glance.moment.frame == desk.rig.engine.moment.frame and len(glance.routes) == 1
    assert "audio/level" in glance.signals and glance.spectrum.shape == (64,)
    facts = json.loads(json.dumps(desk.feed.facts))
    assert facts["preset"]["name"] == "look" and facts["sources"]["a"] == "shader:marbling"
    assert facts["size"] == [64, 36] and facts["sound"]["name"] == "synth" and facts["outputs"]


def test_whatever_breaks_in_it_the_show_goes_on(desk, monkeypatch):
    desk.tick(4)
    monkeypatch.setattr(desk.rig.show.stage, "ask_previews", lambda sides: 1 // 0)
    desk.feed.ask("out", 100)
    desk.tick(2)
    assert desk.rig.engine.health.counts["panel errors"] >= 1


def test_lists_are_json_and_hold_names_only(desk):
    lists = PanelLists(desk.rig, desk.panel).all()
    told = {name: json.loads(json.dumps(make())) for name, make in lists.items()}
    assert "northern" in [one["name"] for one in told["presets"]]
    assert told["models"][0]["licence"] and told["models"][0]["trained_on"]
    assert "shader:marbling" in told["catalog"]["sources"] and "bloom" in told["catalog"]["effects"]
    assert told["routes"][0]["source"] == "audio/level"
    assert told["lan"]["links"] == []
    assert str(desk.folder) not in json.dumps(told) and ".toml" not in json.dumps(told["presets"])


def test_the_libraries_of_the_web_wait_for_the_show():
    code = "import perform.panel, perform.app, sys; print(sorted({n.split('.')[0] for n in sys.modules}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not [name for name in ("starlette", "uvicorn", "websockets", "anyio", "segno") if f"'{name}'" in out]


def test_a_taken_port_gives_way_or_is_said(desk):
    first = WebServer(lambda port: None, port=0)
    first.bind()
    try:
        with pytest.raises(DeviceError, match="--web PORT"):
            WebServer(lambda port: None, port=first.port).bind()
        second = WebServer(lambda port: None, port=first.port, spare=9)
        second.bind()
        assert first.port < second.port <= first.port + 9
        second.close()
        said = []
        assert open_panel(desk.rig, Options(web=first.port), Feed(), desk.rig.clock, said.append) is None
        assert len(said) == 1 and "playing without the web panel" in said[0]
        assert open_panel(desk.rig, Options(web=-1), Feed(), desk.rig.clock, said.append) is None
    finally:
        first.close()


def test_the_room_says_where(tmp_path):
    venue = tmp_path / "venue.toml"
    venue.write_text("[web]\nport = 8123\nlan = true\n")
    options, problems = with_venue(Options(), venue)
    assert (options.web, options.lan, problems) == (8123, True, [])
    assert with_venue(replace(Options(), web=-1), venue)[0].web == -1
    venue.write_text("[web]\nport = 70000\n")
    with pytest.raises(PresetError, match="between"):
        with_venue(Options(), venue)


def test_lan_mode_shows_a_code_and_two_addresses(desk, monkeypatch):
    monkeypatch.setattr("perform.control.web.codes.lan_address", lambda: "192.0.2.7")
    said, feed = [], Feed()
    say = with_log(said.append, feed, lambda: 0.0)
    panel = open_panel(desk.rig, Options(web=0, lan=True), feed, desk.rig.clock, say)
    try:
        assert panel.server.host == "0.0.0.0" and [role for role, _ in panel.links] == ["viewer", "performer"]
        tokens = [url.partition("#token=")[2] for _, url in panel.links]
        assert len({*tokens}) == 2 and all(len(token) >= 20 for token in tokens)
        assert f"http://192.0.2.7:{panel.port}/#token=" in "\n".join(said) and "█" in "\n".join(said)
        say(f"somebody repeats http://192.0.2.7/#token={tokens[1]} aloud")
        log = str(feed.lines)  # a viewer reads it, too
        assert "repeats" in log and "█" not in log and not [token for token in tokens if token in log]
    finally:
        panel.close()


def test_a_room_with_a_page_for_visitors_has_an_address_for_it(desk, monkeypatch):
    monkeypatch.setattr("perform.control.web.codes.lan_address", lambda: "192.0.2.7")
    controls = [{"path": "deck/a/source/sped"}, {"path": "preset/recall"}, {"path": "deck/a/source/speed"}]
    page, _ = read_visitor({"looks": ["northern"], "code": "on-the-wall", "control": controls})
    said = []
    panel = open_panel(desk.rig, Options(web=0, lan=True, visitor=page), Feed(), desk.rig.clock, said.append)
    try:
        assert "no deck/a/source/sped;" in said[0] and "preset/recall is a text" in said[1]
        link = dict(panel.links)["visitor"]
        assert link == f"http://192.0.2.7:{panel.port}/visit#token=on-the-wall" and link in "\n".join(said)
        told = PanelLists(desk.rig, panel).lan()["links"]
        assert next(one["rows"] for one in told if one["role"] == "visitor")
    finally:
        panel.close()


def test_a_look_gets_its_picture_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    thumbs, image = Thumbs(), np.full((36, 64, 3), 90, np.uint8)
    assert not thumbs.due("mine", 0.0) and not thumbs.due("mine", AFTER_S - 0.1)
    assert thumbs.due("mine", AFTER_S + 0.1)
    thumbs.offer("mine", image // 90, AFTER_S + 0.2)  # too dark to be a portrait
    assert thumbs.find("preset/mine") is None
    thumbs.offer("mine", image, AFTER_S + 1.2)
    ends = time.monotonic() + 5.0
    while thumbs.find("preset/mine") is None and time.monotonic() < ends:
        time.sleep(0.02)
    assert thumbs.find("preset/mine").startswith(b"\xff\xd8")
    assert not thumbs.due("mine", 100.0)
    assert thumbs.find("preset/northern").startswith(b"\xff\xd8")  # ships with it
    for name in ("preset/../mine", "preset//etc/passwd", "mine", "", "model/.."):
        assert thumbs.find(name) is None
    thumbs.close()


def test_prompts_are_kept(desk):
    desk.tick(4)
    desk.feed.watched = 1
    desk.rig.engine.table.set("prompt/library", "moss under glass\na river of ink")
    desk.tick(20)
    desk.panel.close()
    assert desk.panel.thumbs.prompts.read_text().splitlines() == ["moss under glass", "a river of ink"]
    assert Thumbs().library() == "moss under glass\na river of ink"


def test_what_is_said_is_kept_for_the_panel():
    feed, said = Feed(), []
    say = with_log(said.append, feed, lambda: 2.5)
    for n in range(300):
        say(f"line {n}")
    assert len(said) == 300 and len(feed.lines) == 200 and feed.lines[-1] == (2.5, "line 299")
