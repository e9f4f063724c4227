import math
import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.types import ControlEvent
from perform.engine.health import Health, Timing
from perform.engine.mailbox import ControlQueue, Mailbox
from perform.engine.pacing import LateStart, Pacer, next_deadline


def event(address: str, value: float = 1.0) -> ControlEvent:
    return ControlEvent(address, value, 0.0, "test")


def test_the_newest_wins_and_is_taken_once() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take() is None and box.peek() is None
    box.put(1)
    box.put(2)
    assert (box.peek(), box.take(), box.take()) == (2, 2, None)


def test_a_reader_never_goes_back_in_time() -> None:
    box: Mailbox[int] = Mailbox()
    seen: list[int] = []

    def write() -> None:
        for n in range(20000):
            box.put(n)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive() or box.peek() is not None:
        value = box.wait(0.05)
        if value is not None:
            seen.append(value)
    writer.join()
    assert seen == sorted(set(seen)) and seen[-1] == 19999


def test_a_flood_coalesces_to_the_last_value_of_each_address() -> None:
    queue = ControlQueue()
    for n in range(5000):
        queue.post(event(f"a/{n % 3}", n))
    events = queue.drain()
    assert sorted((e.address, e.value) for e in events) == [("a/0", 4998), ("a/1", 4999), ("a/2", 4997)]
    assert queue.coalesced == 4997 and queue.drain() == []


def test_triggers_are_kept_one_by_one_and_what_is_over_is_counted() -> None:
    queue = ControlQueue(lambda address: address == "go", limit=10)
    for _ in range(14):
        queue.post(event("go"))
    assert len(queue.drain()) == 10 and queue.dropped == 4


def test_addresses_without_end_are_bounded() -> None:
    queue = ControlQueue(limit=4)
    for n in range(100):
        queue.post(event(str(n)))
    assert len(queue.drain()) == 32 and queue.dropped == 68


@given(lates=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=50))
def test_deadlines_only_grow_and_never_burst(lates: list[float]) -> None:
    deadline, now, period = 0.0, 0.0, 1 / 60
    for late in lates:
        now += late
        before = deadline
        deadline, missed = next_deadline(deadline, now, period)
        assert deadline > before and missed >= 0
        assert now - deadline <= 4 * period
        now = max(now, deadline)


def test_small_delays_do_not_add_up() -> None:
    clock = [0.0]
    pacer = Pacer(50.0, lambda: clock[0], lambda s: clock.__setitem__(0, clock[0] + s))
    for _ in range(500):
        clock[0] += 0.007
        pacer.wait()
    assert abs(clock[0] - 10.0) < 0.021 and pacer.missed == 0


def test_timings_and_failures() -> None:
    timing = Timing(4)
    assert timing.percentile(50) == 0.0
    for ms in (100.0, 1.0, 2.0, 3.0, 4.0):
        timing.add(ms)
    assert timing.percentile(100) == 4.0 and timing.count == 5
    ticks = iter((1.0, 1.25))
    health = Health(lambda: next(ticks))
    with health.timed("work"):
        pass
    health.failed("shader", "line one\nline two")
    report = health.report({"more": 1})
    assert report["stages"]["work"]["ms_p50"] == 250.0
    assert (
        report["last_error"] == "shader: line one" and report["counts"] == {"shader errors": 1} and report["more"] == 1
    )


class Display:
    """Refreshes at a fixed rate; a swap waits for the next refresh. work: how long a frame takes to make."""

    def __init__(self, hz: float, work: Callable[[int], float]) -> None:
        self.period_s, self.work = 1.0 / hz, work
        self.now_s, self.shown_s, self.frame = 0.0, 0.0, 0
        self.ages: list[float] = []
        self.missed = 0

    def play(self, late: LateStart, frames: int) -> None:
        for _ in range(frames):
            self.now_s += late.delay_s
            heard_s = self.now_s
            self.now_s += self.work(self.frame)
            before_s, drawn_s = self.shown_s, self.now_s
            self.now_s = (math.floor(drawn_s / self.period_s) + 1) * self.period_s
            self.shown_s, self.frame = self.now_s, self.frame + 1
            self.ages.append(self.now_s - heard_s)
            self.missed += self.shown_s - before_s > 1.5 * self.period_s
            late.note(self.now_s - drawn_s, self.shown_s - before_s, self.period_s)


def test_a_frame_hears_later_sound_where_the_display_waits() -> None:
    display = Display(60.0, lambda _: 0.004)
    display.play(LateStart(), 300)
    assert display.ages[0] == pytest.approx(1 / 60) and display.ages[-1] == pytest.approx(0.0065, abs=2e-4)
    assert display.missed == 0


def test_uneven_work_is_left_its_room_and_a_missed_frame_gives_some_back() -> None:
    rng = np.random.default_rng(6)
    works = 0.003 + rng.gamma(2.0, 0.0006, 4000)
    works[2000] = 0.018
    late = LateStart()
    display = Display(60.0, lambda n: float(works[n]))
    display.play(late, 2000)
    before_s = late.delay_s
    assert display.missed <= 3 and np.median(display.ages[500:]) < 0.012
    display.play(late, 1)
    display.play(late, 1)
    assert late.delay_s < 0.6 * before_s
    display.play(late, 1998)
    assert display.missed <= 8


def test_where_nothing_waits_nothing_is_put_off() -> None:
    late = LateStart()
    for _ in range(500):
        late.note(0.0005, 1 / 60, 1 / 60)
        assert late.delay_s == 0.0
