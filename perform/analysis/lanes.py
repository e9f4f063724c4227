"""What is kept of a sound for a summary and a picture: a column every few hops, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from perform.core.types import Features
from perform.features.beat import BeatState

EVERY = 4
"""Hops to a column at first, 21 ms: as long as the waveform that comes with a hop."""
CAPACITY = 1 << 17
"""Columns that are kept at most; when they are full, neighbours are joined. 46 minutes at the full resolution."""
BANDS = ("bass", "lowmid", "highmid", "treble")
LOWEST, HIGHEST = ("low",), ("high", *(f"{band} hit" for band in BANDS), "drop")
MEANS = (
    "rms", *BANDS, "energy", "build", "break", "silence", "trend", "tempo", "confidence", "loudness",
)  # fmt: skip
NAMES = (*LOWEST, *HIGHEST, *MEANS)
_SECTION = {name: f"section/{name}" for name in ("energy", "build", "break", "silence", "trend", "drop")}


class Lanes:
    """Columns of `NAMES` and of the 64 mel bands; read them with `lane` and `mel`.

    low, high: of the waveform in the column, both channels. tempo: bpm. loudness: LUFS. The rest: 0..1.
    """

    def __init__(self, hop_s: float) -> None:
        self._column_s = EVERY * hop_s
        self._values = np.zeros((len(NAMES), 4096), np.float32)
        self._mel = np.zeros((4096, 64), np.uint8)
        self._count = 0
        self._hop = 0
        self._folded = 1
        self._joined: list[np.ndarray] = []
        self._joined_mel: list[np.ndarray] = []
        self._hits = [0.0] * 4

    @property
    def column_s(self) -> float:
        """Seconds of a column."""
        return self._column_s * self._folded

    def __len__(self) -> int:
        return self._count

    def lane(self, name: str) -> np.ndarray:
        """[columns] float32."""
        return self._values[NAMES.index(name), : self._count]

    @property
    def mel(self) -> np.ndarray:
        """[columns, 64] uint8, 255 for 1."""
        return self._mel[: self._count]

    def add(self, hop: Features, state: BeatState | None) -> None:
        """One hop, and the newest of the tracker."""
        self._hits = [max(a, hop.values[f"audio/{band}/hit"]) for a, band in zip(self._hits, BANDS, strict=True)]
        self._hop += 1
        if self._hop % EVERY:
            return
        column = self._column(hop.values, hop.waveform, state)
        self._hits = [0.0] * 4
        mel = (hop.mel * 255.0).astype(np.uint8)
        if self._folded > 1:
            self._joined.append(column)
            self._joined_mel.append(mel)
            if len(self._joined) < self._folded:
                return
            column, mel = _join(np.stack(self._joined, axis=1), np.stack(self._joined_mel))
            self._joined, self._joined_mel = [], []
        self._append(column, mel)

    def _column(self, values: Mapping[str, float], wave: np.ndarray, state: BeatState | None) -> np.ndarray:
        loud = float(np.sqrt(np.mean(np.square(wave))))
        known = {
            "low": float(wave.min()), "high": float(wave.max()), "rms": loud,
            "tempo": state.tempo_bpm if state else 0.0, "confidence": state.confidence if state else 0.0,
            "loudness": values["audio/loudness"],
        }  # fmt: skip
        known |= {name: values[source] for name, source in _SECTION.items()}
        for band, hit in zip(BANDS, self._hits, strict=True):
            known[band], known[f"{band} hit"] = values[f"audio/{band}/level"], hit
        return np.array([known[name] for name in NAMES], np.float32)

    def _append(self, column: np.ndarray, mel: np.ndarray) -> None:
        if self._count == CAPACITY:
            self._fold()
        if self._count == self._mel.shape[0]:
            more = min(2 * self._count, CAPACITY)
            self._values = np.concatenate(
                [self._values, np.zeros((len(NAMES), more - self._count), np.float32)], axis=1
            )
            self._mel = np.concatenate([self._mel, np.zeros((more - self._count, 64), np.uint8)])
        self._values[:, self._count] = column
        self._mel[self._count] = mel
        self._count += 1

    def _fold(self) -> None:
        """Join neighbours: half as many columns, twice as long."""
        half = self._count // 2
        pairs = self._values[:, : 2 * half].reshape(len(NAMES), half, 2)
        low, high = len(LOWEST), len(LOWEST) + len(HIGHEST)
        joined = pairs.mean(axis=2)
        joined[:low], joined[low:high] = pairs[:low].min(axis=2), pairs[low:high].max(axis=2)
        self._values[:, :half] = joined
        self._mel[:half] = self._mel[: 2 * half].reshape(half, 2, 64).max(axis=1)
        self._count = half
        self._folded *= 2


def _join(columns: np.ndarray, mels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """columns [names, n], mels [n, 64] as one of each."""
    low, high = len(LOWEST), len(LOWEST) + len(HIGHEST)
    out = columns.mean(axis=1)
    out[:low], out[low:high] = columns[:low].min(axis=1), columns[low:high].max(axis=1)
    return out, mels.max(axis=0)
