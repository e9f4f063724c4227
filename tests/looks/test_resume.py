"""The live state on disk: written while the show runs, whole after a kill, brought back by `--resume`."""

from __future__ import annotations

import os
import signal
import time

import pytest
from hand import say
from pythonosc.udp_client import SimpleUDPClient
from running import free_port, playing

from perform.core.errors import PresetError
from perform.looks.autosave import Autosave, resume, state_of
from perform.looks.state import FILE, read_state, write_state


@pytest.fixture
def show(rig, monkeypatch):
    said = []
    monkeypatch.setattr(rig.show, "_say", said.append)
    rig.show.said = said
    rig.show.looks.snapshots._kept.clear()
    rig.show.programme.cues.load("")
    rig.show.recall("northern")
    return rig.show


def seen(show):
    state = state_of(show)
    return (state.look.decks, state.look.master, state.look.params, state.look.routes, state.values, state.cues,
            [(kept.name, kept.look) for kept in state.snapshots])  # fmt: skip


def busy(show):
    for path, value in (
        ("cue/set", "club_arc"), ("cue/goto", "2"), ("deck/b/load", "shader:silk"), ("mix/fade", 0.3), ("macro/4", 0.7),
        ("mix/beats", 12), ("tempo/quantise", "bar"), ("surprise/locks", "deck/a/level"), ("out/level", 0.6),
        ("snapshot/keep", "one"), ("route/1/depth", -0.4), ("snapshot/keep", "two"), ("out/blackout", True),
        ("deck/a/level", 0.9),
    ):  # fmt: skip
        if path.startswith("cue/") and not show.programme.cues.set.name and path != "cue/set":
            continue
        say(show, path, value)


def calm(show):
    """Another state, far from the first."""
    for path, value in (("tempo/quantise", "off"), ("mix/beats", 0), ("surprise/locks", ""), ("out/level", 1.0),
                        ("out/blackout", False), ("macro/4", 0.0)):  # fmt: skip
        say(show, path, value)
    show.programme.cues.load("")
    show.looks.snapshots._kept.clear()
    show.recall("plotter")


def test_all_of_it_comes_back_and_nothing_that_hides_the_picture(show, tmp_path):
    busy(show)
    before = seen(show)
    write_state(state_of(show), tmp_path)
    calm(show)
    assert seen(show) != before
    lines = []
    assert resume(show, tmp_path, lines.append)
    assert len(lines) == 1 and lines[0].startswith("resumed as it stood at ")
    assert seen(show) == before and not show.engine.table.value("out/blackout")
    assert show.engine.table.value("tempo/quantise") == "bar"
    calm(show)


def test_it_is_written_now_and_then_only_when_something_has_changed(show, tmp_path):
    keeper = Autosave(show, tmp_path / "live", show.said.append)

    def wait(path):
        ends = time.monotonic() + 5.0
        while not path.exists() and time.monotonic() < ends:
            time.sleep(0.01)

    show.engine.tick(show.engine.moment.seconds + 6.0)
    keeper.step()
    wait(tmp_path / "live" / FILE)
    (tmp_path / "live" / FILE).unlink()
    for _ in range(3):
        show.engine.tick(show.engine.moment.seconds + 6.0)
        keeper.step()
    keeper.close()
    assert not (tmp_path / "live" / FILE).exists()
    say(show, "macro/1", 0.5)
    keeper.save()
    keeper.close()
    assert read_state(tmp_path / "live").look.params["macro/1"] == 0.5
    show.visited = True  # what visitors turn is not the show's own
    say(show, "macro/1", 0.9)
    keeper.close()
    assert read_state(tmp_path / "live").look.params["macro/1"] == 0.5
    show.visited = False


def test_a_full_disk_is_said_once(show, tmp_path, monkeypatch):
    monkeypatch.setattr("perform.whole_file.os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    keeper = Autosave(show, tmp_path, show.said.append)
    for n in range(3):
        say(show, "macro/1", 0.1 * n)
        keeper.save()
        time.sleep(0.05)
    keeper.close()
    keeper.step()
    assert len(show.said) == 1 and "No space left" in show.said[0] and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    ["", "version = 99\nlook = ''", "look = 4", "version = 1\nlook = 'x ='", "\x00", "version = 1\nlook = '[deck.a]'"],
)
def test_a_damaged_state_is_said_and_the_show_plays_as_it_was(show, tmp_path, text):
    (tmp_path / FILE).write_text(text)
    before, lines = seen(show), []
    ok = resume(show, tmp_path, lines.append)
    assert ok == (text == "version = 1\nlook = '[deck.a]'") and (ok or (len(lines) == 1 and seen(show) == before))


def test_what_is_gone_meanwhile_is_listed_and_the_rest_comes(show, tmp_path):
    busy(show)
    text = (write_state(state_of(show), tmp_path), (tmp_path / FILE).read_text())[1]
    text = text.replace('"mix/beats" = 12', '"mix/beats" = 12\n"gone/away" = 1\n"odd" = {}')
    (tmp_path / FILE).write_text(text.replace("[[snapshot]]\n", "[[snapshot]]\nlook = 3\n[[snapshot]]\n", 1))
    calm(show)
    lines = []
    assert resume(show, tmp_path, lines.append)
    assert any("gone/away" in line for line in lines) and any("odd" in line for line in lines)
    assert len(show.looks.snapshots.all()) == 2 and show.engine.table.value("mix/beats") == 12
    calm(show)


def test_no_state_is_said(show, tmp_path):
    lines = []
    assert not resume(show, tmp_path / "none", lines.append) and "nothing to resume" in lines[0]
    (tmp_path / FILE).write_bytes(b"x" * (9 << 20))
    with pytest.raises(PresetError, match="over 8 MiB"):
        read_state(tmp_path)


def test_a_show_that_was_killed_goes_on_where_it_stood(tmp_path):
    folder = tmp_path / "state" / "perform" / "live"
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    port = str(free_port())
    calm = ("--audio", "silence", "--display", "offscreen", "--no-web", "--size", "64x36", "--preset", "northern",
            "--osc-port", port, "--midi", "none")  # fmt: skip
    osc, state = SimpleUDPClient("127.0.0.1", int(port)), None
    with playing(tmp_path, *calm, env=env) as show:
        show.wait_for("playing preset")
        ends = time.monotonic() + 60.0
        while time.monotonic() < ends and (state is None or state.look.params.get("macro/5") != 0.75):
            osc.send_message("/perform/macro/5", 0.75)
            osc.send_message("/perform/deck/a/level", 0.5)
            time.sleep(0.3)
            state = read_state(folder)
        show.process.send_signal(signal.SIGKILL)
        show.process.wait(20)
    assert state is not None and state.look.decks["a"].own["level"] == 0.5
    with playing(tmp_path, *calm, "--resume", "--seconds", "1", env=env) as again:
        assert "preset northern" in again.wait_for("playing preset")
        again.finish()
    back = read_state(folder)  # what the second show wrote at its end
    assert (back.look.decks, back.look.params) == (state.look.decks, state.look.params)
