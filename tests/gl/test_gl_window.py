"""A real window on a virtual display: pictures on its root window, keys, odd sizes, and life without a display."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from needs import need
from xvfb import root_picture, screen

ROOT = Path(__file__).parents[2]

_PROGRAM = """
import os, subprocess, sys, time
import numpy as np
from perform.core.types import Frame, Moment, ParamFrame
from perform.gl import describe, display_available, open_stage
import perform.gl.stage

assert display_available()
stage = open_stage((160, 90), "window", window_size=(320, 240), title="perform test", vsync=False)
image = np.zeros((90, 160, 3), np.uint8)
image[:45] = (255, 0, 0)
image[45:] = (0, 0, 255)
count = 0

def show(**values):
    global count
    moment = Moment(count / 60, 1 / 60 if count else 0.0, count)
    params = ParamFrame({k.replace("__", "/"): v for k, v in values.items()})
    stage.show({"a": Frame(image, 1, moment)}, params, None, moment)
    count += 1

def events(wanted, tries=100):
    found = []
    for _ in range(tries):
        show()
        found += [(e.address, e.value, e.origin) for e in stage.poll()]
        if any(address == wanted for address, _, _ in found):
            break
        time.sleep(0.02)
    return found
"""


@pytest.fixture(scope="module")
def gl_display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """(display, file with its screen) of an X server of our own."""
    with screen(tmp_path_factory.mktemp("screen")) as found:
        yield found


def _run(code: str, display: str | None) -> str:
    """Run a window program in a process of its own: GLFW wants a main thread, and no leftovers."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment["PYTHONPATH"] = str(ROOT)
    if display is not None:
        environment["DISPLAY"] = display
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _holding(code: str, display: str, look: object) -> str:
    """Run a window program that prints a line when it is ready, look, then let it end."""
    environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT)}
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        ready = program.stdout.readline()  # type: ignore[union-attr]
        if ready.strip() == "ready":
            look()  # type: ignore[operator]
        out, err = program.communicate("go\n", timeout=120)
    finally:
        program.kill()
    assert program.returncode == 0 and ready.strip() == "ready", err[-2000:]
    return out


def test_the_picture_is_on_the_screen(gl_display: tuple[str, Path]) -> None:
    code = _PROGRAM + "for _ in range(4): show()\nprint('ready', flush=True)\ninput()\nstage.close()\n"
    seen: list[np.ndarray] = []
    _holding(code, gl_display[0], lambda: seen.append(root_picture(gl_display[1])))
    screen = seen[0].astype(int)
    red = np.argwhere((screen[:, :, 0] > 200) & (screen[:, :, 2] < 50))
    blue = np.argwhere((screen[:, :, 2] > 200) & (screen[:, :, 0] < 50))
    # 160x90 in a window of 320x240: whole, so 320x180, red above blue, black above and below.
    assert len(red) == pytest.approx(320 * 90, rel=0.02) and len(blue) == pytest.approx(320 * 90, rel=0.02)
    assert red[:, 0].max() < blue[:, 0].min()


def test_the_hud_is_on_the_screen_and_not_in_the_frames(gl_display: tuple[str, Path]) -> None:
    code = _PROGRAM + (
        "stage.set_hud(['60 fps', 'latency 20 ms'], {'bass': 0.5})\n"
        "for _ in range(4): show(out__hud=True)\n"
        "assert np.array_equal(stage.finish(), image)\n"
        "print('ready', flush=True)\ninput()\nstage.close()\n"
    )
    seen: list[np.ndarray] = []
    _holding(code, gl_display[0], lambda: seen.append(root_picture(gl_display[1])))
    screen = seen[0].astype(int)
    red = (screen[:, :, 0] > 200) & (screen[:, :, 2] < 50)
    assert 320 * 40 < red.sum() < 320 * 88


def test_keys_become_events(gl_display: tuple[str, Path]) -> None:
    need(shutil.which("xdotool"), "xdotool is not installed: no keys can be pressed")
    code = _PROGRAM + (
        "show(); stage.poll(); import glfw; glfw.focus_window(stage.surface.window)\n"
        "show(); stage.poll()\n"
        "subprocess.run(['xdotool', 'search', '--name', 'perform test', 'windowfocus'], check=True)\n"
        "for key, name in (('b', 'key/b'), ('space', 'key/space'), ('F1', 'key/f1'), ('Escape', 'key/escape')):\n"
        "    subprocess.run(['xdotool', 'key', key], check=True)\n"
        "    found = events(name)\n"
        "    assert (name, True, 'keyboard') in found, (name, found)\n"
        "glfw.set_window_should_close(stage.surface.window, True)\n"
        "assert ('quit', True, 'keyboard') in events('quit')\n"
        "assert stage.poll() == []\n"
        "stage.close(); stage.close(); assert stage.poll() == []\n"
    )
    _run(code, gl_display[0])


def test_keys_are_places_and_their_labels_follow_the_layout(gl_display: tuple[str, Path]) -> None:
    need(shutil.which("xdotool") and shutil.which("setxkbmap"), "xdotool and setxkbmap (apt: xdotool x11-xkb-utils)")
    code = _PROGRAM + (
        "show(); stage.poll(); subprocess.run(['setxkbmap', 'de'], check=True); time.sleep(0.3); show(); stage.poll()\n"
        "assert [stage.key_label(k) for k in ('y', 'z', 'q', 'semicolon', 'f1')] == ['Z', 'Y', 'Q', '\u00d6', '']\n"
        "subprocess.run(['xdotool', 'search', '--name', 'perform test', 'windowfocus'], check=True)\n"
        "for press, address in (('z', 'key/y'), ('udiaeresis', 'char/\u00fc'), ('question', 'char/?')):\n"
        "    subprocess.run(['xdotool', 'key', press], check=True)\n"
        "    assert (address, True, 'keyboard') in events(address), address\n"
        "subprocess.run(['xdotool', 'key', 'ctrl+shift+z'], check=True)\n"
        "assert ('key/ctrl+shift+y', True, 'keyboard') in events('key/ctrl+shift+y')\n"
        "subprocess.run(['xdotool', 'keydown', 'z'], check=True)\n"
        "assert ('key/y', True, 'keyboard') in events('key/y')\n"
        "subprocess.run(['xdotool', 'keyup', 'z'], check=True)\n"
        "assert ('key/y', False, 'keyboard') in events('key/y')\n"
        "stage.close()\n"
    )
    _run(code, gl_display[0])


def test_odd_sizes_and_read_back(gl_display: tuple[str, Path]) -> None:
    code = _PROGRAM + (
        "import glfw\n"
        "for size in ((333, 77), (1, 1), (61, 599), (320, 240)):\n"
        "    glfw.set_window_size(stage.surface.window, *size)\n"
        "    for _ in range(3):\n"
        "        show(); stage.poll()\n"
        "    assert np.array_equal(stage.finish(), image), size\n"
        "assert stage.surface.ctx.error == 'GL_NO_ERROR'\n"
        "glfw.get_framebuffer_size = lambda window: (0, 0)\n"
        "show(); assert stage.read_back() is None; show()\n"
        "assert np.array_equal(stage.read_back(), image) and not stage.messages\n"
        "print(describe(stage)['renderer'])\n"
        "stage.close()\n"
    )
    assert _run(code, gl_display[0]).strip()


def test_fullscreen_and_missing_monitor(gl_display: tuple[str, Path]) -> None:
    code = _PROGRAM + (
        "from perform.core.errors import DeviceError\n"
        "stage.close()\n"
        "try:\n    open_stage((160, 90), 'window', monitor=7)\n"
        "except DeviceError as error:\n    assert 'no monitor 7' in str(error)\n"
        "else:\n    raise AssertionError\n"
        "stage = open_stage((160, 90), 'window', fullscreen=True)\n"
        "show(); show()\n"
        "assert stage.surface._glfw.get_framebuffer_size(stage.surface.window) == (800, 600)\n"
        "stage.close()\n"
    )
    _run(code, gl_display[0])


def test_no_display_is_one_clear_line() -> None:
    code = (
        "from perform.core.errors import DeviceError\n"
        "from perform.gl import display_available, open_stage\n"
        "assert not display_available()\n"
        "try:\n    open_stage((64, 36), 'window')\n"
        "except DeviceError as error:\n    print(error)\n"
    )
    if sys.platform != "linux":
        pytest.skip("only Linux can be without a display server")
    said = _run(code, None)
    assert said.count("\n") == 1 and "no window can be opened" in said and "offscreen" in said
