"""Sound as textures for ISF's `audio` and `audioFFT` inputs: a row per channel, float, the waveform centred at 0.5.

For Shadertoy's files both in one: the spectrum in row 0, the wave in row 1. Source: ISF v2 specification; for MAX:
1 column of `audio` is the volume, n columns of `audioFFT` are n bands.
"""

from __future__ import annotations

import moderngl
import numpy as np

from perform.core.types import Features
from perform.gl.targets import smooth
from perform.isf import Input

DEFAULT_COLUMNS = {"audio": 512, "audioFFT": 64, "soundRows": 512}


def waveform_rows(waveform: np.ndarray, columns: int) -> np.ndarray:
    """[n, channels] -1..1 -> [channels, columns] float32 0..1, oldest left; the newest where fewer are wanted."""
    samples = np.nan_to_num(np.asarray(waveform, np.float32))
    samples = samples[:, None] if samples.ndim == 1 else samples
    if not samples.size:
        return np.full((1, columns), 0.5, np.float32)
    if columns == 1:
        rows = np.abs(samples).max(axis=0)[:, None]
    elif columns <= len(samples):
        rows = samples[-columns:].T
    else:
        at = np.linspace(0, len(samples) - 1, columns)
        rows = np.stack([np.interp(at, np.arange(len(samples)), channel) for channel in samples.T])
    return np.clip(0.5 + 0.5 * rows, 0.0, 1.0).astype(np.float32)


def spectrum_row(spectrum: np.ndarray, columns: int) -> np.ndarray:
    """[bins] 0..1 -> [1, columns] float32: means of equal parts where fewer are wanted, lines between where more."""
    bands = np.nan_to_num(np.asarray(spectrum, np.float32).ravel())
    if not bands.size:
        return np.zeros((1, columns), np.float32)
    if columns <= len(bands):
        edges = np.linspace(0, len(bands), columns + 1)
        sums = np.interp(edges, np.arange(len(bands) + 1), np.concatenate([[0.0], np.cumsum(bands, dtype=np.float64)]))
        row = np.diff(sums) / np.diff(edges)
    else:
        row = np.interp(np.linspace(0, len(bands) - 1, columns), np.arange(len(bands)), bands)
    return np.clip(row, 0.0, 1.0).astype(np.float32)[None]


class SoundTextures:
    """The newest features as textures, made on demand, one for each (type, columns) in use."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._features: Features | None = None
        self._textures: dict[tuple[str, int], moderngl.Texture] = {}
        self._fresh: set[tuple[str, int]] = set()

    def take(self, features: Features | None) -> None:
        """The features of this frame; None is silence."""
        if features is not self._features:
            self._features = features
            self._fresh.clear()

    def texture(self, item: Input) -> moderngl.Texture:
        """The texture for one `audio` or `audioFFT` input."""
        key = (item.type, item.columns or DEFAULT_COLUMNS[item.type])
        if key not in self._fresh:
            self._write(key)
            self._fresh.add(key)
        return self._textures[key]

    def _write(self, key: tuple[str, int]) -> None:
        kind, columns = key
        if kind == "audio":
            rows = waveform_rows(self._wave(), columns)
        elif kind == "audioFFT":
            rows = spectrum_row(self._spectrum(), columns)
        else:
            mono = self._wave().mean(axis=1)
            rows = np.concatenate([spectrum_row(self._spectrum(), columns), waveform_rows(mono, columns)])
        texture = self._textures.get(key)
        if texture is None or texture.height != len(rows):
            if texture is not None:
                texture.release()
            texture = smooth(self._ctx.texture((columns, len(rows)), 1, dtype="f4"))
            texture.swizzle = "RRR1"
            self._textures[key] = texture
        texture.write(np.ascontiguousarray(rows))

    def _wave(self) -> np.ndarray:
        return np.zeros((2, 2), np.float32) if self._features is None else self._features.waveform

    def _spectrum(self) -> np.ndarray:
        return np.zeros(0, np.float32) if self._features is None else self._features.spectrum

    def release(self) -> None:
        """Free the textures."""
        for texture in self._textures.values():
            texture.release()
        self._textures.clear()
        self._fresh.clear()
