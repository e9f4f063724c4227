"""Offline: the same engine under another clock. Same inputs, same preset, same seed: the same frames."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from perform.app import Rig, Say, open_offline
from perform.core.contracts import Sink
from perform.core.errors import UsageError
from perform.core.types import AudioBlock, Moment
from perform.options import Options

Progress = Callable[[int, int], None]
"""Called after each frame with (frames done, frames in all)."""


def render(options: Options, say: Say, progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """Render sound to a film (`options.record`) and/or PNGs (`options.frames`).

    Returns frames, seconds, and the SHA-256 over all pixels, which is the same for the same command on one machine.
    """
    if options.record is None and options.frames is None:
        raise UsageError("name at least one output: OUT.mp4, or --frames DIR for pictures")
    fps = options.fps or 30.0
    rig = open_offline(options, say)
    try:
        total = frames_in_all(rig, options, fps)
        add_sinks(rig, options, fps, say)
        pixels = _PixelHash()
        rig.engine.sinks.append(pixels)
        done = _run(rig, fps, total, progress)
        error = getattr(rig.recorder, "error", None)
        for deck, painter in rig.engine.painters.items():
            if painter.last_error:
                say(f"deck {deck}: {painter.last_error}")
    finally:
        rig.close()
    if error:
        raise UsageError(f"{options.record}: {error}")
    written = dict(rig.recorder.counts()) if rig.recorder is not None else {}
    return {"frames": done, "seconds": round(done / fps, 3), "sha256": pixels.hash.hexdigest(), "recording": written}


def _run(rig: Rig, fps: float, total: int, progress: Progress) -> int:
    engine = rig.engine
    for number in range(total):
        # A frame shows the sound up to its own time, so the first has heard one frame's worth.
        engine.tick((number + 1) / fps)
        rig.show.after_tick()
        progress(number + 1, total)
    return total


def frames_in_all(rig: Rig, options: Options, fps: float) -> int:
    """How many frames there are to render. Raises UsageError for a sound without an end, or a start behind it."""
    there_s = getattr(rig.sound, "duration_s", None)
    if there_s is not None:
        there_s -= options.start_s
    if options.seconds is not None:
        wanted_s = options.seconds if there_s is None else min(options.seconds, there_s)
    elif there_s is None:
        raise UsageError(f"{rig.sound.name} never ends: say how much of it with --seconds S")
    else:
        wanted_s = there_s
    if wanted_s <= 0.0:
        raise UsageError(f"nothing to render: --start {options.start_s:g} s lies behind the end of {rig.sound.name}")
    return max(1, round(wanted_s * fps))


def add_sinks(rig: Rig, options: Options, fps: float, say: Say) -> None:
    """The film and the folder that were asked for, as sinks of the show."""
    from perform.manifest import Manifest, manifest_path
    from perform.outputs.image import PngFolder
    from perform.outputs.video import VideoFile

    sinks: list[Sink] = rig.engine.sinks
    if options.record is not None:
        manifest = Manifest(rig.show, manifest_path(options.record), say)
        rig.recorder = VideoFile(
            Path(options.record), rig.show.stage.size, fps, rate_hz=rig.sound.rate_hz,
            channels=min(rig.sound.channels, 2), live=False, audio_offset_s=0.0, tags=manifest.tags(),
        )  # fmt: skip
        sinks += [_EarlierPictures(rig.recorder, fps), manifest]
        rig.engine.hearing.add_listener(_two_channels(rig.recorder))
    if options.frames is not None:
        sinks += [PngFolder(options.frames), Manifest(rig.show, Path(options.frames) / "manifest.json", say)]


def _two_channels(recorder: Sink) -> Callable[[AudioBlock], None]:
    return lambda block: recorder.send_audio(replace(block, samples=block.samples[:, :2]))


class _EarlierPictures:
    """A frame has heard the sound up to its end, so on the film it starts one frame earlier: picture n lies over the
    n-th stretch of sound."""

    def __init__(self, sink: Sink, fps: float) -> None:
        self._sink = sink
        self._fps = fps

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Pass on, one frame earlier."""
        self._sink.send(image, replace(moment, seconds=moment.seconds - 1.0 / self._fps))

    def send_audio(self, block: AudioBlock) -> None:
        """Pass on."""
        self._sink.send_audio(block)

    def counts(self) -> Any:
        """Those of the sink."""
        return self._sink.counts()

    def close(self) -> None:
        """Finish the file."""
        self._sink.close()


class _PixelHash:
    """A sink that only sums up what it sees."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self._pictures = 0

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Take a picture into the sum."""
        self.hash.update(np.ascontiguousarray(image).data)
        self._pictures += 1

    def send_audio(self, block: AudioBlock) -> None:
        """Sound is not part of it."""

    def counts(self) -> dict[str, int]:
        """Pictures seen."""
        return {"written": self._pictures}

    def close(self) -> None:
        """Nothing to finish."""
