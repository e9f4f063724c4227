"""What the HUD says of a running show."""

from __future__ import annotations

from types import SimpleNamespace

from perform.app import Rig
from perform.engine.health import Timing
from perform.play import hud


def a_rig() -> Rig:
    counts = {"clipped": 0}
    timing = Timing()
    timing.add(20.0)
    engine = SimpleNamespace(
        health=SimpleNamespace(stages={"frame": timing, "stage": timing}, last_error=""),
        painters={"a": SimpleNamespace(fps=31.0, frame_ms=12.0, last_error="")}, coming={}, heard=None,
        tempo=SimpleNamespace(bpm=122.0, source="synth"), signals={"audio/level": 0.5, "audio/bass/level": 0.9},
    )  # fmt: skip
    show = SimpleNamespace(engine=engine, preset=SimpleNamespace(title="Look", name="look"), source="testcard")
    sound = SimpleNamespace(name="mic", counts=lambda: counts, tally=counts)
    return Rig(show, sound, None)  # type: ignore[arg-type]


def test_it_names_look_rates_latency_and_levels() -> None:
    lines, meters = hud(a_rig(), 50.0)
    text = "\n".join(lines)
    for word in ("Look", "testcard", "50 fps", "31 fps", "12 ms", "latency about 30 ms", "122.0 bpm (synth)", "mic"):
        assert word in text, word
    assert meters["level"] == 0.5 and meters["bass"] == 0.9


def test_the_clip_light_is_lit_while_the_input_clips() -> None:
    rig = a_rig()
    assert "CLIP" not in "\n".join(hud(rig, 50.0)[0])
    rig.sound.tally["clipped"] = 3  # type: ignore[attr-defined]
    assert "CLIP" in "\n".join(hud(rig, 50.0)[0])
    assert "CLIP" not in "\n".join(hud(rig, 50.0)[0])
