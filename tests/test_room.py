"""What a venue file says of the room's screens, and that no preset changes it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from perform.app import open_offline
from perform.commands.arguments import options
from perform.core.preset import parse_preset
from perform.core.room import Slice, read_slices
from perform.options import Options, with_venue
from perform.room import SAFE, Room, read_room

VENUE = """
[out]
safe = true
turn = 90
fit = "fill"
[out.warp]
top_left = [0.1, -0.05]
[out.edge]
right = 0.2
[[out.slice]]
from_px = [0, 0, 64, 64]
to = [0.0, 0.0, 0.5, 1.0]
turn = 270
"""


def test_a_venue_describes_the_screens(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text(VENUE)
    options, problems = with_venue(Options(), tmp_path / "venue.toml")
    assert not problems
    assert dict(options.room.values) == {"out/safe": True, "out/turn": "90", "out/fit": "fill",
                                         "out/warp/top_left": (0.1, -0.05), "out/edge/right": 0.2}  # fmt: skip
    assert options.room.slices == (Slice((0, 0, 64, 64), (0, 0, 0.5, 1), True, False, "270"),)


def test_the_command_line_wins_over_the_venue(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text("[out]\nsafe = false\nturn = 180\n")
    found, _ = with_venue(Options(room=SAFE), tmp_path / "venue.toml")
    assert dict(found.room.values) == {"out/safe": True, "out/turn": "180"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("turn = 45", "45"), ('fit = "oval"', "oval"), ("blackout = true", "no parameter"),
        ("slice = 3", "list of tables"),
        ("[[out.slice]]\nfrom = [0, 0, 1]", "slice 1"), ("[[out.slice]]\nto = [0, 0, 0, 1]", "no rectangle"),
        ("[[out.slice]]\nfrom = [0, 0, nan, 1]", "no rectangle"), ("[[out.slice]]\nturn = 45", "turn"),
        ("[[out.slice]]\nfrom = [0,0,1,1]\nfrom_px = [0,0,9,9]", "twice"), ("[[out.slice]]\nhight = 2", "hight"),
        ('[out.warp]\ntop_left = "x"', "warp"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_and_skipped(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "venue.toml").write_text("[out]\n" + text)
    options, problems = with_venue(Options(), tmp_path / "venue.toml")
    assert len(problems) == 1 and word in problems[0] and options.room == Room()


def test_slices_are_bounded_and_meet_without_a_gap() -> None:
    slices, problems = read_slices([{}] * 80)
    assert len(slices) == 64 and len(problems) == 1
    edges = [Slice(place=(n / 7, 0, 1 / 7, 1)).place_in((1000, 10)) for n in range(7)]
    assert all(a[0] + a[2] == b[0] for a, b in pairwise(edges)) and edges[-1][0] + edges[-1][2] == 1000


def test_a_preset_leaves_the_room_alone() -> None:
    said: list[str] = []
    room, _ = read_room({"safe": True, "slice": [{}]})
    rig = open_offline(Options(audio="silence", preset="northern", size=(32, 18), room=room), said.append)
    try:
        text = '[deck.a]\nsource = "testcard"\n[params]\n"out/safe" = false\n"out/level" = 0.5\n'
        text += '[[route]]\nsource = "audio/level"\ntarget = "out/warp/top_left"\n'
        rig.show.play(parse_preset(text, "pushy"))
        rig.engine.tick(0.1)
        assert rig.engine.table.value("out/safe") is True and rig.engine.table.value("out/level") == 0.5
        assert len(said) == 2 and all("belongs to the room" in line for line in said)
        assert rig.show.stage._mapping.slices
    finally:
        rig.close()


def test_safe_on_the_command_line() -> None:
    import argparse

    from perform.commands.arguments import look_options

    parser = argparse.ArgumentParser(parents=[look_options()])
    parser.set_defaults(audio="synth")
    assert options(parser.parse_args(["--safe"])).room == SAFE and options(parser.parse_args([])).room == Room()
