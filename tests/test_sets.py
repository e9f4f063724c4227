"""Every shipped set, found by listing its folder: it reads whole, all of it is there, and each cue plays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perform.app import open_offline
from perform.cli import main
from perform.core.cues import read_set
from perform.listing import listed
from perform.options import Options

ROOT = Path(__file__).resolve().parents[1]
SETS = sorted((ROOT / "presets" / "sets").glob("*.toml"))
PRESETS = {path.stem for path in (ROOT / "presets").glob("*.toml")}
TRANSITIONS = {path.stem for path in (ROOT / "shaders" / "transitions").glob("*.fs")} | {"fade"}


def test_there_are_some_for_a_club_and_for_a_gallery():
    rows = {row["name"]: row for row in listed("sets")}
    assert {path.stem for path in SETS} <= rows.keys() and len(SETS) >= 3
    assert all(rows[path.stem]["doc"] and rows[path.stem]["tags"] and not rows[path.stem]["problems"] for path in SETS)
    assert {"club", "gallery"} <= {tag for row in rows.values() for tag in row["tags"]}


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_it_reads_without_a_complaint_and_all_of_it_is_there(path):
    found = read_set(path)
    assert not found.problems and len(found.cues) >= 5 and found.title
    for cue in found.cues:
        assert not cue.preset or cue.preset in PRESETS
        assert cue.fade is None or not cue.fade.transition or cue.fade.transition in TRANSITIONS
    assert found.loop or found.cues[-1].follow is None, "the last cue stays"
    assert all(cue.follow for cue in found.cues[:-1]), "nobody may be there to press GO"


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_each_cue_of_it_plays(path):
    said: list[str] = []
    rig = open_offline(Options(audio="synth", set_name=path.stem, source="testcard", size=(32, 18)), said.append)
    try:
        cues = rig.show.programme.cues
        for place, cue in enumerate(cues.set.cues):
            cues.bring(place)
            rig.engine.tick(rig.engine.moment.seconds + 1 / 30)
            rig.show.after_tick()
            assert rig.engine.table.value("cue/now") == cue.name
            assert rig.show.preset.name == cue.preset or not cue.preset
            assert all(rig.engine.table.value(p) == v for p, v in cue.values.items() if p.startswith("autopilot/"))
        assert not said, said
    finally:
        rig.close()


def test_a_set_is_rendered_the_same_twice(tmp_path, monkeypatch, capsys):
    (tmp_path / "presets" / "sets").mkdir(parents=True)
    (tmp_path / "presets" / "sets" / "short.toml").write_text(
        '[[cue]]\npreset = "silk_road"\nfollow_beats = 2\n[[cue]]\npreset = "stained_night"\ntransition = "iris"\n'
        'fade_beats = 1\nfollow_s = 0.5\n[[cue]]\nvalues = { "autopilot/on" = true, "autopilot/bars" = 1 }\n'
    )
    monkeypatch.chdir(tmp_path)
    sums = []
    for name in ("short", "short", ""):
        more = ["--set", name] if name else ["--preset", "silk_road"]
        assert main(["render", "synth", "--frames", "out", "--size", "48x27", "--fps", "15", "--start", "60",
                     "--seconds", "4", "--json", *more]) == 0  # fmt: skip
        sums.append(json.loads(capsys.readouterr().out)["sha256"])
    assert sums[0] == sums[1] != sums[2]
    assert main(["render", "synth", "--frames", "out", "--seconds", "1", "--set", "shrot"]) == 65
    assert "did you mean short" in capsys.readouterr().err
