"""The lead: measured while playing, fed into the beat, off offline; and when the next beats will sound."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import MemoryStage, ScriptedHearing, features

from perform.core import clock as tempo_clock
from perform.core.params import ParamTable
from perform.core.types import BeatClock
from perform.engine.engine import Engine
from perform.engine.hearing import Heard
from perform.engine.lead import Lead
from perform.engine.mailbox import ControlQueue

BPM, FIRST_S, SHIFT_S = 126.0, 0.25, 7.0
"""The music: beat 0 sounds at stream time FIRST_S; stream time + SHIFT_S is show time."""


class Screen(MemoryStage):
    """Shows each picture `work_s` after its tick began, by a clock that only it moves."""

    def __init__(self, work_s: float) -> None:
        super().__init__()
        self.now_s, self.work_s = 0.0, work_s
        self.shown_s: list[float] = []

    def clock(self) -> float:
        return self.now_s

    def show(self, *args: object) -> None:
        super().show(*args)  # type: ignore[arg-type]
        self.now_s += self.work_s
        self.shown_s.append(self.now_s)


def music(late_s: Callable[[float], float]) -> Callable[[float], Heard]:
    def script(seconds: float) -> Heard:
        beat_s = seconds - SHIFT_S - late_s(seconds)
        beats = (beat_s - FIRST_S) * BPM / 60.0
        return Heard(features(beat_s), BeatClock(beat_s, beats, BPM), seconds, 0.0, SHIFT_S)

    return script


def play(work_s: float, fps: float = 60.0, ticks: int = 900, late_s: Callable[[float], float] = lambda _: 0.02,
         live: bool = True, hand_s: float = 0.0, display_s: float = 0.0) -> tuple[Engine, Screen]:  # fmt: skip
    screen = Screen(work_s)
    table = ParamTable()
    table.add(tempo_clock.PARAMS, "tempo")
    table.set("tempo/lead_s", hand_s)
    engine = Engine(table, screen, ScriptedHearing(music(late_s)), ControlQueue(), screen.clock)
    engine.exact, engine.lead.live, engine.lead.display_s = not live, live, display_s
    for n in range(ticks):
        screen.now_s = max(screen.now_s, 10.0 + n / fps)
        engine.tick(screen.now_s)
    return engine, screen


def errors_s(screen: Screen, skip: int = 120) -> np.ndarray:
    """How late each beat's first picture is on the screen, s."""
    shown = np.array(screen.shown_s)[skip:]
    beats = np.array([m.beats for *_, m in screen.shown])[skip:]
    first = np.flatnonzero(np.diff(np.floor(beats)) > 0) + 1
    sound_s = FIRST_S + SHIFT_S + np.floor(beats[first]) * 60.0 / BPM
    return shown[first] - sound_s


@pytest.mark.parametrize("work_s", [0.002, 0.012, 0.03])
@pytest.mark.parametrize("fps", [30.0, 60.0, 144.0])
def test_beats_are_seen_when_they_are_heard(work_s: float, fps: float) -> None:
    engine, screen = play(work_s, fps, ticks=round(12 * fps))
    errors = errors_s(screen, round(2 * fps))
    frame_s = max(1 / fps, work_s)
    assert abs(errors.mean()) < 0.2 * frame_s and np.abs(errors).max() < 0.51 * frame_s
    assert engine.ahead_s == pytest.approx(work_s + 0.5 * frame_s, abs=1e-4)


def test_neither_the_age_of_the_analysis_nor_its_jitter_matters() -> None:
    rng = np.random.default_rng(3)
    _, steady = play(0.004)
    _, shaky = play(0.004, late_s=lambda _: float(rng.uniform(0.005, 0.09)))
    for a, b in zip(steady.shown, shaky.shown, strict=True):
        assert a[3].beats == pytest.approx(b[3].beats, abs=1e-6)


def test_the_hand_and_the_display_move_the_beat_by_exactly_their_time() -> None:
    _, plain = play(0.004)
    for hand_s, display_s in ((0.05, 0.0), (-0.08, 0.0), (0.0, 0.033), (0.02, 0.1)):
        _, moved = play(0.004, hand_s=hand_s, display_s=display_s)
        apart = [b[3].beats - a[3].beats for a, b in zip(plain.shown, moved.shown, strict=True)]
        assert np.allclose(apart[60:], (hand_s + display_s) * BPM / 60.0, atol=1e-6)


def test_offline_a_picture_belongs_to_its_own_time() -> None:
    engine, screen = play(0.02, live=False, hand_s=0.1)
    assert engine.ahead_s == 0.0
    for *_, m in screen.shown:
        assert m.beats == pytest.approx(max(0.0, (m.seconds - SHIFT_S - FIRST_S) * BPM / 60.0), abs=1e-6)


def test_the_lead_follows_a_change_without_a_jump_and_one_slow_frame_is_nothing() -> None:
    lead = Lead()
    lead.live = True
    for n in range(200):
        lead.note(0.2 if n == 100 else 0.004, 1 / 60)
        if n > 60:
            assert lead.screen_s == pytest.approx(0.004 + 0.5 / 60, abs=1e-4)
    seen = [lead.screen_s]
    for _ in range(300):
        lead.note(0.020, 1 / 30)
        seen.append(lead.screen_s)
    assert np.abs(np.diff(seen)).max() < 0.003
    assert seen[-1] == pytest.approx(0.020 + 0.5 / 30, abs=1e-4)


def test_the_next_beats_and_bars_on_the_clock_of_the_stream() -> None:
    engine, _ = play(0.01)
    period_s, now_s = 60.0 / BPM, engine.stream_s(engine.moment.seconds)
    assert now_s == pytest.approx(engine.moment.seconds - SHIFT_S)
    beats = np.array(engine.beats_ahead(1, 4))
    places = (beats - FIRST_S) / period_s
    assert np.allclose(places, np.round(places), atol=1e-6) and np.allclose(np.diff(beats), period_s)
    assert 0.0 < beats[0] - (now_s + engine.ahead_s) <= period_s
    bars = np.array(engine.beats_ahead("2 bars", 3))
    assert np.allclose((bars - FIRST_S) / period_s % 8.0, 0.0, atol=1e-5) or np.allclose(
        (bars - FIRST_S) / period_s % 8.0, 8.0, atol=1e-5
    )
    assert engine.tempo.seconds_to("1/8") <= engine.tempo.seconds_of("1/8") == pytest.approx(0.5 * period_s)


def test_nothing_heard_yet_is_no_time() -> None:
    engine, _ = play(0.01)
    engine.heard = None
    assert engine.stream_s(3.0) is None and engine.beats_ahead() == []
