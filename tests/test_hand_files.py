"""Maps of keys and pads are found, lie over each other, and are read again when they are saved in mid-show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perform import hand_files
from perform.hand_files import HandFiles
from perform.lights_room import NO_LIGHTS, LightsRoom, read_lights

KEY = '[[control]]\ncontrol = "key/k"\ntarget = "{}"\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(hand_files, "LOOK_S", 0.02)
    (tmp_path / "controllers").mkdir()
    yield tmp_path


def until(look: Callable[[], object]) -> object:
    ends = time.monotonic() + 10.0
    while not (found := look()):
        assert time.monotonic() < ends
        time.sleep(0.01)
    return found


def target_of(maps: list, control: str) -> str:
    return next(b.target for found in maps for b in found.bindings if b.control == control)


def test_the_nearest_comes_first_and_what_was_asked_for_before_all(here: Path) -> None:
    (here / "controllers" / "keyboard.toml").write_text(KEY.format("out/freeze"))
    (here / "mine.toml").write_text(KEY.format("out/hud"))
    (here / "data" / "perform").mkdir(parents=True)
    (here / "data" / "perform" / "hand_map.toml").write_text(KEY.format("macro/1"))
    said: list[str] = []
    files = HandFiles("mine.toml", NO_LIGHTS, said.append)
    maps = files.read()
    assert target_of(maps, "key/k") == "out/hud" and target_of(maps[1:], "key/k") == "out/freeze"
    assert target_of(maps, "key/escape") == "quit"  # what ships is still there, below
    assert not any(b.control.startswith("dmx") for found in maps for b in found.bindings)
    own, keep_in = files.learnt()
    assert [b.target for b in own] == ["macro/1"] and keep_in.name == "hand_map.toml"
    placed = HandFiles("", LightsRoom("127.0.0.1", universe=3, address=11), said.append).read()
    assert target_of(placed, "dmx/3/11") == "out/level" and not said


def test_what_cannot_be_read_is_said_and_nothing_is_lost(here: Path) -> None:
    said: list[str] = []
    assert HandFiles("none.toml", NO_LIGHTS, said.append).read() and "none.toml" in said[0]
    (here / "data" / "perform").mkdir(parents=True)
    (here / "data" / "perform" / "hand_map.toml").write_text("broken [")
    own, keep_in = HandFiles("", NO_LIGHTS, said.append).learnt()
    assert own == [] and keep_in.name == "hand_map_learnt.toml"
    assert (here / "data" / "perform" / "hand_map.toml").read_text() == "broken ["


def test_a_map_that_is_saved_in_mid_show_is_read_again(here: Path) -> None:
    said: list[str] = []
    mine = here / "mine.toml"
    mine.write_text(KEY.format("out/hud"))
    files = HandFiles("mine.toml", NO_LIGHTS, said.append)
    files.read()
    assert files.fresh() is None
    files.start()
    mine.write_text(KEY.format("out/testcard"))
    assert target_of(until(files.fresh), "key/k") == "out/testcard"  # type: ignore[arg-type]
    mine.write_text("broken [")
    assert target_of(until(files.fresh), "key/k") == "out/testcard"  # type: ignore[arg-type]
    (here / "controllers" / "gamepad.toml").write_text(
        'clean = true\n[[control]]\ncontrol = "pad/a"\ntarget = "macro/1"\n'
    )
    assert target_of(until(files.fresh), "pad/a") == "macro/1"  # type: ignore[arg-type]
    files.close()
    assert any("mine.toml: not a readable map" in line for line in said) and any("read again" in line for line in said)


def test_a_looks_own_keys_hold_while_it_plays(here: Path) -> None:
    (here / "presets" / "midi").mkdir(parents=True)
    (here / "presets" / "midi" / "lamp.toml").write_text(KEY.format("deck/a/source/prompt_1"))
    said: list[str] = []
    playing = ["day"]
    files = HandFiles("", NO_LIGHTS, said.append, lambda: playing[0])
    assert not [b for found in files.read() for b in found.bindings if b.control == "key/k"]
    files.start()
    playing[0] = "lamp"
    assert target_of(until(files.fresh), "key/k") == "deck/a/source/prompt_1"  # type: ignore[arg-type]
    playing[0] = "../../etc/passwd"
    maps = until(files.fresh)
    files.close()
    assert not [b for found in maps for b in found.bindings if b.control == "key/k"] and not said  # type: ignore[attr-defined]


def test_the_rooms_lights() -> None:
    room, problems = read_lights({"universe": 2, "address": 40, "lost": "rest", "allow": "10.0.0.0/8"}, NO_LIGHTS)
    assert room == LightsRoom("127.0.0.1", 2, 40, allow=("10.0.0.0/8",), lost="rest") and not problems
    asked = LightsRoom(host="10.0.0.5")
    assert read_lights({"host": "10.9.9.9"}, asked)[0].host == "10.0.0.5"
    assert read_lights({"on": False}, NO_LIGHTS)[0].host == ""
    wrong = {"universe": 0, "address": 600, "lost": "shine", "host": 5, "listen": ["a"], "allow": [1], "colour": 1,
             "sacn_port": True}  # fmt: skip
    room, problems = read_lights(wrong, NO_LIGHTS)
    assert room == LightsRoom("127.0.0.1") and len(problems) == len(wrong)
