"""What a live show would hear, without a show: a whole sound as arrays, or a device as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from perform.api.opening import input_of
from perform.api.units import Feature, told
from perform.core.contracts import AudioInput
from perform.core.errors import MediaError, UsageError
from perform.core.types import BeatClock, Features

RATE_HZ = 48000.0
NAP_S = 0.002


@dataclass(frozen=True, slots=True)
class Analysis:
    """A sound as a live show would have heard it, hop by hop; `analysis["audio/bass/level"]` is one feature.

    time_s: [hops] float64, the end of each hop, in seconds of sound. values: name -> [hops] float32. mel: [hops, 64]
    float32 0..1, low to high. beat_time_s: [beats] float64; beat_in_bar: [beats], 1 is the first of a bar.
    tempo_bpm: of the middle of the beats' gaps; 0 where there are none. hop_s: from one hop to the next.
    """

    time_s: np.ndarray
    values: Mapping[str, np.ndarray]
    mel: np.ndarray
    beat_time_s: np.ndarray
    beat_in_bar: np.ndarray
    tempo_bpm: float
    hop_s: float
    rate_hz: float

    def __getitem__(self, name: str) -> np.ndarray:
        """[hops] float32 of one feature. Raises UsageError for a name that is none."""
        if name not in self.values:
            raise UsageError(f"no feature {name!r}; `perform list features` names them")
        return self.values[name]

    def __len__(self) -> int:
        return len(self.time_s)


def analyse(
    sound: Any, *, rate_hz: float = RATE_HZ, channels: str | None = None, start_s: float = 0.0,
    seconds: float | None = None, features: Iterable[Feature] = (),
) -> Analysis:  # fmt: skip
    """Hear a whole sound at once, as fast as it can be read.

    sound: as for `Show.offline`; one without end needs `seconds`. features: your own, beside those that are there. An
    hour takes about 350 MB. Raises MediaError where there is nothing to hear, UsageError, and the error of a feature.
    """
    from perform.analysis.path import LivePath

    if seconds is not None and not seconds > 0.0:
        raise UsageError(f"seconds={seconds!r}: give a time over 0")
    heard = _open(sound, rate_hz, channels, start_s, live=False)
    try:
        if seconds is None and getattr(heard, "duration_s", None) is None and not heard.name.startswith("file"):
            raise UsageError(f"{heard.name} never ends: say how much of it with seconds=")
        path = LivePath(heard, (0.0,))
        for unit in features:
            path.analyser.add(unit.start(_raise))
        hops: list[Features] = []
        beats: list[tuple[float, int, float]] = []
        for step in path.steps(seconds):
            hops += step.hops
            beats += step.beats[0]
        if not hops:
            raise MediaError(getattr(heard, "error", None) or f"{heard.name} is too short to hear anything in it")
        return _arrays(hops, beats, path.analyser.hop_s, heard.rate_hz)
    finally:
        heard.close()


def _raise(who: str, error: Exception) -> None:
    raise told(who, error) from error


def _arrays(hops: list[Features], beats: list[tuple[float, int, float]], hop_s: float, rate_hz: float) -> Analysis:
    times = np.array([beat[0] for beat in beats], np.float64)
    gaps = np.diff(times)
    return Analysis(
        time_s=np.array([hop.time_s for hop in hops]),
        values={name: np.array([hop.values[name] for hop in hops], np.float32) for name in hops[0].values},
        mel=np.stack([hop.mel for hop in hops]),
        beat_time_s=times,
        beat_in_bar=np.array([beat[1] for beat in beats], np.int64),
        tempo_bpm=float(60.0 / np.median(gaps)) if len(gaps) else 0.0,
        hop_s=hop_s,
        rate_hz=rate_hz,
    )


def listen(
    sound: Any = "mic", *, rate_hz: float = RATE_HZ, channels: str | None = None, seconds: float | None = None,
    features: Iterable[Feature] = (),
) -> Iterator[Features]:  # fmt: skip
    """Hear as it sounds: one Features a hop (about 190 a second), for something of your own that wants no picture.

    sound: `mic`, `device:PART-OF-NAME`, or anything else at its real pace. `values` also holds `beat/phase` 0..1,
    `beat/count`, `tempo/bpm` and `tempo/confidence` 0..1, as far as a beat is known (else 0). Ends with the sound or
    after `seconds` of it; leaving the loop closes the input. Raises DeviceError, MediaError, UsageError.
    """
    from perform.beats import beats_of
    from perform.features import FeatureAnalyser

    heard = _open(sound, rate_hz, channels, 0.0, live=True)
    try:
        analyser, beats = FeatureAnalyser(rate_hz=heard.rate_hz), beats_of(heard)
        for unit in features:
            analyser.add(unit.start(_raise))
        note = getattr(beats, "note", lambda hops: None)
        while not heard.finished:
            block = heard.read(analyser.frames_to_hop)
            if block is None:
                time.sleep(NAP_S)
                continue
            hops = analyser.process(block)
            note(hops)
            clock = beats(block)
            for hop in hops:
                yield replace(hop, values={**hop.values, **_beat(clock, hop.time_s)})
            if seconds is not None and block.start_s + len(block.samples) / block.rate_hz >= seconds:
                return
    finally:
        heard.close()


def _beat(clock: BeatClock | None, time_s: float) -> dict[str, float]:
    """The beat at a time of the stream."""
    if clock is None:
        return dict.fromkeys(("beat/phase", "beat/count", "tempo/bpm", "tempo/confidence"), 0.0)
    count = clock.beats + (time_s - clock.time_s) * clock.tempo_bpm / 60.0
    return {"beat/phase": count % 1.0, "beat/count": float(int(count)), "tempo/bpm": clock.tempo_bpm,
            "tempo/confidence": clock.confidence}  # fmt: skip


def _open(sound: Any, rate_hz: float, channels: str | None, start_s: float, *, live: bool) -> AudioInput:
    from perform.inputs import open_input

    audio, given = input_of(sound, rate_hz=rate_hz, live=live, channels=channels, start_s=start_s)
    heard = given or open_input(audio or "synth", live=live, rate_hz=rate_hz, channels=channels, start_s=start_s)
    heard.open()
    return heard
