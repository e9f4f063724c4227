"""A preset that waits for the bar: prepared before it, and on the screen within a frame of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perform.app import Rig, open_offline
from perform.core.types import ControlEvent
from perform.isf import read_shader
from perform.options import Options

SIZE, FPS = (48, 27), 30.0
CARD = """
version = 1
[deck.a]
source = "testcard"
[deck.a.params]
level = 1.0
[[deck.a.fx]]
shader = "mirror"
"""


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "card.toml").write_text(CARD)
    (tmp_path / "presets" / "broken.toml").write_text("= = =")
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    made = open_offline(Options(audio="synth", preset="northern", size=SIZE, start_s=60.0), said.append)
    made.said = said  # type: ignore[attr-defined]
    yield made
    made.close()


class Screen:
    """Notes with each shown frame which preset it belongs to, and its beats."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.seen: list[tuple[str, float, np.ndarray]] = []
        show = rig.show.stage.show

        def watched(*given: Any) -> None:
            show(*given)
            self.seen.append((rig.show.preset.name, given[3].beats, rig.show.stage.finish()))

        rig.show.stage.show = watched

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.rig.engine.tick((self.rig.engine.moment.frame + 2) / FPS)
            self.rig.show.after_tick()

    def send(self, address: str, value: object = True, when: str = "") -> None:
        self.rig.engine.queue.post(ControlEvent(address, value, 0.0, "test", when=when))  # type: ignore[arg-type]

    def change(self) -> tuple[float, np.ndarray, np.ndarray]:
        """(beats of the first frame of the new preset, that frame, the one before)."""
        n = next(n for n in range(1, len(self.seen)) if self.seen[n][0] != self.seen[n - 1][0])
        return self.seen[n][1], self.seen[n][2], self.seen[n - 1][2]


@pytest.mark.parametrize("name", ["night_drive", "card"])
def test_a_recall_lands_within_one_frame_of_the_bar(rig: Rig, name: str) -> None:
    screen = Screen(rig)
    rig.engine.table.set("tempo/quantise", "bar")
    screen.run(8)
    asked = rig.engine.moment.beats
    screen.send("preset/recall", name)
    screen.run(90)
    beats, first, before = screen.change()
    frame_beats = rig.engine.tempo.bpm / 60.0 / FPS
    assert asked < beats <= asked + 4.0 + frame_beats
    assert min(beats % 4.0, 4.0 - beats % 4.0) <= frame_beats
    assert np.abs(first.astype(int) - before.astype(int)).mean() > 4.0, "the first frame still shows the old look"


def test_it_is_prepared_before_the_bar(rig: Rig) -> None:
    screen = Screen(rig)
    screen.run(4)
    screen.send("preset/recall", "card", when="4 bars")
    screen.run(6)
    assert rig.show.preset.name == "northern" and rig.show.ahead.done >= 4
    painter = rig.show.decks._ready[("a", "testcard")]
    assert painter.newest() is not None
    mirror = next(d for d in Path(__file__).parents[1].glob("shaders/effects/mirror.fs"))
    assert read_shader(mirror) in rig.show.stage._shared.programs
    screen.run(300)
    assert rig.show.preset.name == "card" and rig.engine.painters["a"] is painter


def test_the_next_one_may_wait_too_and_a_broken_one_changes_nothing(rig: Rig) -> None:
    screen = Screen(rig)
    rig.engine.table.set("tempo/quantise", "beat")
    screen.run(4)
    screen.send("preset/next")
    screen.run(40)
    assert rig.show.preset.name == rig.show.neighbours(-1)[-1] or rig.show.preset.name != "northern"
    name = rig.show.preset.name
    screen.send("preset/recall", "broken")
    screen.run(40)
    assert rig.show.preset.name == name and any("broken.toml" in line for line in rig.said)  # type: ignore[attr-defined]


def test_a_fade_begins_on_the_bar(rig: Rig) -> None:
    screen = Screen(rig)
    rig.engine.table.set("mix/duration_s", 0.5)
    screen.run(5)
    screen.send("mix/to_b", when="bar")
    faders = []
    for _ in range(90):
        screen.run(1)
        faders.append((rig.engine.moment.beats, float(rig.engine.table.value("mix/fade"))))  # type: ignore[arg-type]
    started = next(beats for beats, fader in faders if fader > 0.0)
    assert 0.0 < started % 4.0 <= 2.1 * rig.engine.tempo.bpm / 60.0 / FPS
