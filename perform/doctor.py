"""`perform doctor`: what a show needs on this machine, what is there, why it matters, and how to get what is not.

Every check stands alone: what fails in one is reported in its own row and hides no other.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from perform.core.errors import PerformError

OSC_PORT = 9000
DISK_NEEDED_GIB = 2.0
CUDA_FIX = (
    "take a CUDA build: .venv/bin/python -m pip uninstall -y torch, then .venv/bin/python -m pip install torch==2.13.0 "
    "--index-url INDEX, where INDEX is the one that pytorch.org names for your CUDA"
)
LOOPBACK_FIX = {
    "linux": "PulseAudio and PipeWire have one: install libasound2-plugins, then add to ~/.asoundrc the line  "
    'pcm.loopback { type pulse device "@DEFAULT_MONITOR@" hint { show on description "loopback" } }  '
    "and play with --audio device:loopback",
    "darwin": "install BlackHole (brew install blackhole-2ch), put it into a multi-output device in Audio MIDI Setup, "
    "and play with --audio device:BlackHole",
    "win32": "switch on Stereo Mix in the recording devices, or install VB-CABLE, and play with --audio device:CABLE",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One row. needed: without it no show can run. found: what is there. why, fix: filled also where all is well."""

    name: str
    ok: bool
    needed: bool
    found: str
    why: str
    fix: str


class Result(NamedTuple):
    """What a probe saw. fix: where this failure wants another remedy than the usual one."""

    ok: bool
    found: str
    fix: str = ""


class Probe(NamedTuple):
    """A check before it is run."""

    name: str
    needed: bool
    look: Callable[[], Result]
    why: str
    fix: str


def diagnose() -> list[Check]:
    """Run every check. Takes some seconds: libraries are loaded, and an OpenGL context is made."""
    return [_run(probe) for probe in _probes()]


def ready(checks: list[Check]) -> bool:
    """True when a show can run: all that is needed is there."""
    return all(check.ok for check in checks if check.needed)


def _run(probe: Probe) -> Check:
    try:
        result = probe.look()
    except PerformError as error:
        result = Result(False, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a broken library does, the other rows are still wanted
        result = Result(False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
    return Check(probe.name, result.ok, probe.needed, result.found, probe.why, result.fix or probe.fix)


def _probes() -> list[Probe]:
    again = "set up again: python3 start.py"
    driver = "update the graphics driver; on Debian or Ubuntu: sudo apt install libegl1 libgl1 libgl1-mesa-dri"
    portaudio = "on Debian or Ubuntu: sudo apt install libportaudio2"
    loopback = LOOPBACK_FIX.get(sys.platform, LOOPBACK_FIX["linux"])
    return [
        Probe("python", True, _python, "perform is written for Python 3.11 or newer", "install Python 3.11 or newer"),
        Probe("torch", True, _torch, "the model is painted with PyTorch", again),
        Probe("gpu", False, _gpu, "larger models need a GPU; the shipped one plays on a CPU", "play small models"),
        Probe("opengl", True, _opengl, "shaders, and every frame that is shown or recorded, are drawn with it", driver),
        Probe("window", False, _window, "without a display the show plays offscreen", "log in to a desktop session"),
        Probe("portaudio", False, _portaudio, "sound devices are reached through it; files need none", portaudio),
        Probe("audio input", False, _audio_input, "a microphone or line in, for --audio mic", "plug one in"),
        Probe("loopback", False, _loopback, "hears what this machine plays itself", loopback),
        Probe("audio output", False, _audio_output, "the built-in band and files are heard through it", "plug one in"),
        Probe("video", False, _video, "recording and rendering write H.264 with it", again),
        Probe("models", True, _models, "the StyleGAN that a show begins with", "fetch the checkout again"),
        Probe("presets", True, _presets, "the looks that are played", "fetch the checkout again"),
        Probe("shaders", True, _shaders, "generators and effects", "fetch the checkout again"),
        Probe("disk", False, _disk, "recordings and takes are written here", "free some space"),
        Probe("osc port", False, _osc_port, "other programs steer the show through it", "take another: --osc-port"),
        Probe("midi", False, _midi, "controllers, MIDI clock and timecode", "plug one in; see docs/midi.md"),
        Probe("gamepad", False, _gamepad, "plays like a controller", "plug one in; see docs/keyboard_and_gamepad.md"),
        Probe("camera", False, _camera, "a source, and its motion and light as signals", "plug one in"),
        Probe("link", False, _link, "Ableton Link (an extra, under the GPL)", "pip install LinkPython-extern"),
    ]


def _python() -> Result:
    version = platform.python_version()
    return Result(sys.version_info >= (3, 11), f"{version} on {platform.system()} {platform.machine()}")


def _torch() -> Result:
    import torch

    total = torch.ones(8).sum().item()
    return Result(total == 8.0, f"{torch.__version__}, {torch.get_num_threads()} threads")


def _gpu() -> Result:
    import torch

    if torch.cuda.is_available():
        return Result(True, f"{torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}")
    if torch.backends.mps.is_available():
        return Result(True, "Apple GPU, through MPS")
    if shutil.which("nvidia-smi"):
        return Result(False, "an NVIDIA driver is here, but torch does not use it", CUDA_FIX)
    return Result(False, "none that torch can use")


def _opengl() -> Result:
    from perform.gl.context import context_facts, offscreen_context

    context = offscreen_context()
    try:
        facts = context_facts(context)
    finally:
        context.release()
    speed = ", in software (slow: keep --size small)" if facts["software"] else ""
    return Result(True, f"{facts['renderer']}, OpenGL {facts['version']}, GLSL {facts['glsl']}{speed}")


def _window() -> Result:
    linux = sys.platform.startswith("linux")
    if linux and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return Result(False, "no display server (neither DISPLAY nor WAYLAND_DISPLAY is set)")
    from perform.gl.window import glfw_ready

    reason = glfw_ready()
    return Result(reason is None, reason or "a display with a monitor")


def _portaudio() -> Result:
    from perform.inputs.device import load_backend

    with _c_stderr_shut():
        backend = load_backend()
    return Result(True, " ".join(backend.get_portaudio_version()[1].split(",")[0].split()))


def _devices(wanted: Callable[[dict[str, Any]], object]) -> Result:
    from perform.inputs.device import list_devices

    with _c_stderr_shut():
        names = [device["name"] for device in list_devices() if wanted(device)]
    return Result(bool(names), "; ".join(dict.fromkeys(names)) or "none")


def _audio_input() -> Result:
    return _devices(lambda device: device["inputs"] and not device["loopback"])


def _loopback() -> Result:
    return _devices(lambda device: device["loopback"])


def _audio_output() -> Result:
    return _devices(lambda device: device["outputs"])


def _video() -> Result:
    import av

    from perform.outputs.video_mux import supported_codecs

    codecs = supported_codecs()
    h264 = any("264" in name for name in codecs)
    return Result(h264, f"PyAV {av.__version__}, encoders: {', '.join(codecs) or 'none'}")


def _models() -> Result:
    from perform.content import list_models
    from perform.core.card import check_hash, read_card

    good, bad = [], []
    for folder in list_models():
        try:
            check_hash(read_card(folder))
            good.append(folder.name)
        except PerformError as error:
            bad.append(str(error))
    return _content(good, bad)


def _presets() -> Result:
    from perform.content import list_presets
    from perform.core.preset import read_preset

    good, bad = [], []
    for path in list_presets():
        try:
            read_preset(path)
            good.append(path.stem)
        except PerformError as error:
            bad.append(str(error))
    return _content(good, bad)


def _shaders() -> Result:
    from perform.content import list_shaders
    from perform.isf import read_shader

    good, bad = [], []
    for path in list_shaders():
        try:
            read_shader(path)
            good.append(path.stem)
        except PerformError as error:
            bad.append(str(error))
    return _content(good, bad)


def _content(good: list[str], bad: list[str]) -> Result:
    """A show needs one that is whole; a broken one beside it is named, and is no reason to stay dark."""
    found = f"{len(good)}: {', '.join(good)}" if len(good) <= 8 else f"{len(good)}"
    return Result(bool(good), "; ".join([found if good else "none", *bad]))


def _disk() -> Result:
    folder = os.getcwd()
    free_gib = shutil.disk_usage(folder).free / (1 << 30)
    return Result(free_gib >= DISK_NEEDED_GIB, f"{free_gib:.1f} GiB free in {folder}")


def _osc_port() -> Result:
    from perform.control.osc import OscServer

    server = OscServer(OSC_PORT, lookup=lambda path: None, clock=lambda: 0.0)
    try:
        server.open(lambda event: None)
    finally:
        server.close()
    return Result(True, f"UDP {OSC_PORT} is free")


def _midi() -> Result:
    from perform.control.midi_ports import MidiPorts

    ports = MidiPorts(lambda *_: None, lambda: 0.0, virtual=False)
    with _c_stderr_shut():
        ports.open()
        names = sorted({*ports.names(), *ports.output_names()})
        ports.close()
    return Result(bool(names), "; ".join(names) or "no device")


def _gamepad() -> Result:
    window = _window()
    if not window.ok:
        return Result(False, f"pads are read with a window: {window.found}")
    from perform.gl.gamepad import plugged

    pads, others = plugged()
    unknown = f"{', '.join(others)}: a joystick whose layout is not known" if others else "none"
    return Result(bool(pads), "; ".join(pads) or unknown)


def _camera() -> Result:
    from perform.inputs.camera import list_cameras

    names = [name for _, name in list_cameras()]
    told = sys.platform.startswith("linux")
    return Result(bool(names), "; ".join(names) or ("none" if told else "only Linux tells without opening them"))


def _link() -> Result:
    from importlib.util import find_spec

    there = find_spec("link") is not None
    return Result(there, "installed; join with --link" if there else "not installed")


@contextlib.contextmanager
def _c_stderr_shut() -> Iterator[None]:
    """ALSA and JACK write what they did not find straight to file 2; the rows say it in better words."""
    try:
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
