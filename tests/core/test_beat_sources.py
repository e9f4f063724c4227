"""Several sources of beats: who leads, and how the lead passes on without a jump."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.beat_choice import GRACE_S, ORDER, STEADY_S, BeatChoice
from perform.core.clock import TempoClock
from perform.core.types import BeatClock

TICK_S = 0.02


def word(name: str, beats: float, bpm: float = 120.0, confidence: float = 1.0, bar: int = 4, phase: float = -1.0):
    return BeatClock(0.0, beats, bpm, bar, confidence, name, phase)


def run(clock: TempoClock, ticks: int, speak=None, start: float = 0.0) -> list[tuple[float, float]]:
    """Advance; `speak(seconds)` is the source. Returns (beats, bar phase) of every tick."""
    out = []
    for n in range(ticks):
        now = start + (n + 1) * TICK_S
        before = clock.beats
        clock.advance(TICK_S, None if speak is None else speak(now))
        assert clock.beats >= before
        out.append((clock.beats, clock.bar_phase))
    return out


def beats_apart(a: float, b: float) -> float:
    return (a - b + 0.5) % 1.0 - 0.5


def test_the_first_in_order_leads_and_a_better_one_must_be_there_for_a_while() -> None:
    choice = BeatChoice()
    words = {"tracker": word("tracker", 0.0), "midi": word("midi", 0.0)}
    assert choice.pick(0.0, words) == "midi"
    words["link"] = word("link", 0.0)
    assert choice.pick(1.0, words) == "midi"
    assert choice.pick(1.0 + STEADY_S, words) == "link"
    assert ORDER == ("link", "midi", "osc", "tracker")


def test_a_lost_leader_leaves_the_tempo_running_before_the_next_takes_over() -> None:
    choice = BeatChoice()
    both = {"tracker": word("tracker", 0.0), "link": word("link", 0.0)}
    only = {"tracker": both["tracker"]}
    assert choice.pick(0.0, both) == "link"
    assert choice.pick(1.0, only) == ""
    assert choice.pick(1.0 + GRACE_S / 2, both) == "link"  # it came back
    assert choice.pick(5.0, only) == ""
    assert choice.pick(5.0 + GRACE_S, only) == "tracker"


def test_a_source_that_doubts_itself_does_not_lead_unless_it_is_asked_to() -> None:
    words = {"midi": word("midi", 0.0, confidence=0.3)}
    assert BeatChoice().pick(0.0, words) == ""
    assert BeatChoice().pick(0.0, words, "midi") == "midi"
    assert BeatChoice().pick(0.0, {**words, "link": word("link", 0.0)}, "tracker") == ""
    assert BeatChoice().pick(0.0, {"link": word("link", 0.0)}, "manual") == ""


@settings(max_examples=120, deadline=None)
@given(
    first=st.floats(0.0, 64.0), second=st.floats(0.0, 9000.0),
    bpms=st.tuples(st.floats(60.0, 200.0), st.floats(60.0, 200.0)), gap=st.integers(0, 100),
)  # fmt: skip
def test_handing_over_never_jumps_and_ends_on_the_new_ones_beat_and_bar(first, second, bpms, gap) -> None:
    clock = TempoClock()
    run(clock, 100, lambda s: word("link", first + s * bpms[0] / 60, bpms[0]))
    run(clock, gap)
    before = clock.beats
    goal = lambda s: second + s * bpms[1] / 60  # noqa: E731
    shown = run(clock, 600, lambda s: word("midi", goal(s), bpms[1]))
    steps = [b - a for a, b in zip([before, *(s[0] for s in shown)], (s[0] for s in shown), strict=False)]
    at_most = 1.51 * TICK_S * bpms[1] / 60
    jumps = [step for step in steps if step > at_most]
    assert len(jumps) <= 1  # at the bar line, by whole beats
    assert all(abs(step - round(step)) < at_most for step in jumps)
    assert beats_apart(shown[-1][0], goal(12.0)) == pytest.approx(0.0, abs=1e-6)
    assert beats_apart(shown[-1][1], goal(12.0) / 4) == pytest.approx(0.0, abs=1e-6)


def test_the_bar_of_a_tracker_is_joined_at_its_bar_line_and_the_count_goes_on() -> None:
    clock = TempoClock()
    run(clock, 200, lambda s: word("link", s * 2.0))
    # The tracker's beats fall with Link's, its bars two beats later.
    speak = lambda s: word("tracker", 40.0 + s * 2.0, bar=4, phase=(s * 2.0 + 2.0) / 4 % 1.0, confidence=0.8)  # noqa: E731
    counts, phases = [int(clock.bars)], []
    for n in range(200):
        clock.advance(TICK_S, speak((n + 1) * TICK_S))
        counts.append(int(clock.bars))
        phases.append(clock.bar_phase)
    assert counts == sorted(counts) and max(b - a for a, b in pairwise(counts)) == 1
    assert phases[-1] == pytest.approx((200 * TICK_S * 2.0 + 2.0) / 4 % 1.0, abs=1e-6)
    falls = [(a, b) for a, b in pairwise(phases) if b < a]
    assert all(b < 0.02 for _, b in falls)  # a bar may be cut short, but what comes is its beginning


def test_a_song_started_by_midi_begins_its_bar_at_once() -> None:
    clock = TempoClock()
    run(clock, 133, lambda s: word("midi", 11.3 + s * 2.0))
    clock.advance(TICK_S, word("midi", 0.01))
    assert clock.bar_phase == pytest.approx(0.01 / 4, abs=1e-6)


def test_the_octave_stays_when_the_ear_takes_over_at_half_the_tempo() -> None:
    clock = TempoClock()
    run(clock, 100, lambda s: word("link", s * 170 / 60, 170.0))
    run(clock, 100, lambda s: word("tracker", s * 85 / 60, 85.0, 0.8))
    assert clock.bpm == pytest.approx(170.0)
    clock.release()
    assert run(clock, 50, lambda s: word("tracker", 9.0 + s * 85 / 60, 85.0, 0.8)) and clock.bpm == pytest.approx(85.0)


def test_the_hands_double_holds_while_the_ear_makes_up_its_mind_and_ends_with_the_song() -> None:
    clock = TempoClock()
    run(clock, 50, lambda s: word("tracker", s * 70 / 60, 70.0, 0.8))
    assert clock.scale(2.0)
    for bpm in (70.0, 140.0, 70.5, 141.0, 70.5):
        run(clock, 50, lambda s, bpm=bpm: word("tracker", 100.0 + s * bpm / 60, bpm, 0.8))
        assert 139.0 < clock.bpm < 142.0
    run(clock, 50, lambda s: word("tracker", 300.0 + s * 98 / 60, 98.0, 0.8))
    assert clock.bpm == pytest.approx(98.0)


def test_twice_and_back_keeps_beats_and_bars_going_without_a_jump() -> None:
    clock = TempoClock()
    last = run(clock, 100, lambda s: word("link", s * 1.5, 90.0))[-1][0]
    clock.scale(2.0)
    shown = run(clock, 200, lambda s: word("link", 3.0 + s * 1.5, 90.0), 0.0)
    steps = [b[0] - a[0] for a, b in pairwise([(last, 0.0), *shown])]
    far = [step for step in steps if step > 0.1]
    assert len(far) <= 1 and all(abs(step - round(step)) < 0.1 for step in far)  # whole beats, at the bar line
    assert clock.bpm == 180.0
    clock.scale(0.5)
    run(clock, 100, lambda s: word("link", 9.0 + s * 1.5, 90.0))
    assert clock.bpm == 90.0


def test_a_hand_leads_until_the_source_agrees_or_it_lets_go() -> None:
    clock = TempoClock()
    run(clock, 50, lambda s: word("tracker", s * 1.5, 90.0, 0.8))
    for n in range(4):
        clock.tap(1.0 + n * 0.5)
        run(clock, 25, lambda s: word("tracker", 20 + s * 1.5, 90.0, 0.8))
    assert clock.by_hand and clock.source == "manual" and clock.bpm == pytest.approx(120.0)
    here = clock.beats
    run(clock, 150, lambda s: word("tracker", here + s * 2.0, 120.0, 0.8))
    assert clock.by_hand
    last = clock.beats
    shown = run(clock, 150, lambda s: word("tracker", here + 6.0 + s * 2.0, 120.0, 0.8))
    assert not clock.by_hand and clock.source == "tracker"
    assert shown[0][0] - last < 0.06
    run(clock, 50, lambda s: word("tracker", here + 6.0 + s, 60.0, 0.8))  # it falls back to what it thought before
    assert clock.bpm == pytest.approx(120.0) and clock.source == "tracker"
    clock.take(77.0)
    run(clock, 50, lambda s: word("tracker", s * 2.0, 120.0, 0.8))
    assert clock.bpm == 77.0
    clock.release()
    run(clock, 50, lambda s: word("tracker", s * 2.0, 120.0, 0.8))
    assert clock.bpm == 120.0 and clock.source == "tracker"


def test_only_the_hand_may_lead_where_that_is_asked() -> None:
    clock = TempoClock()
    clock.manual_only = True
    clock.take(120.0)
    run(clock, 500, lambda s: word("tracker", s * 2.0, 120.0, 0.8))
    assert clock.by_hand


def test_this_is_the_one_moves_the_bars_of_any_source_and_stays() -> None:
    for name, phase in (("link", lambda s: -1.0), ("tracker", lambda s: s * 2.0 / 4 % 1.0)):
        clock = TempoClock()
        speak = lambda s, name=name, phase=phase: word(name, s * 2.0, phase=phase(s), confidence=0.9)  # noqa: E731
        run(clock, 72, speak)  # at beat 2.88: the nearest is 3
        clock.one()
        shown = run(clock, 1000, speak, 72 * TICK_S)
        assert shown[-1][1] == pytest.approx(((1072 * TICK_S * 2.0 - 3.0) / 4) % 1.0, abs=1e-6)
        clock.release()
        shown = run(clock, 300, speak, 1072 * TICK_S)
        assert shown[-1][1] == pytest.approx((1372 * TICK_S * 2.0 / 4) % 1.0, abs=1e-6)


def test_a_nudge_moves_the_phase_of_an_exact_source_and_stays() -> None:
    clock = TempoClock()
    run(clock, 100, lambda s: word("link", s * 2.0))
    clock.nudge = 1.0
    run(clock, 100, lambda s: word("link", s * 2.0), 2.0)
    clock.nudge = 0.0
    last = run(clock, 100, lambda s: word("link", s * 2.0), 4.0)[-1]
    assert last[0] == pytest.approx(12.0 + 0.16, abs=1e-6)


def test_a_metre_that_the_source_does_not_know_is_the_rows() -> None:
    clock = TempoClock()
    clock.metre = 3
    run(clock, 200, lambda s: word("midi", s * 2.0, bar=0))
    assert clock.beats_per_bar == 3 and clock.bar_phase == pytest.approx((8.0 / 3) % 1.0, abs=1e-6)
    assert int(clock.bars) == 2
    clock.set_metre(4)
    assert clock.beats_per_bar == 4


def test_counts_of_bars_never_fall_when_the_metre_changes() -> None:
    clock = TempoClock()
    counts = []
    for n in range(1200):
        now = n * TICK_S
        bar = 4 if int(now) % 6 < 3 else 3
        clock.advance(TICK_S, word("tracker", now * 2.0, bar=bar, phase=(now * 2.0 / bar) % 1.0, confidence=0.8))
        counts.append(int(clock.bars))
    assert counts == sorted(counts) and counts[-1] >= math.floor(48 / 4)
