"""The show with real edges: a capture through PulseAudio, a window under Xvfb, OSC from a peer that is not ours."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from needs import need
from pulse import PulseServer, missing
from running import best_correlation, film, film_sound, free_port, playing, write_presets

MUSIC = Path(__file__).resolve().parents[2] / "shared" / "audio" / "music" / "electronic_ice_music.ogg"
SMALL = ("--size", "160x90", "--display", "offscreen")
STEADY = ("--preset", "steady", "--audio", "silence")


def groove(path: Path, seconds: float) -> Path:
    """Some of the built-in band as a sound file."""
    import soundfile

    from perform.inputs import open_input

    band = open_input("synth", live=False, start_s=30.0)
    band.open()
    block = band.read(round(seconds * 48000))
    band.close()
    assert block is not None
    soundfile.write(path, block.samples, 48000)
    return path


def bass_over(samples: np.ndarray, rate: int, times: np.ndarray) -> np.ndarray:
    """The bass level at some times, by our analysis of that very sound."""
    from perform.core.types import AudioBlock
    from perform.features import FeatureAnalyser

    hops = FeatureAnalyser(rate_hz=float(rate)).process(AudioBlock(samples, float(rate), 0.0))
    return np.interp(times, [h.time_s for h in hops], [h.values["audio/bass/level"] for h in hops])


@pytest.fixture
def pulse(tmp_path: Path):
    lacking = missing()
    need(lacking is None, f"{lacking}, for a real capture")
    with PulseServer(tmp_path / "pulse") as server:
        yield server


def test_a_real_capture_moves_the_picture_and_is_recorded_with_it(tmp_path: Path, pulse: PulseServer) -> None:
    track = MUSIC if MUSIC.is_file() else groove(tmp_path / "groove.wav", 25.0)
    write_presets(tmp_path)
    out = tmp_path / "show.mp4"
    pulse.play(track)
    options = ("--audio", "device:vj", "--preset", "probe", "--seconds", "10", "--record", str(out), "--osc-port", "-1")
    with playing(tmp_path, *SMALL, *options, env=pulse.env) as show:
        report = show.finish()
    assert report["frames"] > 100 and report["recording"]["errors"] == 0
    for cause in ("errors", "reopened", "hearing errors"):
        assert report["sound"].get(cause, 0) == 0, report["sound"]
    times, light = film(out)
    samples, rate, start = film_sound(out)
    assert np.abs(samples).max() > 0.02, "the recording is silent"
    assert light.std() > 0.01, "the picture does not move"
    grid = np.arange(times[0] + 2.0, min(times[-1], start + len(samples) / rate) - 0.5, 1 / 30)
    heard = bass_over(samples, rate, grid - start)
    seen = np.interp(grid, times, light)
    correlation, late = best_correlation(heard, seen, range(-6, 12))
    assert correlation > 0.7, (correlation, late)
    assert -4 <= late <= 8  # thirtieths of a second


def test_a_capture_that_dies_does_not_end_the_show(tmp_path: Path, pulse: PulseServer) -> None:
    write_presets(tmp_path)
    pulse.play(groove(tmp_path / "groove.wav", 20.0))
    options = ("--audio", "device:vj", "--preset", "probe", "--seconds", "9", "--osc-port", "-1")
    with playing(tmp_path, *SMALL, *options, env=pulse.env) as show:
        show.wait_for("playing")
        time.sleep(3.0)
        pulse.kill()
        report = show.finish()
    assert report["seconds"] >= 9.0 and report["frames"] > 60
    assert report["sound"]["errors"] + report["sound"]["reopened"] > 0, report["sound"]


def send(port: int, address: str, *arguments: str) -> None:
    need(shutil.which("oscsend"), "oscsend (apt: liblo-tools)")
    subprocess.run(["oscsend", "localhost", str(port), address, *arguments], check=True)


def test_oscsend_moves_a_parameter_in_a_running_show(tmp_path: Path) -> None:
    write_presets(tmp_path)
    port, out = free_port(), tmp_path / "show.mp4"
    options = (
        "--preset",
        "steady",
        "--audio",
        "silence",
        "--seconds",
        "9",
        "--record",
        str(out),
        "--osc-port",
        str(port),
    )
    with playing(tmp_path, *SMALL, *options) as show:
        show.wait_for("playing")
        time.sleep(2.5)
        for address, *arguments in (
            ("/perform/deck/a/level/norm", "f", "0.2"),
            ("/perform/out/blackout", "T"),
            ("/perform/out/blackout", "i", "0"),
        ):  # fmt: skip
            send(port, address, *arguments)
            time.sleep(1.5)
        send(port, "/perform/deck/a/level", "f", "nan")
        send(port, "/perform/no/such", "f", "1")
        report = show.finish()
    assert report["osc"][0]["received"] >= 5 and report["control"]["posted"] >= 3
    _, light = film(out)
    bright = light[: len(light) // 6].max()
    assert bright > 0.05
    levels = light / bright
    assert levels.min() < 0.01, "blackout did not black out"
    dim = np.median(levels[(levels > 0.03) & (levels < 0.6)])
    assert 0.1 < dim < 0.35, "deck/a/level did not dim the picture"
    assert levels[-1] == pytest.approx(dim, abs=0.1), "blackout did not give the picture back"


NOW = struct.pack(">Q", 1)
HOSTILE = (
    b"#bundle\0" + struct.pack(">Q", 1) + struct.pack(">i", -4),
    b"/" + b"*a" * 12 + b"b" + b"\0\0" + b",f\0\0" + struct.pack(">f", 1.0),
    b"#bundle\0" + struct.pack(">Q", 1) + (struct.pack(">i", 16) + b"#bundle\0" + NOW) * 300,
    b"/perform/\xff\xfe\0\0\0,f\0\0" + struct.pack(">f", 1.0),
    b"#bundle\0" + struct.pack(">Q", 2**63) + struct.pack(">i", 0),
    b"", b"/", b"garbage", b"\0" * 64,
)  # fmt: skip


def test_hostile_datagrams_only_count(tmp_path: Path) -> None:
    write_presets(tmp_path)
    port = free_port()
    options = (*STEADY, "--seconds", "5", "--osc-port", str(port))
    with playing(tmp_path, *SMALL, *options) as show, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        show.wait_for("playing")
        for datagram in HOSTILE * 20:
            sender.sendto(datagram, ("127.0.0.1", port))
        time.sleep(0.5)
        send(port, "/perform/macro/1", "f", "0.5")
        report = show.finish()
    assert report["osc"][0]["refused"] >= 60 and report["control"]["posted"] >= 1
    assert report["frames"] > 40


def test_a_taken_port_is_said_and_the_show_plays_without(tmp_path: Path) -> None:
    write_presets(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = str(other.getsockname()[1])
        options = (*STEADY, "--seconds", "1", "--osc-port", port)
        with playing(tmp_path, *SMALL, *options) as show:
            show.finish()
    assert [line for line in show.said if port in line and "without OSC" in line]


def test_sigterm_ends_the_show_cleanly_and_the_film_is_whole(tmp_path: Path) -> None:
    write_presets(tmp_path)
    out = tmp_path / "cut.mp4"
    with playing(tmp_path, *SMALL, "--preset", "probe", "--record", str(out), "--osc-port", "-1") as show:
        show.wait_for("playing")
        time.sleep(3.0)
        show.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        show.finish()
        assert time.monotonic() - began < 15.0
    times, light = film(out)
    assert len(times) > 10 and light.std() > 0


@pytest.fixture
def screen(tmp_path: Path):
    need(shutil.which("Xvfb") and shutil.which("xdotool"), "Xvfb and xdotool (apt: xvfb xdotool)")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with open(read) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(timeout=10)


def screenshot(display: str) -> np.ndarray:
    """The root window, [h, w, 3] uint8, from the X window dump format (XWDFile.h)."""
    need(shutil.which("xwd"), "xwd (apt: x11-apps)")
    dump = subprocess.run(["xwd", "-root", "-silent", "-display", display], check=True, capture_output=True).stdout
    head = struct.unpack(">25I", dump[:100])
    size, width, height, line, colours = head[0], head[4], head[5], head[12], head[19]
    pixels = np.frombuffer(dump, np.uint8, offset=size + colours * 12)[: line * height].reshape(height, line)
    each = head[11] // 8  # bytes a pixel: 4 or, on some servers, 3
    return pixels[:, : width * each].reshape(height, width, each)[:, :, 2::-1]


def until_screen(display: str, true: object, seconds: float = 25.0) -> np.ndarray:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        image = screenshot(display)
        if true(image):
            return image
        time.sleep(0.2)
    raise AssertionError("the screen never looked as it should")


def test_a_real_window_and_its_keys(tmp_path: Path, screen: str) -> None:
    write_presets(tmp_path)
    env = {**os.environ, "DISPLAY": screen}
    options = (
        "--display",
        "window",
        "--size",
        "320x180",
        "--preset",
        "steady",
        "--audio",
        "silence",
        "--osc-port",
        "-1",
    )
    with playing(tmp_path, *options, env=env) as show:
        show.wait_for("window")
        lit = until_screen(screen, lambda s: s.mean() > 4.0)

        def press(key: str) -> None:
            found = subprocess.run(["xdotool", "search", "--name", "perform"], env=env, capture_output=True, text=True)
            window = found.stdout.split()[0]
            subprocess.run(["xdotool", "windowfocus", "--sync", window, "key", key], env=env, check=True, timeout=20)

        press("b")
        until_screen(screen, lambda s: s.mean() < lit.mean() * 0.1)
        press("b")
        until_screen(screen, lambda s: s.mean() > lit.mean() * 0.8)
        press("h")
        until_screen(screen, lambda s: np.abs(s.astype(int) - lit.astype(int)).max() > 60)
        press("f")
        until_screen(screen, lambda s: (s[4:-4, 4:-4].max(axis=2) > 8).any(axis=1).sum() > 430)
        press("f")
        press("Escape")
        report = show.finish()
    assert report["counts"].get("control errors", 0) == 0


def test_a_window_of_the_size_that_fits_the_machine(tmp_path: Path, screen: str) -> None:
    write_presets(tmp_path)
    env = {**os.environ, "DISPLAY": screen}
    with playing(tmp_path, *STEADY, "--display", "window", "--seconds", "2", "--osc-port", "-1", env=env) as show:
        report = show.finish()
    assert report["frames"] > 5


def test_a_model_that_does_not_load_is_said_once_and_the_show_goes_on(tmp_path: Path) -> None:
    write_presets(tmp_path)
    folder = tmp_path / "models" / "broken"
    folder.mkdir(parents=True)
    card = 'name = "broken"\nkind = "stylegan2"\nweights = "w.safetensors"\nsha256 = "00"\n'
    (folder / "model.toml").write_text(card)
    (folder / "w.safetensors").write_bytes(b"nothing")
    with playing(tmp_path, *SMALL, "--model", "broken", "--seconds", "4", "--osc-port", "-1") as show:
        report = show.finish()
    assert report["frames"] > 20
    assert len([line for line in show.said if line.startswith("deck a: ") and "broken" in line]) == 1, show.said


def test_presets_stepped_over_osc_pass_a_broken_one(tmp_path: Path) -> None:
    write_presets(tmp_path)
    (tmp_path / "presets" / "steadz.toml").write_text("= = =")  # comes right after `steady`
    port = free_port()
    with playing(tmp_path, *SMALL, *STEADY, "--seconds", "6", "--osc-port", str(port)) as show:
        show.wait_for("playing")
        for _ in range(3):
            send(port, "/perform/preset/previous")
            time.sleep(0.7)
        for _ in range(4):
            send(port, "/perform/preset/next")
            time.sleep(0.7)
        show.finish()
    assert len([line for line in show.said if "steadz.toml" in line]) == 1


def test_no_display_plays_offscreen_and_says_so_in_one_line(tmp_path: Path) -> None:
    write_presets(tmp_path)
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    options = ("--size", "160x90", *STEADY, "--seconds", "1", "--osc-port", "-1")
    with playing(tmp_path, *options, env=env) as show:
        show.finish()
    assert len([line for line in show.said if "no display here" in line]) == 1
