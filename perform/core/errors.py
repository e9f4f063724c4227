"""The tree of errors.

PerformError
├── UsageError      a command or a value given by the user makes no sense
├── PresetError     a preset or venue file
├── ParamError      a parameter address, type or range
├── ModelError      a model folder, card or weights
├── ShaderError     an ISF file; `path` and `line` say where
├── DeviceError     an audio, video or MIDI device, a display, a port
└── MediaError      a sound, picture or video file

Every message is one line that says what was wrong, where, and what to do. A unit that fails in the middle of
a show raises one of these across its boundary; the engine counts it and plays on.
"""

from __future__ import annotations


class PerformError(Exception):
    """Base of all errors that a user may see as one line."""

    exit_code = 70


class UsageError(PerformError):
    """The command line or a call was used wrongly."""

    exit_code = 64


class PresetError(PerformError):
    """A preset or venue file cannot be read or holds a value that makes no sense."""

    exit_code = 65


class ParamError(PerformError):
    """A parameter does not exist, or a value does not fit its kind."""

    exit_code = 64


class ModelError(PerformError):
    """A model folder, its card or its weights cannot be used."""

    exit_code = 65


class ShaderError(PerformError):
    """An ISF shader cannot be used. `path` is the author's file, `line` counts from 1 (0: no line known)."""

    exit_code = 65

    def __init__(self, message: str, path: str = "", line: int = 0) -> None:
        place = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(place + message)
        self.path = path
        self.line = line


class DeviceError(PerformError):
    """A device, display or port is not there or refuses."""

    exit_code = 69


class MediaError(PerformError):
    """A sound, picture or video file cannot be read or written."""

    exit_code = 66
