"""Curves for the eye: 64 mel bands and a 512-bin spectrum, 0..1, relative to recent loudness, fast up, slow down."""

from __future__ import annotations

import math

import numpy as np

from perform.features.frame import Hop
from perform.features.tables import MELS, SPECTRUM_BINS, SPECTRUM_HI_HZ, WAVEFORM_SAMPLES, Plan, spectrum_pairs

RANGE_DB = 48.0
"""From 0 to 1."""
RELEASE_S = 0.12
MEL_TILT_DB = 1.5
"""Per octave, on top of the mel bands' own widening: music falls off towards the top, the drawing should not."""
SPECTRUM_TILT_DB = 4.5
_HEAD_DB = 3.0
_EVERY = 4
_ONE = np.array(1.0, np.float32)


class Curve:
    """Powers [n] -> 0..1 [n]: decibels above a floor that moves with the music, with a dt-aware release."""

    def __init__(self, tilt: np.ndarray, drop_db: float) -> None:
        self._tilt = tilt.astype(np.float32)
        self._lift = 10.0 ** (0.1 * (RANGE_DB + drop_db))
        self._shown = np.zeros(tilt.size, np.float32)
        self._new = np.zeros(tilt.size, np.float32)

    def step(self, powers: np.ndarray, scale: float, gate: float, keep: float) -> np.ndarray:
        """scale: mean square that is loud. keep: exp(-dt / release). Returns a fresh read-only array."""
        new, shown = self._new, self._shown
        np.multiply(shown, np.float32(keep), out=shown)
        if gate > 0.0:
            np.multiply(powers, self._tilt, out=new)
            np.multiply(new, np.float32(self._lift / scale), out=new)
            np.maximum(new, _ONE, out=new)
            np.log10(new, out=new)
            np.multiply(new, np.float32(gate * 10.0 / RANGE_DB), out=new)
            np.maximum(shown, new, out=shown)
        elif shown.max() < 1e-3:
            shown.fill(0.0)
        np.minimum(shown, _ONE, out=shown)
        out = shown.copy()
        out.flags.writeable = False
        return out


class Display:
    """The arrays of `Features`. Mel and spectrum are drawn afresh in turn, each every fourth hop (47 a second),
    and held between: a screen shows no more."""

    def __init__(self, plan: Plan) -> None:
        self.retune(plan)

    def retune(self, plan: Plan) -> None:
        """Sizes and tilts for a rate. The curves start from zero."""
        self._plan = plan
        self._keep = math.exp(-_EVERY * plan.dt_s / RELEASE_S)
        self._first, self._second = spectrum_pairs(plan)
        self._merged = np.zeros((2, SPECTRUM_BINS), np.float32)
        octaves = np.linspace(-3.0, 4.0, MELS)
        self._mel = Curve(10.0 ** (0.1 * MEL_TILT_DB * octaves), 12.0 - _HEAD_DB)
        hz = (np.arange(SPECTRUM_BINS) + 0.5) * SPECTRUM_HI_HZ / SPECTRUM_BINS
        per_bin = np.maximum(1.0, plan.rate_hz / plan.window / 23.4375)
        tilt = 10.0 ** (0.1 * SPECTRUM_TILT_DB * np.log2(hz / 1000.0)) / per_bin
        tilt[self._first >= plan.bins - 1] = 0.0
        self._spectrum = Curve(tilt, 21.0 - _HEAD_DB)
        self.mel, self.spectrum = np.zeros(MELS, np.float32), np.zeros(SPECTRUM_BINS, np.float32)
        self.mel.flags.writeable = self.spectrum.flags.writeable = False

    def step(self, hop: Hop) -> None:
        """Redraw what is due."""
        turn = hop.index % _EVERY
        if turn == _EVERY // 2:
            self.mel = self._mel.step(hop.mel_power, hop.scale, hop.gate, self._keep)
        elif turn == 0:
            pair = self._merged
            np.take(hop.power, self._first, out=pair[0], mode="clip")
            np.take(hop.power, self._second, out=pair[1], mode="clip")
            np.maximum(pair[0], pair[1], out=pair[0])
            self.spectrum = self._spectrum.step(pair[0], hop.scale, hop.gate, self._keep)

    def waveform(self, history: np.ndarray, loud: bool) -> np.ndarray:
        """[WAVEFORM_SAMPLES, 2] float32, the newest 21 ms; fresh, read-only, clipped to -1..1 where `loud`."""
        span = WAVEFORM_SAMPLES * self._plan.stride
        # Channel by channel in memory, seen as pairs: interleaving takes three times the time.
        out = history[:, -span :: self._plan.stride].copy().T
        if loud:
            np.clip(out, -1.0, 1.0, out=out)
        out.flags.writeable = False
        return out
