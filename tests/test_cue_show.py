"""Cues in a show: GO on the bar, what follows, BACK, HOLD, what is missing; counted in ticks of the offline clock."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from perform.app import open_offline
from perform.core.cues import read_set
from perform.core.errors import PresetError
from perform.core.preset import read_preset
from perform.core.types import ControlEvent
from perform.options import Options, with_venue

SIZE, FPS = (32, 18), 30.0
LOOK = """
version = 1
[deck.a]
source = "shader:marbling"
[[route]]
source = "cue/progress"
target = "deck/a/level"
depth = -0.5
"""
NIGHT = """
version = 1
quantise = "bar"
[[cue]]
name = "one"
preset = "first"
[[cue]]
name = "lost"
preset = "nowhere"
[[cue]]
name = "two"
preset = "second"
fade_s = 0.5
transition = "soft_wipe"
[cue.values]
"macro/1" = 0.75
"deck/a/source/glow" = 0.9
"out/safe" = true
"cue/go" = true
"deck/z/none" = 1
[[cue]]
name = "dark"
blackout = true
[[cue]]
name = "three"
preset = "third"
quantise = "off"
"""
CHAIN = """
loop = true
[[cue]]
name = "a"
preset = "first"
follow_bars = 1
[[cue]]
name = "b"
preset = "second"
follow_beats = 2
[[cue]]
name = "c"
preset = "third"
follow_s = 0.3
"""


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """One show for all tests of this file."""
    folder: Path = tmp_path_factory.mktemp("night")
    (folder / "presets" / "sets").mkdir(parents=True)
    for name in ("first", "second", "third"):
        (folder / "presets" / f"{name}.toml").write_text(LOOK)
    for name, text in (("night", NIGHT), ("chain", CHAIN), ("odd", "= ="), ("empty", "version = 1")):
        (folder / "presets" / "sets" / f"{name}.toml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said: list[str] = []
        rig = open_offline(Options(audio="synth", set_name="night", size=SIZE, start_s=60.0), said.append)
        yield SimpleNamespace(rig=rig, said=said, folder=folder)
        rig.close()


class Seat:
    """Plays the show tick by tick and notes which look each shown frame belongs to."""

    def __init__(self, stand) -> None:
        self.rig, self.said = stand.rig, stand.said
        self.engine, self.table = self.rig.engine, self.rig.engine.table
        self.cues = self.rig.show.programme.cues
        self.seen: list[tuple[str, float]] = []

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.engine.tick((self.engine.moment.frame + 2) / FPS)
            # what the stage was just given belongs to the look that is in now; after_tick is for the next frame
            self.seen.append((str(self.table.value("cue/now")), self.engine.moment.beats))
            self.rig.show.after_tick()

    def send(self, address: str, value: object = True) -> None:
        self.engine.queue.post(ControlEvent(f"cue/{address}", value, 0.0, "test"))  # type: ignore[arg-type]

    def ask(self, address: str, value: object = True, ticks: int = 66) -> None:
        self.send(address, value)
        self.run(ticks)

    def ask_looks(self, address: str, value: str) -> None:
        self.engine.queue.post(ControlEvent(f"snapshot/{address}", value, 0.0, "test"))
        self.run(2)

    def first(self, name: str) -> float:
        """Beats of the first frame of a cue."""
        return next(b for (before, _), (now, b) in zip(self.seen, self.seen[1:], strict=False) if now == name != before)

    @property
    def now(self) -> tuple[str, str]:
        return str(self.table.value("cue/now")), self.rig.show.preset.name


@pytest.fixture
def seat(stand):
    """At the first cue of the set `night`, with a beat that is trusted."""
    made = Seat(stand)
    made.cues.load("")
    made.cues.load("night")
    made.cues.bring(0)
    made.table.set("cue/quantise", "as the set")
    made.run(4)
    stand.said.clear()
    return made


def frame_beats(seat) -> float:
    return seat.engine.tempo.bpm / 60.0 / FPS


def test_a_set_begins_with_its_first_cue_and_says_what_is_missing(stand):
    assert [line for line in stand.said if "nowhere" in line]  # when it was opened
    said: list[str] = []
    stand.rig.show.say, kept = said.append, stand.rig.show.say
    try:
        stand.rig.show.programme.begin("night", None, "northern")
        assert stand.rig.show.preset.name == "first" and stand.rig.show.programme.cues.at == 0
        assert len(said) == 1 and "nowhere" in said[0] and "cue 2" in said[0]
        stand.rig.show.programme.cues.load("")
        stand.rig.show.programme.begin("night", "third", "northern")  # a preset that is named plays; GO is waited for
        assert stand.rig.show.preset.name == "third" and stand.rig.show.programme.cues.at == -1
        assert stand.rig.show.programme.cues.set.name == "night"
        with pytest.raises(PresetError, match="did you mean night"):
            stand.rig.show.programme.begin("nigth", None, "northern")
    finally:
        stand.rig.show.say = kept


def test_go_lands_on_the_bar_and_passes_over_what_is_missing(seat):
    asked = seat.engine.moment.beats
    seat.ask("go")
    assert seat.now == ("two", "second")
    landed = seat.first("two")
    assert asked < landed <= asked + 4.0 + frame_beats(seat)
    assert landed % 4.0 <= frame_beats(seat), landed


def test_a_cue_brings_its_fade_and_its_values(seat):
    asked: list[str] = []
    begin, seat.rig.show.stage.begin_look = seat.rig.show.stage.begin_look, lambda d: asked.append(d.name) or begin(d)
    try:
        seat.send("go")
        fading = 0
        for _ in range(100):
            seat.run(1)
            fading += seat.rig.show.look_fade.running
    finally:
        del seat.rig.show.stage.begin_look
    assert asked == ["soft_wipe"] and 14 <= fading <= 16  # half a second
    assert seat.table.value("macro/1") == 0.75 and seat.table.value("deck/a/source/glow") == 0.9
    assert seat.table.value("out/safe") is False and seat.now[0] == "two"  # neither the room's nor the list's own
    assert [line for line in seat.said if "deck/z/none" in line] and len(seat.said) == 3


def test_dark_is_dark_until_the_next_cue_and_goto_finds_by_name_and_number(seat):
    seat.ask("goto", "dark")
    assert seat.now == ("dark", "first") and seat.table.value("out/blackout") is True
    seat.ask("goto", "3")
    assert seat.now == ("two", "second") and seat.table.value("out/blackout") is False
    seat.ask("at", 4)  # the same by number alone, as a fader or a CHOP has it
    assert seat.now[0] == "dark"
    seat.ask("at", 2)
    assert seat.now[0] == "dark" and seat.table.value("cue/at") == 4  # that one cannot be had
    seat.ask("goto", "two")
    seat.ask("goto", "nothing of that name")
    assert seat.now[0] == "two" and "names and numbers from 1 to 5" in seat.said[-1]


def test_a_cue_that_does_not_wait_does_not_and_the_end_is_the_end(seat):
    seat.ask("goto", "dark")
    seat.ask("go", ticks=2)
    assert seat.now == ("three", "third")
    seat.ask("go")
    assert seat.now == ("three", "third") and seat.table.value("cue/next") == ""
    seat.table.set("cue/loop", True)
    seat.ask("go")
    assert seat.now == ("one", "first")


def test_back_goes_back_and_stops_at_the_first(seat):
    seat.ask("go")
    seat.ask("back")
    assert seat.now == ("one", "first")
    seat.ask("back")
    assert seat.now == ("one", "first")


def test_the_hand_may_say_what_go_waits_for(seat):
    seat.table.set("cue/quantise", "off")
    seat.ask("go", ticks=2)
    assert seat.now == ("two", "second")


def test_what_follows_lands_on_its_line_and_goes_round(seat):
    seat.table.set("cue/quantise", "off")
    seat.cues.load("chain")
    seat.seen.clear()
    seat.ask("go", ticks=215)
    assert len(seat.said) == 0, seat.said
    names = [now for (before, _), (now, _) in zip(seat.seen, seat.seen[1:], strict=False) if now != before]
    assert names[:5] in (["a", "b", "c", "a", "b"], ["b", "c", "a", "b", "c"])
    assert seat.first("b") % 4.0 <= frame_beats(seat)  # after a bar, on the bar
    assert seat.first("c") % 1.0 <= frame_beats(seat) and 1.5 <= seat.first("c") - seat.first("b") <= 2.5
    began = next(n for n, (name, _) in enumerate(seat.seen) if name == "c")
    assert sum(name == "c" for name, _ in seat.seen[began : began + 20]) == 9  # 0.3 s


def test_hold_holds_and_go_lets_go_of_it(seat):
    seat.table.set("cue/quantise", "off")
    seat.cues.load("chain")
    seat.ask("go", ticks=8)
    seat.table.set("cue/hold", True)
    seat.run(75)
    assert seat.now[0] == "a" and 0.0 < seat.engine.signals["cue/left_s"] <= 2.5
    seat.ask("go", ticks=3)
    assert seat.now[0] == "b" and seat.table.value("cue/hold") is False
    seat.run(60)
    assert seat.now[0] != "b"


def test_where_it_stands_is_a_source_of_routes(seat):
    seat.cues.load("chain")
    seat.cues.bring(0)
    seat.run(30)
    signals = seat.engine.signals
    assert signals["cue/number"] == 1.0 and 0.0 < signals["cue/progress"] < 1.0 and signals["cue/left_s"] > 0.0
    assert seat.engine.value("deck/a/level") != seat.table.value("deck/a/level")
    assert not [line for line in seat.said if "no source" in line]


def test_what_only_tells_takes_nothing(seat):
    errors = seat.engine.health.counts.get("control errors", 0)
    for address in ("now", "next"):
        seat.ask(address, "something else", ticks=1)
    assert seat.now[0] == "one" and seat.table.value("cue/next") == "two"
    assert seat.engine.health.counts["control errors"] == errors + 2
    seat.engine.health.last_error = ""


def test_a_set_is_changed_and_read_anew_while_it_plays(seat, stand):
    seat.ask("set", "chain", ticks=2)
    assert seat.cues.set.name == "chain" and seat.now == ("", "first") and seat.table.value("cue/next") == "a"
    seat.ask("set", "odd", ticks=2)
    assert seat.cues.set.name == "chain" == seat.table.value("cue/set") and "odd.toml" in seat.said[-1]
    seat.ask("set", "empty", ticks=2)
    assert seat.cues.set.name == "chain" and "no cue" in seat.said[-1]
    seat.cues.bring(0)
    path = stand.folder / "presets" / "sets" / "chain.toml"
    path.write_text('[[cue]]\nname = "new"\npreset = "third"\n' + CHAIN.replace("loop = true", ""))
    seat.ask("set", "chain", ticks=2)
    assert (seat.cues.at, seat.now[0], seat.table.value("cue/next")) == (1, "a", "b")  # it stays where it is
    path.write_text(CHAIN)


def test_a_cue_goes_over_to_a_snapshot_or_a_preset(seat, stand):
    glow = "deck/a/source/glow"
    (stand.folder / "presets" / "sets" / "over.toml").write_text(
        '[[cue]]\npreset = "first"\n[[cue]]\nsnapshot = "kept"\nmorph_s = 1\n'
        '[[cue]]\npreset = "second"\nmorph_s = 0.5\n'
        '[[cue]]\nsnapshot = "kept"\n'
    )
    seat.cues.load("over")
    seat.cues.bring(0)
    seat.table.set("cue/quantise", "off")
    seat.ask("go", ticks=2)
    assert "no snapshot 'kept'" in seat.said[-1] and seat.cues.neighbour(-1) == 0
    seat.ask("back", ticks=2)
    usual = float(seat.table.value(glow))
    seat.table.set(glow, 0.95)
    seat.ask_looks("keep", "kept")
    seat.table.set(glow, 0.15)
    seat.send("go")
    way = []
    for _ in range(34):
        seat.run(1)
        way.append(float(seat.table.value(glow)))
    assert way == sorted(way) and way[5] < 0.3 and 0.4 < way[16] < 0.7 and way[-1] == pytest.approx(0.95)
    seat.ask("go", ticks=20)
    assert seat.table.value(glow) == pytest.approx(usual) and seat.rig.show.preset.name == "second"
    seat.ask("go", ticks=2)
    assert seat.table.value(glow) == pytest.approx(0.95)


def test_another_show_goes_on_where_the_set_stood(seat):
    seat.cues.load("chain")
    seat.cues.bring(0)
    seat.run(20)
    kept, left = dict(seat.rig.show.programme.standing()), seat.engine.signals["cue/left_s"]
    assert (kept["set"], kept["cue"]) == ("chain", "a")
    seat.cues.load("")
    assert seat.rig.show.programme.stand(kept) == [] and seat.now[0] == "a"
    seat.run(1)
    assert abs(seat.engine.signals["cue/left_s"] - left) <= 2.1  # on a whole bar again
    for odd in ({"set": "chain", "cue": "a", "left": "nan"}, {"set": "chain", "cue": "z", "left": "x", "looks": "-1"}):
        assert seat.rig.show.programme.stand(odd) == []
    assert len(seat.rig.show.programme.stand({"set": "gone"})) == 1


def test_a_route_may_press_go(seat, stand):
    (stand.folder / "presets" / "auto.toml").write_text(LOOK + '[[route]]\nsource = "bar/count"\ntarget = "cue/go"\n')
    (stand.folder / "presets" / "sets" / "routed.toml").write_text(
        'transition = "nothing_like_it"\n'
        + "".join(f'[[cue]]\npreset = "{name}"\n' for name in ("auto", "second", "third"))
    )
    seat.ask("set", "routed", ticks=1)
    assert "no transition 'nothing_like_it'" in seat.said[-1]
    seat.cues.bring(0)
    seat.run(130)
    assert seat.now == ("second", "second")  # once, since the route went with its look


def test_what_plays_is_added_to_the_set_and_its_file(seat, stand):
    sets = stand.folder / "presets" / "sets"
    (sets / "grow.toml").write_text('# mine\nloop = true\n[[cue]]\nname = "a"  # the first\npreset = "first"\n')
    seat.ask("set", "grow", ticks=2)
    seat.cues.bring(0)
    for glow, name in ((0.81, "Late one"), (0.33, "a")):
        seat.table.set("deck/a/source/glow", glow)
        seat.ask("add", name, ticks=2)
    assert [cue.name for cue in seat.cues.set.cues] == ["a", "Late one", "a 2"] and seat.now[0] == "a 2"
    seat.rig.show.looks.disk.close()  # as if it had been waited for
    seat.rig.show.looks.disk.__init__("perform-looks")
    kept = read_set(sets / "grow.toml")
    assert kept.cues == seat.cues.set.cues and kept.loop
    assert "# mine" in (sets / "grow.toml").read_text() and "# the first" in (sets / "grow.toml").read_text()
    assert read_preset(stand.folder / "presets" / "late_one.toml").values()["deck/a/source/glow"] == pytest.approx(0.81)
    seat.table.set("cue/quantise", "off")
    seat.ask("goto", "Late one", ticks=2)
    assert seat.table.value("deck/a/source/glow") == pytest.approx(0.81)
    seat.ask("set", "", ticks=2)
    seat.ask("add", "new", ticks=2)
    assert seat.table.value("cue/set") == "my_set" and seat.now[0] == "new"
    seat.ask("add", "???", ticks=2)
    assert "no name for a preset" in seat.said[-1] and len(seat.cues.set.cues) == 1


def test_a_preset_that_goes_while_it_plays_is_said_and_the_list_goes_on(seat, stand):
    path = stand.folder / "presets" / "third.toml"
    seat.table.set("cue/quantise", "off")
    path.rename(path.with_suffix(".away"))
    try:
        seat.ask("goto", "three", ticks=3)
        assert seat.now == ("three", "first") and "third" in seat.said[-1] and "no preset" in seat.said[-1]
        seat.table.set("cue/loop", True)
        seat.ask("go", ticks=3)
        assert seat.now == ("one", "first")
    finally:
        path.with_suffix(".away").rename(path)


def test_the_room_names_its_set(tmp_path):
    venue = tmp_path / "venue.toml"
    venue.write_text('[show]\nset = "gallery_day"\n')
    options, problems = with_venue(Options(), venue)
    assert options.set_name == "gallery_day" and not problems
    assert with_venue(Options(set_name="other"), venue)[0].set_name == "other"
