"""A running show under real keys, and under a pad that stands in at GLFW's boundary."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from needs import need
from running import Running, free_port, write_presets
from xvfb import root_picture, screen

from perform.control.midi_map import read_map

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import json, pathlib, sys, types
import glfw

state = pathlib.Path("pad.json")
glfw.joystick_is_gamepad = lambda joystick: joystick == 0 and state.exists()
glfw.get_gamepad_name = lambda joystick: b"Stage Pad"
def look(joystick):
    return types.SimpleNamespace(**json.loads(state.read_text())) if state.exists() else None

glfw.get_gamepad_state = look

from perform.cli import main

sys.exit(main(sys.argv[1:]))
"""
KEYS = """
[[control]]
name = "nothing at all"
control = "key/h"
target = "none"
[[control]]
control = "key/9"
target = "deck/a/level"
mode = "gate"
value = 0.0
[[control]]
control = "key/no way"
target = "deck/a/level"
"""


def hold(folder: Path, **buttons: int) -> None:
    """Press buttons of the pad, by their number: `b6=1`."""
    pressed = [buttons.get(f"b{n}", 0) for n in range(15)]
    fresh = folder / "pad.new"
    fresh.write_text(json.dumps({"buttons": pressed, "axes": [0, 0, 0, 0, -1, -1]}))
    fresh.replace(folder / "pad.json")


def bright(file: Path) -> int:
    """How many pixels of the screen are as light as letters."""
    return int((root_picture(file).min(axis=2) > 190).sum())


def until(look: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < ends, what
        time.sleep(0.05)


def test_keys_and_a_pad_play_the_show(tmp_path: Path) -> None:
    need(shutil.which("xdotool") and shutil.which("oscsend"), "xdotool and oscsend (apt: xdotool liblo-tools)")
    write_presets(tmp_path)
    (tmp_path / "my_keys.toml").write_text(KEYS)
    port, learnt = free_port(), tmp_path / "data" / "perform" / "hand_map.toml"
    with screen(tmp_path, (960, 540)) as (display, file):
        env = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
               "XDG_DATA_HOME": str(tmp_path / "data")}  # fmt: skip
        options = ["play", "--json", "--device", "cpu", "--display", "window", "--fullscreen", "--size", "160x90",
                   "--preset", "steady", "--audio", "silence", "--midi", "none", "--no-web", "--seconds", "60",
                   "--osc-port", str(port), "--keys", "my_keys.toml"]  # fmt: skip
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *options], cwd=tmp_path, env=env, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        show = Running(process)

        def light() -> float:
            return float(root_picture(file).mean())

        def keys(*arguments: str) -> None:
            subprocess.run(["xdotool", *arguments], env=env, check=True, capture_output=True)

        try:
            assert "control 3 is left out" in show.wait_for("my_keys.toml")
            show.wait_for("playing")
            until(lambda: light() > 10.0, "no picture came")
            keys("search", "--name", "perform", "windowfocus")
            _play(tmp_path, light, keys, file)
            subprocess.run(
                ["oscsend", "localhost", str(port), "/perform/learn/target", "s", "out/blackout"], check=True
            )
            time.sleep(1.0)
            keys("key", "k")
            until(learnt.is_file, "nothing was kept")
            keys("key", "k")
            until(lambda: light() < 3.0, "what was learnt does nothing")
            _teach_a_phone(port, learnt, light, keys)
            keys("key", "Escape")
            report = show.finish()
        finally:
            process.kill()
            process.communicate()
    assert report["seconds"] < 55.0
    kept = [("key/k", "out/blackout"), ("osc/phone/tilt/1", "deck/a/level")]
    assert [(b.control, b.target) for b in read_map(learnt)[0]] == kept


def _teach_a_phone(port: int, learnt: Path, light: Callable[[], float], keys: Callable[..., None]) -> None:
    """A sensor that nobody has heard of is moved to be learnt, and then plays."""

    def send(*message: str) -> None:
        subprocess.run(["oscsend", "localhost", str(port), *message], check=True)

    keys("key", "k")
    until(lambda: light() > 10.0, "the picture is not back")
    send("/perform/learn/target", "s", "deck/a/level")
    time.sleep(0.5)
    for step in range(10):
        send("/phone/tilt", "sff", "left hand", str(step / 10), "0.5")
        time.sleep(0.1)
    until(lambda: "osc/phone" in learnt.read_text(), "the sensor was not learnt")
    send("/phone/tilt", "sff", "left hand", "0.0", "0.5")
    until(lambda: light() < 3.0, "the sensor steers nothing")


def _play(folder: Path, light: Callable[[], float], keys: Callable[..., None], file: Path) -> None:
    """Press, hold, ask for help, plug a pad in and press that."""
    keys("keydown", "9")
    until(lambda: light() < 3.0, "a held key does not hold")
    keys("keyup", "9")
    until(lambda: light() > 10.0, "a key that is let go still holds")
    before = root_picture(file).copy()
    keys("key", "h")  # freed by the map: no numbers
    time.sleep(0.6)
    assert np.abs(root_picture(file).astype(int) - before).mean() < 4.0
    keys("key", "F1")
    until(lambda: bright(file) > 1000, "no help came")
    keys("key", "question")
    until(lambda: bright(file) < 200, "the help does not go")
    hold(folder)
    time.sleep(1.5)
    hold(folder, b6=1)
    until(lambda: light() < 3.0, "the pad's button does nothing")
    hold(folder)
    time.sleep(0.8)  # a machine that is busy draws few pictures a second, and looks at the pad with each
    hold(folder, b6=1)
    until(lambda: light() > 10.0, "the pad does not give the picture back")
    (folder / "pad.json").unlink()
