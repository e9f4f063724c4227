"""Sound devices by name, through PortAudio (python-sounddevice), which lives here and is imported when needed.

`backend` arguments take the `sounddevice` module, or a stand-in for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from perform.core.errors import DeviceError
from perform.core.portaudio import end_stream, hangs

LATENCY_S = 0.01
"""Asked of every device. PortAudio's own default is "high", which costs 20 to 90 ms."""
BLOCK = 256
LOOPBACK_WORDS = (
    "monitor",
    "loopback",
    "blackhole",
    "stereo mix",
    "soundflower",
    "what u hear",
    "wave out mix",
    "cable output",
)
HOST_APIS = ("Windows WASAPI", "Core Audio", "JACK Audio Connection Kit", "ALSA", "Windows DirectSound", "MME")
"""Which of several entries of one device is taken; what is not listed comes last."""


class Found(NamedTuple):
    """An input device. number: PortAudio's; inputs: its channels; rate_hz: its own rate."""

    number: int
    name: str
    host_api: str
    inputs: int
    rate_hz: float


def load_backend() -> Any:
    """The sounddevice module. Raises DeviceError that names what to install."""
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            "PortAudio is not installed, so no sound device can be used; "
            "on Debian or Ubuntu: sudo apt install libportaudio2"
        ) from error
    except ImportError as error:
        raise DeviceError("the Python package sounddevice is missing; pip install sounddevice") from error
    return sounddevice


def is_loopback(name: str) -> bool:
    """Does the name look like a device that records what the machine plays?"""
    low = name.casefold()
    return any(word in low for word in LOOPBACK_WORDS)


def list_devices(backend: Any | None = None) -> list[dict[str, Any]]:
    """See `perform.inputs.list_devices`."""
    sd = backend or load_backend()
    hosts = sd.query_hostapis()
    default = _default_index(sd)
    return [
        {
            "name": str(device["name"]),
            "host_api": str(hosts[device["hostapi"]]["name"]),
            "inputs": int(device["max_input_channels"]),
            "outputs": int(device["max_output_channels"]),
            "default": index == default,
            "loopback": device["max_input_channels"] > 0 and is_loopback(str(device["name"])),
            "rate_hz": float(device["default_samplerate"]),
        }
        for index, device in enumerate(sd.query_devices())
    ]


def _default_index(sd: Any) -> int:
    """The default input's index, -1 where there is none."""
    return int(sd.default.device[0])


def find_input(part: str | None, backend: Any | None = None) -> Found:
    """The one input whose name contains `part` in any case; None means the system's default input.

    An exact name wins over a part; one device under several host systems counts once. Raises DeviceError that lists
    the candidates when several match, and what is present when none does.
    """
    sd = backend or load_backend()
    hosts = sd.query_hostapis()
    inputs = [
        Found(
            i, str(d["name"]), str(hosts[d["hostapi"]]["name"]), int(d["max_input_channels"]), d["default_samplerate"]
        )
        for i, d in enumerate(sd.query_devices())
        if d["max_input_channels"] > 0
    ]
    if not inputs:
        raise DeviceError("no sound input is present; plug one in, or play with --audio synth or a file")
    if part is None:
        default = [found for found in inputs if found.number == _default_index(sd)]
        if not default:
            raise DeviceError(f"the system names no default input; choose one: {_names(inputs)}")
        return default[0]
    wanted = part.casefold()
    matches = [f for f in inputs if f.name.casefold() == wanted]
    matches = matches or [f for f in inputs if wanted in f"{f.name}, {f.host_api}".casefold()]
    if not matches:
        raise DeviceError(f"no sound input is called '{part}'; present are: {_names(inputs)}")
    if len({f.name.casefold() for f in matches}) > 1:
        raise DeviceError(f"'{part}' fits several sound inputs, say more of the name: {_names(matches)}")
    return min(matches, key=lambda f: HOST_APIS.index(f.host_api) if f.host_api in HOST_APIS else len(HOST_APIS))


def _names(found: Sequence[Found]) -> str:
    return "; ".join(dict.fromkeys(f"{f.name} ({f.host_api}, {f.inputs} in)" for f in found))


def open_stream(
    found: Found,
    channels: int,
    rate_hz: float,
    callback: Callable[..., None],
    finished: Callable[[], None],
    backend: Any | None = None,
) -> Any:
    """A started input stream: low latency and small blocks if the device agrees, else what it does agree to.

    Tried in turn: the wanted rate with 10 ms and 256 samples, then with the device's own low and high latency; then
    the same at the device's own rate. Raises DeviceError with the first refusal's reason.
    """
    sd = backend or load_backend()
    refusal: Exception | None = None
    for rate in dict.fromkeys((rate_hz, found.rate_hz)):
        for latency, block in ((LATENCY_S, BLOCK), ("low", 0), ("high", 0)):
            try:
                stream = sd.InputStream(
                    device=found.number,
                    channels=channels,
                    samplerate=rate,
                    dtype="float32",
                    latency=latency,
                    blocksize=block,
                    callback=callback,
                    finished_callback=finished,
                )
            except (sd.PortAudioError, ValueError) as error:
                refusal = refusal or error
                continue
            try:
                stream.start()
            except sd.PortAudioError as error:
                refusal = refusal or error
                end_stream(stream, sd)
                continue
            return stream
    reason = " ".join(str(refusal).split())
    raise DeviceError(f"sound input {found.name} refuses to start: {reason}; is another program holding it?")


def rescan(backend: Any) -> None:
    """Make PortAudio look for devices again; it reads their list only when it starts.

    There is no public call for it, so this uses two private ones, and it ends every PortAudio stream of the process.
    It is called in one place only: when a lost microphone is sought again and its own stream is already closed. While
    a stream hangs it does nothing: the devices that were there can be opened again all the same.
    Raises the backend's PortAudioError; it may be tried again.
    """
    if hangs():
        return
    with contextlib.suppress(backend.PortAudioError):
        # Refused only when an earlier rescan ended PortAudio and could not start it: nothing is lost then.
        backend._terminate()
    backend._initialize()
