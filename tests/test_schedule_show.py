"""A room's schedule in a show with a calendar of the test's: at the start, through midnight, as clocks change."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from perform.app import open_offline
from perform.core.schedule import read_schedule
from perform.options import Options, with_venue

START = datetime(2026, 10, 24, 9, 0)  # a Saturday; in the night the clocks of Central Europe go back
ENTRIES = [
    {"time": "10:00", "preset": "day", "fade_s": 0.2},
    {"time": "18:00", "values": {"out/level": 0.5}},
    {"time": "22:00", "blackout": True},
    {"time": "00:00", "days": "sun", "set": "night", "blackout": False},
    {"time": "02:30", "values": {"macro/1": 0.5}},
    {"time": "04:00", "preset": "gone"},
]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("gallery")
    (folder / "presets" / "sets").mkdir(parents=True)
    for name in ("day", "moon", "house"):
        (folder / "presets" / f"{name}.toml").write_text('[deck.a]\nsource = "testcard"\n')
    (folder / "presets" / "sets" / "night.toml").write_text(
        '[[cue]]\npreset = "moon"\nfollow_s = 600\n[[cue]]\npreset = "day"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        said: list[str] = []
        rig = open_offline(Options(audio="silence", preset="house", size=(32, 18)), said.append)
        yield SimpleNamespace(rig=rig, said=said, show=rig.show, table=rig.engine.table, folder=folder)
        rig.close()


class Days:
    """A calendar that is turned by hand; a tick for each turn."""

    def __init__(self, room, start: datetime) -> None:
        self.room, self.now = room, start
        room.rig.engine.date = self.date

    def date(self):
        n = self.now
        return n.year, n.month, n.day, n.hour * 3600.0 + n.minute * 60.0 + n.second

    def to(self, hour: int, minute: int = 0, day: int | None = None, step_s: float = 600.0) -> Days:
        """On to a time of the day, in steps."""
        aim = self.now.replace(hour=hour, minute=minute, second=0, day=self.now.day if day is None else day)
        while self.now < aim:
            self.now = min(self.now + timedelta(seconds=step_s), aim)
            self.tick()
        return self

    def leap(self, aim: datetime) -> Days:
        self.now = aim
        self.tick()
        return self

    def tick(self) -> None:
        engine = self.room.rig.engine
        engine.tick(engine.moment.seconds + 1 / 30)
        self.room.show.after_tick()

    @property
    def plays(self) -> tuple[str, bool, float]:
        table = self.room.table
        return self.room.show.preset.name, bool(table.value("out/blackout")), float(table.value("out/level"))


@pytest.fixture
def days(room):
    """Saturday at nine, the house look, nothing dark."""
    room.show.programme.schedule.entries = ()
    room.show.programme.cues.load("")
    room.show.recall("house")
    for path, value in (("out/blackout", False), ("out/level", 1.0), ("macro/1", 0.0)):
        room.table.set(path, value)
    room.show.programme.cues.values.darkened = False
    room.said.clear()
    return Days(room, START)


def open_at(days: Days, hour: int, *, day: int = 24) -> bool:
    days.now = START.replace(hour=hour, day=day)
    return days.room.show.programme.schedule.open(read_schedule(ENTRIES)[0])


def test_what_applies_at_the_start_comes_at_once(days):
    assert open_at(days, 19)
    assert days.plays == ("day", False, 0.5) and "10:00 day" in days.room.said[0]
    assert days.room.table.value("schedule/next") == "22:00 blackout"


def test_a_box_that_starts_at_night_stays_dark_until_the_day(days):
    assert open_at(days, 23)
    assert days.plays == ("day", True, 0.5)


def test_a_show_that_is_gone_on_with_keeps_its_look_unless_another_was_due(days):
    desk, entries = days.room.show.programme.schedule, read_schedule(ENTRIES)[0]
    days.now = START.replace(hour=19)
    assert not desk.open(entries, (2026, 10, 24, 18.5 * 3600.0))  # the power was away for half an hour
    assert days.plays == ("house", False, 1.0)
    days.now = START.replace(hour=23)
    assert not desk.open(entries, (2026, 10, 24, 18.5 * 3600.0))  # for long: now it is night
    assert days.plays == ("house", True, 1.0)
    days.now = START.replace(hour=19)
    assert desk.open(entries, (2026, 10, 23, 12 * 3600.0))
    assert days.plays == ("day", False, 0.5)


def test_a_day_and_a_night(days):
    open_at(days, 9)
    days.room.show.recall("house")
    days.room.table.set("out/level", 1.0)
    assert days.to(9, 50).plays[0] == "house"
    assert days.to(10).plays == ("day", False, 1.0)
    days.room.show.recall("house")  # what a hand does stays until the next entry that says otherwise
    assert days.to(18).plays == ("house", False, 0.5)
    assert days.to(22).plays == ("house", True, 0.5)
    days.now, days.room.said[:] = START.replace(hour=23, minute=50), []
    days.leap(START.replace(day=25, hour=0, minute=0))  # midnight, to the second
    assert days.plays == ("moon", False, 0.5) and days.room.show.programme.cues.set.name == "night"
    assert [line for line in days.room.said if "set night" in line]


def test_the_hour_that_comes_twice_brings_nothing_twice(days):
    open_at(days, 1, day=25)
    days.to(2, 50)
    assert days.room.table.value("macro/1") == 0.5
    days.room.table.set("macro/1", 0.9)
    days.leap(START.replace(day=25, hour=2, minute=0))  # 03:00 is 02:00 again
    days.to(3, 30)
    assert days.room.table.value("macro/1") == 0.9
    days.to(4)
    assert len([line for line in days.room.said if "no preset 'gone'" in line]) == 1 and days.plays[0] == "moon"


def test_the_hour_that_is_missing_loses_nothing(days):
    open_at(days, 1, day=25)
    days.to(1, 59)
    days.leap(START.replace(day=25, hour=3, minute=0))  # 02:00 is 03:00 already
    assert days.room.table.value("macro/1") == 0.5


def test_a_clock_that_is_set_right_brings_what_then_applies(days):
    days.now = datetime(1970, 1, 1, 1, 0)  # a box without a battery, before the network told it the time
    days.room.show.programme.schedule.open(read_schedule(ENTRIES)[0])
    days.tick()
    assert days.leap(START.replace(hour=19)).plays == ("day", False, 0.5)
    assert days.leap(START.replace(hour=23)).plays[1] is True
    assert days.leap(START.replace(hour=12)).plays[1] is False  # and back


def test_a_hand_may_switch_it_off(days):
    open_at(days, 9)
    days.room.show.recall("house")
    days.room.table.set("schedule/on", False)
    assert days.to(23).plays[:2] == ("house", False)
    days.room.table.set("schedule/on", True)
    assert days.to(23, 30).plays[:2] == ("house", False)  # what was missed is not made up for
    days.leap(START.replace(day=25, hour=0))
    assert days.plays[0] == "moon"


def test_the_list_of_cues_stands_still_for_what_comes_by_the_clock(days):
    days.room.show.programme._begin_set("night")
    open_at(days, 9)
    days.to(10)
    assert days.room.rig.engine.signals["cue/left_s"] == 0.0 and days.plays[0] == "day"


def test_the_venue_file_holds_it(tmp_path):
    venue = tmp_path / "venue.toml"
    venue.write_text('[[schedule]]\ntime = 10:00:00\npreset = "day"\n[[schedule]]\ntime = "nine"\npreset = "x"\n')
    options, problems = with_venue(Options(), venue)
    assert len(options.schedule) == 1 and options.schedule[0].told() == "10:00 day"
    assert len(problems) == 1 and "schedule 2" in problems[0] and "venue.toml" in problems[0]
