"""The autopilot: the same night for the same seed, within tags, never one look twice in a row, a cut on the drop."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from perform.app import open_offline
from perform.autopilot import LEAST_S, RANDOM, drawn
from perform.core.types import ControlEvent
from perform.options import Options

FPS = 20.0
TAGS = {"ant": "calm", "bee": "calm", "cat": "calm, fast", "dog": "fast", "elk": "calm"}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 30])
def test_each_comes_once_in_a_lap_and_none_twice_in_a_row(size):
    names = [f"look {n}" for n in range(size)]
    for seed in range(20):
        row = [drawn(seed, count, names) for count in range(size * 6)]
        assert all({*row[lap * size : lap * size + size]} == {*names} for lap in range(6))
        assert size == 1 or all(a != b for a, b in pairwise(row))
        assert row == [drawn(seed, count, names) for count in range(size * 6)]
    assert size < 4 or len({tuple(drawn(s, n, names) for n in range(size)) for s in range(20)}) > 10
    assert drawn(1, 5, []) == ""


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """One show for all tests of this file, with five looks of its own."""
    folder: Path = tmp_path_factory.mktemp("room")
    (folder / "presets").mkdir()
    for name, tags in TAGS.items():
        words = ", ".join(f'"my {word}"' for word in tags.split(", "))
        (folder / "presets" / f"{name}.toml").write_text(f'tags = [{words}]\n[deck.a]\nsource = "testcard"\n')
    (folder / "presets" / "fox.toml").write_text('tags = ["my calm"]\n[deck.a]\nsource = "image:gone.png"\n')
    (folder / "presets" / "gnu.toml").write_text("= =")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said: list[str] = []
        rig = open_offline(Options(audio="synth", preset="ant", size=(32, 18), start_s=60.0), said.append)
        yield SimpleNamespace(rig=rig, said=said, folder=folder)
        rig.close()


class Room:
    def __init__(self, stand) -> None:
        self.rig, self.show, self.said = stand.rig, stand.rig.show, stand.said
        self.engine, self.table = self.rig.engine, self.rig.engine.table

    def set(self, **values) -> None:
        for name, value in values.items():
            self.table.set(f"autopilot/{name}", value)

    def run(self, ticks: int) -> list[str]:
        """The looks that came, in order."""
        came = []
        for _ in range(ticks):
            before = self.show.preset.name
            self.engine.tick((self.engine.moment.frame + 2) / FPS)
            self.show.after_tick()
            if self.show.preset.name != before:
                came.append(self.show.preset.name)
        return came

    def night(self, seed: int, tags: str, ticks: int = 130) -> list[str]:
        """A pilot's night from the same look on."""
        self.set(on=False)
        self.run(2)
        self.show.recall("ant")
        self.show.programme.autopilot.count = 0
        self.show.programme.autopilot._broken.clear()
        self.set(seed=seed, tags=tags, minutes=1.0, bars=1, fade_s=0.0, drop=False, on=True)
        return self.run(ticks)


@pytest.fixture
def room(stand):
    made = Room(stand)
    stand.said.clear()
    return made


def test_the_same_seed_gives_the_same_night_within_its_tags(room):
    first = room.night(3, "my calm, -my fast")
    assert {*first} <= {"ant", "bee", "elk"} and len(first) >= 2, first
    assert all(a != b for a, b in pairwise(["ant", *first]))
    assert len(room.said) == 1 and "gone.png" in room.said[0]  # the broken one is said once, and no more drawn
    again = room.night(3, "my calm, -my fast")
    assert len(again) >= 2 and all(a == b for a, b in zip(first, again, strict=False))
    assert {*room.night(3, "MY  fast", 90)} == {"cat", "dog"}


def test_it_changes_on_the_bar_after_its_time(room):
    room.night(1, "my calm", ticks=2)
    room.set(bars=1)
    beats = []
    for _ in range(110):
        if room.run(1):
            beats.append(room.engine.moment.beats)
    frame = room.engine.tempo.bpm / 60.0 / FPS
    # told in the tick before the line, so that it is seen in the first frame after it
    assert len(beats) >= 2 and all(
        -(b + frame) % 4.0 > 4.0 - 1.01 * frame or (b + frame) % 4.0 <= 1.01 * frame for b in beats
    )
    assert beats[1] - beats[0] == pytest.approx(4.0, abs=1.1 * frame)


def test_a_drop_cuts_hard_but_not_twice_at_once(room, monkeypatch):
    room.night(1, "my calm", ticks=30)
    room.set(bars=0, minutes=60.0, drop=True, fade_s=5.0)
    gather = room.engine._gather
    drops = [0.0]

    def heard(seconds: float) -> None:
        gather(seconds)
        room.engine.signals["section/drops"] = drops[0]

    monkeypatch.setattr(room.engine, "_gather", heard)
    monkeypatch.setattr("perform.autopilot.LEAST_S", 2.0)
    assert LEAST_S > 2.0 and room.run(45) == []
    drops[0] = 1.0
    assert len(room.run(1)) == 1 and not room.show.look_fade.running
    drops[0] = 2.0
    assert room.run(20) == []
    room.set(drop=False)
    room.run(30)
    drops[0] = 3.0
    assert room.run(20) == []


def test_a_hand_may_change_the_look_or_skip_and_its_time_begins_anew(room):
    room.night(1, "my calm", ticks=30)
    room.set(bars=0, minutes=1.0)
    room.run(40)
    assert 54.0 < room.engine.signals["autopilot/left_s"] < 60.0
    room.show.recall("dog")  # not one of the tags: it is the hand's wish, until the time is over
    assert room.run(1) == [] and room.engine.signals["autopilot/left_s"] > 54.0
    room.run(40)
    coming = room.table.value("autopilot/coming")
    room.engine.queue.post(ControlEvent("autopilot/skip", True, 0.0, "test"))
    came = room.run(2)
    assert len(came) == 1 and (came == [coming] or coming == "fox") and room.engine.signals["autopilot/left_s"] > 58.0


def test_where_no_look_has_the_tags_what_plays_stays(room):
    assert room.night(1, "nobody has this", 60) == []
    assert len(room.said) == 1 and "nobody has this" in room.said[0]
    assert room.table.value("autopilot/coming") == ""


def test_it_may_shuffle_a_set(room, stand):
    (stand.folder / "presets" / "sets").mkdir(exist_ok=True)
    (stand.folder / "presets" / "sets" / "two.toml").write_text('[[cue]]\npreset = "elk"\n[[cue]]\npreset = "dog"\n')
    room.show.programme.cues.load("two")
    room.set(of="the set")
    try:
        assert {*room.night(2, "", 110)} == {"elk", "dog"}
    finally:
        room.set(of="all")
        room.show.programme.cues.load("")


def test_transitions_may_be_drawn_too(room, monkeypatch):
    room.night(6, "my calm", ticks=2)
    room.set(fade_s=0.5, transition=RANDOM)
    asked = []
    monkeypatch.setattr(room.show, "recall", lambda name, fade: asked.append(fade))
    for _ in range(300):
        room.run(len(asked) < 4)
    assert len(asked) == 4 and len({fade.transition for fade in asked}) > 1 and {fade.count for fade in asked} == {0.5}


def test_the_drop_of_the_built_in_band_is_heard_and_cuts(stand):
    rig = open_offline(Options(audio="synth", preset="ant", size=(32, 18), start_s=50.0), stand.said.append)
    try:
        for path, value in (("tags", "my calm, -my fast"), ("minutes", 60.0), ("fade_s", 5.0), ("on", True)):
            rig.engine.table.set(f"autopilot/{path}", value)
        came = []
        for number in range(140):
            before = rig.show.preset
            rig.engine.tick((number + 1) / 10.0)
            rig.show.after_tick()
            if rig.show.preset is not before:
                came.append((rig.engine.signals["section/drops"], rig.engine.moment.beats, rig.show.look_fade.running))
        assert len(came) == 1 and came[0][0] == 1.0 and not came[0][2]
        assert came[0][1] % 4.0 < 0.5  # the band drops on a bar
    finally:
        rig.close()
