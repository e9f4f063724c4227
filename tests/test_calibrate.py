"""`perform calibrate`: a real loop of known delay, what is said when nothing comes back, and the screen by eye."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from needs import need
from pulse import PulseServer, missing
from running import PERFORM, perform, playing, write_presets
from test_live import screen as screen

from perform.core.errors import PresetError
from perform.options import Options, with_venue
from perform.venue_file import write_venue

VENUE = """# The cellar
[audio]
device = "late"       # the interface under the desk
loop_delay_s = 0.2    # measured long ago

[display]
# the old projector
fps = 30
"""
ADDED_MS = 150.0


@pytest.fixture
def pulse(tmp_path: Path):
    """What is played is heard at once at `vj`, ADDED_MS later at `late`, and never at `quiet`."""
    lacking = missing()
    need(lacking is None, f"{lacking}, for a loop of sound")
    sinks = [f"module-null-sink sink_name={name} rate=48000 channels=2 format=float32le" for name in ("far", "none")]
    modules = [*sinks, f"module-loopback source=vj.monitor sink=far latency_msec={ADDED_MS:.0f} adjust_time=0"]
    with PulseServer(
        tmp_path / "pulse", modules=modules, captures={"late": "far.monitor", "quiet": "none.monitor"}
    ) as p:
        p.env["PULSE_SINK"] = "vj"
        yield p


def calibrate(folder: Path, env: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return perform("calibrate", "--clicks", "5", *options, cwd=folder, env=env)


def loop_ms(done: subprocess.CompletedProcess[str]) -> float | None:
    """What was found; None where the machine was too busy to play five clicks without a break."""
    if done.returncode == 69 and "agree" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["loop"]["agreed"] >= 3
    assert found["capture_s"] + found["playback_s"] == pytest.approx(found["loop"]["delay_s"])
    return 1000.0 * found["loop"]["delay_s"]


def test_a_loop_of_known_delay_goes_into_the_venue_and_into_the_show(tmp_path: Path, pulse: PulseServer) -> None:
    venue = tmp_path / "venue.toml"
    for attempt in range(5):  # an output that runs dry plays on later: then the two do not fit together
        venue.write_text(VENUE)
        near_ms = loop_ms(calibrate(tmp_path, pulse.env, "--audio", "device:vj", "--json", "--dry-run"))
        assert venue.read_text() == VENUE
        far_ms = loop_ms(calibrate(tmp_path, pulse.env, "--json"))
        if near_ms is not None and far_ms is not None and (attempt == 4 or abs(far_ms - near_ms - ADDED_MS) < 25.0):
            break
    assert near_ms is not None and far_ms is not None
    assert far_ms - near_ms == pytest.approx(ADDED_MS, abs=25.0)
    text = venue.read_text()
    for kept in ("# The cellar", "# the interface under the desk", "# measured long ago", "# the old projector"):
        assert kept in text
    audio = tomllib.loads(text)["audio"]
    assert 1000.0 * audio["loop_delay_s"] == pytest.approx(far_ms, abs=0.1)
    write_presets(tmp_path)
    options = ("--display", "offscreen", "--size", "96x54", "--preset", "steady", "--seconds", "2", "--osc-port", "-1")
    with playing(tmp_path, *options, env=pulse.env) as show:
        report = show.finish()
    assert report["lead_ms"]["sound"] == pytest.approx(1000.0 * audio["capture_delay_s"], abs=0.1)


def test_a_silent_input_is_said_and_nothing_is_written(tmp_path: Path, pulse: PulseServer) -> None:
    done = calibrate(tmp_path, pulse.env, "--audio", "device:quiet", "--clicks", "3")
    assert done.returncode == 69 and "nothing is heard" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "venue.toml").exists()


def test_no_sound_device_at_all_and_an_input_that_is_none(tmp_path: Path) -> None:
    bare = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PULSE_SERVER": "/nowhere"}
    done = calibrate(tmp_path, bare)
    assert done.returncode == 69 and len(done.stderr.strip().splitlines()) <= 2
    done = calibrate(tmp_path, bare, "--audio", "synth")
    assert done.returncode == 64 and "listens at a device" in done.stderr
    for bad in (("--clicks", "1"), ("--display-delay", "soon"), ("--display-delay", "9000")):
        assert perform("calibrate", *bad, cwd=tmp_path).returncode == 64


def test_the_displays_delay_as_a_number(tmp_path: Path) -> None:
    done = perform("calibrate", "--display-delay", "33.5", "--venue", "here.toml", cwd=tmp_path)
    assert done.returncode == 0 and "here.toml" in done.stderr
    options, problems = with_venue(Options(), tmp_path / "here.toml")
    assert options.display_delay_s == 0.0335 and not problems
    assert perform("calibrate", "--display-delay", "-20", "--venue", "here.toml", cwd=tmp_path).returncode == 0
    assert with_venue(Options(), tmp_path / "here.toml")[0].display_delay_s == -0.02


def test_by_eye_with_real_keys(tmp_path: Path, screen: str) -> None:
    env = {**os.environ, "DISPLAY": screen, "PYTHONUNBUFFERED": "1"}
    (tmp_path / "venue.toml").write_text("[display]\ndelay_s = 0.01  # guessed\n")
    command = [*PERFORM, "calibrate", "--display-delay", "--json"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "perform"]
        window = subprocess.run(search, env=env, capture_output=True, text=True, timeout=60).stdout.split()[0]
        for key in ("Right", "Right", "Right", "Left", "Up", "Return"):
            subprocess.run(["xdotool", "windowfocus", "--sync", window, "key", key], env=env, check=True, timeout=20)
            subprocess.run(["sleep", "0.3"], check=True)
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 0, err
    assert json.loads(out)["display_delay_s"] == pytest.approx(0.021)
    assert (tmp_path / "venue.toml").read_text() == "[display]\ndelay_s = 0.021  # guessed\n"


def test_with_no_window_it_says_so(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = perform("calibrate", "--display-delay", cwd=tmp_path, env=env)
    assert done.returncode == 69 and "no window" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["", "# only a note\n", "[osc]\nport = 9001\n", "[audio]\n", VENUE])
def test_writing_changes_only_what_it_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "venue.toml"
    if text:
        path.write_text(text)
    write_venue(path, {"audio": {"loop_delay_s": 0.05}, "display": {"delay_s": 0.02}})
    write_venue(path, {"audio": {"loop_delay_s": 0.04}})
    data = tomllib.loads(path.read_text())
    assert data["audio"]["loop_delay_s"] == 0.04 and data["display"]["delay_s"] == 0.02
    before = tomllib.loads(text)
    before.setdefault("audio", {}).update(loop_delay_s=0.04)
    before.setdefault("display", {}).update(delay_s=0.02)
    assert data == before
    for line in text.splitlines():
        if "#" in line:
            assert line.split("#")[1] in path.read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["venue.toml"]


@pytest.mark.parametrize("text", ["= = =", "audio = 3\n", "[[audio]]\nx = 1\n"])
def test_a_file_that_is_no_venue_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(text)
    with pytest.raises(PresetError, match=r"venue\.toml"):
        write_venue(path, {"audio": {"loop_delay_s": 0.05}})
    assert path.read_text() == text


@pytest.mark.parametrize("value", ['"x"', "true", "3.0", "nan"])
def test_delays_in_a_venue_are_checked(tmp_path: Path, value: str) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(f"[display]\ndelay_s = {value}\n")
    with pytest.raises(PresetError, match="delay_s"):
        with_venue(Options(), path)
