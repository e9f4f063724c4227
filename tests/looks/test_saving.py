"""The look that plays: read off the show, kept as a file, undone and brought back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hand import say
from PIL import Image

from perform.content import find_preset, list_presets
from perform.core.errors import UsageError
from perform.core.preset import parse_preset, read_preset
from perform.core.preset_text import write_preset
from perform.looks.bring_in import SAFE_SOURCE
from perform.looks.capture import capture
from perform.looks.save import file_name, home_of_looks

NAMES = [path.stem for path in list_presets()]


@pytest.fixture
def show(rig, tmp_path, monkeypatch):
    """A show whose user has a folder of his own, and stands in another."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "presets").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    said = []
    monkeypatch.setattr(rig.show.shaders, "_say", said.append)
    for speaker in (rig.show, rig.show._bringer):
        monkeypatch.setattr(speaker, "_say", said.append)
    rig.show.said = said
    rig.show.recall("northern")
    return rig.show


def settled(show, lines=1):
    """Wait for the disk."""
    ends = time.monotonic() + 5.0
    while len(show.said) < lines and time.monotonic() < ends:
        time.sleep(0.01)
        show.after_tick()
    return show.said


def values(show):
    table = show.engine.table
    free = ("preset/title", "preset/tags", "out/message")
    return {p: v for p, v in table.base().items() if table[p].kind != "trigger" and p not in free}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_off_the_show_brings_the_show_back(rig, name, monkeypatch):
    monkeypatch.setattr(rig.show.decks, "_make_painter", lambda *_: SimpleNamespace(dismiss=lambda: None))  # no model
    show, shipped = rig.show, read_preset(find_preset(name))
    show.play(shipped)
    before = values(show)
    text = write_preset(capture(show))
    show.recall("northern" if name != "northern" else "plotter")
    show.play(parse_preset(text, name))
    after = values(show)
    assert {
        p: (before.get(p), after.get(p)) for p in before.keys() | after.keys() if before.get(p) != after.get(p)
    } == {}
    again = capture(show)
    assert (again.routes, again.free, again.tags, again.doc) == (
        shipped.routes,
        shipped.free,
        shipped.tags,
        shipped.doc,
    )


def test_a_look_that_hands_have_changed_is_kept_with_its_picture(show):
    for path, value in (
        ("deck/b/load", "shader:silk"), ("deck/a/chain/add", "mirror 1"), ("deck/a/chain/add", "mirror"),
        ("deck/a/fx/mirror_2/wet", 0.4), ("deck/a/level", 0.8), ("deck/c/load", "shader:scope"),
        ("route/1/depth", 0.123), ("route/2/on", False), ("route/add", "macro/2 deck/b/level 0.3"),
        ("mix/fade", 0.25), ("macro/2", 0.6), ("audio/gate_db", -50.0), ("mix/beats", 7),
        ("preset/tags", "warm,  late night"),
    ):  # fmt: skip
        say(show, path, value)
    before = values(show)
    say(show, "preset/save", "Late night 2")
    (line,) = settled(show)
    assert "kept as preset late_night_2" in line and show.engine.table.value("preset/save") == ""
    kept = read_preset(Path("presets/late_night_2.toml"))
    assert kept.problems == () and kept.title == "Late night 2" and kept.tags == ("warm", "late night")
    assert not {"mix/beats", "beats"} & kept.mix.keys()
    assert Image.open("presets/thumbs/late_night_2.jpg").size == (48, 27)
    show.recall("plotter")
    show.recall("late_night_2")
    after = values(show)
    assert {p: (v, after.get(p)) for p, v in before.items() if after.get(p) != v} == {}


def test_a_second_saving_keeps_the_first_beside_it(show):
    say(show, "preset/save", "mine")
    settled(show)
    first = Path("presets/mine.toml").read_text()
    say(show, "deck/a/level", 0.5)
    say(show, "preset/save", "mine")
    settled(show, 2)
    assert Path("presets/mine.toml.before").read_text() == first
    assert "level = 0.5" in Path("presets/mine.toml").read_text()
    assert sorted(p.name for p in Path("presets").iterdir() if not p.is_dir()) == ["mine.toml", "mine.toml.before"]


def test_a_recall_is_undone_with_all_that_hands_had_turned_and_done_again(show):
    say(show, "deck/a/level", 0.7)
    say(show, "macro/1", 0.3)
    before = values(show)
    say(show, "preset/recall", "plotter")
    say(show, "preset/recall", "silk_road")
    third = values(show)
    say(show, "preset/undo")
    assert show.preset.name == "plotter"
    say(show, "preset/undo")
    assert show.preset.name == "northern" and values(show) == before
    say(show, "preset/redo")
    say(show, "preset/redo")
    assert show.preset.name == "silk_road" and values(show) == third
    say(show, "preset/redo")
    assert show.said[-1] == "nothing to redo"


def test_a_recall_that_fails_leaves_nothing_to_undo(show):
    show.looks._before.clear()
    say(show, "preset/recall", "no_such_preset")
    assert show.preset.name == "northern" and not show.looks._before


@pytest.mark.parametrize("said", ["..", "///", "  ", "\x00", "con", "…", "_"])
def test_a_name_that_is_none_is_said_and_nothing_is_written(show, said):
    say(show, "preset/save", said) if "\x00" not in said else None
    with pytest.raises(UsageError):
        file_name(said)
    assert not list(Path("presets").glob("**/*"))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("A" * 300, "a" * 60),
        ("C:\\x", "c_x"),
        ("é-1", "e_1"),
        ("Bühne", "buhne"),
        ("Böhne", "bohne"),
    ],
)
def test_a_name_never_becomes_a_path(said, name):
    assert file_name(said) == name


def test_where_one_stands_in_what_ships_looks_go_to_the_user_and_hide_behind_nothing(show, monkeypatch, tmp_path):
    root = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(root)
    assert home_of_looks() == tmp_path / "data" / "perform" / "presets"
    say(show, "preset/save", "first light")
    assert "would hide it" in show.said[-1]
    assert not (tmp_path / "data" / "perform" / "presets").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk_is_said_and_the_old_file_stays(show, monkeypatch):
    say(show, "preset/save", "mine")
    settled(show)
    first = Path("presets/mine.toml").read_bytes()

    monkeypatch.setattr("perform.whole_file.open", lambda *_: open("/dev/full", "wb"), raising=False)
    say(show, "preset/save", "mine")
    line = settled(show, 2)[-1]
    assert line.startswith("preset mine cannot be written") and "free space" in line
    assert Path("presets/mine.toml").read_bytes() == first


def test_the_names_of_macros_go_with_a_look(show):
    say(show, "macro/1/name", "Glow")
    say(show, "preset/save", "named")
    settled(show)
    assert '"macro/1/name" = "Glow"' in Path("presets/named.toml").read_text()
    show.recall("plotter")
    assert show.engine.table.value("macro/1/name") == ""
    show.recall("named")
    assert show.engine.table.value("macro/1/name") == "Glow"


def test_a_look_comes_back_by_the_name_that_was_said(show):
    for said in ("Bühne", "Böhne"):
        say(show, "preset/save", said)
    settled(show, 2)
    assert {p.name for p in Path("presets").glob("*.toml")} == {"buhne.toml", "bohne.toml"}
    show.recall("plotter")
    say(show, "preset/recall", "Bühne")
    assert show.preset.name == "buhne" and show.preset.title == "Bühne"
    say(show, "preset/recall", "nowhere at all")
    assert "no preset 'nowhere at all'" in show.said[-1] and show.preset.name == "buhne"


LACKING = """version = 1
nonsense = 4
[deck.a]
source = "model:sold_last_year"
[deck.a.params]
psi = 0.7
[[deck.a.fx]]
shader = "mirror"
[deck.b]
source = "model:sold_as_well"
[[route]]
source = "audio/level"
target = "deck/a/level"
"""


def test_what_is_missing_is_listed_and_the_rest_of_the_look_comes(show):
    Path("presets/old.toml").write_text(LACKING)
    say(show, "preset/recall", "old")
    assert show.preset.name == "old" and show.decks.source("a") == SAFE_SOURCE and not show.decks.source("b")
    assert [name for name, _ in show.decks.chains["deck/a"]] == ["mirror"] and len(show.engine.bank.routes) == 1
    said = " | ".join(show.said)
    assert "nonsense" in said and "sold_last_year" in said and "sold_as_well" in said and len(show.said) == 3
