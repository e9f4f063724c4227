"""`--features OUT.npz`: every feature of every hop, the mel bands, and the tracker's own hundred hops a second.

| array | shape | what |
|---|---|---|
| `names` | [features] text | the names of the features, as `perform list features` gives them |
| `time_s` | [hops] f8 | the end of each hop, in seconds of sound |
| one for each of `names` | [hops] f4 | the feature, as a live show would have had it at that time |
| `mel` | [hops, 64] f4 | mel bands, 0..1, low to high; drawn afresh every fourth hop |
| `mel_hz` | [64] f8 | their centres |
| `tracker/time_s`, `tracker/tempo_bpm`, … | [tracker hops] f8 | the beat tracker's state, field by field |
| `beat_time_s`, `beat_in_bar`, `beat_emit_s` | [beats] f8 | the beats that a live show would act on |
| `rate_hz`, `hop_s`, `version` | [] | of the sound; of a hop; of this layout: 1 |

In Python: `data = numpy.load("out.npz"); bass = data["audio/bass/level"]`.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from perform.analysis.columns import Archive, Rows, Spool
from perform.analysis.path import Beat, Step
from perform.core.errors import MediaError
from perform.features import OUTPUTS
from perform.features.beat import BeatState
from perform.features.tables import MELS, mel_edges_hz

VERSION = 1


class FeatureStore:
    """Takes what the live path brings; `write` makes the file."""

    def __init__(self, path: Path) -> None:
        """path: of the .npz; what does not fit into memory lies beside it, nameless, until then."""
        self._path = path
        self._names = tuple(OUTPUTS)
        self._fields = tuple(f.name for f in fields(BeatState))
        self._hops = Spool({"time_s": "f8"} | dict.fromkeys(self._names, "f4"), path.parent)
        self._states = Spool({f"tracker/{name}": "f8" for name in self._fields}, path.parent)
        self._mel = Rows("mel", MELS, path.parent)

    def add(self, step: Step) -> None:
        """What a block brought. Raises MediaError where the disk takes no more."""
        try:
            self._add(step)
        except OSError as error:
            raise MediaError(f"{self._path} cannot be written: {error.strerror or error}") from error

    def _add(self, step: Step) -> None:
        for hop in step.hops:
            values = hop.values
            self._hops.add([hop.time_s, *(values[name] for name in self._names)])
            self._mel.add(hop.mel)
        for state in step.states:
            self._states.add([float(getattr(state, name)) for name in self._fields])

    def write(self, beats: list[Beat], rate_hz: float, hop_s: float) -> None:
        """Make the file. Raises MediaError."""
        with Archive(self._path) as archive:
            archive.put("version", np.array(VERSION))
            archive.put("names", np.array(self._names))
            for spool in (self._hops, self._states, self._mel):
                spool.write(archive.file)
            archive.put("mel_hz", mel_edges_hz()[1:-1])
            table = np.array(beats, np.float64).reshape(-1, 3)
            for name, column in zip(("beat_time_s", "beat_in_bar", "beat_emit_s"), table.T, strict=True):
                archive.put(name, column)
            archive.put("rate_hz", np.array(rate_hz))
            archive.put("hop_s", np.array(hop_s))

    def close(self) -> None:
        """Throw away what was spooled."""
        for spool in (self._hops, self._states, self._mel):
            spool.close()
