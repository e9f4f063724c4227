"""Events that wait for the beat: let go in the frame nearest to their boundary, and never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.clock import TempoClock
from perform.core.errors import PresetError
from perform.core.quantise import DOUBT_S, MOST_WAITING, Quantiser
from perform.core.types import BeatClock, ControlEvent, Moment

DATE = (2000, 1, 1, 0.0)


def event(address: str = "seed", value: object = 1) -> ControlEvent:
    return ControlEvent(address, value, 0.0, "test")  # type: ignore[arg-type]


class Run:
    """A clock at `bpm` in frames of dt, its moments handed to a quantiser."""

    def __init__(self, dt: float, bpm: float = 120.0, metre: int = 4, confidence: float = 1.0) -> None:
        self.clock, self.dt, self.bpm, self.metre = TempoClock(bpm), dt, bpm, metre
        self.confidence = confidence
        self.n = 0
        self.quantiser = Quantiser(lambda address: address == "go")
        self.moment = Moment(0.0, 0.0, -1)
        self.step()

    def step(self) -> list[ControlEvent]:
        self.n += 1
        now = self.n * self.dt
        word = BeatClock(now, now * self.bpm / 60.0, self.bpm, self.metre, self.confidence)
        self.clock.advance(self.dt, word)
        self.moment = self.clock.moment(now, self.dt, self.n, DATE)
        return self.quantiser.due(self.moment)

    def until_let_go(self, most: int = 8000) -> Moment:
        for _ in range(most):
            if self.step():
                return self.moment
        raise AssertionError("it never happened")


@given(
    dt=st.floats(1 / 144, 1 / 12), bpm=st.floats(60.0, 200.0), metre=st.integers(2, 7), start=st.integers(1, 200),
    length=st.sampled_from(["beat", "2 beats", "bar", "4 bars", "1/8T"]),
)  # fmt: skip
def test_it_is_the_first_frame_past_the_boundary(dt: float, bpm: float, metre: int, start: int, length: str) -> None:
    run = Run(dt, bpm, metre)
    for _ in range(start):
        run.step()
    assert run.quantiser.hold(event(), length, run.moment)
    asked = run.moment
    let_go = run.until_let_go()
    size = {"beat": 1.0, "2 beats": 2.0, "bar": metre, "4 bars": 4.0 * metre, "1/8T": 1 / 3}[length]
    late = let_go.beats % size
    assert min(late, size - late) <= dt * bpm / 60.0 + 1e-6
    assert let_go.beats - asked.beats <= size + dt * bpm / 60.0 + 1e-6
    assert not run.quantiser.events()


def test_what_takes_longer_to_be_seen_is_let_go_sooner_and_too_late_for_it_is_the_next_one() -> None:
    run = Run(0.01)
    assert run.quantiser.hold(event(), "bar", run.moment, early_s=0.25)
    assert run.until_let_go().beats == pytest.approx(3.5, abs=0.03)
    assert run.quantiser.hold(event(), "bar", run.moment, early_s=0.3)
    assert run.until_let_go().beats == pytest.approx(7.4, abs=0.03)


def test_of_values_the_last_waits_and_of_triggers_all() -> None:
    run = Run(0.02)
    for number in range(3):
        run.quantiser.hold(event("seed", number), "bar", run.moment)
        run.quantiser.hold(event("go", True), "bar", run.moment)
    assert [(e.address, e.value) for e in run.quantiser.events()] == [
        ("go", True), ("go", True), ("seed", 2), ("go", True)
    ]  # fmt: skip
    assert not run.quantiser.hold(event("seed", 9), "now", run.moment)
    assert [e.address for e in run.quantiser.events()] == ["go"] * 3


def test_with_no_beat_to_trust_nothing_waits_and_what_waits_happens() -> None:
    silent = Run(0.02, confidence=0.0)
    assert not silent.quantiser.trusts and not silent.quantiser.hold(event(), "bar", silent.moment)
    run = Run(0.02)
    run.quantiser.hold(event(), "16 bars", run.moment)
    run.confidence = 0.1
    ticks = 0
    while not run.step():
        ticks += 1
        assert ticks < 500
    assert ticks * 0.02 == pytest.approx(DOUBT_S, abs=0.05)
    run.confidence = 1.0
    run.step()
    assert run.quantiser.hold(event(), "bar", run.moment)


def test_one_doubtful_frame_is_no_reason() -> None:
    run = Run(0.02)
    run.quantiser.hold(event(), "4 bars", run.moment)
    run.confidence = 0.0
    assert not run.step()
    run.confidence = 1.0
    assert run.until_let_go().beats == pytest.approx(16.0, abs=0.05)


@pytest.mark.parametrize("length", ["sometime", "1/3", "bars", "0 bars"])
def test_lengths_that_are_none_are_refused(length: str) -> None:
    run = Run(0.02)
    with pytest.raises(PresetError):
        run.quantiser.hold(event(), length, run.moment)
    assert len(run.quantiser) == 0


def test_a_flood_is_bounded_and_counted() -> None:
    run = Run(0.02)
    for _ in range(MOST_WAITING + 50):
        assert run.quantiser.hold(event("go", True), "bar", run.moment)
    assert len(run.quantiser) == MOST_WAITING and run.quantiser.dropped == 50
    run.quantiser.clear()
    assert len(run.quantiser) == 0
