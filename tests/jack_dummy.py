"""A JACK server of our own on the dummy driver: real MIDI ports where there is no MIDI hardware and no sequencer.

RtMidi finds the server by JACK_DEFAULT_SERVER, which is set in this process while the server runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import Any

RATE_HZ, PERIOD = 48000, 256
QUIET: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


def missing() -> str | None:
    """What has to be installed for a JackServer, or None."""
    lacking = [tool for tool in ("jackd", "jack_lsp") if shutil.which(tool) is None]
    return f"{', '.join(lacking)} (apt: jackd2)" if lacking else None


class JackServer:
    """`with JackServer():` MIDI ports of this process and its children meet in this server."""

    def __init__(self) -> None:
        self.name = f"perform_{os.getpid()}"
        self._server: subprocess.Popen[bytes] | None = None
        self._before = os.environ.get("JACK_DEFAULT_SERVER")

    def __enter__(self) -> JackServer:
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        os.environ.pop("JACK_PROMISCUOUS_SERVER", None)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        if self._before is None:
            os.environ.pop("JACK_DEFAULT_SERVER", None)
        else:
            os.environ["JACK_DEFAULT_SERVER"] = self._before

    def alive(self) -> None:
        """Start it anew where it has died or answers no more: jackd does so once in a while on a busy machine."""
        if not self._answers():
            self._end()
            self._start()

    def _start(self) -> None:
        command = ["jackd", "--no-realtime", "--timeout", "20000", "--name", self.name]  # a busy machine answers slowly
        command += ["-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD)]
        self._server = subprocess.Popen(command, **QUIET)
        for _ in range(200):
            if self._answers():
                return
            if self._server.poll() is not None:
                break
            time.sleep(0.05)
        self._end()
        raise RuntimeError("the JACK server did not start")

    def _answers(self) -> bool:
        try:
            return subprocess.run(["jack_lsp"], **QUIET, check=False, timeout=10).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _end(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.terminate()
            try:
                server.wait(timeout=5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
