"""What somebody hands to a show in Python, as the options of a show: arrays as inputs, code as sources."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from perform.api.units import Painting, ShaderText
from perform.core.contracts import AudioInput
from perform.core.errors import ShaderError, UsageError
from perform.core.preset import Deck, Preset, read_preset
from perform.options import Given, Options, parse_size

CHANNELS_AT_MOST = 64


def input_of(
    sound: Any, *, rate_hz: float, live: bool, channels: str | None = None, trim_db: float = 0.0, start_s: float = 0.0
) -> tuple[str | None, AudioInput | None]:
    """(what `open_input` reads, or None; else an input that is not open yet). Raises UsageError."""
    if sound is None or isinstance(sound, str):
        return sound, None
    if isinstance(sound, Path):
        return f"file:{sound}", None
    if isinstance(sound, AudioInput):
        return None, sound
    from perform.inputs.array import ArrayInput
    from perform.inputs.level import Door, parse_channels

    if not 1000.0 <= rate_hz <= 768000.0:
        raise UsageError(f"rate_hz={rate_hz:g} is outside 1000..768000")
    samples = samples_of(sound)[round(start_s * rate_hz) :]
    if not len(samples):
        raise UsageError(f"nothing to hear: start_s={start_s:g} lies behind the end of the sound")
    return None, ArrayInput(samples, rate_hz, live, door=Door(parse_channels(channels), trim_db))


def samples_of(sound: Any) -> np.ndarray:
    """[n, ch] float32 of an array of sound; whole numbers are taken by their range. Raises UsageError."""
    array = np.asarray(sound)
    if array.dtype.kind == "i":
        array = array.astype(np.float32) / float(np.iinfo(array.dtype).max)
    if array.dtype.kind != "f" or array.ndim not in (1, 2) or not array.size:
        raise UsageError(
            f"sound of {array.shape} {array.dtype}: give [n] or [n, channels], floats -1..1 or whole numbers"
        )
    if array.ndim == 2 and array.shape[1] > CHANNELS_AT_MOST:
        raise UsageError(f"sound of {array.shape} has {array.shape[1]} channels: it lies on its side, give sound.T")
    return np.asarray(array if array.ndim == 2 else array[:, None], np.float32)


def look_of(preset: Any, source: Any) -> tuple[str | None, str | None, Preset | None]:
    """(name of a preset, fixed source, look). A source without a preset is a bare look. Raises PresetError."""
    text = source.text if isinstance(source, Painting | ShaderText) else source
    if text is not None and not isinstance(text, str):
        raise UsageError(f"source={text!r}: give a text like 'shader:silk', or what `generator` or `shader` made")
    if isinstance(preset, Preset):
        return None, text, preset
    if isinstance(preset, Path) or (isinstance(preset, str) and preset.endswith(".toml")):
        return None, text, read_preset(preset)
    if preset is None and text is not None:
        return None, text, Preset("code", decks={"a": Deck(text)})
    if preset is not None and not isinstance(preset, str):
        raise UsageError(f"preset={preset!r}: give a name, the path of a .toml file, or what `parse_preset` made")
    return preset, text, None


def size_of(size: Any) -> tuple[int, int] | None:
    """(w, h) of a pair or of a text like `640x360`. Raises UsageError."""
    if size is None:
        return None
    try:
        text = size if isinstance(size, str) else "x".join(str(int(side)) for side in size)
    except (TypeError, ValueError):
        raise UsageError(f"size={size!r}: give (width, height) in pixels") from None
    return parse_size(text)


def options_of(wanted: dict[str, Any], *, live: bool, workshop: Workshop) -> Options:
    """The options of a show. wanted: arguments of `Show.offline` or `Show.live`, by name. Raises UsageError."""
    wanted = dict(wanted)
    rate_hz = float(wanted.pop("rate_hz"))
    start_s = float(wanted.get("start_s") or 0.0)
    door = {name: wanted[name] for name in ("channels", "trim_db") if wanted.get(name) is not None}
    audio, sound = input_of(wanted.pop("sound"), rate_hz=rate_hz, live=live, start_s=start_s, **door)
    source = wanted.pop("source")
    name, fixed, look = look_of(wanted.pop("preset"), source)
    own = {source.text: lambda: workshop.plan(source)} if isinstance(source, Painting | ShaderText) else {}
    given = Given(sound, look, own)
    fps = wanted.get("fps")
    if fps is not None and not 1.0 <= float(fps) <= 1000.0:
        raise UsageError(f"fps={fps!r}: give frames a second, 1 to 1000")
    seconds = wanted.get("seconds")
    if seconds is not None and not float(seconds) > 0.0:
        raise UsageError(f"seconds={seconds!r}: give a time over 0")
    known = {f.name for f in fields(Options)}
    unknown = [key for key in wanted if key not in known]
    if unknown:
        raise UsageError(f"a show knows no option {unknown[0]!r}; docs/python.md names them")
    wanted |= {"audio": audio, "preset": name, "source": fixed, "size": size_of(wanted.get("size")), "given": given}
    wanted["start_s"] = 0.0 if sound is not None else start_s
    return Options(**wanted)


class Workshop:
    """Where shaders that are texts lie while a show runs: a folder of its own, gone with it."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def plan(self, unit: Painting | ShaderText) -> Any:
        """What a deck is to play. Raises ShaderError."""
        if isinstance(unit, Painting):
            return unit.plan()
        from perform.deck_source import SourcePlan

        document = self.document(unit)
        if document.kind != "generator":
            raise UsageError(
                f"shader {unit.name} is a {document.kind}: it takes a picture in, so give it to show.effect"
            )
        return SourcePlan(unit.text, tuple(document.params()), document=document)

    def document(self, unit: ShaderText) -> Any:
        """Read it, and let it through the show's gate. Raises ShaderError."""
        from perform.trial.gate import admit

        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="perform_code_")
        path = Path(self._folder.name) / f"{unit.name}.fs"
        path.write_text(unit.body, "utf-8")
        return self.plainly(lambda: admit(path))

    def plainly(self, act: Callable[[], Any]) -> Any:
        """Do something with such shaders; an error names the shader, not the file that nobody knows of."""
        try:
            return act()
        except ShaderError as error:
            if self._folder is None or self._folder.name not in str(error):
                raise
            message = str(error).replace(self._folder.name + os.sep, "shader ").replace(".fs", "")
            told = type(error)(message)
            told.path, told.line = error.path, error.line
            raise told from None

    def close(self) -> None:
        """Take the folder away."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
