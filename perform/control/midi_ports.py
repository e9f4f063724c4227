"""MIDI ports through RtMidi: found, opened, closed when they are unplugged and opened again when they come back.

RtMidi wraps ALSA and JACK on Linux, Core MIDI on macOS, MultiMedia on Windows. A machine without any of them has no
MIDI, which is no fault: `MidiPorts.open` raises DeviceError with one plain line.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from perform.core.errors import DeviceError
from perform.core.stream_clock import StreamClock

CLIENT = "perform"
RESCAN_S = 1.5
LATE_S = 0.1
"""A driver's time stamp that lies further back than this is not believed."""

_PASSED_OVER = re.compile(rf"midi through|^{CLIENT}\b|^rtmidi", re.IGNORECASE)
_ALSA_NUMBER = re.compile(r" \d+:\d+$")
Receive = Callable[[str, list[int], float], None]
"""Called with (port, message, show time), in the port's own thread."""


def backend() -> Any:
    """The rtmidi module. Raises DeviceError where it is not installed: no MIDI then."""
    try:
        import rtmidi
    except ImportError:
        raise DeviceError(
            "no MIDI: python-rtmidi is not installed (wheels: Python 3.11 and 3.12): pip install python-rtmidi"
        ) from None
    return rtmidi


def apis() -> list[int]:
    """The ways to MIDI on this machine that could work, best first."""
    rtmidi = backend()
    found = [api for api in rtmidi.get_compiled_api() if api != rtmidi.API_RTMIDI_DUMMY]
    if sys.platform.startswith("linux") and not os.path.exists("/dev/snd/seq"):
        found = [api for api in found if api != rtmidi.API_LINUX_ALSA]  # it would only fill the terminal
    return found


def stable(names: list[str]) -> list[str]:
    """Names as they will be next time too: without ALSA's numbers, the second of two equal ones with a #2."""
    out: list[str] = []
    for name in names:
        plain = _ALSA_NUMBER.sub("", name).strip()
        count = sum(1 for other in out if other == plain or other.startswith(f"{plain} #"))
        out.append(f"{plain} #{count + 1}" if count else plain)
    return out


class MidiPorts:
    """All inputs and outputs of this machine whose name holds `wanted` (`auto`: all of them).

    receive: gets every message. clock: show time. virtual: also offer ports of our own, for programs to connect to
    (not on Windows). Thread: `open`, `close` from one; `send`, `names` from any.
    """

    def __init__(
        self, receive: Receive, clock: Callable[[], float], wanted: str = "auto", *, virtual: bool = True
    ) -> None:
        self._receive = receive
        self._clock = clock
        self._wanted = "" if wanted == "auto" else wanted.lower()
        self._virtual = virtual and sys.platform != "win32"
        self._api = 0
        self._scan: list[Any] = []
        self._inputs: dict[str, Any] = {}
        self._outputs: dict[str, Any] = {}
        self._own: list[Any] = []
        self._partners: dict[str, str] = {}
        self._there: list[str] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.changed: Callable[[str, bool], None] = lambda name, here: None
        """Called when an input has come (True) or gone, in the thread of the search."""
        self.counted = {"messages": 0, "sent": 0, "errors": 0, "plugged": 0, "unplugged": 0}
        self.last_error = ""

    def open(self) -> None:
        """Open what is there and keep looking. Raises DeviceError where this machine has no MIDI."""
        self._api, self._scan = self._working()
        rtmidi = backend()
        if self._virtual:
            with contextlib.suppress(Exception):
                self._own = [self._input(CLIENT), rtmidi.MidiOut(self._api, CLIENT)]
                self._own[0].open_virtual_port("in")
                self._own[1].open_virtual_port("out")
                self.changed(CLIENT, True)
        self._rescanned()
        self._stop.clear()
        self._thread = threading.Thread(target=self._look, name="midi ports", daemon=True)
        self._thread.start()

    def _working(self) -> tuple[int, list[Any]]:
        """The first system that gives an input and an output to look around with, and these two."""
        rtmidi = backend()
        for api in apis():
            scan: list[Any] = []
            try:
                with _quiet_terminal():
                    for kind in (rtmidi.MidiIn, rtmidi.MidiOut):
                        scan.append(kind(api, f"{CLIENT} scan"))
            except Exception as error:  # noqa: BLE001 - RtMidi raises several kinds, all of which mean: not this one
                self.last_error = str(error)
                for port in scan:
                    _release(port)
                continue
            return int(api), scan
        raise DeviceError("no MIDI on this machine (on Linux it needs ALSA's sequencer, or a running JACK)")

    def _input(self, name: str) -> Any:
        rtmidi = backend()
        port = rtmidi.MidiIn(self._api, CLIENT)
        port.ignore_types(False, False, False)
        port.set_callback(_Listener(name, self._take, self._clock))
        return port

    def _take(self, name: str, message: list[int], time_s: float) -> None:
        self.counted["messages"] += 1
        try:
            self._receive(name, message, time_s)
        except Exception as error:  # noqa: BLE001 - a port goes on listening whatever one message did
            self.counted["errors"] += 1
            self.last_error = f"{name}: {type(error).__name__}: {error}"

    def _look(self) -> None:
        while not self._stop.wait(RESCAN_S):
            self._rescanned()

    def _rescanned(self) -> None:
        try:
            self.rescan()
        except Exception as error:  # noqa: BLE001 - a driver in trouble is tried again
            self.counted["errors"] += 1
            self.last_error = str(error)

    def rescan(self) -> None:
        """Take in what was plugged in, let go what was pulled out."""
        there = self._found(self._scan[1])
        if list(there) != self._there:
            self._there = list(there)
            self._partners.clear()
        found = self._found(self._scan[0])
        for name in [n for n in self._inputs if n not in found]:
            _release(self._inputs.pop(name))
            self.counted["unplugged"] += 1
            self.changed(name, False)
        for name, number in found.items():
            if name in self._inputs:
                continue
            port = self._input(name)
            try:
                port.open_port(number, "in")
            except Exception as error:  # noqa: BLE001 - taken by another program, or gone again
                _release(port)
                self.last_error = f"MIDI input {name}: {error}"
                continue
            self._inputs[name] = port
            self.counted["plugged"] += 1
            self.changed(name, True)
        with self._lock:
            for name in [n for n in self._outputs if n not in there]:
                _release(self._outputs.pop(name))

    def _found(self, scan: Any) -> dict[str, int]:
        names = stable(list(scan.get_ports()))
        return {
            name: number
            for number, name in enumerate(names)
            if not _PASSED_OVER.search(name) and self._wanted in name.lower()
        }

    def names(self) -> list[str]:
        """Inputs that are open."""
        return sorted(self._inputs)

    def output_names(self) -> list[str]:
        """Outputs that are there."""
        return sorted(self._found(self._scan[1])) if self._scan else []

    def output_like(self, part: str) -> str:
        """The output whose name holds `part`, or that belongs to the input of that name; "" for none."""
        names = self.output_names()
        wanted = part.lower()
        near = [n for n in names if wanted in n.lower()] or [n for n in names if _kin(n) == _kin(part)]
        return near[0] if near else ""

    def partner(self, name: str) -> str:
        """The output of the device whose input is called `name`; "-" for none. Looked for once, until ports change."""
        if name == CLIENT and self._own:
            return ""  # our own: what programs connect to
        if name not in self._partners:
            there = self.output_names()
            near = [n for n in there if n == name] or [n for n in there if _kin(n) == _kin(name)]
            self._partners[name] = near[0] if near else "-"
        return self._partners[name]

    def send(self, name: str, message: list[int]) -> bool:
        """Send to an output by its name, or to our own virtual one (""). False where that is not possible."""
        with self._lock:
            port = self._output(name)
            if port is None:
                return False
            try:
                port.send_message(message)
            except Exception as error:  # noqa: BLE001 - pulled out in this very moment
                self.counted["errors"] += 1
                self.last_error = f"MIDI output {name}: {error}"
                return False
        self.counted["sent"] += 1
        return True

    def _output(self, name: str) -> Any:
        if not name:
            return self._own[1] if len(self._own) > 1 else None
        if name not in self._outputs:
            number = self._found(self._scan[1]).get(name) if self._scan else None
            if number is None:
                return None
            port = backend().MidiOut(self._api, CLIENT)
            try:
                port.open_port(number, "out")
            except Exception as error:  # noqa: BLE001
                _release(port)
                self.last_error = f"MIDI output {name}: {error}"
                return None
            self._outputs[name] = port
        return self._outputs[name]

    def close(self) -> None:
        """Close everything. Safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=3.0)
            self._thread = None
        with self._lock:
            for port in (*self._inputs.values(), *self._outputs.values(), *self._own, *self._scan):
                with contextlib.suppress(Exception):
                    _release(port)
            self._inputs, self._outputs, self._own, self._scan = {}, {}, [], []


class _Listener:
    """Takes a port's messages and tells when they came: by the driver's stamps, laid on the show's clock."""

    def __init__(self, name: str, take: Receive, clock: Callable[[], float]) -> None:
        self._name, self._take, self._clock = name, take, clock
        self._stream = StreamClock()
        self._stream_s = 0.0

    def __call__(self, event: tuple[list[int], float], _data: object = None) -> None:
        message, since_s = event
        now_s = self._clock()
        self._stream_s += since_s
        self._stream.note(self._stream_s, now_s)
        stamp_s = self._stream_s + (self._stream.shift_s or 0.0)
        if not now_s - LATE_S < stamp_s <= now_s:
            stamp_s = now_s
        if message and message[0] != 0xFE:  # active sensing
            self._take(self._name, message, stamp_s)


def _release(port: Any) -> None:
    """Close first: `delete` alone waits for the driver's thread while that one waits for Python."""
    for step in ("cancel_callback", "close_port", "delete"):
        with contextlib.suppress(Exception):
            getattr(port, step)()


def _kin(name: str) -> str:
    """What the input and the output of one device have in common: letters and digits, without in, out and the like."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"-\d\d(?=:)", "", name.lower()))  # JACK's number of a second client
    return " ".join(dict.fromkeys(w for w in words if w not in ("in", "out", "input", "output", "midi", "port")))


@contextlib.contextmanager
def _quiet_terminal() -> Iterator[None]:
    """JACK's library writes to file 2 that no server runs; one line of ours says it better."""
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
