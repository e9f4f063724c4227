"""Schedules: times and days as people write them, what applies, what comes next, over midnight and the week's end."""

from __future__ import annotations

from datetime import date, time

import pytest

from perform.core.schedule import DAY_S, between, read_schedule, standing, upcoming, wall_s

MONDAY = date(2026, 11, 23)


def on(day: int, hour: int = 0, minute: int = 0) -> float:
    """So many days after a Monday, on the wall."""
    return wall_s((MONDAY.year, MONDAY.month, MONDAY.day, 0.0)) + day * DAY_S + hour * 3600.0 + minute * 60.0


def read(*entries):
    found, problems = read_schedule(list(entries))
    assert not problems, problems
    return found


@pytest.mark.parametrize(
    ("said", "at_s"),
    [("10:00", 36000), ("7:05", 25500), ("23:59:59", 86399), ("00:00", 0), ("18.30", 66600), ("9h15", 33300),
     (time(6, 30), 23400)],
)  # fmt: skip
def test_times_as_people_write_them(said, at_s):
    assert read({"time": said, "preset": "a"})[0].at_s == at_s


@pytest.mark.parametrize(
    ("said", "days"),
    [("daily", "0123456"), ("weekdays", "01234"), ("weekend", "56"), ("Sat", "5"), ("fri-mon", "4560"),
     ("mon-fri", "01234"), (["tue", "Thursday"], "13"), ("sun-sun", "6")],
)  # fmt: skip
def test_days_as_people_write_them(said, days):
    assert read({"time": "10:00", "days": said, "preset": "a"})[0].days == {int(day) for day in days}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"preset": "a"}, "time"),
        *(({"time": at, "preset": "a"}, "time") for at in ("25:00", "10:60", "soon", 10, "-1:00", "")),
        *(({"time": "10:00", "days": on, "preset": "a"}, "days") for on in ("someday", "mon-", 3, [["mon"]])),
        ({"time": "10:00"}, "nothing to do"), (7, "table"),
        ({"time": "10:00", "preset": "a", "colour": 1}, "colour"),
        ({"time": "10:00", "preset": "a", "set": "b"}, "set is used"),
        ({"time": "10:00", "blackout": "yes", "preset": "a"}, "blackout"),
        ({"time": "10:00", "preset": "a", "fade_s": -1}, "fade_s"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_listed_and_the_rest_loads(body, word):
    found, problems = read_schedule([body, {"time": "11:00", "preset": "sound"}])
    assert len(problems) == 1 and word in problems[0] and "schedule 1" in problems[0]
    assert found[-1].cue.preset == "sound"
    assert read_schedule("10:00")[0] == () and len(read_schedule("10:00")[1]) == 1
    assert len(read_schedule([{"time": "10:00", "preset": "a"}] * 999)[0]) == 200


WEEK = (
    {"time": "10:00", "days": "tue-sun", "preset": "day"},
    {"time": "18:00", "days": "daily", "values": {"out/level": 0.6, "deck/a/level": 0.5}},
    {"time": "22:00", "blackout": True},
    {"time": "01:30", "days": "sat", "set": "late"},
)


def test_what_applies_is_all_that_the_days_before_have_left():
    week = read(*WEEK)
    evening = standing(week, on(1, 19))  # Tuesday
    assert evening.look is not None and evening.look.cue.preset == "day" and evening.blackout is False
    assert evening.values == {"out/level": 0.6, "deck/a/level": 0.5}
    night = standing(week, on(2, 3))  # after midnight, all is as the evening left it
    assert night.blackout is True and night.look == evening.look
    closed = standing(week, on(7, 12))  # a Monday: no day begins
    assert closed.blackout is True
    late = standing(week, on(5, 2))  # a set in the night to Saturday gives the light back, and has its own values
    assert late.look is not None and late.look.set == "late" and late.blackout is False
    assert late.values == {"out/level": 0.6}
    assert standing((), on(1)).look is None


def test_what_falls_due_comes_once_and_in_order():
    week = read(*WEEK)
    assert [entry.told() for _, entry in between(week, on(1, 9), on(1, 23))] == [
        "10:00 day", "18:00 out/level, deck/a/level", "22:00 blackout"]  # fmt: skip
    assert [entry.told() for _, entry in between(week, on(4, 21), on(5, 2))] == ["22:00 blackout", "01:30 set late"]
    assert between(week, on(1, 10), on(1, 10)) == [] == between(week, on(1, 10), on(1, 9))
    assert len(between(week, on(1, 10) - 1, on(1, 10))) == 1
    coming = upcoming(week, on(6, 22))  # Sunday night: on Monday nothing before the evening
    assert coming is not None and coming[0] == on(7, 18)


def test_a_date_that_is_none_is_no_accident():
    assert wall_s((0, 0, 0, 5.0)) == DAY_S + 5.0 and wall_s((2000, 2, 31, 0.0)) == DAY_S
    assert wall_s((2026, 11, 24, 60.0)) == on(1, 0, 1)
