"""Where sound comes from: microphone and line, files, the built-in band, silence.

`open_input` turns what a user writes into an AudioInput. Nothing heavy is imported until an input is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perform.core.contracts import AudioInput
from perform.core.errors import UsageError

__all__ = ["list_devices", "open_input"]


def open_input(
    spec: str,
    *,
    live: bool,
    rate_hz: float = 48000.0,
    channels: str | None = None,
    trim_db: float = 0.0,
    start_s: float = 0.0,
    loop: bool = False,
) -> AudioInput:
    """The input that `spec` names, not yet opened.

    spec: `synth`, `mic`, `device:NAME-PART`, `file:PATH`, `silence`, `metronome[:BPM]`, or simply a path. live: paced
    in real time (a device paces itself); else `read` delivers what is asked for at once, and devices are refused.
    rate_hz: wanted rate; a file keeps its own, a device may insist on its own. channels: "1,2" picks channels of the
    source, from 1. trim_db: -120..60. start_s: seconds into the file or the band. loop: files only.
    Raises UsageError.
    """
    from perform.inputs.level import Door, parse_channels

    if not 1000.0 <= rate_hz <= 768000.0:
        raise UsageError(f"sample rate of {rate_hz:g} Hz is outside 1000..768000")
    picked = parse_channels(channels)
    door = Door(picked, trim_db)
    kind, _, rest = spec.partition(":")
    if spec == "synth":
        from perform.inputs.synth import SynthBand

        return SynthBand(live=live, rate_hz=rate_hz, start_s=start_s, door=door)
    if spec == "silence":
        from perform.inputs.array import SilenceInput

        return SilenceInput(live=live, rate_hz=rate_hz, door=door)
    if kind == "metronome":
        from perform.inputs.metronome import Metronome

        return Metronome(_bpm(rest), live=live, rate_hz=rate_hz, door=door)
    if spec == "mic" or kind == "device":
        if not live:
            raise UsageError(f"audio '{spec}' is a live device and cannot be rendered offline; give a file or synth")
        if kind == "device" and not rest.strip():
            raise UsageError("audio 'device:' lacks a name; write device:PART-OF-NAME (see: perform list devices)")
        from perform.inputs.microphone import Microphone

        return Microphone(rest.strip() or None, rate_hz=rate_hz, picked=picked, trim_db=trim_db)
    path = rest if kind == "file" and rest else spec
    if not path.strip():
        raise UsageError("no audio given; write synth, mic, device:PART-OF-NAME or the path of a sound file")
    from perform.inputs.file import FileInput

    return FileInput(Path(path).expanduser(), live=live, start_s=start_s, loop=loop, door=door)


def _bpm(text: str) -> float:
    """The tempo of `metronome:BPM`. Raises UsageError."""
    try:
        bpm = float(text or 60.0)
    except ValueError:
        bpm = 0.0
    if not 20.0 <= bpm <= 300.0:
        raise UsageError(f"audio 'metronome:{text}': a tempo is a number from 20 to 300, as in metronome:60")
    return bpm


def list_devices() -> list[dict[str, Any]]:
    """Every sound device: name, host_api, inputs, outputs, default (of inputs), loopback, rate_hz.

    Raises DeviceError where PortAudio itself is missing.
    """
    from perform.inputs.microphone import list_devices as present

    return present()
