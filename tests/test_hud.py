"""What the HUD says of a running show."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent / "engine"))
from fakes import features

from perform.app import Rig
from perform.core.clock import TempoClock
from perform.engine.health import Timing
from perform.engine.hearing import Heard
from perform.engine.lead import Lead
from perform.play import hud


def a_rig() -> Rig:
    counts = {"clipped": 0}
    timing = Timing()
    timing.add(20.0)
    lead = Lead()
    lead.live, lead.display_s, lead.work_s, lead.period_s = True, 0.002, 0.018, 0.02
    heard = Heard(features(2.0), None, 2.01, 0.008, shift_s=-0.01)
    engine = SimpleNamespace(
        health=SimpleNamespace(stages={"frame": timing, "stage": timing}, last_error=""),
        painters={"a": SimpleNamespace(fps=31.0, frame_ms=12.0, last_error="")}, coming={}, heard=heard,
        lead=lead, ahead_s=0.035, moment=SimpleNamespace(seconds=2.008),
        tempo=TempoClock(122.0), signals={"audio/level": 0.5, "audio/bass/level": 0.9},
    )  # fmt: skip
    show = SimpleNamespace(engine=engine, preset=SimpleNamespace(title="Look", name="look"), source="testcard")
    show.shaders = SimpleNamespace(recent=lambda: ["ripple.fs: reloaded"])
    sound = SimpleNamespace(name="mic", counts=lambda: counts, tally=counts)
    return Rig(show, sound, None, sound_path_s=lambda: 0.01)  # type: ignore[arg-type]


def test_it_names_look_rates_latency_and_levels() -> None:
    lines, meters = hud(a_rig())
    text = "\n".join(lines)
    lead = "beat leads by 45 ms = sound 10 + work 18 + half a frame 10 + display 2 + hand 5"
    for word in (
        "Look",
        "testcard",
        "50 fps",
        "31 fps",
        "12 ms",
        "hits take 48 ms",
        "122.0 bpm (manual 0%)  [1] 2 3 4",
        "mic",
        lead,
        "ripple.fs: reloaded",
    ):
        assert word in text, word
    assert meters["level"] == 0.5 and meters["bass"] == 0.9


def test_the_clip_light_is_lit_while_the_input_clips() -> None:
    rig = a_rig()
    assert "CLIP" not in "\n".join(hud(rig)[0])
    rig.sound.tally["clipped"] = 3  # type: ignore[attr-defined]
    assert "CLIP" in "\n".join(hud(rig)[0])
    assert "CLIP" not in "\n".join(hud(rig)[0])


def test_it_names_what_lies_on_the_other_decks() -> None:
    rig = a_rig()
    assert "fader" not in "\n".join(hud(rig)[0])
    rig.show.decks = SimpleNamespace(source=lambda letter: {"b": "shader:silk"}.get(letter, ""))  # type: ignore[attr-defined]
    rig.engine.value = {"mix/fade": 0.25, "mix/transition": "over"}.__getitem__  # type: ignore[method-assign]
    assert "fader 0.25 over   b shader:silk" in "\n".join(hud(rig)[0])
