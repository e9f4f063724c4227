"""A PulseAudio server of our own with a null sink: a real sound device where there is no sound card.

    with PulseServer(tmp_path) as server:
        subprocess.run([sys.executable, "-c", ...], env=server.env)   # PortAudio lists an input called "vj"
        server.play("song.wav")                                       # and hears what is played into the sink

Debian's PortAudio speaks ALSA, so the server is reached through ALSA's pulse plugin and an .asoundrc in a home
directory of the server's own. PortAudio reads that when it is first imported: use it in a child process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

TOOLS = ("pulseaudio", "pactl", "paplay")

ASOUNDRC = """
pcm.{name} {{ type pulse device "{name}.monitor" hint {{ show on description "loopback" }} }}
ctl.{name} {{ type pulse }}
pcm.!default {{ type pulse hint {{ show on description "default" }} }}
ctl.!default {{ type pulse }}
"""
CAPTURE = """
pcm.{name} {{ type pulse device "{source}" hint {{ show on description "capture" }} }}
ctl.{name} {{ type pulse }}
"""


def missing() -> str | None:
    """What has to be installed for a PulseServer, or None."""
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking:
        return f"{', '.join(lacking)} (apt: pulseaudio pulseaudio-utils)"
    plugins = [p for root in ("/usr/lib", "/usr/lib64") for p in Path(root).glob("**/libasound_module_pcm_pulse.so")]
    return None if plugins else "the ALSA pulse plugin (apt: libasound2-plugins)"


class PulseServer:
    """folder: becomes the server's home. name: of the sink, and of the ALSA device that records it.

    with_pipe: there is a second source `NAME_pipe`, which hears the float32 stereo that is written into `pipe`, when it
    is written. modules: more to load, each a line as pactl takes it. captures: further ALSA inputs by name, and the
    source that each records.
    """

    def __init__(self, folder: Path, name: str = "vj", rate_hz: int = 48000, with_pipe: bool = False,
                 modules: Sequence[str] = (), captures: Mapping[str, str] | None = None) -> None:  # fmt: skip
        self.folder = Path(folder)
        self.name = name
        self._rate_hz = rate_hz
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []
        self.pipe = self.folder / "pipe"
        self._modules = list(modules)
        self._captures = dict(captures or {})
        if with_pipe:
            pipe = f"module-pipe-source source_name={name}_pipe file={self.pipe} format=float32le"
            self._modules.append(f"{pipe} rate={rate_hz} channels=2")
            self._captures[f"{name}_pipe"] = f"{name}_pipe"
        self.asoundrc = self.folder / ".asoundrc"
        dropped = ("PULSE_SERVER", "PULSE_SINK", "DBUS_SESSION_BUS_ADDRESS", "JACK_PROMISCUOUS_SERVER")
        kept = {key: value for key, value in os.environ.items() if key not in dropped}
        self.env = {**kept, "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "PULSE_LATENCY_MSEC": "10"}

    def start(self) -> PulseServer:
        """Start, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        more = "".join(CAPTURE.format(name=name, source=source) for name, source in self._captures.items())
        self.asoundrc.write_text(ASOUNDRC.format(name=self.name) + more)
        sink = f"module-null-sink sink_name={self.name} rate={self._rate_hz} channels=2 format=float32le"
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit"]
        command += ["-L", "module-native-protocol-unix", "-L", sink]
        command += [word for module in self._modules for word in ("-L", module)]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._server = subprocess.Popen(command, env=self.env, **quiet)
        for _ in range(200):
            if subprocess.run(["pactl", "info"], env=self.env, **quiet, check=False).returncode == 0:
                return self
            if self._server.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("the PulseAudio server did not start")

    def play(self, path: Path | str) -> subprocess.Popen[bytes]:
        """Start playing a sound file into the sink; `wait()` on what comes back."""
        # A player with a large buffer of its own: what a test hears break is then the capture.
        env = {key: value for key, value in self.env.items() if key != "PULSE_LATENCY_MSEC"}
        command = ["paplay", f"--device={self.name}", "--latency-msec=1000", str(path)]
        player = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        self._players.append(player)
        return player

    def kill(self) -> None:
        """Pull the plug: no goodbye to any client."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server and every player. Safe to call twice."""
        for player in self._players:
            if player.poll() is None:
                player.kill()
            player.wait()
        self._players.clear()
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(sign)
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def __enter__(self) -> PulseServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
