"""Shader files saved while a show plays: taken over, refused or found, with real files, a real watcher, real trials."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from running import free_port, playing
from trial_files import ENDLESS

from perform.app import Rig, open_live
from perform.options import Options
from perform.osc_targets import parse_targets
from perform.play import hud
from perform.watch import ShaderWatch

HEAD = '/*{{"ISFVSN": "2", "INPUTS": [{inputs}]}}*/\n'
LEVEL = '{"NAME": "level", "TYPE": "float", "DEFAULT": 0.2, "MIN": 0.0, "MAX": 1.0}'
RED = '{"NAME": "red", "TYPE": "float", "DEFAULT": 0.6, "MIN": 0.0, "MAX": 1.0}'
PICTURE = '{"NAME": "inputImage", "TYPE": "image"}'
PRESET = 'version = 1\n[deck.a]\nsource = "shader:plain"\n[[deck.a.fx]]\nshader = "same"\n'


def plain(*inputs: str, colour: str = "vec4(level, level, level, 1.0)") -> str:
    return HEAD.format(inputs=", ".join(inputs)) + f"void main() {{\n    gl_FragColor = {colour};\n}}\n"


class Playing:
    """A show that is ticked by hand, as the live loop does."""

    def __init__(self, rig: Rig, said: list[str]) -> None:
        self.rig = rig
        self.said = said
        self.watch = ShaderWatch(rig.show.stage, rig.show.shaders.go_live())

    @property
    def table(self):
        return self.rig.engine.table

    def tick(self) -> np.ndarray:
        self.rig.engine.tick(self.rig.clock())
        self.rig.show.after_tick()
        for item in self.watch.changed():
            self.rig.show.shaders.saved(item)
        return self.rig.show.stage.finish()

    def until(self, true: Callable[[np.ndarray], object], seconds: float = 60.0) -> np.ndarray:
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            picture = self.tick()
            if true(picture):
                return picture
            time.sleep(0.01)
        raise AssertionError(f"it never came about; said: {self.said}")

    def until_said(self, word: str) -> str:
        self.until(lambda _: any(word in line for line in self.said))
        return next(line for line in self.said if word in line)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("generators", "effects"):
        (tmp_path / "shaders" / kind).mkdir(parents=True)
    (tmp_path / "presets").mkdir()
    (tmp_path / "shaders" / "generators" / "plain.fs").write_text(plain(LEVEL))
    (tmp_path / "shaders" / "effects" / "same.fs").write_text(plain(PICTURE, colour="IMG_THIS_PIXEL(inputImage)"))
    (tmp_path / "presets" / "look.toml").write_text(PRESET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def show(folder: Path) -> Iterator[Playing]:
    rig, said = started()
    made = Playing(rig, said)
    yield made
    made.watch.close()
    rig.close()
    assert not list((folder / "state" / "perform" / "shaders" / "trying").glob("*")), "a mark was left behind"


def grey(picture: np.ndarray) -> int:
    return int(picture[10, 10, 1])


def save_by_rename(path: Path, text: str) -> None:
    """As most editors save: a new file that takes the old one's name."""
    part = path.with_name(path.name + ".part~")
    part.write_text(text)
    os.replace(part, path)


def test_saves_are_taken_over_with_new_inputs_and_old_values(show: Playing, folder: Path) -> None:
    file = folder / "shaders" / "generators" / "plain.fs"
    show.until(lambda p: grey(p) == 51)
    show.table.set("deck/a/source/level", 0.4)
    show.until(lambda p: grey(p) == 102)
    save_by_rename(file, plain(LEVEL, RED, colour="vec4(red, level, 0.0, 1.0)"))
    picture = show.until(lambda p: p[10, 10, 0] == 153)
    assert grey(picture) == 102, "the value of an input that stayed has changed"
    assert show.table.value("deck/a/source/red") == 0.6 and "plain.fs: reloaded" in show.said
    save_by_rename(file, plain(RED.replace("0.6", "0.8"), colour="vec4(red, 0.2, 0.0, 1.0)"))
    show.until(lambda p: p[10, 10, 0] == 204)
    assert "deck/a/source/level" not in show.table, "an input that went is still there"
    assert show.table.value("deck/a/source/red") == 0.8, "nobody had moved it, so the new default holds"
    assert "deck/a/level" in show.table and show.table.value("out/message") == "plain.fs: reloaded"


def test_a_broken_save_keeps_the_last_good_one_and_says_why(show: Playing, folder: Path) -> None:
    file = folder / "shaders" / "generators" / "plain.fs"
    show.until(lambda p: grey(p) == 51)
    file.write_text(plain(LEVEL, colour="vec4(nonsense)"))
    line = show.until_said("nonsense")
    assert line.startswith("plain.fs:3: ") and grey(show.tick()) == 51
    assert show.table.value("out/message") == line
    assert any(line[:60] in shown for shown in hud(show.rig)[0])
    assert show.rig.engine.health.counts["shader errors"] == 1
    file.write_text("")
    show.until_said("plain.fs:1: no ISF header")
    file.unlink()
    for _ in range(20):
        assert grey(show.tick()) == 51
        time.sleep(0.01)
    file.write_text(plain(LEVEL, colour="vec4(1.0 - level)"))
    show.until(lambda p: grey(p) == 204)
    assert show.rig.engine.health.last_error == "", "the old complaint is still on the HUD"


def test_an_effect_that_was_broken_comes_in_when_it_is_mended(folder: Path) -> None:
    file = folder / "shaders" / "effects" / "same.fs"
    file.write_text(plain(PICTURE, colour="nonsense"))
    text = PRESET + 'params = { gain = 0.5 }\n[[deck.a.fx]]\nshader = "posterise"\n'
    (folder / "presets" / "look.toml").write_text(text)
    rig, said = started()
    show = Playing(rig, said)
    show.tick()
    assert any("effect same is left out" in line for line in said)
    gain = '{"NAME": "gain", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.0, "MAX": 1.0}'
    file.write_text(plain(PICTURE, gain, colour="IMG_THIS_PIXEL(inputImage) * gain"))
    show.until_said("same.fs has taken its place")
    assert [name for name, _ in rig.show.decks.chains["deck/a"]] == ["same", "posterise"]
    assert show.table.value("deck/a/fx/same/gain") == 0.5 and any(
        "same.fs has taken its place" in line for line in said
    )
    show.watch.close()
    rig.close()


def test_an_endless_save_never_reaches_the_show(show: Playing, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show.rig.show.shaders.gate, "_limit_s", 3.0)
    show.until(lambda p: grey(p) == 51)
    file = folder / "shaders" / "effects" / "same.fs"
    file.write_text(ENDLESS)
    worst_s, before_s = 0.0, time.monotonic()

    def refused(_: np.ndarray) -> bool:
        nonlocal worst_s, before_s
        now_s = time.monotonic()
        worst_s, before_s = max(worst_s, now_s - before_s), now_s
        return any("took longer than 3 s" in line for line in show.said)

    assert grey(show.until(refused)) == 51
    assert worst_s < 2.5, "the show stood still while the shader was tried"
    for _ in range(3):
        show.tick()
    show.rig.show.play(show.rig.show.preset)
    assert any("effect same is left out" in line and "took longer" in line for line in show.said)


def test_new_files_are_found_tried_and_playable_at_once(show: Playing, folder: Path) -> None:
    transitions = folder / "shaders" / "transitions"
    transitions.mkdir()
    dialects = Path(__file__).parent / "isf" / "fixtures" / "dialects"
    shutil.copy(dialects / "toy_picture.glsl", folder / "shaders" / "effects" / "turned.glsl")
    show.until_said("found turned.glsl")
    show.rig.engine.wishes.append(("deck/a/chain/add", "turned"))
    show.until(lambda p: grey(p) == 204)
    shutil.copy(dialects / "slide.glsl", transitions / "slide.glsl")
    show.until_said("found slide.glsl")
    assert "slide" in show.table["mix/transition"].choices
    show.table.set("mix/transition", "slide")
    show.tick()
    assert "mix/with/softness" in show.table


def test_a_preset_with_shaders_that_are_new_waits_for_their_trial_and_the_show_does_not(
    show: Playing, folder: Path
) -> None:
    show.until(lambda p: grey(p) == 51)
    show.watch.close()  # so that nobody has tried it before it is asked for
    (folder / "shaders" / "generators" / "other.fs").write_text(plain(LEVEL.replace("0.2", "0.7")))
    (folder / "presets" / "next.toml").write_text('version = 1\n[deck.a]\nsource = "shader:other"\n')
    show.table.set("preset/recall", "next")
    show.tick()
    assert show.rig.show.preset.name == "look" and any("tried first" in line for line in show.said)
    assert grey(show.until(lambda _: show.rig.show.preset.name == "next")) in (51, 178)
    show.until(lambda p: grey(p) in (178, 179))


def started(*, preset: str = "look") -> tuple[Rig, list[str]]:
    """A show, ready to tick, and what it said while it was set up."""
    said: list[str] = []
    options = Options(audio="silence", preset=preset, size=(64, 36), display="offscreen", osc_port=-1)
    return open_live(options, said.append), said


def test_what_killed_the_last_show_is_left_out_of_this_one(folder: Path) -> None:
    """A real show, killed while its effect is tried; the next start skips it in one line, and plays."""
    (folder / "shaders" / "effects" / "same.fs").write_text(ENDLESS)
    options = ("--size", "64x36", "--display", "offscreen", "--audio", "silence", "--osc-port", "-1")
    trying = folder / "state" / "perform" / "shaders" / "trying"
    with playing(folder, *options, "--preset", "look") as first:
        ends_s = time.monotonic() + 120.0
        while not any("same.fs" in p.read_text() for p in trying.glob("*")):
            assert time.monotonic() < ends_s and first.process.poll() is None
            time.sleep(0.01)
        first.process.kill()
        first.process.wait()
    time.sleep(0.2)
    rig, said = started()
    told = [line for line in said if "same" in line]
    assert len(told) == 1 and "last hung or was killed" in told[0] and "shaders retry same" in told[0]
    assert not any("plain.fs" in line for line in said), "the one that was not being tried is blamed too"
    rig.engine.tick(rig.clock())
    assert grey(rig.show.stage.finish()) == 51
    rig.close()


def test_a_source_that_killed_the_last_show_gives_way_to_one_that_ships(folder: Path) -> None:
    from perform.trial.verdicts import LEFT_BEHIND, Verdict, Verdicts, digest_of

    file = folder / "shaders" / "generators" / "plain.fs"
    Verdicts().put(Verdict(digest_of(file), str(file), False, LEFT_BEHIND))
    rig, said = started()
    rig.close()
    told = [line for line in said if "plain.fs" in line]
    assert len(told) == 1 and "plays shader:marbling instead" in told[0]


def test_notices_go_out_by_osc(folder: Path) -> None:
    from pythonosc.osc_message import OscMessage

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(2.0)
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        options = ("--size", "64x36", "--display", "offscreen", "--audio", "silence", "--preset", "look")
        ports = ("--osc-port", str(free_port()), "--osc-send", target)
        with playing(folder, *options, *ports, "--seconds", "60") as running:
            running.wait_for("playing")
            file = folder / "shaders" / "generators" / "plain.fs"
            texts: list[str] = []
            for colour, word in (("vec4(nonsense)", "plain.fs:3: "), ("vec4(level)", "plain.fs: reloaded")):
                ends_s = time.monotonic() + 60.0
                while not any(word in text for text in texts):
                    assert time.monotonic() < ends_s, running.said
                    save_by_rename(file, plain(LEVEL, colour=colour))  # again: the watcher may just be starting
                    try:
                        message = OscMessage(listener.recv(4096))
                    except TimeoutError:
                        continue
                    assert message.address == "/perform/out/message"
                    texts += message.params
            running.process.terminate()
            running.finish()


def test_targets_are_read_strictly() -> None:
    assert parse_targets(["127.0.0.1:9001", "[::1]:9002"]) == [("127.0.0.1", 9001), ("::1", 9002)]
    for wrong in ("9001", "host:", "host:0", "host:99999", ":1", "host:x"):
        with pytest.raises(Exception, match="HOST:PORT"):
            parse_targets([wrong])
