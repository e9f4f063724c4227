"""A controller on the desk through real ports: known by its name, steered, lit, taught, with a show behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from running import free_port

from perform.control.osc_send import OscSender

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.usefixtures("server")
def test_a_controller_plays_a_show_is_lit_by_it_and_is_taught_over_osc(tmp_path: Path) -> None:
    import mido

    mido.set_backend("mido.backends.rtmidi/UNIX_JACK")
    knobs = mido.open_output("MIDI 1", virtual=True, client_name="APC MINI")
    lights = mido.open_input("MIDI 1", virtual=True, client_name="APC MINI")
    port = free_port()
    osc = OscSender([("127.0.0.1", port)])
    command = [sys.executable, "-m", "perform.cli", "play", "--json", "--display", "offscreen", "--audio", "silence",
               "--source", "testcard", "--size", "64x36", "--osc-port", str(port), "--midi", "APC",
               "--seconds", "60"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    show = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lit: list[Any] = []

    def until(true: Any, what: str, again: Any = lambda: None, seconds: float = 40.0) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            again()
            lit.extend(lights.iter_pending())
            if true():
                return
            time.sleep(0.1)
        raise AssertionError(f"never: {what}; lit {lit[-5:]}")

    def has(kind: str, **fields: int) -> bool:
        return any(m.type == kind and all(getattr(m, k) == v for k, v in fields.items()) for m in lit)

    try:
        until(lambda: has("note_on", note=82, velocity=1), "the button of the blackout is lit")
        time.sleep(2.0)  # its other half, the input, may be joined a little after the lights
        knobs.send(mido.Message("note_on", note=82, velocity=127))
        knobs.send(mido.Message("note_off", note=82))
        until(lambda: has("note_on", note=82, velocity=2), "it blinks in blackout")

        def teach() -> None:
            osc.send("/perform/learn/target", "macro/5")
            for value in range(10, 100, 5):
                knobs.send(mido.Message("control_change", control=21, value=value))
                time.sleep(0.02)

        kept = tmp_path / "data" / "perform" / "midi_map.toml"
        until(kept.is_file, "the map is written", teach)
        lit.clear()
        osc.send("/perform/macro/5", 1.0)
        until(lambda: has("control_change", control=21, value=127), "the learnt knob is told its value")
    finally:
        show.terminate()
        out, err = show.communicate(timeout=60)
        knobs.close()
        lights.close()
        osc.close()
    assert show.returncode == 0, err
    midi = next(c for c in json.loads(out)["osc"] if "steered" in c)
    assert midi["steered"] >= 1 and midi["learnt"] >= 1 and midi["feedback"] > 5 and midi["errors"] == 0
    assert 'control = "cc/1/21"' in kept.read_text() and 'target = "macro/5"' in kept.read_text()
